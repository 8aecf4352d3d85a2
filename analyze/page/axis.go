package page

import (
	"slices"
	"time"

	"culprit/analyze/fleet"
)

// axis is the time axis of the chart: bars side by side, each a span of as many weeks.
type axis struct {
	weeks int
	slots []slot
	// counts are the bundles of a rule by the start of the span, in Unix seconds.
	counts map[string]map[int64]int64
}

// slot is a place on the axis: a span of weeks, or a break in it.
type slot struct {
	start, end time.Time // of what is not left out: Mondays
	broken     int64     // weeks without a verdict that the axis leaves out, 0: this is a bar
}

// newAxis lays out the bars: one a week, or of 2, 4, 8 ... weeks where there would be
// more than maxSlots. A node's clock that is wrong by decades breaks the axis and does
// not squeeze all others into one bar.
func newAxis(trend []fleet.Week) axis {
	for weeks := 1; ; weeks *= 2 {
		a := axis{weeks: weeks, counts: map[string]map[int64]int64{}}
		var spans []int64
		for _, w := range trend {
			n := fleet.SpanOf(w, weeks)
			spans = append(spans, n)
			if a.counts[w.Rule] == nil {
				a.counts[w.Rule] = map[int64]int64{}
			}
			a.counts[w.Rule][fleet.SpanStart(n, weeks).Unix()] += w.Bundles
		}
		slices.Sort(spans)
		if a.lay(slices.Compact(spans)) {
			return a
		}
	}
}

// lay fills the slots with the spans that have something and the gaps between them, and
// reports whether they are few enough.
func (a *axis) lay(spans []int64) bool {
	for i, n := range spans {
		if i > 0 {
			from := spans[i-1] + 1
			if n-from > maxEmpty {
				a.slots = append(a.slots, slot{broken: (n - from) * int64(a.weeks)})
				from = n
			}
			for ; from < n; from++ {
				a.slots = append(a.slots, a.span(from))
			}
		}
		a.slots = append(a.slots, a.span(n))
		if len(a.slots) > maxSlots {
			return false
		}
	}
	return true
}

func (a *axis) span(n int64) slot {
	return slot{start: fleet.SpanStart(n, a.weeks), end: fleet.SpanStart(n+1, a.weeks)}
}

// dated is how many bundles of a rule the axis has.
func (a *axis) dated(rule string) (n int64) {
	for _, bundles := range a.counts[rule] {
		n += bundles
	}
	return n
}
