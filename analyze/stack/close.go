package stack

import (
	"bytes"
	"strings"

	"culprit/analyze/fact"
)

// lastFrame takes the last line of the text, which no newline ends, if it is whole,
// and decides whether the text ends in the middle of this goroutine.
func (t *text) lastFrame(d *blocks, n *node, g *goroutine) *node {
	b := t.in.tail
	t.in.tail = nil
	kind, key := n.classify(b)
	whole := len(b) == 0
	switch kind {
	case callLine:
		whole = b[len(b)-1] == ')'
	case fileLine, elidedLine:
		whole = true
	case noLine:
		whole = whole || bytes.Contains(b, endMarker)
		d.closed = d.closed || bytes.Contains(b, endMarker)
	}
	if whole && kind != noLine && d.nodes < nodeLimit {
		n, _ = n.child(kind, key)
		g.span.end = t.in.no
		t.seek.add(kind, key, b)
		g.args = n.arguments(b, g.args)
	}
	// Whatever ends its last line but has no creator was cut: only goroutine 1 has none.
	headless := len(b) > 0 && !d.closed && g.id != 1 && !(n.kind == fileLine && n.up.kind == creatorLine)
	d.cut = !whole || headless || n.wantsFile() || n.up == nil
	return n
}

// close makes a part of the dump that was read. At the text's end, final, it also
// looks for a cut.
func (t *text) close(final bool) {
	if c := t.counted; c != nil {
		t.counted = nil
		t.parts = append(t.parts, t.countedPart(c, final))
	}
	d := t.blocks
	if d == nil {
		return
	}
	t.blocks = nil
	if d.total == 0 {
		if d.begun {
			t.problem(d.place.line, "a goroutine stack dump begins here and holds no goroutine")
		}
		return
	}
	p := t.blocksPart(d)
	p.Dump.Complete = !t.flawed(d, p.Dump.Form, final)
	t.parts = append(t.parts, p)
}

// flawed reports whether the dump lacks goroutines or frames, and says why.
func (t *text) flawed(d *blocks, form fact.DumpForm, final bool) bool {
	flaws := len(t.problems)
	size := t.in.size()
	switch {
	case final && form == fact.FormDebug2 && (size == pprofCap || size-d.place.offset == pprofCap):
		t.problem(d.place.end, "dump is exactly 64 MiB: runtime/pprof cuts there, counts are lower bounds")
	case d.cut:
		t.problem(d.place.end, "dump ends in the middle of a goroutine, counts are lower bounds")
	case d.begun && !d.closed:
		t.problem(d.place.end, "dump has no END marker, counts are lower bounds")
	case final && t.in.err != nil:
		return true
	}
	if d.unkept > 0 {
		t.problem(d.place.line, "more than %d different lines: the stacks of %d goroutines are counted, not kept whole", nodeLimit, d.unkept)
	}
	flawed := len(t.problems) > flaws
	if d.junk > 0 {
		t.problem(d.junkLine, "%d lines inside of goroutines are no frames, the first is %s", d.junk, d.junkText)
	}
	return flawed
}

func (t *text) blocksPart(d *blocks) Part {
	f := newFold()
	for _, leaf := range d.leaves {
		list, creator := t.names.stack(leaf)
		f.addTally(list, creator, leaf.ends)
	}
	form := t.form(d, f)
	p := Part{Stacks: f.stacks(t.source, form)}
	p.Dump = fact.Dump{Form: form, Total: d.total, Refs: []fact.Ref{d.place.ref(t.source)}}
	t.finish(&p)
	return p
}

func (t *text) countedPart(c *counted, final bool) Part {
	c.endGroup()
	p := Part{Stacks: c.fold.stacks(t.source, fact.FormDebug1)}
	p.Dump = fact.Dump{Form: fact.FormDebug1, Total: c.stated.Or(c.sum), Refs: []fact.Ref{c.place.ref(t.source)}}
	flaws := len(t.problems)
	switch {
	case c.cut:
		t.problem(c.place.end, "dump ends in the middle of a goroutine, counts are lower bounds")
	case !c.stated.Known:
		t.problem(c.place.line, "dump has no header: how many goroutines there were is unknown")
	case c.stated.V != c.sum:
		t.problem(c.place.line, "counts add up to %d goroutines, the header says %d", c.sum, c.stated.V)
	}
	p.Dump.Complete = len(t.problems) == flaws && !(final && t.in.err != nil)
	t.finish(&p)
	return p
}

// finish fills what rows and header share.
func (t *text) finish(p *Part) {
	p.Dump.Groups = len(p.Stacks)
	p.Dump.Taken = takenFrom(t.source)
	p.Dump.Daemon = daemonOf(p.Stacks, t.source)
	for i := range p.Stacks {
		p.Stacks[i].Daemon = p.Dump.Daemon
	}
}

// stack reads the way from a leaf to the root: its frames, innermost first, and the
// creator.
func (n names) stack(leaf *node) (list frameList, creator string) {
	var way []*node
	for at := leaf; at.up != nil; at = at.up {
		way = append(way, at)
	}
	for i := len(way) - 1; i >= 0; i-- {
		switch at := way[i]; at.kind {
		case callLine:
			list.add(n.canonical(strings.TrimSuffix(at.text, "(")), "")
		case elidedLine:
			list.add(elided, "")
		case creatorLine:
			creator = n.canonical(at.text[len(createdBy):])
		case fileLine:
			if at.up.kind == callLine {
				list.lines[len(list.lines)-1] = filePlace(at.text)
			}
		}
	}
	return list, creator
}

// form tells a debug=2 dump from one that a signal caused: by the goroutine that
// wrote it, by what stood before it, by the file's name.
func (t *text) form(d *blocks, f *fold) fact.DumpForm {
	for _, r := range f.rows {
		for _, fn := range r.frames {
			switch {
			case fn == "runtime/pprof.writeGoroutineStacks":
				return fact.FormDebug2
			case strings.HasSuffix(fn, "/signal.DumpStacks"), strings.HasSuffix(fn, ".dumpStacks"),
				strings.HasSuffix(fn, "/stack.Dump"), strings.HasSuffix(fn, "/stack.DumpToFile"):
				return fact.FormSignal
			}
		}
	}
	name := baseName(t.source)
	switch {
	case d.signal, d.begun:
		return fact.FormSignal
	case strings.Contains(name, "debug2"), strings.Contains(name, "debug=2"):
		return fact.FormDebug2
	case strings.Contains(name, "stacks"), d.logged:
		return fact.FormSignal
	}
	return fact.FormDebug2
}
