package host

import (
	"io"
	"strings"

	"culprit/analyze/fact"
)

// ParseNS reads links of /proc/PID/ns, namespaces(7), as readlink or ls -l prints
// them, one or several; rows keep the inode numbers of mnt, net and pid.
//
//	mnt:[4026532336]
//	lrwxrwxrwx 1 root root 0 Nov 22 03:49 net -> net:[4026532495]
func ParseNS(r io.Reader, source string) ([]fact.Process, []fact.Problem) {
	l := newLines(r, source)
	p, ok := procFile(l)
	if !ok {
		return nil, l.problems()
	}
	var first fact.Ref
	for l.scan() {
		text := strings.TrimSpace(l.text)
		if text == "" || strings.HasPrefix(text, "total ") {
			continue
		}
		left, link, listed := strings.Cut(text, " -> ")
		if !listed {
			link = left
		}
		kind, inode, found := strings.Cut(link, ":[")
		inode, closed := strings.CutSuffix(inode, "]")
		if !found || !closed || !isDigits(inode) || len(inode) > 20 {
			l.refuse("a namespace link")
			continue
		}
		if listed && left[strings.LastIndexByte(left, ' ')+1:] != kind {
			continue // pid_for_children: not the namespace it is in
		}
		switch kind {
		case "mnt":
			p.MntNS = inode
		case "net":
			p.NetNS = inode
		case "pid":
			p.PIDNS = inode
		default:
			continue
		}
		if first.Line == 0 {
			first = l.ref()
		}
	}
	return oneProcess(l, p, first, first.Line > 0)
}
