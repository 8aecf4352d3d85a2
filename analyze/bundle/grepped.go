package bundle

import (
	"regexp"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

// grepLine is a line of grep over several files, with -n or without, and -C's lines
// of context:
//
//	/proc/19973/mountinfo:40:231 227 0:40 / /data ...
//	proc/2990/stack:[<0>] percpu_rwsem_wait+0x15f/0x1d0
//	dockerd.log.1.gz-122-time="..."
var (
	grepLine    = regexp.MustCompile(`^((?:\.{0,2}/)?[\w.@%+,-]+(?:/[\w.@%+,-]+)*):(?:(\d+):)?(.*)$`)
	grepContext = regexp.MustCompile(`^([\w./@%+,-]+?)-(\d+)-(.*)$`)
)

// grepped is a line as it stands in the file that grep found it in.
type grepped struct {
	path, text string
	no         int // the number of the line there, 0 unknown
	kind       fact.Kind
}

// parseGrep takes the prefix off a line of grep. It counts only where the path is
// one of ours by name: "12:30:01" and "error: no" are none.
func parseGrep(line string) (grepped, bool) {
	if m := grepLine.FindStringSubmatch(line); m != nil {
		if kind := greppedKind(m[1]); kind != "" {
			g := grepped{path: m[1], text: m[3], kind: kind}
			g.no, _ = strconv.Atoi(m[2])
			// "3:cpu:/a" of a cgroup file begins with a number of its own.
			if whole := m[2] + ":" + m[3]; m[2] != "" && kind == fact.KindProcCgroup && cgroupLine.MatchString(whole) {
				g.text = whole
			}
			return g, g.text != ""
		}
	}
	if m := grepContext.FindStringSubmatch(line); m != nil {
		if kind := greppedKind(m[1]); kind != "" {
			no, _ := strconv.Atoi(m[2])
			return grepped{path: m[1], text: m[3], no: no, kind: kind}, m[3] != ""
		}
	}
	return grepped{}, false
}

// greppedKind is the kind of the file that a path names, "" where the path is no
// file of a node or nothing that is read line by line.
func greppedKind(p string) fact.Kind {
	kind := nameKind(p)
	if !strings.Contains(p, "/") && (kind != fact.KindLog && kind != fact.KindKernelLog || !strings.Contains(p, ".")) {
		return ""
	}
	switch kind {
	case fact.KindText, fact.KindInspect, fact.KindDaemonJSON, fact.KindProfile, fact.KindManifest, fact.KindTerminal, fact.KindHostname:
		return ""
	}
	if strings.HasPrefix(string(kind), "proc-") && procPID(p) == 0 {
		return ""
	}
	return kind
}

// procPID is N of a path with /proc/N/ in it, 0 none.
func procPID(p string) int {
	parts := strings.Split(p, "/")
	for i := len(parts) - 2; i >= 0; i-- {
		if parts[i] == "proc" {
			n, err := strconv.Atoi(parts[i+1])
			if err == nil && n > 0 {
				return n
			}
		}
	}
	return 0
}

// grepped takes a source of lines of grep: three quarters of the first are.
func (s *sniff) grepped() bool {
	lines := s.lines[:min(50, len(s.lines))]
	others := 0
	for _, l := range lines {
		if _, ok := parseGrep(string(l)); !ok {
			others++
		}
		if others*4 > len(lines) {
			return false
		}
	}
	return !s.binary && len(lines) > 0
}
