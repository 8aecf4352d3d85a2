package rules

import (
	"slices"
	"testing"
)

// TestSupport: true it is shown, unknown it is listed, false it is nothing; the grade
// stays in all three.
func TestSupport(t *testing.T) {
	for _, tt := range []struct {
		truth             Truth
		evidence, unknown bool
	}{{True, true, false}, {Unknown, false, true}, {False, false, false}} {
		set := testSet(t)
		w := testWorld()
		for _, r := range set.Rules {
			if r.ID.ID != "t-leak" {
				continue
			}
			events := r.selection("events")
			c := &Condition{Name: "extra", Word: AtLeast, Of: events, N: 1}
			if tt.truth != True {
				c.N = 1000
			}
			if tt.truth == Unknown {
				c = &Condition{Name: "extra", Word: AtLeast, N: 1, Of: &Selection{Name: "logs", Table: hitsTable}}
			}
			r.Support = []*Condition{c}
		}
		f := find(t, set.Evaluate(w), "t-leak")
		shown := slices.ContainsFunc(f.Evidence, func(e Evidence) bool { return e.Name == "extra" })
		listed := slices.ContainsFunc(f.Open, func(o Open) bool { return o.Name == "extra" && len(o.Why) > 0 })
		if f.Confidence != Certain || shown != tt.evidence || listed != tt.unknown {
			t.Errorf("%v: %s, shown %v, listed %v", tt.truth, f.Confidence, shown, listed)
		}
	}
}

// TestSupportTiesNothing: findings of two containers stay two, though the same shared
// rows speak for both.
func TestSupportTiesNothing(t *testing.T) {
	set := testSet(t)
	set.Rules = slices.DeleteFunc(set.Rules, func(r *Rule) bool { return r.ID.ID != "t-mechanism" && r.ID.ID != "t-leak" })
	var events *Selection
	for _, r := range set.Rules {
		if r.ID.ID == "t-leak" {
			events = r.selection("events")
		}
	}
	count := func() (n int) {
		for _, f := range set.Evaluate(testWorld()).Findings {
			if f.Rule.ID.ID == "t-mechanism" {
				n++
			}
		}
		return n
	}
	before := count()
	for _, r := range set.Rules {
		if r.ID.ID == "t-mechanism" {
			r.Support = []*Condition{{Name: "extra", Word: AtLeast, Of: events, N: 1}}
		}
	}
	if after := count(); before != 2 || after != before {
		t.Errorf("%d findings without support, %d with", before, after)
	}
}
