package tui

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

// sockets has first those of the daemons that serve.
func sockets(m *model, r *route) page {
	all := sorted(m.report.Tables.Sockets, func(a, b *fact.Socket) int {
		switch r.sort {
		case 1:
			return known(a.RecvQ, b.RecvQ)
		case 2:
			return cmp.Or(strings.Compare(a.State, b.State), strings.Compare(a.Netid, b.Netid))
		}
		return cmp.Or(-strings.Compare(a.Endpoint, b.Endpoint), -strings.Compare(a.State, b.State))
	})
	t := table[fact.Socket]{items: all, columns: []column[fact.Socket]{
		{title: "NETID", width: 5, text: func(s *fact.Socket) string { return s.Netid }},
		{title: "STATE", width: 9, text: func(s *fact.Socket) string { return s.State }},
		{title: "RECV-Q", width: 7, right: true, drop: 60, text: func(s *fact.Socket) string { return number(s.RecvQ) }},
		{title: "SEND-Q", width: 7, right: true, drop: 110, text: func(s *fact.Socket) string { return number(s.SendQ) }},
		{title: "HELD BY", width: 22, text: func(s *fact.Socket) string { return holders(s.Owners) }},
		{title: "PEER", width: 22, drop: 100, text: func(s *fact.Socket) string { return holders(s.PeerOwners) }},
		{title: "LOCAL", text: func(s *fact.Socket) string { return s.Local }},
	}, refs: func(s *fact.Socket) []fact.Ref { return s.Refs }}
	return page{rows: t, head: t.head, detail: func(i, w int) lines {
		k := all[i]
		s := sheet{w: w, refs: k.Refs}
		s.title(joined(" ", k.Netid, k.State, k.Local))
		s.field("peer", joined("  ", k.Peer, prefixed("the other end is ", k.PeerState)))
		s.field("queues", fmt.Sprintf("receive %s, send %s", number(k.RecvQ), number(k.SendQ)))
		s.field("inode", fmt.Sprintf("%d, peer %s", k.Inode, number(k.PeerInode)))
		s.field("namespace", cmp.Or(k.NetNS, "the node's own"))
		s.field("endpoint", k.Endpoint)
		for _, o := range k.Owners {
			s.field("held by", fmt.Sprintf("%s (%d) fd %d", o.Name, o.PID, o.FD))
		}
		for _, o := range k.PeerOwners {
			s.field("peer is", fmt.Sprintf("%s (%d) fd %d", o.Name, o.PID, o.FD))
		}
		s.places("told by", k.Refs)
		return s.rows
	}}
}

func holders(owners []fact.SocketOwner) string {
	var out []string
	for _, o := range owners {
		out = append(out, fmt.Sprintf("%s (%d)", o.Name, o.PID))
	}
	return strings.Join(out, ", ")
}

func containers(m *model, _ *route) page {
	all := pointers(m.report.Tables.Containers)
	t := table[fact.Container]{items: all, columns: []column[fact.Container]{
		{title: "ID", width: 12, text: func(c *fact.Container) string { return fmt.Sprintf("%.12s", c.ID) }},
		{title: "DOCKER", width: 10, text: func(c *fact.Container) string { return cmp.Or(c.Docker, "?") }},
		{title: "TASK", width: 8, drop: 80, text: func(c *fact.Container) string { return cmp.Or(c.Task, "?") }},
		{title: "FREEZER", width: 8, drop: 80, text: func(c *fact.Container) string { return cmp.Or(c.Freezer, "?") }},
		{title: "PID", width: 7, right: true, drop: 60, text: func(c *fact.Container) string { return number(c.PID) }},
		{title: "NAME", text: func(c *fact.Container) string { return c.Label() }},
	}, refs: func(c *fact.Container) []fact.Ref { return c.Refs }}
	return page{rows: t, head: t.head, detail: func(i, w int) lines { return m.containerSheet(all[i], w) }}
}

// containerSheet holds what docker, containerd and the node say of a container side by
// side.
func (m *model) containerSheet(c *fact.Container, w int) lines {
	s := sheet{w: w, refs: c.Refs}
	s.title(cmp.Or(c.Label(), c.ID))
	s.field("id", c.ID)
	s.field("docker", joined(", ", c.Docker, "pid "+number(c.PID), prefixed("paused ", yesNo(c.Paused)), prefixed("OOM killed ", yesNo(c.OOMKilled)), prefixed("started ", clock(c.Started))))
	s.field("containerd", joined(", ", c.Task, prefixed("pid ", strings.Trim(number(c.TaskPID), "?")), c.Runtime, c.Namespace, map[bool]string{true: "no task"}[c.NoTask]))
	s.field("shim", joined(", ", fmt.Sprint("pid ", c.Shim), prefixed("alive ", yesNo(c.ShimAlive)), prefixed("state ", c.ShimState), prefixed("blocked in ", c.ShimBlocked), prefixed("mounts of ", string(c.ShimSide))))
	s.field("init alive", yesNo(c.InitAlive))
	s.field("freezer", joined(", ", c.Freezer, prefixed("frozen above, at ", c.FrozenAbove)), some(c.FreezerRef)...)
	s.field("pids", usage(c.Pids, c.PidsMax), some(c.PidsRef)...)
	s.field("memory", usage(c.Memory, c.MemoryMax))
	s.field("pod", joined("/", c.PodNamespace, c.Pod))
	s.field("rootfs", c.Rootfs)
	s.field("log driver", c.LogDriver)
	s.field("state.json", c.StateFile, some(c.StateFileRef)...)
	const most = 200
	inside := m.lookup().inside[containerKey(c.At, c.ID)]
	if len(inside) > 0 {
		s.title(fmt.Sprintf("processes (%d)", len(inside)))
	}
	for _, p := range inside[:min(len(inside), most)] {
		s.field(strconv.Itoa(p.PID), joined("  ", p.State, waitsFor(p), commandOf(p)), p.Refs...)
	}
	s.title("in the bundle")
	s.places("", c.Refs)
	return s.rows
}

