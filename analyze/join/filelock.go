package join

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"culprit/analyze/fact"
)

// lockedFile is a file with locks on it, as the kernel names it.
type lockedFile struct {
	dev   string
	inode int64
}

// fileLocks says which file each lock of /proc/locks is on and who holds it. The kernel
// names no path: it is the one file that all who take part have open. Processes that
// have it open besides, such as an iptables that tries again and again instead of
// waiting in flock(2), are added as waiting.
func (w *world) fileLocks() (more []fact.FileLock) {
	groups := map[lockedFile][]*fact.FileLock{}
	for _, l := range w.fileLockRows {
		if l.Dev != "" {
			k := lockedFile{l.Dev, l.Inode}
			groups[k] = append(groups[k], l)
		}
	}
	for _, k := range slices.SortedFunc(maps.Keys(groups), func(a, b lockedFile) int {
		return cmp.Or(strings.Compare(a.dev, b.dev), cmp.Compare(a.inode, b.inode))
	}) {
		locks := groups[k]
		file := w.fileOf(k, locks)
		var held []*fact.FileLock
		for _, l := range locks {
			l.File = file
			w.setProcess(l, l.PID)
			if !l.Waits {
				held = append(held, l)
			}
		}
		open := w.havingOpen(k, file)
		for _, l := range held {
			w.setHolder(l, locks, open)
		}
		var polling []fact.FileLock
		if len(held) == 1 && held[0].Kind == "FLOCK" {
			polling = w.polling(held[0], locks, open)
		}
		for i := range polling {
			locks = append(locks, &polling[i])
		}
		for _, l := range held {
			w.setWaiters(l, locks)
		}
		more = append(more, polling...)
	}
	return more
}

// stderr is the last of the descriptors that a program is started with: those are
// shared by all that a script starts, and seldom locked.
const stderr = 2

// fileOf is the one path that every process of the locks has open, of those on the
// locks' superblock as far as mountinfo tells; "" none or several. Who waits is there;
// the pid of who took the lock may be another process's by now, with other files open.
func (w *world) fileOf(k lockedFile, locks []*fact.FileLock) string {
	var common map[string]bool
	for _, waits := range []bool{true, false} {
		for _, l := range locks {
			p := w.byPID[l.PID]
			if p == nil || p.FDs == nil || l.Waits != waits {
				continue
			}
			files := map[string]bool{}
			mounts := w.mountsOf(p)
			for _, fd := range p.FDs {
				if fd.N > stderr && mayBe(k, mounts, fd.Target) && (common == nil || common[fd.Target]) {
					files[fd.Target] = true
				}
			}
			if waits || common == nil || len(files) > 0 {
				common = files
			}
		}
	}
	if len(common) != 1 {
		return ""
	}
	for file := range common {
		return file
	}
	return ""
}

// mayBe reports whether the open file of a process with these mounts can be the locked one.
func mayBe(k lockedFile, mounts []*fact.Mount, target string) bool {
	if !strings.HasPrefix(target, "/") || strings.HasPrefix(target, "/dev/") || strings.HasPrefix(target, "/proc/") {
		return false
	}
	m := mountAt(mounts, target)
	return m == nil || m.Dev == k.dev
}

// havingOpen are the processes that have the locked file open: those outside of
// containers, and in a container where its mountinfo shows that it is the same file.
func (w *world) havingOpen(k lockedFile, file string) map[int]*fact.Process {
	out := map[int]*fact.Process{}
	for _, p := range w.processes {
		if file == "" || !slices.ContainsFunc(p.FDs, func(fd fact.FD) bool { return fd.Target == file }) {
			continue
		}
		if m := mountAt(w.mountsOf(p), file); m != nil && m.Dev == k.dev || m == nil && p.Container == "" {
			out[p.PID] = p
		}
	}
	return out
}

// setHolder finds who holds a lock. That is who took it while it has the file open, or
// its open files are not known. A flock(2) outlives who took it in the processes that
// have the file open from it: one that waits for nobody, or the topmost of its family.
func (w *world) setHolder(l *fact.FileLock, locks []*fact.FileLock, open map[int]*fact.Process) {
	p := w.byPID[l.PID]
	if p != nil && (p.FDs == nil || open[p.PID] != nil || l.File == "" || l.Kind != "FLOCK") {
		return
	}
	w.setProcess(l, 0)
	if l.Kind != "FLOCK" {
		return
	}
	var tops []int
	for _, pid := range slices.Sorted(maps.Keys(open)) {
		waits := slices.ContainsFunc(locks, func(o *fact.FileLock) bool { return o.PID == pid && o != l })
		if !waits && !isIptables(open[pid].Comm) && open[open[pid].PPID.Or(0)] == nil {
			tops = append(tops, pid)
		}
	}
	if len(tops) == 1 {
		w.setProcess(l, tops[0])
	}
}

