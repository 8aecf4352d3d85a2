package host

import (
	"io"
	"strings"

	"culprit/analyze/fact"
)

// ParseCgroup reads /proc/PID/cgroup, cgroups(7): "hierarchy:controllers:path".
//
//	8:pids:/docker/1e7f...
//	3:cpu,cpuacct:/docker/1e7f...
//	1:name=systemd:/docker/1e7f...
//	0::/system.slice/docker-1e7f....scope        (v2)
//
// A line for several controllers gives an entry for each of them.
func ParseCgroup(r io.Reader, source string) ([]fact.Process, []fact.Problem) {
	l := newLines(r, source)
	p, ok := procFile(l)
	if !ok {
		return nil, l.problems()
	}
	var first fact.Ref
	for l.scan() {
		if strings.TrimSpace(l.text) == "" {
			continue
		}
		if p.Cgroups == nil {
			p.Cgroups = map[string]string{}
		}
		if !addCgroup(p.Cgroups, l.text) {
			l.refuse("a line of /proc/PID/cgroup")
		} else if first.Line == 0 {
			first = l.ref()
		}
	}
	return oneProcess(l, p, first, first.Line > 0)
}

func addCgroup(cgroups map[string]string, line string) bool {
	id, rest, ok := strings.Cut(line, ":")
	controllers, path, ok2 := strings.Cut(rest, ":")
	if !ok || !ok2 || !isDigits(id) || !strings.HasPrefix(path, "/") {
		return false
	}
	for name := range strings.SplitSeq(controllers, ",") {
		cgroups[name] = path
	}
	return true
}

// cgroupColumn reads ps's CGROUP column, the lines of the file joined by commas:
// "3:cpu,cpuacct:/a,1:name=systemd:/a,0::/a". It is nil where nothing is readable.
func cgroupColumn(s string) map[string]string {
	cgroups := map[string]string{}
	start := 0
	for i := 0; i <= len(s); i++ {
		if i == len(s) || s[i] == ',' && startsHierarchy(s[i+1:]) {
			addCgroup(cgroups, s[start:i])
			start = i + 1
		}
	}
	if len(cgroups) == 0 {
		return nil
	}
	return cgroups
}

func startsHierarchy(s string) bool {
	i := 0
	for i < len(s) && i < 4 && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return i > 0 && i < len(s) && s[i] == ':'
}
