package rules

import (
	"testing"

	"culprit/analyze/fact"
)

// hitOf is a row of hits that names a target; "?" leaves the container unknown.
func hitOf(target, container string, count int64) Row {
	return Row{"hits", &fact.Hit{Fields: map[string]string{"target": target}, Container: container, Count: count}}
}

func TestJoinedRows(t *testing.T) {
	a := func(h health, rows ...Row) picked { return inHealth(hitsTable, "a", h, rows...) }
	b := func(h health, rows ...Row) picked { return inHealth(hitsTable, "b", h, rows...) }
	row := func(target string) Row { return hitOf(target, "", 1) }
	one := Condition{Word: Joined, By: "target", With: "target", N: 1}
	three := Condition{Word: Joined, By: "target", With: "target", N: 3}
	// The column container is unknown where it is empty.
	byContainer := Condition{Word: Joined, By: "container", With: "container", N: 1}
	checkWord(t, []wordCase{
		{"joined", one, a(whole, row("x"), row("y")), b(whole, row("y")), True},
		{"not joined", one, a(whole, row("x")), b(whole, row("y")), False},
		{"an empty text joins nothing", one, a(whole, row("")), b(whole, row("")), False},
		{"weighed", three, a(whole, hitOf("x", "", 3)), b(whole, row("x")), True},
		{"weighed, too few", three, a(whole, hitOf("x", "", 2)), b(whole, row("x")), False},
		{"joined in cut logs", one, a(cut, row("x")), b(cut, row("x")), True},
		{"not joined, a is cut", one, a(cut, row("x")), b(whole, row("y")), Unknown},
		{"not joined, b is cut", one, a(whole, row("x")), b(cut, row("y")), Unknown},
		{"b is missing", one, a(whole, row("x")), b(missing, row("x")), Unknown},
		{"b timed out", one, a(whole, row("x")), b(timedOut, row("x")), Unknown},
		{"nothing of a could join what is missing", one, a(whole, row("")), b(missing, row("x")), False},
		{"a may be of the selection", one, a(unsure, row("x")), b(whole, row("x")), Unknown},
		{"b may be of the selection", one, a(whole, row("x")), b(unsure, row("x")), Unknown},
		{"what may be does not join", one, a(unsure, row("x")), b(unsure, row("y")), False},
		{"a's value is not told", byContainer, a(whole, hitOf("", "", 1)), b(whole, hitOf("", "c1", 1)), Unknown},
		{"b's value is not told", byContainer, a(whole, hitOf("", "c1", 1)), b(whole, hitOf("", "", 1)), Unknown},
		{"a's value is not told, b is empty", byContainer, a(whole, hitOf("", "", 1)), b(whole), False},
	})
}

// TestJoinedEvidence: only the rows that join are shown.
func TestJoinedEvidence(t *testing.T) {
	a := inHealth(hitsTable, "a", whole, hitOf("x", "", 1), hitOf("y", "", 1))
	b := inHealth(hitsTable, "b", whole, hitOf("z", "", 1), hitOf("y", "", 1))
	c := Condition{Word: Joined, By: "target", With: "target", N: 1}
	j := c.joined(a, b)
	if len(j.Evidence) != 2 || len(j.Evidence[0].Rows) != 1 || j.Evidence[0].Rows[0] != a.passed[1] || len(j.Evidence[1].Rows) != 1 || j.Evidence[1].Rows[0] != b.passed[1] {
		t.Errorf("%+v", j.Evidence)
	}
}

func TestGrows(t *testing.T) {
	sample := func(pid int, value int64, seconds float64) Row {
		return Row{"samples", &fact.Sample{Daemon: "dockerd", PID: pid, Metric: fact.MetricGoroutines, Value: value, Taken: at(seconds)}}
	}
	untaken := Row{"samples", &fact.Sample{Daemon: "dockerd", PID: 1, Metric: fact.MetricGoroutines, Value: 5000}}
	of := func(h health, rows ...Row) picked { return inHealth(samplesTable, "samples", h, rows...) }
	c := Condition{Word: Grows, N: 100}
	none := picked{}
	checkWord(t, []wordCase{
		{"grows", c, of(whole, sample(1, 50, 0), sample(1, 150, 60)), none, True},
		{"grows, the later one first", c, of(whole, sample(1, 150, 60), sample(1, 50, 0)), none, True},
		{"grows too little", c, of(whole, sample(1, 50, 0), sample(1, 149, 60)), none, False},
		{"falls", c, of(whole, sample(1, 500, 0), sample(1, 50, 60)), none, False},
		{"a peak between", c, of(whole, sample(1, 50, 0), sample(1, 900, 30), sample(1, 60, 60)), none, False},
		{"one sample", c, of(whole, sample(1, 50, 0)), none, Unknown},
		{"no sample", c, of(whole), none, Unknown},
		{"two processes", c, of(whole, sample(1, 50, 0), sample(2, 500, 60)), none, Unknown},
		{"one of two processes grows", c, of(whole, sample(1, 50, 0), sample(1, 150, 60), sample(2, 5, 0)), none, True},
		{"one moment", c, of(whole, sample(1, 50, 0), sample(1, 500, 0)), none, Unknown},
		{"two samples of the last moment disagree", c, of(whole, sample(1, 50, 0), sample(1, 100, 60), sample(1, 200, 60)), none, Unknown},
		{"two samples of the last moment agree", c, of(whole, sample(1, 50, 0), sample(1, 160, 60), sample(1, 200, 60)), none, True},
		{"a sample without a time", c, of(whole, sample(1, 50, 0), sample(1, 60, 60), untaken), none, Unknown},
		{"grows in a cut source", c, of(cut, sample(1, 50, 0), sample(1, 150, 60)), none, True},
		{"does not grow in a cut source", c, of(cut, sample(1, 50, 0), sample(1, 60, 60)), none, Unknown},
		{"the source is missing", c, of(missing, sample(1, 50, 0)), none, Unknown},
		{"the source timed out", c, of(timedOut, sample(1, 50, 0)), none, Unknown},
		{"the later sample may be none", c, of(unsure, sample(1, 50, 0), sample(1, 150, 60)), none, Unknown},
	})
}
