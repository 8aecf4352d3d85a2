package host

import (
	"io"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

// ParseFD reads a listing of /proc/PID/fd, proc_pid_fd(5), in the short form or
// as ls -l prints it:
//
//	3 -> socket:[651023]
//	l-wx------ 1 root root 64 Nov 22 03:49 3 -> /data/b.0
//
// FDCount is the number of lines, and unknown where the listing is damaged.
func ParseFD(r io.Reader, source string) ([]fact.Process, []fact.Problem) {
	l := newLines(r, source)
	p, ok := procFile(l)
	if !ok {
		return nil, l.problems()
	}
	var first fact.Ref
	whole := true
	for l.scan() {
		text := strings.TrimSpace(l.text)
		if text == "" || strings.HasPrefix(text, "total ") {
			continue
		}
		left, target, found := strings.Cut(text, " -> ")
		number := left[strings.LastIndexByte(left, ' ')+1:]
		n, err := strconv.Atoi(number)
		if !found && strings.Contains(text, "? ") {
			continue // closed while ls read it: "l????????? ? ? ? ? ? 120"
		}
		if !found || err != nil || n < 0 || target == "" {
			whole = false
			l.refuse("an open file")
			continue
		}
		if first.Line == 0 {
			first = l.ref()
		}
		p.FDs = append(p.FDs, fact.FD{N: n, Target: target})
	}
	if l.checkEnd() && whole {
		p.FDCount = fact.Some(len(p.FDs))
	}
	return oneProcess(l, p, first, len(p.FDs) > 0)
}
