package host

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"sort"
	"strings"

	"culprit/analyze/fact"
)

// readJSON reads a whole JSON source, at most maxJSON bytes of it.
func readJSON(l *lines, r io.Reader) []byte {
	b, err := io.ReadAll(io.LimitReader(r, maxJSON+1))
	if err != nil {
		l.problem(fact.Ref{Source: l.source}, "reading stopped: %s", clip(err.Error()))
	}
	if len(b) > maxJSON {
		b = b[:maxJSON]
		l.problem(fact.Ref{Source: l.source}, "cut at %d bytes", maxJSON)
	}
	return b
}

// lineTable turns byte offsets into lines.
type lineTable struct {
	starts []int // of each line
}

func newLineTable(b []byte) lineTable {
	t := lineTable{starts: []int{0}}
	for i := 0; ; {
		n := bytes.IndexByte(b[i:], '\n')
		if n < 0 || i+n+1 == len(b) {
			return t
		}
		i += n + 1
		t.starts = append(t.starts, i)
	}
}

// line is the 1-based line of the byte at off.
func (t lineTable) line(off int) int {
	return max(1, sort.SearchInts(t.starts, off+1))
}

// start is the offset at which the line of off starts.
func (t lineTable) start(off int) int64 { return int64(t.starts[t.line(off)-1]) }

// ref spans the lines of the bytes from to end, exclusive.
func (t lineTable) ref(source string, from, end int) fact.Ref {
	ref := fact.Ref{Source: source, Line: t.line(from), Offset: t.start(from)}
	if last := t.line(max(from, end-1)); last > ref.Line {
		ref.EndLine = last
	}
	return ref
}

// brokenJSON records err, met when decoding b from the byte at base.
func (l *lines) brokenJSON(b []byte, t lineTable, base int, err error) {
	at := base
	text := clip(err.Error())
	var syntax *json.SyntaxError
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.As(err, &syntax):
		at = base + max(int(syntax.Offset)-1, 0)
		// At the end of the text the decoder pretends to read one more blank.
		if at >= len(b)-1 && strings.Contains(text, "character ' '") && b[len(b)-1] != ' ' {
			text = "unexpected end of JSON input"
		}
	case errors.As(err, &wrongType):
		text = "a JSON " + wrongType.Value + ", not an object"
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		l.problem(t.ref(l.source, base, base), "broken JSON: what starts in line %d does not end", t.line(base))
		return
	}
	l.problem(t.ref(l.source, at, at), "broken JSON at %d:%d: %s", t.line(at), at-int(t.start(at))+1, text)
}
