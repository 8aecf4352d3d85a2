package rules

import "slices"

// joined judges how many rows of a have the value of a column of some row of b. An
// empty string joins nothing.
func (c *Condition) joined(a, b picked) Judgement {
	by, _ := a.sel.Table.column(c.By)
	with, _ := b.sel.Table.column(c.With)
	sure, possible := map[any]bool{}, map[any]bool{}
	open := b.missing != "" // a row with any value may be in b
	for i, row := range slices.Concat(b.passed, b.unsure) {
		v, known := with.get(row.Value)
		switch {
		case !known:
			open = true
		case v != "":
			sure[v] = sure[v] || i < len(b.passed)
			possible[v] = true
		}
	}
	var joining []Row
	keys := map[any]bool{}
	var n bounds
	for i, row := range slices.Concat(a.passed, a.unsure) {
		v, known := by.get(row.Value)
		if known && v == "" {
			continue
		}
		weight, told := a.sel.Table.weight(row.Value, "")
		if !told {
			weight = boundless
		}
		switch {
		case i < len(a.passed) && known && sure[v]:
			joining = append(joining, row)
			keys[v] = true
			n.add(weight, told)
		case open || possible[v] || !known && len(possible) > 0:
			n.add(weight, false)
		}
	}
	if a.missing != "" && (open || len(possible) > 0) {
		n.hi = boundless
	}
	var partners []Row
	for _, row := range b.passed {
		if v, known := with.get(row.Value); known && keys[v] {
			partners = append(partners, row)
		}
	}
	return c.outcome(n.atLeast(c.N), a.only(joining), b.only(partners)).because(untold)
}