// usage is how much of a limit is used, "" unknown.
func usage(n, most fact.Opt[int64]) string {
	switch {
	case !n.Known:
		return ""
	case !most.Known:
		return number(n)
	case most.V >= math.MaxInt64>>12<<12: // the kernel's "max", in bytes rounded to pages
		return number(n) + ", no limit"
	}
	return number(n) + " of " + number(most)
}

// containerLink names the container of something.
func (m *model) containerLink(s *sheet, id string) {
	if id == "" {
		return
	}
	text := fmt.Sprintf("%.12s", id)
	for _, c := range m.report.Tables.Containers {
		if c.ID == id {
			text += "  " + c.Label()
			s.field("container", text, c.Refs...)
			return
		}
	}
	s.field("container", text)
}

// entry is a source of the bundle, the step that collected it, or a step that left
// none.
type entry struct {
	source *fact.Source
	item   *fact.Item
}

func (e *entry) state() fact.State {
	if e.source != nil && (e.source.State != fact.Complete || e.item == nil) {
		return e.source.State
	}
	return e.item.State
}

func (e *entry) path() string {
	if e.source != nil {
		return e.source.Path
	}
	return cmp.Or(e.item.Path, e.item.Command)
}

// sources are the members of the bundle with the health of the collection; what is not
// whole comes first.
func sources(m *model, _ *route) page {
	tables := m.report.Tables
	items := map[string]*fact.Item{}
	var all []entry
	for i := range tables.Items {
		items[tables.Items[i].Path] = &tables.Items[i]
	}
	held := map[string]bool{}
	for i := range tables.Sources {
		s := &tables.Sources[i]
		held[s.Path] = true
		all = append(all, entry{s, items[s.Path]})
	}
	for i := range tables.Items {
		if it := &tables.Items[i]; !held[it.Path] {
			all = append(all, entry{nil, it})
		}
	}
	whole := func(e *entry) int { return map[bool]int{true: 1}[e.state() == fact.Complete] }
	list := sorted(all, func(a, b *entry) int { return cmp.Or(whole(a)-whole(b), strings.Compare(a.path(), b.path())) })
	t := table[entry]{items: list, columns: []column[entry]{
		{title: "STATE", width: 9, text: func(e *entry) string { return string(e.state()) }},
		{title: "BYTES", width: 11, right: true, drop: 60, text: func(e *entry) string {
			if e.source == nil {
				return ""
			}
			return strconv.FormatInt(e.source.Size, 10)
		}},
		{title: "TOOK", width: 7, right: true, drop: 90, text: func(e *entry) string {
			if e.item == nil || e.item.Duration == 0 {
				return ""
			}
			return fmt.Sprintf("%.1fs", e.item.Duration.Seconds())
		}},
		{title: "KIND", width: 15, drop: 80, text: func(e *entry) string {
			if e.source == nil {
				return ""
			}
			return string(e.source.Kind)
		}},
		{title: "PATH", text: (*entry).path},
	}, refs: func(e *entry) []fact.Ref {
		if e.source != nil {
			return []fact.Ref{lineRef(e.source.Path, 1)}
		}
		return e.item.Refs
	}, tone: func(e *entry) tone {
		switch e.state() {
		case fact.Complete:
			return normal
		case fact.TimedOut, fact.Truncated:
			return bad
		}
		return warn
	}}
	return page{rows: t, head: t.head, detail: func(i, w int) lines { return m.entrySheet(list[i], w) }}
}

// entrySheet tells how a source came to be, what is wrong with it, and how it begins.
func (m *model) entrySheet(e *entry, w int) lines {
	const preview = 200
	s := sheet{w: w}
	if e.source != nil {
		s.refs = []fact.Ref{lineRef(e.source.Path, 1)}
	}
	s.title(e.path())
	if it := e.item; it != nil {
		s.field("command", it.Command, it.Refs...)
		s.field("result", joined(", ", string(it.State), "rc "+number(it.RC), fmt.Sprintf("took %.1f s", it.Duration.Seconds()), prefixed("at ", clock(it.Start))), it.Refs...)
	}
	if e.source == nil {
		return s.rows
	}
	s.field("kind", joined(", ", cmp.Or(string(e.source.Kind), "unknown"), fmt.Sprintf("%d bytes", e.source.Size), prefixed("sha256 ", e.source.SHA256)))
	for _, p := range m.report.Problems {
		if p.Ref.Source == e.source.Path {
			s.field("problem", p.Text, p.Ref)
		}
	}
	if slices.Contains([]fact.Kind{fact.KindBinary, fact.KindArchive, fact.KindProfile}, e.source.Kind) {
		return s.rows
	}
	if quoted, ok := m.quoted(e.source.Path, 1, preview); ok {
		s.rows = append(s.rows, row{})
		for i, l := range quoted {
			s.rows = append(s.rows, row{text: l, line: l, refs: []fact.Ref{lineRef(e.source.Path, i+1)}})
		}
	}
	return s.rows
}
