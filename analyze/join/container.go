package join

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"culprit/analyze/fact"
)

// nest tells the node's own daemons from those that run inside a container: a
// dockerd, containerd or shim in a container's cgroup, or below a shim, manages
// nothing of the node; neither does a runc there that no shim started. A kubelet in
// a container is still the node's. Where pid 1 itself is in a container, that
// container is the node.
func (w *world) nest() {
	if init := w.byPID[1]; init != nil && init.Container != "" {
		node := init.Container
		for _, p := range w.processes {
			if p.Container == node {
				p.Container = ""
			}
		}
	}
	var nested []*fact.Process
	for _, p := range w.processes {
		switch p.Daemon {
		case "dockerd", "containerd", "containerd-shim":
			if p.Container != "" || w.shimAbove(p) != nil {
				nested = append(nested, p)
			}
		case "runc": // the shim itself runs the node's
			if shim := w.shimAbove(p); p.Container != "" || shim != nil && shim.PID != p.PPID.V {
				nested = append(nested, p)
			}
		}
	}
	for _, p := range nested {
		p.Daemon, p.Serves, p.ServesNamespace, p.ServesV1 = "", "", "", false
	}
}

// shimAbove is the nearest shim among a process's ancestors, nil none.
func (w *world) shimAbove(p *fact.Process) *fact.Process {
	for range 64 { // a longer ancestry is a loop of reused pids
		p = w.byPID[p.PPID.Or(0)]
		if p == nil || p.PID == 1 {
			return nil
		}
		if p.Serves != "" {
			return p
		}
	}
	return nil
}

// mergeContainers makes one row a container out of what docker, containerd, the
// cgroups and the shims say. Short ids join the full one they begin.
func mergeContainers(w *world, parts []fact.Container) []fact.Container {
	var out []fact.Container
	add := func(part fact.Container) {
		if part.At != w.at || part.ID == "" {
			return
		}
		for i := range out {
			if strings.HasPrefix(out[i].ID, part.ID) || strings.HasPrefix(part.ID, out[i].ID) {
				mergeContainer(&out[i], part)
				return
			}
		}
		out = append(out, part)
	}
	// Full ids first, so that short ones find them.
	sorted := slices.Clone(parts)
	slices.SortStableFunc(sorted, func(a, b fact.Container) int { return cmp.Compare(len(b.ID), len(a.ID)) })
	for _, part := range sorted {
		add(part)
	}
	for _, g := range w.cgroups {
		add(fact.Container{At: w.at, ID: g.Container, Refs: g.Refs})
	}
	for _, p := range w.processes {
		add(fact.Container{At: w.at, ID: p.Container, Refs: p.Refs})
		add(fact.Container{At: w.at, ID: p.Serves, Namespace: p.ServesNamespace, Shim: shimPID(p), ShimV1: p.ServesV1, Refs: p.Refs})
	}
	slices.SortFunc(out, func(a, b fact.Container) int { return strings.Compare(a.ID, b.ID) })
	for i := range out {
		if out[i].Name == "" {
			out[i].Name = out[i].ID[:min(12, len(out[i].ID))]
		}
	}
	return out
}

func mergeContainer(c *fact.Container, o fact.Container) {
	if len(o.ID) > len(c.ID) {
		c.ID = o.ID
	}
	c.Name = cmp.Or(c.Name, o.Name)
	c.Namespace = cmp.Or(c.Namespace, o.Namespace)
	// Inspect, which is asked of one container, tells more than ps, and later.
	if o.PID.Known && o.Docker != "" {
		c.Docker, c.Paused = o.Docker, o.Paused.Fill(c.Paused)
	}
	c.Docker = cmp.Or(c.Docker, o.Docker)
	c.PID = c.PID.Fill(o.PID)
	c.Paused = c.Paused.Fill(o.Paused)
	if c.Started.IsZero() {
		c.Started = o.Started
	}
	c.Up, c.ExitCode, c.OOMKilled = c.Up.Fill(o.Up), c.ExitCode.Fill(o.ExitCode), c.OOMKilled.Fill(o.OOMKilled)
	c.LogDriver = cmp.Or(c.LogDriver, o.LogDriver)
	c.Task = cmp.Or(c.Task, o.Task)
	c.TaskPID = c.TaskPID.Fill(o.TaskPID)
	c.NoTask = c.NoTask || o.NoTask
	// containerd's name of the runtime tells the shim's version, docker's does not.
	if c.Runtime == "" || strings.HasPrefix(o.Runtime, "io.containerd.") {
		c.Runtime = cmp.Or(o.Runtime, c.Runtime)
	}
	c.Freezer = cmp.Or(c.Freezer, o.Freezer)
	c.Rootfs = cmp.Or(c.Rootfs, o.Rootfs)
	// A file that is rewritten in place is empty for a moment: whole once is whole.
	if c.StateFile == "" || o.StateFile == "whole" {
		c.StateFile, c.StateFileRef = o.StateFile, o.StateFileRef
	}
	c.Pod = cmp.Or(c.Pod, o.Pod)
	c.PodNamespace = cmp.Or(c.PodNamespace, o.PodNamespace)
	c.DockerSocket = c.DockerSocket || o.DockerSocket
	if c.Shim == 0 {
		c.Shim, c.ShimV1 = o.Shim, o.ShimV1
	}
	if o.StateFile == "" { // its line is StateFileRef, and tells nothing else
		c.Refs = fact.AppendRefs(c.Refs, o.Refs...)
	}
}

