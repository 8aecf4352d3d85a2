package bundle

import (
	"strings"
)

// psColumns are the headers of the format specifiers of ps(1) that rows are made
// of; any other has its own name in capitals.
var psColumns = map[string]string{
	"pid": "PID", "tgid": "PID", "ppid": "PPID", "tid": "TID", "lwp": "LWP", "spid": "SPID",
	"stat": "STAT", "state": "S", "s": "S", "wchan": "WCHAN", "nwchan": "WCHAN",
	"comm": "COMMAND", "ucmd": "CMD", "ucomm": "COMMAND", "args": "COMMAND", "cmd": "CMD", "command": "COMMAND",
	"etime": "ELAPSED", "etimes": "ELAPSED", "nlwp": "NLWP", "thcount": "THCNT", "rss": "RSS", "rssize": "RSS", "rsz": "RSZ",
	"user": "USER", "euser": "EUSER", "uid": "UID", "pcpu": "%CPU", "%cpu": "%CPU", "pmem": "%MEM", "%mem": "%MEM", "vsz": "VSZ",
	"tty": "TTY", "tt": "TT", "time": "TIME", "cputime": "TIME", "cgroup": "CGROUP", "ni": "NI", "pri": "PRI", "psr": "PSR", "pgid": "PGID", "sid": "SID",
}

// withHeader puts the header that -o asks for before rows of ps that a filter left
// without one. Its place is that of the first row. Rows of a format with an unknown
// column stay as they are.
func withHeader(command string, lines []pastedLine) []pastedLine {
	spec := psSpec(command)
	if spec == "" || len(lines) == 0 || (&sniff{lines: [][]byte{[]byte(lines[0].text)}}).ps() {
		return lines
	}
	var header []string
	for col := range strings.SplitSeq(spec, ",") {
		col, _, _ = strings.Cut(col, ":")
		name, titled := "", false
		if col, name, titled = strings.Cut(col, "="); !titled || name == "" {
			name = psColumns[strings.ToLower(col)]
		}
		if name == "" {
			return lines
		}
		header = append(header, name)
	}
	h := lines[0]
	h.text = strings.Join(header, " ")
	return append([]pastedLine{h}, lines...)
}

// psSpec is the list of columns of -o, "" where the format is another.
func psSpec(command string) string {
	fields := strings.Fields(command)
	var specs []string
	for i, f := range fields {
		flag := strings.TrimLeft(f, "-")
		switch {
		case i == 0:
		case strings.HasPrefix(f, "--format="):
			specs = append(specs, f[len("--format="):])
		case len(flag) > 0 && strings.HasSuffix(flag, "o") && len(flag) < 6 && strings.Trim(flag, "AeaxwLTmfHo") == "" && i+1 < len(fields):
			specs = append(specs, strings.Trim(fields[i+1], `'"`))
		}
	}
	return strings.Join(specs, ",")
}
