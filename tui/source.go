package tui

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"culprit/analyze"
	"culprit/analyze/fact"
)

// spool is the content of one source in a file without a name, with the offset of
// each line: 8 bytes of memory a line, however large the source is.
type spool struct {
	file   *os.File
	starts []int64
	size   int64
}

// maxLine is how much of one line is shown.
const maxLine = 4096

// open copies a source out of the bundle. Close the spool after use.
func openSource(ctx context.Context, o analyze.Options, source string, paths []string) (*spool, error) {
	f, err := os.CreateTemp("", "culprit-*")
	if err != nil {
		return nil, err
	}
	os.Remove(f.Name())
	s := &spool{file: f}
	if err := analyze.Raw(ctx, o, s, source, paths...); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Write appends content and notes where lines begin.
func (s *spool) Write(p []byte) (int, error) {
	n, err := s.file.Write(p)
	at := s.size
	if at == 0 && n > 0 {
		s.starts = append(s.starts, 0)
	}
	for rest := p[:n]; ; {
		i := bytes.IndexByte(rest, '\n')
		if i < 0 {
			break
		}
		at += int64(i) + 1
		s.starts = append(s.starts, at)
		rest = rest[i+1:]
	}
	s.size += int64(n)
	return n, err
}

// Close gives the file back.
func (s *spool) Close() { s.file.Close() }

// Len is the number of lines; one that has begun at the very end is none.
func (s *spool) Len() int {
	n := len(s.starts)
	if n > 0 && s.starts[n-1] == s.size {
		n--
	}
	return n
}

// Line reads one line, counted from 0, without its end.
func (s *spool) Line(i int) string {
	end := s.size
	if i+1 < len(s.starts) {
		end = s.starts[i+1]
	}
	line := make([]byte, min(end-s.starts[i], maxLine))
	n, err := s.file.ReadAt(line, s.starts[i])
	if n < len(line) && err != nil {
		return "cannot be read any more: " + err.Error()
	}
	return string(bytes.TrimRight(line, "\r\n"))
}

// raw are the lines of a source as they lie in the bundle, with their numbers. What
// ref cites is marked.
type raw struct {
	*spool
	ref fact.Ref
}

func (r raw) Row(i int) row {
	mark := ' '
	if last := max(r.ref.Line, r.ref.EndLine); i+1 >= r.ref.Line && i+1 <= last {
		mark = '*'
	}
	return row{text: fmt.Sprintf("%7d%c %s", i+1, mark, r.Line(i))}
}
