// Package join says what no single source says: which container a process runs
// in, what a process in D waits for and on which filesystem, which connections of
// a daemon have lost their peer, which container a log line speaks of. It fills
// the derived columns of the fact tables and the edges between keys, and never
// joins across nodes or boots.
//
// It knows no file format and reads nothing: rows in, rows out.
package join

import (
	"cmp"
	"slices"

	"culprit/analyze/fact"
)

// world is one node boot at the moment of the collection.
type world struct {
	at        fact.Place
	processes []*fact.Process
	byPID     map[int]*fact.Process
	mounts    []*fact.Mount
	cgroups   []*fact.Cgroup
	sockets   []*fact.Socket
	// cgroupCounts are what the controllers count, fileLockRows the lines of /proc/locks.
	cgroupCounts []*fact.CgroupCount
	fileLockRows []*fact.FileLock
	containers   []*fact.Container
	hits         []*fact.Hit
	logs         []*fact.Log
	items        []*fact.Item
	sysctls      []*fact.Sysctl
	dumps        []*fact.Dump
	stacks       []*fact.Stack
	node         *fact.Node
	// counted are the network namespaces whose client of dockerd the counts tell.
	counted map[string]bool
	// wholeListing is set when a complete process listing exists.
	wholeListing bool
}

// Join completes t in place: derived columns, merged containers and daemons,
// edges. Rows of other moments than the collection are left alone.
func Join(t *fact.Tables) {
	var containers []fact.Container
	var daemons []fact.Daemon
	for _, at := range places(t) {
		w := newWorld(t, at)
		w.nest()
		found := mergeContainers(w, t.Containers)
		w.containers = pointers(found)
		w.assignContainers()
		w.execs()
		w.freeze()
		w.waits()
		w.lives()
		w.peers()
		t.Clients = append(t.Clients, w.clients()...)
		t.Coverage = append(t.Coverage, w.clientCoverage(t.Coverage)...)
		w.speakOf()
		w.countCgroups()
		w.foreignMounts()
		w.speakTo()
		w.locks()
		t.FileLocks = append(t.FileLocks, w.fileLocks()...)
		w.standFor()
		list := w.daemons(t.Daemons)
		namespaces := w.mountNamespaces()
		w.mountSides(namespaces, list)
		markMounts(namespaces)
		copies := w.rootfs(namespaces)
		t.Rootfs = append(t.Rootfs, copies...)
		t.Edges = append(t.Edges, w.edges(list)...)
		t.Edges = append(t.Edges, w.lockEdges(t.FileLocks)...)
		t.Edges = append(t.Edges, w.rootfsEdges(namespaces, copies)...)
		containers = append(containers, found...)
		daemons = append(daemons, list...)
	}
	t.Containers, t.Daemons = containers, daemons
}

// places are the node boots of t, for rows of the collection's moment.
func places(t *fact.Tables) []fact.Place {
	seen := map[fact.Place]bool{}
	add := func(p fact.Place) {
		p.Snapshot = ""
		seen[p] = true
	}
	for i := range t.Nodes {
		add(t.Nodes[i].At)
	}
	for i := range t.Coverage {
		add(t.Coverage[i].At)
	}
	for i := range t.Processes {
		add(t.Processes[i].At)
	}
	for i := range t.Containers {
		add(t.Containers[i].At)
	}
	var out []fact.Place
	for p := range seen {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b fact.Place) int {
		return cmp.Or(cmp.Compare(a.Node, b.Node), cmp.Compare(a.Boot, b.Boot))
	})
	return out
}

func newWorld(t *fact.Tables, at fact.Place) *world {
	w := &world{at: at, byPID: map[int]*fact.Process{}}
	w.processes = here(t.Processes, at, func(r *fact.Process) fact.Place { return r.At })
	w.mounts = here(t.Mounts, at, func(r *fact.Mount) fact.Place { return r.At })
	w.cgroups = here(t.Cgroups, at, func(r *fact.Cgroup) fact.Place { return r.At })
	w.cgroupCounts = here(t.CgroupCounts, at, func(r *fact.CgroupCount) fact.Place { return r.At })
	w.sockets = here(t.Sockets, at, func(r *fact.Socket) fact.Place { return r.At })
	w.fileLockRows = here(t.FileLocks, at, func(r *fact.FileLock) fact.Place { return r.At })
	w.hits = here(t.Hits, at, func(r *fact.Hit) fact.Place { return r.At })
	w.logs = here(t.Logs, at, func(r *fact.Log) fact.Place { return r.At })
	w.sysctls = here(t.Sysctls, at, func(r *fact.Sysctl) fact.Place { return r.At })
	w.items = here(t.Items, at, func(r *fact.Item) fact.Place { return r.At })
	w.dumps = here(t.Dumps, at, func(r *fact.Dump) fact.Place { return r.At })
	w.stacks = here(t.Stacks, at, func(r *fact.Stack) fact.Place { return r.At })
	if nodes := here(t.Nodes, at, func(r *fact.Node) fact.Place { return r.At }); len(nodes) > 0 {
		w.node = nodes[0]
	}
	for _, p := range w.processes {
		w.byPID[p.PID] = p
	}
	for _, c := range t.Coverage {
		w.wholeListing = w.wholeListing || c.At == at && c.Table == "processes" && c.Complete && !t.Partial
	}
	return w
}

// here are the rows of one place.
func here[T any](rows []T, at fact.Place, place func(*T) fact.Place) []*T {
	var out []*T
	for i := range rows {
		if place(&rows[i]) == at {
			out = append(out, &rows[i])
		}
	}
	return out
}

func pointers[T any](rows []T) []*T {
	out := make([]*T, len(rows))
	for i := range rows {
		out[i] = &rows[i]
	}
	return out
}
