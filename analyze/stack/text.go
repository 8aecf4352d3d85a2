package stack

import (
	"bytes"
	"fmt"
	"io"

	"culprit/analyze/fact"
)

const (
	// pprofCap is where runtime/pprof's writeGoroutineStacks stops to double its
	// buffer: a debug=2 dump of this size is cut.
	pprofCap = 64 << 20
	// nodeLimit bounds the memory of a dump of nothing but different stacks.
	nodeLimit = 1 << 20
	// stateLimit bounds the number of wait reasons; the runtime has about 50.
	stateLimit = 256
	// dumpLimit bounds the dumps of one source: a log of a daemon that was asked for
	// one every minute of four hours.
	dumpLimit = 256
)

var (
	profileHeader = []byte("goroutine profile: total ")
	beginMarker   = []byte("=== BEGIN goroutine stack dump ===")
	endMarker     = []byte("=== END goroutine stack dump ===")
)

// blocks is a dump with one block a goroutine, while it is read.
type blocks struct {
	place    span // its lines
	root     node
	leaves   []*node // where blocks end, in order of appearance
	nodes    int
	total    int64
	one      bool // goroutine 1 was there
	begun    bool // a BEGIN marker opened it
	closed   bool // an END marker closed it
	cut      bool // the text ends inside of a goroutine
	signal   bool // a signal or panic message came before it
	logged   bool // its lines have a log prefix
	unkept   int64
	junk     int
	junkLine int
	junkText string
}

// text reads the dumps of one text.
type text struct {
	in       lines
	source   string
	parts    []Part
	problems []fact.Problem

	blocks  *blocks  // the dump being read, one of both or none
	counted *counted // debug=1
	signal  bool     // a signal or panic message came since the last dump

	states map[string]string
	state  string // of the goroutine before
	names  names
	args   []argument
	seek   *seek // the goroutine that is looked for, nil where all are grouped
	// carried is a line that a logger broke, and its number.
	carried   []byte
	carriedNo int
}

func newText(r io.Reader, source string) *text {
	return &text{in: newLines(r), source: source, states: map[string]string{}, names: names{}}
}

// run reads to the end.
func (t *text) run() {
	for {
		line, ok := t.in.next()
		if !ok {
			break
		}
		for line != nil {
			if len(t.parts) >= dumpLimit {
				t.problem(t.in.no, "more than %d dumps: the rest is not read", dumpLimit)
				return
			}
			line = t.outside(line)
		}
	}
	if tail := t.in.tail; len(tail) > 0 {
		if i, _ := findHeader(tail); i < 0 && t.blocks != nil {
			t.blocks.cut = bytes.HasPrefix(tail, goroutineWord) || bytes.HasPrefix(goroutineWord, tail)
		}
		t.outside(tail)
	}
	if t.in.err != nil {
		t.problem(t.in.no, "reading stops here: %v", t.in.err)
	}
	t.close(true)
}

func (t *text) problem(line int, format string, args ...any) {
	ref := fact.Ref{Source: t.source, Line: line}
	t.problems = append(t.problems, fact.Problem{Ref: ref, Text: fmt.Sprintf(format, args...)})
}

// outside takes a line between blocks. It returns a line that ended what this one
// began and may begin something itself.
func (t *text) outside(b []byte) []byte {
	if t.counted != nil && t.counted.line(b, &t.in, t.names) {
		return nil
	}
	b = t.gluedHeader(b)
	if !bytes.Contains(b, goroutineWord[:len("goroutine")]) {
		t.message(b)
		return nil
	}
	if i := bytes.Index(b, profileHeader); i >= 0 {
		t.close(false)
		t.strip(b[:i])
		t.counted = newCounted(&t.in, b[i+len(profileHeader):])
		return nil
	}
	if i := bytes.Index(b, beginMarker); i >= 0 {
		t.close(false)
		t.open().begun = true
		if !t.in.escape(b, i+len(beginMarker)) {
			t.strip(b[:i])
		}
		return nil
	}
	if bytes.Contains(b, endMarker) {
		if t.blocks != nil {
			t.blocks.closed = true
			t.close(false)
		}
		return nil
	}
	i, h := findHeader(b)
	if i < 0 {
		t.carry(b)
		return nil
	}
	if t.strip(b[:i]) && t.blocks != nil && t.blocks.total > 0 || t.counted != nil {
		t.close(false)
	}
	if t.blocks != nil && h.id == 1 && t.blocks.one {
		t.problem(t.in.no, "goroutine 1 again: another dump begins without a border")
		t.close(false)
	}
	return t.block(t.open(), h)
}

