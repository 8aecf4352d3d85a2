package join

import (
	"slices"
	"strings"

	"culprit/analyze/fact"
)

// freeze copies each cgroup's freezer state to the container it belongs to.
func (w *world) freeze() {
	for _, g := range w.cgroups {
		for _, c := range w.containers {
			if g.Container != "" && c.ID == g.Container {
				c.Freezer = g.Freezer
				c.FreezerRef = g.Refs[0]
				c.FrozenAbove = w.frozenAbove(g.Path)
				c.Refs = fact.AppendRefs(c.Refs, g.Refs...)
			}
		}
	}
}

// frozenAbove is the path of a cgroup above path that is not thawed, "" none.
func (w *world) frozenAbove(path string) string {
	for _, g := range w.cgroups {
		if g.Freezer != "THAWED" && g.Path != "/" && strings.HasPrefix(path, g.Path+"/") {
			return g.Path
		}
	}
	return ""
}

// freezerOf is the state of the cgroup a process is in, or of one above it; "" is
// unknown. Where both hierarchies are mounted it may be frozen in either, and the root
// of one says nothing of the other.
func (w *world) freezerOf(p *fact.Process) (state string, ref fact.Ref) {
	root := false
	for _, hierarchy := range []string{"freezer", ""} {
		path := p.Cgroups[hierarchy]
		root = root || path == "/"
		if path == "" || path == "/" {
			continue
		}
		for _, g := range w.cgroups {
			switch {
			case g.Freezer == "":
			case g.Freezer != "THAWED" && (g.Path == path || g.Path != "/" && strings.HasPrefix(path, g.Path+"/")):
				return g.Freezer, g.Refs[0]
			case g.Path == path && state == "":
				state, ref = g.Freezer, g.Refs[0]
			}
		}
	}
	if state != "" {
		return state, ref
	}
	if root {
		return "THAWED", fact.Ref{}
	}
	for _, c := range w.containers {
		if p.Container != "" && c.ID == p.Container && c.Freezer != "" {
			return c.Freezer, c.FreezerRef
		}
	}
	return "", fact.Ref{}
}

// waits says of every process what it waits for.
func (w *world) waits() {
	for _, p := range w.processes {
		p.Wait = w.waitOf(p)
	}
	w.resolveMounts()
	for _, p := range w.processes {
		if p.Wait.Class == fact.WaitZombie {
			p.ParentRuns = w.parentRuns(p)
		}
		if p.Wait.Class == fact.WaitChildren {
			if b := w.blockerOf(p); b != nil {
				p.Wait.Blocker, p.Wait.BlockerClass = b.PID, b.Wait.Class
			}
		}
	}
}

// parentRuns reports whether a zombie's parent is in its container and in an
// ordinary state; unknown where the parent is.
func (w *world) parentRuns(p *fact.Process) fact.Opt[bool] {
	parent := w.byPID[p.PPID.Or(0)]
	if parent == nil {
		return fact.Opt[bool]{}
	}
	return fact.Some(parent.Container == p.Container && parent.Serves == "" && parent.Wait.Class == fact.WaitNone)
}

// waitOf reads the freezer first: a v1-frozen task shows D in whatever wait it
// slept in. Then the state letter and the kernel stack decide.
func (w *world) waitOf(p *fact.Process) fact.Wait {
	stack := p.Stack
	byWchan := len(stack) == 0 && p.WChan != "" && p.WChan != "-" && p.WChan != "0"
	if byWchan {
		stack = []string{p.WChan}
	}
	d := decide(stack)
	wait := fact.Wait{On: d.on, Frame: d.frame, Via: d.via, Refs: refsOf(p)}
	if byWchan && d.on == "unknown" {
		wait.On = ""
	}
	p.Freezer, p.FreezerRef = w.freezerOf(p)
	state := p.Freezer
	asleepLight := len(stack) > 0 && isAny(stack[0], interruptible)
	switch {
	case state == "FREEZING" && p.State == "D" && !asleepLight && d.on != "freezer" && d.on != "":
		// It does not reach the freezer: it is what keeps the cgroup FREEZING.
		wait.Class = fact.WaitUninterruptible
	case state == "FROZEN" || state == "FREEZING":
		wait.Class, wait.On = fact.WaitFrozen, "freezer"
		wait.Refs = fact.AppendRefs([]fact.Ref{p.FreezerRef}, wait.Refs...)
	case d.on == "freezer" && state == "":
		wait.Class = fact.WaitFrozen
	case d.on == "pidns":
		wait.Class = fact.WaitChildren
	case p.State == "D" && asleepLight && state == "":
		wait.Class, wait.On = fact.WaitFrozen, "freezer"
	case p.State == "D":
		wait.Class = fact.WaitUninterruptible
	case p.State == "T":
		wait.Class = fact.WaitStopped
	case p.State == "t":
		wait.Class = fact.WaitTraced
	case p.State == "Z":
		wait.Class = fact.WaitZombie
	default:
		return fact.Wait{}
	}
	return wait
}

