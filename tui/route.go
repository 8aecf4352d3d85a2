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
func (h *history) back() bool {
	n := len(h.behind)
	if n == 0 {
		return false
	}
	h.ahead = append(h.ahead, h.here)
	h.here, h.behind = h.behind[n-1], h.behind[:n-1]
	return true
}

// forward undoes back.
func (h *history) forward() bool {
	n := len(h.ahead)
	if n == 0 {
		return false
	}
	h.behind = append(h.behind, h.here)
	h.here, h.ahead = h.ahead[n-1], h.ahead[:n-1]
	return true
}
