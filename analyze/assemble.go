package analyze

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"culprit/analyze/fact"
	"culprit/analyze/host"
	"culprit/analyze/stack"
)

// snapshotGap is how far apart two dumps of one daemon may lie to be forms of the
// same moment. A collector takes debug=0, 1, 2 and the signal file within
// seconds, and waits at most a minute or two for one that hangs.
const snapshotGap = 10 * time.Minute

// assemble merges the parts of one bundle into t, all at one place: the node and
// boot that the bundle names. fallback names the node when it does not.
func (p *parts) assemble(t *fact.Tables, fallback string) {
	at := p.place()
	if m := p.bundle.Manifest; m != nil {
		p.node.Kernel = cmp.Or(p.node.Kernel, m.Kernel)
	}
	at.Node = cmp.Or(at.Node, fallback)
	p.clock = p.readClock()
	for _, l := range p.logs {
		l.Resolve(p.clock.ref)
	}
	a := assembly{parts: p, t: t, at: at}
	a.sources()
	a.processes()
	a.mounts()
	a.sockets()
	a.containers()
	a.dumps()
	a.logs()
	for _, d := range p.daemons {
		d.At = at
		t.Daemons = append(t.Daemons, d)
	}
	for _, g := range p.cgroups {
		g.At = at
		t.Cgroups = append(t.Cgroups, g)
	}
	a.samples()
	for _, s := range p.sysctls {
		s.At = at
		t.Sysctls = append(t.Sysctls, s)
	}
	for _, g := range p.counted {
		g.At = at
		t.CgroupCounts = append(t.CgroupCounts, g)
	}
	for _, l := range p.fileLocks {
		l.At = at
		t.FileLocks = append(t.FileLocks, l)
	}
	a.countSamples()
	p.node.At, p.node.Collected = at, p.collected()
	t.Nodes = append(t.Nodes, p.node)
	a.coverage()
}

// assembly puts the parts of one bundle into the tables.
type assembly struct {
	*parts
	t  *fact.Tables
	at fact.Place
}

// clock is what completes the times of a node's logs.
type clock struct {
	// ref is the clock of the collection, else the latest full stamp of the bundle; it
	// completes stamps without year or zone.
	ref time.Time
	// boot is when the kernel started, zero unknown.
	boot time.Time
}

// readClock is the clock of the parts, whose logs are not resolved yet.
func (p *parts) readClock() clock {
	c := clock{ref: p.collected()}
	if !c.ref.IsZero() && p.node.Uptime.Known {
		c.boot = c.ref.Add(-p.node.Uptime.V)
	}
	if c.ref.IsZero() {
		for _, l := range p.logs {
			if !l.NeedsYear && l.Log.Last.After(c.ref) {
				c.ref = l.Log.Last
			}
		}
	}
	return c
}

func (a *assembly) sources() {
	for _, s := range a.bundle.Sources {
		s.At = a.at
		a.t.Sources = append(a.t.Sources, s)
	}
	for _, item := range a.bundle.Items {
		item.At = a.at
		a.t.Items = append(a.t.Items, item)
	}
}

// processes merges listings, /proc files and hung-task traces. A trace in the
// kernel log tells of the past: it counts only for a task that is still in D, or
// where no listing could tell.
func (a *assembly) processes() {
	nested := a.nested()
	a.partInsiders(nested)
	rows, listed := [][]fact.Process{a.parts.processes}, false
	for _, l := range a.listings {
		listed = listed || l.Complete
		rows = append(rows, l.Processes)
	}
	for _, in := range a.insiders {
		rows = append(rows, a.outside(in, nested))
	}
	all := slices.Concat(rows...)
	state := map[int]string{}
	for _, p := range all {
		state[p.PID] = cmp.Or(state[p.PID], p.State)
	}
	hung := map[int]string{}
	for _, p := range a.hung {
		if s, seen := state[p.PID]; seen && (s == "D" || s == "") || !seen && !listed {
			all = append(all, p)
			hung[p.PID] = p.Comm
		}
	}
	merged := host.MergeProcesses(all)
	host.Roles(merged)
	for _, p := range merged {
		// Listings without states, such as ps -ef, are taken at other moments: what
		// only they show came and went, mostly the collector's own commands.
		if p.State == "" && a.wholeStates() {
			continue
		}
		// The kernel log may tell of another task that had the pid before.
		comm, reported := hung[p.PID]
		p.Hung = fact.Opt[bool]{V: reported && comm == p.Comm, Known: reported || a.seen[fact.KindKernelLog] && !a.t.Partial}
		p.At = a.at
		a.t.Processes = append(a.t.Processes, p)
	}
}

// wholeStates reports whether a complete listing tells the state of every process.
func (a *assembly) wholeStates() bool {
	return slices.ContainsFunc(a.listings, func(l host.Listing) bool { return l.Complete && l.HasState })
}

