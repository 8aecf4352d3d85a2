package host

import (
	"slices"
	"strings"
)

// psHeader is the header line of a ps listing:
//
//	USER       PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND
//	    PID    PPID STAT WCHAN                  ELAPSED NLWP   RSS COMMAND
//
// Values are one word each, save for a start time of several words and the
// command. Numbers too wide for their column shift the rest of the line to the
// right, so words are counted from both ends of the line around the command.
type psHeader struct {
	names  []string
	starts []int // byte position of each name
	// rest is the column that takes whatever words the others leave.
	rest int
	// comm and args are the columns of the command name and of the command line;
	// -1 none. state, wchan, pid and so on likewise.
	comm, args                                       int
	pid, lwp, ppid, state, wchan, elapsed, nlwp, rss int
	cgroup                                           int
	// edited is the text that stands where STAT belongs, "" in a true header.
	edited   string
	editedAt int
}

// psNames are header words of procps and busybox ps.
var psNames = strings.Fields(`USER UID RUSER EUSER RUID EUID UNAME PID PPID PGID PGRP SID SESS TPGID GROUP GID LWP SPID TID
	%CPU %MEM C CP VSZ VSIZE RSS RSZ RSSIZE SIZE SZ TTY TT TTNAME STAT S STATE START STIME STARTED TIME ELAPSED
	COMMAND CMD COMM UCMD UCOMM ARGS WCHAN NWCHAN NLWP THCNT F FLAGS FLAG CLS PRI NI RTPRIO PSR P ADDR CGROUP
	LABEL PENDING BLOCKED IGNORED CAUGHT EIP ESP MAJFL MINFL DRS TRS CPUID`)

// parsePSHeader reads a header line. It is false for any other line: the first
// word of a header is a column name, one of its words is PID, and none a number.
func parsePSHeader(line string) (psHeader, bool) {
	h := psHeader{}
	known := 0
	for i := 0; i < len(line); {
		for i < len(line) && (line[i] == ' ' || line[i] == '\t') {
			i++
		}
		if i == len(line) {
			break
		}
		name, _ := cutField(line[i:])
		if isDigits(name) || len(h.names) > 64 {
			return psHeader{}, false
		}
		if slices.Contains(psNames, name) {
			known++
		} else if len(h.names) == 0 {
			return psHeader{}, false
		}
		h.names, h.starts = append(h.names, name), append(h.starts, i)
		i += len(name)
	}
	if known < 2 || known*2 < len(h.names) || !slices.Contains(h.names, "PID") {
		return psHeader{}, false
	}
	h.find()
	return h, true
}

// find looks up the columns that rows are made of.
func (h *psHeader) find() {
	h.pid = h.column("PID")
	h.lwp = h.column("LWP", "SPID", "TID")
	h.ppid = h.column("PPID")
	h.state = h.column("STAT", "S", "STATE")
	h.wchan = h.column("WCHAN", "NWCHAN")
	h.elapsed = h.column("ELAPSED")
	h.nlwp = h.column("NLWP", "THCNT")
	h.rss = h.column("RSS", "RSZ", "RSSIZE")
	h.cgroup = h.column("CGROUP")
	h.comm = h.column("COMM", "UCMD", "UCOMM")
	h.args = -1
	last := len(h.names) - 1
	h.rest = last
	for i, name := range h.names {
		switch {
		case name != "COMMAND" && name != "CMD" && name != "ARGS":
		case i == last:
			h.args = i
		case h.comm < 0: // a command that is not last is cut to its column: ps -o comm
			h.comm = i
		}
	}
	if h.args < 0 && h.comm >= 0 {
		h.rest = h.comm
	}
	if h.state < 0 {
		for i, name := range h.names {
			if isState(name[:1]) && strings.Trim(name[1:], "<NLsl+") == "" && !slices.Contains(psNames, name) {
				h.edited, h.editedAt = name, i
				break
			}
		}
	}
}

func (h *psHeader) column(names ...string) int {
	for _, name := range names {
		if i := slices.Index(h.names, name); i >= 0 {
			return i
		}
	}
	return -1
}

// values splits a line into one value a column; false where words are missing.
// The last value may be empty: a command line that is blank.
func (h *psHeader) values(line string) ([]string, bool) {
	vals := make([]string, len(h.names))
	at := line
	for i := range h.rest {
		if at = strings.TrimLeft(at, " \t"); at == "" {
			return vals, false
		}
		n := h.width(i, line, at)
		vals[i], at = strings.TrimRight(at[:n], " \t"), at[n:]
	}
	at = strings.TrimSpace(at)
	for i := len(vals) - 1; i > h.rest; i-- {
		cut := strings.LastIndexAny(at, " \t")
		if cut < 0 {
			return vals, false
		}
		vals[i], at = at[cut+1:], strings.TrimRight(at[:cut], " \t")
	}
	vals[h.rest] = at
	return vals, true
}

// width is how many bytes of at, the rest of line, the value of column i takes.
func (h *psHeader) width(i int, line, at string) int {
	word, _ := cutField(at)
	switch h.names[i] {
	case "STARTED", "START":
		return startWidth(at, len(word))
	}
	if i == h.comm && i+1 == h.args {
		// A name with blanks before a command line: both are left-aligned.
		p := h.starts[i+1] - (len(line) - len(at))
		if p > len(word) && p < len(at) && at[p-1] == ' ' && at[p] != ' ' {
			return p
		}
	}
	return len(word)
}

// startWidth is the width of a start time: "18:58", "Feb09" and "2019" are one
// word, "Feb 11" two, and "Fri Feb 11 18:58:06 2022" (lstart) five.
func startWidth(at string, first int) int {
	if at[0] >= '0' && at[0] <= '9' || first > 3 && at[0] < 0x80 {
		return first
	}
	rest, words := at, []string{}
	ends := []int{}
	for len(words) < 5 && strings.TrimSpace(rest) != "" {
		var w string
		w, rest = cutField(rest)
		words, ends = append(words, w), append(ends, len(at)-len(rest))
	}
	switch {
	case len(words) == 5 && strings.Count(words[3], ":") == 2 && isDigits(words[4]):
		return ends[4]
	case len(words) >= 2 && isDigits(words[1]) && len(words[1]) <= 2:
		return ends[1]
	}
	return first
}