// strip learns the log prefix in front of a header. It reports whether there is one.
func (t *text) strip(front []byte) bool {
	mark := markOf(front)
	if mark != nil {
		t.in.setMark(mark)
	}
	return mark != nil
}

// message takes the line with which the runtime explains why it prints stacks.
func (t *text) message(b []byte) {
	for _, word := range []string{"SIGQUIT: quit", "SIGABRT: abort", "fatal error: ", "panic: "} {
		if bytes.HasPrefix(b, []byte(word)) {
			if t.blocks != nil && t.blocks.total > 0 {
				t.close(false)
			}
			t.signal = true
			return
		}
	}
	if t.blocks == nil && t.counted == nil {
		if count, ok := countLine(b); ok {
			t.counted = newCounted(&t.in, nil)
			t.counted.group(count, &t.in)
		}
	}
}

// open is the dump that goroutines belong to now.
func (t *text) open() *blocks {
	if t.blocks == nil {
		t.blocks = &blocks{place: span{line: t.in.no, end: t.in.no, offset: t.in.start}, signal: t.signal, logged: t.in.prefix.mark != nil}
		t.signal = false
	}
	return t.blocks
}

// block reads the lines of one goroutine.
func (t *text) block(d *blocks, h header) (pending []byte) {
	g := goroutine{id: h.id, state: t.stateOf(h.state), minutes: h.minutes, args: t.args[:0]}
	g.span = t.in.place()
	n, more := &d.root, true
	if t.seek != nil {
		n, d.nodes = t.seek.begin(h), 0
	}
	for more {
		n = t.follow(n, &g)
		b, ok := t.in.next()
		if !ok {
			n = t.lastFrame(d, n, &g)
			break
		}
		if len(b) == 0 {
			break
		}
		kid := n.next
		if kid == nil || !kid.matches(b) {
			if kid, pending, more = t.step(d, n, &g, b); kid == nil {
				continue
			}
		} else if kid.watch != 0 {
			g.args = kid.arguments(b, g.args)
		} else if !kid.vary {
			kid.again(b)
		}
		n = kid
		g.span.end = t.in.no
	}
	t.args = g.args
	switch {
	case t.seek == nil:
		d.end(n, &g)
	case g.id != 0:
		t.seek.end()
	}
	return pending
}

// follow goes past the lines below n that followed in the goroutine before, as far as they
// are there, and returns the last one's node. This is the hot loop: nearly every line of a
// dump is one of these, and is only compared.
func (t *text) follow(n *node, g *goroutine) *node {
	l := &t.in
	if l.framing != plain {
		return n
	}
	no, at := l.no, l.pos
	for {
		kid, rest := n.next, l.buf[at:l.end]
		switch {
		case kid == nil:
		case kid.same != "" && len(rest) >= len(kid.same) && string(rest[:len(kid.same)]) == kid.same:
			at += len(kid.same)
			no++
			n = kid
			continue
		case kid.kind == callLine && (kid.vary || kid.watch != 0) && len(rest) >= len(kid.text) && string(rest[:len(kid.text)]) == kid.text:
			end := bytes.IndexByte(rest[len(kid.text):], '\n')
			if end < 0 {
				break
			}
			if end += len(kid.text); kid.watch != 0 {
				g.args = kid.arguments(trimCR(rest[:end]), g.args)
			}
			at += end + 1
			no++
			n = kid
			continue
		}
		if no > l.no {
			l.no, l.pos = no, at
			g.span.end = no
		}
		return n
	}
}

