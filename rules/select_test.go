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

// TestNoListingHoldsIt: of a container without a row nothing is known, however whole
// the listing; of one with a row all is.
func TestNoListingHoldsIt(t *testing.T) {
	e := newEvaluator(&fact.Tables{
		Containers: []fact.Container{{ID: idA, Docker: "running"}},
		Coverage:   []fact.Coverage{{Table: "containers", Complete: true}},
	}, fact.Place{})
	dead, _, err := compilePredicate(envs{}, containersTable, `row.docker == "dead"`)
	if err != nil {
		t.Fatal(err)
	}
	s := &Selection{Name: "s", Table: containersTable, Where: dead, On: fact.KeyContainer}
	for key, want := range map[fact.Key]Truth{
		fact.NewKey(fact.KeyContainer, fact.Place{}, idA, ""):                       True,
		fact.NewKey(fact.KeyContainer, fact.Place{}, "prod/web-0/c0", ""):           Unknown,
		fact.Unnamed(fact.KeyContainer, fact.Place{}, "exec", "one without a name"): Unknown,
	} {
		if got := (&Condition{Word: None, Of: s}).judge(e.pickFor(key)).Truth; got != want {
			t.Errorf("%s: %v, want %v", key.ID, got, want)
		}
	}
	// A failed exec in a container that nothing names may be in any.
	hits := newEvaluator(&fact.Tables{
		Hits:     []fact.Hit{{Signature: "s", Count: 1, Unnamed: true}, {Signature: "r", Count: 1, Repeats: true}},
		Coverage: []fact.Coverage{{Table: "hits", Complete: true, Debug: true}},
	}, fact.Place{})
	for id, want := range map[string]Truth{"s": Unknown, "r": True} {
		s := &Selection{Name: id, Table: hitsTable, Signature: &fact.Signature{ID: id}, On: fact.KeyContainer}
		if got := (&Condition{Word: None, Of: s}).judge(hits.pickFor(fact.NewKey(fact.KeyContainer, fact.Place{}, idA, ""))).Truth; got != want {
			t.Errorf("none of %s: %v, want %v", id, got, want)
		}
	}
}

// TestDebugLevel: a log without lines of debug level says nothing of what is printed
// there only.
func TestDebugLevel(t *testing.T) {
	s := &Selection{Name: "s", Table: hitsTable, Signature: &fact.Signature{ID: "s", Debug: true, Daemons: []string{"dockerd"}}}
	for debug, want := range map[bool]Truth{true: True, false: Unknown} {
		e := newEvaluator(&fact.Tables{Coverage: []fact.Coverage{{Table: "hits", Daemon: "dockerd", Complete: true, Debug: debug}}}, fact.Place{})
		got := (&Condition{Word: None, Of: s}).judge(e.pickFor(fact.Key{}))
		if got.Truth != want || want == Unknown && got.Unknown[0] != "no log of debug level of dockerd in the bundle" {
			t.Errorf("debug %v: %v %q", debug, got.Truth, got.Unknown)
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
	where, _, err := compilePredicate(envs{}, containersTable, `["a"].all(x, row.name.contains("zz"))`)
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
