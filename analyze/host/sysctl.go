package host

import (
	"io"
	"strings"

	"culprit/analyze/fact"
)

// ParseSysctl reads kernel parameters, sysctl(8): the listing of sysctl -a, or
// one file of /proc/sys, whose path names it.
//
//	fs.may_detach_mounts = 0
//	fs/file-max = 2441952          the same with slashes
//	0                              proc/sys/fs/may_detach_mounts
//
// Names come out in dots. Only one-line values are read.
func ParseSysctl(r io.Reader, source string) ([]fact.Sysctl, []fact.Problem) {
	l := newLines(r, source)
	name := sysctlOf(source)
	var rows []fact.Sysctl
	for l.scan() {
		text := strings.TrimSpace(l.text)
		key, value, ok := strings.Cut(text, "=")
		key = strings.ReplaceAll(strings.TrimSpace(key), "/", ".")
		switch {
		case text == "":
			continue
		case name != "":
			if len(rows) == 0 {
				rows = append(rows, fact.Sysctl{Name: name, Value: text, Refs: []fact.Ref{l.ref()}})
			}
			continue
		case strings.HasPrefix(text, "sysctl: "): // what could not be read
			continue
		case !ok || key == "" || strings.ContainsAny(key, " \t"):
			l.refuse("a kernel parameter")
			continue
		}
		rows = append(rows, fact.Sysctl{Name: key, Value: strings.TrimSpace(value), Refs: []fact.Ref{l.ref()}})
	}
	return rows, l.problems()
}

// sysctlOf is the parameter that a path below /proc/sys names, "" none.
func sysctlOf(source string) string {
	_, tail, ok := strings.Cut("/"+source, "/proc/sys/")
	if !ok {
		return ""
	}
	return strings.ReplaceAll(strings.TrimSuffix(tail, ".txt"), "/", ".")
}
