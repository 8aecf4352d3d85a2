package rules

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"culprit/analyze/fact"
)

// tables are what rules can select from, by name.
var tables = func() map[string]*Schema {
	m := map[string]*Schema{}
	for _, s := range []*Schema{
		stacksTable, hitsTable, processesTable, containersTable, socketsTable, clientsTable, daemonsTable, mountsTable, rootfsTable,
		itemsTable, heapTable, nodesTable, cgroupsTable, samplesTable, locksTable,
	} {
		if m[s.Name] != nil {
			panic("rules: table " + s.Name + " twice")
		}
		m[s.Name] = s
	}
	return m
}()

// Tables lists the schemas of all tables by name.
func Tables() []*Schema {
	var list []*Schema
	for _, s := range tables {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *Schema) int { return strings.Compare(a.Name, b.Name) })
	return list
}

var stacksTable = func() *Schema {
	type T = fact.Stack
	place := func(r *T) fact.Place { return r.At }
	s := table(Schema{
		Name: "stacks", Weight: "count",
		Doc: "groups of goroutines with the same stack, one merged view a daemon",
		Columns: []Column{
			knownStr("daemon", "program the dump is of", func(r *T) string { return r.Daemon }),
			intCol("count", "goroutines in the group", func(r *T) fact.Opt[int64] { return opt(r.Count) }),
			knownStr("state", "commonest wait reason; unknown in debug=1 and protobuf", func(r *T) string { return r.State }),
			durCol("max_wait", "longest printed age; unknown in debug=1 and protobuf", func(r *T) fact.Opt[time.Duration] { return r.MaxWait }),
			durCol("min_wait", "shortest printed age", func(r *T) fact.Opt[time.Duration] { return r.MinWait }),
			strCol("top", "innermost function", func(r *T) string {
				if len(r.Frames) == 0 {
					return ""
				}
				return r.Frames[0]
			}),
			listCol("frames", "canonical function names, innermost first", func(r *T) ([]string, bool) { return r.Frames, r.Frames != nil }),
			strCol("http", `what it does for an HTTP connection: "idle" server without a request, "request" handler, "watch" beside one while the client is there, "kept" by a client's pool, "call" of a client, "" none`,
				func(r *T) string { return string(r.HTTP()) }),
			intCol("over_10m", "goroutines with a printed age of 10 minutes or more; unknown without ages", func(r *T) fact.Opt[int64] {
				return fact.Opt[int64]{V: r.Waited(10 * time.Minute), Known: r.Waits != nil}
			}),
			knownStr("creator", "function that started the goroutines", func(r *T) string { return r.Creator }),
			boolCol("lock_wait", "they wait for a mutex", func(r *T) fact.Opt[bool] { return opt(r.LockWait) }),
			intCol("locks", "different locks they wait for; unknown in debug=1 and protobuf", func(r *T) fact.Opt[int64] { return widen(r.Locks) }),
			boolCol("holds", "they work on a container whose lock others wait for and wait elsewhere themselves; unknown where no argument names one", func(r *T) fact.Opt[bool] { return r.Holds }),
		},
		known:  []string{"daemon"},
		header: func(c fact.Coverage) any { return &T{At: c.At, Daemon: c.Daemon} },
	}, func(t *fact.Tables) []T { return t.Stacks }, place, func(r *T) []fact.Ref { return r.Refs })
	s.keys = map[fact.KeyKind]func(any) []fact.Key{
		fact.KeyContainer: func(row any) []fact.Key { return row.(*T).Containers },
		fact.KeyDaemon:    keyed(fact.KeyDaemon, func(r *T) (fact.Place, string, string) { return r.At, r.Daemon, r.Daemon }),
		fact.KeyNode:      nodeKey(place),
	}
	return s
}()

