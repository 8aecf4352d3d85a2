package logs

// automaton is an Aho-Corasick automaton as one dense table over byte classes.
// It folds ASCII case: a match of a literal that does not is checked by the
// caller. Bytes that no literal holds share class 0 and lead back to the root.
type automaton struct {
	class [256]uint8
	width uint32
	// next holds width entries a state. States are indexes of their first entry,
	// 0 is the root, and those from accept on end a literal.
	next   []uint32
	accept uint32
	// ends lists, by (state-accept)/width, the literals that end there.
	ends [][]int32
}

// found is one literal that ends before text[end].
type found struct {
	literal int32
	end     int
}

// node is a state while the automaton is built.
type node struct {
	next []int32 // by class; -1 none
	fail int32
	ends []int32
}

func newAutomaton(literals []literal) *automaton {
	a := &automaton{width: 1}
	for _, l := range literals {
		for _, c := range []byte(l.text) {
			if c = lowerByte(c); a.class[c] == 0 {
				a.class[c] = uint8(a.width)
				a.width++
			}
		}
	}
	for c := 'A'; c <= 'Z'; c++ {
		a.class[c] = a.class[lowerByte(byte(c))]
	}
	nodes := a.trie(literals)
	order := a.link(nodes)
	a.lay(nodes, order)
	return a
}

func (a *automaton) newNode() node {
	n := node{next: make([]int32, a.width)}
	for i := range n.next {
		n.next[i] = -1
	}
	return n
}

func (a *automaton) trie(literals []literal) []node {
	nodes := []node{a.newNode()}
	for id, l := range literals {
		at := int32(0)
		for _, c := range []byte(l.text) {
			class := a.class[c]
			if nodes[at].next[class] < 0 {
				nodes[at].next[class] = int32(len(nodes))
				nodes = append(nodes, a.newNode())
			}
			at = nodes[at].next[class]
		}
		nodes[at].ends = append(nodes[at].ends, int32(id))
	}
	return nodes
}

// link completes every transition along failure links and returns the nodes in
// breadth-first order.
func (a *automaton) link(nodes []node) []int32 {
	order := make([]int32, 1, len(nodes))
	for i := 0; i < len(order); i++ {
		n := &nodes[order[i]]
		for class, to := range n.next {
			back := int32(0)
			if order[i] != 0 {
				back = nodes[n.fail].next[class]
			}
			if to < 0 {
				n.next[class] = back
				continue
			}
			nodes[to].fail = back
			nodes[to].ends = append(nodes[to].ends, nodes[back].ends...)
			order = append(order, to)
		}
	}
	return order
}

// lay writes the table, the states that end a literal last.
func (a *automaton) lay(nodes []node, order []int32) {
	state := make([]uint32, len(nodes))
	at := uint32(0)
	for _, ending := range []bool{false, true} {
		if ending {
			a.accept = at
		}
		for _, n := range order {
			if (len(nodes[n].ends) > 0) != ending {
				continue
			}
			state[n] = at
			at += a.width
			if ending {
				a.ends = append(a.ends, nodes[n].ends)
			}
		}
	}
	a.next = make([]uint32, at)
	for n := range nodes {
		for class, to := range nodes[n].next {
			a.next[state[n]+uint32(class)] = state[to]
		}
	}
}

// find appends to all what it finds in text.
func (a *automaton) find(text []byte, all []found) []found {
	next, accept, state := a.next, a.accept, uint32(0)
	for i, c := range text {
		state = next[state+uint32(a.class[c])]
		if state >= accept {
			for _, id := range a.ends[(state-accept)/a.width] {
				all = append(all, found{id, i + 1})
			}
		}
	}
	return all
}
