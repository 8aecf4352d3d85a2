package tui

import tea "charm.land/bubbletea/v2"

// wheel scrolls what the mouse is over.
func (m *model) wheel(msg tea.MouseWheelMsg) tea.Cmd {
	by := 3
	if msg.Button == tea.MouseWheelUp {
		by = -by
	}
	if m.overlay != nil {
		m.overlay.list.cur += by
		m.overlay.list.settle(len(m.overlay.shown(m)), m.h)
		return nil
	}
	if side, _, _ := m.under(msg.X, msg.Y); m.layout().side > 0 && m.layout().list > 0 {
		m.history.here.aside = side
	}
	return m.move(by)
}

// under is what lies below the mouse: the detail or the list, and which of its rows.
func (m *model) under(x, y int) (side bool, at int, ok bool) {
	l := m.layout()
	at = y - 2 - l.above - l.head
	side = l.side > 0 && (l.list == 0 || l.beside && x > l.listW || !l.beside && at > l.list)
	here := &m.history.here
	if !side {
		if at < 0 || at >= len(m.drawn) { // what was drawn tells which lines are of one row
			return side, 0, false
		}
		return side, m.drawn[at], true
	}
	if at = y - 2 - l.above; !l.beside && l.list > 0 {
		at -= l.head + l.list + 1
	}
	row := here.side.top + at
	return side, row, at >= 0 && at < l.side && row < len(m.detail(l.sideW))
}

// click puts the cursor where the mouse is; on the row of the cursor it is Enter.
func (m *model) click(x, y int) tea.Cmd {
	if m.w < minWidth || m.h < minHeight || m.overlay != nil || m.prompt != nil {
		return nil
	}
	if y == 1 {
		return m.clickTab(x)
	}
	here := &m.history.here
	side, at, ok := m.under(x, y)
	if !ok {
		return nil
	}
	cursor := &here.list
	if side {
		cursor = &here.side
	}
	if here.aside == side && cursor.cur == at {
		return m.enter("")
	}
	here.aside = side
	if cursor.cur = at; !side {
		here.side = list{}
	}
	return nil
}

// clickTab goes to the view whose name is clicked.
func (m *model) clickTab(x int) tea.Cmd {
	at := 0
	for i, word := range m.tabWords() {
		if x >= at && x < at+len(word) {
			return m.show(newRoute(views[i].name))
		}
		at += len(word) + 1
	}
	return nil
}

func (m *model) toggleMouse(string) tea.Cmd {
	m.mouse = !m.mouse
	m.note = map[bool]string{true: "the mouse scrolls", false: "the mouse selects text"}[m.mouse]
	return nil
}
