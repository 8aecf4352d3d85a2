package tui

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"culprit/analyze/fact"
)

// processes has first those that do not run as they should; or all below their
// parents.
func processes(m *model, r *route) page {
	rank := func(p *fact.Process) int {
		switch {
		case p.Wait.Class != fact.WaitNone:
			return 0
		case p.Daemon != "":
			return 1
		}
		return 2
	}
	all := sorted(m.report.Tables.Processes, func(a, b *fact.Process) int {
		first := 0
		switch {
		case r.group == 1 || r.sort == 1:
		case r.sort == 2:
			first = known(a.Age, b.Age)
		case r.sort == 3:
			first = known(a.RSS, b.RSS)
		default:
			first = rank(a) - rank(b)
		}
		return cmp.Or(first, strings.Compare(a.At.Node, b.At.Node), a.PID-b.PID)
	})
	var nodes []processNode
	if r.group == 1 {
		nodes = processTree(all, r.shut)
	} else {
		for _, p := range all {
			nodes = append(nodes, processNode{p: p})
		}
	}
	t := table[processNode]{items: pointers(nodes), columns: []column[processNode]{
		{title: "PID", width: 7, right: true, text: func(n *processNode) string { return strconv.Itoa(n.p.PID) }},
		{title: "PPID", width: 7, right: true, drop: 70, text: func(n *processNode) string { return number(n.p.PPID) }},
		{title: "S", width: 1, text: func(n *processNode) string { return cmp.Or(n.p.State, "?") }},
		{title: "AGE", width: 8, right: true, drop: 60, text: func(n *processNode) string { return age(n.p.Age) }},
		{title: "WAITS", width: 15, narrow: 10, text: func(n *processNode) string { return waitsFor(n.p) }},
		{title: "WCHAN", width: 22, drop: 100, text: func(n *processNode) string { return n.p.WChan }},
		{title: "CONTAINER", width: 12, drop: 120, text: func(n *processNode) string { return fmt.Sprintf("%.12s", n.p.Container) }},
		{title: "COMMAND", text: func(n *processNode) string { return n.stem + commandOf(n.p) }},
	}, refs: func(n *processNode) []fact.Ref { return n.p.Refs }, tone: func(n *processNode) tone {
		switch n.p.Wait.Class {
		case fact.WaitNone:
			return normal
		case fact.WaitUninterruptible:
			return bad
		}
		return warn
	}}
	return page{rows: branches[processNode]{t, func(n *processNode) string { return n.fold }}, head: t.head,
		detail: func(i, w int) lines { return m.processSheet(nodes[i].p, w) }}
}

func commandOf(p *fact.Process) string { return cmp.Or(p.Args, "["+p.Comm+"]") }

// waitsFor is what a process waits for, else how it stands still.
func waitsFor(p *fact.Process) string {
	if p.Wait.On != "" && p.Wait.On != "unknown" {
		return p.Wait.On
	}
	return string(p.Wait.Class)
}

// processNode is a process in the tree of parents.
type processNode struct {
	p          *fact.Process
	stem, fold string
}

// processTree puts processes below their parents; what is shut is left out.
func processTree(all []*fact.Process, shut map[string]bool) (out []processNode) {
	at := map[string]int{}
	for i, p := range all {
		at[pidKey(p.At, p.PID)] = i
	}
	parents := make([]int, len(all))
	for i, p := range all {
		parents[i] = -1
		if parent, ok := at[pidKey(p.At, p.PPID.V)]; ok && p.PPID.Known && parent != i {
			parents[i] = parent
		}
	}
	for _, t := range tree(parents, func(at int) bool { return shut[pidKey(all[at].At, all[at].PID)] }) {
		p := all[t.at]
		n := processNode{p: p, stem: t.stem + t.sign()}
		if t.branches {
			n.fold = pidKey(p.At, p.PID)
		}
		out = append(out, n)
	}
	return out
}

