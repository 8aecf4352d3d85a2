package host

import (
	"io"
	"strings"

	"culprit/analyze/fact"
)

// ParseHostname reads hostname(1) or /etc/hostname: one name, "" unknown.
// Comment lines are skipped.
func ParseHostname(r io.Reader, source string) (string, []fact.Problem) {
	l := newLines(r, source)
	for l.scan() {
		text := strings.TrimSpace(l.text)
		if text == "" || text[0] == '#' {
			continue
		}
		if len(text) > 253 || strings.ContainsFunc(text, func(r rune) bool {
			return r <= ' ' || r >= 0x7f || strings.ContainsRune(`/\"':;()`, r)
		}) {
			l.refuse("a host name")
			continue
		}
		return text, l.problems()
	}
	return "", l.problems()
}
