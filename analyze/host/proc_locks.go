package host

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

// ParseLocks reads /proc/locks, proc_locks(5): number, kind, mode, access, pid, device
// and inode (device in hex), first and last byte. An arrow marks who waits for the lock
// of the same number; recent kernels indent it by how deep the waits are nested.
//
//	1: POSIX  ADVISORY  WRITE 3568 fd:00:2531452 0 EOF
//	2: FLOCK  ADVISORY  WRITE 7001 00:1a:733 0 EOF
//	2: -> FLOCK  ADVISORY  WRITE 7102 00:1a:733 0 EOF
//	3: OFDLCK ADVISORY  READ  -1 00:06:1028 0 EOF
//
// The pid of an open file description lock is -1; 0 stands for one that cannot be told.
func ParseLocks(r io.Reader, source string) ([]fact.FileLock, []fact.Problem) {
	l := newLines(r, source)
	var rows []fact.FileLock
	for l.scan() {
		if strings.TrimSpace(l.text) == "" {
			continue
		}
		row, ok := lockLine(l.text)
		if !ok {
			l.refuse("a line of /proc/locks")
			continue
		}
		row.Refs = []fact.Ref{l.ref()}
		rows = append(rows, row)
	}
	if len(rows) > 0 {
		l.checkEnd()
	}
	return rows, l.problems()
}

func lockLine(text string) (fact.FileLock, bool) {
	number, rest, found := strings.Cut(strings.TrimSpace(text), ":")
	n, err := strconv.Atoi(number)
	words := strings.Fields(rest)
	if !found || err != nil || n < 0 {
		return fact.FileLock{}, false
	}
	row := fact.FileLock{Number: n}
	if len(words) > 0 && words[0] == "->" {
		row.Waits, words = true, words[1:]
	}
	if len(words) != 7 || !slices.Contains([]string{"READ", "WRITE", "UNLCK", "RW", "NONE"}, words[2]) {
		return fact.FileLock{}, false
	}
	pid, err := strconv.Atoi(words[3])
	if err != nil || pid < -1 || pid > 1<<22 {
		return fact.FileLock{}, false
	}
	row.Kind, row.Access, row.PID = words[0], words[2], max(pid, 0)
	if words[4] == "<none>:0" {
		return row, true
	}
	var ok bool
	row.Dev, row.Inode, ok = lockFile(words[4])
	return row, ok
}

// lockFile reads "00:1a:733", major and minor in hex, the inode in decimal.
func lockFile(s string) (dev string, inode int64, ok bool) {
	parts := strings.Split(s, ":")
	if len(parts) != 3 {
		return "", 0, false
	}
	major, err1 := strconv.ParseUint(parts[0], 16, 32)
	minor, err2 := strconv.ParseUint(parts[1], 16, 32)
	inode, err3 := strconv.ParseInt(parts[2], 10, 64)
	return fmt.Sprintf("%d:%d", major, minor), inode, err1 == nil && err2 == nil && err3 == nil && inode >= 0
}
