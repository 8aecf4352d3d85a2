package host

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

// ParseMountinfo reads /proc/PID/mountinfo, proc_pid_mountinfo(5):
//
//	36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue
//	id parent dev root point options  optional*  fstype device super options
//
// Octal escapes (\040 blank, \011 tab, \012 newline, \134 backslash, \043 #) are
// undone. NS is left empty: the file does not name its namespace; PIDs holds the
// process of the path, if it names one. An empty file and the error text of a
// failed read are problems.
func ParseMountinfo(r io.Reader, source string) ([]fact.Mount, []fact.Problem) {
	l := newLines(r, source)
	pid, known := PIDOf(source)
	var rows []fact.Mount
	for l.scan() {
		if strings.TrimSpace(l.text) == "" {
			continue
		}
		m, ok := mountLine(l.text)
		if !ok {
			l.refuse("a line of mountinfo")
			continue
		}
		if known {
			m.PIDs = []int{pid}
		}
		m.Refs = []fact.Ref{l.ref()}
		rows = append(rows, m)
	}
	if l.n == 0 {
		l.problem(fact.Ref{Source: source}, "an empty mountinfo: every mount namespace has a root")
	}
	if len(rows) > 0 {
		l.checkEnd()
	}
	return rows, l.problems()
}

func mountLine(s string) (fact.Mount, bool) {
	fields := strings.Fields(s)
	if len(fields) < 6 {
		return fact.Mount{}, false
	}
	id, err1 := strconv.Atoi(fields[0])
	parent, err2 := strconv.Atoi(fields[1])
	major, minor, ok := strings.Cut(fields[2], ":")
	if err1 != nil || err2 != nil || id < 0 || parent < 0 || !ok || !isDigits(major) || !isDigits(minor) {
		return fact.Mount{}, false
	}
	dash := slices.Index(fields[6:], "-")
	if dash < 0 {
		return fact.Mount{}, false
	}
	m := fact.Mount{
		ID: id, Parent: parent, Dev: fields[2],
		Root: unescape(fields[3]), Point: unescape(fields[4]), Options: mountOptions(fields[5]),
	}
	for _, tag := range fields[6 : 6+dash] {
		setPropagation(&m, tag)
	}
	// The device may be an empty string, which leaves two blanks in a row.
	_, tail, ok := strings.Cut(s, " - ")
	if !ok {
		return fact.Mount{}, false
	}
	fsType, tail, _ := strings.Cut(tail, " ")
	cut := strings.LastIndexByte(strings.TrimRight(tail, " "), ' ')
	if fsType == "" || cut < 0 {
		return fact.Mount{}, false
	}
	m.FSType, m.Device, m.Super = fsType, unescape(tail[:cut]), mountOptions(strings.TrimSpace(tail[cut:]))
	return m, true
}

// setPropagation takes one optional field; unknown ones are to be ignored.
func setPropagation(m *fact.Mount, tag string) {
	name, value, _ := strings.Cut(tag, ":")
	group, err := strconv.Atoi(value)
	switch {
	case name == "unbindable":
		m.Unbindable = true
	case err != nil || group < 0:
	case name == "shared":
		m.Shared = group
	case name == "master":
		m.Master = group
	case name == "propagate_from":
		m.PropagateFrom = group
	}
}

func mountOptions(s string) []string {
	opts := strings.Split(s, ",")
	for i := range opts {
		opts[i] = unescape(opts[i])
	}
	return opts
}

// unescape undoes the three-digit octal escapes of the kernel's seq_escape.
func unescape(s string) string {
	if !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+3 < len(s) {
			if n, err := strconv.ParseUint(s[i+1:i+4], 8, 8); err == nil {
				b.WriteByte(byte(n))
				i += 3
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
