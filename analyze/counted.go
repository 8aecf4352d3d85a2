package analyze

import (
	"cmp"
	"strings"
	"time"

	"culprit/analyze/bundle"
	"culprit/analyze/fact"
	"culprit/analyze/host"
)

// countSamples makes samples of the numbers that watch and wc printed. Their clock is
// the node's own; its zone is that of the collection where that is known.
func (a *assembly) countSamples() {
	names := map[int]string{}
	for _, p := range a.t.Processes {
		if p.At == a.at {
			names[p.PID] = cmp.Or(p.Daemon, p.Comm)
		}
	}
	for _, c := range a.counts {
		taken, ok := parseClock(c.Clock, a.collected())
		if !ok {
			continue
		}
		a.t.Samples = append(a.t.Samples, fact.Sample{At: a.at, Daemon: cmp.Or(c.Daemon, names[c.PID]), PID: c.PID,
			Metric: c.Metric, Value: c.Value, Taken: taken, Refs: []fact.Ref{c.Ref}})
	}
}

// parseClock reads the time of a screen of watch, which has no zone, or an output of
// date.
func parseClock(clock string, ref time.Time) (time.Time, bool) {
	if t, err := time.Parse(time.ANSIC, clock); err == nil {
		return fact.Stamp{Time: t, NoZone: true}.Resolve(ref), true
	}
	n, _ := host.ParseDate(strings.NewReader(clock+"\n"), "date")
	return n.Collected, !n.Collected.IsZero()
}

// stampHits gives hits without a stamp the times of the date outputs above their
// first and last line. A client's error came some time after that, so where there
// are logs they alone say when.
func stampHits(hits []fact.Hit, e bundle.Excerpt) {
	dated := func(ref fact.Ref) time.Time {
		if ref.Line < 1 || ref.Line > len(e.Dates) {
			return time.Time{}
		}
		t, _ := parseClock(e.Dates[ref.Line-1], time.Time{})
		return t
	}
	for i := range hits {
		h := &hits[i]
		if !h.First.IsZero() || len(h.Refs) == 0 {
			continue
		}
		first, last := dated(h.Refs[0]), dated(h.Refs[len(h.Refs)-1])
		if !first.IsZero() && !last.IsZero() {
			h.First, h.Last = first, last
		}
	}
}
