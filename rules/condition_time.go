package rules

import "time"

// near judges within: how many events of a have one of b at most Window away.
func (c *Condition) near(pa, pb picked) Judgement {
	a, b := pa.events(), pb.events()
	beside := func(list []event) func(t time.Time) bool {
		return func(t time.Time) bool { return holds(list, t.Add(-c.Window), t.Add(c.Window)) }
	}
	paired := that(a.sure, beside(b.sure))
	n := bounds{lo: int64(len(paired)), hi: a.most()}
	switch {
	case b.most() == 0:
		n.hi = 0
	case a.missing == "":
		n.hi = sum(a.loose, int64(len(that(a.all, func(t time.Time) bool {
			return beside(b.all)(t) || b.open(t.Add(-c.Window), t.Add(c.Window))
		}))))
	}
	partners := that(b.sure, beside(paired))
	return c.outcome(n.atLeast(c.N), pa.only(pa.rowsOf(paired)), pb.only(pb.rowsOf(partners))).because(untimed)
}

// chains judges sequence: how many events of the first selection begin a chain in
// which an event of each further one follows at most Window later.
func (c *Condition) chains(steps []picked) Judgement {
	sure, all := make([][]event, len(steps)), make([][]event, len(steps))
	first := steps[0].events()
	n := bounds{hi: first.most()}
	closed := first.missing == ""
	for i, p := range steps {
		e := p.events()
		sure[i], all[i] = e.sure, e.all
		if e.most() == 0 {
			n.hi = 0
		}
		for _, x := range first.all {
			closed = closed && (i == 0 || !e.open(x.at, x.at.Add(time.Duration(i)*c.Window)))
		}
		closed = closed && (i == 0 || e.missing == "" && e.loose == 0)
	}
	lead(sure, c.Window)
	n.lo = int64(len(sure[0]))
	if closed {
		lead(all, c.Window)
		n.hi = min(n.hi, sum(first.loose, int64(len(all[0]))))
	}
	for i, p := range steps {
		if i > 0 {
			sure[i] = that(sure[i], func(t time.Time) bool { return holds(sure[i-1], t.Add(-c.Window), t) })
		}
		steps[i] = p.only(p.rowsOf(sure[i]))
	}
	return c.outcome(n.atLeast(c.N), steps...).because(untimed)
}

// lead keeps of each step the events from which the chain goes on to its end.
func lead(steps [][]event, window time.Duration) {
	for i := len(steps) - 2; i >= 0; i-- {
		steps[i] = that(steps[i], func(t time.Time) bool { return holds(steps[i+1], t, t.Add(window)) })
	}
}
