package rules

import (
	"cmp"
	"slices"
	"strings"

	"culprit/analyze/fact"
)

// Result is what a pack finds in a bundle's tables.
type Result struct {
	// Findings, roots first in the order of verdicts, then the rest by
	// confidence, layer and onset.
	Findings []*Finding
	// Verdicts are indexes of the roots that are verdicts, most important first.
	Verdicts []int
	// Problems are rules that were stopped or failed.
	Problems []fact.Problem
}

// Evaluate judges every rule over t, node by node, and links what it finds.
func (s *Set) Evaluate(t *fact.Tables) Result {
	var out Result
	for _, at := range places(t) {
		e := newEvaluator(t, at)
		for _, r := range s.Rules {
			out.Findings = append(out.Findings, e.rule(r)...)
		}
		out.Problems = append(out.Problems, e.problems...)
	}
	slices.SortStableFunc(out.Findings, compareFindings)
	if len(out.Findings) > 0 {
		link(out.Findings, s.causes(), newGraph(t.Edges))
	}
	out.Verdicts = verdicts(out.Findings)
	return out
}

// places are the node boots of t at the moment of the collection.
func places(t *fact.Tables) []fact.Place {
	seen := map[fact.Place]bool{}
	var out []fact.Place
	add := func(p fact.Place) {
		if p.Snapshot == "" && !seen[p] {
			seen[p] = true
			out = append(out, p)
		}
	}
	for _, c := range t.Coverage {
		add(c.At)
	}
	for _, s := range Tables() {
		for _, row := range s.rows(t) {
			add(s.place(row.Value))
		}
	}
	slices.SortFunc(out, func(a, b fact.Place) int {
		return cmp.Or(strings.Compare(a.Node, b.Node), strings.Compare(a.Boot, b.Boot))
	})
	return out
}

// rule evaluates one rule for each of its scopes.
func (e *evaluator) rule(r *Rule) []*Finding {
	var out []*Finding
	for _, key := range e.scopes(r) {
		if f := e.finding(e.try(r, key)); f != nil {
			out = append(out, f)
		}
	}
	return merge(out)
}

// scopes are the keys that a rule is judged for: the zero key where its keyed
// selections found nothing.
func (e *evaluator) scopes(r *Rule) []fact.Key {
	if r.Per == fact.KeyNode {
		return []fact.Key{fact.NewKey(fact.KeyNode, e.at, "node", e.at.Node)}
	}
	keys := e.keysFor(r)
	if len(keys) == 0 {
		return []fact.Key{{}}
	}
	if len(keys) > maxScopes {
		e.stop(r.File, r.Line, "rule %s: it has %d scopes, the first %d are judged", r.ID.ID, len(keys), maxScopes)
		keys = keys[:maxScopes]
	}
	return keys
}

// finding is what the trial finds; nil when the rule does not hold.
func (e *evaluator) finding(t *trial) *Finding {
	if t.bar() != "" {
		return nil
	}
	f := &Finding{Rule: t.rule, Scope: []fact.Key{t.key}, Status: Active, rows: map[*Selection]picked{}, effect: together(t.effect)}
	for _, s := range t.rule.Select {
		f.rows[s] = t.pick(s)
	}
	f.take(t.cause)
	f.take(t.effect)
	for i, j := range t.rivals {
		rival := t.rule.RulesOut[i].Rival
		switch j.Truth {
		case True:
			f.RuledOut = append(f.RuledOut, RuledOut{rival, j.Name, j.Evidence})
		case Unknown:
			f.Open = append(f.Open, Open{Rival: rival, Name: j.Name, Why: unique(j.Unknown)})
		}
	}
	f.take(t.certain)
	f.grade(together(t.cause), t.proof(), e.tied(f, t.key))
	if f.Confidence == Certain && (f.candidate() || !t.key.Named() || e.tables.Partial) {
		f.Confidence = Likely
	}
	f.support(t.support)
	if t.key.IsZero() {
		f.Scope = f.sharedScope()
	}
	f.word()
	return f
}

// sharedScope is where shared evidence comes from when that is all there is: the
// daemons that its rows name.
func (f *Finding) sharedScope() []fact.Key {
	var scope []fact.Key
	for _, ev := range f.Evidence {
		keys := tables[ev.Table].keys[fact.KeyDaemon]
		if keys == nil {
			continue
		}
		for _, row := range ev.Rows {
			for _, k := range keys(row.Value) {
				if !slices.ContainsFunc(scope, k.Same) {
					scope = append(scope, k)
				}
			}
		}
	}
	return scope
}

// candidate reports whether the scope is only one of several that its rows may be
// about: a writer that can wait on two superblocks, an exit handler of one of two
// ended containers. It is where all rows of a keyed selection that the cause rests
// on have several keys. Such a finding is likely at most, also when the other
// candidates are ruled out by their own rivals.
func (f *Finding) candidate() bool {
	several := func(s *Selection) bool {
		passed := f.rows[s].passed
		return s.On != "" && len(passed) > 0 && !slices.ContainsFunc(passed, func(row Row) bool { return len(s.keysOf(row)) < 2 })
	}
	for _, c := range f.Rule.Cause {
		if slices.ContainsFunc(c.uses(), several) {
			return true
		}
	}
	return false
}

// take takes over the evidence of conditions that hold, and what the others want.
func (f *Finding) take(judged []Judgement) {
	for _, j := range judged {
		if j.Truth == True {
			f.keep(j, false)
		} else {
			f.Open = append(f.Open, Open{Name: j.Name, Why: unique(j.Unknown)})
		}
	}
}

