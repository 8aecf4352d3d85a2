package host

import (
	"io"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

// ParseStat reads /proc/PID/stat, proc_pid_stat(5), one process a line; several
// files may be joined in one. The name may hold blanks and parentheses, so fields
// are counted from the last ")":
//
//	2990 (sh) D 2970 2990 2990 0 -1 4194304 44 0 0 0 0 0 0 0 20 0 1 0 411243 2322432 353 ...
//	pid  comm state ppid                                     threads(20) starttime(22)
//
// Field 24, the resident pages, is left out: the page size is not in the file.
func ParseStat(r io.Reader, source string) ([]fact.Process, []fact.Problem) {
	l := newLines(r, source)
	var rows []fact.Process
	for l.scan() {
		if strings.TrimSpace(l.text) == "" || strings.HasPrefix(l.text, "#") {
			continue
		}
		if p, ok := statLine(l.text, l.ref()); ok {
			rows = append(rows, p)
		} else {
			l.refuse("a line of /proc/PID/stat")
		}
	}
	return rows, l.problems()
}

func statLine(s string, ref fact.Ref) (fact.Process, bool) {
	start, end := strings.IndexByte(s, '('), strings.LastIndexByte(s, ')')
	if start < 0 || end < start {
		return fact.Process{}, false
	}
	pid, ok := parsePID(strings.TrimSpace(s[:start]))
	after := strings.Fields(s[end+1:]) // after[0] is field 3
	if !ok || len(after) < 20 || !isState(after[0]) {
		return fact.Process{}, false
	}
	p := fact.Process{PID: pid, Comm: s[start+1 : end], State: after[0], StateRef: ref, Refs: []fact.Ref{ref}}
	if n, err := strconv.Atoi(after[1]); err == nil && n >= 0 {
		p.PPID = fact.Some(n)
	}
	if n, err := strconv.Atoi(after[17]); err == nil && n > 0 {
		p.Threads = fact.Some(n)
	}
	ticks, err := strconv.ParseInt(after[19], 10, 64)
	if err != nil || ticks < 0 {
		return fact.Process{}, false
	}
	p.Start = fact.Some(ticks)
	return p, true
}