// processSheet tells what a process is, what it waits for and what it holds.
func (m *model) processSheet(p *fact.Process, w int) lines {
	s := sheet{w: w, refs: p.Refs}
	s.title(fmt.Sprintf("%d %s", p.PID, cmp.Or(p.Comm, p.Daemon)))
	s.field("command", p.Args, some(p.ArgsRef)...)
	s.field("state", joined(", ", p.State, string(p.Wait.Class), age(p.Age)), some(p.StateRef)...)
	s.field("parents", m.parents(p))
	if p.Wait.Class != fact.WaitNone {
		s.field("waits for", joined("  ", p.Wait.On, p.Wait.Frame, p.Wait.File), p.Wait.Refs...)
		for _, k := range p.Wait.Mounts {
			s.field("on", k.Name, p.Wait.MountRefs...)
		}
		if p.Wait.Blocker != 0 {
			s.field("blocked by", fmt.Sprintf("pid %d, %s", p.Wait.Blocker, p.Wait.BlockerClass))
		}
	}
	if p.KillPending.Known && p.KillPending.V {
		s.field("SIGKILL", "is pending: somebody tried to kill it and it cannot act", some(p.KillRef)...)
	}
	s.field("freezer", p.Freezer, some(p.FreezerRef)...)
	m.containerLink(&s, p.Container)
	s.field("namespaces", joined("  ", prefixed("mnt ", p.MntNS), prefixed("net ", p.NetNS), prefixed("pid ", p.PIDNS)))
	if p.FDCount.Known {
		s.field("files", fmt.Sprintf("%d open, limit %s", p.FDCount.V, number(p.NoFile)))
	}
	m.kernelStack(&s, p)
	m.files(&s, p)
	s.title("in the bundle")
	s.places("", p.Refs)
	return s.rows
}

// kernelStack shows the frames, innermost first.
func (m *model) kernelStack(s *sheet, p *fact.Process) {
	if len(p.Stack) == 0 {
		return
	}
	s.title("kernel stack, innermost first")
	for i, f := range p.Stack {
		ref := p.StackRef
		if ref.Line > 0 {
			ref = lineRef(ref.Source, ref.Line+i)
		}
		r := row{text: "  " + f, refs: some(ref)}
		if f == p.Wait.Frame {
			r.text, r.tone = r.text+"  decides what it waits for", bad
		}
		s.rows = append(s.rows, r)
	}
}

// files lists what the process has open.
func (m *model) files(s *sheet, p *fact.Process) {
	const most = 200
	if len(p.FDs) > 0 {
		s.title("open files")
	}
	for _, fd := range p.FDs[:min(len(p.FDs), most)] {
		s.field(strconv.Itoa(fd.N), fd.Target)
	}
	held := m.lookup().sockets[pidKey(p.At, p.PID)]
	if len(held) > 0 {
		s.title("sockets")
	}
	for _, k := range held[:min(len(held), most)] {
		for _, o := range k.Owners {
			if o.PID == p.PID {
				s.field(fmt.Sprintf("fd %d", o.FD), joined("  ", k.Netid, k.State, k.Local, prefixed("peer ", holders(k.PeerOwners))), k.Refs...)
			}
		}
	}
	if n := len(held) + len(p.FDs); n > most {
		s.field("", fmt.Sprintf("%d files and sockets in all", n))
	}
}

// parents is the line of parents up to init.
func (m *model) parents(p *fact.Process) string {
	const most = 20
	text := ""
	for o := p; o.PPID.Known && o.PPID.V != 0 && strings.Count(text, " < ") < most; {
		parent := m.lookup().processes[pidKey(p.At, o.PPID.V)]
		if parent == nil {
			return text + fmt.Sprintf("%d (not seen)", o.PPID.V)
		}
		text += fmt.Sprintf("%d %s < ", parent.PID, parent.Comm)
		if o = parent; o == p {
			break
		}
	}
	return strings.TrimSuffix(text, " < ")
}

// some is a ref where there is one.
func some(ref fact.Ref) []fact.Ref {
	if ref.Source == "" {
		return nil
	}
	return []fact.Ref{ref}
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}
