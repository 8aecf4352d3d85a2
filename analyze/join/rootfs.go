package join

import (
	"cmp"
	"path"
	"regexp"
	"slices"
	"strings"

	"culprit/analyze/fact"
)

// layerPath tells a container's root filesystem, or its shm, by its mount point:
//
//	/var/lib/docker/overlay2/<layer>/merged                         overlay, overlay2
//	/var/lib/docker/aufs/mnt/<layer>                                aufs; btrfs/subvolumes, zfs/graph, vfs/dir
//	/var/lib/docker/devicemapper/mnt/<layer>[/rootfs]               devicemapper
//	/var/lib/docker/containers/<container>/[mounts/]shm
//	/run/containerd/io.containerd.runtime.v2.task/<ns>/<container>/rootfs
//
// A layer is 32 or 64 hex digits, or 25 letters and digits where BuildKit made it.
// Layers that end in -init live for the moment of a creation and are left out.
var layerPath = regexp.MustCompile(`^(.*)/(?:(?:overlay2?|aufs/mnt|devicemapper/mnt|btrfs/subvolumes|zfs/graph|vfs/dir)/([0-9a-f]{32}|[0-9a-f]{64}|[0-9a-z]{25})(?:/merged|/rootfs)?|containers/([0-9a-f]{64})/(?:mounts/)?shm|io\.containerd\.runtime\.v[12]\.[a-z]+/[^/]+/([0-9a-f]{64})/rootfs)$`)

// layerOf is the layer that a path names, "" none; container is set where it is
// the id of a container.
func layerOf(point string) (layer, container string) {
	m := layerPath.FindStringSubmatch(point)
	if m == nil {
		return "", ""
	}
	container = cmp.Or(m[3], m[4])
	return cmp.Or(m[2], container), container
}

// upperdir is where an overlay writes to, "" none.
func upperdir(m *fact.Mount) string {
	for _, option := range m.Super {
		if dir, ok := strings.CutPrefix(option, "upperdir="); ok {
			return dir
		}
	}
	return ""
}

// originOf is where the engine mounts the filesystem: beside its upperdir for an
// overlay (diff of overlay2, upper of overlay), else where the mount is.
func originOf(m *fact.Mount) string {
	if dir, name := path.Split(upperdir(m)); name == "diff" || name == "upper" {
		return dir + "merged"
	}
	return m.Point
}

// rootfs lists every mount of a container's root filesystem outside of its own
// namespace.
func (w *world) rootfs(list []*mountNS) []fact.Rootfs {
	containers, origins := w.containersOfLayers(list), w.origins()
	alive := map[string]bool{} // layers that are the root of some namespace
	for _, n := range list {
		for _, m := range n.mounts {
			if layer, _ := layerOf(originOf(m)); layer != "" && m.Point == "/" {
				alive[layer] = true
			}
		}
	}
	var out []fact.Rootfs
	for _, n := range list {
		if w.starting(n) {
			continue
		}
		holder := n.holder
		for _, m := range n.mounts {
			origin := originOf(m)
			layer, _ := layerOf(origin)
			if layer == "" || m.Point == "/" || n.isRoot(m.Dev) {
				continue
			}
			if origin == m.Point {
				origin = cmp.Or(origins[layer], origin)
			}
			r := fact.Rootfs{At: w.at, Layer: layer, Point: m.Point, Origin: origin, Dev: m.Dev, FSType: m.FSType, NS: n.id, Side: n.side, Refs: m.Refs}
			if holder != nil {
				r.Holder, r.HolderComm, r.HolderContainer, r.HolderUnit = holder.PID, holder.Comm, holder.Container, unitOf(holder)
			}
			r.Name = layer[:min(12, len(layer))]
			if c := containers[layer]; c != nil {
				r.Container, r.Name = c.ID, c.Label()
				if c.Docker != "" {
					r.Live = fact.Some(c.Docker == "running" || c.Docker == "paused")
				}
			}
			if layer == r.Container && m.FSType == "tmpfs" {
				r.Name += " (shm)"
			}
			if alive[layer] {
				r.Live = fact.Some(true)
			}
			r.Linked = linked(list, n, m, origin)
			out = append(out, r)
		}
	}
	return out
}

// starting reports whether only runc lives in the namespace, for the moment in which
// it starts a container.
func (w *world) starting(n *mountNS) bool {
	for pid := range n.pids {
		if p := w.byPID[pid]; p == nil || p.Daemon != "runc" && !strings.HasPrefix(p.Comm, "runc:[") {
			return false
		}
	}
	return len(n.pids) > 0
}

// origins are the paths that docker inspect and failed removals give for layers.
func (w *world) origins() map[string]string {
	out := map[string]string{}
	for _, h := range w.hits {
		if target := h.Fields["rootfs"]; strings.HasPrefix(target, "/") {
			out[h.Layer] = target
		}
	}
	for _, c := range w.containers {
		if layer, _ := layerOf(c.Rootfs); layer != "" {
			out[layer] = c.Rootfs
		}
	}
	return out
}

// isRoot reports whether a filesystem is the root of the namespace: then it is the
// container itself that is at home in it.
func (n *mountNS) isRoot(dev string) bool {
	return slices.ContainsFunc(n.mounts, func(m *fact.Mount) bool { return m.Point == "/" && m.Dev == dev })
}

// unitOf is the systemd unit of a process, "" none.
func unitOf(p *fact.Process) string {
	for _, controller := range []string{"name=systemd", ""} {
		if unit := path.Base(p.Cgroups[controller]); strings.HasSuffix(unit, ".service") {
			return unit
		}
	}
	return ""
}

