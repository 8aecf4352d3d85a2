package render

import (
	"cmp"
	"slices"
	"strings"

	"culprit/analyze"
	"culprit/analyze/fact"
	"culprit/rules"
)

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

// linkText words findings of one rule as one link of the chain.
func linkText(r *analyze.Report, group []int) string {
	first := r.Findings[group[0]]
	if len(group) == 1 {
		return first.Summary
	}
	var scope []fact.Key
	for _, i := range group {
		scope = append(scope, r.Findings[i].Scope...)
	}
	slices.SortFunc(scope, func(a, b fact.Key) int { return strings.Compare(rules.KeyName(a), rules.KeyName(b)) })
	return first.Rule.Title + ": " + rules.ScopeNames(scope)
}

// piece is evidence of a verdict.
type piece struct {
	rules.Evidence
	// Conditions are all of the root's that these rows fulfil, else the one of the
	// finding that the root explains.
	Conditions string
	// Step is the place in the chain of the finding that it proves, 0 the root.
	Step int
	// Effect is set for what is seen, as against why.
	Effect bool
}

// proof is the evidence of a root, then that of what it explains; pieces that
// rest on the same rows are one.
func proof(r *analyze.Report, root int) []piece {
	var all []piece
	for step, group := range append([][]int{{root}}, consequences(r, root)...) {
		f := r.Findings[group[0]]
		for _, e := range f.Evidence {
			all = append(all, piece{Evidence: e, Step: step, Effect: isEffect(f, e)})
		}
	}
	var out []piece
	for i, p := range all {
		same := func(o rules.Evidence) bool {
			return slices.Equal(o.Rows, p.Rows) && (len(p.Rows) > 0 || o.Name == p.Name)
		}
		if slices.ContainsFunc(all[:i], func(o piece) bool { return same(o.Evidence) }) {
			continue
		}
		p.Conditions = p.Name
		for _, o := range r.Findings[root].Evidence {
			if same(o) && !strings.Contains(p.Conditions, o.Name) {
				p.Conditions += "; " + o.Name
			}
		}
		out = append(out, p)
	}
	return out
}

// telling picks at most n pieces and keeps their order: one for each condition and
// line before a second one, what is there before what was looked for and is not,
// the root's before those of the chain; of a step of the chain first what is seen,
// as its cause is the step before.
func telling(pieces []piece, n int) []piece {
	type condition struct {
		step int
		name string
	}
	type claim struct {
		again, absent, chained, cause bool
		turn, at                      int
	}
	var claims []claim
	conditions := map[condition]bool{}
	quoted := map[fact.Ref]bool{}
	turns := map[int]int{}
	for i, p := range pieces {
		key, ref := condition{p.Step, p.Name}, tellingRef(p.Evidence)
		c := claim{again: conditions[key] || quoted[ref], absent: len(p.Rows) == 0, at: i}
		conditions[key], quoted[ref] = true, true
		if p.Step > 0 {
			c.chained, c.cause, c.turn = true, !p.Effect, turns[p.Step]
			turns[p.Step]++
		}
		claims = append(claims, c)
	}
	slices.SortFunc(claims, func(a, b claim) int {
		return cmp.Or(falseFirst(a.again, b.again), falseFirst(a.absent, b.absent), falseFirst(a.chained, b.chained),
			falseFirst(a.cause, b.cause), cmp.Compare(a.turn, b.turn), cmp.Compare(a.at, b.at))
	})
	claims = claims[:min(n, len(claims))]
	slices.SortFunc(claims, func(a, b claim) int { return cmp.Compare(a.at, b.at) })
	var out []piece
	for _, c := range claims {
		out = append(out, pieces[c.at])
	}
	return out
}

func falseFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// untold are the findings that no verdict tells of: suspected, latent, or
// explained by something that is no verdict itself.
func untold(r *analyze.Report) []int {
	told := map[int]bool{}
	for _, v := range r.Verdicts {
		told[v] = true
		for _, group := range consequences(r, v) {
			for _, i := range group {
				told[i] = true
			}
		}
	}
	var out []int
	for i := range r.Findings {
		if !told[i] {
			out = append(out, i)
		}
	}
	return out
}

// Standing says in one word why a finding is no verdict.
func Standing(f *rules.Finding) string {
	switch {
	case f.Status == rules.Latent:
		return "latent"
	case f.Rule.ID.Role == rules.RoleSymptom || f.Rule.ID.Role == rules.RoleRouter:
		return "symptom"
	}
	return string(f.Confidence)
}

// isEffect reports whether evidence of f tells what is seen, not why.
func isEffect(f *rules.Finding, e rules.Evidence) bool {
	return slices.ContainsFunc(f.Rule.Effect, func(c *rules.Condition) bool { return c.Name == e.Name })
}

// shownBy are at most n lines that show the finding: of its effect, where that is seen.
func shownBy(f *rules.Finding, n int) []fact.Ref {
	var refs []fact.Ref
	for _, e := range f.Evidence {
		if refs == nil || isEffect(f, e) {
			refs = e.Refs(n)
		}
		if isEffect(f, e) {
			break
		}
	}
	return refs
}
