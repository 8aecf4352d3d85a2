package analyze

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"culprit/analyze/fact"
)

// socketCoverage says whether every socket that matters is listed. ss lists the network
// namespace that it runs in; both ends of a unix connection are in the client's.
func (a *assembly) socketCoverage() (complete bool, why string) {
	files := a.refsTo(fact.KindSS)
	if !a.seen[fact.KindSS] || len(files) > 0 && !a.ofOwnNetNS(files) {
		return false, "no ss in the bundle: netstat does not tell peers"
	}
	if why = a.unlistedNetNS(); why == "" || a.daemonsListed() {
		return true, ""
	}
	return false, why
}

// unlistedNetNS names a process that lives in a network namespace whose sockets are not
// in the bundle, or not with their peers; "" none.
func (a *assembly) unlistedNetNS() string {
	namespaces := a.netNamespaces()
	listed := map[string]string{"": "", namespaces.own: ""} // why it is not wholly listed, "" it is
	for _, s := range a.bundle.Sources {
		ns := namespaces.of(listedNetNS(s.Path))
		switch {
		case s.Kind == fact.KindSS && s.State == fact.Complete:
			listed[ns] = ""
		case s.Kind == fact.KindNetstat, s.Kind == fact.KindNetUnix, s.Kind == fact.KindSS:
			if _, found := listed[ns]; !found {
				listed[ns] = "are listed without peers"
				if s.Kind == fact.KindSS {
					listed[ns] = "are listed in part"
				}
			}
		}
	}
	lives := map[string]*fact.Process{}
	for i := range a.t.Processes {
		p := &a.t.Processes[i]
		if p.At == a.at && p.NetNS != "" && (lives[p.NetNS] == nil || p.PID < lives[p.NetNS].PID) {
			lives[p.NetNS] = p
		}
	}
	var first string
	missing := 0
	for _, p := range slices.SortedFunc(maps.Values(lives), func(a, b *fact.Process) int { return cmp.Compare(a.PID, b.PID) }) {
		lack, found := listed[p.NetNS]
		if found && lack == "" {
			continue
		}
		if missing++; missing == 1 {
			first = fmt.Sprintf("the sockets in the network namespace of %s (%d) %s", cmp.Or(p.Comm, "process"), p.PID, cmp.Or(lack, "are not listed"))
		}
	}
	if missing > 1 {
		first += fmt.Sprintf(", nor those of %d more", missing-1)
	}
	return first
}

// daemonsListed reports whether no connection to a daemon can hide in a namespace that
// is not listed: dockerd's descriptors are in the bundle, and the sockets among them are
// listed but for those that come and go.
func (a *assembly) daemonsListed() bool {
	found, node := false, ""
	for _, p := range a.t.Processes {
		if p.At == a.at && p.PID == 1 {
			node = p.Container // a node may itself be a container
		}
	}
	for _, p := range a.t.Processes {
		if p.At != a.at || p.Daemon != "dockerd" || p.Container != node {
			continue
		}
		if p.FDs == nil || !p.FDCount.Known || unlistedSockets(a.t, fact.Daemon{At: a.at, PID: p.PID}) > 0 {
			return false
		}
		found = true
	}
	return found
}

// ofOwnNetNS reports whether one of the listings is of the node's own network namespace.
func (a *assembly) ofOwnNetNS(listings []fact.Ref) bool {
	namespaces := a.netNamespaces()
	return slices.ContainsFunc(listings, func(r fact.Ref) bool { return namespaces.of(listedNetNS(r.Source)) == "" })
}
