package render

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"culprit/analyze"
	"culprit/analyze/fact"
	"culprit/rules"
)

// causeOpen explains a verdict that is a mechanism.
const causeOpen = "what it waits for has no rule or no evidence here: this is how it hangs, not why"

// clockForm is how reports print a moment.
const clockForm = "2006-01-02 15:04:05 -0700"

const (
	indent   = 14 // columns of the label
	minWidth = 40
	// Bounds of what one report lists unless it is to be full; JSON has all of it.
	maxBecause  = 10
	maxOthers   = 12
	maxGaps     = 8
	maxProblems = 8
)

// Text writes the report for a terminal or a ticket: the verdict first, then
// what proves it, what was ruled out, what could not be checked, what to do.
func Text(w io.Writer, r *analyze.Report, o Options) error {
	_, err := io.WriteString(w, textPage(r, o).b.String())
	return err
}

// Line is one line of the text report, and the places of the bundle that it rests on.
type Line struct {
	Text string
	Refs []fact.Ref
	// Begins is set for the first line of a labelled paragraph.
	Begins bool
	// Rule is the id of the rule that the line speaks of, "" none.
	Rule string
}

// Lines is the text report, line by line, for a screen on which lines lead to their
// evidence. It has no escape sequences.
func Lines(r *analyze.Report, o Options) []Line {
	o.Color = false
	return textPage(r, o).lines()
}

func textPage(r *analyze.Report, o Options) *page {
	t := newPage(o)
	if len(r.Verdicts) == 0 {
		t.silence(r)
	}
	for _, i := range r.Verdicts {
		t.verdict(r, i)
	}
	t.pins(o.Pins)
	t.others(r)
	t.gaps(r)
	t.problems(r)
	t.footer(r)
	return t
}

// verdict writes one root with its chain and proof.
func (t *page) verdict(r *analyze.Report, i int) {
	f := r.Findings[i]
	label := "ROOT CAUSE"
	if f.CauseOpen {
		label = "CAUSE OPEN"
	}
	head := fmt.Sprintf("%-10s  %s  ", label, f.Confidence)
	t.b.WriteString(t.mark(red, label) + "  " + t.mark(bold, string(f.Confidence)) + "  ")
	t.rule = f.Rule.ID.ID
	defer func() { t.rule = "" }()
	t.begin()
	from := t.here()
	t.flow(Clean(f.Summary), utf8.RuneCountInString(head), indent)
	t.link(from, shownBy(f, 1))
	if f.CauseOpen {
		t.field("", causeOpen, "")
	}
	t.chain(r, i)
	t.because(r, i)
	t.rivals(f)
	t.steps(f)
	t.b.WriteByte('\n')
}

// chain lists what the root explains, the nearest first, findings of one rule in
// one line.
func (t *page) chain(r *analyze.Report, root int) {
	label, about := "chain", t.rule
	defer func() { t.rule = about }()
	for _, group := range consequences(r, root) {
		first := r.Findings[group[0]]
		t.rule = first.Rule.ID.ID
		t.cited(label, "-> "+Clean(linkText(r, group)), "["+first.Rule.ID.ID+"]", shownBy(first, maxRefs))
		label = ""
	}
}

// because lists the evidence of the root, then that of what it explains.
func (t *page) because(r *analyze.Report, root int) {
	label := "because"
	pieces := proof(r, root)
	shown := t.limit(len(pieces), maxBecause)
	for i, p := range pieces[:shown] {
		text := p.Conditions
		if len(p.Rows) > 0 {
			text += ": " + evidenceText(p.Evidence)
		}
		t.cited(label, fmt.Sprintf("%d %s", i+1, Clean(text)), refText(p.Refs(t.limit(maxRefs, 3))), p.Refs(maxRefs))
		label = ""
	}
	if shown < len(pieces) {
		t.field("", "and more, see --full", "")
	}
}

// rivals lists what was ruled out and what could not be.
func (t *page) rivals(f *rules.Finding) {
	label, about := "ruled out", t.rule
	defer func() { t.rule = about }()
	for _, o := range f.RuledOut {
		t.rule = o.Rival
		refs := ruledOutRefs(o)
		t.cited(label, o.Rival+": "+Clean(o.Name), refText(refs[:min(1, len(refs))]), refs)
		label = ""
	}
	label = "not checked"
	for _, o := range f.Open {
		t.rule = cmp.Or(o.Rival, about)
		t.field(label, Clean(cmp.Or(o.Rival, o.Name)+": "+openWhy(o)), "")
		label = ""
	}
}

// openWhy says why something could not be checked.
func openWhy(o rules.Open) string { return whyText(o.Why) }

func whyText(why []string) string {
	return cmp.Or(strings.Join(why, "; "), "the evidence does not show it")
}

// step is a part of the remedy.
type step struct {
	label string
	lines []string
}

