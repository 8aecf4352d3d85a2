package tui

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"culprit/analyze"
	"culprit/analyze/bundle"
	"culprit/analyze/fact"
)

// source is one source of the bundle, line by line at random. Of every stride-th line it knows the
// offset: an eighth of a byte of memory a line, however large the source is.
type source struct {
	content io.ReaderAt
	size    int64
	marks   []int64
	n       int
	// kept are the blocks of stride lines that were read last.
	kept []block
	file io.Closer // to be closed, nil none
}

type block struct {
	at    int
	lines []string
}

const (
	stride = 64
	// maxLine is how much of one line is kept; longer ones say how much is missing.
	maxLine = 64 << 10
	// maxKept blocks are enough for a screen and what is beside it.
	maxKept = 4
)

// newSource finds the lines of content; it stops when ctx does.
func newSource(ctx context.Context, content io.ReaderAt, size int64) (*source, error) {
	t := &source{content: content, size: size}
	buf := make([]byte, min(size, 256<<10))
	open := true // a line begins here
	for at := int64(0); at < size; {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n, err := content.ReadAt(buf[:min(int64(len(buf)), size-at)], at)
		for rest := buf[:n]; len(rest) > 0; {
			if open {
				if t.n%stride == 0 {
					t.marks = append(t.marks, at)
				}
				t.n++
			}
			i := bytes.IndexByte(rest, '\n')
			if open = i >= 0; !open {
				i = len(rest) - 1
			}
			at += int64(i) + 1
			rest = rest[i+1:]
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		if n == 0 {
			break
		}
	}
	return t, nil
}

// private is t for another goroutine.
func (t *source) private() *source {
	return &source{content: t.content, size: t.size, marks: t.marks, n: t.n}
}

// Close gives the file back, where t has one.
func (t *source) Close() {
	if t.file != nil {
		t.file.Close()
	}
}

// Len is the number of lines.
func (t *source) Len() int { return t.n }

// Line reads one line, counted from 0, without its end.
func (t *source) Line(i int) string {
	at := i / stride
	j := slices.IndexFunc(t.kept, func(b block) bool { return b.at == at })
	if j < 0 {
		if len(t.kept) == maxKept {
			t.kept = slices.Delete(t.kept, 0, 1)
		}
		t.kept = append(t.kept, t.read(at))
		j = len(t.kept) - 1
	}
	lines := t.kept[j].lines
	if i%stride >= len(lines) {
		return "cannot be read any more"
	}
	return lines[i%stride]
}

// read reads one block.
func (t *source) read(at int) block {
	start, b := t.marks[at], block{at: at}
	in := bufio.NewReaderSize(io.NewSectionReader(t.content, start, t.size-start), 16<<10)
	for range min(stride, t.n-at*stride) {
		line, ok := readLine(in)
		if !ok {
			break
		}
		b.lines = append(b.lines, line)
	}
	return b
}

// readLine is the next line without its end; false at the end, or where reading fails.
func readLine(in *bufio.Reader) (string, bool) {
	var line []byte
	more := 0
	for {
		piece, err := in.ReadSlice('\n')
		kept := min(len(piece), maxLine-len(line))
		line, more = append(line, piece[:kept]...), more+len(piece)-kept
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil && len(line) == 0:
			return "", false
		case more > 1: // beyond the newline
			return fmt.Sprintf("%s … and %d bytes more", line, more), true
		}
		return string(bytes.TrimRight(line, "\r\n")), true
	}
}

// contentOf finds the content of a source: in the spool, else in a file without a name
// into which it is copied out of the bundle, and which is to be closed.
func contentOf(ctx context.Context, o analyze.Options, name string, paths []string) (*io.SectionReader, io.Closer, error) {
	if content, ok := o.Spool.Source(name); ok {
		return content, io.NopCloser(nil), nil
	}
	f, err := bundle.NewUnnamed()
	if err != nil {
		return nil, nil, err
	}
	w := io.NewOffsetWriter(f, 0)
	err = analyze.Raw(ctx, o, w, name, paths...)
	size, _ := w.Seek(0, io.SeekCurrent)
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return io.NewSectionReader(f, 0, size), f, nil
}

// openSource makes the content of a source readable by lines.
func openSource(ctx context.Context, o analyze.Options, name string, paths []string) (*source, error) {
	content, closer, err := contentOf(ctx, o, name, paths)
	if err != nil {
		return nil, err
	}
	t, err := newSource(ctx, content, content.Size())
	if err != nil {
		closer.Close()
		return nil, err
	}
	t.file = closer
	return t, nil
}

// raw are the lines of a source as they lie in the bundle, with their numbers. What
// ref cites is marked.
type raw struct {
	*source
	ref fact.Ref
}

func (r raw) Row(i, _ int) row {
	mark := ' '
	if last := max(r.ref.Line, r.ref.EndLine); i+1 >= r.ref.Line && i+1 <= last {
		mark = '*'
	}
	line := r.Line(i)
	return row{text: fmt.Sprintf("%7d%c %s", i+1, mark, line), line: line, fixed: 9, refs: []fact.Ref{{Source: r.ref.Source, Line: i + 1}}}
}

func (r raw) text(i int) string { return r.Line(i) }

func (r raw) private() rows { return raw{r.source.private(), r.ref} }
