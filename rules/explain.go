package rules

import (
	"cmp"
	"slices"

	"culprit/analyze/fact"
)

// Explanation says how a rule stands for one scope: each of its conditions with its
// truth.
type Explanation struct {
	Rule *Rule
	// At is the node boot whose rows were judged.
	At fact.Place
	// Scope is zero where the rule's keyed selections found nothing.
	Scope fact.Key
	// Finding is nil where the rule does not hold. It is not yet merged with those of
	// other scopes and knows nothing of what explains it.
	Finding *Finding
	// Bar says why the rule does not hold, "" where it does.
	Bar        string
	Conditions []Explained
	Selections []Selected
}

// Explained is one condition.
type Explained struct {
	// Part is what the condition is for: "cause", "effect", "for certain", "supported
	// by" or "rules out"; "" of an element of an all, any or not.
	Part string
	// Rival is the id of the rival that a true one rules out and a false one shows.
	Rival string
	// Name is "" where the rule gives none; Words is the condition as `rules show`
	// prints it.
	Name, Words string
	Truth       Truth
	// Evidence are the rows of a true one, or the sources that were searched; of
	// another one the nearest rows, where there are some.
	Evidence []Evidence
	// Why says what is missing of an unknown one.
	Why []string
	// Of are the elements of an all, any or not.
	Of []Explained
}

// Selected says what a selection of the rule found for the scope.
type Selected struct {
	Name, Table string
	// Signature is the signature whose hits are selected, "" elsewhere.
	Signature string
	// Rows are the rows of the table, of hits those of the signature, for all scopes.
	// Passed are those that pass and are of the scope, Unknown those that may be.
	Rows, Passed, Unknown int
}

// Explain judges one rule for each of its scopes over t, on each node, and lists them:
// those that hold first, then the closest, with the most true and then the fewest false
// conditions.
func (s *Set) Explain(t *fact.Tables, r *Rule) []Explanation {
	var out []Explanation
	for _, at := range places(t) {
		e := newEvaluator(t, at)
		for _, key := range e.scopes(r) {
			out = append(out, e.explain(e.try(r, key)))
		}
	}
	slices.SortStableFunc(out, compareExplanations)
	return out
}

func (e *evaluator) explain(t *trial) Explanation {
	x := Explanation{Rule: t.rule, At: e.at, Scope: t.key, Bar: t.bar(), Finding: e.finding(t)}
	for _, part := range []struct {
		name       string
		conditions []*Condition
		judged     []Judgement
	}{
		{"cause", t.rule.Cause, t.cause},
		{"effect", t.rule.Effect, t.effect},
		{"for certain", t.rule.Certain, t.certain},
		{"supported by", t.rule.Support, t.support},
	} {
		for i, j := range part.judged {
			c := part.conditions[i].explained(j, t.pick)
			c.Part = part.name
			x.Conditions = append(x.Conditions, c)
		}
	}
	for i, j := range t.rivals {
		o := t.rule.RulesOut[i]
		c := o.Cond.explained(j, t.pick)
		c.Part, c.Rival = "rules out", o.Rival
		x.Conditions = append(x.Conditions, c)
	}
	for _, s := range t.rule.Select {
		x.Selections = append(x.Selections, e.selected(t.pick(s)))
	}
	return x
}

// explained is the condition with its judgement, and with those of its elements.
func (c *Condition) explained(j Judgement, pick func(*Selection) picked) Explained {
	x := Explained{Name: c.Name, Words: c.String(), Truth: j.Truth, Evidence: j.Evidence, Why: unique(j.Unknown)}
	for _, sub := range c.Sub {
		x.Of = append(x.Of, sub.explained(sub.judge(pick), pick))
	}
	return x
}

func (e *evaluator) selected(p picked) Selected {
	s := Selected{Name: p.sel.Name, Table: p.sel.Table.Name, Rows: e.selectRows(p.sel).rows, Passed: len(p.passed), Unknown: len(p.unsure)}
	if p.sel.Signature != nil {
		s.Signature = p.sel.Signature.ID
	}
	return s
}

// compareExplanations puts what holds first, as findings are ordered, then what comes
// closest.
func compareExplanations(a, b Explanation) int {
	switch {
	case a.Finding != nil && b.Finding != nil:
		return compareFindings(a.Finding, b.Finding)
	case a.Finding != nil:
		return -1
	case b.Finding != nil:
		return 1
	}
	return cmp.Or(-cmp.Compare(a.count(True), b.count(True)), cmp.Compare(a.count(False), b.count(False)))
}

// count is how many conditions have the truth.
func (x Explanation) count(truth Truth) (n int) {
	for _, c := range x.Conditions {
		if c.Truth == truth {
			n++
		}
	}
	return n
}
