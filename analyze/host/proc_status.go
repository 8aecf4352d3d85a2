package host

import (
	"io"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

// sigkill is the bit of signal 9 in the masks SigPnd and ShdPnd.
const sigkill = 1 << (9 - 1)

// ParseStatus reads /proc/PID/status, proc_pid_status(5):
//
//	Name:	sh
//	State:	D (disk sleep)
//	Pid:	2990
//	PPid:	2970
//	TracerPid:	0
//	NSpid:	2990	1
//	VmRSS:	    1472 kB
//	Threads:	1
//	SigPnd:	0000000000000100
//
// The pid is the file's own; without a Pid line it is the path's. KillPending is
// known only where both masks were readable or one holds the signal.
func ParseStatus(r io.Reader, source string) ([]fact.Process, []fact.Problem) {
	s := statusFile{l: newLines(r, source)}
	for s.l.scan() {
		s.line()
	}
	if s.masks == 2 || s.kill {
		s.p.KillPending = fact.Some(s.kill)
	}
	if s.p.PID == 0 {
		s.p.PID, _ = PIDOf(source)
	}
	switch {
	case s.first.Line == 0 && s.l.n > 0 && len(s.l.found) == 0:
		s.l.problem(fact.Ref{Source: source, Line: 1}, "no field of /proc/PID/status")
	case s.first.Line > 0 && s.p.PID == 0:
		s.l.problem(s.first, "a status without a pid")
	}
	return oneProcess(s.l, s.p, s.first, s.first.Line > 0 && s.p.PID > 0)
}

type statusFile struct {
	l     *lines
	p     fact.Process
	first fact.Ref
	masks int
	kill  bool
}

func (s *statusFile) line() {
	key, value, ok := strings.Cut(s.l.text, ":")
	if !ok || key == "" || strings.ContainsAny(key, " /") {
		if strings.TrimSpace(s.l.text) != "" {
			s.l.refuse("a line of /proc/PID/status")
		}
		return
	}
	value = strings.TrimSpace(value)
	known := s.set(key, value)
	switch {
	case s.first.Line > 0:
	case known:
		s.first = s.l.ref()
	case isFailure(s.l.text):
		s.l.refuse("a line of /proc/PID/status")
	}
}

// set takes one field and reports whether it is one that a row keeps.
func (s *statusFile) set(key, value string) bool {
	num, err := strconv.Atoi(strings.TrimSuffix(value, " kB"))
	isNum := err == nil && num >= 0
	switch key {
	case "Name":
		s.p.Comm = value
		return true
	case "State":
		s.p.State = stateLetter(value)
		s.p.StateRef = s.l.ref()
		if s.p.State == "" {
			s.p.StateRef = fact.Ref{}
			s.l.fault("%s is no process state", quote(value))
		}
		return true
	case "NSpid":
		for _, f := range strings.Fields(value) {
			if pid, ok := parsePID(f); ok {
				s.p.NSPID = append(s.p.NSPID, pid)
			}
		}
		return true
	case "SigPnd", "ShdPnd":
		mask, err := strconv.ParseUint(value, 16, 64)
		if err != nil {
			s.l.fault("%s is no signal mask", quote(value))
			return false
		}
		s.masks++
		if mask&sigkill != 0 && !s.kill {
			s.kill, s.p.KillRef = true, s.l.ref()
		}
		return true
	case "Pid", "PPid", "TracerPid", "VmRSS", "Threads":
		if !isNum {
			s.l.fault("%s is no number for %s", quote(value), key)
			return false
		}
	default:
		return false
	}
	switch key {
	case "Pid":
		if pid, ok := parsePID(value); ok {
			s.p.PID = pid
		}
	case "PPid":
		s.p.PPID = fact.Some(num)
	case "TracerPid":
		s.p.Tracer = fact.Some(num)
	case "VmRSS":
		s.p.RSS = fact.Some(int64(num))
	case "Threads":
		s.p.Threads = fact.Some(num)
	}
	return true
}
