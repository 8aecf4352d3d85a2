package tui

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// The smallest screen on which anything is shown.
const (
	minWidth  = 20
	minHeight = 5
)

// Where a detail has room: beside the list from besideWidth columns on, else below it
// from belowHeight lines on, else in place of the list, on Tab.
const (
	besideWidth = 120
	belowHeight = 18
)

// layout is how the screen between tabs and foot is shared.
type layout struct {
	above       int // lines of the page over the list
	head        int // 1 for a line of titles
	listW, list int // columns and rows of the list
	sideW, side int // those of the detail, 0 not shown
	beside      bool
}

// lay shares w columns and h lines among above lines, one of titles, where head is 1, and
// a list of n rows with its detail; of a short list the detail has what is left.
// own is set for a page with a detail of its own, which is worth lines of a small
// screen; others show raw lines, where there is room, unless they stand alone.
func lay(w, h, above, head, n int, own, alone, aside, zoom bool) layout {
	l := layout{listW: w, above: above, head: head}
	if h-above-head < 4 {
		l.above = 0
	}
	rest := h - l.above
	switch {
	case aside && (zoom || own && w < besideWidth && h < belowHeight):
		l.above, l.head = 0, 0
		l.sideW, l.side = w, h
		return l
	case alone || zoom || w < besideWidth && (!own || h < belowHeight):
	case w >= besideWidth:
		l.listW = w * 55 / 100
		l.sideW, l.side, l.beside = w-l.listW-2, rest, true
	default:
		const few = 4 // rows of a list
		l.sideW, l.side = w, max(rest*2/5, rest-1-head-max(n, few))
		rest -= l.side + 1 // a rule between them
	}
	l.list = max(rest-l.head, 1)
	return l
}

// layout is that of the place where one is.
func (m *model) layout() layout {
	above := len(m.above())
	head := 0
	if m.page.head != nil {
		head = 1
	}
	here := &m.history.here
	return lay(m.w, m.h-3, above, head, m.shown().Len(), m.page.detail != nil || m.page.preview, m.page.alone, here.aside, m.zoom)
}

// View draws the screen: exactly h lines of at most w columns.
func (m *model) View() tea.View {
	v := tea.NewView(strings.Join(m.screen(), "\n"))
	v.AltScreen = true
	if m.mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	return v
}

func (m *model) screen() []string {
	var out []string
	if m.w < minWidth || m.h < minHeight {
		out = make([]string, max(m.h, 1))
		out[0] = fit(fmt.Sprintf("too small: %dx%d are needed", minWidth, minHeight), m.w)
	} else {
		out = append([]string{m.title(), m.tabs()}, m.body(m.h-3)...)
		out = append(out, m.foot())
	}
	if m.ascii {
		for i := range out {
			out[i] = ascii(out[i])
		}
	}
	return out
}

// body draws what lies between the tabs and the foot.
func (m *model) body(h int) []string {
	if m.overlay != nil {
		return m.overlay.draw(m, m.w, h)
	}
	if m.report == nil && m.history.here.view == "summary" {
		return m.loading(h)
	}
	l := m.layout()
	here := &m.history.here
	var out []string
	if l.above > 0 {
		for _, line := range m.above() {
			out = append(out, fit(line, m.w))
		}
	}
	left := m.listLines(l)
	var side []string
	if l.side > 0 {
		side = m.draw(m.detail(l.sideW), &here.side, l.sideW, l.side, here.aside)
	}
	switch {
	case l.list == 0:
		out = append(out, side...)
	case l.beside:
		for y := range left {
			out = append(out, pad(left[y], l.listW)+"│ "+side[y])
		}
	default:
		out = append(out, left...)
		if l.side > 0 {
			rule := "── detail "
			if here.aside {
				rule = "── [detail] "
			}
			out = append(out, m.theme.paint(faint, rule+strings.Repeat("─", max(m.w-ansi.StringWidth(rule), 0))))
			out = append(out, side...)
		}
	}
	return out
}

// listLines draws the list with its titles, or says why there is nothing.
func (m *model) listLines(l layout) []string {
	if l.list == 0 {
		return nil
	}
	var out []string
	if l.head > 0 {
		head := m.page.head(l.listW - 2)
		if left := m.history.here.list.left; left > 0 {
			head = ansi.Cut(head, left, left+l.listW)
		}
		out = append(out, m.theme.paint(strong, fit("  "+head, l.listW)))
	}
	rs := m.shown()
	if rs.Len() == 0 {
		empty := make([]string, l.list)
		empty[0] = fit("  "+plain(m.emptiness()), l.listW)
		m.drawn = nil
		return append(out, empty...)
	}
	here := &m.history.here
	m.drawn = m.drawn[:0]
	return append(out, m.draw(rs, &here.list, l.listW, l.list, !here.aside)...)
}

// emptiness says why there is nothing where there is nothing.
func (m *model) emptiness() string {
	here := m.history.here
	switch {
	case m.report == nil:
		return "the bundle is still being read"
	case m.sift != nil && !m.sift.done:
		return "looking for " + here.find + " ..."
	case m.sift != nil:
		return "nothing with " + here.find
	case m.page.empty != "":
		return m.page.empty
	case here.view == sourceView:
		if slices.Contains(m.aside.missing, here.ref.Source) {
			return "it cannot be read"
		}
		if m.wait != "" {
			return "reading " + m.wait + " ... (esc leaves it)"
		}
		return "it has no line"
	}
	return "the bundle says nothing of " + here.view
}

