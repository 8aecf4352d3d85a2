package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

// mounts shows the mounts of each namespace as a tree, or all as a list.
func mounts(m *model, r *route) page {
	all := m.report.Tables.Mounts
	nodes := mountTree(all, r.shut, r.group == 0)
	columns := []column[mountNode]{
		{title: "ID", width: 6, right: true, drop: 90, text: func(n *mountNode) string { return n.id() }},
		{title: "TYPE", width: 8, text: func(n *mountNode) string { return n.fstype() }},
		{title: "PROPAGATION", width: 20, drop: 60, text: func(n *mountNode) string { return n.propagation() }},
		{title: "POINT", text: func(n *mountNode) string { return n.text }},
	}
	if r.group != 0 {
		columns = slices.Insert(columns, 0, column[mountNode]{title: "NAMESPACE", width: 11, drop: 80, text: func(n *mountNode) string { return n.mount.NS }})
	}
	t := table[mountNode]{items: pointers(nodes), columns: columns, refs: func(n *mountNode) []fact.Ref {
		if n.mount == nil {
			return nil
		}
		return n.mount.Refs
	}, tone: func(n *mountNode) tone {
		if n.mount == nil {
			return strong
		}
		return normal
	}}
	return page{rows: branches[mountNode]{t, func(n *mountNode) string { return n.fold }}, head: t.head, detail: func(i, w int) lines {
		n := &nodes[i]
		if n.mount == nil {
			return m.namespaceSheet(n, w)
		}
		return m.mountSheet(n.mount, w)
	}}
}

// branches are the rows of a table that is a tree.
type branches[T any] struct {
	table[T]
	fold func(*T) string
}

func (b branches[T]) Row(i, w int) row {
	r := b.table.Row(i, w)
	r.fold = b.fold(b.items[i])
	return r
}

// mountNode is a mount in its tree, or the namespace above its mounts.
type mountNode struct {
	mount *fact.Mount // nil for a namespace
	ns    []*fact.Mount
	text  string
	fold  string
}

func (n *mountNode) id() string {
	if n.mount == nil {
		return ""
	}
	return strconv.Itoa(n.mount.ID)
}

func (n *mountNode) fstype() string {
	if n.mount == nil {
		return "ns"
	}
	return n.mount.FSType
}

func (n *mountNode) propagation() string {
	if n.mount == nil {
		return fmt.Sprintf("%d mounts", len(n.ns))
	}
	return propagation(n.mount)
}

// mountTree flattens the trees of all namespaces; what is shut is left out.
func mountTree(all []fact.Mount, shut map[string]bool, tree bool) (out []mountNode) {
	type nsKey struct {
		at fact.Place
		ns string
	}
	byNS := map[nsKey][]*fact.Mount{}
	var order []nsKey
	for i := range all {
		if !tree {
			out = append(out, mountNode{mount: &all[i], text: all[i].Point})
			continue
		}
		k := nsKey{all[i].At, all[i].NS}
		if byNS[k] == nil {
			order = append(order, k)
		}
		byNS[k] = append(byNS[k], &all[i])
	}
	for _, k := range order {
		ns := byNS[k]
		root := mountNode{ns: ns, fold: joined("/", k.at.Node, k.ns), text: namespaceName(k.at, k.ns, ns)}
		root.text = foldSign(shut[root.fold]) + "namespace " + root.text
		out = append(out, root)
		if !shut[root.fold] {
			out = appendMounts(out, root.fold, ns, shut)
		}
	}
	return out
}

// foldSign stands before a node with branches.
func foldSign(shut bool) string {
	if shut {
		return "▸ "
	}
	return "▾ "
}

func namespaceName(at fact.Place, ns string, mounts []*fact.Mount) string {
	pids := ""
	if p := mounts[0].PIDs; len(p) > 0 {
		pids = fmt.Sprintf("pid %d", p[0])
		if len(p) > 1 {
			pids += fmt.Sprintf(" and %d more", len(p)-1)
		}
	}
	return joined("  ", ns, at.Node, pids, string(mounts[0].Side))
}

// appendMounts adds the mounts of one namespace below the one that they are mounted on.
func appendMounts(out []mountNode, name string, ns []*fact.Mount, shut map[string]bool) []mountNode {
	at := map[int]int{}
	for i, mnt := range ns {
		at[mnt.ID] = i
	}
	parents := make([]int, len(ns))
	for i, mnt := range ns {
		parents[i] = -1
		if parent, ok := at[mnt.Parent]; ok && parent != i {
			parents[i] = parent
		}
	}
	fold := func(at int) string { return name + "/" + strconv.Itoa(ns[at].ID) }
	for _, t := range tree(parents, func(at int) bool { return shut[fold(at)] }) {
		n := mountNode{mount: ns[t.at], text: "  " + t.stem + t.sign() + ns[t.at].Point}
		if t.branches {
			n.fold = fold(t.at)
		}
		out = append(out, n)
	}
	return out
}

// propagation is worded as the optional fields of mountinfo are.
func propagation(m *fact.Mount) string {
	var out []string
	for _, p := range []struct {
		name string
		id   int
	}{{"shared", m.Shared}, {"master", m.Master}, {"propagate_from", m.PropagateFrom}} {
		if p.id != 0 {
			out = append(out, fmt.Sprintf("%s:%d", p.name, p.id))
		}
	}
	if m.Unbindable {
		out = append(out, "unbindable")
	}
	if len(out) == 0 {
		return "private"
	}
	return strings.Join(out, " ")
}

