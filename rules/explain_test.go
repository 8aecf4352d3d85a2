package rules

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"culprit/analyze/fact"
)

func explain(t *testing.T, w *fact.Tables, id string) []Explanation {
	t.Helper()
	set := testSet(t)
	r, _, ok := set.Find(id)
	if !ok {
		t.Fatalf("no rule %s", id)
	}
	return set.Explain(w, r)
}

// outline is an explanation in one line: scope, standing, conditions in order.
func outline(x Explanation) string {
	standing := x.Bar
	if x.Finding != nil {
		standing = string(x.Finding.Confidence)
	}
	out := fmt.Sprintf("%s %s:", KeyName(x.Scope), standing)
	for _, c := range x.Conditions {
		out += fmt.Sprintf(" %s;", strings.TrimSpace(strings.Join([]string{c.Truth.String(), c.Part, c.Rival}, " ")))
	}
	return strings.TrimSpace(out)
}

func TestExplain(t *testing.T) {
	nfs := fact.Process{PID: 9, State: "D", Wait: fact.Wait{Class: fact.WaitUninterruptible, On: "nfs", Mounts: []fact.Key{vol}}}
	for _, tt := range []struct {
		name   string
		change func(*fact.Tables)
		rule   string
		want   []string
	}{
		{"all true", func(*fact.Tables) {}, "t-cause",
			[]string{"/data certain: true cause; true for certain; true rules out t-rival;"}},
		{"the rival is there", func(w *fact.Tables) { w.Processes = append(w.Processes, nfs) }, "t-cause",
			[]string{"/data the evidence shows t-rival: true cause; true for certain; false rules out t-rival;"}},
		{"not told", func(w *fact.Tables) {
			w.Processes[1].KillPending, w.Processes[2].KillPending = fact.Opt[bool]{}, fact.Opt[bool]{}
		}, "t-cause",
			[]string{"/data likely: true cause; unknown for certain; true rules out t-rival;"}},
		{"nothing found", func(w *fact.Tables) { w.Processes = w.Processes[:1] }, "t-cause",
			[]string{"its cause is false: false cause; false for certain; true rules out t-rival;"}},
		{"nothing collected", func(w *fact.Tables) { w.Processes, w.Coverage = nil, w.Coverage[2:] }, "t-cause",
			[]string{"neither its cause nor its effect is proved: unknown cause; unknown for certain; unknown rules out t-rival;"}},
		{"a dump alone", func(w *fact.Tables) { w.Processes, w.Coverage = nil, w.Coverage[2:] }, "t-leak",
			[]string{"suspected: unknown cause; true effect; true effect; true rules out t-rival;"}},
		{"a mechanism without effect", func(w *fact.Tables) { w.Stacks[0].Count, w.Stacks[1].Count = 2, 0 }, "t-leak", []string{
			"a nothing of its effect is proved: true cause; false effect; false effect; true rules out t-rival;",
			"b nothing of its effect is proved: true cause; false effect; false effect; true rules out t-rival;"}},
		{"a part of the effect", func(w *fact.Tables) { w.Stacks[0].Count, w.Stacks[1].Count = 2, 1 }, "t-leak", []string{
			"a likely: true cause; false effect; true effect; true rules out t-rival;",
			"b likely: true cause; false effect; true effect; true rules out t-rival;"}},
		{"each scope for itself", func(*fact.Tables) {}, "t-leak", []string{
			"a certain: true cause; true effect; true effect; true rules out t-rival;",
			"b certain: true cause; true effect; true effect; true rules out t-rival;"}},
		{"another node", func(w *fact.Tables) {
			w.Processes[1].At.Node, w.Processes[1].Wait.Mounts = "other", nil
		}, "t-cause", []string{
			"/data certain: true cause; true for certain; true rules out t-rival;",
			"neither its cause nor its effect is proved: unknown cause; unknown for certain; unknown rules out t-rival;"}},
		{"what holds first, then the closest", func(w *fact.Tables) {
			other := fact.NewKey(fact.KeyMount, fact.Place{}, "0:9", "/nfs")
			rival, waiter := nfs, w.Processes[1]
			rival.Wait.Mounts, waiter.Wait.Mounts, waiter.KillPending = []fact.Key{other}, []fact.Key{other}, fact.Some(false)
			w.Processes = append(w.Processes, rival, waiter)
		}, "t-cause", []string{
			"/data certain: true cause; true for certain; true rules out t-rival;",
			"/nfs the evidence shows t-rival: true cause; false for certain; false rules out t-rival;"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := testWorld()
			tt.change(w)
			var got []string
			for _, x := range explain(t, w, tt.rule) {
				got = append(got, outline(x))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(tt.want, "\n"))
			}
		})
	}
}

