package bundle

import (
	"regexp"
	"strings"
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
