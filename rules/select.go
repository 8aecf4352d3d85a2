package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"culprit/analyze/fact"
)

// evaluator judges the rules over the rows of one node boot.
type evaluator struct {
	tables   *fact.Tables
	at       fact.Place
	rows     map[*Schema][]Row
	coverage map[string][]fact.Coverage
	graph    graph
	names    map[fact.Key]string
	memo     map[*Selection]*selected
	problems []fact.Problem
}

// selected is a selection over all keys.
type selected struct {
	passed, unsure []Row
	missing        string
	absent         bool
	looked         []fact.Ref
	reach          map[string][]span
}

func newEvaluator(t *fact.Tables, at fact.Place) *evaluator {
	e := &evaluator{tables: t, at: at, rows: map[*Schema][]Row{}, coverage: map[string][]fact.Coverage{}, memo: map[*Selection]*selected{}}
	for _, s := range Tables() {
		for _, row := range s.rows(t) {
			if s.place(row.Value) == at {
				e.rows[s] = append(e.rows[s], row)
			}
		}
	}
	for _, c := range t.Coverage {
		if c.At == at {
			e.coverage[c.Table] = append(e.coverage[c.Table], c)
		}
	}
	e.graph = newGraph(t.Edges)
	e.names = map[fact.Key]string{}
	for _, edge := range t.Edges {
		for _, k := range []fact.Key{edge.From, edge.To} {
			if k.Name != "" {
				e.names[k.Identity()] = k.Name
			}
		}
	}
	return e
}

// selectRows evaluates the selection's predicate on every row, once.
func (e *evaluator) selectRows(s *Selection) *selected {
	if done := e.memo[s]; done != nil {
		return done
	}
	out := &selected{}
	e.memo[s] = out
	for _, row := range e.rows[s.Table] {
		if s.Signature != nil && row.Value.(*fact.Hit).Signature != s.Signature.ID {
			continue
		}
		truth := True
		if s.Where != nil {
			var err error
			if truth, err = s.Where.eval(row.Value); err != nil {
				e.problems = append(e.problems, fact.Problem{Ref: fact.Ref{Source: s.File, Line: s.Line},
					Text: fmt.Sprintf("selection %s is not evaluated: %v", s.Name, err)})
				out.missing, out.passed, out.unsure = "selection "+s.Name+" was stopped", nil, nil
				return out
			}
		}
		switch truth {
		case True:
			out.passed = append(out.passed, row)
		case Unknown:
			out.unsure = append(out.unsure, row)
		}
	}
	out.missing, out.absent, out.looked = e.lacks(s)
	out.reach = e.reach(s)
	return out
}

// lacks says why rows of the selection may exist outside the table, "" when they
// cannot; absent when nothing of the kind was collected; looked are the sources
// that the table was filled from.
func (e *evaluator) lacks(s *Selection) (why string, absent bool, looked []fact.Ref) {
	whole := map[string]bool{}
	reason := map[string]string{}
	for _, c := range e.coverage[s.Table.Name] {
		if !s.concerns(c) {
			continue
		}
		whole[c.Daemon] = whole[c.Daemon] || c.Complete
		looked = fact.AppendRefs(looked, c.Refs...)
		if !c.Complete {
			reason[c.Daemon] = c.Why
		}
	}
	if len(whole) == 0 {
		return s.absence(), true, nil
	}
	for _, daemon := range sortedKeys(whole) {
		if !whole[daemon] {
			return cmp.Or(reason[daemon], "a source of "+s.Table.Name+" is incomplete"), false, looked
		}
	}
	return "", false, looked
}

// reach is the time of which the selection's complete sources tell, by daemon. Each
// source counts by itself: between two there may be a third.
func (e *evaluator) reach(s *Selection) map[string][]span {
	out := map[string][]span{}
	for _, c := range e.coverage[s.Table.Name] {
		if c.Complete && s.concerns(c) {
			window := always
			if !c.First.IsZero() || !c.Last.IsZero() {
				window = span{c.First, c.Last}
			}
			out[c.Daemon] = append(out[c.Daemon], window)
		}
	}
	return out
}

