package render

import (
	"encoding/json"
	"io"
	"time"

	"culprit/analyze"
	"culprit/analyze/fact"
	"culprit/rules"
)

// maxRefs bounds the refs that a piece of evidence prints: 20,000 sockets are
// proved by their number and a few lines.
const maxRefs = 8

type jsonReport struct {
	Schema   string        `json:"schema"`
	Tool     jsonTool      `json:"tool"`
	Bundle   jsonBundle    `json:"bundle"`
	Verdicts []jsonFinding `json:"verdicts"`
	Findings []jsonFinding `json:"findings"`
	Gaps     []jsonGap     `json:"gaps"`
	Problems []jsonText    `json:"problems"`
}

type jsonTool struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	Rules   string `json:"rules"`
}

type jsonBundle struct {
	Name    string     `json:"name"`
	Format  string     `json:"format"`
	Sources int        `json:"sources"`
	Bytes   int64      `json:"bytes"`
	Nodes   []jsonNode `json:"nodes"`
	Unusual []jsonText `json:"unusual"`
	// Evidence is each kind that decides incidents, also one of which there is nothing.
	Evidence []jsonSeen `json:"evidence"`
}

type jsonSeen struct {
	Kind     string `json:"kind"`
	Count    int64  `json:"count"`
	Complete bool   `json:"complete"`
}

type jsonNode struct {
	Name      string            `json:"name"`
	Boot      string            `json:"boot"`
	Kernel    string            `json:"kernel"`
	OS        string            `json:"os"`
	Collected string            `json:"collected"`
	Daemons   map[string]string `json:"daemons"`
}

type jsonFinding struct {
	Rule        string         `json:"rule"`
	Aliases     []string       `json:"aliases"`
	Title       string         `json:"title"`
	Summary     string         `json:"summary"`
	Layer       string         `json:"layer"`
	Role        string         `json:"role"`
	Severity    string         `json:"severity"`
	Confidence  string         `json:"confidence"`
	Status      string         `json:"status"`
	CauseOpen   bool           `json:"cause_open"`
	Since       string         `json:"since"`
	Scope       []jsonKey      `json:"scope"`
	Evidence    []jsonEvidence `json:"evidence"`
	RuledOut    []jsonRuledOut `json:"ruled_out"`
	NotChecked  []jsonOpen     `json:"not_checked"`
	Explains    []string       `json:"explains"`
	ExplainedBy []string       `json:"explained_by"`
	Next        jsonNext       `json:"next"`
	FixedIn     []jsonFix      `json:"fixed_in"`
	Refs        []string       `json:"refs"`
}

type jsonKey struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	Name string `json:"name"`
	Node string `json:"node"`
}

type jsonEvidence struct {
	Name string    `json:"name"`
	Text string    `json:"text"`
	Refs []jsonRef `json:"refs"`
}

type jsonRef struct {
	Source  string `json:"source"`
	Line    int    `json:"line"`
	EndLine int    `json:"end_line"`
}

type jsonRuledOut struct {
	Rule string    `json:"rule"`
	Text string    `json:"text"`
	Refs []jsonRef `json:"refs"`
}

type jsonOpen struct {
	Rule string   `json:"rule"`
	Text string   `json:"text"`
	Why  []string `json:"why"`
}

type jsonNext struct {
	Now     []string `json:"now"`
	ForGood []string `json:"for_good"`
	Collect []string `json:"collect"`
}

type jsonFix struct {
	Component string `json:"component"`
	Version   string `json:"version"`
	Ref       string `json:"ref"`
}

type jsonGap struct {
	Text  string    `json:"text"`
	Rules []string  `json:"rules"`
	Refs  []jsonRef `json:"refs"`
}

type jsonText struct {
	Text string    `json:"text"`
	Refs []jsonRef `json:"refs"`
}

