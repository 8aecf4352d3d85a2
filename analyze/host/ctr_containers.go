package host

import (
	"io"
	"strings"

	"culprit/analyze/fact"
)

// ParseContainers reads the table of containerd's ctr containers ls, of which
// rows keep id and runtime:
//
//	CONTAINER            IMAGE    RUNTIME
//	1e7fc5f9d0c1...      -        io.containerd.runtime.v1.linux
func ParseContainers(r io.Reader, source string) ([]fact.Container, []fact.Problem) {
	l := newLines(r, source)
	var rows []fact.Container
	header := false
	for l.scan() {
		fields := strings.Fields(l.text)
		switch {
		case len(fields) == 0:
		case fields[0] == "CONTAINER" && len(fields) == 3:
			header = true
		case header && (len(fields) == 3 || len(fields) == 2) && strings.HasPrefix(fields[len(fields)-1], "io.containerd."):
			rows = append(rows, fact.Container{ID: fields[0], Runtime: fields[len(fields)-1], Refs: []fact.Ref{l.ref()}})
		default:
			l.refuse("a container of ctr")
		}
	}
	if header {
		l.checkEnd()
	} else if len(l.found) == 0 {
		l.problem(fact.Ref{Source: source}, "no header of ctr containers ls")
	}
	return rows, l.problems()
}
