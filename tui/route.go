package tui

import "culprit/analyze/fact"

// route is a place that can be gone to and come back to: a view, of the source view
// which source and line, what filters it, and where the cursor stands.
type route struct {
	view string
	ref  fact.Ref   // source view
	refs []fact.Ref // places view
	find string     // the filter, in the source view what is searched
	list list
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
