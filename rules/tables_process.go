package rules

import (
	"strconv"
	"strings"
	"time"

	"culprit/analyze/fact"
)

// waitRecord is keyed by the process, as a process whose state nobody told has
// an unknown wait, not an ordinary one.
var waitRecord = func() *Schema {
	type T = fact.Process
	stated := func(r *T) bool { return r.State != "" || r.Wait.Class != fact.WaitNone }
	return &Schema{Name: "wait", Doc: "what a process waits for", Columns: []Column{
		textCol("class", `why it does not run: "uninterruptible", "frozen", "stopped", "traced", "zombie", "children", "" none of them`,
			func(r *T) (string, bool) { return string(r.Wait.Class), stated(r) }),
		textCol("on", `subsystem that owns the wait: "frozen-fs", "nfs", "fuse", "ceph", "xfs", "block", "cgroup" ..., "none" for an ordinary state; unknown without a kernel stack`,
			func(r *T) (string, bool) {
				if r.Wait.Class == fact.WaitNone {
					return "none", stated(r)
				}
				return r.Wait.On, r.Wait.On != ""
			}),
		strCol("frame", "kernel function that decided", func(r *T) string { return r.Wait.Frame }),
		listCol("via", "frames above it", func(r *T) ([]string, bool) { return r.Wait.Via, r.Stack != nil }),
		intCol("blocker", "pid that a dying init waits for, 0 none found", func(r *T) fact.Opt[int64] { return opt(int64(r.Wait.Blocker)) }),
		strCol("blocker_class", "why that one does not run", func(r *T) string { return string(r.Wait.BlockerClass) }),
		intCol("mounts", "number of superblocks it can be waiting on, 0 when the evidence names none", func(r *T) fact.Opt[int64] {
			n := 0
			for _, k := range r.Wait.Mounts {
				if k.Named() {
					n++
				}
			}
			return opt(int64(n))
		}),
		strCol("mount", "mount points it can be waiting on", func(r *T) string { return keyNames(r.Wait.Mounts) }),
	}}
}()

func keyNames(keys []fact.Key) string {
	var names []string
	for _, k := range keys {
		names = append(names, k.Name)
	}
	return strings.Join(names, ", ")
}

var processesTable = func() *Schema {
	type T = fact.Process
	place := func(r *T) fact.Place { return r.At }
	s := table(Schema{
		Name: "processes", whole: fact.KeyPID,
		Doc: "processes and what they wait for",
		Columns: []Column{
			intCol("pid", "process id on the node", func(r *T) fact.Opt[int64] { return opt(int64(r.PID)) }),
			intCol("ppid", "parent's process id", func(r *T) fact.Opt[int64] { return widen(r.PPID) }),
			strCol("comm", "command name", func(r *T) string { return r.Comm }),
			// A class path may be a hundred KiB long, and a pattern over it too dear.
			strCol("args", "command line, its first 4,096 bytes", func(r *T) string { return r.Args[:min(len(r.Args), 4096)] }),
			knownStr("state", "state letter", func(r *T) string { return r.State }),
			knownStr("wchan", "kernel function it sleeps in", func(r *T) string { return r.WChan }),
			listCol("stack", "kernel functions, innermost first; unknown without its stack", func(r *T) ([]string, bool) { return r.Stack, r.Stack != nil }),
			strCol("daemon", "its role: dockerd, containerd, containerd-shim, kubelet, runc or none", func(r *T) string { return r.Daemon }),
			strCol("container", "id of its container, empty for a process of the node", func(r *T) string { return r.Container }),
			boolCol("is_init", "it is the init of its container", func(r *T) fact.Opt[bool] {
				return fact.Opt[bool]{V: len(r.NSPID) > 1 && r.NSPID[len(r.NSPID)-1] == 1, Known: r.NSPID != nil}
			}),
			boolCol("by_exec", "an exec brought it into its container", func(r *T) fact.Opt[bool] { return r.ByExec }),
			boolCol("kill_pending", "a SIGKILL waits and cannot act", func(r *T) fact.Opt[bool] { return r.KillPending }),
			withLine(knownStr("freezer", "state of its cgroup's freezer: THAWED, FREEZING or FROZEN", func(r *T) string { return r.Freezer }),
				func(r *T) fact.Ref { return r.FreezerRef }),
			boolCol("hung", "the kernel reported it hung and it still is in D", func(r *T) fact.Opt[bool] { return r.Hung }),
			boolCol("parent_runs", "its parent is in the same container and could reap it; for zombies", func(r *T) fact.Opt[bool] { return r.ParentRuns }),
			durCol("age", "time since its start", func(r *T) fact.Opt[time.Duration] { return r.Age }),
			recordCol("wait", "what it waits for", waitRecord, func(r *T) any { return r }),
		},
		header: func(c fact.Coverage) any { return &T{At: c.At} },
	}, func(t *fact.Tables) []T { return t.Processes }, place, processRefs)
	s.keys = map[fact.KeyKind]func(any) []fact.Key{
		fact.KeyContainer: keyed(fact.KeyContainer, func(r *T) (fact.Place, string, string) { return r.At, r.Container, "" }),
		fact.KeyPID:       keyed(fact.KeyPID, func(r *T) (fact.Place, string, string) { return r.At, strconv.Itoa(r.PID), r.Comm }),
		fact.KeyDaemon:    keyed(fact.KeyDaemon, func(r *T) (fact.Place, string, string) { return r.At, daemonID(r.Daemon), r.Daemon }),
		fact.KeyMount:     func(row any) []fact.Key { return row.(*T).Wait.Mounts },
		fact.KeyNode:      nodeKey(place),
	}
	return s
}()

// processRefs puts first what shows the wait, then what names its superblock and
// what shows the pending SIGKILL.
func processRefs(r *fact.Process) []fact.Ref {
	refs := fact.AppendRefs(nil, r.Wait.Refs...)
	if len(refs) > 0 {
		refs = fact.AppendRefs(refs[:1:1], r.Wait.MountRefs[:min(1, len(r.Wait.MountRefs))]...)
	}
	refs = fact.AppendRefs(refs, r.KillRef)
	refs = fact.AppendRefs(refs, r.Wait.MountRefs...)
	refs = fact.AppendRefs(refs, r.Wait.Refs...)
	return fact.AppendRefs(refs, r.Refs...)
}

// daemonID leaves out processes that are no daemon with an instance of its own.
func daemonID(role string) string {
	switch role {
	case "dockerd", "containerd", "kubelet", "crio":
		return role
	}
	return ""
}
