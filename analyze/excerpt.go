package analyze

import (
	"bufio"
	"context"
	"errors"
	"io"
	"strings"

	"culprit/analyze/bundle"
	"culprit/analyze/fact"
)

// Bounds of what is quoted: a report is read by people.
const (
	maxExcerpts = 2000
	// excerptLines is how much of a range is quoted: a goroutine of debug=2 has two
	// lines a frame.
	excerptLines = 40
	excerptBytes = 512 // of one line, as a Hit keeps
)

// Quote reads the lines that refs cite into r.Excerpts, out of o.Spool. For what that
// does not hold it walks the paths that Bundles was given a second time, until it has
// the last line: rows do not keep their lines, and only the report says which are
// wanted. What can be read only once, a pipe, or changed since gives no excerpt there.
// The error is that of ctx.
func (r *Report) Quote(ctx context.Context, o Options, refs []fact.Ref, paths ...string) error {
	r.Excerpts = map[fact.Ref]string{}
	cited := map[string][]fact.Ref{}
	for _, ref := range refs[:min(len(refs), maxExcerpts)] {
		if ref.Line > 0 {
			cited[ref.Source] = append(cited[ref.Source], ref)
		}
	}
	for name, refs := range cited {
		if kept, ok := o.Spool.Source(name); ok && ctx.Err() == nil {
			r.pick(kept, refs)
			delete(cited, name)
		}
	}
	for i, path := range paths {
		if len(cited) == 0 || !again(path) {
			continue
		}
		r.quote(ctx, o, path, prefix(i, len(paths)), cited)
	}
	return ctx.Err()
}

// quote walks one path and takes out of cited what it finds there.
func (r *Report) quote(ctx context.Context, o Options, path, prefix string, cited map[string][]fact.Ref) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	// How the walk ends tells nothing: what was read the first time is in the report.
	_, _ = o.walk(ctx, path, &bundle.Walker{Limits: o.Limits, Visit: func(src fact.Source, content io.Reader) {
		name := prefix + src.Path
		if refs := cited[name]; len(refs) > 0 {
			r.pick(content, refs)
			delete(cited, name)
		}
		if len(cited) == 0 {
			stop()
		}
	}})
}

// pick keeps the lines of one source that refs cite. A line that does not begin
// where the first reading found it is another line.
func (r *Report) pick(content io.Reader, refs []fact.Ref) {
	last := 0
	wanted := map[int]bool{}
	for _, ref := range refs {
		for n := ref.Line; n <= lastLine(ref); n++ {
			wanted[n] = true
			last = max(last, n)
		}
	}
	type row struct {
		text   string
		offset int64
	}
	rows := map[int]row{}
	in := bufio.NewReaderSize(content, 64<<10)
	var offset int64
	for n := 1; n <= last; n++ {
		text, length := nextLine(in)
		if length == 0 {
			break
		}
		if wanted[n] {
			rows[n] = row{strings.TrimRight(string(text[:min(len(text), excerptBytes)]), "\r\n"), offset}
		}
		offset += length
	}
	for _, ref := range refs {
		var lines []string
		for n := ref.Line; n <= lastLine(ref); n++ {
			if row, found := rows[n]; found {
				lines = append(lines, row.text)
			}
		}
		if len(lines) > 0 && (ref.Offset == 0 || ref.Offset == rows[ref.Line].offset) {
			r.Excerpts[ref] = strings.Join(lines, "\n")
		}
	}
}

// lastLine is the last line of a ref that is quoted.
func lastLine(ref fact.Ref) int {
	return min(max(ref.Line, ref.EndLine), ref.Line+excerptLines-1)
}

// nextLine is the beginning of the next line, valid until the next call, and the
// length of the whole line with its end, 0 where there is none.
func nextLine(in *bufio.Reader) (text []byte, length int64) {
	text, err := in.ReadSlice('\n')
	length = int64(len(text))
	if !errors.Is(err, bufio.ErrBufferFull) {
		return text, length
	}
	text = append([]byte(nil), text[:excerptBytes]...)
	for errors.Is(err, bufio.ErrBufferFull) {
		var more []byte
		more, err = in.ReadSlice('\n')
		length += int64(len(more))
	}
	return text, length
}