func remedy(f *rules.Finding) []step {
	return []step{{"now", f.Next.Now}, {"for good", f.Next.ForGood}, {"collect", f.Next.Collect}}
}

func (t *page) steps(f *rules.Finding) {
	for _, step := range remedy(f) {
		label := step.label
		for _, line := range step.lines {
			t.field(label, Clean(line), "")
			label = ""
		}
	}
}

// silence says that no cause was found, which is not health, and shows what
// stands out. Where kinds of evidence are missing it says so.
func (t *page) silence(r *analyze.Report) {
	t.b.WriteString(t.mark(bold, "NO ROOT CAUSE") + "  ")
	t.flow(silenceText(r), 15, indent)
	label := "unusual"
	for _, u := range r.Unusual {
		t.cited(label, Clean(u.Text), refText(u.Refs[:min(1, len(u.Refs))]), u.Refs)
		label = ""
	}
	if looked, missing, _ := evidence(r); len(missing) > 0 {
		if len(looked) > 0 {
			t.field("looked at", strings.Join(looked, ", "), "")
		}
		t.field("not there", strings.Join(missing, ", ")+": causes that only these show were not looked for", "")
	}
	t.b.WriteByte('\n')
}

// silenceText says how little was found.
func silenceText(r *analyze.Report) string {
	_, missing, _ := evidence(r)
	switch {
	case len(r.Findings) > 0:
		return "nothing here proves a known cause; see the findings below"
	case len(r.Unusual) > 0 || r.Incomplete() || len(missing) > 0:
		return "no known cause matches this evidence"
	}
	return "no known cause matches, and nothing unusual was seen"
}

// others lists the findings that no verdict tells of.
func (t *page) others(r *analyze.Report) {
	rest := untold(r)
	t.list("ALSO FOUND", len(rest), maxOthers, func(i int) (label, text string, refs []fact.Ref) {
		f := r.Findings[rest[i]]
		t.rule = f.Rule.ID.ID
		return Standing(f), f.Summary + " [" + f.Rule.ID.ID + "]", shownBy(f, 1)
	})
	t.rule = ""
}

func (t *page) gaps(r *analyze.Report) {
	t.list("GAPS", len(r.Gaps), maxGaps, func(i int) (label, text string, refs []fact.Ref) {
		return "-", r.Gaps[i].What, r.Gaps[i].Refs[:min(1, len(r.Gaps[i].Refs))]
	})
}

func (t *page) problems(r *analyze.Report) {
	t.list("PROBLEMS WITH THE INPUT", len(r.Problems), maxProblems, func(i int) (label, text string, refs []fact.Ref) {
		return "-", r.Problems[i].Text, []fact.Ref{r.Problems[i].Ref}
	})
}

// list writes n rows, or the first limit of them, below a heading; nothing where
// n is 0.
func (t *page) list(heading string, n, limit int, row func(i int) (label, text string, refs []fact.Ref)) {
	if n == 0 {
		return
	}
	t.b.WriteString(t.mark(bold, heading) + "\n")
	shown := t.limit(n, limit)
	for i := range shown {
		label, text, refs := row(i)
		t.cited(label, Clean(text), refText(refs), refs)
	}
	if shown < n {
		t.field("", fmt.Sprintf("and %d more, see --full", n-shown), "")
	}
	t.b.WriteByte('\n')
}

// limit is how many of n rows are shown where a short report shows brief.
func (t *page) limit(n, brief int) int {
	if t.full {
		return n
	}
	return min(n, brief)
}

func (t *page) footer(r *analyze.Report) {
	t.b.WriteString(t.mark(dim, "bundle") + strings.Repeat(" ", indent-len("bundle")))
	t.flow(Clean(origin(r)), indent, indent)
	t.b.WriteString(t.mark(dim, "culprit") + strings.Repeat(" ", indent-len("culprit")))
	t.flow(fmt.Sprintf("%s, rules %.12s", r.Version, r.Rules), indent, indent)
}

// origin says what was read and what it tells of its node.
func origin(r *analyze.Report) string {
	text := fmt.Sprintf("%s, %s", r.Bundle, plural(int64(r.Sources), "source"))
	for _, n := range r.Nodes {
		text += "; node " + orUnknown(n.Name)
		if n.Kernel != "" {
			text += ", kernel " + n.Kernel
		}
		for _, d := range n.Daemons {
			if d.Version != "" {
				text += ", " + d.Name + " " + d.Version
			}
		}
		if !n.Collected.IsZero() {
			text += ", collected " + n.Collected.Format(clockForm)
		}
	}
	return text
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}

// refText joins refs with blanks.
func refText(refs []fact.Ref) string {
	var out []string
	for _, r := range refs {
		if r.Source != "" {
			out = append(out, Clean(r.String()))
		}
	}
	return strings.Join(out, " ")
}
