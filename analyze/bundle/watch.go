package bundle

import (
	"path"
	"regexp"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

// watchLine is the header of watch(1), padded to the width of the terminal; the
// host stands there since procps 3.3.15:
//
//	Every 0.3s: docker ps && netstat -apn |grep agent|wc -l      Mon Aug 10 14:52:11 2020
//	Every 2.0s: ls /proc/106/fd | wc -l          node-a17: Sun Nov 22 03:49:28 2026
var watchLine = regexp.MustCompile(`^Every \d+(?:[.,]\d+)?s: (.+?) *  *(?:([\w.-]+): )?((?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d (?:[A-Z]{3,5} )?\d{4})$`)

// watched is the header of one screen of watch.
type watched struct{ command, host, clock string }

func parseWatch(text string) (watched, bool) {
	if !strings.HasPrefix(text, "Every ") || len(text) > maxStepLine {
		return watched{}, false
	}
	m := watchLine.FindStringSubmatch(strings.TrimRight(text, " "))
	if m == nil {
		return watched{}, false
	}
	return watched{command: strings.TrimSpace(m[1]), host: m[2], clock: m[3]}, true
}

// Count is a number that a command such as "netstat -apn | grep agent | wc -l"
// printed.
type Count struct {
	// Metric is one of the metrics of fact.Sample; Daemon the name that was looked
	// for, "" where only PID is known.
	Metric, Daemon string
	PID            int
	Value          int64
	// Host is the node in the prompt, "" none. Clock is the time of the screen of
	// watch, or the output of date above the number, "" none.
	Host, Clock string
	Ref         fact.Ref
}

// count reads what the last pipeline of a step counted, and returns the lines
// without the number.
func (x *excerpts) count(st *step, p pipeline, lines []pastedLine, date string) []pastedLine {
	c, ok := counting(p)
	if !ok {
		return lines
	}
	begun := false
	for i, l := range lines {
		text := strings.TrimSpace(l.text)
		if text == "" && begun {
			break
		}
		begun = begun || text != ""
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < c.Value {
			continue
		}
		c.Value, c.Host, c.Clock, c.Ref = n-c.Value, st.prompt.host, st.clock+date, l.ref(x.source)
		if st.inside == "" {
			x.counts = append(x.counts, c)
		}
		return append(append([]pastedLine(nil), lines[:i]...), lines[i+1:]...)
	}
	return lines
}

var (
	programName = regexp.MustCompile(`^'?"?/?([a-z][a-z0-9_-]{2,})"?'?$`)
	protocols   = words("tcp udp unix raw stream dgram users sock docker")
)

// counting says what a pipeline counts; Value is what its number is too high by.
// Only sockets of a named program, and open files and memory of a pid, are plain
// enough.
func counting(p pipeline) (c Count, ok bool) {
	fields := unwrap(strings.Fields(p[0]))
	if len(fields) == 0 {
		return c, false
	}
	r := readOf(p[0])
	switch {
	case path.Base(fields[0]) == "ps" && len(p) == 1:
		c.Metric, c.PID = fact.MetricRSS, psPID(fields)
		return c, psSpec(p[0]) == "rss=" && c.PID > 0
	case p.shape() != counted:
		return c, false
	case r.kind == fact.KindProcFD && len(p) == 2:
		if hasFlag(fields[1:], 'l') {
			c.Value = 1 // the line of the total
		}
		c.Metric, c.PID = fact.MetricFDs, procPID(r.path)
		return c, c.PID > 0
	case r.kind != fact.KindNetstat && r.kind != fact.KindSS:
		return c, false
	}
	for _, stage := range p[1:] {
		words := strings.Fields(stage)
		if !greps[words[0]] || hasFlag(words[1:], 'v') {
			continue
		}
		if m := programName.FindStringSubmatch(words[len(words)-1]); m != nil && !protocols[m[1]] {
			c.Daemon = m[1]
		}
	}
	c.Metric = fact.MetricSockets
	return c, c.Daemon != ""
}

// psPID is the one pid that ps was asked for, 0 none or several.
func psPID(fields []string) int {
	for i, f := range fields[:len(fields)-1] {
		if f == "-p" || f == "-q" || f == "--pid" {
			pid, _ := strconv.Atoi(fields[i+1])
			return max(pid, 0)
		}
	}
	return 0
}
