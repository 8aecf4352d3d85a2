package rules

import (
	"strings"
	"testing"

	"culprit/analyze/fact"
)

// TestRowsWithoutKeyMayBeAnyones: a line whose container nothing names keeps every
// container's count open, but proves nothing of any.
func TestRowsWithoutKeyMayBeAnyones(t *testing.T) {
	refused := &Selection{Name: "refused", Table: hitsTable, Signature: &fact.Signature{ID: "s"}, On: fact.KeyContainer}
	key := fact.NewKey(fact.KeyContainer, fact.Place{}, idA, "a")
	for _, tt := range []struct {
		name      string
		container string
		count     int64
		most      Truth
		least     Truth
	}{
		{"of this one", idA, 3, False, True},
		{"of another", idB, 3, True, False},
		{"of nobody named", "", 3, Unknown, Unknown},
	} {
		e := newEvaluator(&fact.Tables{
			Hits:     []fact.Hit{{Signature: "s", Count: tt.count, Container: tt.container}},
			Coverage: []fact.Coverage{{Table: "hits", Complete: true}},
		}, fact.Place{})
		pick := e.pickFor(key)
		most := (&Condition{Word: AtMost, Of: refused, N: 2}).judge(pick).Truth
		least := (&Condition{Word: AtLeast, Of: refused, N: 3}).judge(pick).Truth
		if most != tt.most || least != tt.least {
			t.Errorf("%s: at_most %v, at_least %v", tt.name, most, least)
		}
	}
}

// TestReachOfLogs: a log tells only of its own window, each log by itself; one without
// stamps, and a table without time, of all time.
func TestReachOfLogs(t *testing.T) {
	s := &Selection{Name: "s", Table: hitsTable, Signature: &fact.Signature{ID: "s"}}
	log := func(daemon string, complete bool, from, to float64) fact.Coverage {
		return fact.Coverage{Table: "hits", Daemon: daemon, Complete: complete, First: at(from), Last: at(to)}
	}
	for _, tt := range []struct {
		name     string
		coverage []fact.Coverage
		from, to float64
		possible bool
	}{
		{"inside", []fact.Coverage{log("dockerd", true, 0, 100)}, 10, 90, false},
		{"over the end", []fact.Coverage{log("dockerd", true, 0, 100)}, 90, 101, true},
		{"between two logs", []fact.Coverage{log("dockerd", true, 0, 10), log("dockerd", true, 90, 100)}, 20, 30, true},
		{"one of two programs", []fact.Coverage{log("dockerd", true, 0, 100), log("containerd", true, 50, 100)}, 20, 30, true},
		{"a second, cut log", []fact.Coverage{log("dockerd", true, 0, 100), log("dockerd", false, 50, 200)}, 20, 30, false},
		{"no stamps", []fact.Coverage{{Table: "hits", Complete: true}}, 20, 30, false},
		{"no log", nil, 20, 30, true},
	} {
		e := newEvaluator(&fact.Tables{Coverage: tt.coverage}, fact.Place{})
		possible := e.pickFor(fact.Key{})(s).events().possible()
		if got := meets(possible, at(tt.from), at(tt.to)); got != tt.possible {
			t.Errorf("%s: an event is possible: %v, want %v", tt.name, got, tt.possible)
		}
	}
}

// TestStoppedSelectionKnowsNothing: also of a container whose one row is there.
func TestStoppedSelectionKnowsNothing(t *testing.T) {
	where, _, err := compilePredicate(containersTable, `["a"].all(x, row.name.contains("zz"))`)
	if err != nil {
		t.Fatal(err)
	}
	s := &Selection{Name: "s", Rule: "r", Table: containersTable, On: fact.KeyContainer, Where: where, File: "defs/r.yaml", Line: 3}
	key := fact.NewKey(fact.KeyContainer, fact.Place{}, idA, "a")
	for _, tt := range []struct {
		name string
		want Truth
	}{{"short", True}, {strings.Repeat("x", 1_000_000), Unknown}} {
		e := newEvaluator(&fact.Tables{
			Containers: []fact.Container{{ID: idA, Name: tt.name}},
			Coverage:   []fact.Coverage{{Table: "containers", Complete: true}},
		}, fact.Place{})
		if got := (&Condition{Word: None, Of: s}).judge(e.pickFor(key)).Truth; got != tt.want {
			t.Errorf("none over a name of %d bytes: %v, want %v", len(tt.name), got, tt.want)
		}
	}
}
