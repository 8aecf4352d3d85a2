package bundle

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"culprit/analyze/fact"
)

// stepLines reads the lines of a manifest or a collect log.
type stepLines struct {
	r      *bufio.Reader
	text   []byte
	ref    fact.Ref
	offset int64
	// long is set when text is only the beginning of a line that is too long.
	long bool
	err  error // nil at io.EOF
}

// idleSteps are buffers between two sources.
var idleSteps = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, maxStepLine) }}

// newStepLines needs an end.
func newStepLines(r io.Reader, src string) *stepLines {
	l := &stepLines{r: idleSteps.Get().(*bufio.Reader), ref: fact.Ref{Source: src}}
	l.r.Reset(r)
	return l
}

// next moves to the next line and reports whether there is one. text is valid
// until the next call.
func (l *stepLines) next() bool {
	text, err := l.r.ReadSlice('\n')
	if len(text) == 0 {
		if err != io.EOF {
			l.err = err
		}
		return false
	}
	l.ref.Line++
	l.ref.Offset = l.offset
	l.offset += int64(len(text))
	l.long = errors.Is(err, bufio.ErrBufferFull)
	if l.long {
		text = bytes.Clone(text)
		for errors.Is(err, bufio.ErrBufferFull) {
			var more []byte
			more, err = l.r.ReadSlice('\n')
			l.offset += int64(len(more))
		}
	}
	l.text = bytes.TrimRight(text, "\r\n")
	return true
}

// bad is the problem of the current line.
func (l *stepLines) bad(format string, args ...any) fact.Problem {
	return fact.Problem{Ref: l.ref, Text: fmt.Sprintf(format, args...)}
}

// end gives the buffer back: no line can be read any more. It returns the problem that
// ended the reading, none at the end of the input.
func (l *stepLines) end() []fact.Problem {
	l.r.Reset(nil)
	idleSteps.Put(l.r)
	l.r = nil
	if l.err == nil {
		return nil
	}
	return []fact.Problem{l.bad("unreadable after this line: %s", reason(l.err))}
}