var hitsTable = func() *Schema {
	type T = fact.Hit
	place := func(r *T) fact.Place { return r.At }
	field := func(name string) func(r *T) string { return func(r *T) string { return r.Fields[name] } }
	s := table(Schema{
		Name: "hits", Weight: "count",
		Doc: "matches of one log signature with the same captured fields in one source",
		Columns: []Column{
			strCol("signature", "id of the signature", func(r *T) string { return r.Signature }),
			knownStr("daemon", "program that wrote the line", func(r *T) string { return r.Daemon }),
			intCol("count", "matching lines", func(r *T) fact.Opt[int64] { return opt(r.Count) }),
			knownStr("container", "id of the container that the line speaks of", func(r *T) string { return r.Container }),
			strCol("error", "captured error text", field("error")),
			strCol("pod", "captured pod", field("pod")),
			strCol("target", "captured object: server, device, path", field("target")),
			strCol("layer", "layer of the root filesystem that the line speaks of, empty for none", func(r *T) string { return r.Layer }),
			strCol("refused_forks", "forks that the container's cgroup counts as refused since its last start, empty where not told", func(r *T) string { return number(r.RefusedForks) }),
			strCol("oom_kills", "OOM kills that the container's cgroup counts since its last start, empty where not told", func(r *T) string { return number(r.OOMKills) }),
			strCol("text", "first matching line", func(r *T) string { return r.Text }),
			durCol("span", "time between first and last match", func(r *T) fact.Opt[time.Duration] {
				if r.First.IsZero() || r.Last.IsZero() {
					return fact.Opt[time.Duration]{}
				}
				return opt(r.Last.Sub(r.First))
			}),
		},
		known:  []string{"daemon"},
		header: func(c fact.Coverage) any { return &T{At: c.At, Daemon: c.Daemon} },
		times:  func(row any) ([]time.Time, bool) { return hitTimes(row.(*T)) },
	}, func(t *fact.Tables) []T { return t.Hits }, place, func(r *T) []fact.Ref { return r.Refs })
	s.keys = map[fact.KeyKind]func(any) []fact.Key{
		fact.KeyContainer: hitContainer,
		fact.KeyDaemon:    keyed(fact.KeyDaemon, func(r *T) (fact.Place, string, string) { return r.At, daemonID(r.Daemon), r.Daemon }),
		fact.KeyMount: func(row any) []fact.Key {
			if r := row.(*T); r.Layer != "" {
				return []fact.Key{r.LayerKey()}
			}
			return nil
		},
		fact.KeyNode: nodeKey(place),
	}
	return s
}()

// hitContainer is the container that a line speaks of. One that is there and that
// nothing names is a key of its own.
func hitContainer(row any) []fact.Key {
	r := row.(*fact.Hit)
	switch {
	case r.Container != "":
		name := ""
		if strings.Contains(r.Container, "/") {
			name = r.Container // a pod's, which no listing holds
		}
		return []fact.Key{fact.NewKey(fact.KeyContainer, r.At, r.Container, name)}
	case r.Unnamed:
		return []fact.Key{fact.Unnamed(fact.KeyContainer, r.At, "exec", "a container that the log does not name")}
	}
	return nil
}

