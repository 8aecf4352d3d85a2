package join

import (
	"path"
	"strings"

	"culprit/analyze/fact"
)

// countCgroups gives each container what the controllers count in its cgroup, and log
// lines that speak of a container what its cgroup counted of their kind. A container
// without a limit of its own has that of its pod, in the cgroup right above.
func (w *world) countCgroups() {
	byPath := map[string]*fact.CgroupCount{}
	own := map[string]string{} // container -> its topmost cgroup
	for _, g := range w.cgroupCounts {
		byPath[g.Path] = merged(byPath[g.Path], g)
		if old, found := own[g.Container]; g.Container != "" && (!found || len(g.Path) < len(old)) {
			own[g.Container] = g.Path
		}
	}
	counted := map[string]*fact.CgroupCount{}
	for _, c := range w.containers {
		g := byPath[own[c.ID]]
		if g == nil {
			continue
		}
		counted[c.ID] = g
		c.PidsRefused, c.RefusedRef = g.PidsRefused, g.RefusedRef
		c.Memory, c.MemoryMax, c.OOMKills, c.OOMRef = g.Memory, g.MemoryMax, g.OOMKills, g.OOMRef
		limit := g
		if pod := byPath[path.Dir(g.Path)]; g.PidsMax.V == fact.Unlimited && pod != nil && strings.Contains(path.Base(pod.Path), "pod") {
			limit = pod
		}
		c.Pids, c.PidsMax, c.PidsRef = limit.Pids, limit.PidsMax, limit.PidsRef
	}
	for _, h := range w.hits {
		if g := counted[h.Container]; g != nil {
			h.RefusedForks, h.OOMKills = g.PidsRefused, g.OOMKills
		}
	}
}

// merged adds what the files of another controller tell of one cgroup.
func merged(old, g *fact.CgroupCount) *fact.CgroupCount {
	if old == nil {
		return g
	}
	out := *old
	out.Pids, out.PidsMax, out.PidsRefused = old.Pids.Fill(g.Pids), old.PidsMax.Fill(g.PidsMax), old.PidsRefused.Fill(g.PidsRefused)
	out.Memory, out.MemoryMax, out.OOMKills = old.Memory.Fill(g.Memory), old.MemoryMax.Fill(g.MemoryMax), old.OOMKills.Fill(g.OOMKills)
	if !old.Pids.Known {
		out.PidsRef = g.PidsRef
	}
	if !old.PidsRefused.Known {
		out.RefusedRef = g.RefusedRef
	}
	if !old.OOMKills.Known {
		out.OOMRef = g.OOMRef
	}
	return &out
}
