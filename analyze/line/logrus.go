package line

import (
	"bytes"

	"culprit/analyze/fact"
)

// logrusStamp reads the time= that a logrus line starts with.
func logrusStamp(b []byte) (fact.Stamp, bool) {
	if !hasPrefix(b, "time=") {
		return fact.Stamp{}, false
	}
	b = bytes.TrimPrefix(b[len("time="):], []byte{'"'})
	s, n := isoLayout.read(b)
	return s, n > 0
}

// parseLogrus reads the text form of logrus (TextFormatter without a terminal)
// and of log/slog, which quote values as Go does where they are more than a word:
//
//	time="2021-05-06T16:51:40.009989451+08:00" level=error msg="a \"b\"" module=grpc
func parseLogrus(b []byte) Entry {
	e := Entry{Format: "logrus"}
	seen := map[string]bool{}
	for _, f := range pairs(b) {
		switch first := !seen[f.Key]; {
		case first && f.Key == "time":
		case first && f.Key == "level":
			e.Level = levelWord([]byte(f.Value))
		case first && f.Key == "msg":
			e.Msg = f.Value
		default:
			e.Fields = append(e.Fields, f)
		}
		seen[f.Key] = true
	}
	return e
}

// isTerminal recognises the form that logrus prints on a terminal, coloured or
// not. The brackets hold seconds since the start, or a time:
//
//	INFO[0012] text padded to 44 columns            container=abc
func isTerminal(b []byte) bool {
	_, open := terminalLevel(b)
	return open > 0
}

// terminalLevel returns the four letters of the level and the index of "[".
func terminalLevel(b []byte) (level string, open int) {
	at := 0
	if b[0] == 0x1b {
		if at = bytes.IndexByte(b[:min(8, len(b))], 'm') + 1; at == 0 {
			return "", 0
		}
	}
	if len(b) < at+6 {
		return "", 0
	}
	switch string(b[at : at+4]) {
	case "TRAC", "DEBU", "INFO", "WARN", "ERRO", "FATA", "PANI":
	default:
		return "", 0
	}
	level = levelWord(b[at : at+4])
	rest := uncoloured(b[at+4:])
	open = len(b) - len(rest)
	if len(rest) < 3 || rest[0] != '[' || !isDigit(rest[1]) || bytes.IndexByte(rest[:min(40, len(rest))], ']') < 0 {
		return "", 0
	}
	return level, open
}

// uncoloured drops a colour escape at the start of b.
func uncoloured(b []byte) []byte {
	if hasPrefix(b, "\x1b[") {
		if m := bytes.IndexByte(b[:min(8, len(b))], 'm'); m > 0 {
			return b[m+1:]
		}
	}
	return b
}

func terminalStamp(b []byte) (fact.Stamp, bool) {
	_, open := terminalLevel(b)
	s, n := isoLayout.read(b[open+1:])
	return s, n > 0
}

func parseTerminal(b []byte) Entry {
	e := Entry{Format: "logrus"}
	level, open := terminalLevel(b)
	e.Level = level
	_, rest, _ := bytes.Cut(b[open:], []byte{']'})
	rest = bytes.TrimPrefix(rest, []byte{' '})
	tail := trailingPairs(rest)
	e.Msg = string(bytes.TrimRight(rest[:tail], " "))
	e.Fields = pairs(rest[tail:])
	return e
}

// trailingPairs is where the run of key=value words at the end of text begins;
// len(text) when there is none.
func trailingPairs(text []byte) int {
	start := -1
	for rest := text; ; {
		rest = bytes.TrimLeft(rest, " ")
		if len(rest) == 0 {
			break
		}
		at := len(text) - len(rest)
		_, _, after, ok := pair(rest)
		switch {
		case !ok:
			start = -1
		case start < 0:
			start = at
		}
		rest = after
	}
	if start < 0 {
		return len(text)
	}
	return start
}