// shimPID is the pid of a shim, 0 for any other process.
func shimPID(p *fact.Process) int {
	if p.Serves == "" {
		return 0
	}
	return p.PID
}

// assignContainers says which container each process runs in: by its cgroup, or,
// where that is gone because it is dying, or unknown, by the shim above it.
func (w *world) assignContainers() {
	for _, p := range w.processes {
		if p.Container != "" || p.Daemon != "" && p.Daemon != "runc" {
			continue
		}
		if shim := w.shimAbove(p); shim != nil {
			p.Container = shim.Serves
		}
	}
	for _, p := range w.processes {
		for _, c := range w.containers {
			if c.PID.Known && c.PID.V == p.PID && p.Container == "" && c.PID.V > 1 && p.Daemon == "" {
				p.Container = c.ID
			}
		}
	}
}

// execs tells the processes that an exec brought into a container.
func (w *world) execs() {
	inits := map[string]int{}
	for _, c := range w.containers {
		inits[c.ID] = cmp.Or(c.PID.Or(0), c.TaskPID.Or(0))
	}
	for _, p := range w.processes {
		parent := w.byPID[p.PPID.Or(0)]
		if p.Container == "" || parent == nil {
			continue
		}
		switch n := len(p.NSPID); {
		case parent.Daemon != "containerd-shim":
			p.ByExec = fact.Some(false)
		case n > 1 && p.NSPID[n-1] == 1 || inits[p.Container] == p.PID:
			p.ByExec = fact.Some(false)
		case n > 1 || inits[p.Container] != 0:
			p.ByExec = fact.Some(true)
		}
	}
}

// restartSlack is the least age difference by which a containerd counts as younger
// than a shim: ps prints whole seconds.
const restartSlack = 2 * time.Second

// longCollection is longer than a collection takes whose commands time out.
const longCollection = time.Hour

// settleTime is how long before the collection a container must have started for
// the process listing, taken first, to hold it.
const settleTime = 10 * time.Second

// lives says of each container whether its shim and init live, and whether
// containerd was restarted since it started.
func (w *world) lives() {
	containerd := w.process("containerd")
	for _, c := range w.containers {
		shim := w.byPID[c.Shim]
		if shim != nil {
			c.ShimAlive, c.ShimState = fact.Some(true), shim.State
			c.Refs = fact.AppendRefs(c.Refs, shim.Refs...)
		} else if w.wholeListing {
			c.ShimAlive = fact.Some(false)
		}
		c.InitAlive = w.initAlive(c)
		c.Settled = w.settled(c)
		if shim != nil && containerd != nil {
			c.ContainerdRestarted = younger(containerd, shim)
		}
	}
}

// settled reports whether a container started well before the collection; docker
// ps tells it where inspect does not, roughly.
func (w *world) settled(c *fact.Container) fact.Opt[bool] {
	if w.node != nil && !w.node.Collected.IsZero() && !c.Started.IsZero() {
		return fact.Some(c.Started.Add(settleTime).Before(w.node.Collected))
	}
	if c.Started.IsZero() && c.Up.Known && c.Up.V >= longCollection {
		return fact.Some(true)
	}
	return fact.Opt[bool]{}
}

// initAlive looks for the init process where docker, else containerd, says it is.
// Where neither knows one as containerd has no task, it lives if anything does in
// the container.
func (w *world) initAlive(c *fact.Container) fact.Opt[bool] {
	pid := c.PID
	if pid.Or(0) == 0 {
		pid = c.TaskPID
	}
	if pid.Or(0) == 0 && c.NoTask && !c.PID.Known && w.wholeListing {
		return fact.Some(slices.ContainsFunc(w.processes, func(p *fact.Process) bool { return p.Container == c.ID }))
	}
	if pid.Or(0) == 0 {
		return fact.Opt[bool]{}
	}
	if p := w.byPID[pid.V]; p != nil && (p.Container == "" || p.Container == c.ID) && p.Daemon == "" {
		return fact.Some(true)
	}
	if w.wholeListing {
		return fact.Some(false)
	}
	return fact.Opt[bool]{}
}

// younger reports whether a started after b; unknown without start times or ages.
func younger(a, b *fact.Process) fact.Opt[bool] {
	switch {
	case a.Start.Known && b.Start.Known:
		return fact.Some(a.Start.V > b.Start.V)
	case a.Age.Known && b.Age.Known:
		return fact.Some(a.Age.V+restartSlack <= b.Age.V)
	}
	return fact.Opt[bool]{}
}

func isHex(s string) bool { return strings.Trim(s, "0123456789abcdef") == "" }
