package render

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"culprit/analyze"
	"culprit/analyze/fact"
	"culprit/rules"
)

// TextOptions say how the text report is laid out.
type TextOptions struct {
	// Width in columns; 0 means 80.
	Width int
	// Color marks headings and confidence; they read the same without.
	Color bool
}

const (
	indent   = 14 // columns of the label
	minWidth = 40
	// Bounds of what one report lists; JSON has all of it.
	maxBecause  = 10
	maxOthers   = 12
	maxGaps     = 8
	maxProblems = 8
)

// Text writes the report for a terminal or a ticket: the verdict first, then
// what proves it, what was ruled out, what could not be checked, what to do.
func Text(w io.Writer, r *analyze.Report, o TextOptions) error {
	if o.Width == 0 {
		o.Width = 80
	}
	t := &page{width: max(o.Width, minWidth), color: o.Color}
	if len(r.Verdicts) == 0 {
		t.silence(r)
	}
	for _, i := range r.Verdicts {
		t.verdict(r, i)
	}
	t.others(r)
	t.gaps(r)
	t.problems(r)
	t.footer(r)
	_, err := io.WriteString(w, t.b.String())
	return err
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
	t.flow(clean(f.Summary), utf8.RuneCountInString(head), indent)
	if f.CauseOpen {
		t.field("", "what it waits for has no rule or no evidence here: this is how it hangs, not why", "")
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
	label := "chain"
	for _, group := range consequences(r, root) {
		first := r.Findings[group[0]]
		text := first.Summary
		if len(group) > 1 {
			var scope []fact.Key
			for _, i := range group {
				scope = append(scope, r.Findings[i].Scope...)
			}
			slices.SortFunc(scope, func(a, b fact.Key) int { return strings.Compare(rules.KeyName(a), rules.KeyName(b)) })
			text = first.Rule.Title + ": " + rules.ScopeNames(scope)
		}
		t.field(label, "-> "+clean(text), "["+first.Rule.ID.ID+"]")
		label = ""
	}
}

// consequences are the findings that root explains, in steps from it, grouped by
// rule.
func consequences(r *analyze.Report, root int) [][]int {
	var groups [][]int
	seen := map[int]bool{root: true}
	for level := []int{root}; len(level) > 0; {
		var next []int
		for _, i := range level {
			for _, j := range r.Findings[i].Explains {
				if !seen[j] {
					seen[j] = true
					next = append(next, j)
				}
			}
		}
		slices.Sort(next)
		for _, j := range next {
			g := slices.IndexFunc(groups, func(g []int) bool { return r.Findings[g[0]].Rule == r.Findings[j].Rule })
			if g < 0 {
				groups = append(groups, []int{j})
			} else {
				groups[g] = append(groups[g], j)
			}
		}
		level = next
	}
	return groups
}

// because lists the evidence of the root, then that of what it explains; pieces
// that rest on the same rows stand together.
func (t *page) because(r *analyze.Report, root int) {
	pieces := slices.Clone(r.Findings[root].Evidence)
	for _, group := range consequences(r, root) {
		pieces = append(pieces, r.Findings[group[0]].Evidence...)
	}
	label := "because"
	n := 0
	for i, e := range pieces {
		same := func(o rules.Evidence) bool {
			return slices.Equal(o.Rows, e.Rows) && (len(e.Rows) > 0 || o.Name == e.Name)
		}
		if slices.ContainsFunc(pieces[:i], same) {
			continue
		}
		if n++; n > maxBecause {
			t.field("", "and more, see --format json", "")
			break
		}
		text := e.Name
		for _, o := range r.Findings[root].Evidence {
			if same(o) && !strings.Contains(text, o.Name) {
				text += "; " + o.Name
			}
		}
		if len(e.Rows) > 0 {
			text += ": " + evidenceText(e)
		}
		t.field(label, fmt.Sprintf("%d %s", n, clean(text)), refText(e.Refs(3)))
		label = ""
	}
}

// rivals lists what was ruled out and what could not be.
func (t *page) rivals(f *rules.Finding) {
	label := "ruled out"
	for _, o := range f.RuledOut {
		t.field(label, o.Rival+": "+clean(o.Name), refText(ruledOutRefs(o)[:min(1, len(ruledOutRefs(o)))]))
		label = ""
	}
	label = "not checked"
	for _, o := range f.Open {
		name := clean(o.Name)
		if o.Rival != "" {
			name = o.Rival
		}
		why := "the evidence does not show it"
		if len(o.Why) > 0 {
			why = clean(strings.Join(o.Why, "; "))
		}
		t.field(label, name+": "+why, "")
		label = ""
	}
}

func (t *page) steps(f *rules.Finding) {
	for _, step := range []struct {
		label string
		lines []string
	}{{"now", f.Next.Now}, {"for good", f.Next.ForGood}, {"collect", f.Next.Collect}} {
		label := step.label
		for _, line := range step.lines {
			t.field(label, clean(line), "")
			label = ""
		}
	}
}

// silence says that no cause was found, which is not health, and shows what
// stands out.
func (t *page) silence(r *analyze.Report) {
	t.b.WriteString(t.mark(bold, "NO ROOT CAUSE") + "  ")
	switch {
	case len(r.Findings) > 0:
		t.flow("nothing here proves a known cause; see the findings below", 15, indent)
	case len(r.Unusual) > 0 || r.Incomplete():
		t.flow("no known cause matches this evidence", 15, indent)
	default:
		t.flow("no known cause matches, and nothing unusual was seen", 15, indent)
	}
	label := "unusual"
	for _, u := range r.Unusual {
		t.field(label, clean(u.Text), refText(u.Refs[:min(1, len(u.Refs))]))
		label = ""
	}
	t.b.WriteByte('\n')
}

// others lists findings that no verdict tells of: suspected, latent, or explained
// by something that is no verdict itself.
func (t *page) others(r *analyze.Report) {
	told := map[int]bool{}
	for _, v := range r.Verdicts {
		told[v] = true
		for _, group := range consequences(r, v) {
			for _, i := range group {
				told[i] = true
			}
		}
	}
	n := 0
	for i, f := range r.Findings {
		if told[i] {
			continue
		}
		if n++; n > maxOthers {
			continue
		}
		if n == 1 {
			t.b.WriteString(t.mark(bold, "ALSO FOUND") + "\n")
		}
		word := string(f.Confidence)
		switch {
		case f.Status == rules.Latent:
			word = "latent"
		case f.Rule.ID.Role == rules.RoleSymptom || f.Rule.ID.Role == rules.RoleRouter:
			word = "symptom"
		}
		t.field(word, clean(f.Summary)+" ["+f.Rule.ID.ID+"]", refText(shownBy(f)))
	}
	if n > maxOthers {
		t.field("", fmt.Sprintf("and %d more, see --format json", n-maxOthers), "")
	}
	if n > 0 {
		t.b.WriteByte('\n')
	}
}

// shownBy is one line that shows the finding: of its effect, where that is seen.
func shownBy(f *rules.Finding) []fact.Ref {
	var refs []fact.Ref
	for _, e := range f.Evidence {
		isEffect := slices.ContainsFunc(f.Rule.Effect, func(c *rules.Condition) bool { return c.Name == e.Name })
		if refs == nil || isEffect {
			refs = e.Refs(1)
		}
		if isEffect {
			break
		}
	}
	return refs
}

func (t *page) gaps(r *analyze.Report) {
	t.list("GAPS", len(r.Gaps), maxGaps, func(i int) (string, []fact.Ref) {
		return r.Gaps[i].What, r.Gaps[i].Refs[:min(1, len(r.Gaps[i].Refs))]
	})
}

func (t *page) problems(r *analyze.Report) {
	t.list("PROBLEMS WITH THE INPUT", len(r.Problems), maxProblems, func(i int) (string, []fact.Ref) {
		return r.Problems[i].Text, []fact.Ref{r.Problems[i].Ref}
	})
}

// list writes the first limit of n rows below a heading; nothing where n is 0.
func (t *page) list(heading string, n, limit int, row func(i int) (text string, refs []fact.Ref)) {
	if n == 0 {
		return
	}
	t.b.WriteString(t.mark(bold, heading) + "\n")
	for i := range min(n, limit) {
		text, refs := row(i)
		t.field("-", clean(text), refText(refs))
	}
	if n > limit {
		t.field("", fmt.Sprintf("and %d more, see --format json", n-limit), "")
	}
	t.b.WriteByte('\n')
}

func (t *page) footer(r *analyze.Report) {
	text := fmt.Sprintf("%s, %s", clean(r.Bundle), plural(int64(r.Sources), "source"))
	for _, n := range r.Nodes {
		text += "; node " + orUnknown(clean(n.Name))
		if n.Kernel != "" {
			text += ", kernel " + clean(n.Kernel)
		}
		for _, d := range n.Daemons {
			if d.Version != "" {
				text += ", " + d.Name + " " + clean(d.Version)
			}
		}
		if !n.Collected.IsZero() {
			text += ", collected " + n.Collected.Format("2006-01-02 15:04:05 -0700")
		}
	}
	t.b.WriteString(t.mark(dim, "bundle") + strings.Repeat(" ", indent-len("bundle")))
	t.flow(text, indent, indent)
	t.b.WriteString(t.mark(dim, "culprit") + strings.Repeat(" ", indent-len("culprit")))
	t.flow(fmt.Sprintf("%s, rules %.12s", r.Version, r.Rules), indent, indent)
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
			out = append(out, clean(r.String()))
		}
	}
	return strings.Join(out, " ")
}
