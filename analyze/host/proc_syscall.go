package host

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

// writeCalls are the numbers of write, pwrite64, writev and pwritev on x86_64.
// Other architectures number differently, and the file does not name its own:
// on arm64 18 is lookup_dcookie and 20 epoll_create1, and write is 64, which no
// entry here matches.
var writeCalls = []string{"1", "18", "20", "296"}

// ParseSyscall reads /proc/PID/syscall, proc_pid_syscall(5): the number of the
// system call that the process is in, six arguments, stack and program counter.
// A row keeps the file descriptor that a blocked write of an x86_64 process
// writes to.
//
//	1 0x1 0x7ffd1c9d5a40 0x2 0x0 0x0 0x7f2b 0x7ffd1c9d5988 0x7f2b9c114a90
//	running
//	-1 0x7ffd1c9d5988 0x7f2b9c114a90      (blocked outside a system call)
func ParseSyscall(r io.Reader, source string) ([]fact.Process, []fact.Problem) {
	l := newLines(r, source)
	p, ok := procFile(l)
	if !ok || !l.scan() {
		return nil, l.problems()
	}
	fields := strings.Fields(l.text)
	if len(fields) == 0 || fields[0] == "running" || fields[0] == "-1" {
		return nil, l.problems()
	}
	if len(fields) != 9 || !isDigits(fields[0]) {
		l.refuse("a line of /proc/PID/syscall")
		return nil, l.problems()
	}
	if !slices.Contains(writeCalls, fields[0]) {
		return nil, l.problems()
	}
	fd, err := strconv.ParseUint(fields[1], 0, 31)
	if err != nil {
		l.fault("%s is no file descriptor", quote(fields[1]))
		return nil, l.problems()
	}
	p.SyscallFD = fact.Some(int(fd))
	return oneProcess(l, p, l.ref(), true)
}
