package line

import (
	"bytes"
	"encoding/json"
	"strings"
	"time"

	"culprit/analyze/fact"
)

// member takes the first member off the inside of a JSON object: text starts
// behind "{" or behind the value before. value is raw JSON.
func member(text []byte) (key, value, rest []byte, ok bool) {
	text = bytes.TrimLeft(text, " \t,")
	if len(text) == 0 || text[0] != '"' {
		return nil, nil, nil, false
	}
	key, text = quoted(text)
	text = bytes.TrimLeft(text, " \t")
	if len(text) == 0 || text[0] != ':' {
		return nil, nil, nil, false
	}
	text = bytes.TrimLeft(text[1:], " \t")
	n := valueLen(text)
	return key, text[:n], text[n:], n > 0
}

// valueLen is the length of the JSON value at the start of text, which a comma or
// a closing bracket outside of it ends.
func valueLen(text []byte) int {
	depth := 0
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			_, rest := quoted(text[i:])
			i = len(text) - len(rest) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 {
				return i
			}
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return len(text)
}

// isObject reports whether b, which starts with "{", begins like a JSON object
// with members.
func isObject(b []byte) bool {
	_, _, _, ok := member(b[1:])
	return ok
}

// isTimeKey knows the names that loggers give to the time: log/slog and logrus,
// zap, Elastic.
func isTimeKey(key []byte) bool {
	switch string(key) {
	case "time", "ts", "timestamp", "@timestamp":
		return true
	}
	return false
}

func jsonStamp(b []byte) (fact.Stamp, bool) {
	for rest := b[1:]; ; {
		key, value, after, ok := member(rest)
		if !ok {
			return fact.Stamp{}, false
		}
		rest = after
		if !isTimeKey(key) || len(value) == 0 {
			continue
		}
		if value[0] == '"' {
			s, n := isoLayout.read(value[1:])
			if n > 0 {
				return s, true
			}
		} else if t, ok := epoch(value); ok {
			return fact.Stamp{Time: t}, true
		}
	}
}

// epoch reads a Unix time as zap prints it, seconds with a fraction, or
// milliseconds. In exponent form (1.6e9) it is not read.
func epoch(b []byte) (time.Time, bool) {
	whole, fraction, _ := bytes.Cut(b, []byte{'.'})
	if !allDigits(whole) || len(fraction) > 0 && !allDigits(fraction) {
		return time.Time{}, false
	}
	nano, unit := int64(0), int64(100_000_000)
	for _, c := range fraction {
		nano += int64(c-'0') * unit
		unit /= 10
	}
	n := int64(0)
	for _, c := range whole[:min(14, len(whole))] {
		n = n*10 + int64(c-'0')
	}
	switch len(whole) {
	case 9, 10:
		return time.Unix(n, nano).UTC(), true
	case 13:
		return time.UnixMilli(n).UTC(), true
	}
	return time.Time{}, false
}

// parseJSON reads one JSON object a line: logrus and slog in JSON, zap, and
// docker's json-file, whose "log" holds a line of the program, newline included:
//
//	{"level":"error","ts":1637553908.12,"msg":"text","err":"a"}
//	{"log":"I0930 16:12:35.980371 1 a.go:1] text\n","stream":"stderr","time":"2026-11-22T03:49:28.1Z"}
func parseJSON(b []byte) Entry {
	e := Entry{Format: "json"}
	log, hasLog, hasStream := "", false, false
	for rest := b[1:]; ; {
		key, value, after, ok := member(rest)
		if !ok {
			break
		}
		rest = after
		switch string(key) {
		case "level", "severity":
			e.Level = levelWord([]byte(jsonText(value)))
		case "msg", "message":
			e.Msg = jsonText(value)
		case "log":
			log, hasLog = jsonText(value), true
		case "stream":
			hasStream = true
		default:
			if !isTimeKey(key) {
				e.Fields = append(e.Fields, Field{Key: string(key), Value: jsonText(value)})
			}
		}
	}
	if !hasLog || !hasStream {
		return e
	}
	inner := []byte(strings.TrimRight(log, "\r\n"))
	if len(inner) > 0 && inner[0] == '{' {
		e.Msg = string(inner)
		return e
	}
	if in := parseBody(Body(inner)); in.Format != "text" {
		return in
	}
	e.Msg = string(inner)
	return e
}

// jsonText is a string value unescaped, another value as printed.
func jsonText(value []byte) string {
	value = bytes.TrimRight(value, " \t")
	if len(value) == 0 || value[0] != '"' {
		return string(value)
	}
	var s string
	if json.Unmarshal(value, &s) == nil {
		return s
	}
	return string(bytes.Trim(value, `"`))
}
