package bundle

import (
	"bytes"
	"encoding/binary"
	"regexp"
	"slices"
)

// How lines of logs begin.
var (
	logLine = regexp.MustCompile(`^(?:[^\s:]+:\d+:)?(?:` + // the prefix of grep -rn
		`[IWEF]\d{4} \d\d:\d\d:\d\d\.|` + // klog
		`time="\d|` + // logrus
		`(?:<\d+>)?[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \S|` + // syslog, journalctl
		`\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S* \S|` + // RFC 3339: CRI, journalctl -o short-iso
		`(?:TRAC|DEBU|INFO|WARN|ERRO|FATA|PANI)\[|` + // logrus on a terminal
		`-- (?:Logs|Journal) begins? at |` + // journalctl
		`OCI runtime |Error response from daemon: )`) // what the docker client repeats of the daemon
	kernelLine = regexp.MustCompile(`^(?:<\d+>)?\[ *\d+\.\d+\]|^\[[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}\]|^\S.{0,80} kernel: `)
	jsonKey    = regexp.MustCompile(`"(?:level|ts|time|log|msg|PRIORITY|__REALTIME_TIMESTAMP)" ?:`)
	collected  = regexp.MustCompile(`^\d\d:\d\d:\d\d\trc=-?\d+\t[\d.]+s\t`)
	goHeader   = regexp.MustCompile(`goroutine \d+ (?:gp=\S+ m=\S+ (?:mp=\S+ )?)?\[`)
	goFrame    = regexp.MustCompile(`^\s+\S+\.(?:go|s):\d+|^created by |^\S+\(.*\)$|\.go:\d+ \+0x`)
)

// share reports whether lines that is says yes to have an n-th of the bytes of all, and
// asks of as many lines as that takes.
func (s *sniff) share(n int, is func(line []byte) bool) bool {
	var yes, all int
	for _, l := range s.lines {
		all += len(l)
	}
	left := all
	for _, l := range s.lines {
		if left -= len(l); is(l) {
			yes += len(l)
		}
		if yes*n >= all {
			return true
		}
		if (yes+left)*n < all {
			return false
		}
	}
	return false
}

func isLogLine(l []byte) bool { return logLine.Match(l) || kernelLine.Match(l) || jsonLine(l) }

// jsonLine reports a whole JSON object in one line with a key of a log.
func jsonLine(l []byte) bool {
	l = bytes.TrimSpace(l)
	return len(l) > 2 && l[0] == '{' && l[len(l)-1] == '}' && jsonKey.Match(l)
}

// log takes a source whose first line is a log line, or a quarter of which is:
// logs hold traces and start with complaints about flags.
func (s *sniff) log() bool {
	if s.binary || len(s.lines) == 0 {
		return false
	}
	if isLogLine(s.first) {
		return true
	}
	return s.share(4, isLogLine)
}

func (s *sniff) kernelLog() bool {
	if s.binary || len(s.lines) == 0 {
		return false
	}
	return s.share(2, kernelLine.Match)
}

// isPrompt reports a line with a shell's prompt: "[root@a ~]# ls", "me@a:~$ ls",
// also coloured, or indented in a ticket.
func isPrompt(l []byte) bool {
	text := plain(string(l))
	_, _, ok := parsePrompt(text)
	return ok || marginOf(text) != ""
}

// terminal takes a source with a line that only a shell's user makes.
func (s *sniff) terminal() bool {
	if s.binary {
		return false
	}
	for _, l := range s.lines {
		if isPrompt(l) {
			return true
		}
		if _, ok := parseWatch(string(l)); ok {
			return true
		}
	}
	return s.grepped()
}

// writeUp takes prose, such as a ticket, with lines of a log in it.
func (s *sniff) writeUp() bool {
	return !s.binary && !s.document() && slices.ContainsFunc(s.lines, isLogLine)
}

// goroutines takes the two text forms of runtime/pprof and what a signal
// prints, also behind the prefixes of a log, where most of the source is dump.
func (s *sniff) goroutines() bool {
	if bytes.HasPrefix(s.first, []byte("goroutine profile: total ")) {
		return true
	}
	if s.binary || !goHeader.Match(s.raw) {
		return false
	}
	return s.share(2, func(l []byte) bool { return goHeader.Match(l) || goFrame.Match(l) })
}

func (s *sniff) manifest() bool {
	return bytes.HasPrefix(s.first, []byte("{")) && bytes.Contains(s.first, []byte(manifestFamily))
}

func (s *sniff) collectLog() bool {
	return s.share(2, collected.Match)
}

// profile takes a pprof protobuf: its first field is a ValueType of two string
// indices, sample_type (1) as the pprof library writes it or period_type (11) as
// the runtime does (profile.proto of github.com/google/pprof).
//
//	0a len  08 type 10 unit  then 0a sample_type or 12 sample
//	5a len  08 type 10 unit  then 60 period or 0a sample_type
func (s *sniff) profile() bool {
	b := s.raw
	if len(b) < 4 || b[0] != 0x0a && b[0] != 0x5a || b[1] == 0 || len(b) < 2+int(b[1]) {
		return false
	}
	inner, rest := b[2:2+int(b[1])], b[2+int(b[1]):]
	for len(inner) > 0 {
		if inner[0] != 0x08 && inner[0] != 0x10 {
			return false
		}
		_, n := binary.Uvarint(inner[1:])
		if n <= 0 {
			return false
		}
		inner = inner[1+n:]
	}
	return len(rest) == 0 || bytes.IndexByte([]byte{0x0a, 0x12, 0x60}, rest[0]) >= 0
}
