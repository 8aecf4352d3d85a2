package rules

import (
	"time"

	"culprit/analyze/fact"
)

// series are the samples of one quantity of one process.
type series struct {
	daemon, metric string
	pid            int
}

// growth is what the samples of one series tell.
type growth struct {
	earliest, latest []Row // the samples of the first and of the last moment
	from, to         time.Time
	untold           bool // a sample without time, or one that may belong to it
}

// grows judges whether some series is at least N higher at its latest moment than at
// its earliest.
func (c *Condition) grows(p picked) Judgement {
	all := map[series]*growth{}
	var order []series
	of := func(row Row) (*growth, *fact.Sample) {
		s := row.Value.(*fact.Sample)
		k := series{s.Daemon, s.Metric, s.PID}
		if all[k] == nil {
			all[k] = &growth{}
			order = append(order, k)
		}
		return all[k], s
	}
	for _, row := range p.passed {
		g, s := of(row)
		g.add(row, s.Taken)
	}
	for _, row := range p.unsure {
		g, _ := of(row)
		g.untold = true
	}
	truth := False
	var rows []Row
	for _, k := range order {
		grown := all[k].atLeast(c.N)
		truth = truth.Or(grown)
		if grown == True {
			rows = append(append(rows, all[k].earliest...), all[k].latest...)
		}
	}
	if len(order) == 0 || truth == False && !p.complete() {
		truth = Unknown
	}
	return c.outcome(truth, p.only(rows)).because("there are no two samples of one quantity at different times")
}

func (g *growth) add(row Row, at time.Time) {
	switch {
	case at.IsZero():
		g.untold = true
		return
	case len(g.earliest) == 0 || at.Before(g.from):
		g.earliest, g.from = []Row{row}, at
	case at.Equal(g.from):
		g.earliest = append(g.earliest, row)
	}
	switch {
	case len(g.latest) == 0 || at.After(g.to):
		g.latest, g.to = []Row{row}, at
	case at.Equal(g.to):
		g.latest = append(g.latest, row)
	}
}

// atLeast compares latest minus earliest with n. Samples of one moment that differ
// must all agree on the answer.
func (g *growth) atLeast(n int64) Truth {
	if g.untold || !g.from.Before(g.to) {
		return Unknown
	}
	truth := map[Truth]bool{}
	for _, a := range g.earliest {
		for _, b := range g.latest {
			truth[truthOf(b.Value.(*fact.Sample).Value-a.Value.(*fact.Sample).Value >= n)] = true
		}
	}
	switch {
	case !truth[False]:
		return True
	case !truth[True]:
		return False
	}
	return Unknown
}
