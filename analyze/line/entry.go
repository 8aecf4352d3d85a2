package line

import "culprit/analyze/fact"

// Entry is one log line taken apart.
type Entry struct {
	// Stamp is the time, zero when the line has none (kernel lines with seconds
	// since boot, continuation lines). See Stamp for which one counts.
	Stamp fact.Stamp
	// Level is panic, fatal, error, warning, notice, info, debug or trace, whatever
	// the logger calls it; another word as printed; "" none.
	Level string
	// Msg is the message, unescaped; of a plain text line all that follows the
	// prefixes.
	Msg string
	// Fields are the key/values beside time, level and message, in printed order,
	// values unescaped. A klog line has "file" with the value "kubelet.go:1953".
	Fields []Field
	// Unit is the program of the syslog or journal prefix (dockerd, kubelet), or
	// "kernel"; "" none.
	Unit string
	// PID is that program's pid, else klog's; 0 unknown.
	PID int
	// Format is "logrus", "klog", "json", or for other bodies "syslog" or "kernel"
	// by the prefix, else "text".
	Format string
}

// Field is one key/value of an entry.
type Field struct{ Key, Value string }

// Field returns the value of the first field with that key, "" none.
func (e *Entry) Field(key string) string {
	for _, f := range e.Fields {
		if f.Key == key {
			return f.Value
		}
	}
	return ""
}

// form is what a body looks like.
type form string

const (
	formText     form = "text"
	formLogrus   form = "logrus"   // time="..." level=info msg="..."
	formTerminal form = "terminal" // INFO[0012] text
	formKlog     form = "klog"
	formJSON     form = "json"
)

func bodyForm(b []byte) form {
	if len(b) < 4 {
		return formText
	}
	switch {
	case b[0] == 't' && hasPrefix(b, "time="), b[0] == 'l' && hasPrefix(b, "level="):
		return formLogrus
	case isKlog(b):
		return formKlog
	case b[0] == '{' && b[len(b)-1] == '}' && isObject(b):
		return formJSON
	case isTerminal(b):
		return formTerminal
	}
	return formText
}

// Parse takes a line apart: first its prefixes, then its body. It never fails:
// what it does not know is text.
func Parse(text []byte) Entry {
	w := unwrap(text)
	e := parseBody(w.body)
	e.Stamp, _ = Stamp(text)
	if e.Unit == "" {
		e.Unit = string(w.unit)
	}
	if w.pid != 0 {
		e.PID = w.pid
	}
	if e.Level == "" {
		e.Level = w.level
	}
	if e.Format == "text" && w.form != "" {
		e.Format = w.form
	}
	return e
}

func parseBody(body []byte) Entry {
	switch bodyForm(body) {
	case formLogrus:
		return parseLogrus(body)
	case formTerminal:
		return parseTerminal(body)
	case formKlog:
		return parseKlog(body)
	case formJSON:
		return parseJSON(body)
	}
	return Entry{Msg: string(body), Format: "text"}
}

// levelWord maps the words and letters that loggers use to those of Entry.Level.
func levelWord(word []byte) string {
	switch string(word) {
	case "I", "INFO", "Info", "info", "informational":
		return "info"
	case "W", "WARN", "WARNING", "Warning", "warn", "warning":
		return "warning"
	case "E", "ERRO", "ERROR", "Error", "err", "error":
		return "error"
	case "F", "FATA", "FATAL", "fatal", "crit", "alert", "emerg":
		return "fatal"
	case "PANI", "PANIC", "panic", "dpanic":
		return "panic"
	case "DEBU", "DEBUG", "Debug", "debug":
		return "debug"
	case "TRAC", "TRACE", "trace":
		return "trace"
	}
	return string(word)
}

func hasPrefix(b []byte, prefix string) bool {
	return len(b) >= len(prefix) && string(b[:len(prefix)]) == prefix
}