// refsOf are the lines that show the wait: the stack, else the state.
func refsOf(p *fact.Process) []fact.Ref {
	refs := fact.AppendRefs(nil, p.StackRef, p.StateRef)
	if len(refs) == 0 {
		refs = p.Refs
	}
	return refs
}

// blockerOf is the process of the same pid namespace that a dying init waits for:
// one that cannot be killed, else a zombie whose parent lives outside.
func (w *world) blockerOf(init *fact.Process) *fact.Process {
	var zombie *fact.Process
	for _, p := range w.processes {
		if p == init || !w.sameNamespace(p, init) {
			continue
		}
		switch p.Wait.Class {
		case fact.WaitUninterruptible, fact.WaitFrozen:
			return p
		case fact.WaitZombie:
			parent := w.byPID[p.PPID.Or(0)]
			if zombie == nil && parent != init && (parent == nil || !w.sameNamespace(parent, init)) {
				zombie = p
			}
		}
	}
	return zombie
}

func (w *world) sameNamespace(p, init *fact.Process) bool {
	if p.PIDNS != "" && init.PIDNS != "" {
		return p.PIDNS == init.PIDNS
	}
	if p.Container != "" && p.Container == init.Container && p.Daemon == "" {
		return true
	}
	return p.PPID.Known && p.PPID.V == init.PID
}

// resolveMounts finds the superblocks that the uninterruptible waits are on.
func (w *world) resolveMounts() {
	var open []*fact.Process // writers with several candidates
	settled := map[fact.Key]bool{}
	for _, p := range w.processes {
		if p.Wait.Class != fact.WaitUninterruptible {
			continue
		}
		p.Wait.Mounts = w.candidates(p)
		if p.Wait.On == "frozen-fs" {
			switch len(p.Wait.Mounts) {
			case 0:
			case 1:
				settled[p.Wait.Mounts[0].Identity()] = true
			default:
				open = append(open, p)
			}
		}
		w.refine(p)
	}
	w.agree(open, settled)
	for _, p := range w.processes {
		switch p.Wait.On {
		case "frozen-fs", "block", "xfs":
			if len(p.Wait.Mounts) == 0 {
				p.Wait.Mounts = []fact.Key{fact.Unnamed(fact.KeyMount, w.at, p.Wait.On, "an unnamed mount")}
			}
		}
		w.citeMounts(p)
	}
}

// refine names the owner of the device below the filesystem.
func (w *world) refine(p *fact.Process) {
	if p.Wait.On != "block" && p.Wait.On != "xfs" || len(p.Wait.Mounts) != 1 {
		return
	}
	for _, m := range w.mounts {
		if m.Dev == p.Wait.Mounts[0].ID && strings.HasPrefix(m.Device, "/dev/rbd") {
			p.Wait.On = "ceph"
		}
	}
}

// agree narrows the candidates of writers that open, rename or unlink: the
// superblock is common to all of them, and nobody demonstrably still writes it.
func (w *world) agree(writers []*fact.Process, settled map[fact.Key]bool) {
	if len(writers) == 0 {
		return
	}
	common := slices.Clone(writers[0].Wait.Mounts)
	for _, p := range writers[1:] {
		common = slices.DeleteFunc(common, func(k fact.Key) bool { return !slices.ContainsFunc(p.Wait.Mounts, k.Same) })
	}
	if len(common) == 0 {
		return
	}
	if known := slices.DeleteFunc(slices.Clone(common), func(k fact.Key) bool { return !settled[k.Identity()] }); len(known) > 0 {
		common = known
	} else {
		written := w.stillWritten()
		if left := slices.DeleteFunc(slices.Clone(common), func(k fact.Key) bool { return written[k.Identity()] }); len(left) > 0 {
			common = left
		}
	}
	for _, p := range writers {
		p.Wait.Mounts = common
	}
}
