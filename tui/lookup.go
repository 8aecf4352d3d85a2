package tui

import (
	"strconv"

	"culprit/analyze"
	"culprit/analyze/fact"
)

// lookup finds rows of a report by what other rows say of them. It is made once a
// report, so that a detail costs what it shows and not what the bundle holds.
type lookup struct {
	report *analyze.Report
	// By node and pid, or container id.
	processes map[string]*fact.Process
	inside    map[string][]*fact.Process
	sockets   map[string][]*fact.Socket
	// By node boot and superblock: the processes that wait on it, and its mounts.
	waiters map[string][]*fact.Process
	mounts  map[string][]*fact.Mount
}

func pidKey(at fact.Place, pid int) string { return at.Node + " " + strconv.Itoa(pid) }

func containerKey(at fact.Place, id string) string { return at.Node + " " + id }

func deviceKey(node, boot, dev string) string { return node + " " + boot + " " + dev }

// lookup is that of the report on the screen.
func (m *model) lookup() *lookup {
	if m.rowsBy == nil || m.rowsBy.report != m.report {
		m.rowsBy = newLookup(m.report)
	}
	return m.rowsBy
}

func newLookup(r *analyze.Report) *lookup {
	l := &lookup{report: r, processes: map[string]*fact.Process{}, inside: map[string][]*fact.Process{},
		sockets: map[string][]*fact.Socket{}, waiters: map[string][]*fact.Process{}, mounts: map[string][]*fact.Mount{}}
	for _, p := range pointers(r.Tables.Processes) {
		l.processes[pidKey(p.At, p.PID)] = p
		if p.Container != "" {
			k := containerKey(p.At, p.Container)
			l.inside[k] = append(l.inside[k], p)
		}
		for _, on := range p.Wait.Mounts {
			k := deviceKey(on.Node, on.Boot, on.ID)
			l.waiters[k] = append(l.waiters[k], p)
		}
	}
	for _, s := range pointers(r.Tables.Sockets) {
		for _, o := range s.Owners {
			k := pidKey(s.At, o.PID)
			l.sockets[k] = append(l.sockets[k], s)
		}
	}
	for _, mnt := range pointers(r.Tables.Mounts) {
		k := deviceKey(mnt.At.Node, mnt.At.Boot, mnt.Dev)
		l.mounts[k] = append(l.mounts[k], mnt)
	}
	return l
}