func (m *model) namespaceSheet(n *mountNode, w int) lines {
	first := n.ns[0]
	s := sheet{w: w, refs: first.Refs}
	s.title("mount namespace " + first.NS)
	s.field("side", string(first.Side))
	s.field("container", first.Container)
	s.field("mounts", strconv.Itoa(len(n.ns)))
	const most = 200
	for _, pid := range first.PIDs[:min(len(first.PIDs), most)] {
		if p := m.lookup().processes[pidKey(first.At, pid)]; p != nil {
			s.field(fmt.Sprintf("pid %d", pid), cmp.Or(p.Args, p.Comm), p.Refs...)
		}
	}
	s.places("told by", first.Refs)
	return s.rows
}

// mountSheet tells of one mount, of who else sees it, and of who uses it.
func (m *model) mountSheet(mnt *fact.Mount, w int) lines {
	s := sheet{w: w, refs: mnt.Refs}
	s.title(mnt.Point)
	s.field("namespace", namespaceName(mnt.At, mnt.NS, []*fact.Mount{mnt}))
	s.field("filesystem", joined("  ", mnt.FSType, mnt.Device, "device "+mnt.Dev, "root "+mnt.Root), mnt.Refs...)
	s.field("propagation", propagation(mnt)+propagationWords(mnt))
	if mnt.CutsPropagation {
		s.field("", "a private bind of itself below a shared mount: no unmount below it is propagated")
	}
	if mnt.Copies > 1 {
		s.field("stacked", fmt.Sprintf("%d times at the same place", mnt.Copies))
	}
	m.users(&s, mnt)
	m.peers(&s, mnt)
	s.title("options")
	s.field("mount", strings.Join(mnt.Options, ","))
	s.field("superblock", strings.Join(mnt.Super, ","))
	return s.rows
}

// propagationWords says what the fields mean: mount_namespaces(7).
func propagationWords(m *fact.Mount) string {
	switch {
	case m.Shared != 0 && m.Master != 0:
		return " (receives from its master and passes on to its peers)"
	case m.Shared != 0:
		return " (mounts and unmounts below it reach its peers)"
	case m.Master != 0:
		return " (receives from its master, passes nothing on)"
	}
	return " (nothing below it reaches another namespace)"
}

// peers lists the namespaces that share the filesystem, and how they hang together.
func (m *model) peers(s *sheet, mnt *fact.Mount) {
	const most = 50
	n := 0
	for _, o := range m.lookup().mounts[deviceKey(mnt.At.Node, mnt.At.Boot, mnt.Dev)] {
		if o == mnt || o.At != mnt.At || o.Root != mnt.Root {
			continue
		}
		how := "no propagation between them"
		switch {
		case mnt.Shared != 0 && o.Shared == mnt.Shared:
			how = "peer"
		case mnt.Shared != 0 && o.Master == mnt.Shared:
			how = "receives from here"
		case mnt.Master != 0 && o.Shared == mnt.Master:
			how = "sends here"
		}
		if n++; n > most {
			continue
		}
		if n == 1 {
			s.title("the same filesystem elsewhere")
		}
		s.field(o.NS, joined("  ", o.Point, how, string(o.Side)), o.Refs...)
	}
	if n > most {
		s.field("", fmt.Sprintf("and %d more", n-most))
	}
}

// users lists who holds the mount: processes that wait on it or have files open below
// it, and for the root filesystem of a container who keeps its namespace.
func (m *model) users(s *sheet, mnt *fact.Mount) {
	const most = 50
	began := false
	user := func(name, text string, refs []fact.Ref) {
		if !began {
			s.title("who uses it")
			began = true
		}
		s.field(name, text, refs...)
	}
	for _, rf := range m.report.Tables.Rootfs {
		if rf.At == mnt.At && rf.Point == mnt.Point && rf.NS == mnt.NS {
			user("kept by", joined("  ", fmt.Sprintf("pid %d %s", rf.Holder, rf.HolderComm), rf.HolderUnit, "root filesystem of "+rf.Name, "unmount arrives: "+cmp.Or(yesNo(rf.Linked), "unknown")), rf.Refs)
		}
	}
	waiters := m.lookup().waiters[deviceKey(mnt.At.Node, mnt.At.Boot, mnt.Dev)]
	for _, p := range waiters[:min(len(waiters), most)] {
		user(fmt.Sprintf("pid %d", p.PID), joined(" ", p.Comm, "waits on it in", p.Wait.Frame), p.Refs)
	}
	for _, pid := range mnt.PIDs[:min(len(mnt.PIDs), most)] {
		p := m.lookup().processes[pidKey(mnt.At, pid)]
		if p == nil || len(mnt.Point) < 2 { // everything lies below the root
			continue
		}
		for _, fd := range p.FDs {
			if strings.HasPrefix(fd.Target, mnt.Point+"/") {
				user(fmt.Sprintf("pid %d", p.PID), fmt.Sprintf("%s has %s open", p.Comm, fd.Target), p.Refs)
			}
		}
	}
}
