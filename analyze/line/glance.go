package line

import (
	"bytes"
	"time"

	"culprit/analyze/fact"
)

// innerReach is how far into what docker's json-file wraps Glance looks for a level,
// which stands behind the time.
const innerReach = 256

// Glance reads the time and the level of a log line and nothing else, no farther into
// the line than Stamp. The time is that of Stamp; the level is the one that Parse tells,
// of two the first, and of JSON inside docker's json-file its own. It allocates
// where Stamp does, for a level that is an odd word and for plain text inside
// docker's json-file.
func Glance(text []byte) (fact.Stamp, fact.Level) {
	w := unwrap(reached(text))
	f := bodyForm(w.body)
	w.bodyStamp(f)
	word := f.level(w.body)
	if word == "" {
		word = w.level
	}
	switch word {
	case "error", "fatal", "panic":
		return w.stamp, fact.LevelError
	case "warning":
		return w.stamp, fact.LevelWarning
	}
	return w.stamp, fact.LevelOther
}

// SinceBoot reads the seconds since boot that the kernel puts in front of its lines.
func SinceBoot(text []byte) (time.Duration, bool) {
	since := unwrap(reached(text)).sinceBoot
	return since.V, since.Known
}

// level is the word for the level that a body of this form prints, as in Entry; ""
// none.
func (f form) level(body []byte) string {
	switch f {
	case formLogrus:
		return logrusLevel(body)
	case formTerminal:
		level, _ := terminalLevel(body)
		return level
	case formKlog:
		return levelWord(body[:1])
	case formJSON:
		return jsonLevel(body)
	}
	return ""
}

func logrusLevel(body []byte) string {
	for rest := body; len(rest) > 0; {
		key, value, after := rawPair(bytes.TrimLeft(rest, " "))
		if string(key) == "level" {
			return levelWord(value)
		}
		rest = after
	}
	return ""
}

// jsonLevel is the level of a JSON line; of docker's json-file that of the line inside.
func jsonLevel(body []byte) string {
	var inner []byte
	for rest := body[1:]; ; {
		key, value, after, ok := member(rest)
		if !ok {
			return ""
		}
		rest = after
		switch string(key) {
		case "level", "severity":
			return levelWord(bytes.Trim(value, `" \t`))
		case "log":
			inner = value
		case "stream":
			if inner != nil {
				return innerLevel(inner)
			}
		}
	}
}

// innerLevel is the level of a line that is a JSON string.
func innerLevel(value []byte) string {
	if len(value) < 2 {
		return ""
	}
	var room [innerReach]byte
	text := AppendUnescaped(room[:0], value[1:min(len(value)-1, innerReach)])
	if len(text) > 0 && text[0] == '{' {
		return jsonLevel(text)
	}
	if bodyForm(text) == formText {
		text = Body(bytes.Clone(text)) // Body would move room to the heap
	}
	return bodyForm(text).level(text)
}
