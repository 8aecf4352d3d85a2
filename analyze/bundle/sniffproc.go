package bundle

import (
	"bytes"
	"regexp"
)

// How the files of /proc look; proc(5) and the kernel's
// Documentation/filesystems/proc.rst.
var (
	statLine    = regexp.MustCompile(`^\d+ \(.*\) [A-Za-z] -?\d+ -?\d+ -?\d+ `)
	stackLine   = regexp.MustCompile(`^\[<[0-9a-f]+>\] \S`)
	cgroupLine  = regexp.MustCompile(`^\d+:[^:]*:/`)
	nsLine      = regexp.MustCompile(`^(?:mnt|net|pid|uts|ipc|user|cgroup|time):\[\d+\]$`)
	fdLine      = regexp.MustCompile(`^(?:[bcdlps-][rwx-]{9}\S? .*\s)?\d+ -> \S`)
	syscallLine = regexp.MustCompile(`^(?:running$|-?\d+ 0x)`)
	wchanLine   = regexp.MustCompile(`^[A-Za-z0-9_.$]+$|^-$`)
	uuidLine    = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`)
	mountLine   = regexp.MustCompile(`^\d+ \d+ \d+:\d+ \S+ \S+ \S+ (?:\S+ )*- \S+ \S+ \S+`)
	lockLine    = regexp.MustCompile(`^\d+: +(?:-> )?[A-Z]+ +\S+ +(?:READ|WRITE|UNLCK|RW|NONE) +-?\d+ `)
	freezerLine = regexp.MustCompile(`^(?:\S+: ?)?(?:THAWED|FREEZING|FROZEN)$|^(?:\S+: ?)?frozen [01]$`)
	countPath   = regexp.MustCompile(`^/\S*/(?:pids|memory)\.(?:current|max|events|usage_in_bytes|limit_in_bytes|oom_control): ?(?:[a-z_]+ )?(?:max|\d+)$|^/\S*/ current=\d+ max=\S+ events=max \d+ *$`)
	countLine   = regexp.MustCompile(`^(?:[a-z_]+ )?(?:max|\d+)$`)
	freezerBit  = regexp.MustCompile(`^(?:\S+: ?)?populated [01]$|^\S+/(?:freezer\.(?:self|parent)_freezing|cgroup\.freeze): ?[01]$`)
)

// each reports whether re matches all of the first n lines.
func (s *sniff) each(n int, re *regexp.Regexp) bool {
	lines := s.lines[:min(n, len(s.lines))]
	for _, l := range lines {
		if !re.Match(l) {
			return false
		}
	}
	return len(lines) > 0
}

// only reports whether the source is one line that re matches.
func (s *sniff) only(re *regexp.Regexp) bool {
	return s.whole && len(s.lines) == 1 && re.Match(bytes.TrimSpace(s.first))
}

func (s *sniff) procStatus() bool {
	return bytes.HasPrefix(s.first, []byte("Name:")) && s.has("State:", "Pid:") == 2
}

func (s *sniff) procStat() bool   { return s.each(1, statLine) }
func (s *sniff) procStack() bool  { return s.each(3, stackLine) }
func (s *sniff) procCgroup() bool { return s.each(3, cgroupLine) }
func (s *sniff) procNS() bool     { return s.whole && s.each(8, nsLine) }

func (s *sniff) procLimits() bool {
	return bytes.HasPrefix(s.first, []byte("Limit ")) && bytes.Contains(s.first, []byte("Soft Limit"))
}

// procFD takes "0 -> /dev/null" and the lines of ls -l, after its total or error
// lines.
func (s *sniff) procFD() bool {
	var links int
	lines := s.lines[:min(8, len(s.lines))]
	for _, l := range lines {
		if fdLine.Match(l) {
			links++
		}
	}
	return links > 0 && links*2 >= len(lines)
}

// mountinfo looks for one good line among the first: a file cut at its head
// begins with half a line.
func (s *sniff) mountinfo() bool {
	return len(s.lines) > 0 && (mountLine.Match(s.first) || len(s.lines) > 1 && mountLine.Match(s.lines[1]))
}

func (s *sniff) procLocks() bool   { return s.each(3, lockLine) }
func (s *sniff) procSyscall() bool { return s.only(syscallLine) }
func (s *sniff) procWchan() bool   { return s.only(wchanLine) }
func (s *sniff) bootID() bool      { return s.only(uuidLine) }
func (s *sniff) procComm() bool    { return s.whole && len(s.raw) <= 64 && !s.document() }

// procCmdline takes anything: arguments may be every byte.
func (s *sniff) procCmdline() bool { return !isHTML(s.raw) }

func (s *sniff) procFDCount() bool {
	n := bytes.TrimSpace(s.raw)
	return len(n) > 0 && len(n) < 12 && len(bytes.Trim(n, "0123456789")) == 0
}

// freezer takes freezer.state, cgroup.events, and "path: value" lines of many.
func (s *sniff) freezer() bool {
	var states int
	for _, l := range s.lines {
		l = bytes.TrimSpace(l)
		switch {
		case freezerLine.Match(l):
			states++
		case !freezerBit.Match(l):
			return false
		}
	}
	return states > 0
}

// cgroupCount takes "path: value" lines of the pids and memory controllers, or one file.
func (s *sniff) cgroupCount() bool { return s.each(3, countPath) || s.whole && s.each(20, countLine) }
