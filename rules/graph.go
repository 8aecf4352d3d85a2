package rules

import "culprit/analyze/fact"

// graph is what the joins connected, both ways.
type graph map[fact.Key][]fact.Key

func newGraph(edges []fact.Edge) graph {
	g := graph{}
	for _, e := range edges {
		from, to := e.From.Identity(), e.To.Identity()
		g[from] = append(g[from], to)
		g[to] = append(g[to], from)
	}
	return g
}

// direct reports whether an edge connects a and b.
func (g graph) direct(a, b fact.Key) bool {
	b = b.Identity()
	for _, n := range g[a.Identity()] {
		if n == b {
			return true
		}
	}
	return false
}

// joined reports whether an explanation may travel from a cause at one key to an
// effect at the other: the keys are the same, an edge connects them, both are on
// the same node and one is the node, or a path connects them whose inner keys are
// processes and at most one container. Two containers are never joined through
// what they share.
func (g graph) joined(a, b fact.Key) bool {
	if a.Same(b) {
		return true
	}
	if a.Node != b.Node || a.Boot != b.Boot {
		return false
	}
	if a.Kind == fact.KeyNode || b.Kind == fact.KeyNode {
		return true
	}
	if a.Kind == fact.KeyContainer && b.Kind == fact.KeyContainer {
		return false
	}
	return g.reach(a.Identity(), b.Identity(), 0, map[fact.Key]bool{})
}

func (g graph) reach(at, to fact.Key, containers int, seen map[fact.Key]bool) bool {
	seen[at] = true
	for _, n := range g[at] {
		if n == to {
			return true
		}
		inner := containers
		switch n.Kind {
		case fact.KeyPID:
		case fact.KeyContainer:
			inner++
		default:
			continue
		}
		if inner <= 1 && !seen[n] && g.reach(n, to, inner, seen) {
			return true
		}
	}
	return false
}

// anyJoined reports whether some key of a is joined with some key of b.
func (g graph) anyJoined(a, b []fact.Key) bool {
	for _, x := range a {
		for _, y := range b {
			if g.joined(x, y) {
				return true
			}
		}
	}
	return false
}
