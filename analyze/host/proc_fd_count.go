package host

import (
	"io"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

// ParseFDCount reads the number of entries of /proc/PID/fd, one decimal number.
func ParseFDCount(r io.Reader, source string) ([]fact.Process, []fact.Problem) {
	l := newLines(r, source)
	p, ok := procFile(l)
	if !ok || !l.scan() {
		return nil, l.problems()
	}
	n, err := strconv.ParseInt(strings.TrimSpace(l.text), 10, 32)
	if err != nil || n < 0 {
		l.refuse("a number of open files")
		return nil, l.problems()
	}
	p.FDCount = fact.Some(int(n))
	return oneProcess(l, p, l.ref(), true)
}
