package stack

import (
	"bytes"
)

// prefix is what a logger wrote in front of every line of a dump:
//
//	Nov 22 03:49:32 node1 dockerd[812]: goroutine 1 [running]:
//	                      |---mark---|
//	web_1  | goroutine 1 [running]:
//	2026-11-22T03:49:32.123456789Z stderr F goroutine 1 [running]:
//
// The time in front of the mark varies, the mark does not.
type prefix struct {
	mark []byte
	at   int // where the last line had it
	// tentative until a second line has it: "panic: goroutine 1 [running]:" is no
	// logger's line.
	tentative bool
}

// markOf is the constant end of the text in front of a header, nil when that is no
// log prefix.
func markOf(front []byte) []byte {
	for _, end := range []string{": ", "| ", " F ", " P "} {
		if !bytes.HasSuffix(front, []byte(end)) {
			continue
		}
		word := bytes.TrimRight(front[:len(front)-len(end)], " ")
		from := bytes.LastIndexByte(word, ' ') + 1
		if mark := front[from:]; len(word) > from && len(mark) <= 256 {
			return bytes.Clone(mark)
		}
	}
	return nil
}

// setMark makes every following line lose its front up to mark; lines without it are
// another program's and are left out.
func (l *lines) setMark(mark []byte) {
	l.prefix = prefix{mark: mark, tentative: true}
	l.framing = l.settled()
}

// unmark strips the prefix of b. It returns false for another program's line. A line
// without the mark that begins a dump ends the prefix's reign.
func (l *lines) unmark(b []byte) ([]byte, bool) {
	p := &l.prefix
	i := p.at
	if end := i + len(p.mark); end > len(b) || !bytes.Equal(b[i:end], p.mark) {
		i = bytes.Index(b, p.mark)
	}
	if i >= 0 {
		p.at, p.tentative = i, false
		i += len(p.mark)
		l.at += i
		return b[i:], true
	}
	bare := beginsDump(b)
	if p.tentative {
		bare = bare || ofDump(b)
	}
	if !bare {
		return nil, false
	}
	l.setMark(nil)
	return b, true
}

// ofDump reports whether a line can stand below the first one of a dump: no logger
// prints one like it.
func ofDump(b []byte) bool {
	_, counts := countLine(b)
	return counts || len(b) == 0 || b[0] == '#' || b[0] == '\t' || callKey(b) != nil || bytes.HasPrefix(b, createdBy)
}

// beginsDump reports whether a line holds the first line of a dump or goroutine.
func beginsDump(b []byte) bool {
	i, _ := findHeader(b)
	return i >= 0 || bytes.Contains(b, profileHeader) || bytes.Contains(b, beginMarker)
}

// escapes is a dump inside of one log line, as dockerd <= 1.12 and containerd log
// theirs. journald and rsyslog split such a line anywhere, even inside a word:
//
//	time="..." level=info msg="=== BEGIN goroutine stack dump ===\ngoroutine 1 [running]:\nmain.main()\n\t/go/...
//	Nov 22 03:49:32 node1 dockerd[812]: main.go:12 +0x7b\n...=== END goroutine stack dump ==="
type escapes struct {
	newline []byte // how the logger writes a newline
	quoted  bool   // inside of msg="..."; else the dump ends with the line
	mark    []byte // in front of every part of a split line, nil none
	fresh   bool   // at the start of such a part
	glue    []byte // what the parts before hold of the current line
	first   span   // where the current line begins
}

// escapedNewlines are written by logrus and JSON, by JSON around logrus, and by rsyslog.
var escapedNewlines = [][]byte{[]byte(`\n`), []byte(`\\n`), []byte(`#012`)}

// escape starts to read the line just handed out as escaped, if a written newline
// follows at index i. It reports whether one does. A line put together of parts, or the
// tail of one, is no part of the buffer that could be read on.
func (l *lines) escape(b []byte, i int) bool {
	if end := l.at + len(b); end > l.end || !bytes.Equal(l.buf[l.at:end], b) {
		return false
	}
	for _, newline := range escapedNewlines {
		if !bytes.HasPrefix(b[i:], newline) {
			continue
		}
		l.escapes = escapes{newline: newline, quoted: newline[0] == '\\' && len(newline) == 2 && quoteBefore(b[:i])}
		if end := bytes.Index(b[:i], []byte("]: ")); end >= 0 {
			l.escapes.mark = markOf(b[:end+3])
		}
		l.pos = l.at + i + len(newline)
		l.framing = escaped
		return true
	}
	return false
}

