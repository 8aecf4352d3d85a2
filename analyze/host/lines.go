// Package host reads what a node tells about itself: process listings and
// /proc/PID files, mounts, sockets, cgroup freezers, docker and containerd
// listings, units, configuration and versions.
//
// Every parser is a function ParseX(r, source) that returns rows with Refs into
// source, and Problems for what it could not read. Damaged input never stops a
// parser and never panics. Rows have a zero Place: the caller knows the node.
package host

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"

	"culprit/analyze/fact"
)

const (
	// maxLine is how much of one line is kept; the rest of a longer line is read
	// and dropped.
	maxLine = 1 << 20
	// maxProblems is how many problems one source may have before they are only
	// counted.
	maxProblems = 20
	// maxQuote is how many bytes of an offending text a problem quotes.
	maxQuote = 80
)

// lines reads a source line by line and collects its problems.
type lines struct {
	r      *bufio.Reader
	source string
	// text is the current line without its end, cut at maxLine bytes.
	text string
	// n is its number, 1-based; off its byte offset; next the offset behind it.
	n         int
	off, next int64
	// ended is whether the current line ended in a newline.
	ended     bool
	found     []fact.Problem
	uncounted int
}

// idle are buffers between two sources, of which a bundle has hundreds or thousands.
var idle = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, 8<<10) }}

func newLines(r io.Reader, source string) *lines {
	l := &lines{r: idle.Get().(*bufio.Reader), source: source, ended: true}
	l.r.Reset(r)
	return l
}

// done gives the buffer back: there is no further line.
func (l *lines) done() {
	if l.r == nil {
		return
	}
	l.r.Reset(nil)
	idle.Put(l.r)
	l.r = nil
}

// scan moves to the next line. It is false at the end of the source, or where
// reading failed, which is then a problem.
func (l *lines) scan() bool {
	if l.r == nil {
		return false
	}
	var long []byte // the line where it is longer than the buffer of l.r
	text, err := l.r.ReadSlice('\n')
	size := int64(len(text))
	for errors.Is(err, bufio.ErrBufferFull) {
		long = append(long, text[:min(len(text), maxLine-len(long))]...)
		text, err = l.r.ReadSlice('\n')
		size += int64(len(text))
	}
	if long != nil {
		text = append(long, text[:min(len(text), maxLine-len(long))]...)
	}
	if err != nil && err != io.EOF {
		l.problem(fact.Ref{Source: l.source, Line: l.n, Offset: l.off}, "reading stopped: %s", clip(err.Error()))
	}
	if size == 0 {
		l.done()
		return false
	}
	l.ended = err == nil
	l.n++
	l.off, l.next = l.next, l.next+size
	l.text = strings.TrimSuffix(strings.TrimSuffix(string(text), "\n"), "\r")
	if size > maxLine+1 {
		l.fault("line of %d bytes is cut at %d", size, maxLine)
	}
	return true
}

// ref points at the current line.
func (l *lines) ref() fact.Ref {
	return fact.Ref{Source: l.source, Line: l.n, Offset: l.off}
}

// fault records a problem of the current line.
func (l *lines) fault(format string, args ...any) { l.problem(l.ref(), format, args...) }

func (l *lines) problem(ref fact.Ref, format string, args ...any) {
	if len(l.found) >= maxProblems {
		l.uncounted++
		return
	}
	l.found = append(l.found, fact.Problem{Ref: ref, Text: fmt.Sprintf(format, args...)})
}

// problems are all problems found, with one that counts those left out. It ends the
// reading.
func (l *lines) problems() []fact.Problem {
	l.done()
	if l.uncounted > 0 {
		l.found = append(l.found, fact.Problem{
			Ref:  fact.Ref{Source: l.source},
			Text: fmt.Sprintf("%d more problems in this source", l.uncounted),
		})
		l.uncounted = 0
	}
	return l.found
}

// checkEnd records a last line without a newline as a source cut in the middle
// of a line, and reports whether the source is whole.
func (l *lines) checkEnd() bool {
	if !l.ended {
		l.fault("ends in the middle of a line: %s", quote(l.text))
	}
	return l.ended
}

// quote is s in Go quotes, cut at maxQuote bytes.
func quote(s string) string { return strconv.Quote(clip(s)) }

func clip(s string) string {
	if len(s) > maxQuote {
		return s[:maxQuote] + "..."
	}
	return s
}

// failures are what commands print in place of what was asked for.
var failures = []string{
	"no such file or directory", "no such process", "permission denied", "operation not permitted",
	"input/output error", "command not found", "timed out", "context deadline exceeded",
	"cannot connect to the docker daemon", "error response from daemon", "is the docker daemon running",
	"failed to dial", "transport endpoint is not connected", "invalid argument", "connection refused",
}

// isFailure reports whether s is an error message of a command.
func isFailure(s string) bool {
	if len(s) > 1024 {
		return false
	}
	s = strings.ToLower(s)
	for _, f := range failures {
		if strings.Contains(s, f) {
			return true
		}
	}
	return false
}

// refuse records a line that the parser cannot read: as a failed command where
// it reads like one, else as not being what.
func (l *lines) refuse(what string) {
	if isFailure(l.text) {
		l.fault("the command failed: %s", quote(l.text))
		return
	}
	l.fault("not %s: %s", what, quote(l.text))
}

// cutField splits off the first run of non-blanks of s.
func cutField(s string) (field, rest string) {
	s = strings.TrimLeft(s, " \t")
	if i := strings.IndexAny(s, " \t"); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// isDigits reports whether s is one or more ASCII digits.
func isDigits(s string) bool {
	if s == "" {
		return false
	}
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return true
}

// parsePID reads a positive process id that fits the kernel's limit of 2^22.
func parsePID(s string) (int, bool) {
	if !isDigits(s) || len(s) > 7 {
		return 0, false
	}
	n, err := strconv.Atoi(s)
	return n, err == nil && n > 0 && n <= 1<<22
}