// concerns reports whether rows out of c could pass the selection.
func (s *Selection) concerns(c fact.Coverage) bool {
	if s.Signature != nil && c.Daemon != "" && len(s.Signature.Daemons) > 0 && !slices.Contains(s.Signature.Daemons, c.Daemon) {
		return false
	}
	if s.Where == nil {
		return true
	}
	truth, err := s.Where.evalHeader(s.Table.header(c))
	return err != nil || truth != False
}

// daemons are the programs that the selection is about, as far as it says so.
func (s *Selection) daemons() []string {
	if s.Signature != nil {
		return s.Signature.Daemons
	}
	var out []string
	candidates := []string{"dockerd", "containerd", "kubelet", "containerd-shim", "crio"}
	for _, daemon := range candidates {
		if s.concerns(fact.Coverage{Daemon: daemon}) {
			out = append(out, daemon)
		}
	}
	if len(out) == len(candidates) {
		return nil
	}
	return out
}

// absence says what is not in the bundle.
func (s *Selection) absence() string {
	what := map[string]string{
		"stacks": "goroutine dump", "hits": "log", "processes": "process listing", "sockets": "socket listing",
		"containers": "container listing", "heap": "heap profile", "mounts": "mountinfo", "rootfs": "mountinfo", "items": "record of the collection",
		"daemons": "version or process", "nodes": "description", "cgroups": "freezer state", "samples": "second look", "clients": "socket listing",
	}[s.Table.Name]
	if daemons := s.daemons(); len(daemons) > 0 {
		what += " of " + strings.Join(daemons, " or ")
	}
	return "no " + what + " in the bundle"
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// keysOf are the keys that tie a row of the selection to the rule's scope.
func (s *Selection) keysOf(row Row) []fact.Key { return s.Table.keys[s.On](row.Value) }

// pickFor gives the rows of each selection for one key; the zero key takes none
// of the keyed rows.
func (e *evaluator) pickFor(key fact.Key) func(*Selection) picked {
	return func(s *Selection) picked {
		all := e.selectRows(s)
		p := picked{sel: s, missing: all.missing, absent: all.absent, looked: all.looked, reach: all.reach}
		if s.On == "" {
			p.passed, p.unsure = all.passed, all.unsure
			return p
		}
		has := func(row Row) bool { return slices.ContainsFunc(s.keysOf(row), key.Same) }
		// A process whose superblock nothing names may wait on any, a line whose container
		// nothing names may be about any.
		anywhere := func(row Row) bool {
			return (s.On == fact.KeyMount || s.On == fact.KeyContainer && s.Table == hitsTable) && len(s.keysOf(row)) == 0
		}
		for _, row := range all.passed {
			switch {
			case has(row):
				p.passed = append(p.passed, row)
			case anywhere(row):
				p.unsure = append(p.unsure, row)
			}
		}
		for _, row := range all.unsure {
			if has(row) || anywhere(row) {
				p.unsure = append(p.unsure, row)
			}
		}
		// The one row of a container is there, so no other can be missing.
		if s.On == s.Table.whole && slices.ContainsFunc(e.rows[s.Table], has) {
			p.missing, p.absent = "", false
		}
		return p
	}
}

// keysFor are the scopes that the rule's keyed selections found rows for.
func (e *evaluator) keysFor(r *Rule) []fact.Key {
	found := map[fact.Key]fact.Key{}
	for _, c := range append(slices.Clone(r.Cause), r.Effect...) {
		for _, s := range c.uses() {
			if s.On == "" {
				continue
			}
			for _, row := range e.selectRows(s).passed {
				for _, k := range s.keysOf(row) {
					if old, ok := found[k.Identity()]; !ok || old.Name == "" {
						found[k.Identity()] = k
					}
				}
			}
		}
	}
	keys := make([]fact.Key, 0, len(found))
	for id, k := range found {
		if k.Name == "" {
			k.Name = e.names[id]
		}
		keys = append(keys, k)
	}
	slices.SortFunc(keys, fact.Key.Compare)
	return keys
}