// step takes a line that the goroutine before did not have. It returns the line's
// node, nil where it has none, and more = false where the block ends; pending is the
// line that ended it.
func (t *text) step(d *blocks, n *node, g *goroutine, b []byte) (kid *node, pending []byte, more bool) {
	b, glued := t.glue(n, b)
	if !glued {
		if kid := n.known(b); kid != nil {
			g.args = kid.arguments(b, g.args)
			return kid, nil, true
		}
	}
	kind, key := n.classify(b)
	switch {
	case kind == ancestorLine:
		return nil, t.skipBlock(), false
	case kind != noLine && d.nodes < nodeLimit:
		kid, made := n.child(kind, key)
		if made {
			d.nodes++
		}
		t.seek.add(kind, key, b)
		g.args = kid.arguments(b, g.args)
		return kid, nil, true
	case kind != noLine:
		d.unkept++
		return nil, t.skipBlock(), false
	}
	done := n.kind == fileLine && n.up.kind == creatorLine
	if done || beginsDump(b) || bytes.Contains(b, endMarker) {
		return nil, b, false
	}
	if !t.carry(b) {
		if d.junk++; d.junk == 1 {
			d.junkLine, d.junkText = t.in.no, clip(b)
		}
	}
	return nil, nil, true
}

// carry keeps a line that is not understood, because syslog and journald break long
// lines anywhere. It reports false where nothing breaks lines.
func (t *text) carry(b []byte) bool {
	if t.in.framing != marked {
		return false
	}
	t.carried, t.carriedNo = append(t.carried[:0], b...), t.in.no
	return true
}

// whole is b behind the line before it, if that one was carried.
func (t *text) whole(b []byte) []byte {
	if t.carriedNo == 0 || t.carriedNo+1 != t.in.no || t.in.framing != marked {
		return nil
	}
	t.carriedNo = 0
	t.carried = append(t.carried, b...)
	return t.carried
}

// glue puts b behind the carried line if both make one that is understood below n.
func (t *text) glue(n *node, b []byte) ([]byte, bool) {
	if whole := t.whole(b); whole != nil {
		if kind, _ := n.classify(whole); kind != noLine {
			return whole, true
		}
		if _, ok := parseHeader(whole); ok {
			return whole, true
		}
	}
	return b, false
}

// gluedHeader is glue between blocks, where only a header is awaited.
func (t *text) gluedHeader(b []byte) []byte {
	if whole := t.whole(b); whole != nil {
		if _, ok := parseHeader(whole); ok {
			return whole
		}
	}
	return b
}

// skipBlock drops the rest of a block and returns the line that ends it, nil for a
// blank one.
func (t *text) skipBlock() []byte {
	for {
		b, ok := t.in.next()
		if !ok || len(b) == 0 {
			return nil
		}
		if beginsDump(b) || bytes.Contains(b, endMarker) {
			return b
		}
	}
}

// end counts a goroutine. Goroutine 0 is a thread's scheduler stack, which a SIGQUIT
// trace prints, and no goroutine.
func (d *blocks) end(n *node, g *goroutine) {
	d.place.end = g.span.end
	if g.id == 0 {
		return
	}
	d.total++
	g.seq = d.total
	d.one = d.one || g.id == 1
	if n.ends == nil {
		n.ends = &tally{}
		d.leaves = append(d.leaves, n)
	}
	n.ends.add(g)
}

// stateOf is a header's state as a string that all goroutines in it share.
func (t *text) stateOf(b []byte) string {
	if string(b) == t.state {
		return t.state
	}
	s, ok := t.states[string(b)]
	if !ok && len(t.states) < stateLimit {
		s = string(b)
		t.states[s] = s
	}
	t.state = s
	return s
}

func clip(b []byte) string { return fmt.Sprintf("%q", b[:min(len(b), 80)]) }
