package tui

// twig is a row of a tree: which item, and what is drawn in front of it.
type twig struct {
	at   int
	stem string
	// branches says that there is something below, shut that it is not shown.
	branches, shut bool
}

// maxStems is how many levels are drawn; deeper ones stand below one another, so that a
// hostile chain costs no more than a flat list.
const maxStems = 24

// tree puts items below their parents, in order. parents has the index of each item's,
// -1 none. Of a ring, which damaged input may hold, the first item is a root.
func tree(parents []int, shut func(at int) bool) []twig {
	below := make([][]int, len(parents))
	var roots []int
	cut := ringStarts(parents)
	for at, parent := range parents {
		if parent < 0 || cut[at] {
			roots = append(roots, at)
		} else {
			below[parent] = append(below[parent], at)
		}
	}
	type level struct {
		items []int
		stem  string
		depth int
	}
	var out []twig
	for stack := []level{{items: roots}}; len(stack) > 0; {
		l := &stack[len(stack)-1]
		if len(l.items) == 0 {
			stack = stack[:len(stack)-1]
			continue
		}
		at, last := l.items[0], len(l.items) == 1
		l.items = l.items[1:]
		sign, next := "├ ", "│ "
		if last {
			sign, next = "└ ", "  "
		}
		if l.depth == 0 {
			sign, next = "", ""
		}
		t := twig{at: at, stem: l.stem + sign, branches: len(below[at]) > 0, shut: shut(at)}
		out = append(out, t)
		if t.branches && !t.shut {
			child := level{below[at], l.stem + next, l.depth + 1}
			if child.depth > maxStems {
				child.stem = l.stem
			}
			stack = append(stack, child)
		}
	}
	return out
}

// ringStarts marks one item of each ring of parents.
func ringStarts(parents []int) []bool {
	cut := make([]bool, len(parents))
	seen := make([]int, len(parents)) // the walk that saw it, counted from 1
	for at := range parents {
		for i := at; i >= 0; i = parents[i] {
			if seen[i] == at+1 {
				cut[i] = true
				break
			}
			if seen[i] != 0 {
				break
			}
			seen[i] = at + 1
		}
	}
	return cut
}

// sign stands between the stem and the text.
func (t twig) sign() string {
	switch {
	case !t.branches:
		return ""
	case t.shut:
		return "▸ "
	}
	return "▾ "
}
