// Package line frames log text into lines and takes single lines apart: the
// prefixes that syslog, journald, the kernel, CRI and docker put in front, and
// the bodies that logrus, klog and JSON loggers write.
package line

import (
	"bytes"
	"io"
)

// MaxLine is how many bytes of one line are kept. Real log lines stay below
// 64 KiB (docker splits at 16 KiB, journald at 48 KiB); a dump that logrus wrote
// as one line may reach hundreds of KiB; more is damage or malice.
const MaxLine = 1 << 20

const (
	firstBuffer = 64 << 10
	// fullBuffer leaves room behind a longest line to read what is skipped.
	fullBuffer = MaxLine + firstBuffer
	// emptyReads is how often a source may return nothing before it counts as
	// stuck, as in package bufio.
	emptyReads = 100
)

// Line is one line of a source.
type Line struct {
	// No is 1-based.
	No int
	// Offset is the byte offset of the line's start in the source.
	Offset int64
	// Text is the line without "\n" or "\r\n", at most MaxLine bytes. It is valid
	// until the next call of Next.
	Text []byte
	// Cut is set when the line was longer than MaxLine; the rest was skipped.
	Cut bool
	// Open is set for a last line without a newline.
	Open bool
}

// Reader yields the lines of a source. It allocates one buffer, no memory per
// line.
type Reader struct {
	src        io.Reader
	buf        []byte
	start, end int   // unread bytes of buf
	offset     int64 // of buf[start] in the source
	no         int
	err        error // first error of src, io.EOF included
}

// NewReader returns a Reader of r.
func NewReader(r io.Reader) *Reader {
	return &Reader{src: r, buf: make([]byte, firstBuffer)}
}

// Next returns the next line; false at the end of the source or where reading
// failed (see Err). Bytes before a failure come as a last line that is Open.
func (r *Reader) Next() (Line, bool) {
	seen := 0
	for {
		if i := bytes.IndexByte(r.buf[r.start+seen:r.end], '\n'); i >= 0 {
			return r.take(seen+i, 1), true
		}
		seen = r.end - r.start
		switch {
		case r.err != nil && seen == 0:
			return Line{}, false
		case r.err != nil:
			return r.take(seen, 0), true
		case seen > MaxLine+1: // +1: a carriage return may end a line of MaxLine
			return r.takeLong(), true
		}
		r.compact()
		if r.end == len(r.buf) {
			r.grow()
		}
		r.read()
	}
}

// Block returns all lines that end in the next 64 KiB, or the next line if none does;
// false as Next. It may be called in turn with Next.
func (r *Reader) Block() (Block, bool) {
	for r.end-r.start < firstBuffer && r.err == nil {
		if r.start+firstBuffer > len(r.buf) {
			r.compact()
		}
		r.read()
	}
	unread := r.buf[r.start:min(r.end, r.start+firstBuffer)]
	n := bytes.LastIndexByte(unread, '\n') + 1
	if n == 0 {
		l, ok := r.Next()
		return Block{No: l.No, Offset: l.Offset, Text: l.Text, Lines: 1, Cut: l.Cut, Open: l.Open}, ok
	}
	b := Block{No: r.no + 1, Offset: r.offset, Text: unread[:n:n], Lines: bytes.Count(unread[:n], newline)}
	r.start += n
	r.offset += int64(n)
	r.no += b.Lines
	return b, true
}

// Err is the error that ended the lines, nil at a proper end.
func (r *Reader) Err() error {
	if r.err == io.EOF {
		return nil
	}
	return r.err
}

// take returns the next n bytes as a line and consumes newline bytes more.
func (r *Reader) take(n, newline int) Line {
	text := r.buf[r.start : r.start+n]
	if newline > 0 {
		text = bytes.TrimSuffix(text, []byte{'\r'})
	}
	r.no++
	l := Line{No: r.no, Offset: r.offset, Open: newline == 0}
	if l.Cut = len(text) > MaxLine; l.Cut {
		text = text[:MaxLine]
	}
	l.Text = text[:len(text):len(text)]
	r.start += n + newline
	r.offset += int64(n + newline)
	return l
}

// takeLong returns the head of a line that does not end within the buffer and
// skips the rest, reading it behind the head.
func (r *Reader) takeLong() Line {
	r.compact()
	r.no++
	l := Line{No: r.no, Offset: r.offset, Text: r.buf[:MaxLine:MaxLine], Cut: true}
	r.offset += MaxLine
	r.start = MaxLine
	for {
		if i := bytes.IndexByte(r.buf[r.start:r.end], '\n'); i >= 0 {
			r.start += i + 1
			r.offset += int64(i + 1)
			return l
		}
		r.offset += int64(r.end - r.start)
		r.end = r.start
		if r.err != nil {
			l.Open = true
			return l
		}
		r.read()
	}
}

func (r *Reader) compact() {
	if r.start > 0 {
		r.end = copy(r.buf, r.buf[r.start:r.end])
		r.start = 0
	}
}

func (r *Reader) grow() {
	bigger := make([]byte, min(2*len(r.buf), fullBuffer))
	copy(bigger, r.buf[:r.end])
	r.buf = bigger
}

func (r *Reader) read() {
	for range emptyReads {
		n, err := r.src.Read(r.buf[r.end:])
		r.end += n
		r.err = err
		if n > 0 || err != nil {
			return
		}
	}
	r.err = io.ErrNoProgress
}
