package analyze

import (
	"context"
	"path/filepath"
	"slices"
	"testing"

	"culprit/analyze/bundle"
	"culprit/analyze/fact"
	"culprit/rules"
)

// TestExplainAgreesOnSamples: on every sample and for every rule there are
// explanations of findings exactly where there are findings.
func TestExplainAgreesOnSamples(t *testing.T) {
	set := ruleSet(t)
	bundles, err := filepath.Glob("../samples/*/bundle.tar.zst")
	if err != nil || len(bundles) < 3 {
		t.Fatalf("%d samples, %v", len(bundles), err)
	}
	held := 0
	for _, path := range bundles {
		report, err := Bundles(context.Background(), Options{Rules: set, Limits: bundle.DefaultLimits()}, path)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range set.Rules {
			held += agree(t, path, set, r, report.Tables, report.Findings)
		}
	}
	if held < 50 {
		t.Errorf("only %d explanations hold: the samples show more", held)
	}
}

// TestExplainAgreesOnRuleTests: the same for each rule over its own tests, those in
// which it must be silent among them.
func TestExplainAgreesOnRuleTests(t *testing.T) {
	set, err := rules.LoadTested()
	if err != nil {
		t.Fatal(err)
	}
	tester, err := NewTester(set)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range set.Tests {
		tables, err := tester.tables(test)
		if err != nil {
			t.Fatal(err)
		}
		r, _, _ := set.Find(test.Rule)
		alone := *set
		alone.Rules = []*rules.Rule{r}
		agree(t, test.File, set, r, tables, alone.Evaluate(tables).Findings)
	}
}

// agree compares the explanations of one rule with its findings: the same keys, and of
// each key the same standing. It returns how many hold.
func agree(t *testing.T, where string, set *rules.Set, r *rules.Rule, tables *fact.Tables, findings []*rules.Finding) (held int) {
	t.Helper()
	var explained []*rules.Finding
	for _, x := range set.Explain(tables, r) {
		if (x.Finding == nil) != (x.Bar != "") {
			t.Errorf("%s: %s: finding %v, barred by %q", where, r.ID.ID, x.Finding, x.Bar)
		}
		if x.Finding != nil {
			explained = append(explained, x.Finding)
			proved(t, where, x)
		}
	}
	var found []*rules.Finding
	for _, f := range findings {
		if f.Rule.ID.ID == r.ID.ID {
			found = append(found, f)
		}
	}
	for _, pair := range [][2][]*rules.Finding{{explained, found}, {found, explained}} {
		for _, f := range pair[0] {
			if len(f.Scope) == 0 && len(pair[1]) == 0 {
				t.Errorf("%s: %s: one of nothing has no like", where, r.ID.ID)
			}
			for _, k := range f.Scope {
				if !slices.ContainsFunc(pair[1], func(o *rules.Finding) bool { return alike(f, o) && slices.ContainsFunc(o.Scope, k.Same) }) {
					t.Errorf("%s: %s: %s %s for %s has no like", where, r.ID.ID, f.Status, f.Confidence, rules.KeyName(k))
				}
			}
		}
	}
	return len(explained)
}

// alike reports whether two findings of one rule stand alike. That a mechanism's cause
// is open only all findings together tell.
func alike(a, b *rules.Finding) bool {
	return a.Status == b.Status && (a.Confidence == b.Confidence || a.CauseOpen || b.CauseOpen)
}

// proved holds what is shown of a finding to what the README says it earns: nothing
// false against it, and of a certain cause or mechanism nothing unknown.
func proved(t *testing.T, where string, x rules.Explanation) {
	t.Helper()
	certain := x.Finding.Confidence == rules.Certain && x.Rule.ID.Role != rules.RoleSymptom && x.Rule.ID.Role != rules.RoleRouter
	for _, c := range x.Conditions {
		against := c.Truth == rules.False && (c.Part == "cause" || c.Part == "rules out")
		short := certain && c.Truth != rules.True && c.Part != "supported by" && !(c.Part == "effect" && x.Finding.Status == rules.Latent)
		if against || short {
			t.Errorf("%s: %s is %s, and %s %s is %s", where, x.Rule.ID.ID, x.Finding.Confidence, c.Part, c.Name, c.Truth)
		}
	}
}
