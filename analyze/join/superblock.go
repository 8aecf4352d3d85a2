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

// freezable are the filesystems with a freeze operation (freeze_super or
// freeze_fs in their super_operations).
var freezable = []string{"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "gfs2", "jfs", "nilfs2", "ocfs2", "reiserfs"}

// network maps a wait's owner to the filesystem types it can be on.
var network = map[string][]string{
	"nfs":  {"nfs", "nfs4"},
	"cifs": {"cifs", "smb3"},
	"fuse": {"fuse", "fuse.*", "fuseblk"},
	"ceph": {"ceph"},
}

// unnamedMount is how a report calls a network mount that nothing names.
var unnamedMount = map[string]string{
	"nfs": "an unnamed NFS mount", "cifs": "an unnamed SMB mount", "fuse": "an unnamed FUSE mount", "ceph": "an unnamed ceph mount",
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
		below, holds := strings.CutPrefix(file, strings.TrimSuffix(m.Point, "/"))
		if file != m.Point && (!holds || !strings.HasPrefix(below, "/")) {
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
	if i := slices.Index(p.Stack, p.Wait.Frame); i >= 0 && throughFD(p.Stack[i:]) {
		if keys := w.descriptorSuperblocks(p, mounts); len(keys) > 0 {
			return keys
		}
	}
	var keys []fact.Key
	// A call by path that goes through an overlay shows it: ovl_want_write,
	// ovl_lookup stand between the caller and the filesystem below.
	overlay := slices.ContainsFunc(p.Stack, func(fn string) bool { return strings.HasPrefix(fn, "ovl_") })
	for _, m := range mounts {
		if key, ok := w.superblock(p, m); ok && overlay == (m.FSType == "overlay") {
			keys = addKey(keys, key)
		}
	}
	return keys
}

// superblock is what a wait of p on something mounted at m is on; false when it
// cannot be on that.
func (w *world) superblock(p *fact.Process, m *fact.Mount) (fact.Key, bool) {
	if p.Wait.On == "frozen-fs" && !writable(m) {
		return fact.Key{}, false
	}
	lower := w.below(m)
	if lower == nil {
		return fact.Unnamed(fact.KeyMount, w.at, "below an overlay", "the filesystem below the container's root"), p.Wait.On != "xfs"
	}
	return w.mountKey(lower), w.canHold(p, lower)
}

// below is the mount that an overlay writes to, that of its upperdir in the
// node's own namespace, or m itself; nil where that is not known.
func (w *world) below(m *fact.Mount) *fact.Mount {
	if m.FSType != "overlay" {
		return m
	}
	init := w.byPID[1]
	for _, option := range m.Super {
		if dir, ok := strings.CutPrefix(option, "upperdir="); ok && init != nil {
			return mountAt(w.mountsOf(init), dir)
		}
	}
	return nil
}

// canHold reports whether a filesystem can be what p's wait is on.
func (w *world) canHold(p *fact.Process, m *fact.Mount) bool {
	switch {
	case p.Wait.On == "frozen-fs":
		return slices.Contains(freezable, m.FSType)
	case p.Wait.On == "xfs":
		return m.FSType == "xfs"
	}
	return !isAny(m.FSType, pseudo) && !isNetwork(m.FSType)
}

func isNetwork(fstype string) bool {
	for _, types := range network {
		if isAny(fstype, types) || strings.HasPrefix(fstype, "fuse") {
			return true
		}
	}
	return false
}

// descriptorSuperblocks are the superblocks of the descriptor in use, or,
// where nothing tells which one it is, of all its open files.
func (w *world) descriptorSuperblocks(p *fact.Process, mounts []*fact.Mount) []fact.Key {
	var keys []fact.Key
	var files []string
	for _, fd := range p.FDs {
		if p.SyscallFD.Known && p.SyscallFD.V != fd.N || !strings.HasPrefix(fd.Target, "/") {
			continue
		}
		m := mountAt(mounts, strings.TrimSuffix(fd.Target, " (deleted)"))
		if m == nil || !isFile(fd.Target, m) {
			continue
		}
		if key, ok := w.superblock(p, m); ok {
			keys = addKey(keys, key)
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
	mounts := w.mountsOf(p)
	if init := w.byPID[1]; init != nil {
		mounts = append(mounts, w.mountsOf(init)...)
	}
	for _, m := range mounts {
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
	return []fact.Key{fact.Unnamed(fact.KeyMount, w.at, p.Wait.On, unnamedMount[p.Wait.On])}
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
