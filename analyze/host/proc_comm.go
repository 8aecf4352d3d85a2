package host

import (
	"io"
	"strings"

	"culprit/analyze/fact"
)

// ParseComm reads /proc/PID/comm, proc_pid_comm(5): the command name, at most 15
// bytes and a newline. A longer text is something else; kernel workers may have
// up to 63 bytes.
func ParseComm(r io.Reader, source string) ([]fact.Process, []fact.Problem) {
	l := newLines(r, source)
	p, ok := procFile(l)
	if !ok || !l.scan() {
		return nil, l.problems()
	}
	if len(l.text) > 63 || isFailure(l.text) {
		l.refuse("a command name")
		return nil, l.problems()
	}
	p.Comm = strings.TrimSpace(l.text)
	return oneProcess(l, p, l.ref(), p.Comm != "")
}
