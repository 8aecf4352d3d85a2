package host

import (
	"io"
	"strings"

	"culprit/analyze/fact"
)

// Uname is what uname told: the node name and the kernel release, "" unknown.
type Uname struct {
	NodeName, Release string
	Ref               fact.Ref
}

// ParseUname reads uname(1), -a or -r:
//
//	Linux node-a17 5.4.0-99-generic #112-Ubuntu SMP Thu Feb 3 13:50:55 UTC 2022 x86_64 ... GNU/Linux
//	5.4.0-99-generic
func ParseUname(r io.Reader, source string) (Uname, []fact.Problem) {
	l := newLines(r, source)
	for l.scan() {
		fields := strings.Fields(l.text)
		switch {
		case len(fields) == 0:
		case len(fields) >= 3 && fields[0] == "Linux" && isVersion(fields[2]):
			return Uname{NodeName: fields[1], Release: fields[2], Ref: l.ref()}, l.problems()
		case len(fields) == 1 && isVersion(fields[0]):
			return Uname{Release: fields[0], Ref: l.ref()}, l.problems()
		default:
			l.refuse("a line of uname")
		}
	}
	return Uname{}, l.problems()
}
