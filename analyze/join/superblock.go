package join

import (
	"path"
	"slices"
	"strings"
	"time"

	"culprit/analyze/fact"
)

// pseudo are filesystems that cannot be frozen or lose a device.
var pseudo = []string{
	"proc", "sysfs", "cgroup", "cgroup2", "devpts", "devtmpfs", "tmpfs", "mqueue", "debugfs", "tracefs", "securityfs", "pstore",
	"bpf", "configfs", "fusectl", "hugetlbfs", "nsfs", "autofs", "binfmt_misc", "rpc_pipefs", "ramfs", "efivarfs", "selinuxfs",
}

// network maps a wait's owner to the filesystem types it can be on.
var network = map[string][]string{
	"nfs":  {"nfs", "nfs4"},
	"cifs": {"cifs", "smb3"},
	"fuse": {"fuse", "fuse.*", "fuseblk"},
	"ceph": {"ceph"},
}

// mountsOf are the mounts of a process's mount namespace.
func (w *world) mountsOf(p *fact.Process) []*fact.Mount {
	var out []*fact.Mount
	for _, m := range w.mounts {
		if p.MntNS != "" && m.NS == p.MntNS || slices.Contains(m.PIDs, p.PID) {
			out = append(out, m)
		}
	}
	return out
}

// mountAt is the mount that an absolute path lies on: the longest mount point
// that holds it; of equal ones the later, which covers the earlier.
func mountAt(mounts []*fact.Mount, file string) *fact.Mount {
	var best *fact.Mount
	for _, m := range mounts {
		if file != m.Point && !strings.HasPrefix(file, strings.TrimSuffix(m.Point, "/")+"/") {
			continue
		}
		if best == nil || len(m.Point) >= len(best.Point) {
			best = m
		}
	}
	return best
}

// candidates are the superblocks that a process in D can be waiting on.
func (w *world) candidates(p *fact.Process) []fact.Key {
	mounts := w.mountsOf(p)
	if types := network[p.Wait.On]; types != nil {
		return w.networkCandidates(p, mounts, types)
	}
	if p.Wait.On != "frozen-fs" && p.Wait.On != "block" && p.Wait.On != "xfs" {
		return nil
	}
	if writesByFD(append([]string{p.Wait.Frame}, below(p.Stack, p.Wait.Frame)...)) {
		if keys := w.descriptorSuperblocks(p, mounts); len(keys) > 0 {
			return keys
		}
	}
	var keys []fact.Key
	for _, m := range mounts {
		if writable(m) && !isAny(m.FSType, pseudo) && (p.Wait.On != "xfs" || m.FSType == "xfs") {
			keys = addKey(keys, w.mountKey(m))
		}
	}
	return keys
}

// below are the frames under fn.
func below(stack []string, fn string) []string {
	if i := slices.Index(stack, fn); i >= 0 {
		return stack[i+1:]
	}
	return nil
}

// descriptorSuperblocks are the superblocks of the descriptor being written, or,
// where nothing tells which one it is, of all its open files.
func (w *world) descriptorSuperblocks(p *fact.Process, mounts []*fact.Mount) []fact.Key {
	var keys []fact.Key
	var files []string
	for _, fd := range p.FDs {
		if p.SyscallFD.Known && p.SyscallFD.V != fd.N || !strings.HasPrefix(fd.Target, "/") {
			continue
		}
		m := mountAt(mounts, strings.TrimSuffix(fd.Target, " (deleted)"))
		if m != nil && isFile(fd.Target, m) && writable(m) && !isAny(m.FSType, pseudo) {
			keys = addKey(keys, w.mountKey(m))
			files = append(files, fd.Target)
		}
	}
	if len(files) == 1 {
		p.Wait.File = files[0]
	}
	return keys
}

// isFile reports whether a descriptor's target can be a file on m's disk: no pipe
// or socket, and nothing of /dev, /proc or /sys unless something is mounted there,
// as kubelet does with /dev/termination-log.
func isFile(target string, m *fact.Mount) bool {
	for _, dir := range []string{"/dev/", "/proc/", "/sys/"} {
		if strings.HasPrefix(target, dir) && !strings.HasPrefix(m.Point+"/", dir) {
			return false
		}
	}
	return true
}

// citeMounts notes the mountinfo lines of the superblocks it can be.
func (w *world) citeMounts(p *fact.Process) {
	for _, m := range w.mountsOf(p) {
		if slices.ContainsFunc(p.Wait.Mounts, func(k fact.Key) bool { return k.ID == m.Dev }) {
			p.Wait.MountRefs = fact.AppendRefs(p.Wait.MountRefs, m.Refs...)
		}
	}
}

// networkCandidates are the superblocks of the types in the process's namespace,
// narrowed to those it has files open on.
func (w *world) networkCandidates(p *fact.Process, mounts []*fact.Mount, types []string) []fact.Key {
	var all, open []fact.Key
	for _, m := range mounts {
		if isAny(m.FSType, types) || strings.HasPrefix(m.FSType, "fuse.") && p.Wait.On == "fuse" {
			all = addKey(all, w.mountKey(m))
		}
	}
	for _, fd := range p.FDs {
		if m := mountAt(mounts, fd.Target); m != nil {
			if k := w.mountKey(m); slices.ContainsFunc(all, k.Same) {
				open = addKey(open, k)
			}
		}
	}
	switch {
	case len(open) > 0:
		return open
	case len(all) > 0:
		return all
	}
	return []fact.Key{fact.NewKey(fact.KeyMount, w.at, p.Wait.On, p.Wait.On+" mount that the evidence does not name")}
}

func addKey(keys []fact.Key, k fact.Key) []fact.Key {
	if slices.ContainsFunc(keys, k.Same) {
		return keys
	}
	return append(keys, k)
}

func writable(m *fact.Mount) bool {
	return !slices.Contains(m.Options, "ro") && !slices.Contains(m.Super, "ro")
}

// mountKey names a superblock by where the node itself has it mounted: the mount
// of the whole filesystem in the namespace of pid 1, else the mount at hand.
func (w *world) mountKey(m *fact.Mount) fact.Key {
	name := m.Point
	if init := w.byPID[1]; init != nil {
		for _, host := range w.mountsOf(init) {
			if host.Dev == m.Dev && host.Root == "/" {
				name = host.Point
				break
			}
		}
	}
	return fact.NewKey(fact.KeyMount, w.at, m.Dev, name)
}

// stillWriting is how close to the collection a log's last line must be to show
// that its filesystem took writes then.
const stillWriting = time.Minute

// stillWritten are the superblocks that demonstrably took writes at the time of
// the collection: a daemon's log on them was still growing.
func (w *world) stillWritten() map[fact.Key]bool {
	out := map[fact.Key]bool{}
	if w.node == nil || w.node.Collected.IsZero() {
		return out
	}
	for _, log := range w.logs {
		if log.Last.Before(w.node.Collected.Add(-stillWriting)) {
			continue
		}
		for _, p := range w.processes {
			if p.Daemon == "" || p.Daemon != log.Daemon || p.State == "D" {
				continue
			}
			for _, fd := range p.FDs {
				if !strings.HasPrefix(fd.Target, "/") || path.Base(fd.Target) != path.Base(log.Source) {
					continue
				}
				if m := mountAt(w.mountsOf(p), fd.Target); m != nil {
					out[w.mountKey(m).Identity()] = true
				}
			}
		}
	}
	return out
}