var containersTable = func() *Schema {
	type T = fact.Container
	place := func(r *T) fact.Place { return r.At }
	s := table(Schema{
		Name: "containers", whole: fact.KeyContainer,
		Doc: "containers as docker, containerd and the process table know them",
		Columns: []Column{
			strCol("id", "full id", func(r *T) string { return r.ID }),
			strCol("name", "name, or the short id", func(r *T) string { return r.Name }),
			knownStr("docker", "docker's state: running, paused, exited, dead, removing ...", func(r *T) string { return r.Docker }),
			intCol("pid", "docker's idea of the init process", func(r *T) fact.Opt[int64] { return widen(r.PID) }),
			boolCol("inspected", "docker inspect of it is in the bundle", func(r *T) fact.Opt[bool] { return opt(r.PID.Known) }),
			boolCol("paused", "docker pause is in force", func(r *T) fact.Opt[bool] { return r.Paused }),
			knownStr("task", "containerd's task status, NONE when a complete listing lacks it", func(r *T) string {
				if r.NoTask {
					return "NONE"
				}
				return r.Task
			}),
			knownStr("runtime", "runtime as containerd or docker names it", func(r *T) string { return r.Runtime }),
			knownStr("freezer", "THAWED, FREEZING or FROZEN", func(r *T) string { return r.Freezer }),
			strCol("frozen_above", "path of a frozen cgroup above its own, empty for none", func(r *T) string { return r.FrozenAbove }),
			boolCol("shim_alive", "its shim is in a complete process listing", func(r *T) fact.Opt[bool] { return r.ShimAlive }),
			knownStr("shim_state", "state letter of its shim", func(r *T) string { return r.ShimState }),
			boolCol("settled", "it started well before the collection", func(r *T) fact.Opt[bool] { return r.Settled }),
			boolCol("shim_v1", "its shim is of runtime v1; unknown without a shim", func(r *T) fact.Opt[bool] { return fact.Opt[bool]{V: r.ShimV1, Known: r.Shim != 0} }),
			boolCol("init_alive", "its init process is in a complete process listing", func(r *T) fact.Opt[bool] { return r.InitAlive }),
			boolCol("containerd_restarted", "containerd is younger than the container's shim", func(r *T) fact.Opt[bool] { return r.ContainerdRestarted }),
			withLine(knownStr("shim_side", "whose mount namespace its shim lives in: dockerd, host, shim; none without a shim", func(r *T) string {
				if r.ShimAlive.Known && !r.ShimAlive.V {
					return "none"
				}
				return string(r.ShimSide)
			}), func(r *T) fact.Ref { return r.ShimSideRef }),
			boolCol("shim_older", "its shim is older than the running dockerd", func(r *T) fact.Opt[bool] { return r.ShimOlder }),
			strCol("pod", "pod it belongs to", func(r *T) string { return r.Pod }),
			strCol("shim_blocked", "function in which a dump of its shim shows it blocked, empty for none or no dump", func(r *T) string { return r.ShimBlocked }),
			knownStr("log_driver", "log driver: json-file, fluentd, awslogs ...", func(r *T) string { return r.LogDriver }),
			intCol("exit_code", "docker's exit code of a container that has exited", func(r *T) fact.Opt[int64] { return widen(r.ExitCode) }),
			boolCol("oom_killed", "docker saw the OOM killer end it", func(r *T) fact.Opt[bool] { return r.OOMKilled }),
			withLine(boolCol("pids_full", "it has as many processes and threads as its pids limit, or its pod's, allows, or one fewer", pidsFull), func(r *T) fact.Ref { return r.PidsRef }),
			withLine(intCol("refused_forks", "forks that its pids cgroup counts as refused since its last start", func(r *T) fact.Opt[int64] { return r.PidsRefused }),
				func(r *T) fact.Ref { return r.RefusedRef }),
			withLine(intCol("oom_kills", "OOM kills that its memory cgroup counts since its last start", func(r *T) fact.Opt[int64] { return r.OOMKills }),
				func(r *T) fact.Ref { return r.OOMRef }),
			boolCol("of_pod", "it is a container of a pod, and not the pod's sandbox", ofPod),
			withLine(knownStr("state_file", "what runc's state.json of it is: whole, empty or cut", func(r *T) string { return r.StateFile }),
				func(r *T) fact.Ref { return r.StateFileRef }),
			withLine(boolCol("exec_recovered", "after a failed exec later ones ended without failing; false when all failed since", func(r *T) fact.Opt[bool] { return r.ExecRecovered }),
				func(r *T) fact.Ref { return r.ExecRecoveredRef }),
		},
		header: func(c fact.Coverage) any { return &T{At: c.At} },
	}, func(t *fact.Tables) []T { return t.Containers }, place, func(r *T) []fact.Ref { return r.Refs })
	s.keys = map[fact.KeyKind]func(any) []fact.Key{
		fact.KeyContainer: keyed(fact.KeyContainer, func(r *T) (fact.Place, string, string) { return r.At, r.ID, r.Label() }),
		fact.KeyNode:      nodeKey(place),
	}
	return s
}()

