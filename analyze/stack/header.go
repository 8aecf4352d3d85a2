package stack

import (
	"bytes"
)

// header is the first line of a goroutine's block, as runtime.goroutineheader prints
// it:
//
//	goroutine 5212 [chan receive, 5940 minutes]:
//	goroutine 1 gp=0xc0000061c0 m=0 mp=0x5c2a00 [running, locked to thread]:
//	goroutine 7 [chan send (leaked)]:
//	goroutine 9 [sleep, 3 minutes, synctest bubble 4 labels:{"pod": "web-0"}]:
type header struct {
	line []byte
	id   int64
	// state is the wait reason, without "(leaked)", "(scan)" and "(durable)".
	state   []byte
	minutes int
}

var (
	goroutineWord = []byte("goroutine ")
	minutesWord   = []byte(" minutes")
)

// parseHeader reads a header line from its first byte to its end.
func parseHeader(b []byte) (h header, ok bool) {
	if len(b) < len("goroutine 1 [x]:") || string(b[:len(goroutineWord)]) != string(goroutineWord) || string(b[len(b)-2:]) != "]:" {
		return h, false
	}
	h.line = b
	i := len(goroutineWord)
	start := i
	for ; i < len(b) && isDigit(b[i]); i++ {
		h.id = h.id*10 + int64(b[i]-'0')
	}
	if i == start || i-start > 18 || b[i] != ' ' {
		return h, false
	}
	i++
	if b[i] != '[' {
		open := bytes.Index(b[i:], []byte(" ["))
		if open < 0 || !bytes.HasPrefix(b[i:], []byte("gp=")) {
			return h, false
		}
		i += open + 1
	}
	rest := b[i+1 : len(b)-2]
	if labels := bytes.IndexByte(rest, '{'); labels >= 0 { // they may hold anything
		rest = bytes.TrimSuffix(rest[:labels], []byte(" labels:"))
	}
	if end := bytes.IndexByte(rest, ','); end >= 0 {
		h.state, rest = rest[:end], rest[end+1:]
		h.minutes = leadingMinutes(rest)
	} else {
		h.state = rest
	}
	h.state = plainState(h.state)
	return h, true
}

// leadingMinutes reads " 5940 minutes", with which everything behind the state
// starts if the runtime knows an age.
func leadingMinutes(b []byte) int {
	n, i := 0, 1
	for ; i < len(b) && i < 11 && isDigit(b[i]); i++ {
		n = n*10 + int(b[i]-'0')
	}
	if i == 1 || b[0] != ' ' || !bytes.HasPrefix(b[i:], minutesWord) {
		return 0
	}
	return n
}

// plainState cuts the marks behind a state.
func plainState(b []byte) []byte {
	if n := len(b); n == 0 || b[n-1] != ')' {
		return b
	}
	for _, mark := range []string{" (scan)", " (leaked)", " (durable)"} {
		b = bytes.TrimSuffix(b, []byte(mark))
	}
	return b
}

// findHeader finds a header that ends the line but need not start it: behind a log
// prefix, a progress meter, or a message without a newline. Index -1 means none.
func findHeader(b []byte) (int, header) {
	for from := 0; ; {
		i := bytes.Index(b[from:], goroutineWord)
		if i < 0 {
			return -1, header{}
		}
		if h, ok := parseHeader(b[from+i:]); ok {
			return from + i, h
		}
		from += i + len(goroutineWord)
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
