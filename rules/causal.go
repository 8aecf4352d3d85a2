package rules

import (
	"cmp"
	"slices"
	"strings"
)

// causes says what explains an id: the id table's edges, and those that rules add, over
// all steps.
type causes struct {
	direct map[string][]string
	closed map[string]map[string]bool // those asked for
}

func (s *Set) causes() causes {
	direct := map[string][]string{}
	for _, id := range s.IDs {
		direct[id.ID] = append(direct[id.ID], id.ExplainedBy...)
	}
	for _, r := range s.Rules {
		direct[r.ID.ID] = append(direct[r.ID.ID], r.ExplainedBy...)
		for _, effect := range r.Explains {
			direct[effect] = append(direct[effect], r.ID.ID)
		}
	}
	return causes{direct, map[string]map[string]bool{}}
}

// of are all ids that explain id, directly or through others.
func (c causes) of(id string) map[string]bool {
	if seen := c.closed[id]; seen != nil {
		return seen
	}
	seen := map[string]bool{}
	todo := slices.Clone(c.direct[id])
	for len(todo) > 0 {
		next := todo[0]
		todo = todo[1:]
		if !seen[next] {
			seen[next] = true
			todo = append(todo, c.direct[next]...)
		}
	}
	delete(seen, id)
	c.closed[id] = seen
	return seen
}

// link fills Explains and ExplainedBy with the nearest explainers: a finding is
// linked to a cause only where their scopes are joined, and not past another
// finding that stands between them.
func link(findings []*Finding, known causes, g graph) {
	all := make([]map[int]bool, len(findings))
	for i, f := range findings {
		all[i] = map[int]bool{}
		of := known.of(f.Rule.ID.ID)
		for j, c := range findings {
			if i != j && of[c.Rule.ID.ID] && g.anyJoined(f.Scope, c.Scope) {
				all[i][j] = true
			}
		}
	}
	for i, f := range findings {
		for j := range findings {
			if !all[i][j] || between(all, i, j) {
				continue
			}
			f.ExplainedBy = append(f.ExplainedBy, j)
			findings[j].Explains = append(findings[j].Explains, i)
		}
	}
	for i, f := range findings {
		explained := false
		for j := range all[i] {
			explained = explained || carries(findings[j], f)
		}
		if f.Rule.ID.Role == RoleMechanism && !explained {
			f.CauseOpen = true
			if f.Confidence == Certain {
				f.Confidence = Likely
			}
		}
	}
}

// between reports whether some finding is explained by j and explains i.
func between(all []map[int]bool, i, j int) bool {
	for k := range all[i] {
		if k != j && all[k][j] {
			return true
		}
	}
	return false
}

// carries reports whether c is good enough to take f's place as the root. A
// suspicion never hides a likely verdict; a latent cause hides a mechanism, which
// is then as harmless, but no active cause.
func carries(c, f *Finding) bool {
	return c.Confidence != Suspected && (c.Status == Active || f.Rule.ID.Role == RoleMechanism)
}

// verdicts are the roots among the findings, in order.
func verdicts(findings []*Finding) []int {
	var out []int
	for i, f := range findings {
		if f.Verdict() && !slices.ContainsFunc(f.ExplainedBy, func(j int) bool { return carries(findings[j], f) }) {
			out = append(out, i)
		}
	}
	return out
}

// compareFindings orders: active before latent, certain first, causes before
// mechanisms, routers and symptoms, then layer, onset, rule and scope.
func compareFindings(a, b *Finding) int {
	return cmp.Or(
		cmp.Compare(a.Status, b.Status),
		cmp.Compare(roleRank(a), roleRank(b)),
		cmp.Compare(a.Confidence.rank(), b.Confidence.rank()),
		cmp.Compare(a.Rule.ID.rank(), b.Rule.ID.rank()),
		compareOnset(a, b),
		strings.Compare(a.Rule.ID.ID, b.Rule.ID.ID),
		cmp.Compare(ScopeNames(a.Scope), ScopeNames(b.Scope)),
	)
}

func roleRank(f *Finding) int {
	return slices.Index([]Role{RoleCause, RoleMechanism, RoleRouter, RoleSymptom}, f.Rule.ID.Role)
}

// compareOnset puts the earlier onset first and an unknown one last.
func compareOnset(a, b *Finding) int {
	switch {
	case a.Since.Equal(b.Since):
		return 0
	case a.Since.IsZero():
		return 1
	case b.Since.IsZero():
		return -1
	}
	return a.Since.Compare(b.Since)
}
