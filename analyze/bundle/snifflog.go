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

func isLogLine(l []byte) bool {
	return mayBeLogLine(l) && logLine.Match(l) || isKernelLine(l) || jsonLine(l)
}

// mayBeLogLine is a cheap test for logLine: whatever begins with a time, or with a file
// and a line, has its first colon before a digit.
func mayBeLogLine(l []byte) bool {
	colon := bytes.IndexByte(l, ':')
	return colon > 0 && colon+1 < len(l) && isDigit(l[colon+1]) ||
		len(l) > 4 && (l[4] == '=' || l[4] == '[') ||
		bytes.HasPrefix(l, []byte("-- ")) || bytes.HasPrefix(l, []byte("OCI ")) || bytes.HasPrefix(l, []byte("Error "))
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isKernelLine(l []byte) bool {
	may := len(l) > 0 && (l[0] == '<' || l[0] == '[') || bytes.Contains(l, []byte(" kernel: "))
	return may && kernelLine.Match(l)
}

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
	return s.share(2, isKernelLine)
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
	return s.share(2, isGoLine)
}

// isGoLine reports a line of a goroutine dump, also behind the prefix of a log:
//
//	goroutine 7 [chan receive, 5 minutes]:
//	net/http.(*conn).serve(0xc000123400, 0x55d0)
//		/usr/lib/go/src/net/http/server.go:1991 +0x1a
//	created by net/http.(*Server).Serve
func isGoLine(l []byte) bool {
	return isCall(l) || isPlace(l) || bytes.HasPrefix(l, []byte("created by ")) || bytes.Contains(l, []byte("goroutine ")) && goHeader.Match(l)
}

// isCall reports a function and its arguments, the whole line.
func isCall(l []byte) bool {
	if len(l) < 3 || l[len(l)-1] != ')' {
		return false
	}
	name := bytes.IndexByte(l[1:], '(') + 1
	return name > 0 && !bytes.ContainsAny(l[:name], "\t\n\f\r ")
}

// isPlace reports a source file and a line: the first word of an indented line, or
// with an offset.
func isPlace(l []byte) bool {
	if word := bytes.TrimLeft(l, "\t\n\f\r "); len(word) < len(l) {
		if end := bytes.IndexAny(word, "\t\n\f\r "); end >= 0 {
			word = word[:end]
		}
		if after(word, ".go:") != nil || after(word, ".s:") != nil {
			return true
		}
	}
	for rest := after(l, ".go:"); rest != nil; rest = after(rest, ".go:") {
		if bytes.HasPrefix(bytes.TrimLeft(rest, "0123456789"), []byte(" +0x")) {
			return true
		}
	}
	return false
}

// after is what follows the first mark in l that has a digit behind it and something
// before it, nil where there is none.
func after(l []byte, mark string) []byte {
	for from := 1; from < len(l); {
		at := bytes.Index(l[from:], []byte(mark))
		if at < 0 {
			return nil
		}
		from += at + len(mark)
		if from < len(l) && isDigit(l[from]) {
			return l[from:]
		}
	}
	return nil
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
