package host

import (
	"io"
	"strconv"
	"strings"
	"time"

	"culprit/analyze/fact"
)

// ParseSamples reads the collector's samples, one quantity of one process a line, each
// with the moment at which it was looked at (collect/FORMAT.md):
//
//	# EPOCH DAEMON PID METRIC VALUE
//	1795320652.12 dockerd 246 goroutines 54
//	1795320657.31 dockerd 246 goroutines 56
//
// EPOCH is Unix time in seconds. METRIC is one of fact.Sample's; one that is not known
// is kept. Lines that begin with # are comments.
func ParseSamples(r io.Reader, source string) ([]fact.Sample, []fact.Problem) {
	l := newLines(r, source)
	var rows []fact.Sample
	for l.scan() {
		text := strings.TrimSpace(l.text)
		if text == "" || text[0] == '#' {
			continue
		}
		s, ok := sampleLine(strings.Fields(text))
		if !ok || !l.ended { // a number that is cut is another number
			l.refuse("a sample, EPOCH DAEMON PID METRIC VALUE")
			continue
		}
		s.Refs = []fact.Ref{l.ref()}
		rows = append(rows, s)
	}
	return rows, l.problems()
}

func sampleLine(words []string) (fact.Sample, bool) {
	if len(words) != 5 {
		return fact.Sample{}, false
	}
	taken, ok := parseEpoch(words[0])
	pid, isPID := parsePID(words[2])
	value, err := strconv.ParseInt(words[4], 10, 64)
	s := fact.Sample{Taken: taken, Daemon: words[1], PID: pid, Metric: words[3], Value: value}
	return s, ok && isPID && err == nil && value >= 0
}

// parseEpoch reads Unix time, whole seconds or with a fraction down to nanoseconds.
func parseEpoch(s string) (time.Time, bool) {
	whole, fraction, _ := strings.Cut(s, ".")
	if !isDigits(whole) || len(whole) > 11 || len(fraction) > 9 || fraction != "" && !isDigits(fraction) {
		return time.Time{}, false
	}
	sec, _ := strconv.ParseInt(whole, 10, 64)
	nsec, _ := strconv.ParseInt(fraction+strings.Repeat("0", 9-len(fraction)), 10, 64)
	return time.Unix(sec, nsec).UTC(), sec > 0
}