func quoteBefore(b []byte) bool {
	i := bytes.LastIndex(b, beginMarker)
	return i > 0 && b[i-1] == '"'
}

// nextEscaped returns the next line of an escaped dump; again is set where the dump
// ended without one.
func (l *lines) nextEscaped() (b []byte, ok, again bool) {
	e := &l.escapes
	e.glue = e.glue[:0]
	e.first = span{line: l.no, offset: l.start}
	for {
		seg := l.buf[l.pos:l.end]
		k := bytes.Index(seg, e.newline)
		stop := k
		if k < 0 {
			stop = len(seg)
		}
		j := bytes.IndexByte(seg[:stop], '\n')
		if k < 0 && j < 0 {
			if _, more := l.fill(); more {
				continue
			}
			return l.endEscaped()
		}
		if j >= 0 {
			stop = j
		}
		whole := trimCR(seg[:stop])
		piece, mine := e.unmark(whole)
		if !mine {
			if !l.skipRest() {
				return nil, false, false
			}
			l.begin()
			continue
		}
		if skip := e.splitNewline(piece); skip > 0 {
			l.pos += len(whole) - len(piece) + skip
			e.fresh = false
			return e.glue, true, false
		}
		piece, closed := e.unquote(piece)
		e.fresh = false
		switch {
		case j < 0 && closed:
			l.framing = skipped
		case j < 0:
			l.pos += k + len(e.newline)
		case closed || !e.quoted || len(e.glue) > chunk:
			l.pos += j + 1
			l.framing = l.settled()
		default:
			e.glue = append(e.glue, piece...)
			e.fresh = true
			l.pos += j + 1
			l.begin()
			continue
		}
		return e.join(piece), true, false
	}
}

// endEscaped is the end of the text, or a line longer than the buffer.
func (l *lines) endEscaped() (b []byte, ok, again bool) {
	e := &l.escapes
	rest := l.buf[l.pos:l.end]
	l.pos = l.end
	if !l.eof {
		l.framing = skipped
		return nil, false, true
	}
	if rest, mine := e.unmark(trimCR(rest)); mine {
		rest, closed := e.unquote(rest)
		l.tail = e.join(rest)
		if closed {
			l.framing, l.tail = l.settled(), nil
			return e.join(rest), true, false
		}
	}
	l.framing = l.settled()
	return nil, false, false
}

// unmark strips the log prefix of a later part of a split line, and reports false
// for another program's line.
func (e *escapes) unmark(b []byte) ([]byte, bool) {
	if !e.fresh || e.mark == nil {
		return b, true
	}
	i := bytes.Index(b, e.mark)
	if i < 0 {
		return nil, false
	}
	return b[i+len(e.mark):], true
}

// unquote cuts b at the quote that closes the message.
func (e *escapes) unquote(b []byte) ([]byte, bool) {
	if !e.quoted {
		return b, false
	}
	for i := 0; ; i++ {
		q := bytes.IndexByte(b[i:], '"')
		if q < 0 {
			return b, false
		}
		i += q
		if i > 0 && b[i-1] != '\\' || i == 0 && !(e.fresh && bytes.HasSuffix(e.glue, []byte{'\\'})) {
			return b[:i], true
		}
	}
}

// splitNewline is how much of a written newline stands at the start of b when its
// beginning ended the part before, which then is the whole line; else 0.
func (e *escapes) splitNewline(b []byte) int {
	if !e.fresh {
		return 0
	}
	for k := len(e.newline) - 1; k > 0; k-- {
		if bytes.HasSuffix(e.glue, e.newline[:k]) && bytes.HasPrefix(b, e.newline[k:]) {
			e.glue = e.glue[:len(e.glue)-k]
			return len(e.newline) - k
		}
	}
	return 0
}

// join completes a line that began in an earlier part.
func (e *escapes) join(b []byte) []byte {
	if len(e.glue) == 0 {
		return b
	}
	e.glue = append(e.glue, b...)
	return e.glue
}