// JSON writes the report in the form of report.schema.json, indented, with a
// final newline.
func JSON(w io.Writer, r *analyze.Report) error {
	out := jsonReport{
		Schema: analyze.SchemaVersion,
		Tool:   jsonTool{"culprit", r.Version, r.Rules},
		Bundle: jsonBundle{Name: Clean(r.Bundle), Format: r.Format, Sources: r.Sources, Bytes: r.Bytes, Nodes: []jsonNode{}},
	}
	for _, n := range r.Nodes {
		node := jsonNode{Name: Clean(n.Name), Boot: Clean(n.Boot), Kernel: Clean(n.Kernel), OS: Clean(n.OS), Collected: stamp(n.Collected), Daemons: map[string]string{}}
		for _, d := range n.Daemons {
			node.Daemons[d.Name] = Clean(d.Version)
		}
		out.Bundle.Nodes = append(out.Bundle.Nodes, node)
	}
	out.Findings = make([]jsonFinding, len(r.Findings))
	for i := range r.Findings {
		out.Findings[i] = jsonOf(r, i)
	}
	out.Verdicts = []jsonFinding{}
	for _, i := range r.Verdicts {
		out.Verdicts = append(out.Verdicts, out.Findings[i])
	}
	out.Gaps = []jsonGap{}
	for _, g := range r.Gaps {
		out.Gaps = append(out.Gaps, jsonGap{Clean(g.What), list(g.Rules), refsOf(g.Refs)})
	}
	out.Bundle.Evidence = []jsonSeen{}
	for _, seen := range r.Seen {
		out.Bundle.Evidence = append(out.Bundle.Evidence, jsonSeen{kinds[seen.Table].things, seen.N, seen.Complete})
	}
	out.Bundle.Unusual = []jsonText{}
	for _, u := range r.Unusual {
		out.Bundle.Unusual = append(out.Bundle.Unusual, jsonText{Clean(u.Text), refsOf(u.Refs)})
	}
	out.Problems = []jsonText{}
	for _, p := range r.Problems {
		out.Problems = append(out.Problems, jsonText{Clean(p.Text), refsOf([]fact.Ref{p.Ref})})
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(out)
}

func jsonOf(r *analyze.Report, i int) jsonFinding {
	f := r.Findings[i]
	out := jsonFinding{
		Rule: f.Rule.ID.ID, Aliases: list(f.Rule.ID.Aliases), Title: f.Rule.Title, Summary: Clean(f.Summary),
		Layer: f.Rule.ID.Layer, Role: string(f.Rule.ID.Role), Severity: f.Rule.Severity,
		Confidence: string(f.Confidence), Status: string(f.Status), CauseOpen: f.CauseOpen, Since: stamp(f.Since),
		Scope: []jsonKey{}, Evidence: []jsonEvidence{}, RuledOut: []jsonRuledOut{}, NotChecked: []jsonOpen{},
		Explains: ruleNames(r, f.Explains), ExplainedBy: ruleNames(r, f.ExplainedBy),
		Next: jsonNext{cleanAll(f.Next.Now), cleanAll(f.Next.ForGood), cleanAll(f.Next.Collect)}, FixedIn: []jsonFix{}, Refs: list(f.Rule.Refs),
	}
	for _, k := range f.Scope {
		out.Scope = append(out.Scope, jsonKey{string(k.Kind), Clean(k.ID), Clean(k.Name), Clean(k.Node)})
	}
	for _, e := range f.Evidence {
		out.Evidence = append(out.Evidence, jsonEvidence{e.Name, evidenceText(e), refsOf(e.Refs(maxRefs))})
	}
	for _, o := range f.RuledOut {
		out.RuledOut = append(out.RuledOut, jsonRuledOut{o.Rival, o.Name, refsOf(ruledOutRefs(o))})
	}
	for _, o := range f.Open {
		out.NotChecked = append(out.NotChecked, jsonOpen{o.Rival, o.Name, cleanAll(o.Why)})
	}
	for _, fix := range f.Rule.FixedIn {
		out.FixedIn = append(out.FixedIn, jsonFix(fix))
	}
	return out
}

// ruledOutRefs are the lines against a rival.
func ruledOutRefs(o rules.RuledOut) []fact.Ref {
	var refs []fact.Ref
	for _, e := range o.Evidence {
		refs = fact.AppendRefs(refs, e.Refs(2)...)
	}
	return refs
}

// ruleNames are the rules of the findings, each once.
func ruleNames(r *analyze.Report, indexes []int) []string {
	names := []string{}
	seen := map[string]bool{}
	for _, i := range indexes {
		if id := r.Findings[i].Rule.ID.ID; !seen[id] {
			seen[id] = true
			names = append(names, id)
		}
	}
	return names
}

func refsOf(refs []fact.Ref) []jsonRef {
	out := []jsonRef{}
	for _, ref := range refs {
		if ref.Source != "" && len(out) < maxRefs {
			out = append(out, jsonRef{Clean(ref.Source), ref.Line, max(ref.Line, ref.EndLine)})
		}
	}
	return out
}

func cleanAll(in []string) []string {
	out := make([]string, len(in))
	for i, s := range in {
		out[i] = Clean(s)
	}
	return out
}

// list is never null in JSON.
func list(s []string) []string { return append([]string{}, s...) }

// stamp is RFC 3339 with the zone as written, "" unknown.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339Nano)
}
