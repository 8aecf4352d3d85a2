package line

import (
	"bytes"
	"time"

	"culprit/analyze/fact"
)

// maxWraps is how many prefixes one line may have: a grep path, CRI, syslog and
// kernel at most, and one to spare.
const maxWraps = 5

// wrapped is a line whose prefixes are taken off one by one.
type wrapped struct {
	stamp fact.Stamp
	unit  []byte
	pid   int
	level string
	// sinceBoot is the kernel's own time of the line.
	sinceBoot fact.Opt[time.Duration]
	// form is what the prefixes alone say of the format: "syslog", "kernel" or "".
	form string
	body []byte
}

var kernelUnit = []byte("kernel")

// Body returns text without its prefixes: what the program itself printed.
func Body(text []byte) []byte { return unwrap(text).body }

// Unit returns the program named by the syslog or journal prefix, "kernel" for
// kernel lines, nil when no prefix names one.
func Unit(text []byte) []byte { return unwrap(text).unit }

func unwrap(text []byte) wrapped {
	w := wrapped{body: text}
	for range maxWraps {
		if !w.peel() {
			break
		}
	}
	return w
}

// peel takes the next prefix off and reports whether there was one.
func (w *wrapped) peel() bool {
	b := w.body
	if len(b) < 4 {
		return false
	}
	switch {
	case b[0] == '<':
		return w.priority()
	case b[0] == '[':
		return w.ctime() || w.uptime()
	case isDigit(b[0]):
		return w.iso() || w.goLog() || w.syslog(cjkLayout)
	case isUpper(b[0]):
		return w.syslog(bsdLayout) || w.syslog(fullLayout)
	case b[0] == '/' || b[0] == '.' && b[1] == '/':
		return w.grep()
	}
	return false
}

// stamped takes s for the line's time unless the time so far is more complete.
func (w *wrapped) stamped(s fact.Stamp) {
	if w.stamp.IsZero() || completeness(s) >= completeness(w.stamp) {
		w.stamp = s
	}
}

func completeness(s fact.Stamp) int { return b2i(!s.NoYear) + b2i(!s.NoZone) }

// priority takes off the "<6>" of dmesg -r and of raw syslog datagrams.
func (w *wrapped) priority() bool {
	end := bytes.IndexByte(w.body[:min(5, len(w.body))], '>')
	if end < 2 || !allDigits(w.body[1:end]) {
		return false
	}
	w.body = w.body[end+1:]
	return true
}

// uptime takes off the kernel's own prefix, seconds since boot, with or without
// the caller that CONFIG_PRINTK_CALLER adds:
//
//	[62365.889369] text
//	[   12.345678][ T1234] text
func (w *wrapped) uptime() bool {
	b := w.body[1:]
	b = bytes.TrimLeft(b[:min(32, len(b))], " ")
	end := bytes.IndexByte(b, ']')
	dot := bytes.IndexByte(b, '.')
	if end < 0 || dot < 1 || dot > end || !allDigits(b[:dot]) || !allDigits(b[dot+1:end]) {
		return false
	}
	c := clock{second: number(b[:dot])}
	c.fraction(b[dot:end])
	w.sinceBoot = fact.Some(time.Duration(c.second)*time.Second + time.Duration(c.nano))
	rest := w.body[bytes.IndexByte(w.body, ']')+1:]
	if len(rest) > 2 && rest[0] == '[' {
		caller := bytes.TrimLeft(rest[1:min(24, len(rest))], " ")
		if len(caller) > 1 && (caller[0] == 'T' || caller[0] == 'C') && isDigit(caller[1]) {
			rest = rest[bytes.IndexByte(rest, ']')+1:]
		}
	}
	w.kernel(rest)
	return true
}

// ctime takes off the prefix of dmesg -T: "[Tue Nov  3 13:33:10 2026] text".
func (w *wrapped) ctime() bool {
	s, n := dmesgLayout.read(w.body[1:])
	if n == 0 || len(w.body) < n+2 || w.body[n+1] != ']' {
		return false
	}
	w.stamped(s)
	w.kernel(w.body[n+2:])
	return true
}

func (w *wrapped) kernel(body []byte) {
	w.unit, w.form = kernelUnit, "kernel"
	w.body = bytes.TrimPrefix(body, []byte{' '})
}

