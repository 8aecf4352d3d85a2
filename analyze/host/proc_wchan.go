package host

import (
	"io"
	"strings"

	"culprit/analyze/fact"
)

// ParseWchan reads /proc/PID/wchan, proc_pid_wchan(5): the name of the kernel
// function that the process sleeps in, or "0" where it does not sleep or the
// reader may not know. The file has no newline.
func ParseWchan(r io.Reader, source string) ([]fact.Process, []fact.Problem) {
	l := newLines(r, source)
	p, ok := procFile(l)
	if !ok || !l.scan() || l.text == "" {
		return nil, l.problems()
	}
	if strings.ContainsAny(strings.TrimSpace(l.text), " \t/\x00") {
		l.refuse("the name of a kernel function")
		return nil, l.problems()
	}
	p.WChan = funcName(l.text)
	return oneProcess(l, p, l.ref(), p.WChan != "")
}