// draw returns h lines of at most w columns. The row of the cursor has a mark and, in
// the list that the keys move, is in reverse video, so that neither is needed.
func (m *model) draw(rs rows, l *list, w, h int, moves bool) []string {
	wrapped := m.history.here.wrap && l == &m.history.here.list
	if wrapped {
		l.settleWrapped(rs.Len(), h, func(i int) int { return len(wrap(plain(rs.Row(i, w-2).text), w-2)) })
	} else {
		l.settle(rs.Len(), h)
	}
	find := ""
	if m.overlay == nil && l == &m.history.here.list {
		if p := newPattern(m.history.here.find); !p.negate {
			find = p.text
		}
	}
	out := make([]string, 0, h)
	for i := l.top; i < rs.Len() && len(out) < h; i++ {
		r := rs.Row(i, w-2)
		pieces := m.pieces(r, i, l, w, wrapped)
		for _, text := range pieces[:min(len(pieces), h-len(out))] {
			out = append(out, m.drawRow(r, text, i, l, w, moves, find))
			if l == &m.history.here.list {
				m.drawn = append(m.drawn, i)
			}
		}
	}
	for len(out) < h {
		out = append(out, "")
	}
	return out
}

// pieces are the lines of the screen that a row takes. Of a wrapped row sideways is
// forwards, that of the cursor only.
func (m *model) pieces(r row, i int, l *list, w int, wrapped bool) []string {
	text := plain(r.text)
	if l.left > 0 && (!wrapped || i == l.cur) {
		end := l.left + w
		if wrapped {
			end = ansi.StringWidth(text)
		}
		text = ansi.Cut(text, 0, r.fixed) + ansi.Cut(text, r.fixed+l.left, r.fixed+end)
	}
	if wrapped {
		return wrap(text, w-2)
	}
	return []string{text}
}

func (m *model) drawRow(r row, text string, i int, l *list, w int, moves bool, find string) string {
	mark, sgr := "  ", m.theme.sgr[r.tone]
	here := &m.history.here
	from, to := l.cur, l.cur
	if l == &here.list && here.from >= 0 {
		from, to = min(here.from, l.cur), max(here.from, l.cur)
	}
	if i >= from && i <= to && (moves || l != &here.side) {
		if i == l.cur {
			mark = "> "
		} else {
			mark = "| "
		}
		if moves {
			sgr = sgrCursor
		}
	}
	return paint(sgr, underline(fit(mark+text, w), find))
}

// title is the node, what was read, and where one is.
func (m *model) title() string {
	here := &m.history.here
	left, right := "culprit", ""
	if m.report != nil {
		left = m.report.Bundle
		if len(m.report.Nodes) > 0 && m.report.Nodes[0].Name != "" {
			left = m.report.Nodes[0].Name + "  " + left
		}
		n := m.shown().Len()
		right = fmt.Sprintf("%d/%d", min(here.list.cur+1, n), n)
		if m.sift != nil && !m.sift.done {
			right += fmt.Sprintf("+ (%d%%)", m.sift.next*100/max(m.page.Len(), 1))
		}
		if m.sift != nil {
			right += fmt.Sprintf(" of %d", m.page.Len())
		}
	}
	switch here.view {
	case sourceView:
		left = here.ref.Source
	case placesView:
		left += "  places"
	}
	if here.arg != "" {
		left += "  " + here.arg
	}
	if here.find != "" {
		find := "/" + here.find
		if here.off {
			find += " (off)"
		}
		right = find + "  " + right
	}
	problems := ""
	if m.report != nil && len(m.report.Problems) > 0 {
		problems = strings.ToUpper(counted(int64(len(m.report.Problems)), "problem"))
	}
	for _, state := range []struct {
		is   bool
		word string
	}{{problems != "" && here.view == "summary", problems}, {m.report != nil && m.report.Early, fmt.Sprintf("EARLY, %d SOURCES", m.read.sources.Load())}, {m.changed != "", strings.ToUpper(m.changed)}, {m.zoom, "ZOOM"}, {!m.mouse, "MOUSE OFF"}} {
		if state.is {
			right = state.word + "  " + right
		}
	}
	return m.theme.paint(strong, spread(plain(left), plain(right), m.w))
}

// tabs names the views.
func (m *model) tabs() string { return fit(strings.Join(m.tabWords(), " "), m.w) }

// tabWords are the names of the views, as long as there is room for.
func (m *model) tabWords() (words []string) {
	for _, name := range []func(view) string{
		func(v view) string { return v.key + " " + v.name },
		func(v view) string { return v.key + " " + v.short },
		func(v view) string { return v.key },
	} {
		words = nil
		for _, v := range views {
			word := name(v)
			if v.name == m.history.here.view {
				word = "[" + word + "]"
			}
			words = append(words, word)
		}
		if len(strings.Join(words, " ")) <= m.w {
			break
		}
	}
	return words
}

func (m *model) foot() string {
	switch {
	case m.prompt != nil:
		label := fit(m.prompt.label, m.w*2/3)
		return plain(label) + tail(plain(m.prompt.typed)+"_", m.w-ansi.StringWidth(label))
	case m.note != "":
		return fit(plain(m.note), m.w)
	case m.overlay != nil:
		return fit("type to search  enter do it  esc close", m.w)
	}
	return fit(m.footer(), m.w)
}