// iso takes off a prefix that starts with an ISO 8601 time:
//
//	2026-11-22T03:49:28.123456789Z stdout F text          CRI
//	2026-11-22T03:49:28.123456+0000 host prog[pid]: text  journald short-iso, rsyslog
//	2026-11-22 03:49:28.123 text                          anything else
func (w *wrapped) iso() bool {
	s, n := isoLayout.read(w.body)
	if n == 0 || n == len(w.body) {
		return false
	}
	rest, ok := bytes.CutPrefix(w.body[n:], []byte{' '})
	if !ok {
		return false
	}
	offset := !s.NoZone && w.body[n-1] != 'Z' && w.body[10] == 'T'
	w.stamped(s)
	w.body = rest
	switch {
	case len(rest) >= 9 && (string(rest[:7]) == "stdout " || string(rest[:7]) == "stderr "):
		w.body = afterWord(rest[7:]) // the tag: F full, P partial
	case offset:
		w.hostAndTag(rest)
	}
	return true
}

// goLog takes off the time of Go's package log: "2026/11/22 03:49:28 text".
func (w *wrapped) goLog() bool {
	s, n := goLayout.read(w.body)
	if n == 0 || n == len(w.body) || w.body[n] != ' ' {
		return false
	}
	w.stamped(s)
	w.body = w.body[n+1:]
	return true
}

// syslog takes off a prefix of RFC 3164 with a time of layout l:
//
//	Nov 22 03:49:28 host prog[pid]: text
//	Nov 22 03:49:28 host daemon.info prog[pid]: text   busybox syslogd
func (w *wrapped) syslog(l layout) bool {
	s, n := l.read(w.body)
	if n == 0 || n == len(w.body) || w.body[n] != ' ' {
		return false
	}
	w.stamped(s)
	w.form = "syslog"
	w.body = w.body[n+1:]
	w.hostAndTag(w.body)
	return true
}

// hostAndTag takes "host prog[pid]: " or "prog[pid]: " off rest, and only the
// host where no tag follows.
func (w *wrapped) hostAndTag(rest []byte) {
	w.form = "syslog"
	if w.tag(rest) {
		return
	}
	rest = afterWord(rest)
	word, _, _ := bytes.Cut(rest, []byte{' '})
	if _, priority, ok := bytes.Cut(word, []byte{'.'}); ok {
		if level := busyboxLevel(priority); level != "" {
			w.level = level
			rest = afterWord(rest)
		}
	}
	if !w.tag(rest) {
		w.body = rest
	}
}

// tag takes off "prog[pid]: ".
func (w *wrapped) tag(rest []byte) bool {
	word, _, _ := bytes.Cut(rest, []byte{' '})
	name, ok := bytes.CutSuffix(word, []byte{':'})
	if !ok {
		return false
	}
	after := bytes.TrimPrefix(rest[len(word):], []byte{' '})
	if open := bytes.LastIndexByte(name, '['); open >= 0 && name[len(name)-1] == ']' {
		if digits := name[open+1 : len(name)-1]; allDigits(digits) {
			w.pid = number(digits)
			name = name[:open]
		}
	}
	w.unit, w.body = name, after
	if string(name) == "kernel" {
		w.form = "kernel"
	}
	return true
}

// grep takes off the path that grep -r puts in front, where a line with a time
// follows: "/var/log/kubelet.log:812:I0712 03:19:59.590703 ...".
func (w *wrapped) grep() bool {
	head := w.body[:min(256, len(w.body))]
	colon := bytes.IndexByte(head, ':')
	if colon < 0 || bytes.IndexByte(head[:colon], ' ') >= 0 {
		return false
	}
	rest := w.body[colon+1:]
	if no, after, ok := bytes.Cut(rest[:min(16, len(rest))], []byte{':'}); ok && len(after) > 0 && allDigits(no) {
		rest = rest[len(no)+1:]
	}
	if len(rest) == 0 || rest[0] == '/' {
		return false
	}
	inner := wrapped{body: rest}
	if !inner.peel() && bodyForm(rest) == formText {
		return false
	}
	w.body = rest
	return true
}

func busyboxLevel(priority []byte) string {
	switch string(priority) {
	case "emerg", "alert", "crit", "err", "warn", "notice", "info", "debug":
		return levelWord(priority)
	}
	return ""
}

// afterWord is b behind its first word and the space that ends it.
func afterWord(b []byte) []byte {
	_, rest, _ := bytes.Cut(b, []byte{' '})
	return rest
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return len(b) > 0
}

// number reads digits, at most nine of them, so that it cannot overflow.
func number(digits []byte) int {
	n := 0
	for _, c := range digits[:min(9, len(digits))] {
		n = n*10 + int(c-'0')
	}
	return n
}
