package rules

import (
	"slices"
	"time"
)

// near judges within: how many events of a have one of b at most Window away.
func (c *Condition) near(pa, pb picked) Judgement {
	a, b := pa.events(), pb.events()
	beside := func(spans []span) func(t time.Time) bool {
		return func(t time.Time) bool { return meets(spans, t.Add(-c.Window), t.Add(c.Window)) }
	}
	paired := that(a.sure, beside(b.certain()))
	possible := b.possible()
	n := bounds{int64(len(paired)), a.most(possible, that(a.all, beside(possible)))}
	partners := that(b.sure, beside(moments(paired)))
	return c.outcome(n.atLeast(c.N), pa.only(pa.rowsOf(paired)), pb.only(pb.rowsOf(partners))).because(untimed)
}

// chains judges sequence: how many events of the first selection begin a chain in
// which an event of each further one follows at most Window later.
func (c *Condition) chains(steps []picked) Judgement {
	links := make([]events, len(steps))
	for i, p := range steps {
		links[i] = p.events()
	}
	follows := func(spans []span) func(t time.Time) bool {
		return func(t time.Time) bool { return meets(spans, t, t.Add(c.Window)) }
	}
	// From the last step back: the times of each from which the chain goes on.
	last := len(links) - 1
	certain, possible := links[last].certain(), links[last].possible()
	chain := [][]event{links[last].sure}
	for i := last - 1; i > 0; i-- {
		chain = append(chain, that(links[i].sure, follows(certain)))
		certain = moments(chain[len(chain)-1])
		possible = common(links[i].possible(), ahead(possible, c.Window))
	}
	first := links[0]
	chain = append(chain, that(first.sure, follows(certain)))
	slices.Reverse(chain)
	n := bounds{int64(len(chain[0])), first.most(possible, that(first.all, follows(possible)))}
	for i, p := range steps {
		if i > 0 { // only what follows something
			before := moments(chain[i-1])
			chain[i] = that(chain[i], func(t time.Time) bool { return meets(before, t.Add(-c.Window), t) })
		}
		steps[i] = p.only(p.rowsOf(chain[i]))
	}
	return c.outcome(n.atLeast(c.N), steps...).because(untimed)
}
