package analyze

import (
	"strings"

	"culprit/analyze/fact"
	"culprit/analyze/line"
	"culprit/analyze/logs"
	"culprit/rules"
)

// Signature returns what says of one log line which signature of set knows it, the first
// of several, "" none. Whoever wrote the line, all signatures are tried.
func Signature(set *rules.Set) (func(text string) string, error) {
	scan, err := logs.Compile(set.Signatures)
	if err != nil {
		return nil, err
	}
	return func(text string) string { return scan.Signature([]byte(text)) }, nil
}

// IsError reports whether a log line calls itself an error, or worse.
func IsError(text string) bool {
	_, level := line.Glance([]byte(text))
	return level == fact.LevelError
}

// Message is what a log line says, without time, level and writer: its message and its
// fields as key=value. A line of which nothing is left is given back as it is.
func Message(text string) string {
	e := line.Parse([]byte(text))
	parts := []string{e.Msg}
	for _, f := range e.Fields {
		parts = append(parts, f.Key+"="+f.Value)
	}
	if out := strings.TrimSpace(strings.Join(parts, "  ")); out != "" {
		return out
	}
	return text
}
