package render

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"culprit/analyze"
	"culprit/analyze/fact"
	"culprit/rules"
)

// explained judges one rule over a report's tables.
func explained(t testing.TB, r *analyze.Report, rule string) []rules.Explanation {
	t.Helper()
	set, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	found, _, ok := set.Find(rule)
	if !ok || found == nil {
		t.Fatalf("no rule %s", rule)
	}
	return set.Explain(r.Tables, found)
}

func textOf(lines []Line) string {
	var b strings.Builder
	for _, l := range lines {
		b.WriteString(l.Text + "\n")
	}
	return b.String()
}

// TestSamplesExplained holds the explanations of a rule that fired, of one that did not
// and of one without a scope to their goldens.
func TestSamplesExplained(t *testing.T) {
	r := sampleReport(t, "dstate-stop-18.09.2")
	for _, rule := range []string{"filesystem-frozen", "shim-killed", "kubelet-retry-amplifier"} {
		all := explained(t, r, rule)
		lines := ExplainLines(all, Options{})
		golden(t, filepath.Join("testdata", "explain-"+rule+".golden"), []byte(textOf(lines)))
		var b bytes.Buffer
		if err := Explain(&b, all, Options{Color: true}); err != nil {
			t.Fatal(err)
		}
		if stripColor(b.String()) != textOf(lines) {
			t.Errorf("%s: the page and its lines differ:\n%s", rule, b.String())
		}
	}
}

// TestExplainLinesLead: a condition's lines lead to its rows, or to what was searched;
// what nothing shows leads nowhere.
func TestExplainLinesLead(t *testing.T) {
	lines := ExplainLines(explained(t, sampleReport(t, "dstate-stop-18.09.2"), "shim-killed"), Options{})
	for start, want := range map[string]string{
		"does not hold":                       "",
		"  true        - at_least 1 of asked": "logs/dockerd.log:3151",
		"  false       - - at_least 1 of oom": "logs/messages",
		"              oomed: ":               "",
	} {
		i := slices.IndexFunc(lines, func(l Line) bool { return strings.HasPrefix(l.Text, start) })
		if i < 0 {
			t.Errorf("no line begins with %q", start)
			continue
		}
		got := ""
		if len(lines[i].Refs) > 0 {
			got = lines[i].Refs[0].String()
		}
		if got != want {
			t.Errorf("%q leads to %q, want %q", start, got, want)
		}
	}
}

// TestExplainScopes: five scopes unless all are asked for, and the node where there are
// several.
func TestExplainScopes(t *testing.T) {
	rule := &rules.Rule{ID: rules.ID{ID: "r"}, Per: fact.KeyPID, Title: "a rule"}
	var all []rules.Explanation
	for _, pid := range []string{"1", "2", "3", "4", "5", "6", "7"} {
		all = append(all, rules.Explanation{Rule: rule, Scope: fact.NewKey(fact.KeyPID, fact.Place{}, pid, "sh"), Bar: "its cause is false"})
	}
	short, full := textOf(ExplainLines(all, Options{})), textOf(ExplainLines(all, Options{Full: true}))
	if n := strings.Count(short, "does not hold  pid sh ("); n != 5 || !strings.HasSuffix(short, "\nand 2 more, see --full\n") {
		t.Errorf("%d scopes:\n%s", n, short)
	}
	if n := strings.Count(full, "does not hold  pid sh ("); n != 7 || strings.Contains(full, "more") {
		t.Errorf("%d scopes:\n%s", n, full)
	}
	all[1].At, all[1].Scope = fact.Place{Node: "n2"}, fact.Key{}
	if got := textOf(ExplainLines(all, Options{})); !strings.Contains(got, "does not hold  node n2, no pid found: its cause is false\n") || !strings.Contains(got, "node unknown, pid sh (1): ") {
		t.Errorf("no node:\n%s", got)
	}
	if got := textOf(ExplainLines(nil, Options{})); got != "nothing here can be judged\n" {
		t.Errorf("of nothing: %q", got)
	}
}

// TestFlow: a text that begins in one column and goes on in another is written once,
// whatever blanks are in it.
func TestFlow(t *testing.T) {
	p := newPage(Options{Width: 40})
	p.flow("two  blanks, and more words than one line holds", 10, 2)
	if got, want := p.b.String(), "two blanks, and more words\n  than one line holds\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// FuzzExplain: no byte of a bundle harms the terminal or breaks the width.
func FuzzExplain(f *testing.F) {
	f.Add("name\x1b]0;x\x07", "text \u202e\n\r", 80)
	f.Add(strings.Repeat("x", 500), "\xff\xfe", 41)
	f.Fuzz(func(t *testing.T, source, text string, width int) {
		width = 40 + width&0xff
		root := commentOf(text).Findings[0]
		element := rules.Explained{Words: text, Truth: rules.Unknown, Why: []string{source}}
		x := rules.Explanation{Rule: &rules.Rule{ID: rules.ID{ID: strings.Repeat("long-", 12)}, Title: text}, At: fact.Place{Node: source}, Finding: root,
			Scope: fact.NewKey(fact.KeyContainer, fact.Place{}, source, text),
			Conditions: []rules.Explained{{Part: "cause", Name: text, Words: text, Truth: rules.True, Evidence: root.Evidence},
				{Part: "rules out", Rival: "x", Name: text, Truth: rules.False, Of: []rules.Explained{element}}},
			Selections: []rules.Selected{{Name: "s", Table: "hits", Signature: text}}}
		for _, l := range ExplainLines([]rules.Explanation{x, {Rule: x.Rule, Bar: text}}, Options{Width: width}) {
			if n := utf8.RuneCountInString(l.Text); n > width {
				t.Errorf("%d columns: %q", n, l.Text)
			}
			if Clean(l.Text) != l.Text {
				t.Errorf("unsafe: %q", l.Text)
			}
		}
	})
}
