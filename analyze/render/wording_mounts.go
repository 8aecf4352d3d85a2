package render

import (
	"cmp"
	"fmt"

	"culprit/analyze/fact"
)

func rootfsText(r *fact.Rootfs) string {
	who := fmt.Sprintf("%s (%d)", cmp.Or(r.HolderComm, "a process"), r.Holder)
	if r.HolderUnit != "" {
		who += " of " + r.HolderUnit
	}
	if r.Side == fact.SideDockerd {
		who = "dockerd's namespace"
	}
	text := fmt.Sprintf("%s has the root filesystem of %s at %s", who, r.Name, r.Point)
	if r.Linked.Known && !r.Linked.V {
		text += ", out of reach of dockerd's unmount"
	}
	return text
}

func mountText(m *fact.Mount) string {
	text := fmt.Sprintf("%s (%s %s)", m.Point, m.FSType, m.Device)
	switch {
	case m.Shared == 0 && m.Master == 0:
		text += " is private"
	case m.Shared == 0:
		text += fmt.Sprintf(" is a slave of peer group %d", m.Master)
	default:
		text += fmt.Sprintf(" is in peer group %d", m.Shared)
	}
	if m.Copies > 1 {
		text += fmt.Sprintf(" and is there %d times", m.Copies)
	}
	return text
}

func nodeText(n *fact.Node) string {
	text := "kernel " + cmp.Or(n.Kernel, "unknown")
	switch n.ForeignMounts {
	case "block":
		text += ", on which a mount of another namespace blocks rmdir"
	case "detach":
		text += ", on which rmdir detaches mounts of other namespaces"
	}
	return text
}
