package stack

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

// chunk is the size of the one buffer a text goes through; a longer line is cut.
const chunk = 256 << 10

// framing says how lines are found in the text.
type framing uint8

const (
	plain   framing = iota // one line a line
	marked                 // every line behind a log prefix, others between them
	escaped                // many lines in one, newlines written as \n
	skipped                // the rest of a line that was longer than the buffer
)

// lines hands out one line after the other without their ends. A line is valid
// until the next call of next.
type lines struct {
	r        io.Reader
	buf      []byte
	pos, end int   // what is read but not handed out
	base     int64 // offset of buf[0] in the text
	eof      bool
	err      error // why the text ended early, nil at a regular end

	no    int   // number of the line in the text, 1-based
	start int64 // offset of its first byte
	at    int   // where in buf the line handed out begins, valid until next
	// tail is the last line where no newline ends it; next does not return it.
	tail []byte

	framing framing
	prefix  prefix // marked and escaped
	escapes escapes
}

// place is where the line handed out begins, which in a split line may be a part above.
func (l *lines) place() span {
	at := span{line: l.no, end: l.no, offset: l.start}
	if l.framing == escaped {
		at.line, at.offset = l.escapes.first.line, l.escapes.first.offset
	}
	return at
}

// idle are buffers between two texts.
var idle = sync.Pool{New: func() any { return new([chunk]byte) }}

func newLines(r io.Reader) lines { return lines{r: r, buf: idle.Get().(*[chunk]byte)[:]} }

// done gives the buffer back; no line is valid any more.
func (l *lines) done() {
	idle.Put((*[chunk]byte)(l.buf))
	l.buf = nil
}

// next returns the next terminated line.
func (l *lines) next() ([]byte, bool) {
	if l.framing == plain {
		if i := bytes.IndexByte(l.buf[l.pos:l.end], '\n'); i >= 0 {
			b := l.buf[l.pos : l.pos+i]
			l.begin()
			l.pos += i + 1
			return trimCR(b), true
		}
	}
	for {
		switch l.framing {
		case escaped:
			if b, ok, again := l.nextEscaped(); !again {
				return b, ok
			}
		case skipped:
			if !l.skipRest() {
				return nil, false
			}
			l.framing = l.settled()
		case marked:
			b, ok := l.physical()
			if !ok {
				l.tail, _ = l.unmark(l.tail)
				return nil, false
			}
			if b, ok = l.unmark(b); ok {
				return b, true
			}
		default:
			return l.physical()
		}
	}
}

// physical returns the next line of the text as it stands.
func (l *lines) physical() ([]byte, bool) {
	for from := l.pos; ; {
		i := bytes.IndexByte(l.buf[from:l.end], '\n')
		if i >= 0 {
			b := l.buf[l.pos : from+i]
			l.begin()
			l.pos = from + i + 1
			return trimCR(b), true
		}
		from = l.end
		switch shift, more := l.fill(); {
		case more:
			from -= shift
		case l.eof:
			l.finish()
			return nil, false
		default:
			l.begin()
			b := l.buf[l.pos:l.end]
			l.pos = l.end
			l.framing = skipped
			return b, true
		}
	}
}

func (l *lines) begin() {
	l.no++
	l.at, l.start = l.pos, l.base+int64(l.pos)
}

// finish keeps what stands behind the last newline as the tail.
func (l *lines) finish() {
	l.tail = nil
	if l.pos < l.end {
		l.begin()
		l.tail = trimCR(l.buf[l.pos:l.end])
		l.pos = l.end
	}
}

// skipRest drops everything up to and including the next newline.
func (l *lines) skipRest() bool {
	for {
		if i := bytes.IndexByte(l.buf[l.pos:l.end], '\n'); i >= 0 {
			l.pos += i + 1
			return true
		}
		l.pos = l.end
		if _, more := l.fill(); !more {
			l.tail = nil
			return false
		}
	}
}

// settled is the framing outside of an escaped or overlong line.
func (l *lines) settled() framing {
	if l.prefix.mark != nil {
		return marked
	}
	return plain
}

// fill reads more, after moving what is left to the front of the buffer. It returns
// by how many bytes that moved, and false when the text ended or the buffer is full.
func (l *lines) fill() (shift int, more bool) {
	if l.eof {
		return 0, false
	}
	if shift = l.pos; shift > 0 {
		copy(l.buf, l.buf[l.pos:l.end])
		l.base += int64(shift)
		l.pos, l.end = 0, l.end-shift
	}
	for empty := 0; l.end < len(l.buf); {
		n, err := l.r.Read(l.buf[l.end:])
		l.end += n
		if err != nil {
			l.eof = true
			if !errors.Is(err, io.EOF) {
				l.err = err
			}
			return shift, n > 0
		}
		if n > 0 {
			return shift, true
		}
		if empty++; empty == 100 {
			l.eof, l.err = true, io.ErrNoProgress
			return shift, false
		}
	}
	return shift, false
}

// size is the number of bytes read so far.
func (l *lines) size() int64 { return l.base + int64(l.end) }

func trimCR(b []byte) []byte {
	if n := len(b); n > 0 && b[n-1] == '\r' {
		return b[:n-1]
	}
	return b
}