var socketsTable = func() *Schema {
	type T = fact.Socket
	place := func(r *T) fact.Place { return r.At }
	s := table(Schema{
		Name: "sockets",
		Doc:  "unix and internet sockets",
		Columns: []Column{
			strCol("netid", "u_str, tcp ...", func(r *T) string { return r.Netid }),
			knownStr("state", "ESTAB, LISTEN ...", func(r *T) string { return r.State }),
			strCol("daemon", "daemon that holds it, empty for none", func(r *T) string { return r.Daemon }),
			strCol("endpoint", "docker.sock, containerd.sock ..., empty for others", func(r *T) string { return r.Endpoint }),
			knownStr("peer", `other end of a daemon's connection: "live" or "gone"`, func(r *T) string { return r.PeerState }),
			intCol("recv_q", "bytes, or for a listener connections, not yet taken", func(r *T) fact.Opt[int64] { return r.RecvQ }),
		},
		header: func(c fact.Coverage) any { return &T{At: c.At} },
	}, func(t *fact.Tables) []T { return t.Sockets }, place, func(r *T) []fact.Ref { return r.Refs })
	s.keys = map[fact.KeyKind]func(any) []fact.Key{
		fact.KeyDaemon: keyed(fact.KeyDaemon, func(r *T) (fact.Place, string, string) { return r.At, daemonID(r.Daemon), r.Daemon }),
		fact.KeyNode:   nodeKey(place),
	}
	return s
}()

var daemonsTable = func() *Schema {
	type T = fact.Daemon
	place := func(r *T) fact.Place { return r.At }
	s := table(Schema{
		Name: "daemons",
		Doc:  "instances of dockerd, containerd, kubelet",
		Columns: []Column{
			strCol("name", "dockerd, containerd, kubelet, crio, runc", func(r *T) string { return r.Name }),
			intCol("pid", "process id", func(r *T) fact.Opt[int64] { return fact.Opt[int64]{V: int64(r.PID), Known: r.PID != 0} }),
			knownStr("version", "as printed by the daemon", func(r *T) string { return r.Version }),
			knownStr("state", "process state letter", func(r *T) string { return r.State }),
			intCol("fds", "open file descriptors", func(r *T) fact.Opt[int64] { return widen(r.FDCount) }),
			withLine(intCol("nofile", "soft limit of open files", func(r *T) fact.Opt[int64] { return r.NoFile }),
				func(r *T) fact.Ref { return refIn(r.Refs, "limits") }),
			intCol("fds_percent", "open files in percent of the soft limit", func(r *T) fact.Opt[int64] { return percent(r.FDCount, r.NoFile) }),
			intCol("inotify", "inotify instances among the open files; unknown without a listing of them", func(r *T) fact.Opt[int64] { return widen(r.Inotify) }),
			withLine(intCol("listeners", "open /events streams as docker info prints them", func(r *T) fact.Opt[int64] { return r.Listeners }),
				func(r *T) fact.Ref { return r.ListenersRef }),
			intCol("rss_mib", "resident memory in MiB", func(r *T) fact.Opt[int64] { return fact.Opt[int64]{V: r.RSS.V >> 10, Known: r.RSS.Known} }),
			boolCol("live_restore", "live-restore is on", func(r *T) fact.Opt[bool] { return r.LiveRestore }),
			boolCol("own_mounts", "it lives in another mount namespace than pid 1", func(r *T) fact.Opt[bool] { return r.OwnMounts }),
			knownStr("propagation", "what its own mount namespace has with that of pid 1: slave, private or shared", func(r *T) string { return r.Propagation }),
			knownStr("mount_flags", "MountFlags= of its unit, default where the unit sets none", mountFlags),
			boolCol("used", "it is the runc that starts the containers; for runc", func(r *T) fact.Opt[bool] { return r.Used }),
			withLine(knownStr("cpu_manager", "policy of kubelet's CPU manager", func(r *T) string { return r.CPUManager }),
				func(r *T) fact.Ref { return r.CPUManagerRef }),
			boolCol("no_dump", "a goroutine dump was asked for and did not come", func(r *T) fact.Opt[bool] { return opt(r.NoDump) }),
		},
		known:  []string{"name"},
		header: func(c fact.Coverage) any { return &T{At: c.At, Name: c.Daemon} },
	}, func(t *fact.Tables) []T { return t.Daemons }, place, func(r *T) []fact.Ref { return r.Refs })
	s.keys = map[fact.KeyKind]func(any) []fact.Key{
		fact.KeyDaemon: keyed(fact.KeyDaemon, func(r *T) (fact.Place, string, string) { return r.At, r.Name, r.Name }),
		fact.KeyNode:   nodeKey(place),
	}
	return s
}()

