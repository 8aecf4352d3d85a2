//go:build !race

package analyze

import (
	"fmt"
	"slices"
	"testing"

	"culprit/analyze/fact"
	"culprit/rules"
)

// mutant is a rule with one condition deleted.
type mutant struct {
	rule *rules.Rule
	line int
	what string
}

// lists are the lists of conditions of a rule.
var lists = []func(*rules.Rule) *[]*rules.Condition{
	func(r *rules.Rule) *[]*rules.Condition { return &r.Cause },
	func(r *rules.Rule) *[]*rules.Condition { return &r.Effect },
	func(r *rules.Rule) *[]*rules.Condition { return &r.Certain },
	func(r *rules.Rule) *[]*rules.Condition { return &r.Support },
}

// mutants deletes each condition of r in turn: those of the lists, the rivals, and
// each element of an all or any, at any depth.
func mutants(r *rules.Rule) []mutant {
	var out []mutant
	for _, list := range lists {
		conditions := *list(r)
		with := func(changed []*rules.Condition) *rules.Rule {
			m := *r
			*list(&m) = changed
			return &m
		}
		for i, c := range conditions {
			out = append(out, mutant{with(slices.Delete(slices.Clone(conditions), i, i+1)), c.Line, c.Name})
			for _, t := range thinned(c) {
				changed := slices.Clone(conditions)
				changed[i] = t.with
				out = append(out, mutant{with(changed), t.without.Line, c.Name + ": " + t.without.String()})
			}
		}
	}
	for i, o := range r.RulesOut {
		with := func(changed ...rules.RuleOut) *rules.Rule {
			m := *r
			m.RulesOut = slices.Concat(r.RulesOut[:i], changed, r.RulesOut[i+1:])
			return &m
		}
		out = append(out, mutant{with(), o.Cond.Line, o.Rival})
		for _, t := range thinned(o.Cond) {
			out = append(out, mutant{with(rules.RuleOut{Rival: o.Rival, Cond: t.with}), t.without.Line, o.Rival + ": " + t.without.String()})
		}
	}
	return out
}

// thin is a condition with one element of it left out.
type thin struct{ with, without *rules.Condition }

// thinned leaves out each element of the alls and anys in c. An all or any of one is
// that one.
func thinned(c *rules.Condition) []thin {
	var out []thin
	for i, sub := range c.Sub {
		if len(c.Sub) > 1 {
			with := *c
			with.Sub = slices.Delete(slices.Clone(c.Sub), i, i+1)
			out = append(out, thin{&with, sub})
		}
		for _, t := range thinned(sub) {
			with := *c
			with.Sub = slices.Clone(c.Sub)
			with.Sub[i] = t.with
			out = append(out, thin{&with, t.without})
		}
	}
	return out
}

// ready is a rule test with its facts.
type ready struct {
	test   *rules.Test
	tables *fact.Tables
}

// notices reports whether the test fails for the mutant. The rule alone is the quick
// way; the whole pack is needed for what links findings.
func (m mutant) notices(set *rules.Set, x ready) bool {
	alone := *x.test
	alone.Verdict, alone.ExplainedBy = nil, nil
	with := *set
	with.Rules = []*rules.Rule{m.rule}
	if alone.Mismatch(with.Evaluate(x.tables)) != "" {
		return true
	}
	if x.test.Verdict == nil && x.test.ExplainedBy == nil {
		return false
	}
	with.Rules = slices.Clone(set.Rules)
	with.Rules[slices.IndexFunc(with.Rules, func(r *rules.Rule) bool { return r.ID.ID == m.rule.ID.ID })] = m.rule
	return x.test.Mismatch(with.Evaluate(x.tables)) != ""
}

// TestEveryConditionMatters deletes each condition of each rule: one of the rule's own
// tests must fail. -v lists those that only a citation protects: what is found stays
// the same without them.
func TestEveryConditionMatters(t *testing.T) {
	set, err := rules.LoadTested()
	if err != nil {
		t.Fatal(err)
	}
	tester, err := NewTester(set)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string][]ready{}
	for _, test := range set.Tests {
		tables, err := tester.tables(test)
		if err != nil {
			t.Fatal(err)
		}
		tests[test.Rule] = append(tests[test.Rule], ready{test, tables})
	}
	n, cited := 0, 0
	for _, r := range set.Rules {
		for _, m := range mutants(r) {
			n++
			what := fmt.Sprintf("rules/%s:%d: condition %q can be deleted and ", r.File, m.line, m.what)
			if slices.ContainsFunc(tests[r.ID.ID], func(x ready) bool { return m.notices(set, uncited(x)) }) {
				continue
			}
			if slices.ContainsFunc(tests[r.ID.ID], func(x ready) bool { return m.notices(set, x) }) {
				cited++
				t.Logf("%sthe findings stay", what)
				continue
			}
			t.Errorf("%sno test of the rule notices", what)
		}
	}
	t.Logf("%d rules, %d mutants, %d protected by citations alone", len(set.Rules), n, cited)
}

// uncited is the test without what it wants cited.
func uncited(x ready) ready {
	test := *x.test
	test.Evidence, test.RuledOut = nil, nil
	return ready{&test, x.tables}
}
