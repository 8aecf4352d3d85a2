package analyze

import (
	"fmt"

	"culprit/analyze/fact"
)

// coverage says of each table how much of the world it knows. What no row speaks
// of stays unknown to the rules.
func (a *assembly) coverage() {
	add := func(table, daemon string, complete bool, why string, refs ...fact.Ref) {
		a.t.Coverage = append(a.t.Coverage, fact.Coverage{At: a.at, Table: table, Daemon: daemon, Complete: complete, Why: why, Refs: refs})
	}
	a.listingCoverage(add)
	for _, d := range a.t.Dumps {
		if d.At == a.at {
			add("stacks", d.Daemon, d.Complete, fmt.Sprintf("the %s dump of %s is cut", d.Form, named(d.Daemon)), d.Refs...)
		}
	}
	profiled := map[string]bool{}
	for _, h := range a.t.Heap {
		if h.At == a.at && !profiled[h.Daemon] {
			profiled[h.Daemon] = true
			add("heap", h.Daemon, true, "", h.Refs...)
		}
	}
	for _, l := range a.parts.logs {
		if l.Log.Lines > 0 && a.kindOf(l.Log.Source) != fact.KindTerminal {
			a.t.Coverage = append(a.t.Coverage, fact.Coverage{At: a.at, Table: "hits", Daemon: l.Log.Daemon, Complete: !l.Log.CutHead,
				Why: "the log " + l.Log.Source + " begins in the middle", Debug: l.Log.Debug, First: l.Log.First, Last: l.Log.Last, Refs: []fact.Ref{l.Log.Ref}})
		}
	}
	if a.seen[fact.KindDockerPS] {
		add("containers", "", true, "", a.refsTo(fact.KindDockerPS)...)
	} else if len(a.t.Containers) > 0 || a.seen[fact.KindInspect] {
		add("containers", "", false, "no docker ps in the bundle")
	}
	if a.seen[fact.KindSS] || len(a.t.Sockets) > 0 {
		complete, why := a.socketCoverage()
		add("sockets", "", complete, why, a.refsTo(fact.KindSS)...)
	}
	if a.seen[fact.KindLocks] || len(a.t.FileLocks) > 0 {
		add("locks", "", a.seen[fact.KindLocks], "locks only as pasted, in part", a.refsTo(fact.KindLocks)...)
	}
	switch {
	case a.bundle.Manifest != nil || a.seen[fact.KindCollectLog]:
		add("items", "", true, "")
	case len(a.bundle.Items) > 0:
		add("items", "", false, "the bundle has no record of its collection")
	}
	if len(a.parts.mounts) > 0 {
		const pasted = "mountinfo only as pasted, in part"
		add("mounts", "", a.seen[fact.KindMountinfo], pasted, a.refsTo(fact.KindMountinfo)...)
		missing := pasted
		if a.seen[fact.KindMountinfo] {
			missing = a.unseenNamespaces()
		}
		add("rootfs", "", missing == "", missing, a.refsTo(fact.KindMountinfo)...)
	}
	if len(a.cgroups) > 0 {
		add("cgroups", "", a.seen[fact.KindFreezer], "freezers only as pasted, in part", a.refsTo(fact.KindFreezer)...)
	}
	add("nodes", "", true, "")
}

// listingCoverage covers processes and, as one follows from the other, daemons. A
// process table without states cannot say that nobody is in D.
func (a *assembly) listingCoverage(add func(table, daemon string, complete bool, why string, refs ...fact.Ref)) {
	complete := false
	for _, l := range a.listings {
		if !l.HasState && a.wholeStates() {
			continue
		}
		why := "the process listing " + l.Source + " is incomplete"
		if l.Complete && !l.HasState {
			why = "the process listing " + l.Source + " has no states"
		}
		add("processes", "", l.Complete && l.HasState, why, l.Ref)
		complete = complete || l.Complete
	}
	if len(a.listings) == 0 && len(a.t.Processes) > 0 {
		add("processes", "", false, "no ps listing in the bundle, only some processes")
	}
	for _, name := range []string{"dockerd", "containerd", "kubelet", "crio"} {
		if complete || a.knowsDaemon(name) {
			add("daemons", name, true, "")
		}
	}
	if a.knowsDaemon("runc") {
		add("daemons", "runc", true, "")
	}
}

func (a *assembly) knowsDaemon(name string) bool {
	for _, d := range a.daemons {
		if d.Name == name {
			return true
		}
	}
	return false
}

// refsTo are the sources of a kind.
func (a *assembly) refsTo(kind fact.Kind) []fact.Ref {
	var refs []fact.Ref
	for _, s := range a.bundle.Sources {
		if s.Kind == kind {
			refs = append(refs, fact.Ref{Source: s.Path})
		}
	}
	return refs
}

func (a *assembly) kindOf(source string) fact.Kind {
	for _, s := range a.t.Sources {
		if s.Path == source {
			return s.Kind
		}
	}
	return fact.KindUnknown
}

func named(daemon string) string {
	if daemon == "" {
		return "an unknown program"
	}
	return daemon
}
