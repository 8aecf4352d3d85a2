package stack

import (
	"bytes"
	"strings"
)

// lineKind is what a line of a goroutine's block says.
type lineKind uint8

const (
	noLine       lineKind = iota
	callLine              // github.com/docker/docker/daemon.(*Daemon).Kill(0xc000a821e0?, 0xc0003e2f00)
	fileLine              //	github.com/docker/docker/daemon/kill.go:162 +0x23d fp=0xc00009df18 sp=0xc00009de28 pc=0x43a3e6
	creatorLine           // created by net/http.(*Server).Serve in goroutine 6
	elidedLine            // ...additional frames elided..., ...101 frames elided..., stack unavailable
	ancestorLine          // [originating from goroutine 24]:
)

// node is one line of a block, cut so that it is the same for every goroutine of a
// group: without arguments, offsets and parent ids. A path from the root is a stack.
type node struct {
	kind  lineKind
	watch watchSet // the watched arguments of a call
	text  string
	up    *node
	// next is the child of the goroutine before: nearly always the right one.
	next *node
	// same is the whole line and its newline where all goroutines so far printed the same,
	// as they do where no arguments stand; "" of a line that one alone has.
	same  string
	vary  bool // they did not, or it is too long to keep
	kids  []*node
	index map[string]*node // by text, of all kids, once there are many
	ends  *tally           // the goroutines whose block ends here
}

// sameLimit bounds what is kept of a line that all goroutines have; file lines are shorter.
const sameLimit = 512

// manyKids is the number of children that are compared one by one.
const manyKids = 8

// matches reports whether b is this line. A call is known by everything up to its
// arguments; behind other lines stands nothing, or a blank and what varies.
func (n *node) matches(b []byte) bool {
	k := len(n.text)
	if len(b) < k || string(b[:k]) != n.text {
		return false
	}
	return n.kind == callLine || len(b) == k || b[k] == ' '
}

// again takes note of the whole of a line that matches and was there before.
func (n *node) again(b []byte) {
	switch {
	case n.vary || n.watch != 0:
	case n.same == "" && len(b) <= sameLimit:
		n.same = string(b) + "\n"
	case n.same == "" || string(b) != n.same[:len(n.same)-1]:
		n.same, n.vary = "", true
	}
}

// known finds the child that b is among the first few, which in a leak are the ones
// that matter, without taking b apart.
func (n *node) known(b []byte) *node {
	for _, kid := range n.kids[:min(len(n.kids), manyKids)] {
		if kid.matches(b) {
			n.next = kid
			return kid
		}
	}
	return nil
}

// child finds or makes the child with this text; made reports which.
func (n *node) child(kind lineKind, text []byte) (kid *node, made bool) {
	if n.index != nil {
		kid = n.index[string(text)]
	} else {
		for _, k := range n.kids {
			if k.text == string(text) {
				kid = k
			}
		}
	}
	if kid != nil {
		n.next = kid
		return kid, false
	}
	kid = &node{kind: kind, text: string(text), up: n}
	if kind == callLine {
		kid.watch = watchesOf(kid.text)
	}
	n.kids = append(n.kids, kid)
	n.next = kid
	switch {
	case n.index != nil:
		n.index[kid.text] = kid
	case len(n.kids) > manyKids:
		n.index = make(map[string]*node, 2*manyKids)
		for _, k := range n.kids {
			n.index[k.text] = k
		}
	}
	return kid, true
}

// wantsFile reports whether a file line has to follow.
func (n *node) wantsFile() bool { return n.kind == callLine || n.kind == creatorLine }

var (
	createdBy   = []byte("created by ")
	inGoroutine = []byte(" in goroutine ")
	originating = []byte("[originating from goroutine ")
	unavailable = []byte("goroutine running on other thread; stack unavailable")
)

// classify says what b is below n, and which part of it every goroutine of the group
// shares.
func (n *node) classify(b []byte) (lineKind, []byte) {
	if n.wantsFile() {
		if key := fileKey(b); key != nil {
			return fileLine, key
		}
	}
	if bytes.HasPrefix(b, originating) {
		return ancestorLine, b
	}
	if n.kind == fileLine && n.up.kind == creatorLine {
		return noLine, nil
	}
	if rest, ok := bytes.CutPrefix(b, createdBy); ok {
		if i := bytes.Index(rest, inGoroutine); i >= 0 {
			rest = rest[:i]
		}
		rest = bytes.TrimRight(rest, " \t")
		return creatorLine, b[:len(createdBy)+len(rest)]
	}
	if bytes.HasPrefix(b, []byte("...")) && bytes.HasSuffix(b, []byte(" frames elided...")) || bytes.HasSuffix(b, unavailable) {
		return elidedLine, b
	}
	if key := callKey(b); key != nil {
		return callLine, key
	}
	return noLine, nil
}

// callKey is the function name of a call line with the bracket that opens its
// arguments: the first one not behind a point, for "(*T)" always is. Nil for a line
// that is no call.
func callKey(b []byte) []byte {
	depth := 0 // of type arguments, which may hold anything
	for i, c := range b {
		switch {
		case c == '[' && i > 0:
			depth++
		case c == ']' && depth > 0:
			depth--
		case depth > 0:
		case c == ' ' || c == '\t' || c == ':' || c == '"' || c == '[':
			return nil
		case c == '(' && (i == 0 || b[i-1] == ')'):
			return nil
		case c == '(' && b[i-1] != '.':
			if name := b[:i]; bytes.IndexByte(name, '.') < 0 && string(name) != "panic" {
				return nil
			}
			return b[:i+1]
		}
	}
	return nil
}

// fileKey is a file line up to its line number, nil for a line that is none. Leading
// blanks and their escapes stay: to cut them is work for once a group.
func fileKey(b []byte) []byte {
	end := len(b)
	for _, tail := range []string{" +0x", " fp=0x"} {
		if i := bytes.Index(b[:end], []byte(tail)); i >= 0 {
			end = i
		}
	}
	key := bytes.TrimRight(b[:end], " ")
	i := len(key)
	for i > 0 && isDigit(key[i-1]) {
		i--
	}
	if i == len(key) || i < 2 || key[i-1] != ':' {
		return nil
	}
	return key
}

// filePlace is "file:line" of a file line's text.
func filePlace(text string) string {
	for {
		cut := strings.TrimLeft(text, "\t ")
		for _, tab := range []string{`\\t`, `\t`, "#011"} {
			cut = strings.TrimPrefix(cut, tab)
		}
		if cut == text {
			return text
		}
		text = cut
	}
}