// containersOfLayers finds whose root filesystem each layer is: by docker inspect,
// by the container that has it as its root, by a log line that names both, or by
// the path itself.
func (w *world) containersOfLayers(list []*mountNS) map[string]*fact.Container {
	byID := map[string]*fact.Container{}
	out := map[string]*fact.Container{}
	for _, c := range w.containers {
		byID[c.ID] = c
		out[c.ID] = c
		if layer, _ := layerOf(c.Rootfs); layer != "" {
			out[layer] = c
		}
	}
	add := func(layer, id string) {
		if c := byID[id]; layer != "" && out[layer] == nil && c != nil {
			out[layer] = c
		}
	}
	for _, n := range list {
		for _, m := range n.mounts {
			if n.holder != nil && m.Point == "/" {
				layer, _ := layerOf(originOf(m))
				add(layer, n.holder.Container)
			}
		}
	}
	for _, h := range w.hits {
		add(h.Layer, h.Container)
	}
	return out
}

// busy says of each line about a root filesystem that cannot be removed which one
// it is.
func (w *world) busy() {
	for _, h := range w.hits {
		if target := h.Fields["rootfs"]; target != "" {
			h.Layer, _ = layerOf(target)
			if h.Layer == "" && isHex(target) && len(target) >= 32 {
				h.Layer = target // devicemapper names the device
			}
		}
	}
}

// linked reports whether an unmount of origin in dockerd's namespace reaches m. It
// does where the mount above m receives from the one above origin, or is its peer:
// propagation goes from parent to parent, mount_namespaces(7). Without the parents
// the mount's own tags tell: a private one receives nothing, nor does one without a
// master below a graph root that is cut off.
func linked(list []*mountNS, n *mountNS, m *fact.Mount, origin string) fact.Opt[bool] {
	engine := engineNS(list)
	if engine == n && m.Point == origin {
		return fact.Some(true)
	}
	if parent := n.byID[m.Parent]; parent != nil && engine != nil && len(engine.mounts) > 0 {
		above := mountAt(engine.mounts, path.Dir(origin))
		if above == nil {
			return fact.Opt[bool]{}
		}
		return fact.Some(receives(list, parent, above))
	}
	switch {
	case m.Master != 0 || m.PropagateFrom != 0:
		return fact.Some(true)
	case m.Shared == 0 || cutAbove(list, origin) != nil:
		return fact.Some(false)
	}
	return fact.Opt[bool]{}
}

// cutAbove is the graph root above origin that cuts propagation, nil none. Any
// namespace may show it: none but the ones that share it see it private.
func cutAbove(list []*mountNS, origin string) *fact.Mount {
	for _, n := range list {
		for _, m := range n.mounts {
			if m.CutsPropagation && strings.HasPrefix(origin, m.Point+"/") {
				return m
			}
		}
	}
	return nil
}

// engineNS is the namespace that dockerd unmounts in: its own, else that of pid 1.
func engineNS(list []*mountNS) *mountNS {
	for _, side := range []fact.MountSide{fact.SideDockerd, fact.SideHost} {
		for _, n := range list {
			if n.side == side {
				return n
			}
		}
	}
	return nil
}

// receives reports whether what happens below from happens below m too: they are
// one mount or peers, or m's master is from's group, at once or through others.
func receives(list []*mountNS, m, from *fact.Mount) bool {
	if m == from {
		return true
	}
	if from.Shared == 0 {
		return false
	}
	if m.Shared == from.Shared {
		return true
	}
	masters := map[int][]int{} // peer group -> groups that it receives from
	for _, n := range list {
		for _, x := range n.mounts {
			if x.Shared != 0 && x.Master != 0 {
				masters[x.Shared] = append(masters[x.Shared], x.Master)
			}
		}
	}
	todo := []int{m.Master, m.PropagateFrom}
	seen := map[int]bool{0: true}
	for len(todo) > 0 {
		group := todo[0]
		todo = todo[1:]
		if group == from.Shared {
			return true
		}
		if !seen[group] {
			seen[group] = true
			todo = append(todo, masters[group]...)
		}
	}
	return false
}

// graphDrivers are the folders that drivers of dockerd make private up to 17.12.0.
var graphDrivers = []string{"overlay2", "overlay", "aufs", "devicemapper", "btrfs", "zfs"}

// markMounts marks graph roots that cut propagation, and counts stacked copies.
//
//	44 39 8:4 / /home rw,relatime shared:28 - xfs /dev/sda4 rw
//	1143 44 8:4 /docker_rt/overlay2 /home/docker_rt/overlay2 rw,relatime - xfs /dev/sda4 rw
func markMounts(list []*mountNS) {
	type place struct{ point, dev, root string }
	for _, n := range list {
		copies := map[place]int{}
		for _, m := range n.mounts {
			copies[place{m.Point, m.Dev, m.Root}]++
		}
		for _, m := range n.mounts {
			m.Copies = copies[place{m.Point, m.Dev, m.Root}]
			parent := n.byID[m.Parent]
			m.CutsPropagation = parent != nil && slices.Contains(graphDrivers, path.Base(m.Point)) && m.Shared == 0 && m.Master == 0 &&
				parent.Shared != 0 && parent.Dev == m.Dev && within(m.Point, parent.Point) == within(m.Root, parent.Root)
		}
	}
}

// within is file relative to dir.
func within(file, dir string) string {
	return strings.TrimPrefix(strings.TrimPrefix(file, strings.TrimSuffix(dir, "/")), "/")
}
