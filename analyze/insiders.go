package analyze

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"culprit/analyze/fact"
	"culprit/analyze/host"
)

// insider is a process listing that was taken inside a container.
type insider struct {
	listings []host.Listing
	// container is the name or the beginning of the id, "?" unknown.
	container string
}

// partInsiders moves pasted listings that show the processes of a container to the
// insiders, though nothing in the session said so.
func (p *parts) partInsiders(nested map[int][]fact.Process) {
	p.listings = slices.DeleteFunc(p.listings, func(l host.Listing) bool {
		if !p.isPasted(l.Source) || !isInsider(l, nested[1]) {
			return false
		}
		p.insiders = append(p.insiders, insider{[]host.Listing{l}, "?"})
		return true
	})
}

// isPasted reports whether a source is pasted text, as are all of a node that only a
// prompt names.
func (p *parts) isPasted(source string) bool {
	return len(p.bundle.Sources) == 0 || slices.ContainsFunc(p.bundle.Sources, func(s fact.Source) bool { return s.Path == source && s.Kind == fact.KindTerminal })
}

// nested are the processes of pid namespaces below the node's, by their pid there.
func (p *parts) nested() map[int][]fact.Process {
	inner := map[int][]fact.Process{}
	for _, proc := range host.MergeProcesses(p.processes) {
		if n := len(proc.NSPID); n > 1 {
			inner[proc.NSPID[n-1]] = append(inner[proc.NSPID[n-1]], proc)
		}
	}
	return inner
}

// outside gives the processes of a listing from inside a container the pids of the
// node, where /proc/PID/status names exactly one process with that pid in its own
// namespace and the same name. The others are left out: their pids are of another
// world.
func (p *parts) outside(in insider, nested map[int][]fact.Process) []fact.Process {
	var rows []fact.Process
	lost := 0
	var first fact.Ref
	for _, l := range in.listings {
		for _, row := range l.Processes {
			pid := p.outerPID(row, in.container, nested[row.PID])
			if pid == 0 {
				lost++
				first = cmp.Or(first, l.Ref)
				continue
			}
			row.PID, row.PPID = pid, fact.Opt[int]{}
			rows = append(rows, row)
		}
	}
	if lost > 0 {
		p.problems = append(p.problems, fact.Problem{Ref: first, Text: fmt.Sprintf(
			"%d processes of a listing from inside a container are left out: no status file maps their pids to the node's", lost)})
	}
	return rows
}

// outerPID is the node's pid of a process that is row.PID in its own namespace, 0
// where none or several can be it.
func (p *parts) outerPID(row fact.Process, container string, known []fact.Process) int {
	found := 0
	for _, k := range known {
		if k.Comm != row.Comm || !p.runsIn(k, container) {
			continue
		}
		if found != 0 {
			return 0
		}
		found = k.PID
	}
	return found
}

// runsIn reports whether a process can be one of a container, given by name or id;
// of a name that no listing explains any container may be meant.
func (p *parts) runsIn(proc fact.Process, container string) bool {
	id := container
	for _, c := range p.docker {
		if c.Name == container && c.Name != "" {
			id = c.ID
		}
	}
	if len(id) < 12 || strings.Trim(id, "0123456789abcdef") != "" {
		return true
	}
	return slices.ContainsFunc(containersOf(proc), func(c string) bool { return strings.HasPrefix(c, id) })
}

func containersOf(proc fact.Process) (ids []string) {
	for _, path := range proc.Cgroups {
		if id := host.ContainerOf(path); id != "" {
			ids = append(ids, id)
		}
	}
	return ids
}

// isInsider reports whether a pasted listing without a sign of a container shows one
// all the same: its pid 1 is no init but a process that is 1 in a namespace of its
// own.
func isInsider(l host.Listing, firsts []fact.Process) bool {
	for _, row := range l.Processes {
		if row.PID != 1 || slices.Contains(inits, row.Comm) {
			continue
		}
		return slices.ContainsFunc(firsts, func(k fact.Process) bool { return k.Comm == row.Comm && k.PID != 1 })
	}
	return false
}

// inits are the names of pid 1 on a node.
var inits = []string{"init", "systemd", "launchd", "upstart", "runit", "busybox", "openrc-init", "s6-svscan"}
