package stack

import (
	"bytes"
	"math"

	"culprit/analyze/fact"
)

// counted is a dump in the form debug=1, while it is read. runtime/pprof's
// printCountProfile writes it:
//
//	goroutine profile: total 1661
//	803 @ 0xe05e16 0xe160fc 0x17ddf47 0xe38021
//	# labels: {"test_label":"test_value"}
//	#	0x17ddf46	github.com/docker/docker/container.(*State).Wait.func1+0xc6	github.com/docker/docker/container/state.go:213
//
// Tabs may have become blanks on the way, or rsyslog's #011.
type counted struct {
	place  span
	stated fact.Opt[int64] // the header's total
	sum    int64
	fold   *fold
	cut    bool

	open  bool // a group is being read
	count int64
	span  span
	list  frameList
}

// newCounted begins a dump at a header, of which total is the rest, or without one
// if total is nil.
func newCounted(in *lines, total []byte) *counted {
	c := &counted{place: span{line: in.no, end: in.no, offset: in.start}, fold: newFold()}
	if n, rest := leadingInt(total); len(rest) < len(total) {
		c.stated = fact.Some(n)
	}
	return c
}

// line takes a line if it belongs to the dump.
func (c *counted) line(b []byte, in *lines, names names) bool {
	last := len(in.tail) > 0 // without a newline
	if len(b) == 0 {
		c.endGroup()
		return true
	}
	if count, ok := countLine(b); ok {
		c.endGroup()
		c.group(count, in)
		// Only a stack of nothing but runtime.goexit has no frame to follow.
		c.cut = last && bytes.Count(b, []byte("0x")) > 1
		return true
	}
	if b[0] != '#' || !c.open {
		return false
	}
	fn, place := frameLine(b)
	if last && (place == "" || !lineNumbered(place)) {
		c.cut = true
		return true
	}
	c.span.end, c.place.end = in.no, in.no
	if fn != "" {
		c.list.add(names.canonical(fn), place)
	}
	return true
}

// group begins a group of count goroutines.
func (c *counted) group(count int64, in *lines) {
	c.open, c.count, c.list = true, count, frameList{}
	c.span = span{line: in.no, end: in.no, offset: in.start}
	c.place.end = in.no
}

func (c *counted) endGroup() {
	if c.open {
		c.open = false
		if c.sum > math.MaxInt64-c.count {
			c.count = math.MaxInt64 - c.sum
		}
		c.sum += c.count
		c.fold.add(c.list, c.count, c.span)
	}
}

// countLine reads "803 @ 0xe05e16 0xe160fc".
func countLine(b []byte) (int64, bool) {
	n, rest := leadingInt(b)
	rest, ok := bytes.CutPrefix(rest, []byte(" @"))
	return n, ok && n > 0 && (len(bytes.TrimSpace(rest)) == 0 || bytes.HasPrefix(rest, []byte(" 0x")))
}

// leadingInt reads the decimal number at the start of b.
func leadingInt(b []byte) (n int64, rest []byte) {
	i := 0
	for ; i < len(b) && i < 18 && isDigit(b[i]); i++ {
		n = n*10 + int64(b[i]-'0')
	}
	return n, b[i:]
}

// frameLine reads a "#" line: the function, or the address where the binary has no
// name for it, and "file:line". A line of labels has neither.
func frameLine(b []byte) (fn, place string) {
	b = bytes.Trim(bytes.ReplaceAll(b[1:], []byte("#011"), []byte("\t")), "\t ")
	if !bytes.HasPrefix(b, []byte("0x")) {
		return "", ""
	}
	end := bytes.IndexAny(b, "\t ")
	if end < 0 {
		return string(b), ""
	}
	rest := bytes.TrimLeft(b[end:], "\t ")
	plus := bytes.Index(rest, []byte("+0x"))
	if plus < 0 {
		return string(b[:end]), ""
	}
	if end = bytes.IndexAny(rest[plus:], "\t "); end >= 0 {
		place = string(bytes.TrimLeft(rest[plus+end:], "\t "))
	}
	return string(rest[:plus]), place
}

func lineNumbered(place string) bool { return fileKey([]byte(place)) != nil }
