package join

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

// edges connects what the joins found: processes with their container and the
// superblock they wait on, containers with that superblock and with the daemons
// that manage them, daemons with one another.
func (w *world) edges(daemons []fact.Daemon) []fact.Edge {
	var out []fact.Edge
	names := map[string]string{}
	for _, c := range w.containers {
		names[c.ID] = c.Label()
	}
	for _, p := range w.processes {
		pid := fact.NewKey(fact.KeyPID, w.at, strconv.Itoa(p.PID), p.Comm)
		container := fact.NewKey(fact.KeyContainer, w.at, p.Container, names[p.Container])
		if p.Container != "" {
			out = append(out, fact.Edge{From: pid, To: container, Rel: "belongs to", Refs: p.Refs})
		}
		if p.Daemon != "" && p.Daemon != "containerd-shim" && p.Daemon != "runc" {
			out = append(out, fact.Edge{From: pid, To: fact.NewKey(fact.KeyDaemon, w.at, p.Daemon, p.Daemon), Rel: "is", Refs: p.Refs})
		}
		for _, mount := range p.Wait.Mounts {
			out = append(out, fact.Edge{From: pid, To: mount, Rel: "waits on", Refs: p.Wait.Refs})
			if p.Container != "" {
				out = append(out, fact.Edge{From: container, To: mount, Rel: "waits on", Refs: p.Wait.Refs})
			}
		}
	}
	for _, c := range w.containers {
		key := fact.NewKey(fact.KeyContainer, w.at, c.ID, c.Label())
		for _, daemon := range managers(c, daemons) {
			out = append(out, fact.Edge{From: key, To: fact.NewKey(fact.KeyDaemon, w.at, daemon, daemon), Rel: "is managed by", Refs: c.Refs})
		}
	}
	return append(out, w.calls(daemons)...)
}

// managers are the daemons that manage a container, as far as the evidence says.
func managers(c *fact.Container, daemons []fact.Daemon) []string {
	var out []string
	if (c.Docker != "" || c.Namespace != "" || c.Task != "") && slices.ContainsFunc(daemons, func(d fact.Daemon) bool { return d.Name == "runc" }) {
		out = append(out, "runc")
	}
	if c.Docker != "" || c.Namespace == "moby" {
		out = append(out, "dockerd")
	}
	if c.Namespace != "" || c.Task != "" || c.Docker != "" {
		out = append(out, "containerd")
	}
	if c.Pod != "" || c.Namespace == "k8s.io" || strings.HasPrefix(c.Name, "k8s_") {
		out = append(out, "kubelet")
	}
	return out
}

// calls are the edges between daemons: kubelet asks dockerd, dockerd asks
// containerd.
func (w *world) calls(daemons []fact.Daemon) []fact.Edge {
	var out []fact.Edge
	chain := []string{"kubelet", "dockerd", "containerd"}
	for i, name := range chain[1:] {
		caller := chain[i]
		for _, d := range daemons {
			if d.Name == caller {
				out = append(out, fact.Edge{From: fact.NewKey(fact.KeyDaemon, w.at, caller, caller), To: fact.NewKey(fact.KeyDaemon, w.at, name, name), Rel: "calls", Refs: d.Refs})
				break
			}
		}
	}
	return out
}

// rootfsEdges connect the root filesystems that mounts or log lines name with
// their container, with dockerd, which has to remove them, with whoever holds them
// and with the graph root that cuts them off.
func (w *world) rootfsEdges(list []*mountNS, copies []fact.Rootfs) []fact.Edge {
	var out []fact.Edge
	dockerd := fact.NewKey(fact.KeyDaemon, w.at, "dockerd", "dockerd")
	names := map[string]string{}
	for _, c := range w.containers {
		names[c.ID] = c.Label()
	}
	for i := range copies {
		r := &copies[i]
		key := r.Key()
		out = append(out, fact.Edge{From: key, To: dockerd, Rel: "is removed by", Refs: r.Refs})
		if r.Container != "" {
			out = append(out, fact.Edge{From: fact.NewKey(fact.KeyContainer, w.at, r.Container, names[r.Container]), To: key, Rel: "has as its root", Refs: r.Refs})
		}
		if r.HolderContainer != "" {
			out = append(out, fact.Edge{From: key, To: fact.NewKey(fact.KeyContainer, w.at, r.HolderContainer, names[r.HolderContainer]), Rel: "is held by", Refs: r.Refs})
		}
		if m := cutAbove(list, r.Origin); m != nil {
			out = append(out, fact.Edge{From: key, To: fact.NewKey(fact.KeyMount, w.at, m.Dev, m.Point), Rel: "lies below", Refs: m.Refs})
		}
	}
	for _, h := range w.hits {
		if h.Layer == "" {
			continue
		}
		key := h.LayerKey()
		key.Name = cmp.Or(names[h.Container], h.Container[:min(12, len(h.Container))], h.Layer[:min(12, len(h.Layer))])
		out = append(out, fact.Edge{From: key, To: dockerd, Rel: "is removed by", Refs: h.Refs})
		if h.Container != "" {
			out = append(out, fact.Edge{From: fact.NewKey(fact.KeyContainer, w.at, h.Container, names[h.Container]), To: key, Rel: "has as its root", Refs: h.Refs})
		}
	}
	return out
}
