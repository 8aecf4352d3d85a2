package stack

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"culprit/analyze/fact"
)

// countRefs is the number of places kept of a count that stands in several.
const countRefs = 4

// placed is a part of a group's count and where it stands.
type placed struct {
	span
	count int64
}

// row is a group in the making: everything with the same frames.
type row struct {
	frameList
	count    int64
	most     int64 // the largest part so far; its lines are shown
	creators []stateCount
	// tally is nil in forms that are grouped by the runtime.
	tally  *tally
	places []placed
}

// fold joins groups whose canonical frames are equal: other lines in the same
// functions, other creators, other program counters of one call, other labels.
type fold struct {
	rows []*row
	by   map[string]*row
}

func newFold() *fold { return &fold{by: map[string]*row{}} }

// frameKey is what makes two stacks the same, in every form.
func frameKey(frames []string) string { return strings.Join(frames, "\n") }

// add counts a group. Its list has canonical names and no frame left out yet.
func (f *fold) add(list frameList, count int64, s span) *row {
	list = list.visible()
	key := frameKey(list.frames)
	r := f.by[key]
	if r == nil {
		r = &row{frameList: list}
		f.by[key] = r
		f.rows = append(f.rows, r)
	}
	r.count += count
	if count > r.most {
		r.most, r.lines = count, list.lines
	}
	r.places = append(r.places, placed{s, count})
	return r
}

// addTally counts a group of a form with one block a goroutine.
func (f *fold) addTally(list frameList, creator string, t *tally) {
	r := f.add(list, t.count, t.first)
	if r.tally == nil {
		r.tally = t
	} else {
		r.tally.merge(t)
	}
	if creator == "" {
		return
	}
	for i := range r.creators {
		if r.creators[i].state == creator {
			r.creators[i].n += t.count
			return
		}
	}
	r.creators = append(r.creators, stateCount{creator, t.count})
}

// stacks are the groups, largest first, then as they stand in the source.
func (f *fold) stacks(source string, form fact.DumpForm) []fact.Stack {
	slices.SortStableFunc(f.rows, func(a, b *row) int {
		return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.places[0].line, b.places[0].line))
	})
	out := make([]fact.Stack, 0, len(f.rows))
	for _, r := range f.rows {
		out = append(out, r.stack(source, form))
	}
	return out
}

func (r *row) stack(source string, form fact.DumpForm) fact.Stack {
	s := fact.Stack{Form: form, Count: r.count, Frames: r.frames, Lines: r.lines}
	if r.tally == nil {
		slices.SortStableFunc(r.places, func(a, b placed) int { return cmp.Compare(b.count, a.count) })
		for _, p := range r.places[:min(len(r.places), countRefs)] {
			s.Refs = fact.AppendRefs(s.Refs, p.ref(source))
		}
		return s
	}
	t := r.tally
	s.Refs = []fact.Ref{t.first.ref(source)}
	s.Creator = commonest(r.creators)
	s.State = commonest(t.states)
	s.MinWait = fact.Some(time.Duration(t.min) * time.Minute)
	s.MaxWait = fact.Some(time.Duration(t.max) * time.Minute)
	s.Waits, s.Args = t.waits, t.argTexts()
	for _, m := range t.ids {
		s.IDs = append(s.IDs, m.id)
	}
	return s
}

// commonest is the name with the largest count; of equal ones the first in the
// alphabet.
func commonest(counts []stateCount) string {
	if len(counts) == 0 {
		return ""
	}
	return slices.MinFunc(counts, func(a, b stateCount) int {
		return cmp.Or(cmp.Compare(b.n, a.n), strings.Compare(a.state, b.state))
	}).state
}

// names remembers the canonical spelling of the names of one source.
type names map[string]string

func (n names) canonical(fn string) string {
	c, ok := n[fn]
	if !ok {
		c = Canonical(fn)
		n[fn] = c
	}
	return c
}
