package tui

import (
	tea "charm.land/bubbletea/v2"
)

// page is what a place shows: a list, and what is known of the row of the cursor.
type page struct {
	rows
	// head is the line of titles for so many columns, nil none.
	head func(w int) string
	// above are lines over the list, nil none.
	above func(w int) []string
	// detail tells of row i; nil where the raw lines that a row rests on do.
	detail func(i, w int) lines
	// preview is set where the raw lines are worth lines of a small screen.
	preview bool
	// empty says why there are no rows, "" in general words.
	empty string
	// alone is set where nothing is shown beside the list.
	alone bool
	// reflow is set where the rows depend on the width of the screen.
	reflow bool
}

// shown are the rows of the page that the filter keeps.
func (m *model) shown() rows {
	if m.sift != nil {
		return m.sift.found
	}
	return m.page.rows
}

// row is that of the cursor in the list; false where there is none.
func (m *model) row() (row, bool) {
	rs := m.shown()
	i := m.history.here.list.cur
	if i < 0 || i >= rs.Len() {
		return row{}, false
	}
	return rs.Row(i, wide), true
}

// pointed is the row of the cursor that the keys move.
func (m *model) pointed() (row, bool) {
	here := &m.history.here
	if !here.aside {
		return m.row()
	}
	side := m.detail(m.layout().sideW)
	if here.side.cur >= len(side) {
		return row{}, false
	}
	return side[here.side.cur], true
}

// index is the row of the page, whatever the filter, that the cursor is on; -1 where
// there is none.
func (m *model) index() int {
	i := m.history.here.list.cur
	switch {
	case i < 0 || i >= m.shown().Len():
		return -1
	case m.sift != nil:
		return int(m.sift.found.at[i])
	}
	return i
}

// anchor remembers the row of the cursor by its text, and for the report by which of its
// statements it is, to find it in the page made next.
func (m *model) anchor() func() {
	const most = 20_000 // rows that are looked through
	here := &m.history.here
	r, ok := m.row()
	if !ok || here.list.cur == 0 {
		return func() {}
	}
	if m.page.reflow {
		n := statements(m.page.rows, here.list.cur+1)
		return func() {
			for i, begun := 0, 0; i < m.page.Len(); i++ {
				if m.page.Row(i, wide).begins {
					begun++
				}
				if begun == n {
					m.cursorTo(i)
					return
				}
			}
		}
	}
	at := m.index()
	return func() {
		if i := m.index(); i >= 0 && m.page.Row(i, wide).text == r.text {
			return
		}
		for i := range min(m.page.Len(), most) {
			if m.page.Row(i, wide).text == r.text {
				m.cursorTo(i)
				return
			}
		}
		m.cursorTo(min(at, m.page.Len()-1))
	}
}

// statements counts those that begin in the first n rows.
func statements(rs rows, n int) (count int) {
	for i := range min(n, rs.Len()) {
		if rs.Row(i, wide).begins {
			count++
		}
	}
	return count
}

// refresh makes the page of the place where one is.
func (m *model) refresh() tea.Cmd {
	m.page = m.newPage()
	m.aside.stale()
	m.shelf.made = false
	cmd := m.filter()
	m.settle()
	return cmd
}

// newPage makes the page.
func (m *model) newPage() page {
	here := &m.history.here
	switch {
	case here.view == sourceView:
		if t := m.texts[here.ref.Source]; t != nil {
			return page{rows: raw{t, here.ref}, alone: true}
		}
		return page{rows: lines(nil), alone: true}
	case here.view == ticketView:
		return m.pinned()
	case m.report == nil:
	case here.view == placesView:
		return places(here.refs)
	default:
		return viewOf(here.view).open(m, here)
	}
	return page{rows: lines(nil)}
}

// settle brings the cursors into their windows.
func (m *model) settle() {
	here, l := &m.history.here, m.layout()
	if here.aside && l.side == 0 { // there is no room for it any more
		here.aside = false
		l = m.layout()
	}
	here.list.settle(m.shown().Len(), max(l.list, 1))
	here.from = min(here.from, m.shown().Len()-1)
}

// center puts the row of the cursor at a third of the height.
func (m *model) center() {
	l := &m.history.here.list
	l.top = max(l.cur-m.layout().list/3, 0)
	m.settle()
}

// show goes to a place.
func (m *model) show(r route) tea.Cmd {
	m.history.push(r)
	return m.here()
}

// here shows the place where one is, reading what it needs.
func (m *model) here() tea.Cmd {
	m.seeks++ // a search ends with its place
	m.seeking = false
	saved := m.history.here.list
	cmd := m.refresh()
	m.restore(saved)
	here := &m.history.here
	switch {
	case here.view != sourceView:
		m.openRule()
		m.placeInTimeline()
		return cmd
	case m.texts[here.ref.Source] == nil:
		return tea.Batch(cmd, m.fetch(here.ref.Source))
	}
	m.toCited()
	return cmd
}

