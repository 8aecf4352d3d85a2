package render

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"culprit/analyze"
	"culprit/analyze/fact"
	"culprit/rules"
)

// Bounds of a comment that is not full: about a page and a half.
const (
	briefEvidence = 5
	briefChain    = 8
	briefRivals   = 6
	briefOthers   = 5
	briefGaps     = 5
	briefProblems = 3
)

// Markdown writes the report as a comment for a ticket, in plain CommonMark: the
// verdict, the chain, the evidence with its place and the raw line, what was ruled
// out, what was not checked, the remedy. The lines come from r.Excerpts; Cited
// says which it takes.
func Markdown(w io.Writer, r *analyze.Report, o Options) error {
	_, err := io.WriteString(w, comment(r, o).b.String())
	return err
}

// Cited are the refs whose lines Markdown quotes.
func Cited(r *analyze.Report, o Options) []fact.Ref { return comment(r, o).cited }

// ticket is the comment under way.
type ticket struct {
	b    strings.Builder
	r    *analyze.Report
	full bool
	// cited are the refs that were to be quoted, unread counts those whose line is
	// not there.
	cited  []fact.Ref
	unread int
}

func comment(r *analyze.Report, o Options) *ticket {
	m := &ticket{r: r, full: o.Full}
	if len(r.Verdicts) == 0 {
		m.silence(o.Pins)
	}
	for _, i := range r.Verdicts {
		m.verdict(i)
	}
	if len(r.Verdicts) > 0 {
		m.pins(o.Pins)
		m.others()
		m.gaps("Gaps")
	}
	m.problems()
	m.footer()
	return m
}

func (m *ticket) printf(format string, args ...any) { fmt.Fprintf(&m.b, format, args...) }

// list writes n items below a label, or the first brief of them.
func (m *ticket) list(label string, n, brief int, item func(i int) string) {
	if n == 0 {
		return
	}
	m.printf("**%s**\n\n", label)
	shown := m.limit(n, brief)
	for i := range shown {
		m.printf("- %s\n", item(i))
	}
	if shown < n {
		m.printf("- and %d more\n", n-shown)
	}
	m.printf("\n")
}

func (m *ticket) limit(n, brief int) int {
	if m.full {
		return n
	}
	return min(n, brief)
}

// earned says how a confidence is earned.
var earned = map[rules.Confidence]string{
	rules.Certain: "cause and effect are proved in the same place, and the evidence rules out every look-alike",
	rules.Likely:  "the cause is there, something is unproved",
}

func (m *ticket) verdict(i int) {
	f := m.r.Findings[i]
	label, means := "Root cause", earned[f.Confidence]
	if f.CauseOpen {
		label, means = "Cause open", causeOpen
	}
	m.printf("## %s (%s): %s\n\n", label, f.Confidence, inline(f.Summary))
	m.printf("Rule %s, severity %s", code(f.Rule.ID.ID), inline(f.Rule.Severity))
	if !f.Since.IsZero() {
		m.printf(", first seen %s", inline(f.Since.Format(clockForm)))
	}
	m.printf(". %s: %s.\n\n", capital(string(f.Confidence)), means)
	links := consequences(m.r, i)
	m.list("Chain: what follows from it, nearest first", len(links), briefChain, func(n int) string {
		return inline(linkText(m.r, links[n])) + " (" + code(m.r.Findings[links[n][0]].Rule.ID.ID) + ")"
	})
	m.evidence(proof(m.r, i))
	m.list("Ruled out", len(f.RuledOut), briefRivals, func(n int) string {
		o := f.RuledOut[n]
		return code(o.Rival) + ": " + inline(o.Name) + m.places(ruledOutRefs(o))
	})
	m.list("Not checked", len(f.Open), briefRivals, func(n int) string {
		o := f.Open[n]
		if o.Rival == "" {
			return inline(o.Name + ": " + openWhy(o))
		}
		return code(o.Rival) + ": " + inline(openWhy(o))
	})
	m.remedy(f)
	if m.full {
		m.background(f)
	}
}

// evidence numbers the pieces, each with its place and the line that stands there.
func (m *ticket) evidence(pieces []piece) {
	shown := pieces
	label := "Evidence"
	if !m.full {
		if shown = telling(pieces, briefEvidence); len(shown) < len(pieces) {
			label = fmt.Sprintf("Evidence: %d of %d pieces", len(shown), len(pieces))
		}
	}
	if len(shown) == 0 {
		return
	}
	m.printf("**%s**\n\n", label)
	for i, p := range shown {
		number := fmt.Sprintf("%d. ", i+1)
		text := p.Conditions
		if len(p.Rows) > 0 {
			text += ": " + saysText(p.Evidence)
		}
		m.printf("%s%s\n", number, inline(text))
		m.lines(p.Evidence, strings.Repeat(" ", len(number)))
	}
	m.printf("\n")
}