// polling makes a row of each process that has the file of a flock(2) open and neither
// holds it, nor has it from the holder, nor stands in /proc/locks.
func (w *world) polling(held *fact.FileLock, locks []*fact.FileLock, open map[int]*fact.Process) []fact.FileLock {
	var out []fact.FileLock
	for _, pid := range slices.Sorted(maps.Keys(open)) {
		listed := slices.ContainsFunc(locks, func(l *fact.FileLock) bool { return l.PID == pid || l.Process == pid })
		if listed || held.Process == 0 || w.descends(pid, held.Process) {
			continue
		}
		row := fact.FileLock{At: w.at, Number: held.Number, Dev: held.Dev, Inode: held.Inode, File: held.File, PID: pid, Waits: true, Refs: fdRefs(open[pid])}
		w.setProcess(&row, pid)
		out = append(out, row)
	}
	return out
}

// setWaiters tells who waits for l of its holder, and l how its holder's age compares
// with theirs.
func (w *world) setWaiters(l *fact.FileLock, locks []*fact.FileLock) {
	var longest time.Duration
	known, waited := l.Age.Known, false
	for _, o := range locks {
		if !o.Waits || o.Number != l.Number {
			continue
		}
		o.Holder, o.HolderComm = l.Process, l.Comm
		waited, known, longest = true, known && o.Age.Known, max(longest, o.Age.V)
	}
	l.Holder, l.HolderComm = l.Process, l.Comm
	switch {
	case !waited || !known:
	case l.Age.V >= longest:
		l.Lasting = fact.Some(true)
	case l.Age.V < time.Minute && longest >= time.Minute:
		l.Lasting = fact.Some(false)
	}
}

// setProcess says which process a row is about, 0 none.
func (w *world) setProcess(l *fact.FileLock, pid int) {
	l.Process, l.Comm, l.State, l.Age = 0, "", "", fact.Opt[time.Duration]{}
	if p := w.byPID[pid]; p != nil {
		l.Process, l.Comm, l.State, l.Age = pid, p.Comm, p.State, p.Age
	}
}

// isIptables reports the commands that take the xtables lock for one change.
func isIptables(comm string) bool {
	return strings.HasPrefix(comm, "iptables") || strings.HasPrefix(comm, "ip6tables") || strings.HasPrefix(comm, "xtables-")
}

// descends reports whether a process is another, or below it.
func (w *world) descends(pid, above int) bool {
	for range 64 { // a longer ancestry is a loop of reused pids
		if pid == above {
			return true
		}
		p := w.byPID[pid]
		if p == nil || pid <= 1 {
			return false
		}
		pid = p.PPID.Or(0)
	}
	return false
}

// fdRefs are the lines of the listing of a process's open files.
func fdRefs(p *fact.Process) []fact.Ref {
	return slices.DeleteFunc(slices.Clone(p.Refs), func(r fact.Ref) bool { return !strings.HasSuffix(r.Source, "fd") })
}

// lockEdges connect who waits for a lock on a file with who holds it, and the daemon
// that started the one who waits.
func (w *world) lockEdges(locks []fact.FileLock) []fact.Edge {
	var out []fact.Edge
	for _, l := range locks {
		if l.At != w.at || !l.Waits || l.Holder == 0 || l.Process == 0 {
			continue
		}
		holder := fact.NewKey(fact.KeyPID, w.at, strconv.Itoa(l.Holder), l.HolderComm)
		out = append(out, fact.Edge{From: fact.NewKey(fact.KeyPID, w.at, strconv.Itoa(l.Process), l.Comm), To: holder, Rel: "waits for a lock of", Refs: l.Refs})
		if daemon := w.daemonAbove(l.Process); daemon != "" {
			out = append(out, fact.Edge{From: fact.NewKey(fact.KeyDaemon, w.at, daemon, daemon), To: holder, Rel: "waits for a lock of", Refs: l.Refs})
		}
	}
	return out
}

// daemonAbove is the nearest daemon among a process and its ancestors, "" none.
func (w *world) daemonAbove(pid int) string {
	for range 64 { // as in descends
		p := w.byPID[pid]
		if p == nil {
			return ""
		}
		if slices.Contains(daemonNames, p.Daemon) {
			return p.Daemon
		}
		pid = p.PPID.Or(0)
	}
	return ""
}