// toCited puts the cursor of raw lines, the first time that they are here, on the line
// that is asked for.
func (m *model) toCited() {
	here := &m.history.here
	if !here.placed {
		here.placed = true
		here.list.cur = max(here.ref.Line-1, 0)
		m.center()
	}
}

// enter goes to what the row of the cursor rests on: to its detail where it has one,
// and from there to the raw lines.
func (m *model) enter(string) tea.Cmd {
	here := &m.history.here
	r, ok := m.pointed()
	switch {
	case !ok:
		return nil
	case r.to != nil:
		return m.show(*r.to)
	case !here.aside && m.page.detail != nil:
		here.aside = true
		return nil
	case here.view == sourceView && !here.only:
		m.note = "this is the raw line"
		return nil
	}
	return m.follow(r)
}

// openRaw goes to the raw lines of the row, past its detail.
func (m *model) openRaw(string) tea.Cmd {
	r, ok := m.pointed()
	if !ok {
		return nil
	}
	if len(r.refs) > 1 {
		r.refs = r.refs[:1]
	}
	return m.follow(r)
}

// follow goes to the places of a row, or to the one.
func (m *model) follow(r row) tea.Cmd {
	switch len(r.refs) {
	case 0:
		m.note = "this line rests on nothing in the bundle"
		return nil
	case 1:
		to := newRoute(sourceView)
		to.ref = r.refs[0]
		return m.show(to)
	}
	to := newRoute(placesView)
	to.refs = r.refs
	return m.show(to)
}

// back leaves the innermost thing: a range, a search that runs, the detail, the filter
// of a list, the place. It never quits.
func (m *model) back(string) tea.Cmd {
	here := &m.history.here
	switch {
	case m.reading && m.report == nil:
		return m.endReading()
	case m.seeking:
		m.seeks++
		m.seeking = false
		m.note = "the search ends"
		return nil
	case here.from >= 0:
		here.from = -1
		return nil
	case here.aside:
		here.aside = false
		return nil
	case m.wait != "" && here.view == sourceView:
		m.leave()
		m.wait = ""
	case here.only:
		return m.searchToFilter("")
	case here.find != "" && here.view != sourceView:
		return m.refilter(func() { here.find = "" })
	}
	if !m.history.back() {
		if m.reading {
			return m.endReading()
		}
		m.note = "this is where you began; q quits"
	}
	return m.here()
}

// endReading has what was read so far judged.
func (m *model) endReading() tea.Cmd {
	m.stopped = true
	m.stop()
	m.note = "reading ends; what was read is judged"
	return nil
}

func (m *model) backward(string) tea.Cmd {
	if !m.history.back() {
		m.note = "this is where you began; q quits"
	}
	return m.here()
}

func (m *model) forward(string) tea.Cmd {
	if !m.history.forward() {
		m.note = "nothing lies ahead"
	}
	return m.here()
}

// pane changes between the list and the detail.
func (m *model) pane(string) tea.Cmd {
	here := &m.history.here
	if here.aside = !here.aside; here.aside && m.layout().side == 0 {
		here.aside = false
		m.note = "there is no room for a detail here; enter leads to the evidence"
	}
	return nil
}

// move moves the cursor of the list or of the detail.
func (m *model) move(by int) tea.Cmd {
	here, l := &m.history.here, m.layout()
	if m.sift != nil {
		m.sift.place = nil // the cursor is where it is wanted now
	}
	if here.aside {
		here.side.cur += by
		here.side.settle(len(m.detail(l.sideW)), l.side)
		return nil
	}
	here.list.cur += by
	here.list.settle(m.shown().Len(), max(l.list, 1))
	if by != 0 {
		here.side = list{} // another row has another detail
	}
	return nil
}

// moved is what a key that moves the cursor stands for.
func (m *model) moved(key string) tea.Cmd {
	l := m.layout()
	page, n := l.list, m.shown().Len()
	if m.history.here.aside {
		page, n = l.side, len(m.detail(l.sideW))
	}
	switch key {
	case "down", "j":
		return m.move(1)
	case "up", "k":
		return m.move(-1)
	case "pgdown", "space":
		return m.move(page)
	case "pgup", "b":
		return m.move(-page)
	case "ctrl+d":
		return m.move(page/2 + 1)
	case "ctrl+u":
		return m.move(-page/2 - 1)
	case "home", "g":
		return m.move(-n)
	case "end", "G":
		return m.move(n)
	}
	return nil
}

// scroll moves sideways.
func (m *model) scroll(key string) tea.Cmd {
	const columns = 20
	here := &m.history.here
	l := &here.list
	if here.aside {
		l = &here.side
	}
	if key == "left" || key == "h" {
		l.left = max(l.left-columns, 0)
	} else {
		l.left += columns
	}
	return nil
}
