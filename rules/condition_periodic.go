package rules

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// tolerance is a share of the period, or a duration.
type tolerance struct {
	share float64
	fixed time.Duration
}

// of is the tolerance for a period.
func (t tolerance) of(period time.Duration) time.Duration {
	if t.fixed > 0 {
		return t.fixed
	}
	return time.Duration(t.share * float64(period))
}

// String is "10%" or "500ms", as rules write it.
func (t tolerance) String() string {
	if t.fixed > 0 {
		return t.fixed.String()
	}
	return fmt.Sprintf("%g%%", 100*t.share)
}

const (
	// pause is after how many periods of silence the phase counts for nothing: a loop
	// that starts its next round after the last one has ended drifts.
	pause = 10
	// maxPeriodic is how many events are looked at, from the first on: eleven hours
	// of one every ten seconds.
	maxPeriodic = 4096
	// maxCandidates is how many gaps are tried as the period.
	maxCandidates = 128
	// extras is how many events a start may pass over: the first may be none of the
	// rhythm.
	extras = 3
)

// periodic judges whether the events of p come at one period, and the events of
// covers, if given, at its beats.
func (c *Condition) periodic(p picked, covers ...picked) Judgement {
	e := p.events()
	looked := append([]picked{p}, covers...)
	unknown := func(why string, args ...any) Judgement {
		j := c.outcome(Unknown, looked...)
		if len(e.sure) > 0 { // what is there does not suffice
			j.Unknown = []string{fmt.Sprintf(why, args...)}
		}
		return j.because(fmt.Sprintf(why, args...))
	}
	times := distinct(e.sure)
	switch {
	case e.loose > 0 || len(p.unsure) > 0:
		return unknown("not all times of %s are known", p.sel.Name)
	case int64(len(times)) < c.N:
		return unknown("%s has fewer than %d events", p.sel.Name, c.N)
	}
	g, found := findGrid(times[:min(len(times), maxPeriodic)], c.Tolerance, c.N)
	truth, complete := truthOf(found), p.complete()
	if found && len(covers) > 0 {
		f := covers[0].events()
		if f.loose > 0 || len(f.unsure) > 0 || len(f.sure) == 0 {
			return unknown("not all times of %s are known", f.sel.Name)
		}
		on := that(f.sure, g.holds)
		if len(that(f.sure, g.covers)) < len(f.sure) {
			return unknown("the window of %s does not cover %s", p.sel.Name, f.sel.Name)
		}
		truth, complete = truthOf(2*len(on) > len(f.sure)), complete && f.complete()
	}
	if truth == False && !complete {
		truth = Unknown
	}
	return c.outcome(truth, looked...).because(untimed)
}

// distinct are the moments of the events, each once.
func distinct(list []event) []time.Time {
	var times []time.Time
	for _, x := range list {
		times = append(times, x.at)
	}
	return slices.CompactFunc(times, time.Time.Equal)
}

// grid is a rhythm: its period, and the beats that were seen.
type grid struct {
	period, tolerance time.Duration
	beats             []time.Time
	// gaps are those between beats, each divided by the periods in it.
	gaps []time.Duration
	// off is how many events lie beside the grid.
	off int
}

// findGrid looks for the longest period that fits. The candidates are the gaps
// between an event and the next two, so that a missing or an extra event spoils
// few of them; the period is then the mean gap of the beats.
func findGrid(times []time.Time, tol tolerance, n int64) (grid, bool) {
	var gaps []time.Duration
	for i := 0; i < len(times); i += 1 + len(times)/maxCandidates {
		for j := i + 1; j <= i+2 && j < len(times); j++ {
			gaps = append(gaps, times[j].Sub(times[i]))
		}
	}
	slices.SortFunc(gaps, func(a, b time.Duration) int { return cmp.Compare(b, a) })
	for _, period := range slices.Compact(gaps) {
		if g := bestGrid(times, period, tol); g.fits(n) {
			if mended := bestGrid(times, g.mean(), tol); mended.fits(n) {
				return mended, true
			}
			return g, true
		}
	}
	return grid{}, false
}

func (g grid) mean() time.Duration {
	var total float64
	for _, gap := range g.gaps {
		total += float64(gap)
	}
	return time.Duration(total / float64(len(g.gaps)))
}

// fits: at least n beats with a gap before them or after, four of five events on
// the grid, and a grid wide enough to miss.
func (g grid) fits(n int64) bool {
	return int64(len(g.gaps))+1 >= n && 4*g.off <= len(g.beats) && g.tolerance <= g.period/4
}

// bestGrid walks from each of the first events and keeps the walk with the most
// gaps, then the fewest events beside the grid.
func bestGrid(times []time.Time, period time.Duration, tol tolerance) grid {
	var best grid
	for start := range min(extras, len(times)) {
		g := walk(times[start:], period, tol.of(period))
		g.off += start
		if start == 0 || len(g.gaps) > len(best.gaps) || len(g.gaps) == len(best.gaps) && g.off < best.off {
			best = g
		}
	}
	return best
}

// walk takes as the next beat each event that lies a whole number of periods after
// the last one. After a pause the grid begins anew. Events close behind a beat
// belong to it.
func walk(times []time.Time, period, tol time.Duration) grid {
	g := grid{period: period, tolerance: tol, beats: times[:1:1]}
	for _, at := range times[1:] {
		gap := at.Sub(g.beats[len(g.beats)-1])
		periods := math.Round(float64(gap) / float64(period))
		switch {
		case gap <= tol:
		case periods > pause:
			g.beats = append(g.beats, at)
		case periods >= 1 && offGrid(gap, period) <= tol:
			g.beats = append(g.beats, at)
			g.gaps = append(g.gaps, gap/time.Duration(periods))
		default:
			g.off++
		}
	}
	return g
}

// offGrid is how far a gap is from a whole number of periods.
func offGrid(gap, period time.Duration) time.Duration {
	rest := gap % period
	return min(rest, period-rest)
}

// last is the last beat that is not after t.
func (g grid) last(t time.Time) (time.Time, bool) {
	i, exact := slices.BinarySearchFunc(g.beats, t, time.Time.Compare)
	if exact {
		i++
	}
	if i == 0 {
		return time.Time{}, false
	}
	return g.beats[i-1], true
}

// covers: t lies between the first beat and one period after the last, in no pause.
func (g grid) covers(t time.Time) bool {
	beat, ok := g.last(t)
	next := g.beats[len(g.beats)-1]
	if ok && !t.After(next) {
		return t.Sub(beat) <= pause*g.period
	}
	return ok && t.Sub(next) <= g.period
}

// holds: t lies on the grid.
func (g grid) holds(t time.Time) bool {
	beat, ok := g.last(t)
	return ok && offGrid(t.Sub(beat), g.period) <= g.tolerance
}
