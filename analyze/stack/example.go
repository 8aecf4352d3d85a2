package stack

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"culprit/analyze/fact"
)

// ErrNoGoroutine says that a text does not hold the goroutine that was asked for.
var ErrNoGoroutine = errors.New("no such goroutine in this text")

// Example reads one goroutine out of the lines that a ref of a Stack cites, whatever
// they were logged into: the first one with the Stack's frames, as a dump in one logged
// line gives every group the same line; without frames the first one of all.
//
// The error is ErrNoGoroutine, that of text, or says why arguments cannot be read; then
// the goroutine is there without any.
func Example(text io.Reader, frames []string) (Goroutine, error) {
	t := newText(text, "")
	defer t.in.done()
	t.seek = &seek{frames: frames, names: t.names}
	for more := true; more && !t.seek.found; {
		var b []byte
		if b, more = t.in.next(); !more {
			b, t.in.tail = t.in.tail, nil
		}
		if t.beginsGroup(b) {
			t.seek.group(&t.in)
			continue
		}
		b = t.resume(b)
		for b != nil && !t.seek.found {
			b = t.outside(b)
		}
	}
	switch {
	case t.seek.found:
		return t.seek.goroutine()
	case t.in.err != nil:
		return Goroutine{}, t.in.err
	}
	return Goroutine{}, ErrNoGoroutine
}

// beginsGroup reports whether b is the first line of a debug=1 group, behind a log
// prefix or not: the lines of a ref do not hold the header that tells the prefix.
func (t *text) beginsGroup(b []byte) bool {
	at := bytes.Index(b, []byte(" @"))
	start := max(at, 0)
	for start > 0 && isDigit(b[start-1]) {
		start--
	}
	if _, ok := countLine(b[start:]); !ok {
		return false
	}
	return start == 0 || t.strip(b[:start])
}

// resume has what follows the first written newline of b read as lines, as the BEGIN
// marker would: of a dump in one logged line that was split, the lines of a ref begin in
// the middle. It returns the header that stands in front, nil where there is none.
func (t *text) resume(b []byte) []byte {
	if t.in.framing == escaped || bytes.Contains(b, beginMarker) {
		return b
	}
	end, _ := findHeader(b) // labels may hold anything
	if end < 0 {
		end = len(b)
	}
	for i := range b[:end] {
		if (b[i] == '\\' || b[i] == '#') && t.in.escape(b, i) {
			t.in.escapes.quoted = string(t.in.escapes.newline) == `\n`
			if from, _ := findHeader(b[:i]); from >= 0 {
				return b[from:i]
			}
			return nil
		}
	}
	return b
}

// seek looks for one goroutine while a text is read, and keeps its lines.
type seek struct {
	frames []string // wanted, nil any
	names  names
	found  bool

	line    string // the header's
	started Goroutine
	args    []string // of all frames that are calls: "(0x1, 0x2)"
}

// begin takes the header of a goroutine and returns the root of a trie of its own, in
// which every line is new and comes to add.
func (s *seek) begin(h header) *node {
	s.line = string(h.line)
	s.started = Goroutine{ID: h.id, State: string(h.state), Wait: fact.Some(time.Duration(h.minutes) * time.Minute)}
	s.args = nil
	return &node{}
}

// add takes a line of the goroutine, and of it the part that its group shares. Without
// a seek it does nothing.
func (s *seek) add(kind lineKind, key, b []byte) {
	if s == nil {
		return
	}
	frames := &s.started.Frames
	switch kind {
	case callLine:
		s.args = append(s.args, string(bytes.TrimRight(b[len(key)-1:], " \t")))
		*frames = append(*frames, Frame{Func: strings.TrimSuffix(string(key), "(")})
	case elidedLine:
		*frames = append(*frames, Frame{Func: elided})
	case creatorLine:
		*frames = append(*frames, Frame{Func: string(key[len(createdBy):]), Origin: OriginCreator})
	case fileLine:
		last := &(*frames)[len(*frames)-1]
		last.File, last.Line = splitPlace(filePlace(string(key)))
	}
}

// end makes the goroutine the one that was found if it has the frames.
func (s *seek) end() {
	var list frameList
	frames := s.started.Frames
	for i := range frames {
		f := &frames[i]
		if f.Func == elided {
			list.add(elided, "")
			continue
		}
		if f.Origin == "" {
			f.Origin = originOf(f.Func, f.File)
		}
		f.Func = s.names.canonical(f.Func)
		if f.Origin != OriginCreator {
			list.add(f.Func, "")
		}
	}
	has := list.visible().frames
	s.found = s.frames == nil || slices.Equal(has, s.frames) || samePrefix(has, s.frames)
}

// group reads the frames of a debug=1 group below its count.
func (s *seek) group(in *lines) {
	s.started, s.line = Goroutine{}, ""
	for {
		b, ok := in.next()
		if !ok {
			b, in.tail = in.tail, nil
		}
		if len(b) == 0 || b[0] != '#' {
			break
		}
		if fn, place := frameLine(b); fn != "" {
			f := Frame{Func: fn}
			f.File, f.Line = splitPlace(place)
			s.started.Frames = append(s.started.Frames, f)
		}
	}
	s.end()
}

// goroutine is what was found, with its arguments.
func (s *seek) goroutine() (Goroutine, error) {
	g := s.started
	if s.line == "" { // debug=1
		return g, nil
	}
	args, locked, err := parse(s.line, s.args)
	if err != nil {
		return g, fmt.Errorf("goroutine %d: %w", g.ID, err)
	}
	g.Locked = locked
	for i := range g.Frames {
		if f := &g.Frames[i]; f.Func != elided && f.Origin != OriginCreator {
			f.Args, args = args[0], args[1:]
		}
	}
	return g, nil
}
