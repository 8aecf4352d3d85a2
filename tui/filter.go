package tui

import (
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"
)

// wide is the width at which rows are searched: every column is there.
const wide = 1 << 20

// pattern is what a filter looks for, whatever the case; with ! in front the rows
// without it are kept.
type pattern struct {
	text   string
	negate bool
}

func newPattern(s string) pattern {
	text, negate := strings.CutPrefix(s, "!")
	return pattern{strings.ToLower(text), negate}
}

func (p pattern) empty() bool { return p.text == "" }

func (p pattern) matches(text string) bool {
	return strings.Contains(strings.ToLower(text), p.text) != p.negate
}

// texted are rows whose text is cheaper to have than the whole row.
type texted interface{ text(i int) string }

// textsOf is what rows are searched by.
func textsOf(rs rows) func(i int) string {
	if t, ok := rs.(texted); ok {
		return t.text
	}
	return func(i int) string { return rs.Row(i, wide).said() }
}

// found are the rows that a filter keeps.
type found struct {
	rows
	pattern pattern
	at      []int32
	context bool // rows around matches are kept too
}

func (f found) Len() int { return len(f.at) }

func (f found) Row(i, w int) row {
	r := f.rows.Row(int(f.at[i]), w)
	if f.context && !f.pattern.matches(textsOf(f.rows)(int(f.at[i]))) {
		r.tone = faint
	}
	return r
}

// searchable is rows that another goroutine may read while they are drawn: others do
// not change once they are made.
type searchable interface{ private() rows }

func private(rs rows) rows {
	if s, ok := rs.(searchable); ok {
		return s.private()
	}
	return rs
}

// A filter takes rows in chunks: the first at once, so that small tables never blink,
// the others in commands, so that keys are taken in between. A chunk ends after
// chunkRows or chunkTime.
const (
	firstChunk = 4096
	chunkRows  = 64 << 10
	chunkTime  = 50 * time.Millisecond
	clockEvery = 512 // rows between two looks at the clock
)

// sift is a filter under way. Another one, or another place, makes its results stale.
type sift struct {
	gen     int
	rows    rows
	pattern pattern
	context int
	next    int // the first row that was not looked at
	done    bool
	found   found
	// place puts the cursor where it is wanted, and is false while the rows that were
	// looked at do not reach there; nil where nothing is wanted.
	place func() bool
}

// sifted are the matches of one chunk.
type sifted struct {
	gen, next int
	at        []int32
}

// chunk looks at rows from next on.
func (s *sift) chunk(rs rows, most int) sifted {
	out := sifted{gen: s.gen}
	end := min(s.next+most, rs.Len())
	began, text := time.Now(), textsOf(rs)
	i := s.next
	for ; i < end; i++ {
		if s.pattern.matches(text(i)) {
			out.at = append(out.at, int32(i))
		}
		if most > firstChunk && i%clockEvery == 0 && time.Since(began) > chunkTime {
			i++
			break
		}
	}
	out.next = i
	return out
}

// take adds a chunk's matches, with the rows around them.
func (s *sift) take(c sifted) {
	for _, at := range c.at {
		from, to := max(int(at)-s.context, 0), min(int(at)+s.context, s.rows.Len()-1)
		if n := len(s.found.at); n > 0 {
			from = max(from, int(s.found.at[n-1])+1)
		}
		for i := from; i <= to; i++ {
			s.found.at = append(s.found.at, int32(i))
		}
	}
	s.next = c.next
	s.done = s.next >= s.rows.Len()
}

// more is the command for the next chunk, nil when all rows were looked at.
func (s *sift) more() tea.Cmd {
	if s.done {
		return nil
	}
	next := *s
	return func() tea.Msg { return next.chunk(private(next.rows), chunkRows) }
}

// filter begins to filter the rows of the page by what the place where one is says.
func (m *model) filter() tea.Cmd {
	here := &m.history.here
	m.sifts++
	m.sift = nil
	p := newPattern(here.find)
	if p.empty() || here.off || here.view == sourceView && !here.only {
		return nil
	}
	s := &sift{gen: m.sifts, rows: m.page.rows, pattern: p, context: here.context}
	s.found = found{rows: m.page.rows, pattern: p, context: here.context > 0}
	s.take(s.chunk(s.rows, firstChunk))
	m.sift = s
	return s.more()
}

// siftMore takes a chunk of the filter, unless it is stale.
func (m *model) siftMore(c sifted) tea.Cmd {
	if m.sift == nil || c.gen != m.sift.gen {
		return nil
	}
	m.sift.take(c)
	m.settle()
	if m.sift.place != nil && m.sift.place() {
		m.sift.place = nil
	}
	return m.sift.more()
}

// seek is a search for the next match under way.
type seek struct {
	gen, at, by int
	rows        rows
	matches     func(text string) bool
	what        string
}

// sought is how far a search came.
type sought struct {
	seek
	found bool
}

// find looks for the next row that matches, from the cursor on, by 1 or -1.
func (m *model) find(what string, by int, matches func(text string) bool) tea.Cmd {
	m.seeks++
	m.seeking = false
	s := seek{gen: m.seeks, at: m.history.here.list.cur + by, by: by, rows: m.shown(), matches: matches, what: what}
	return m.seekMore(s.run(firstChunk))
}

// run looks at most rows.
func (s seek) run(most int) sought {
	rs := s.rows
	if most > firstChunk {
		rs = private(rs)
	}
	text, began := textsOf(rs), time.Now()
	for n := 0; s.at >= 0 && s.at < rs.Len() && n < most; n++ {
		if most > firstChunk && n%clockEvery == clockEvery-1 && time.Since(began) > chunkTime {
			break
		}
		if s.matches(text(s.at)) {
			return sought{s, true}
		}
		s.at += s.by
	}
	return sought{s, false}
}

// seekMore goes to what a search found, or lets it go on.
func (m *model) seekMore(s sought) tea.Cmd {
	switch {
	case s.gen != m.seeks:
		return nil
	case s.found:
		m.seeking = false
		m.history.here.list.cur = s.at
		m.settle()
		m.center()
		m.showMatch()
		return nil
	case s.at < 0 || s.at >= s.rows.Len():
		m.seeking = false
		m.note = "no more of " + s.what
		return nil
	}
	m.seeking = true
	m.note = fmt.Sprintf("looking for %s, at %d of %d ... (esc ends it)", s.what, s.at, s.rows.Len())
	return func() tea.Msg { return s.run(chunkRows) }
}

// showMatch scrolls sideways to what was searched for, where it lies outside.
func (m *model) showMatch() {
	here := &m.history.here
	r, ok := m.row()
	if !ok || here.wrap {
		return
	}
	w := m.layout().listW - 2 - r.fixed
	here.list.left = 0
	at := strings.Index(strings.ToLower(plain(r.text)), newPattern(here.find).text)
	if column := at - r.fixed; at >= 0 && column+len(here.find) > w {
		here.list.left = max(column-w/3, 0)
	}
}

// private of what is found reads the same rows.
func (f found) private() rows {
	f.rows = private(f.rows)
	f.at = slices.Clip(f.at)
	return f
}

func (f found) text(i int) string { return textsOf(f.rows)(int(f.at[i])) }
