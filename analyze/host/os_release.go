package host

import (
	"cmp"
	"io"
	"strings"

	"culprit/analyze/fact"
)

// ParseOSRelease reads os-release(5), of which a node keeps PRETTY_NAME, or NAME
// and VERSION where there is none. A one-line release file (redhat-release) is
// its own name.
//
//	PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
func ParseOSRelease(r io.Reader, source string) (fact.Node, []fact.Problem) {
	l := newLines(r, source)
	var n fact.Node
	var name, version, line string
	var first fact.Ref
	assigned := false
	for l.scan() {
		text := strings.TrimSpace(l.text)
		if text == "" || text[0] == '#' {
			continue
		}
		if isFailure(text) {
			l.refuse("os-release")
			continue
		}
		if first.Line == 0 {
			first, line = l.ref(), text
		}
		key, value, ok := strings.Cut(text, "=")
		if !ok || strings.ContainsAny(key, " \t") {
			continue
		}
		assigned = true
		value = strings.Trim(value, `"'`)
		switch key {
		case "PRETTY_NAME":
			n.OS, n.Refs = value, []fact.Ref{l.ref()}
		case "NAME":
			name = value
		case "VERSION":
			version = value
		}
	}
	if n.OS == "" && first.Line > 0 {
		n.OS, n.Refs = strings.TrimSpace(name+" "+version), []fact.Ref{first}
		if !assigned && len(line) <= 200 {
			n.OS = line
		}
		n.OS = cmp.Or(n.OS, name)
		if n.OS == "" {
			l.problem(first, "no name of a system: %s", quote(line))
			n.Refs = nil
		}
	}
	return n, l.problems()
}
