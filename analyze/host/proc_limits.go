package host

import (
	"io"
	"math"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

// ParseLimits reads /proc/PID/limits, proc_pid_limits(5), of which a row keeps
// the limit of open files; "unlimited" is math.MaxInt64.
//
//	Limit                     Soft Limit           Hard Limit           Units
//	Max open files            1048576              1048576              files
func ParseLimits(r io.Reader, source string) ([]fact.Process, []fact.Problem) {
	l := newLines(r, source)
	p, ok := procFile(l)
	if !ok {
		return nil, l.problems()
	}
	var ref fact.Ref
	for l.scan() {
		rest, found := strings.CutPrefix(l.text, "Max open files")
		if !found {
			if !strings.HasPrefix(l.text, "Max ") && !strings.HasPrefix(l.text, "Limit") && strings.TrimSpace(l.text) != "" {
				l.refuse("a line of /proc/PID/limits")
			}
			continue
		}
		fields := strings.Fields(rest)
		if len(fields) >= 2 {
			p.NoFile, p.NoFileHard = parseLimit(fields[0]), parseLimit(fields[1])
		}
		if !p.NoFile.Known || !p.NoFileHard.Known {
			l.fault("no limits in %s", quote(l.text))
			continue
		}
		ref = l.ref()
	}
	return oneProcess(l, p, ref, ref.Line > 0)
}

func parseLimit(s string) fact.Opt[int64] {
	if s == "unlimited" {
		return fact.Some(int64(math.MaxInt64))
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		return fact.Opt[int64]{}
	}
	return fact.Some(int64(min(n, math.MaxInt64)))
}
