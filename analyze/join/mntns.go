package join

import (
	"maps"
	"slices"
	"strings"

	"culprit/analyze/fact"
)

// mountNS is one mount namespace of the node.
type mountNS struct {
	id     string
	side   fact.MountSide
	pids   map[int]bool
	holder *fact.Process
	mounts []*fact.Mount
	byID   map[int]*fact.Mount
}

// sameNS is the share of mount ids that two mountinfo files of one namespace have
// in common: ids are unique in the kernel, and the files are not of one moment.
const sameNS = 0.9

// mountNamespaces groups what mountinfo files and ns links tell by namespace. A
// file whose namespace is not named joins the one with the same mount ids.
func (w *world) mountNamespaces() []*mountNS {
	var list []*mountNS
	known := map[string]*mountNS{}
	find := func(id string) *mountNS {
		n := known[id]
		if n == nil {
			n = &mountNS{id: id, pids: map[int]bool{}, byID: map[int]*fact.Mount{}}
			known[id] = n
			list = append(list, n)
		}
		return n
	}
	for _, m := range w.mounts {
		n := find(m.NS)
		if len(n.mounts) == 0 { // all lines of a file are of the same processes
			n.share(m.PIDs)
		}
		n.mounts = append(n.mounts, m)
		n.byID[m.ID] = m
	}
	for _, p := range w.processes {
		if p.MntNS != "" {
			find(p.MntNS).pids[p.PID] = true
		}
	}
	list = unite(list)
	for _, n := range list {
		n.side, n.holder = w.sideOf(n), w.holderOf(n)
		for _, m := range n.mounts {
			m.Side = n.side
			if n.holder != nil && n.side == fact.SideContainer {
				m.Container = n.holder.Container
			}
		}
	}
	return list
}

func (n *mountNS) share(pids []int) {
	for _, pid := range pids {
		n.pids[pid] = true
	}
}

// unite drops namespaces without a name that are another one seen again.
func unite(list []*mountNS) []*mountNS {
	var out []*mountNS
	for _, n := range list {
		i := slices.IndexFunc(out, func(o *mountNS) bool {
			return (strings.HasPrefix(n.id, "pid:") || strings.HasPrefix(o.id, "pid:")) && n.same(o)
		})
		if i < 0 {
			out = append(out, n)
			continue
		}
		maps.Copy(out[i].pids, n.pids)
		if strings.HasPrefix(out[i].id, "pid:") {
			out[i].id = n.id
		}
	}
	return out
}

func (n *mountNS) same(o *mountNS) bool {
	common := 0
	for id, m := range n.byID {
		if other := o.byID[id]; other != nil && other.Point == m.Point && other.Dev == m.Dev {
			common++
		}
	}
	return float64(common) >= sameNS*float64(len(n.byID)+len(o.byID)-common)
}

// sideOf tells whose namespace it is by who lives in it; "" where no process of it
// was seen.
func (w *world) sideOf(n *mountNS) fact.MountSide {
	has := map[fact.MountSide]bool{}
	for pid := range n.pids {
		has[w.sideOfProcess(pid)] = true
	}
	for _, side := range []fact.MountSide{fact.SideDockerd, fact.SideHost, fact.SideShim, fact.SideContainer, fact.SideProcess} {
		if has[side] {
			return side
		}
	}
	return ""
}

// sideOfProcess is what one process says of the namespace that it lives in, ""
// nothing.
func (w *world) sideOfProcess(pid int) fact.MountSide {
	p := w.byPID[pid]
	switch {
	case p != nil && p.Daemon == "dockerd":
		return fact.SideDockerd
	case pid == 1:
		return fact.SideHost
	case p == nil || p.Daemon == "runc":
		return ""
	case p.Daemon == "containerd-shim" || p.Daemon == "containerd":
		return fact.SideShim
	case p.Container != "":
		return fact.SideContainer
	}
	return fact.SideProcess
}

// holderOf is the process that keeps the namespace alive: the oldest whose parent
// is init or a shim, else the oldest there is; nil none was listed.
func (w *world) holderOf(n *mountNS) *fact.Process {
	var best *fact.Process
	leads := func(p *fact.Process) bool {
		parent := w.byPID[p.PPID.Or(0)]
		return p.PPID.Or(0) == 1 || parent != nil && parent.Daemon == "containerd-shim"
	}
	for pid := range n.pids {
		p := w.byPID[pid]
		if p == nil {
			continue
		}
		if best == nil || leads(p) && !leads(best) || leads(p) == leads(best) && p.PID < best.PID {
			best = p
		}
	}
	return best
}

// nsOf is the mount namespace of a process, nil unknown.
func nsOf(list []*mountNS, pid int) *mountNS {
	for _, n := range list {
		if n.pids[pid] {
			return n
		}
	}
	return nil
}

// mountSides says of dockerd and of each container's shim in whose mount namespace
// they live, and what a namespace of dockerd's own has with that of pid 1.
func (w *world) mountSides(list []*mountNS, daemons []fact.Daemon) {
	host := nsOf(list, 1)
	for i := range daemons {
		d := &daemons[i]
		own := nsOf(list, d.PID)
		if d.PID == 0 || own == nil || host == nil {
			continue
		}
		d.OwnMounts = fact.Some(own != host)
		if own != host {
			var refs []fact.Ref
			d.Propagation, refs = propagation(own, host)
			d.Refs = fact.AppendRefs(refs, d.Refs...)
		}
	}
	dockerd := w.process("dockerd")
	for _, c := range w.containers {
		shim := w.byPID[c.Shim]
		if shim == nil {
			continue
		}
		if n := nsOf(list, shim.PID); n != nil {
			c.ShimSide = n.side
			if len(n.mounts) > 0 && len(n.mounts[0].Refs) > 0 {
				c.ShimSideRef = n.mounts[0].Refs[0]
			}
		}
		if dockerd != nil {
			c.ShimOlder = younger(dockerd, shim)
		}
	}
}

// propagation compares what both namespaces show of the same mounts: one that is
// shared in the host's is only a slave in the other (MountFlags=slave), or has
// nothing with it (private).
func propagation(own, host *mountNS) (string, []fact.Ref) {
	for _, h := range host.mounts {
		if h.Shared == 0 {
			continue
		}
		for _, m := range own.mounts {
			if m.Dev != h.Dev || m.Root != h.Root || m.Point != h.Point {
				continue
			}
			refs := fact.AppendRefs(slices.Clone(m.Refs), h.Refs...)
			switch {
			case m.Shared != 0:
				return "shared", refs
			case m.Master != 0:
				return "slave", refs
			}
			return "private", refs
		}
	}
	return "", nil
}