// lines writes where a piece of evidence stands in the bundle and what stands
// there. Where nothing was found it says where that was looked for.
func (m *ticket) lines(e rules.Evidence, indent string) {
	if len(e.Rows) == 0 {
		if at := m.refs(e.Refs(maxRefs)); at != "" {
			m.printf("%s- looked for in %s\n", indent, at)
		}
		return
	}
	refs := e.Refs(maxRefs)
	if !m.full {
		refs = []fact.Ref{tellingRef(e)}
	}
	for _, ref := range refs {
		if ref.Source == "" {
			continue
		}
		m.printf("%s- %s", indent, code(ref.String()))
		if !m.full && largest(e) != nil && len(e.Rows) > 1 {
			m.printf(", the largest of %d groups", len(e.Rows))
		}
		quoted := m.excerpt(ref, e)
		switch {
		case len(quoted) == 0:
			m.printf("\n")
		case m.full && len(quoted) > 1:
			m.printf(":\n%s", fenced(quoted, indent+"  "))
		default:
			m.printf(": %s\n", quote(quoted, e))
		}
	}
	if m.full && len(e.Refs(maxRefs+1)) > maxRefs {
		m.printf("%s- and more places\n", indent)
	}
}

// excerpt is the lines at ref; of a log line the fact itself keeps the text.
func (m *ticket) excerpt(ref fact.Ref, e rules.Evidence) []string {
	if ref.Line == 0 {
		return nil
	}
	asked := quotedRange(ref, e)
	m.cited = append(m.cited, asked)
	text, found := m.r.Excerpts[asked]
	if hit, isHit := e.Rows[0].Value.(*fact.Hit); isHit && !found && slices.Index(hit.Refs, ref) == 0 {
		text, found = hit.Text, true
	}
	if !found {
		m.unread++
		return nil
	}
	return strings.Split(text, "\n")
}

// places are refs in brackets behind a sentence.
func (m *ticket) places(refs []fact.Ref) string {
	if at := m.refs(refs); at != "" {
		return " (" + at + ")"
	}
	return ""
}

// refs are places, the first one unless the comment is full.
func (m *ticket) refs(refs []fact.Ref) string {
	var out []string
	for _, ref := range refs[:m.limit(len(refs), 1)] {
		if ref.Source != "" {
			out = append(out, code(ref.String()))
		}
	}
	return strings.Join(out, ", ")
}

func (m *ticket) remedy(f *rules.Finding) {
	var lines []string
	for _, step := range remedy(f) {
		for _, line := range step.lines {
			lines = append(lines, capital(step.label)+": "+inline(line))
		}
	}
	m.list("What to do", len(lines), len(lines), func(i int) string { return lines[i] })
}

// background is what the rule knows beyond the incident.
func (m *ticket) background(f *rules.Finding) {
	var lines []string
	for _, fix := range f.Rule.FixedIn {
		lines = append(lines, fmt.Sprintf("fixed in %s %s: %s", inline(fix.Component), code(fix.Version), code(fix.Ref)))
	}
	for _, ref := range f.Rule.Refs {
		lines = append(lines, code(ref))
	}
	m.list("Read more", len(lines), len(lines), func(i int) string { return lines[i] })
}

// silence says that no cause was found, which is not health: what was looked at,
// what stands out or was pinned, what is missing, what to collect.
func (m *ticket) silence(pins []Pin) {
	m.printf("## No root cause found\n\n%s. ", capital(inline(silenceText(m.r))))
	m.printf("That is no proof of health: it holds only for what was looked at.\n\n")
	looked, missing, collect := evidence(m.r)
	if len(looked) > 0 {
		m.printf("**Looked at:** %s.\n\n", strings.Join(looked, ", "))
	}
	m.list("Stands out", len(m.r.Unusual), len(m.r.Unusual), func(i int) string {
		u := m.r.Unusual[i]
		return inline(u.Text) + m.places(u.Refs)
	})
	m.pins(pins)
	m.others()
	if len(missing) > 0 {
		m.printf("**Not in the bundle:** %s.\n\n", strings.Join(missing, ", "))
	}
	m.gaps("Could not be checked")
	for _, i := range untold(m.r) {
		for _, line := range m.r.Findings[i].Next.Collect {
			if text := inline(line); !slices.Contains(collect, text) {
				collect = append(collect, text)
			}
		}
	}
	collect = append(collect, "the same again while the node misbehaves, twice a few minutes apart: what grows between them tells most")
	m.list("To decide, collect", len(collect), len(collect), func(i int) string { return collect[i] })
}

func (m *ticket) others() {
	rest := untold(m.r)
	m.list("Also found", len(rest), briefOthers, func(i int) string {
		f := m.r.Findings[rest[i]]
		return Standing(f) + " " + code(f.Rule.ID.ID) + ": " + inline(f.Summary) + m.places(shownBy(f, 1))
	})
}

func (m *ticket) gaps(label string) {
	m.list(label, len(m.r.Gaps), briefGaps, func(i int) string {
		g := m.r.Gaps[i]
		return inline(g.What) + m.places(g.Refs)
	})
}

func (m *ticket) problems() {
	m.list("Problems with the input", len(m.r.Problems), briefProblems, func(i int) string {
		p := m.r.Problems[i]
		return inline(p.Text) + m.places([]fact.Ref{p.Ref})
	})
}

func (m *ticket) footer() {
	if m.unread > 0 {
		m.printf("%s could not be read a second time and %s not quoted.\n\n", capital(plural(int64(m.unread), "place")), cmp.Or(map[int]string{1: "is"}[m.unread], "are"))
	}
	m.printf("Bundle %s. Read by culprit %s, rules %s.\n", inline(origin(m.r)), code(m.r.Version), code(fmt.Sprintf("%.12s", m.r.Rules)))
}

// capital begins a sentence.
func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