// TestExplainOrder: of what does not hold the most true conditions come first, then the
// fewest false ones.
func TestExplainOrder(t *testing.T) {
	count := func(held bool, truths ...Truth) Explanation {
		x := Explanation{Bar: fmt.Sprint(held, truths)}
		if held {
			x.Finding = &Finding{Rule: &Rule{}}
		}
		for _, truth := range truths {
			x.Conditions = append(x.Conditions, Explained{Truth: truth})
		}
		return x
	}
	want := []Explanation{count(true, False, False), count(false, True, True, False), count(false, True, Unknown, Unknown),
		count(false, True, False, Unknown), count(false, False, False, False)}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortStableFunc(got, compareExplanations)
	for i := range want {
		if got[i].Bar != want[i].Bar {
			t.Errorf("%d is %s, want %s", i, got[i].Bar, want[i].Bar)
		}
	}
}

// TestExplainShows: the rows of a true condition, the rows that a false one comes near
// with, what is missing of an unknown one, the elements of one that has some, and how
// many rows each selection found.
func TestExplainShows(t *testing.T) {
	set, w := testSet(t), testWorld()
	w.Coverage[2].Complete, w.Coverage[2].Why = false, "the dump is cut"
	r, _, _ := set.Find("t-leak")
	killers, events := r.selection("killers"), r.selection("events")
	r.Effect[0] = &Condition{Name: "many", Word: All, Sub: []*Condition{
		{Word: AtLeast, Of: killers, N: 100}, {Word: AtMost, Of: killers, N: 3}, {Word: AtLeast, Of: events, N: 2}}}
	x := set.Explain(w, r)[0]
	many, pairs := x.Conditions[1], x.Conditions[2]
	if many.Truth != False || len(many.Of) != 3 || len(many.Why) > 0 {
		t.Fatalf("%+v", many)
	}
	for i, want := range []struct {
		truth Truth
		words string
		sum   int64
		why   []string
	}{{Unknown, "at_least 100 of killers", 4, []string{"the dump is cut"}}, {False, "at_most 3 of killers", 4, nil}, {True, "at_least 2 of events", 2, nil}} {
		got := many.Of[i]
		if got.Truth != want.truth || got.Words != want.words || len(got.Evidence) != 1 || got.Evidence[0].Sum != want.sum || !slices.Equal(got.Why, want.why) {
			t.Errorf("element %d: %+v, want %+v", i, got, want)
		}
	}
	if pairs.Truth != Unknown || !slices.Equal(pairs.Why, []string{"the dump is cut"}) {
		t.Errorf("both selections are cut, that is one reason: %+v", pairs)
	}
	want := []Selected{{Name: "killers", Table: "stacks", Rows: 3, Passed: 1}, {Name: "waiters", Table: "stacks", Rows: 3, Passed: 1},
		{Name: "stuck", Table: "processes", Rows: 3, Passed: 1}, {Name: "events", Table: "stacks", Rows: 3, Passed: 1}}
	if !slices.Equal(x.Selections, want) {
		t.Errorf("selections %+v", x.Selections)
	}
}

// TestExplainCountsHits: rows of hits are those of the signature.
func TestExplainCountsHits(t *testing.T) {
	set := testSet(t)
	r, _, _ := set.Find("t-symptom")
	s := &Selection{Name: "said", Rule: "t-symptom", Table: hitsTable, Signature: &fact.Signature{ID: "this"}}
	r.Select = append(r.Select, s)
	r.Effect = append(r.Effect, &Condition{Name: "said", Word: AtLeast, Of: s, N: 1})
	w := testWorld()
	w.Hits = []fact.Hit{{Signature: "this", Count: 2}, {Signature: "that", Count: 1}}
	got := set.Explain(w, r)[0].Selections[1]
	if want := (Selected{Name: "said", Table: "hits", Signature: "this", Rows: 1, Passed: 1}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
