package host

import "regexp"

// The rows of the two listings that people filter, ps -ef and ps aux, are told
// apart without their header by what stands in each column. Any other row is
// refused: its numbers could be anything.
var (
	psFullRow = regexp.MustCompile(`^\S+ +\d+ +\d+ +\d+ +(?:\d\d:\d\d|[A-Z][a-z]{2} ?\d\d|\d{4}) +(?:\?|tty\w+|pts/\d+|console) +(?:\d+-)?\d\d:\d\d:\d\d \S`)
	psUserRow = regexp.MustCompile(`^\S+ +\d+ +\d+\.\d +\d+\.\d +\d+ +\d+ +(?:\?|tty\w+|pts/\d+|console) +[RSDTtZXIW][<NLsl+]* +(?:\d\d:\d\d|[A-Z][a-z]{2} ?\d\d|\d{4}) +\d+:\d\d +\S`)
)

// psShape is the header that a row of ps -ef or ps aux would have above it, "" for
// any other line.
func psShape(line string) string {
	switch {
	case psFullRow.MatchString(line):
		return "UID PID PPID C STIME TTY TIME CMD"
	case psUserRow.MatchString(line):
		return "USER PID %CPU %MEM VSZ RSS TTY STAT START TIME COMMAND"
	}
	return ""
}
