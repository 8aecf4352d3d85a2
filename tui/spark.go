package tui

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/ansi"

	"culprit/analyze"
	"culprit/analyze/fact"
)

// blocks are the heights of a column of a sparkline; a column in which nothing was
// counted is a point.
var blocks = []rune("▁▂▃▄▅▆▇█")

// spark draws counts, as high as their share of the highest.
func spark(counts []int64) string {
	most := slices.Max(append(counts, 1))
	var b strings.Builder
	for _, n := range counts {
		if n == 0 {
			b.WriteRune('·')
			continue
		}
		b.WriteRune(blocks[(n*int64(len(blocks))-1)/most])
	}
	return b.String()
}

// series is something counted by minute (Unix time / 60).
type series struct {
	name      string
	count     int64
	perMinute map[int64]int64
}

// sparkLabel and sparkCount are the columns beside a sparkline.
const (
	sparkLabel = 22
	sparkCount = 9
)

// shelf are the lines over a list that were made last, and what they were made of.
type shelf struct {
	made     bool
	w, h     int
	minute   int64 // of the cursor, 0 none
	lines    []string
	report   *analyze.Report
	line     *timeline
	counts   []series
	from, to int64
}

// above are the lines over the list. They change with the minute of the cursor.
func (m *model) above() []string {
	if m.page.above == nil {
		return nil
	}
	minute := int64(0)
	if at, ok := m.cursorTime(); ok {
		minute = at.Unix() / 60
	}
	s := &m.shelf
	if s.made && s.w == m.w && s.h == m.h && s.minute == minute {
		return s.lines
	}
	s.made, s.w, s.h, s.minute = true, m.w, m.h, minute
	s.lines = m.page.above(m.w)
	return s.lines
}

// sparks draws the commonest signatures over the time that they cover, and where in it
// the row of the cursor lies.
func (m *model) sparks(w int) []string {
	columns := w - sparkLabel - sparkCount - 3
	if columns < 20 || m.h < belowHeight {
		return nil
	}
	all, from, to := m.series()
	if len(all) == 0 || from > to {
		return nil
	}
	sc := newScale(from, to, columns)
	var out []string
	for _, s := range all[:min(len(all), max(m.h/10, 1))] {
		counts := make([]int64, sc.columns)
		for minute, n := range s.perMinute {
			for i := range sc.wide {
				counts[sc.at(minute)+i] += n
			}
		}
		out = append(out, fmt.Sprintf("  %s %s %d", pad(middle(plain(s.name), sparkLabel), sparkLabel), pad(spark(counts), columns), s.count))
	}
	return append(out, "  "+pad(sc.unit(), sparkLabel)+" "+m.axis(sc))
}

// middle cuts text to w columns in its middle: names of one family begin alike.
func middle(text string, w int) string {
	n := ansi.StringWidth(text)
	if n <= w {
		return text
	}
	head := w / 3
	return ansi.Cut(text, 0, head) + "…" + ansi.Cut(text, n-(w-head-1), n)
}

// scale says where a minute lies among columns.
type scale struct {
	from, to  int64
	per, wide int64 // minutes a column, columns a minute; one of them is 1
	columns   int64
}

func newScale(from, to int64, columns int) scale {
	minutes := to - from + 1
	s := scale{from: from, to: to, per: 1, wide: 1}
	if minutes > int64(columns) {
		s.per = (minutes + int64(columns) - 1) / int64(columns)
	} else {
		s.wide = int64(columns) / minutes
	}
	s.columns = (minutes + s.per - 1) / s.per * s.wide
	return s
}

func (s scale) at(minute int64) int64 { return (minute - s.from) / s.per * s.wide }

func (s scale) unit() string {
	switch {
	case s.per > 1:
		return fmt.Sprintf("a column: %d minutes", s.per)
	case s.wide > 1:
		return fmt.Sprintf("%d columns: a minute", s.wide)
	}
	return "a column: a minute"
}

// axis is the line of times below the sparklines, with a mark at the cursor's.
func (m *model) axis(s scale) string {
	first, last := minuteClock(s.from), minuteClock(s.to)
	line := []byte(strings.Repeat(" ", int(s.columns)))
	mark := -1
	if at, ok := m.cursorTime(); ok {
		if minute := at.Unix() / 60; minute >= s.from && minute <= s.to {
			mark = int(s.at(minute))
			line[mark] = '^'
		}
	}
	if mark < 0 || mark > len(first) {
		copy(line, first)
	}
	if at := len(line) - len(last); at > len(first) && mark < at-1 {
		copy(line[at:], last)
	}
	return string(line)
}

func minuteClock(minute int64) string { return time.Unix(minute*60, 0).UTC().Format("01-02 15:04") }

// series are the signatures of the report, the commonest first; before them all lines
// and the errors, where the logs are merged.
func (m *model) series() (all []series, from, to int64) {
	s := &m.shelf
	if s.report != m.report || s.line != m.line {
		s.report, s.line = m.report, m.line
		s.counts = m.countSeries()
		s.from, s.to = span(s.counts)
	}
	return s.counts, s.from, s.to
}

func (m *model) countSeries() []series {
	bySignature := map[string]*series{}
	for i := range m.report.Tables.Hits {
		h := &m.report.Tables.Hits[i]
		if len(h.PerMinute) == 0 {
			continue
		}
		s := bySignature[h.Signature]
		if s == nil {
			s = &series{name: h.Signature, perMinute: map[int64]int64{}}
			bySignature[h.Signature] = s
		}
		s.count += h.Count
		for minute, n := range h.PerMinute {
			s.perMinute[minute] += n
		}
	}
	var out []series
	for _, s := range bySignature {
		out = append(out, *s)
	}
	slices.SortFunc(out, func(a, b series) int {
		return cmp.Or(cmp.Compare(b.count, a.count), strings.Compare(a.name, b.name))
	})
	return append(m.lineSeries(), out...)
}

// span is the first and the last minute of all series.
func span(all []series) (from, to int64) {
	from, to = 1, 0
	for _, s := range all {
		for minute := range s.perMinute {
			if from > to {
				from, to = minute, minute
			}
			from, to = min(from, minute), max(to, minute)
		}
	}
	return from, to
}

// cursorTime is the moment of which the row of the cursor tells.
func (m *model) cursorTime() (time.Time, bool) {
	rs := m.page.rows
	i := m.index()
	if i < 0 || i >= rs.Len() {
		return time.Time{}, false
	}
	switch rs := rs.(type) {
	case table[fact.Hit]:
		return rs.items[i].First, !rs.items[i].First.IsZero()
	case moments:
		return rs.line.At(i).Time, true
	}
	return time.Time{}, false
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
