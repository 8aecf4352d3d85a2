package host

import (
	"io"
	"strings"

	"culprit/analyze/fact"
)

// ParseStack reads /proc/PID/stack, proc_pid_stack(5), innermost frame first. The
// address is hidden since kernel 4.14, the module follows where there is one:
//
//	[<0>] percpu_rwsem_wait+0x15f/0x1d0
//	[<ffffffffa0481e19>] xfs_log_reserve+0xe9/0x210 [xfs]
//	[<ffffffffffffffff>] 0xffffffffffffffff
//
// Frames keep the function name only; the end mark 0xffffffffffffffff is dropped.
// StackRef is the line of the innermost frame, and in an undamaged file frame i
// stands i lines below it. An empty file gives no row: a running or dead task has
// no stack, but a refused read leaves an empty file too.
func ParseStack(r io.Reader, source string) ([]fact.Process, []fact.Problem) {
	l := newLines(r, source)
	p, ok := procFile(l)
	if !ok {
		return nil, l.problems()
	}
	for l.scan() {
		text := strings.TrimSpace(l.text)
		if text == "" {
			continue
		}
		addr, frame, found := strings.Cut(text, "]")
		if !found || !strings.HasPrefix(addr, "[<") || strings.TrimSpace(frame) == "" {
			l.refuse("a frame of /proc/PID/stack")
			continue
		}
		name := funcName(frame)
		if strings.Trim(name, "f") == "0x" {
			continue
		}
		if p.StackRef.Line == 0 {
			p.StackRef = l.ref()
		}
		p.Stack = append(p.Stack, name)
	}
	return oneProcess(l, p, p.StackRef, len(p.Stack) > 0)
}
