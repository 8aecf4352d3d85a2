package analyze

import (
	"time"

	"culprit/analyze/fact"
)

// samples takes what the collector sampled, and makes a sample of each other moment at
// which a daemon's goroutines were counted. Only dumps of the instance that runs at the
// collection count: an older dump than the daemon's start is of another process.
func (a *assembly) samples() {
	collected := a.collected()
	seen := map[[2]string]bool{}
	covered := map[string]bool{}
	cover := func(daemon string) {
		if !covered[daemon] {
			covered[daemon] = true
			a.t.Coverage = append(a.t.Coverage, fact.Coverage{At: a.at, Table: "samples", Daemon: daemon, Complete: true})
		}
	}
	for _, s := range a.looks {
		s.At = a.at
		a.t.Samples = append(a.t.Samples, s)
		cover(s.Daemon)
		if s.Metric == fact.MetricGoroutines {
			// The dumps of that moment count them again, with the requests that the
			// collection itself sent meanwhile.
			seen[[2]string{s.Daemon, ""}] = true
		}
	}
	for _, d := range a.t.Dumps {
		// Forms of one moment count the same goroutines.
		moment := [2]string{d.Daemon, d.At.Snapshot}
		if d.At.Node != a.at.Node || d.At.Boot != a.at.Boot || !d.Complete || d.Taken.IsZero() || seen[moment] {
			continue
		}
		pid, ok := a.instance(d.Daemon, d.Taken, collected)
		if !ok {
			continue
		}
		seen[moment] = true
		a.t.Samples = append(a.t.Samples, fact.Sample{At: a.at, Daemon: d.Daemon, PID: pid, Metric: fact.MetricGoroutines,
			Value: d.Total, Taken: d.Taken, Refs: d.Refs})
		cover(d.Daemon)
	}
}

// instance is the pid of the one daemon of that name, if it ran at the moment taken.
func (a *assembly) instance(name string, taken, collected time.Time) (pid int, ok bool) {
	n := 0
	for _, p := range a.t.Processes {
		if p.At == a.at && p.Daemon == name {
			n++
			pid, ok = p.PID, p.Age.Known && !collected.IsZero() && collected.Add(-p.Age.V).Before(taken)
		}
	}
	return pid, ok && n == 1
}
