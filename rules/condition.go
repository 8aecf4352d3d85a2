package rules

import (
	"fmt"
	"strings"
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
	Version       Word = "version"
	All           Word = "all"
	Any           Word = "any"
	Not           Word = "not"
)

// Condition is one named judgement over selections.
type Condition struct {
	Name string
	Word Word
	// Of is the selection judged; A and B are the two that are compared.
	Of, A, B *Selection
	// Sum is the column that weighs a row, "" the table's own weight.
	Sum string
	N   int64
	// Slack and Within bound the difference of paired weights: at most
	// max(Slack, Within * the larger one).
	Slack  int64
	Within float64
	// From and Before bound a version: From <= version < Before.
	From, Before string
	// Of all, any and not.
	Sub []*Condition
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

// picked is a selection evaluated for one key.
type picked struct {
	sel    *Selection
	passed []Row
	// unsure counts rows whose predicate is unknown.
	unsure int64
	// missing says why rows may exist that are not in the table, "" none.
	missing string
	// absent is set when no source of the table is there at all.
	absent bool
	// looked are the listings, dumps and logs that were searched.
	looked []fact.Ref
}

// complete reports whether passed holds all rows there are.
func (p picked) complete() bool { return p.missing == "" && p.unsure == 0 }

// why says what keeps the selection from being complete.
func (p picked) why() string {
	if p.missing != "" {
		return p.missing
	}
	return fmt.Sprintf("for %s of %s the evidence does not tell", plural(p.unsure, "row"), p.sel.Table.Name)
}

func plural(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// weigh sums what the passed rows stand for.
func (p picked) weigh(sum string) int64 {
	var total int64
	for _, row := range p.passed {
		n, _ := p.sel.Table.weight(row.Value, sum)
		total += n
	}
	return total
}

// judge evaluates c; pick gives each selection's rows for the key at hand.
func (c *Condition) judge(pick func(*Selection) picked) Judgement {
	switch c.Word {
	case All, Any, Not:
		return c.combine(pick)
	case AtLeastAsMany, Paired:
		return c.compare(pick(c.A), pick(c.B))
	case Version:
		return c.version(pick(c.Of))
	}
	return c.count(pick(c.Of))
}

// count judges at_least, at_most and none.
func (c *Condition) count(p picked) Judgement {
	n := p.weigh(c.Sum)
	var truth Truth
	switch {
	case c.Word == AtLeast && n >= c.N:
		truth = True
	case c.Word == AtMost && n > c.N, c.Word == None && len(p.passed) > 0:
		truth = False
	case !p.complete():
		truth = Unknown
	case c.Word == AtLeast:
		truth = False
	default:
		truth = True
	}
	return c.outcome(truth, p)
}

// compare judges at_least_as_many (a >= b - slack) and paired. A total is a lower
// bound where its source is incomplete.
func (c *Condition) compare(a, b picked) Judgement {
	na, nb := a.weigh(c.Sum), b.weigh(c.Sum)
	enough := na >= nb-c.Slack
	truth := Unknown
	switch {
	case c.Word == AtLeastAsMany && enough && b.complete(), c.Word == AtLeastAsMany && !enough && a.complete():
		truth = truthOf(enough)
	case c.Word == Paired && a.complete() && b.complete():
		truth = truthOf(abs(na-nb) <= max(c.Slack, int64(c.Within*float64(max(na, nb)))))
	}
	return c.outcome(truth, a, b)
}

func abs(n int64) int64 { return max(n, -n) }

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
		if c.Word != Any || s.Truth != False {
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
				Sum: p.weigh(c.Sum), Shared: p.sel.On == "", cited: p.sel.cited(),
			})
		}
		if truth == True && len(p.passed) == 0 && len(p.looked) > 0 {
			j.Evidence = append(j.Evidence, Evidence{Name: c.Name, Selection: p.sel.Name, Table: p.sel.Table.Name, Looked: p.looked})
		}
		if truth == Unknown && !p.complete() {
			j.Unknown = append(j.Unknown, p.why())
		}
	}
	return j
}

// uses lists the selections that the condition looks at.
func (c *Condition) uses() []*Selection {
	var out []*Selection
	for _, s := range []*Selection{c.Of, c.A, c.B} {
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

// String is the condition in one line, as `rules show` prints it.
func (c *Condition) String() string {
	name := c.Name
	if name != "" {
		name += ": "
	}
	switch c.Word {
	case AtLeast, AtMost:
		return fmt.Sprintf("%s%s %d of %s", name, c.Word, c.N, c.Of.Name)
	case None:
		return fmt.Sprintf("%snone of %s", name, c.Of.Name)
	case AtLeastAsMany:
		return fmt.Sprintf("%sat least as many %s as %s, less %d", name, c.A.Name, c.B.Name, c.Slack)
	case Paired:
		return fmt.Sprintf("%s%s and %s paired within %d or %g", name, c.A.Name, c.B.Name, c.Slack, c.Within)
	case Version:
		return fmt.Sprintf("%sversion of %s from %q before %q", name, c.Of.Name, c.From, c.Before)
	}
	var subs []string
	for _, sub := range c.Sub {
		subs = append(subs, sub.String())
	}
	return fmt.Sprintf("%s%s (%s)", name, c.Word, strings.Join(subs, "; "))
}
