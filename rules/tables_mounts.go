package rules

import (
	"strings"

	"culprit/analyze/fact"
)

var mountsTable = func() *Schema {
	type T = fact.Mount
	place := func(r *T) fact.Place { return r.At }
	s := table(Schema{
		Name: "mounts",
		Doc:  "mountinfo lines, once a mount namespace",
		Columns: []Column{
			strCol("fstype", "filesystem type", func(r *T) string { return r.FSType }),
			strCol("device", "source of the mount", func(r *T) string { return r.Device }),
			strCol("point", "mount point", func(r *T) string { return r.Point }),
			strCol("dev", "major:minor", func(r *T) string { return r.Dev }),
			strCol("root", "path inside the filesystem", func(r *T) string { return r.Root }),
			knownStr("side", "whose mount namespace it is in: dockerd, host, shim, container, process", func(r *T) string { return string(r.Side) }),
			boolCol("cuts_propagation", "root of a graph driver that is a private bind of itself below a shared mount", func(r *T) fact.Opt[bool] { return opt(r.CutsPropagation) }),
			intCol("copies", "how often its namespace shows the same at the same place", func(r *T) fact.Opt[int64] { return opt(int64(r.Copies)) }),
		},
		header: func(c fact.Coverage) any { return &T{At: c.At} },
	}, func(t *fact.Tables) []T { return t.Mounts }, place, func(r *T) []fact.Ref { return r.Refs })
	s.keys = map[fact.KeyKind]func(any) []fact.Key{
		fact.KeyMount:     keyed(fact.KeyMount, func(r *T) (fact.Place, string, string) { return r.At, r.Dev, r.Point }),
		fact.KeyContainer: keyed(fact.KeyContainer, func(r *T) (fact.Place, string, string) { return r.At, r.Container, "" }),
		fact.KeyNode:      nodeKey(place),
	}
	return s
}()

var rootfsTable = func() *Schema {
	type T = fact.Rootfs
	place := func(r *T) fact.Place { return r.At }
	s := table(Schema{
		Name: "rootfs",
		Doc:  "mounts of containers' root filesystems outside of the containers themselves",
		Columns: []Column{
			strCol("layer", "what the graph driver calls it", func(r *T) string { return r.Layer }),
			strCol("name", "its container, else the beginning of the layer", func(r *T) string { return r.Name }),
			strCol("point", "where it is mounted", func(r *T) string { return r.Point }),
			strCol("origin", "where the engine mounts it", func(r *T) string { return r.Origin }),
			strCol("fstype", "filesystem type", func(r *T) string { return r.FSType }),
			boolCol("bound", "it shows at another place than the engine's", func(r *T) fact.Opt[bool] { return opt(r.Bound()) }),
			knownStr("side", "whose mount namespace it is in: dockerd, host, shim, container, process", func(r *T) string { return string(r.Side) }),
			boolCol("linked", "an unmount by dockerd reaches it", func(r *T) fact.Opt[bool] { return r.Linked }),
			boolCol("live", "its container runs", func(r *T) fact.Opt[bool] { return r.Live }),
			intCol("holder", "process that keeps the namespace alive, 0 none listed", func(r *T) fact.Opt[int64] { return opt(int64(r.Holder)) }),
			strCol("holder_comm", "its command name", func(r *T) string { return r.HolderComm }),
			strCol("holder_unit", "its systemd unit", func(r *T) string { return r.HolderUnit }),
		},
		header: func(c fact.Coverage) any { return &T{At: c.At} },
	}, func(t *fact.Tables) []T { return t.Rootfs }, place, func(r *T) []fact.Ref { return r.Refs })
	s.keys = map[fact.KeyKind]func(any) []fact.Key{
		fact.KeyMount:     func(row any) []fact.Key { return []fact.Key{row.(*T).Key()} },
		fact.KeyContainer: keyed(fact.KeyContainer, func(r *T) (fact.Place, string, string) { return r.At, r.HolderContainer, "" }),
		fact.KeyNode:      nodeKey(place),
	}
	return s
}()

// mountFlags is the last MountFlags= of the daemon's unit and drop-ins, "default"
// where they set none, "" where no unit was read.
func mountFlags(d *fact.Daemon) string {
	if len(d.UnitOptions) == 0 {
		return ""
	}
	flags := "default"
	for _, option := range d.UnitOptions {
		if value, ok := strings.CutPrefix(option, "MountFlags="); ok {
			flags = value
		}
	}
	if flags == "" {
		return "default"
	}
	return flags
}