var itemsTable = func() *Schema {
	type T = fact.Item
	place := func(r *T) fact.Place { return r.At }
	s := table(Schema{
		Name: "items",
		Doc:  "what the collector ran, and how it ended",
		Columns: []Column{
			strCol("command", "as it was run", func(r *T) string { return r.Command }),
			strCol("tool", "docker, ctr, df, curl ...", func(r *T) string { return r.Tool }),
			strCol("verb", "inspect, ps, tasks ls ...", func(r *T) string { return r.Verb }),
			strCol("state", "ok, timeout, denied, absent, truncated, skipped", func(r *T) string { return string(r.State) }),
			strCol("daemon", "daemon that had to answer, empty for none", func(r *T) string { return itemDaemon(r) }),
			strCol("container", "id of the container that a docker command names, empty for none", func(r *T) string { return r.Container }),
			boolCol("alone", "it timed out and the same command was answered for another container", func(r *T) fact.Opt[bool] { return opt(r.Alone) }),
		},
		header: func(c fact.Coverage) any { return &T{At: c.At} },
	}, func(t *fact.Tables) []T { return t.Items }, place, func(r *T) []fact.Ref { return r.Refs })
	s.keys = map[fact.KeyKind]func(any) []fact.Key{
		fact.KeyContainer: keyed(fact.KeyContainer, func(r *T) (fact.Place, string, string) { return r.At, r.Container, "" }),
		fact.KeyDaemon:    keyed(fact.KeyDaemon, func(r *T) (fact.Place, string, string) { return r.At, itemDaemon(r), itemDaemon(r) }),
		fact.KeyNode:      nodeKey(place),
	}
	return s
}()

// ofPod tells by the name k8s_CONTAINER_POD_NAMESPACE_UID_ATTEMPT, which docker's
// containers of pods have, a sandbox with POD for CONTAINER.
func ofPod(r *fact.Container) fact.Opt[bool] {
	name, pod := strings.CutPrefix(r.Name, "k8s_")
	return fact.Opt[bool]{V: pod && !strings.HasPrefix(name, "POD_"), Known: pod || r.Docker != ""}
}

// number is a number in digits, empty where it is not told.
func number(o fact.Opt[int64]) string {
	if !o.Known {
		return ""
	}
	return strconv.FormatInt(o.V, 10)
}

// pidsFull allows one fewer than the limit: the exec that was refused has ended.
func pidsFull(r *fact.Container) fact.Opt[bool] {
	return fact.Opt[bool]{V: r.PidsMax.V != fact.Unlimited && r.Pids.V >= r.PidsMax.V-1, Known: r.Pids.Known && r.PidsMax.Known}
}

// itemDaemon is the daemon that a collected command talks to.
func itemDaemon(r *fact.Item) string {
	switch r.Tool {
	case "docker":
		return "dockerd"
	case "ctr", "crictl":
		return "containerd"
	case "curl":
		switch {
		case strings.Contains(r.Command, "docker.sock"):
			return "dockerd"
		case strings.Contains(r.Command, "containerd"):
			return "containerd"
		}
	}
	return ""
}

