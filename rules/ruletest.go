package rules

import (
	"slices"

	"culprit/analyze/fact"
)

// Test is a rule test: a small bundle given as text, and what must be found in
// it. The runner goes the whole way through and lives in package analyze.
//
//	rule: filesystem-frozen
//	name: writers of one superblock
//	files:
//	  proc/2990/stack: |
//	    [<0>] percpu_rwsem_wait+0x118/0x140
//	want:
//	  confidence: likely
//	  scope: [/data]
//	  evidence:
//	    writers wait for the thaw: [proc/2990/stack:1]
//
// `want: silent` is the test on a look-alike: the rule must not hold.
type Test struct {
	File string
	Line int
	Rule string
	Name string
	// Files are the contents by path.
	Files map[string]string
	// Silent wants no finding of the rule.
	Silent bool
	// Confidence and Status, "" any.
	Confidence Confidence
	Status     Status
	// Scope are names that must be in the scope.
	Scope []string
	// Evidence are refs that must stand under a condition's name.
	Evidence map[string][]string
	// RuledOut are rivals that must be ruled out.
	RuledOut []string
	// Verdict, where given, says whether it must be a verdict.
	Verdict *bool
	// ExplainedBy are rules that must stand above it in the chain.
	ExplainedBy []string
	// Summary must be the finding's sentence, where given.
	Summary string
}

// test reads one rule test.
func (l *loader) test(file string, text []byte) (*Test, error) {
	d := parse(file, text)
	if d.root == nil {
		return nil, d.err()
	}
	t := &Test{File: file, Line: d.root.Line, Files: map[string]string{}}
	seen := map[string]bool{}
	for _, f := range d.mapping(d.root, "a rule test", []string{"rule", "name", "files", "want"}) {
		seen[f.key.Value] = true
		switch f.key.Value {
		case "rule":
			t.Rule = d.str(f.value, "rule")
			l.known(d, f.value)
		case "name":
			t.Name = d.str(f.value, "name")
		case "files":
			for _, v := range d.mapping(f.value, "files", nil) {
				t.Files[v.key.Value] = v.value.Value
			}
		case "want":
			d.want(t, f)
		}
	}
	for _, key := range []string{"rule", "name", "files", "want"} {
		if !seen[key] {
			d.fail(d.root, "the test has no %s", key)
		}
	}
	return t, d.err()
}

func (d *document) want(t *Test, f field) {
	if f.value.Value == "silent" {
		t.Silent = true
		return
	}
	keys := []string{"confidence", "status", "scope", "evidence", "ruled_out", "verdict", "explained_by", "summary"}
	for _, v := range d.mapping(f.value, `want (or "silent")`, keys) {
		switch v.key.Value {
		case "confidence":
			t.Confidence = Confidence(d.oneOf(v.value, "confidence", []string{string(Certain), string(Likely), string(Suspected)}))
		case "status":
			t.Status = Status(d.oneOf(v.value, "status", []string{string(Active), string(Latent)}))
		case "scope":
			t.Scope = d.strs(v.value, "scope")
		case "evidence":
			t.Evidence = map[string][]string{}
			for _, e := range d.mapping(v.value, "evidence", nil) {
				t.Evidence[e.key.Value] = d.strs(e.value, "refs")
			}
		case "ruled_out":
			t.RuledOut = d.strs(v.value, "ruled_out")
		case "verdict":
			b := d.boolean(v.value, "verdict")
			t.Verdict = &b
		case "explained_by":
			t.ExplainedBy = d.strs(v.value, "explained_by")
		case "summary":
			t.Summary = d.str(v.value, "summary")
		}
	}
	if len(t.Evidence) == 0 {
		d.fail(f.key, "a firing test states the refs of its evidence")
	}
}

// Mismatch compares what was found with what the test wants; "" is a pass.
// found are all findings of the run, verdicts their roots.
func (t *Test) Mismatch(result Result) string {
	var mine *Finding
	at := -1
	for i, f := range result.Findings {
		if f.Rule.ID.ID == t.Rule && (mine == nil || t.scopeOK(f) && !t.scopeOK(mine)) {
			mine, at = f, i
		}
	}
	switch {
	case t.Silent && mine != nil:
		return "must be silent, but is " + string(mine.Confidence) + ": " + mine.Summary
	case t.Silent:
		return ""
	case mine == nil:
		return "not found"
	case t.Confidence != "" && mine.Confidence != t.Confidence:
		return "confidence is " + string(mine.Confidence) + ", want " + string(t.Confidence)
	case t.Status != "" && mine.Status != t.Status:
		return "status is " + string(mine.Status) + ", want " + string(t.Status)
	case !t.scopeOK(mine):
		return "scope is " + ScopeNames(mine.Scope)
	case t.Verdict != nil && slices.Contains(result.Verdicts, at) != *t.Verdict:
		return "being a verdict is not as wanted"
	case t.Summary != "" && mine.Summary != t.Summary:
		return "summary is: " + mine.Summary
	}
	return t.evidenceMismatch(mine, result)
}

func (t *Test) scopeOK(f *Finding) bool {
	for _, name := range t.Scope {
		if !slices.ContainsFunc(f.Scope, func(k fact.Key) bool { return KeyName(k) == name || k.ID == name }) {
			return false
		}
	}
	return true
}

func (t *Test) evidenceMismatch(f *Finding, result Result) string {
	for _, name := range sortedKeys(t.Evidence) {
		for _, want := range t.Evidence[name] {
			found := false
			for _, e := range f.Evidence {
				for _, row := range e.Rows {
					for _, ref := range e.rowRefs(row) {
						found = found || e.Name == name && ref.String() == want
					}
				}
			}
			if !found {
				return "evidence " + name + " does not cite " + want
			}
		}
	}
	for _, rival := range t.RuledOut {
		if !slices.ContainsFunc(f.RuledOut, func(r RuledOut) bool { return r.Rival == rival }) {
			return rival + " is not ruled out"
		}
	}
	for _, cause := range t.ExplainedBy {
		if !slices.ContainsFunc(f.ExplainedBy, func(i int) bool { return result.Findings[i].Rule.ID.ID == cause }) {
			return "not explained by " + cause
		}
	}
	return ""
}
