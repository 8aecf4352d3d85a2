package host

import (
	"io"
	"strings"

	"culprit/analyze/fact"
)

// TaskListing is what ctr tasks ls printed.
type TaskListing struct {
	Containers []fact.Container
	// Complete is whether a container that is not listed has no task: the header
	// is there, no line is broken and the last one is whole.
	Complete bool
}

// ParseTasks reads the table of containerd's ctr tasks ls:
//
//	TASK                 PID    STATUS
//	1e7fc5f9d0c1...      264    RUNNING
//
// Task is RUNNING, STOPPED, PAUSED, PAUSING, CREATED or UNKNOWN. The text of a
// timeout or a refused connection is a problem and leaves the listing incomplete.
func ParseTasks(r io.Reader, source string) (TaskListing, []fact.Problem) {
	l := newLines(r, source)
	var list TaskListing
	header, broken := false, false
	for l.scan() {
		fields := strings.Fields(l.text)
		switch {
		case len(fields) == 0:
		case fields[0] == "TASK" && len(fields) == 3:
			header = true
		case header && len(fields) == 3 && isTaskStatus(fields[2]) && isDigits(fields[1]):
			c := fact.Container{ID: fields[0], Task: fields[2], Refs: []fact.Ref{l.ref()}}
			if pid, ok := parsePID(fields[1]); ok || fields[1] == "0" {
				c.TaskPID = fact.Some(pid)
			}
			list.Containers = append(list.Containers, c)
		default:
			broken = true
			l.refuse("a task of ctr")
		}
	}
	if !header && len(l.found) == 0 {
		l.problem(fact.Ref{Source: source}, "no header of ctr tasks ls")
	}
	list.Complete = header && !broken && l.checkEnd()
	return list, l.problems()
}

func isTaskStatus(s string) bool {
	switch s {
	case "RUNNING", "STOPPED", "PAUSED", "PAUSING", "CREATED", "UNKNOWN":
		return true
	}
	return false
}
