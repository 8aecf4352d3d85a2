package tui

import "culprit/analyze/fact"

// route is a place that can be gone to and come back to: a view, what it is limited
// to, how it is sorted, what filters it, and where the cursors stand.
type route struct {
	view string
	// arg limits the view to one thing: the group of goroutines, the rule ...
	arg  string
	ref  fact.Ref   // source view
	refs []fact.Ref // places view
	// find is the filter, in the source view what is searched. off switches a filter
	// off; only makes one of what is searched.
	find      string
	off, only bool
	// context is how many lines around a match a filter keeps.
	context     int
	sort, group int
	// shut are the nodes of a tree that are closed.
	shut map[string]bool
	wrap bool

	list list
	// placed is set once the cursor was put on the line that is asked for.
	placed bool
	// side is the cursor of the detail; aside says that it is the one that moves.
	side  list
	aside bool
	// from is the other end of a range, -1 none.
	from int
}

// history is the way through routes: where one is, what lies behind and ahead.
type history struct {
	here   route
	behind []route
	ahead  []route
}

// push goes to a new place.
func (h *history) push(r route) {
	h.behind = append(h.behind, h.here)
	h.ahead = nil
	h.here = r
}

// back returns to where one came from; false at the beginning.
func (h *history) back() bool { return h.step(&h.behind, &h.ahead) }

// forward undoes back.
func (h *history) forward() bool { return h.step(&h.ahead, &h.behind) }

// step goes to the last of from and leaves the place where one is in to.
func (h *history) step(from, to *[]route) bool {
	n := len(*from)
	if n == 0 {
		return false
	}
	*to = append(*to, h.here)
	h.here, *from = (*from)[n-1], (*from)[:n-1]
	return true
}
