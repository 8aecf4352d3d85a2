package render

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"culprit/analyze/fact"
	"culprit/rules"
)

// maxScopes is how many scopes of a rule are explained unless all are asked for.
const maxScopes = 5

// Explain writes how a rule stands for each of its scopes: what holds and why, what
// does not and what is missing for it. all is what rules.Set.Explain returned.
func Explain(w io.Writer, all []rules.Explanation, o Options) error {
	_, err := io.WriteString(w, explainPage(all, o).b.String())
	return err
}

// ExplainLines is what Explain writes, line by line, as Lines is the report.
func ExplainLines(all []rules.Explanation, o Options) []Line {
	o.Color = false
	return explainPage(all, o).lines()
}

func explainPage(all []rules.Explanation, o Options) *page {
	t := newPage(o)
	if len(all) == 0 {
		t.b.WriteString("nothing here can be judged\n")
		return t
	}
	rule := all[0].Rule
	t.flow(Clean(rule.ID.ID+": "+rule.Title), 0, indent)
	nodes := map[fact.Place]bool{}
	for _, x := range all {
		nodes[x.At] = true
	}
	shown := t.limit(len(all), maxScopes)
	for _, x := range all[:shown] {
		t.b.WriteByte('\n')
		t.standing(x, len(nodes) > 1)
		for _, c := range x.Conditions {
			t.condition(c, 0)
		}
		label := "rows"
		for _, s := range x.Selections {
			t.field(label, Clean(selectedText(s)), "")
			label = ""
		}
	}
	if shown < len(all) {
		fmt.Fprintf(&t.b, "\nand %d more, see --full\n", len(all)-shown)
	}
	return t
}

// standing writes whether the rule holds, for what, and what it says or what bars it.
func (t *page) standing(x rules.Explanation, several bool) {
	head, text := "does not hold", x.Bar
	if f := x.Finding; f != nil {
		head, text = "holds: "+Standing(f), f.Summary
	}
	text = scopeText(x) + ": " + text
	if several {
		text = "node " + orUnknown(x.At.Node) + ", " + text
	}
	t.b.WriteString(t.mark(bold, head) + "  ")
	t.flow(Clean(text), len(head)+2, indent)
}

// scopeText names what the explanation is about.
func scopeText(x rules.Explanation) string {
	switch {
	case !x.Scope.IsZero():
		return string(x.Scope.Kind) + " " + orUnknown(rules.KeyName(x.Scope))
	case x.Finding != nil && len(x.Finding.Scope) > 0:
		return rules.ScopeNames(x.Finding.Scope)
	}
	return "no " + string(x.Rule.Per) + " found"
}

// condition writes a condition with its truth, and what shows it or is missing. Of one
// that does not hold its elements follow, each a dash deeper.
func (t *page) condition(c rules.Explained, depth int) {
	text := strings.Repeat("- ", depth)
	if depth == 0 {
		text = strings.TrimSpace(c.Part+" "+c.Rival) + ": "
	}
	elements := c.Of
	if c.Truth == rules.True {
		elements = nil
	}
	if c.Truth == rules.True || elements != nil {
		text += cmp.Or(c.Name, c.Words)
	} else {
		text += c.Words
	}
	if detail := detailOf(c); len(detail) > 0 && elements == nil {
		text += ": " + strings.Join(detail, "; ")
	}
	refs, shown := shownOf(c)
	t.cited(c.Truth.String(), Clean(text), refText(refs[:min(t.limit(maxRefs, shown), len(refs))]), refs)
	for _, sub := range elements {
		t.condition(sub, depth+1)
	}
}

// detailOf says what is missing of a condition and what its rows show.
func detailOf(c rules.Explained) []string {
	var detail []string
	if c.Truth == rules.Unknown {
		detail = append(detail, whyText(c.Why))
	}
	for _, e := range c.Evidence {
		if len(e.Rows) == 0 {
			continue
		}
		if text := evidenceText(e); !slices.Contains(detail, text) {
			detail = append(detail, text)
		}
	}
	return detail
}

// shownOf are the places that a condition rests on, and how many a short page shows:
// of what was searched one will do.
func shownOf(c rules.Explained) (refs []fact.Ref, shown int) {
	shown = 1
	for _, e := range c.Evidence {
		if len(e.Rows) > 0 {
			shown = 3
		}
		refs = fact.AppendRefs(refs, e.Refs(maxRefs)...)
	}
	return refs, shown
}

// selectedText counts what a selection found.
func selectedText(s rules.Selected) string {
	table := s.Table
	if s.Signature != "" {
		table += " of " + s.Signature
	}
	text := s.Name + ": there is no row of " + table
	if s.Rows > 0 {
		text = fmt.Sprintf("%s: %s of %s of %s", s.Name, rules.Thousands(int64(s.Passed)), plural(int64(s.Rows), "row"), table)
	}
	if s.Unknown > 0 {
		text += fmt.Sprintf(", and %s may be", rules.Thousands(int64(s.Unknown)))
	}
	return text
}