var heapTable = func() *Schema {
	type T = fact.Heap
	place := func(r *T) fact.Place { return r.At }
	s := table(Schema{
		Name: "heap", Weight: "objects",
		Doc: "in-use memory by allocation site",
		Columns: []Column{
			knownStr("daemon", "program the profile is of", func(r *T) string { return r.Daemon }),
			strCol("func", "allocating function", func(r *T) string { return r.Func }),
			listCol("frames", "allocating function and its callers, innermost first", func(r *T) ([]string, bool) {
				return append([]string{r.Func}, r.Callers...), r.Func != ""
			}),
			intCol("objects", "objects in use", func(r *T) fact.Opt[int64] { return opt(r.InUseObjects) }),
			intCol("bytes", "bytes in use", func(r *T) fact.Opt[int64] { return opt(r.InUseBytes) }),
		},
		known:  []string{"daemon"},
		header: func(c fact.Coverage) any { return &T{At: c.At, Daemon: c.Daemon} },
	}, func(t *fact.Tables) []T { return t.Heap }, place, func(r *T) []fact.Ref { return r.Refs })
	s.keys = map[fact.KeyKind]func(any) []fact.Key{
		fact.KeyDaemon: keyed(fact.KeyDaemon, func(r *T) (fact.Place, string, string) { return r.At, r.Daemon, r.Daemon }),
		fact.KeyNode:   nodeKey(place),
	}
	return s
}()

var nodesTable = func() *Schema {
	type T = fact.Node
	place := func(r *T) fact.Place { return r.At }
	s := table(Schema{
		Name: "nodes",
		Doc:  "the machines",
		Columns: []Column{
			knownStr("kernel", "kernel release", func(r *T) string { return r.Kernel }),
			strCol("foreign_mounts", "what rmdir does with a mount point that only another mount namespace uses: detach, block, untold", func(r *T) string {
				return cmp.Or(r.ForeignMounts, "untold")
			}),
			knownStr("os", "name of the distribution", func(r *T) string { return r.OS }),
		},
		header: func(c fact.Coverage) any { return &T{At: c.At} },
	}, func(t *fact.Tables) []T { return t.Nodes }, place, func(r *T) []fact.Ref { return r.Refs })
	s.keys = map[fact.KeyKind]func(any) []fact.Key{fact.KeyNode: nodeKey(place)}
	return s
}()

var cgroupsTable = func() *Schema {
	type T = fact.Cgroup
	place := func(r *T) fact.Place { return r.At }
	s := table(Schema{
		Name: "cgroups",
		Doc:  "freezer states by cgroup",
		Columns: []Column{
			strCol("path", "path of the cgroup", func(r *T) string { return r.Path }),
			knownStr("freezer", "THAWED, FREEZING or FROZEN", func(r *T) string { return r.Freezer }),
			boolCol("self", "it was frozen here, not above", func(r *T) fact.Opt[bool] { return r.Self }),
		},
		header: func(c fact.Coverage) any { return &T{At: c.At} },
	}, func(t *fact.Tables) []T { return t.Cgroups }, place, func(r *T) []fact.Ref { return r.Refs })
	s.keys = map[fact.KeyKind]func(any) []fact.Key{fact.KeyNode: nodeKey(place)}
	return s
}()

var samplesTable = func() *Schema {
	type T = fact.Sample
	place := func(r *T) fact.Place { return r.At }
	s := table(Schema{
		Name: "samples",
		Doc:  "quantities of a process at several moments; grows judges them",
		Columns: []Column{
			strCol("daemon", "dockerd, containerd, or the name of a client", func(r *T) string { return r.Daemon }),
			intCol("pid", "process id", func(r *T) fact.Opt[int64] { return fact.Opt[int64]{V: int64(r.PID), Known: r.PID != 0} }),
			strCol("metric", "goroutines, fds, sockets, rss_kib", func(r *T) string { return r.Metric }),
			intCol("value", "how many", func(r *T) fact.Opt[int64] { return opt(r.Value) }),
		},
		known:  []string{"daemon"},
		header: func(c fact.Coverage) any { return &T{At: c.At, Daemon: c.Daemon} },
	}, func(t *fact.Tables) []T { return t.Samples }, place, func(r *T) []fact.Ref { return r.Refs })
	s.keys = map[fact.KeyKind]func(any) []fact.Key{
		fact.KeyDaemon: keyed(fact.KeyDaemon, func(r *T) (fact.Place, string, string) { return r.At, daemonID(r.Daemon), r.Daemon }),
		fact.KeyNode:   nodeKey(place),
	}
	return s
}()
