package rules

import (
	"fmt"
	"math"

	"culprit/analyze/fact"
)

// picked is a selection evaluated for one key.
type picked struct {
	sel    *Selection
	passed []Row
	// unsure are rows that may belong to the selection: their predicate, or the key
	// they are of, is unknown.
	unsure []Row
	// missing says why rows may exist that are not in the table, "" none.
	missing string
	// absent is set when no source of the table is there at all.
	absent bool
	// looked are the listings, dumps and logs that were searched.
	looked []fact.Ref
	// reach is the time that the sources speak of, by daemon.
	reach map[string][]span
}

// complete reports whether passed holds all rows there are.
func (p picked) complete() bool { return p.missing == "" && len(p.unsure) == 0 }

// why says what keeps the selection from being complete.
func (p picked) why() string {
	if p.missing != "" {
		return p.missing
	}
	return fmt.Sprintf("for %s of %s the evidence does not tell", plural(int64(len(p.unsure)), "row"), p.sel.Table.Name)
}

func plural(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// only is p with other rows that pass.
func (p picked) only(passed []Row) picked {
	p.passed = passed
	return p
}

// bounds enclose a number: the evidence shows lo, and no completion of what it
// does not tell exceeds hi.
type bounds struct{ lo, hi int64 }

// boundless is the hi of what has no upper bound.
const boundless = math.MaxInt64

// add adds n where it is certain, else to hi only; sums stop at boundless.
func (b *bounds) add(n int64, certain bool) {
	n = max(n, 0)
	if certain {
		b.lo = sum(b.lo, n)
	}
	b.hi = sum(b.hi, n)
}

func sum(a, b int64) int64 {
	if a > boundless-b {
		return boundless
	}
	return a + b
}

// atLeast compares with n.
func (b bounds) atLeast(n int64) Truth {
	switch {
	case b.lo >= n:
		return True
	case b.hi < n:
		return False
	}
	return Unknown
}

// weigh bounds what the rows of the selection stand for together.
func (p picked) weigh(column string) bounds {
	var b bounds
	add := func(rows []Row, certain bool) {
		for _, row := range rows {
			n, known := p.sel.Table.weight(row.Value, column)
			if !known {
				b.hi = boundless
				continue
			}
			b.add(n, certain)
		}
	}
	add(p.passed, true)
	add(p.unsure, false)
	if p.missing != "" {
		b.hi = boundless
	}
	return b
}
