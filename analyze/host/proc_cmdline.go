package host

import (
	"io"
	"strings"

	"culprit/analyze/fact"
)

// ParseCmdline reads /proc/PID/cmdline, proc_pid_cmdline(5): arguments that end
// in NUL bytes each, which a collector may have turned into blanks. Comm is the
// base name of the first one, a stopgap for status and comm. A kernel thread or
// a zombie has none, which gives no row.
func ParseCmdline(r io.Reader, source string) ([]fact.Process, []fact.Problem) {
	l := newLines(r, source)
	p, ok := procFile(l)
	if !ok || !l.scan() {
		return nil, l.problems()
	}
	ref := l.ref()
	args := []string{l.text}
	size := len(l.text)
	for l.scan() && size < maxLine { // arguments may hold newlines
		args = append(args, l.text)
		size += len(l.text)
	}
	all := strings.Join(args, "\n")
	if first, _, _ := strings.Cut(all, " "); strings.HasSuffix(first, "cat:") && isFailure(all) {
		l.problem(ref, "the command failed: %s", quote(all))
		return nil, l.problems()
	}
	p.Args = strings.Trim(strings.ReplaceAll(all, "\x00", " "), " \n")
	if first, _, found := strings.Cut(all, "\x00"); found && strings.HasPrefix(first, "/") {
		p.Comm = first[strings.LastIndexByte(first, '/')+1:] // the path may hold blanks
	} else {
		p.Comm = commOf(p.Args)
	}
	return oneProcess(l, p, ref, p.Args != "")
}
