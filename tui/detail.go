package tui

import (
	"fmt"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"culprit/analyze/fact"
)

// aside is the detail that was made last.
type aside struct {
	made  bool
	index int
	w, h  int
	lines lines
	// want is a source that it would quote and that is not here yet; missing are those
	// that cannot be had.
	want    string
	missing []string
}

// stale says that the detail has to be made again.
func (a *aside) stale() { a.made = false }

// detail is what is known of the row of the cursor, in w columns.
func (m *model) detail(w int) lines {
	index := m.index()
	a := &m.aside
	if h := m.layout().side; a.made && a.index == index && a.w == w && a.h == h {
		return a.lines
	}
	a.made, a.index, a.w, a.h, a.want = true, index, w, m.layout().side, ""
	a.lines = nil
	if index < 0 || index >= m.page.Len() {
		return nil
	}
	if m.page.detail != nil {
		a.lines = m.page.detail(index, max(w-2, 1))
		return a.lines
	}
	if refs := m.page.Row(index, wide).refs; len(refs) > 0 {
		a.lines = m.context(refs[0])
	}
	return a.lines
}

// prepare begins what the view needs, and reads what the detail on the screen quotes.
func (m *model) prepare() tea.Cmd {
	if m.report == nil {
		return nil
	}
	switch here := &m.history.here; {
	case here.view == "logs" && logLists[here.group] == "timeline" && m.line == nil:
		return m.mergeLogs()
	case here.view == "rules":
		if cmd := m.askRules(); cmd != nil {
			return cmd
		}
	}
	if m.history.here.view == sourceView || m.w < minWidth || m.h < minHeight {
		return nil
	}
	l := m.layout()
	if l.side == 0 {
		return nil
	}
	m.detail(l.sideW)
	want := m.aside.want
	if want == "" || m.wait != "" || slices.Contains(m.aside.missing, want) {
		return nil
	}
	return m.fetch(want)
}

// quoted are the lines from one to another of a source, counted from 1 and as far as
// there are; false where the source is not here, which is then read.
func (m *model) quoted(source string, from, to int) (out []string, ok bool) {
	t := m.texts[source]
	if t == nil {
		m.aside.want = source
		return nil, false
	}
	for i := max(from, 1); i <= min(to, t.Len()); i++ {
		out = append(out, t.Line(i-1))
	}
	return out, true
}

// context are the raw lines around a place.
func (m *model) context(ref fact.Ref) lines {
	const most = 200 // lines
	from := max(ref.Line-m.layout().side/3, 1)
	quoted, ok := m.quoted(ref.Source, from, from+most)
	out := lines{{text: ref.String(), tone: strong, refs: []fact.Ref{ref}}}
	if !ok {
		why := "reading ..."
		if slices.Contains(m.aside.missing, ref.Source) {
			why = "it cannot be read"
		}
		return append(out, row{text: why})
	}
	for i, l := range quoted {
		r := row{text: fmt.Sprintf("%6d  %s", from+i, l), line: l, tone: faint, refs: []fact.Ref{lineRef(ref.Source, from+i)}}
		if n := from + i; n >= ref.Line && n <= max(ref.Line, ref.EndLine) && ref.Line > 0 {
			r.text, r.tone = fmt.Sprintf("%6d* %s", n, l), normal
		}
		out = append(out, r)
	}
	return out
}

// sheet is a detail under way: labelled lines of w columns.
type sheet struct {
	w int
	// refs are where lines lead that have no place of their own.
	refs []fact.Ref
	rows lines
}

// label is how many columns the labels of a sheet take.
const label = 12

// title begins a part of the sheet.
func (s *sheet) title(text string) {
	if len(s.rows) > 0 {
		s.rows = append(s.rows, row{})
	}
	for _, l := range wrap(plain(text), max(s.w, 8)) {
		s.rows = append(s.rows, row{text: l, tone: strong, refs: s.refs})
	}
}

// field adds a labelled paragraph, nothing where text is empty. Its lines lead to refs.
func (s *sheet) field(name, text string, refs ...fact.Ref) {
	if text == "" {
		return
	}
	s.add(row{refs: refs}, name, text)
}

// link adds a labelled line that leads to another place.
func (s *sheet) link(name, text string, to route) { s.add(row{to: &to}, name, text) }

func (s *sheet) add(like row, name, text string) {
	if len(like.refs) == 0 && like.to == nil {
		like.refs = s.refs
	}
	gap := label
	if s.w < 3*label {
		gap = 2
	}
	for i, l := range wrap(plain(text), max(s.w-gap, 8)) {
		like.text = strings.Repeat(" ", gap) + l
		if i == 0 {
			like.text = pad(name, gap-1) + " " + l
		}
		s.rows = append(s.rows, like)
	}
}

// places adds refs, each a line.
func (s *sheet) places(name string, refs []fact.Ref) {
	for _, ref := range refs {
		s.field(name, ref.String(), ref)
		name = ""
	}
}
