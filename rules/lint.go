package rules

import (
	"fmt"
	"slices"
)

// Lint checks what loading does not: the id table against itself, the rules
// against the table, and that every rule is tested. errs must be mended; notes
// are what is merely still missing.
func (s *Set) Lint() (errs, notes []string) {
	errs = append(errs, s.lintIDs()...)
	tested := map[string][2]bool{}
	for _, t := range s.Tests {
		seen := tested[t.Rule]
		if t.Silent {
			seen[1] = true
		} else {
			seen[0] = true
		}
		tested[t.Rule] = seen
	}
	for _, r := range s.Rules {
		fail := func(format string, args ...any) {
			errs = append(errs, fmt.Sprintf("%s:%d: %s", r.File, r.Line, fmt.Sprintf(format, args...)))
		}
		if !tested[r.ID.ID][0] {
			fail("rule %s has no firing test", r.ID.ID)
		}
		if !tested[r.ID.ID][1] {
			fail("rule %s has no silent test on a look-alike", r.ID.ID)
		}
		s.lintRule(r, fail)
	}
	notes = append(notes, s.edgesWithoutRule()...)
	return errs, notes
}

// lintRule checks one rule against the id table and its own evidence.
func (s *Set) lintRule(r *Rule, fail func(string, ...any)) {
	var out []string
	for _, o := range r.RulesOut {
		out = append(out, o.Rival)
	}
	if r.NoRival == "" && (r.ID.Role == RoleCause || r.ID.Role == RoleMechanism) {
		for _, rival := range r.ID.Rivals {
			if !slices.Contains(out, rival) {
				fail("rule %s does not rule out %s, which looks like it", r.ID.ID, rival)
			}
		}
	}
	known := s.causes()
	for _, rival := range out {
		if known.of(r.ID.ID)[rival] || known.of(rival)[r.ID.ID] {
			fail("rule %s rules out %s, which is among its causes or effects", r.ID.ID, rival)
		}
	}
	if len(r.Cause) == 0 {
		return
	}
	// Some cause-level evidence must be more than log text.
	for _, c := range r.Cause {
		if slices.ContainsFunc(c.uses(), func(sel *Selection) bool { return sel.Signature == nil || sel.Signature.StatesCause }) {
			return
		}
	}
	fail("rule %s has log text alone as its cause, of signatures that do not state one", r.ID.ID)
}

// lintIDs holds the table to what README.md says of it.
func (s *Set) lintIDs() []string {
	var errs []string
	known := s.causes()
	names := map[string]string{}
	for _, name := range sortedKeys(s.IDs) {
		id := s.IDs[name]
		fail := func(format string, args ...any) {
			errs = append(errs, "ids.yaml: "+name+" "+fmt.Sprintf(format, args...))
		}
		if !kebab.MatchString(name) {
			fail("is not kebab-case")
		}
		for _, alias := range id.Aliases {
			if s.IDs[alias].ID != "" || names[alias] != "" {
				fail("has alias %s, which is taken", alias)
			}
			names[alias] = name
		}
		for _, other := range slices.Concat(id.ExplainedBy, id.Rivals) {
			if s.IDs[other].ID == "" {
				fail("names %s, which is not in the table", other)
			}
		}
		for _, rival := range id.Rivals {
			if known.of(name)[rival] || known.of(rival)[name] {
				fail("has rival %s among its causes or effects", rival)
			}
		}
		for _, cause := range id.ExplainedBy {
			if known.of(cause)[name] {
				fail("explains and is explained by %s", cause)
			}
			if s.IDs[cause].Role == RoleSymptom && id.Role != RoleSymptom {
				fail("is explained by the symptom %s", cause)
			}
		}
		if id.Role != RoleCause && len(id.ExplainedBy) == 0 {
			fail("is a %s that nothing explains", id.Role)
		}
		if id.Role == RoleCause && len(id.Rivals) == 0 {
			fail("is a cause without a rival")
		}
	}
	return errs
}

// edgesWithoutRule lists the ids that rules name and that have no rule yet.
func (s *Set) edgesWithoutRule() []string {
	has := map[string]bool{}
	for _, r := range s.Rules {
		has[r.ID.ID] = true
	}
	named := map[string]bool{}
	for _, r := range s.Rules {
		for _, id := range slices.Concat(r.ID.ExplainedBy, r.ID.Rivals, r.Explains, r.ExplainedBy) {
			if !has[id] {
				named[id] = true
			}
		}
	}
	var notes []string
	for _, id := range sortedKeys(named) {
		notes = append(notes, "no rule yet: "+id)
	}
	return notes
}
