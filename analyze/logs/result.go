package logs

import (
	"time"

	"culprit/analyze/fact"
)

// Result is what a scan of one source found.
type Result struct {
	// Log says what the source is and which window it covers. First and Last are
	// the first and last stamps in the file, the earlier one first.
	Log fact.Log
	// Hits are ordered as the signatures were compiled, then by first line.
	Hits []fact.Hit
	// Hung are the tasks that the kernel reports in uninterruptible sleep.
	Hung     []fact.Process
	Problems []fact.Problem
	// NeedsYear and NeedsZone say that some times were printed without a year
	// (they have year 0) or without a zone. Resolve completes them.
	NeedsYear, NeedsZone bool

	// bare are, for each hit, the minutes of PerMinute that were counted from
	// times without a zone.
	bare []map[int64]int64
}

// Resolve completes the times without year or zone in place, as
// fact.Stamp.Resolve does: ref is the moment of collection in the node's zone. A
// zero ref changes nothing. Call it before Hits is reordered.
func (r *Result) Resolve(ref time.Time) {
	if ref.IsZero() || !r.NeedsYear && !r.NeedsZone {
		return
	}
	r.NeedsYear, r.NeedsZone = false, false
	window := span{resolve(r.Log.First, ref), resolve(r.Log.Last, ref)}.ordered()
	r.Log.First, r.Log.Last = window.first, window.last
	for i := range r.Hits {
		h := &r.Hits[i]
		window := span{resolve(h.First, ref), resolve(h.Last, ref)}.ordered()
		h.First, h.Last = window.first, window.last
		for j, t := range h.Times {
			h.Times[j] = resolve(t, ref)
		}
		resolveMinutes(h.PerMinute, r.bare[i], ref)
	}
	r.bare = nil
}

// resolveMinutes moves the counts of bare minutes to where they belong.
func resolveMinutes(all, bare map[int64]int64, ref time.Time) {
	for m, n := range bare {
		if all[m] -= n; all[m] == 0 {
			delete(all, m)
		}
	}
	for m, n := range bare {
		all[minute(resolve(time.Unix(m*60, 0).In(unzoned), ref))] += n
	}
}
