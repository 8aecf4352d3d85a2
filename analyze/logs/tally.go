package logs

import (
	"encoding/binary"
	"fmt"
	"time"

	"culprit/analyze/fact"
	"culprit/analyze/line"
)

const (
	// maxTimes is how many exact times a hit keeps: enough to see a rhythm.
	maxTimes = 4096
	// maxFieldSets is how many different captures a signature may have in one
	// source. A node has some hundred containers; more sets mean that a pattern
	// captures something that never repeats.
	maxFieldSets = 1024
	// maxMinutes bounds PerMinute: three months in which no minute is empty.
	maxMinutes = 1 << 17
	// maxText is how much of a line and of a captured field is kept.
	maxText = 512
)

// tally counts the hits of one source.
type tally struct {
	set      *Set
	source   string
	rows     [][]*row // by pattern, in order of the first line
	byFields map[string]*row
	distinct []int  // field sets by pattern
	rest     []*row // by pattern: what came after maxFieldSets
	problems []fact.Problem
	key      []byte
}

// row is one hit while it is counted.
type row struct {
	hit   fact.Hit
	span  span
	bare  map[int64]int64
	last  fact.Ref
	mixed bool // lines of different daemons
}

func newTally(s *Set, source string) *tally {
	n := len(s.patterns)
	return &tally{set: s, source: source, rows: make([][]*row, n), byFields: map[string]*row{},
		distinct: make([]int, n), rest: make([]*row, n)}
}

// match is a pattern that matches a line.
type match struct {
	n int // the pattern
	// groups as from regexp, nil when the pattern has no named groups.
	groups []int
	// place is where the exec ran that the line tells of.
	place execPlace
}

// add counts a line that a pattern matches.
func (t *tally) add(m match, l line.Line, daemon string, stamp fact.Stamp) {
	r := t.row(m, l, daemon)
	ref := t.ref(l)
	r.hit.Count++
	r.last = ref
	if daemon != r.hit.Daemon {
		r.mixed = true
	}
	if stamp.IsZero() {
		return
	}
	at := printed(stamp)
	r.span.add(at)
	if len(r.hit.Times) < maxTimes {
		r.hit.Times = append(r.hit.Times, at)
	}
	r.count(at)
}

func (r *row) count(at time.Time) {
	m := minute(at)
	if r.hit.PerMinute == nil {
		r.hit.PerMinute = map[int64]int64{}
	}
	if _, known := r.hit.PerMinute[m]; !known && len(r.hit.PerMinute) >= maxMinutes {
		return
	}
	r.hit.PerMinute[m]++
	if isUnresolved(at) {
		if r.bare == nil {
			r.bare = map[int64]int64{}
		}
		r.bare[m]++
	}
}

func (t *tally) ref(l line.Line) fact.Ref {
	return fact.Ref{Source: t.source, Line: l.No, Offset: l.Offset}
}

// row finds or makes the row of a match.
func (t *tally) row(m match, l line.Line, daemon string) *row {
	n := m.n
	p := &t.set.patterns[n]
	t.key = binary.AppendUvarint(t.key[:0], uint64(n))
	for _, g := range p.groups {
		value := captured(l.Text, m.groups, g)
		t.key = binary.AppendVarint(t.key, fieldLen(value))
		t.key = append(t.key, value...)
	}
	for name, value := range m.place.fields {
		t.key = append(append(t.key, name...), value...)
	}
	if r := t.byFields[string(t.key)]; r != nil {
		return r
	}
	if t.distinct[n] == maxFieldSets {
		return t.overflow(n, l, daemon)
	}
	t.distinct[n]++
	r := t.newRow(n, l, daemon)
	for _, g := range p.groups {
		if value := captured(l.Text, m.groups, g); value != nil {
			r.field(g.name, string(value))
		}
	}
	for name, value := range m.place.fields {
		r.field(name, string(value))
	}
	t.byFields[string(t.key)] = r
	return r
}

// overflow is the row of matches beyond maxFieldSets.
func (t *tally) overflow(n int, l line.Line, daemon string) *row {
	if t.rest[n] == nil {
		t.rest[n] = t.newRow(n, l, daemon)
		t.problems = append(t.problems, fact.Problem{Ref: t.ref(l), Text: fmt.Sprintf(
			"signature %s: more than %d different captures, the others are counted together", t.set.patterns[n].sig.ID, maxFieldSets)})
	}
	return t.rest[n]
}

func (t *tally) newRow(n int, l line.Line, daemon string) *row {
	r := &row{hit: fact.Hit{
		Signature: t.set.patterns[n].sig.ID,
		Exec:      t.set.patterns[n].sig.Exec,
		Daemon:    daemon,
		Text:      string(l.Text[:min(maxText, len(l.Text))]),
		Refs:      []fact.Ref{t.ref(l)},
	}}
	t.rows[n] = append(t.rows[n], r)
	return r
}

// field keeps the first group of a name that took part in the match.
func (r *row) field(name, value string) {
	if r.hit.Fields == nil {
		r.hit.Fields = map[string]string{}
	}
	if _, ok := r.hit.Fields[name]; !ok {
		r.hit.Fields[name] = value
	}
}

// captured is the text of a group, nil when it took no part in the match.
func captured(text []byte, groups []int, g group) []byte {
	from, to := groups[2*g.index], groups[2*g.index+1]
	if from < 0 {
		return nil
	}
	return text[from:min(to, from+maxText)]
}

// fieldLen tells an absent field from an empty one.
func fieldLen(value []byte) int64 {
	if value == nil {
		return -1
	}
	return int64(len(value))
}

// hits writes the rows into r. daemon is the writer of lines that do not name one.
func (t *tally) hits(r *Result, daemon string) {
	for _, rows := range t.rows {
		for _, row := range rows {
			h := row.hit
			window := row.span.ordered()
			h.First, h.Last = window.first, window.last
			switch {
			case row.mixed:
				h.Daemon = ""
			case h.Daemon == "":
				h.Daemon = daemon
			}
			h.Refs = fact.AppendRefs(h.Refs, row.last)
			r.Hits = append(r.Hits, h)
			r.bare = append(r.bare, row.bare)
		}
	}
	r.Problems = append(r.Problems, t.problems...)
}
