package rules

import (
	"slices"
	"time"

	"culprit/analyze/fact"
)

// untimed is the reason where the exact time of an event is not known.
const untimed = "not all times are known, or a log does not reach far enough"

// event is one moment of a row.
type event struct {
	at  time.Time
	row Row
}

// events are the moments of a selection, in order of time.
type events struct {
	picked
	// sure are of rows that pass; all are these and those of rows that may pass.
	sure, all []event
	// loose is how many more there may be whose time is not held.
	loose int64
}

// events lists the exact times of the rows, and counts those that are not held.
func (p picked) events() events {
	e := events{picked: p}
	list := func(rows []Row) []event {
		var out []event
		for _, row := range rows {
			times, whole := p.sel.Table.times(row.Value)
			for _, at := range times {
				out = append(out, event{at, row})
			}
			if !whole {
				n, _ := p.sel.Table.weight(row.Value, "")
				e.loose = sum(e.loose, max(1, n-int64(len(times))))
			}
		}
		return out
	}
	e.sure = inOrder(list(p.passed))
	e.all = inOrder(append(list(p.unsure), e.sure...))
	return e
}

func inOrder(list []event) []event {
	slices.SortStableFunc(list, func(a, b event) int { return a.at.Compare(b.at) })
	return list
}

// that keeps the events for whose time ok holds.
func that(list []event, ok func(t time.Time) bool) []event {
	var out []event
	for _, x := range list {
		if ok(x.at) {
			out = append(out, x)
		}
	}
	return out
}

// most is how many events there can be that meet others: those listed that do, and
// any whose time is hidden, if the others are possible at all.
func (e events) most(others []span, listed []event) int64 {
	switch {
	case len(others) == 0:
		return 0
	case e.missing != "":
		return boundless
	}
	return sum(e.loose, int64(len(listed)))
}

// certain are the moments of the events that surely are.
func (e events) certain() []span { return moments(e.sure) }

// possible are all times at which an event may lie: those listed, and where rows are
// missing, times are not held or no log reaches, any other.
func (e events) possible() []span {
	if e.missing != "" || e.loose > 0 {
		return []span{always}
	}
	out := moments(e.all)
	for _, reach := range e.reach {
		out = append(out, outside(united(reach))...)
	}
	return united(out)
}

func moments(list []event) []span {
	out := make([]span, len(list))
	for i, x := range list {
		out[i] = span{x.at, x.at}
	}
	return united(out)
}

// rowsOf are the rows of p that have one of the events, in table order.
func (p picked) rowsOf(list []event) []Row {
	has := map[Row]bool{}
	for _, x := range list {
		has[x.row] = true
	}
	var rows []Row
	for _, row := range p.passed {
		if has[row] {
			rows = append(rows, row)
		}
	}
	return rows
}

// hitTimes are the exact times of a hit, and whether all of them are held.
func hitTimes(h *fact.Hit) ([]time.Time, bool) {
	times := slices.Clone(h.Times)
	// A stamp without a year that nothing completed lies in year 0.
	times = slices.DeleteFunc(times, func(t time.Time) bool { return t.Year() <= 0 })
	return times, int64(len(times)) >= h.Count
}