// mounts keeps the mountinfo of each mount namespace once, with all pids that
// share it. Files of an unknown namespace share it when their lines are equal.
func (a *assembly) mounts() {
	ns := map[int]string{}
	for _, p := range a.t.Processes {
		if p.At == a.at {
			ns[p.PID] = p.MntNS
		}
	}
	byPID := map[int][]*fact.Mount{}
	for i := range a.parts.mounts {
		m, pid := &a.parts.mounts[i], 0
		if len(m.PIDs) > 0 {
			pid = m.PIDs[0]
		}
		byPID[pid] = append(byPID[pid], m)
	}
	first := map[string]int{} // namespace -> index of its first row in t.Mounts
	count := map[string]int{}
	for _, pid := range slices.Sorted(maps.Keys(byPID)) {
		rows := byPID[pid]
		id, name := ns[pid], ns[pid]
		if id == "" {
			id, name = fingerprint(rows), fmt.Sprintf("pid:%d", pid)
		}
		if at, dup := first[id]; dup {
			for i := at; i < at+count[id]; i++ {
				a.t.Mounts[i].PIDs = append(a.t.Mounts[i].PIDs, pid)
			}
			continue
		}
		first[id], count[id] = len(a.t.Mounts), len(rows)
		for _, row := range rows {
			m := *row
			m.At, m.NS = a.at, name
			a.t.Mounts = append(a.t.Mounts, m)
		}
	}
}

// fingerprint is equal for mountinfo files of one namespace: mount ids are unique
// in the kernel.
func fingerprint(rows []*fact.Mount) string {
	var b strings.Builder
	for _, m := range rows {
		fmt.Fprintf(&b, "%d %d %s %s\n", m.ID, m.Parent, m.Dev, m.Point)
	}
	return b.String()
}

// containers puts in what docker and containerd list. A complete task listing of
// docker's namespace says of a container that it lacks that there is no task.
func (a *assembly) containers() {
	docker := map[string]bool{}
	put := func(c fact.Container) {
		c.At = a.at
		a.t.Containers = append(a.t.Containers, c)
	}
	for _, c := range a.docker {
		docker[c.ID] = true
		put(c)
	}
	for _, c := range a.other {
		put(c)
	}
	for _, list := range a.tasks {
		has := map[string]bool{}
		moby := false
		for _, c := range list.Containers {
			has[c.ID] = true
			moby = moby || docker[c.ID]
			put(c)
		}
		if !list.Complete || !moby {
			continue
		}
		for _, c := range a.docker {
			if len(c.ID) == 64 && !has[c.ID] {
				put(fact.Container{ID: c.ID, NoTask: true, Refs: c.Refs})
			}
		}
	}
}

// dumps groups dumps by daemon and moment and merges the forms of each moment.
// The moment of the collection is the one that rules judge.
func (a *assembly) dumps() {
	moment := a.collected()
	if moment.IsZero() {
		for _, d := range a.parts.dumps {
			if d.Dump.Taken.After(moment) {
				moment = d.Dump.Taken
			}
		}
	}
	type key struct{ daemon, snapshot, shim string }
	groups := map[key][]stack.Part{}
	var order []key
	for _, d := range a.parts.dumps {
		k := key{daemon: d.Dump.Daemon}
		if taken := d.Dump.Taken; !taken.IsZero() && taken.Sub(moment).Abs() > snapshotGap {
			k.snapshot = taken.UTC().Format(time.RFC3339)
		}
		if k.daemon == "containerd-shim" && len(d.Dump.Refs) > 0 { // one process a container
			k.shim = d.Dump.Refs[0].Source
		}
		if groups[k] == nil {
			order = append(order, k)
		}
		groups[k] = append(groups[k], d)
	}
	for _, k := range order {
		at := a.at
		at.Snapshot = k.snapshot
		for _, d := range groups[k] {
			if d.Dump.Form != "" && d.Heap == nil {
				d.Dump.At = at
				a.t.Dumps = append(a.t.Dumps, d.Dump)
			}
			for _, h := range d.Heap {
				h.At, h.Daemon = at, cmp.Or(h.Daemon, k.daemon)
				a.t.Heap = append(a.t.Heap, h)
			}
		}
		for _, s := range stack.Merge(groups[k]) {
			s.At, s.Daemon = at, k.daemon
			a.t.Stacks = append(a.t.Stacks, s)
		}
	}
}

func (a *assembly) logs() {
	for _, l := range a.parts.logs {
		l.Log.At = a.at
		a.t.Logs = append(a.t.Logs, l.Log)
		for _, h := range l.Hits {
			h.At = a.at
			a.t.Hits = append(a.t.Hits, h)
		}
		a.parts.problems = append(a.parts.problems, l.Problems...)
	}
}
