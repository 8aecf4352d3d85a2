package host

import (
	"path"
	"strings"

	"culprit/analyze/fact"
)

// PIDOf is the process whose file source is: the number behind the last "proc"
// element of the path. For .../proc/<pid>/task/<tid>/file it is the thread's id,
// which is unique among pids too, so that threads stay rows of their own.
func PIDOf(source string) (pid int, ok bool) {
	source = path.Clean(source)
	for end := len(source); ; {
		at := strings.LastIndex(source[:end], "proc/")
		if at < 0 {
			return 0, false
		}
		end = at
		if at > 0 && source[at-1] != '/' {
			continue
		}
		name, below, _ := strings.Cut(source[at+len("proc/"):], "/")
		if pid, ok = parsePID(name); !ok {
			continue
		}
		if below, ok := strings.CutPrefix(below, "task/"); ok {
			name, _, _ := strings.Cut(below, "/")
			if tid, isTID := parsePID(name); isTID {
				return tid, true
			}
		}
		return pid, true
	}
}

// procFile opens a /proc/PID file as lines; ok is false, with a problem, where
// the path names no process.
func procFile(l *lines) (fact.Process, bool) {
	pid, ok := PIDOf(l.source)
	if !ok {
		l.problem(fact.Ref{Source: l.source}, "no /proc/PID in the path, so whose file this is is unknown")
	}
	return fact.Process{PID: pid}, ok
}

// oneProcess is a parser's result of one partial row; found says if the source
// told anything.
func oneProcess(l *lines, p fact.Process, ref fact.Ref, found bool) ([]fact.Process, []fact.Problem) {
	if !found {
		return nil, l.problems()
	}
	p.Refs = []fact.Ref{ref}
	return []fact.Process{p}, l.problems()
}

// funcName bares a kernel function's name of its offset ("+0x15f/0x1d0"), its
// module ("[xfs]") and the suffixes of compiler-made clones (".isra.0", ".part.1",
// ".constprop.0", ".cold"), so that one name matches every build.
func funcName(s string) string {
	s, _ = cutField(s)
	s, _, _ = strings.Cut(s, "+0x")
	for _, clone := range []string{".isra.", ".part.", ".constprop.", ".cold", ".llvm."} {
		if i := strings.Index(s, clone); i > 0 {
			s = s[:i]
		}
	}
	return s
}
