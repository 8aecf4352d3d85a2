package rules

import (
	"time"

	"culprit/analyze/fact"
)

// Word is an engine word.
type Word string

// The engine words. README.md specifies each.
const (
	AtLeast       Word = "at_least"
	AtMost        Word = "at_most"
	None          Word = "none"
	AtLeastAsMany Word = "at_least_as_many"
	Paired        Word = "paired"
	Joined        Word = "joined"
	Within        Word = "within"
	Sequence      Word = "sequence"
	Periodic      Word = "periodic"
	Grows         Word = "grows"
	Version       Word = "version"
	All           Word = "all"
	Any           Word = "any"
	Not           Word = "not"
)

// Condition is one named judgement over selections.
type Condition struct {
	Name string
	Word Word
	// Of is the selection judged; A and B are the two that are compared; Steps are
	// those of a sequence; Covers is what a period has to explain, nil nothing.
	Of, A, B *Selection
	Steps    []*Selection
	Covers   *Selection
	// Sum is the column that weighs a row, "" the table's own weight.
	Sum string
	N   int64
	// Slack and Within bound the difference of paired weights: at most
	// max(Slack, Within * the larger one).
	Slack  int64
	Within float64
	// By and With are the columns of A and B that joined compares.
	By, With string
	// Window is how far apart events may lie.
	Window time.Duration
	// Tolerance is how far from its period's grid an event may lie.
	Tolerance tolerance
	// From and Before bound a version: From <= version < Before.
	From, Before string
	// Of all, any and not.
	Sub []*Condition
	// Line is where it stands in the rule's file.
	Line int
}

// Judgement is the outcome of one condition for one key.
type Judgement struct {
	Name  string
	Truth Truth
	// Evidence are the rows that decided, by selection.
	Evidence []Evidence
	// Unknown says why the truth is unknown, one reason a source that is missing
	// or incomplete.
	Unknown []string
}

// Evidence is a selection's rows as they bear on one condition.
type Evidence struct {
	// Name is the condition's name; Selection that of the selection.
	Name, Selection string
	Table           string
	// Rows that passed, in table order, and what they weigh together.
	Rows []Row
	Sum  int64
	// Looked are, where nothing passed and that is what counts, the sources that
	// were searched.
	Looked []fact.Ref
	// cited are columns whose lines come before the row's own: what the selection
	// asked for and the row does not show by itself.
	cited []Column
	// Shared is set where the rows are not tied to the scope by a key.
	Shared bool
	// support is set for rows that neither tie nor merge findings.
	support bool
}

// perRow is how many refs one row may add: the wait, the descriptor, the mount.
const perRow = 3

// Refs are the lines of the rows, else the sources searched; at most limit.
func (e Evidence) Refs(limit int) []fact.Ref {
	if len(e.Rows) == 0 {
		return e.Looked[:min(limit, len(e.Looked))]
	}
	var refs []fact.Ref
	for _, row := range e.Rows {
		for i, ref := range e.rowRefs(row) {
			if len(refs) >= limit {
				return refs
			}
			if i < perRow {
				refs = fact.AppendRefs(refs, ref)
			}
		}
	}
	return refs
}

func (e Evidence) rowRefs(row Row) []fact.Ref {
	var refs []fact.Ref
	for _, c := range e.cited {
		refs = fact.AppendRefs(refs, c.line(row.Value))
	}
	return fact.AppendRefs(refs, row.Refs()...)
}

// judge evaluates c; pick gives each selection's rows for the key at hand.
func (c *Condition) judge(pick func(*Selection) picked) Judgement {
	switch c.Word {
	case All, Any, Not:
		return c.combine(pick)
	case AtLeastAsMany, Paired:
		return c.compare(pick(c.A), pick(c.B))
	case Joined:
		return c.joined(pick(c.A), pick(c.B))
	case Within:
		return c.near(pick(c.A), pick(c.B))
	case Sequence:
		steps := make([]picked, len(c.Steps))
		for i, s := range c.Steps {
			steps[i] = pick(s)
		}
		return c.chains(steps)
	case Periodic:
		if c.Covers == nil {
			return c.periodic(pick(c.Of))
		}
		return c.periodic(pick(c.Of), pick(c.Covers))
	case Grows:
		return c.grows(pick(c.Of))
	case Version:
		return c.version(pick(c.Of))
	}
	return c.count(pick(c.Of))
}

// combine judges all, any and not.
func (c *Condition) combine(pick func(*Selection) picked) Judgement {
	j := Judgement{Name: c.Name, Truth: True}
	if c.Word == Any {
		j.Truth = False
	}
	for _, sub := range c.Sub {
		s := sub.judge(pick)
		switch c.Word {
		case All:
			j.Truth = j.Truth.And(s.Truth)
		case Any:
			j.Truth = j.Truth.Or(s.Truth)
		case Not:
			j.Truth = s.Truth.Not()
		}
		// Evidence for an alternative that does not hold proves nothing.
		if c.Word != Any || s.Truth == True {
			for _, e := range s.Evidence {
				e.Name = c.Name
				j.Evidence = append(j.Evidence, e)
			}
		}
		if s.Truth == Unknown {
			j.Unknown = append(j.Unknown, s.Unknown...)
		}
	}
	if j.Truth != Unknown {
		j.Unknown = nil
	}
	return j
}

// outcome assembles a judgement from the selections that were looked at.
func (c *Condition) outcome(truth Truth, ps ...picked) Judgement {
	j := Judgement{Name: c.Name, Truth: truth}
	for _, p := range ps {
		if len(p.passed) > 0 {
			j.Evidence = append(j.Evidence, Evidence{
				Name: c.Name, Selection: p.sel.Name, Table: p.sel.Table.Name, Rows: p.passed,
				Sum: p.weigh(c.Sum).lo, Shared: p.sel.On == "", cited: p.sel.cited(),
			})
		}
		if truth != Unknown && len(p.passed) == 0 && len(p.looked) > 0 {
			j.Evidence = append(j.Evidence, Evidence{Name: c.Name, Selection: p.sel.Name, Table: p.sel.Table.Name, Looked: p.looked})
		}
		if truth == Unknown && !p.complete() {
			j.Unknown = append(j.Unknown, p.why())
		}
	}
	return j
}

// because gives the reason for an unknown that incomplete sources do not explain.
func (j Judgement) because(why string) Judgement {
	if j.Truth == Unknown && len(j.Unknown) == 0 {
		j.Unknown = []string{why}
	}
	return j
}

// uses lists the selections that the condition looks at.
func (c *Condition) uses() []*Selection {
	var out []*Selection
	for _, s := range append([]*Selection{c.Of, c.A, c.B, c.Covers}, c.Steps...) {
		if s != nil {
			out = append(out, s)
		}
	}
	for _, sub := range c.Sub {
		out = append(out, sub.uses()...)
	}
	return out
}

// onset is the earliest time at which the rows show anything, zero unknown.
func onset(rows []Row) time.Time {
	var first time.Time
	for _, row := range rows {
		h, ok := row.Value.(*fact.Hit)
		if ok && !h.First.IsZero() && (first.IsZero() || h.First.Before(first)) {
			first = h.First
		}
	}
	return first
}
