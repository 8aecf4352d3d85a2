package rules

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"culprit/analyze/fact"
)

const (
	// selectionCost bounds a predicate over all rows, in CEL's units: a million rows
	// at what the dearest predicate of the built-in pack costs.
	selectionCost = 400_000_000
	// maxScopes is how many scopes a rule may have on one node: no node has as many
	// containers, and who calls 2,000 processes sick says nothing.
	maxScopes = 2000
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
	filtered map[filter]filtered
	held     map[*Schema]map[fact.Key]bool
	problems []fact.Problem
}

// selected is a selection over all keys.
type selected struct {
	rows           int // that were looked at
	passed, unsure []Row
	missing        string
	absent         bool
	stopped        bool // its predicate was not evaluated to the end
	looked         []fact.Ref
	reach          map[string][]span
	// byKey are the rows of each key, of a selection with one; anyones are rows that
	// may be of any key.
	byKey   map[fact.Key]*keyedRows
	anyones []Row
}

// keyedRows are a selection's rows of one key.
type keyedRows struct{ passed, unsure []Row }

func newEvaluator(t *fact.Tables, at fact.Place) *evaluator {
	e := &evaluator{tables: t, at: at, rows: map[*Schema][]Row{}, coverage: map[string][]fact.Coverage{}, memo: map[*Selection]*selected{},
		filtered: map[filter]filtered{}, held: map[*Schema]map[fact.Key]bool{}}
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

// filter is what tells the rows of a selection: many rules have one in common.
type filter struct {
	table     *Schema
	signature *fact.Signature
	where     *predicate
}

// filtered is a selection without its keys; err is why its predicate was not evaluated
// to the end.
type filtered struct {
	selected
	err error
}

// selectRows evaluates the selection's predicate on every row, once.
func (e *evaluator) selectRows(s *Selection) *selected {
	if done := e.memo[s]; done != nil {
		return done
	}
	by := filter{s.Table, s.Signature, s.Where}
	rows, done := e.filtered[by]
	if !done {
		rows = e.filter(s)
		e.filtered[by] = rows
	}
	out := rows.selected
	if rows.err != nil {
		e.stop(s.File, s.Line, "rule %s: selection %s is not evaluated: %v", s.Rule, s.Name, rows.err)
		out = selected{missing: "selection " + s.Name + " was stopped", stopped: true}
	}
	e.memo[s] = &out
	if s.On != "" {
		out.index(s)
	}
	return &out
}

// filter evaluates the predicate. It gives up where that costs too much.
func (e *evaluator) filter(s *Selection) (out filtered) {
	var total uint64
	for _, row := range e.rows[s.Table] {
		if s.Signature != nil && row.Value.(*fact.Hit).Signature != s.Signature.ID {
			continue
		}
		out.rows++
		truth := True
		if s.Where != nil {
			var cost uint64
			truth, cost, out.err = s.Where.eval(row.Value)
			if total += cost; out.err == nil && total > selectionCost {
				out.err = fmt.Errorf("its predicate costs more than %d over all rows", selectionCost)
			}
			if out.err != nil {
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
	out.passed, out.unsure = slices.Clip(out.passed), slices.Clip(out.unsure)
	var about []fact.Coverage
	for _, c := range e.coverage[s.Table.Name] {
		if s.concerns(c) {
			about = append(about, c)
		}
	}
	out.missing, out.absent, out.looked = e.lacks(s, about)
	out.reach = reached(about)
	return out
}

// index sorts the rows by key. A process whose superblock nothing names may wait on
// any, a line whose container nothing names may be about any.
func (all *selected) index(s *Selection) {
	all.byKey = map[fact.Key]*keyedRows{}
	open := s.On == fact.KeyMount || s.On == fact.KeyContainer && s.Table == hitsTable
	sorted := func(rows []Row, add func(k *keyedRows, row Row)) {
		for _, row := range rows {
			keys := s.keysOf(row)
			if open && nobodys(row, keys) {
				all.anyones = append(all.anyones, row)
			}
			for i, k := range keys {
				if slices.ContainsFunc(keys[:i], k.Same) {
					continue
				}
				id := k.Identity()
				if all.byKey[id] == nil {
					all.byKey[id] = &keyedRows{}
				}
				add(all.byKey[id], row)
			}
		}
	}
	sorted(all.passed, func(k *keyedRows, row Row) { k.passed = append(k.passed, row) })
	sorted(all.unsure, func(k *keyedRows, row Row) { k.unsure = append(k.unsure, row) })
}

// stop notes that a rule was not fully evaluated.
func (e *evaluator) stop(file string, line int, format string, args ...any) {
	e.problems = append(e.problems, fact.Problem{Ref: fact.Ref{Source: file, Line: line}, Text: fmt.Sprintf(format, args...)})
}

// NotWhole is why nothing is complete where fact.Tables are Partial.
const NotWhole = "the bundle is not read to the end"

// lacks says why rows of the selection may exist outside the table, "" when they
// cannot; absent when nothing of the kind was collected; looked are the sources
// that the table was filled from. about is the coverage that concerns the selection.
func (e *evaluator) lacks(s *Selection, about []fact.Coverage) (why string, absent bool, looked []fact.Ref) {
	if e.tables.Partial {
		return NotWhole, false, nil
	}
	whole := map[string]bool{}
	reason := map[string]string{}
	for _, c := range about {
		whole[c.Daemon] = whole[c.Daemon] || c.Complete
		looked = fact.AppendRefs(looked, c.Refs...)
		if !c.Complete {
			reason[c.Daemon] = c.Why
		}
	}
	if len(whole) == 0 {
		if s.lacking == nil { // not of a pack
			return s.absence(), true, nil
		}
		return s.lacking(), true, nil
	}
	for _, daemon := range sortedKeys(whole) {
		if !whole[daemon] {
			return cmp.Or(reason[daemon], "a source of "+s.Table.Name+" is incomplete"), false, looked
		}
	}
	return "", false, looked
}

// reached is the time of which the selection's complete sources tell, by daemon. Each
// source counts by itself: between two there may be a third.
func reached(about []fact.Coverage) map[string][]span {
	out := map[string][]span{}
	for _, c := range about {
		if c.Complete {
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
	if s.Signature != nil && s.Signature.Debug && !c.Debug {
		return false
	}
	if s.Signature != nil && c.Daemon != "" && len(s.Signature.Daemons) > 0 && !slices.Contains(s.Signature.Daemons, c.Daemon) {
		return false
	}
	if s.Where == nil || len(s.Table.known) == 0 { // nothing is known of its rows
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
	candidates := []string{"dockerd", "containerd", "kubelet", "containerd-shim", "crio", "runc"}
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
		"daemons": "version or process", "nodes": "description", "cgroups": "freezer state", "samples": "second look", "locks": "/proc/locks", "clients": "socket listing",
	}[s.Table.Name]
	if s.Signature != nil && s.Signature.Debug {
		what = "log of debug level"
	}
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

// nobodys reports whether nothing names what a row is about: it has no key, or is of
// a failed exec in some container, and repeats no line that names one.
func nobodys(row Row, keys []fact.Key) bool {
	h, ok := row.Value.(*fact.Hit)
	return len(keys) == 0 && !(ok && h.Repeats) || ok && h.Unnamed
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
		if rows := all.byKey[key.Identity()]; rows != nil {
			p.passed, p.unsure = slices.Clip(rows.passed), rows.unsure
		}
		p.unsure = slices.Concat(p.unsure, all.anyones)
		// The one row of a container is there, so no other can be missing. Without it
		// nothing is known of the container, not even that it is not there.
		switch {
		case s.On != s.Table.whole || all.stopped || e.tables.Partial:
		case e.holds(s.Table, key):
			p.missing, p.absent = "", false
		case !key.IsZero():
			p.missing = cmp.Or(p.missing, "no listing holds it")
		}
		return p
	}
}

// holds reports whether a table of which one row is all of a key has the key's row.
func (e *evaluator) holds(table *Schema, key fact.Key) bool {
	if e.held[table] == nil {
		e.held[table] = map[fact.Key]bool{}
		for _, row := range e.rows[table] {
			for _, k := range table.keys[table.whole](row.Value) {
				e.held[table][k.Identity()] = true
			}
		}
	}
	return e.held[table][key.Identity()]
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
