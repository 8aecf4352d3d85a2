package analyze

import (
	"fmt"
	"maps"
	"slices"

	"culprit/analyze/fact"
)

// unseenNamespaces says which process may live in a mount namespace whose mountinfo
// is not in the bundle, "" none. What only some of the listings show came and went
// with the collection. A process of a container may be taken to share its parent's.
func (a *assembly) unseenNamespaces() string {
	listings := 0
	listed := map[int]int{}
	for _, l := range a.listings {
		if !l.Complete {
			continue
		}
		listings++
		for _, p := range l.Processes {
			listed[p.PID]++
		}
	}
	if listings == 0 {
		return "without a complete process listing there may be more mount namespaces"
	}
	byPID := map[int]*fact.Process{}
	for i := range a.t.Processes {
		if p := &a.t.Processes[i]; p.At == a.at {
			byPID[p.PID] = p
		}
	}
	shown := a.shownMounts(byPID)
	for _, pid := range slices.Sorted(maps.Keys(byPID)) {
		if listed[pid] == listings && !shown[containerTop(byPID, shown, pid)] {
			return fmt.Sprintf("the mountinfo of %s (%d) is not in the bundle", byPID[pid].Comm, pid)
		}
	}
	return ""
}

// shownMounts are the processes whose mount namespace the bundle shows, or which have
// none worth it: kernel threads, zombies, ps and what ran it.
func (a *assembly) shownMounts(byPID map[int]*fact.Process) map[int]bool {
	shown := map[int]bool{}
	namespace := map[string]bool{}
	for _, m := range a.t.Mounts {
		if namespace[m.NS] {
			continue // the lines of a namespace are of the same processes
		}
		namespace[m.NS] = true
		for _, pid := range m.PIDs {
			shown[pid] = true
		}
	}
	for pid, p := range byPID {
		shown[pid] = shown[pid] || namespace[p.MntNS] || pid == 2 || p.PPID.Or(0) == 2 || p.State == "Z"
	}
	for _, p := range byPID {
		if p.Comm != "ps" {
			continue
		}
		for n := 0; p != nil && p.PID != 1 && n < maxAncestors; n++ {
			shown[p.PID] = true
			p = byPID[p.PPID.Or(0)]
		}
	}
	return shown
}

// containerTop is the nearest ancestor in the same container that is shown, else the
// topmost one there.
func containerTop(byPID map[int]*fact.Process, shown map[int]bool, pid int) int {
	for range maxAncestors {
		p := byPID[pid]
		parent := byPID[p.PPID.Or(0)]
		if shown[pid] || p.Container == "" || parent == nil || parent.Container != p.Container {
			break
		}
		pid = parent.PID
	}
	return pid
}

// maxAncestors is a longer ancestry than any: one that is longer is a loop of
// reused pids.
const maxAncestors = 64
