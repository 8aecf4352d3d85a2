package host

import (
	"io"
	"strconv"
	"strings"
	"time"

	"culprit/analyze/fact"
)

// ParseUptime reads /proc/uptime, proc_uptime(5), or uptime(1), which tells
// minutes:
//
//	3306.41 1821.45
//	 16:19:19 up 3 days, 17:41,  2 users,  load average: 3.58, 3.27, 2.58
func ParseUptime(r io.Reader, source string) (fact.Node, []fact.Problem) {
	l := newLines(r, source)
	for l.scan() {
		text := strings.TrimSpace(l.text)
		if text == "" {
			continue
		}
		up, ok := parseUptime(text)
		if !ok {
			l.refuse("an uptime")
			continue
		}
		return fact.Node{Uptime: fact.Some(up), Refs: []fact.Ref{l.ref()}}, l.problems()
	}
	return fact.Node{}, l.problems()
}

func parseUptime(s string) (time.Duration, bool) {
	_, words, ok := strings.Cut(" "+s, " up ")
	if !ok {
		first, _ := cutField(s)
		sec, err := strconv.ParseFloat(first, 64)
		if err != nil || !(sec >= 0 && sec < 1e10) {
			return 0, false
		}
		return time.Duration(sec * float64(time.Second)).Round(10 * time.Millisecond), true
	}
	var up time.Duration
	found := false
	for part := range strings.SplitSeq(words, ",") {
		number, unit := cutField(part)
		unit = strings.TrimSuffix(strings.TrimSpace(unit), "s")
		if hour, minute, clock := strings.Cut(number, ":"); clock && unit == "" && isDigits(hour) && isDigits(minute) && len(hour) < 3 {
			h, _ := strconv.Atoi(hour)
			m, err := strconv.Atoi(minute)
			if err != nil || m > 59 {
				return 0, false
			}
			up, found = up+time.Duration(h)*time.Hour+time.Duration(m)*time.Minute, true
			continue
		}
		size, known := map[string]time.Duration{
			"week": 7 * 24 * time.Hour, "day": 24 * time.Hour, "hour": time.Hour, "min": time.Minute,
			"minute": time.Minute, "sec": time.Second,
		}[unit]
		if !known || !isDigits(number) || len(number) > 5 {
			break
		}
		n, _ := strconv.Atoi(number)
		up, found = up+time.Duration(n)*size, true
	}
	return up, found
}
