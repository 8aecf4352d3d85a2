package render

import (
	"fmt"
	"strings"

	"culprit/analyze"
)

// Finding is finding i of r by itself, line by line, as Lines is the report: what it
// rests on, what was ruled out, what explains it and what it explains.
func Finding(r *analyze.Report, i, width int) []Line {
	f := r.Findings[i]
	t := &page{width: max(width, minWidth), full: true, rule: f.Rule.ID.ID}
	t.b.WriteString(strings.ToUpper(Standing(f)) + "  ")
	t.flow(Clean(f.Summary), len(Standing(f))+2, indent)
	t.field("rule", Clean(fmt.Sprintf("%s, %s, layer %s", f.Rule.ID.ID, f.Rule.Severity, f.Rule.ID.Layer)), "")
	if !f.Since.IsZero() {
		t.field("since", f.Since.Format(clockForm), "")
	}
	label := "caused by"
	for _, j := range f.ExplainedBy {
		t.cited(label, Clean(r.Findings[j].Summary), "", shownBy(r.Findings[j], 1))
		label = ""
	}
	t.chain(r, i)
	t.because(r, i)
	t.rivals(f)
	t.steps(f)
	return t.lines()
}