// support adds the evidence of what may speak for the finding. It comes after the
// grade: it raises nothing, refutes nothing, and ties or dates nothing.
func (f *Finding) support(judged []Judgement) {
	for _, j := range judged {
		switch j.Truth {
		case True:
			f.keep(j, true)
		case Unknown:
			f.Open = append(f.Open, Open{Name: j.Name, Why: unique(j.Unknown), Support: true})
		}
	}
}

// keep takes over the evidence of a condition that holds: rows, or where nothing is
// what counts, the sources searched.
func (f *Finding) keep(j Judgement, support bool) {
	for _, e := range j.Evidence {
		if len(e.Rows) > 0 || len(j.Evidence) == 1 {
			e.support = support
			f.Evidence = append(f.Evidence, e)
		}
	}
}

// grade sets confidence and status.
func (f *Finding) grade(cause, proof Truth, tied bool) {
	id := f.Rule.ID
	switch {
	case id.Role == RoleSymptom || id.Role == RoleRouter:
		f.Confidence = Certain
	case cause != True || !tied:
		f.Confidence = Suspected
	case proof == True && (f.effect == True || len(f.Rule.Effect) == 0):
		f.Confidence = Certain
	default:
		f.Confidence = Likely
	}
	if f.Rule.Ceiling != "" && f.Confidence.rank() < f.Rule.Ceiling.rank() {
		f.Confidence = f.Rule.Ceiling
	}
	if id.Latent && f.effect != True {
		f.Status = Latent
	}
	for _, e := range f.Evidence {
		if t := onset(e.Rows); !t.IsZero() && (f.Since.IsZero() || t.Before(f.Since)) {
			f.Since = t
		}
	}
}

// tied reports whether shared evidence belongs to the key: where the joins know
// the container's daemons, the evidence must come from one of them.
func (e *evaluator) tied(f *Finding, key fact.Key) bool {
	if key.IsZero() {
		return false
	}
	if key.Kind != fact.KeyContainer || !slices.ContainsFunc(e.graph[key.Identity()], isDaemon) {
		return true
	}
	for _, ev := range f.Evidence {
		keys := tables[ev.Table].keys[fact.KeyDaemon]
		if !ev.Shared || keys == nil {
			continue
		}
		for _, row := range ev.Rows {
			for _, daemon := range keys(row.Value) {
				if !e.graph.direct(key, daemon) {
					return false
				}
			}
		}
	}
	return true
}

func isDaemon(k fact.Key) bool { return k.Kind == fact.KeyDaemon }

// merge joins findings of one rule that rest on the same rows: several keys share
// one dump, or one row has several candidate keys. Latent ones are one warning.
func merge(findings []*Finding) []*Finding {
	var out []*Finding
	for _, f := range findings {
		i := slices.IndexFunc(out, func(o *Finding) bool {
			return o.Confidence == f.Confidence && o.Status == f.Status && (f.Status == Latent || sharesRows(o, f) || sameRows(o, f))
		})
		if i < 0 {
			out = append(out, f)
			continue
		}
		out[i].absorb(f)
	}
	for _, f := range out {
		if len(f.Scope) > 1 {
			slices.SortFunc(f.Scope, func(a, b fact.Key) int { return cmp.Or(strings.Compare(KeyName(a), KeyName(b)), a.Compare(b)) })
			f.word()
		}
	}
	return out
}

// sharesRows reports whether both rest on the same rows of a shared selection.
func sharesRows(a, b *Finding) bool {
	shared := func(f *Finding) []Row {
		var rows []Row
		for _, e := range f.Evidence {
			if e.Shared && !e.support {
				rows = append(rows, e.Rows...)
			}
		}
		return rows
	}
	rows := shared(a)
	return len(rows) > 0 && slices.Equal(rows, shared(b))
}

// sameRows reports whether all evidence is the same: the keys are candidates.
func sameRows(a, b *Finding) bool {
	return len(a.Evidence) > 0 && slices.EqualFunc(a.Evidence, b.Evidence, func(x, y Evidence) bool { return slices.Equal(x.Rows, y.Rows) })
}

// absorb adds another finding's scope and rows.
func (f *Finding) absorb(o *Finding) {
	f.Scope = append(f.Scope, o.Scope...)
	for i := range f.Evidence {
		for j := range o.Evidence {
			if f.Evidence[i].Name == o.Evidence[j].Name && f.Evidence[i].Selection == o.Evidence[j].Selection {
				f.Evidence[i].add(o.Evidence[j])
			}
		}
	}
	for s, p := range o.rows {
		mine := f.rows[s]
		for _, row := range p.passed {
			if !slices.Contains(mine.passed, row) {
				mine.passed = append(mine.passed, row)
			}
		}
		f.rows[s] = mine
	}
	if f.Since.IsZero() || !o.Since.IsZero() && o.Since.Before(f.Since) {
		f.Since = o.Since
	}
}

func (e *Evidence) add(o Evidence) {
	rows := slices.Clone(e.Rows)
	for _, row := range o.Rows {
		if !slices.Contains(rows, row) {
			rows = append(rows, row)
			n, _ := tables[o.Table].weight(row.Value, "")
			e.Sum += n
		}
	}
	e.Rows = rows
}

func unique(in []string) []string {
	var out []string
	for _, s := range in {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
