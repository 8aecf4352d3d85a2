package join

import (
	"strings"
	"testing"
	"time"

	"culprit/analyze/fact"
)

var (
	idA = strings.Repeat("a", 64)
	idB = strings.Repeat("b", 64)
)

func ref(source string) fact.Ref { return fact.Ref{Source: source, Line: 1} }

func frozen(frames string) []string {
	return append([]string{"percpu_rwsem_wait"}, strings.Fields(frames)...)
}

func mount(ns, dev, root, point, fstype string) fact.Mount {
	return fact.Mount{NS: ns, Dev: dev, Root: root, Point: point, FSType: fstype, Options: []string{"rw"}, Super: []string{"rw"}, Refs: []fact.Ref{ref("mountinfo" + dev)}}
}

// node is one container whose shim is 400, with the host's and its own mounts.
func node(processes ...fact.Process) *fact.Tables {
	base := []fact.Process{
		{PID: 1, State: "S", MntNS: "host"},
		{PID: 90, State: "S", Comm: "dockerd", Daemon: "dockerd", MntNS: "host", FDs: []fact.FD{{N: 1, Target: "/var/log/dockerd.log"}}},
		{PID: 95, State: "S", Comm: "containerd", Daemon: "containerd", Start: fact.Some(int64(100))},
		{PID: 400, State: "S", Daemon: "containerd-shim", Serves: idA, ServesNamespace: "moby", ServesV1: true, Start: fact.Some(int64(200)), PPID: fact.Some(95)},
	}
	overlay := mount("co", "0:53", "/", "/", "overlay")
	overlay.Super = []string{"rw", "lowerdir=/l", "upperdir=/var/lib/docker/overlay2/x/diff"}
	return &fact.Tables{
		Processes: append(base, processes...),
		Mounts: []fact.Mount{
			mount("host", "8:1", "/", "/", "ext4"), mount("host", "7:4", "/", "/data", "ext4"), mount("host", "0:5", "/", "/proc", "proc"),
			mount("ca", "0:50", "/", "/", "overlay"), mount("ca", "7:4", "/vol", "/mnt", "ext4"), mount("ca", "8:1", "/hosts", "/etc/hosts", "ext4"),
			mount("cb", "0:51", "/", "/", "overlay"), mount("cb", "7:4", "/vol", "/mnt", "ext4"), mount("cb", "8:1", "/hosts", "/etc/hosts", "ext4"),
			mount("ct", "0:52", "/", "/", "overlay"), mount("ct", "7:4", "/log", "/dev/termination-log", "ext4"),
			mount("host", "8:8", "/", "/var/lib/docker", "xfs"), overlay,
			mount("cn", "0:60", "/", "/nfs", "nfs4"), mount("cn", "0:61", "/", "/nfs2", "nfs4"),
		},
		Containers: []fact.Container{{ID: idA, Name: "web", Docker: "running", PID: fact.Some(500)}},
		Coverage:   []fact.Coverage{{Table: "processes", Complete: true}},
	}
}

func wait(t *testing.T, tables *fact.Tables, pid int) fact.Wait {
	t.Helper()
	for _, p := range tables.Processes {
		if p.PID == pid {
			return p.Wait
		}
	}
	t.Fatalf("no process %d", pid)
	return fact.Wait{}
}

func points(keys []fact.Key) string {
	var out []string
	for _, k := range keys {
		out = append(out, k.Name)
	}
	return strings.Join(out, " ")
}

func TestWhichSuperblock(t *testing.T) {
	writer := func(pid int, ns, frames string, fds ...string) fact.Process {
		p := fact.Process{PID: pid, State: "D", MntNS: ns, Stack: frozen(frames)}
		for i, target := range fds {
			p.FDs = append(p.FDs, fact.FD{N: i, Target: target})
		}
		return p
	}
	byCall := writer(500, "ca", "vfs_write ksys_write", "/dev/null", "/mnt/a", "/etc/hosts")
	byCall.SyscallFD = fact.Some(1)
	nfs := fact.Process{PID: 500, State: "D", MntNS: "cn", Stack: []string{"rpc_wait_bit_killable", "nfs4_do_close"}}
	nfsOpen := nfs
	nfsOpen.FDs = []fact.FD{{N: 3, Target: "/nfs2/file"}}
	for _, tt := range []struct {
		name      string
		processes []fact.Process
		want      string // of pid 500
	}{
		{"the one file it can write", []fact.Process{writer(500, "ca", "vfs_write ksys_write", "/dev/null", "/mnt/a", "pipe:[7]")}, "/data"},
		{"a file mounted on /dev", []fact.Process{writer(500, "ct", "vfs_write ksys_write", "/dev/null", "/dev/termination-log")}, "/data"},
		{"a file on the overlay: the filesystem of its upperdir", []fact.Process{writer(500, "co", "vfs_write ksys_write", "/app/log")}, "/var/lib/docker"},
		{"the descriptor of the system call", []fact.Process{byCall}, "/data"},
		{"two files on two superblocks", []fact.Process{writer(500, "ca", "vfs_write ksys_write", "/mnt/a", "/etc/hosts")}, "/data /"},
		{"open: every superblock of its own that can be frozen", []fact.Process{writer(500, "ca", "mnt_want_write path_openat", "/mnt/a")}, "/data /"},
		{"open through the overlay", []fact.Process{writer(500, "co", "mnt_want_write ovl_want_write ovl_create_object path_openat")}, "/var/lib/docker"},
		{"open: what all writers have in common", []fact.Process{writer(500, "ca", "mnt_want_write path_openat"), writer(501, "cb", "mnt_want_write path_openat")}, "/data /"},
		{"open: another writer's file settles it", []fact.Process{writer(500, "ca", "mnt_want_write path_openat"), writer(501, "cb", "vfs_write ksys_write", "/mnt/b")}, "/data"},
		{"no mountinfo", []fact.Process{writer(500, "gone", "vfs_write ksys_write", "/mnt/a")}, "an unnamed mount"},
		{"nfs: both mounts are candidates", []fact.Process{nfs}, "/nfs /nfs2"},
		{"nfs: the one with an open file", []fact.Process{nfsOpen}, "/nfs2"},
	} {
		tables := node(tt.processes...)
		Join(tables)
		if got := points(wait(t, tables, 500).Mounts); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestStillWritten: dockerd's log on / was still growing when the bundle was
// collected, so / cannot be the frozen one.
func TestStillWritten(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, tt := range []struct {
		last time.Time
		want string
	}{{now, "/data"}, {now.Add(-time.Hour), "/data /"}} {
		open := func(pid int, ns string) fact.Process {
			return fact.Process{PID: pid, State: "D", MntNS: ns, Stack: frozen("mnt_want_write path_openat")}
		}
		tables := node(open(500, "ca"), open(501, "cb"))
		tables.Nodes = []fact.Node{{Collected: now}}
		tables.Logs = []fact.Log{{Source: "logs/dockerd.log", Daemon: "dockerd", Last: tt.last}}
		Join(tables)
		if got := points(wait(t, tables, 500).Mounts); got != tt.want {
			t.Errorf("log ends %v before: %q, want %q", now.Sub(tt.last), got, tt.want)
		}
	}
}

func TestWaitClasses(t *testing.T) {
	cgroup := func(path string) map[string]string { return map[string]string{"freezer": path} }
	a := "/docker/" + idA
	for _, tt := range []struct {
		name    string
		p       fact.Process
		freezer string // of container a, "" no file
		class   fact.WaitClass
		on      string
	}{
		{"running", fact.Process{State: "R"}, "", fact.WaitNone, ""},
		{"D in a file system", fact.Process{State: "D", Stack: frozen("vfs_write")}, "", fact.WaitUninterruptible, "frozen-fs"},
		{"D, its cgroup is frozen", fact.Process{State: "D", Stack: []string{"hrtimer_nanosleep"}, Cgroups: cgroup(a)}, "FROZEN", fact.WaitFrozen, "freezer"},
		{"S, its cgroup is frozen", fact.Process{State: "S", Cgroups: cgroup(a)}, "FROZEN", fact.WaitFrozen, "freezer"},
		{"frozen above it", fact.Process{State: "D", Cgroups: cgroup(a + "/sub")}, "FREEZING", fact.WaitFrozen, "freezer"},
		{"frozen in the unified hierarchy beside a v1 freezer", fact.Process{State: "S", Cgroups: map[string]string{"freezer": "/", "": a}}, "FROZEN", fact.WaitFrozen, "freezer"},
		{"thawed in the unified hierarchy beside a v1 freezer", fact.Process{State: "S", Cgroups: map[string]string{"freezer": "/", "": a}}, "THAWED", fact.WaitNone, ""},
		{"D in an interruptible wait, no freezer file", fact.Process{State: "D", WChan: "hrtimer_nanosleep"}, "", fact.WaitFrozen, "freezer"},
		{"D in an interruptible wait, thawed", fact.Process{State: "D", WChan: "hrtimer_nanosleep", Cgroups: cgroup(a)}, "THAWED", fact.WaitUninterruptible, ""},
		{"refrigerator by wchan", fact.Process{State: "D", WChan: "__refrigerator"}, "", fact.WaitFrozen, "freezer"},
		{"nfs by wchan", fact.Process{State: "D", WChan: "rpc_wait_bit_killable"}, "", fact.WaitUninterruptible, "nfs"},
		{"percpu_rwsem_wait by wchan decides nothing", fact.Process{State: "D", WChan: "percpu_rwsem_wait"}, "", fact.WaitUninterruptible, ""},
		{"stopped", fact.Process{State: "T", Stack: []string{"do_signal_stop", "get_signal"}}, "", fact.WaitStopped, "unknown"},
		{"traced", fact.Process{State: "t"}, "", fact.WaitTraced, ""},
		{"zombie", fact.Process{State: "Z"}, "", fact.WaitZombie, ""},
		{"dying init", fact.Process{State: "S", Stack: []string{"do_wait", "zap_pid_ns_processes"}}, "", fact.WaitChildren, "pidns"},
		{"state unknown", fact.Process{Stack: frozen("vfs_write")}, "", fact.WaitNone, ""},
	} {
		tt.p.PID = 500
		tables := node(tt.p)
		if tt.freezer != "" {
			tables.Cgroups = []fact.Cgroup{{Path: a, Container: idA, Freezer: tt.freezer, Refs: []fact.Ref{ref("freezer")}}}
		}
		Join(tables)
		if w := wait(t, tables, 500); w.Class != tt.class || w.On != tt.on {
			t.Errorf("%s: %q on %q, want %q on %q", tt.name, w.Class, w.On, tt.class, tt.on)
		}
	}
}

func TestBlocker(t *testing.T) {
	init := fact.Process{PID: 500, State: "S", PPID: fact.Some(400), PIDNS: "7", NSPID: []int{500, 1}, Stack: []string{"zap_pid_ns_processes", "do_exit"}}
	for _, tt := range []struct {
		name  string
		other fact.Process
		want  int
		class fact.WaitClass
	}{
		{"a task in D", fact.Process{PID: 501, State: "D", PPID: fact.Some(500), PIDNS: "7", Stack: frozen("vfs_write")}, 501, fact.WaitUninterruptible},
		{"a zombie of a foreign parent", fact.Process{PID: 501, State: "Z", PPID: fact.Some(90), PIDNS: "7"}, 501, fact.WaitZombie},
		{"a zombie of its own", fact.Process{PID: 501, State: "Z", PPID: fact.Some(500), PIDNS: "7"}, 0, ""},
		{"another namespace", fact.Process{PID: 501, State: "D", PPID: fact.Some(90), PIDNS: "8"}, 0, ""},
		{"by parent where namespaces are unknown", fact.Process{PID: 501, State: "D", PPID: fact.Some(500)}, 501, fact.WaitUninterruptible},
	} {
		tables := node(init, tt.other)
		Join(tables)
		if w := wait(t, tables, 500); w.Blocker != tt.want || w.BlockerClass != tt.class {
			t.Errorf("%s: %d %q", tt.name, w.Blocker, w.BlockerClass)
		}
	}
}

// TestContainerOfProcess: the cgroup tells, else the shim above, also of a dying
// process whose cgroup is already the root.
func TestContainerOfProcess(t *testing.T) {
	tables := node(
		fact.Process{PID: 500, State: "S", PPID: fact.Some(400), Cgroups: map[string]string{"freezer": "/"}},
		fact.Process{PID: 501, State: "D", PPID: fact.Some(500)},
		fact.Process{PID: 600, State: "S", PPID: fact.Some(1), Container: idB},
		fact.Process{PID: 700, State: "S", PPID: fact.Some(1)},
	)
	Join(tables)
	want := map[int]string{500: idA, 501: idA, 600: idB, 700: "", 400: "", 95: ""}
	for _, p := range tables.Processes {
		if id, ok := want[p.PID]; ok && p.Container != id {
			t.Errorf("process %d is in %.4s, want %.4s", p.PID, p.Container, id)
		}
	}
	if len(tables.Containers) != 2 {
		t.Fatalf("%d containers", len(tables.Containers))
	}
}

func TestContainerLives(t *testing.T) {
	for _, tt := range []struct {
		name                  string
		change                func(*fact.Tables)
		init, shim, restarted fact.Opt[bool]
	}{
		{"all is well", func(w *fact.Tables) { w.Processes = append(w.Processes, fact.Process{PID: 500, State: "S"}) },
			fact.Some(true), fact.Some(true), fact.Some(false)},
		{"init is gone", func(*fact.Tables) {}, fact.Some(false), fact.Some(true), fact.Some(false)},
		{"no whole listing", func(w *fact.Tables) { w.Coverage[0].Complete = false }, fact.Opt[bool]{}, fact.Some(true), fact.Some(false)},
		{"the pid is another container's now", func(w *fact.Tables) {
			w.Processes = append(w.Processes, fact.Process{PID: 500, State: "S", Container: idB})
		}, fact.Some(false), fact.Some(true), fact.Some(false)},
		{"containerd is younger", func(w *fact.Tables) { w.Processes[2].Start = fact.Some(int64(300)) }, fact.Some(false), fact.Some(true), fact.Some(true)},
		{"the shim is gone", func(w *fact.Tables) { w.Processes = w.Processes[:3] }, fact.Some(false), fact.Some(false), fact.Opt[bool]{}},
		{"docker gives no pid, containerd does", func(w *fact.Tables) {
			w.Containers[0].PID = fact.Some(0)
			w.Containers = append(w.Containers, fact.Container{ID: idA, Task: "STOPPED", TaskPID: fact.Some(500)})
		}, fact.Some(false), fact.Some(true), fact.Some(false)},
	} {
		tables := node()
		tt.change(tables)
		Join(tables)
		for _, c := range tables.Containers {
			if c.ID == idA && (c.InitAlive != tt.init || c.ShimAlive != tt.shim || c.ContainerdRestarted != tt.restarted) {
				t.Errorf("%s: init %v, shim %v, restarted %v", tt.name, c.InitAlive, c.ShimAlive, c.ContainerdRestarted)
			}
		}
	}
}

func TestMergeContainers(t *testing.T) {
	tables := &fact.Tables{Nodes: []fact.Node{{}}, Containers: []fact.Container{
		{ID: idA[:12], Name: "web", Docker: "running"},
		{ID: idA, Docker: "running", PID: fact.Some(7), Paused: fact.Some(true)},
		{ID: idA, Task: "STOPPED", TaskPID: fact.Some(7)},
		{ID: idB, Task: "RUNNING"},
	}}
	Join(tables)
	if len(tables.Containers) != 2 {
		t.Fatalf("%d containers", len(tables.Containers))
	}
	a, b := tables.Containers[0], tables.Containers[1]
	if a.ID != idA || a.Name != "web" || a.Task != "STOPPED" || !a.Paused.V || b.Name != idB[:12] {
		t.Errorf("%+v\n%+v", a, b)
	}
}

func TestHitsSpeakOfContainers(t *testing.T) {
	tables := node()
	fields := func(name, word string) fact.Hit { return fact.Hit{Fields: map[string]string{name: word}} }
	tables.Hits = []fact.Hit{fields("container", idA), fields("container", idA[:12]), fields("container", "web"), fields("container", "nobody"), fields("container", idB), {}}
	Join(tables)
	for i, want := range []string{idA, idA, idA, "", idB, ""} {
		if got := tables.Hits[i].Container; got != want {
			t.Errorf("hit %d speaks of %q, want %q", i, got, want)
		}
	}
}

func TestPeers(t *testing.T) {
	tables := node()
	sock := func(state, local string, inode int64, peer fact.Opt[int64], owner string, pid int) fact.Socket {
		return fact.Socket{Netid: "u_str", State: state, Local: local, Inode: inode, PeerInode: peer, Owners: []fact.SocketOwner{{Name: owner, PID: pid}}}
	}
	tables.Sockets = []fact.Socket{
		sock("ESTAB", "/var/run/docker.sock", 1, fact.Some(int64(0)), "dockerd", 90),
		sock("ESTAB", "/run/docker.sock", 2, fact.Some(int64(3)), "dockerd", 90),
		sock("ESTAB", "*", 3, fact.Some(int64(2)), "agent", 800),
		sock("LISTEN", "/run/docker.sock", 4, fact.Some(int64(0)), "dockerd", 90),
		sock("ESTAB", "/run/docker.sock", 5, fact.Opt[int64]{}, "dockerd", 90),
	}
	Join(tables)
	for i, want := range []string{"gone", "live", "", "", ""} {
		if got := tables.Sockets[i].PeerState; got != want {
			t.Errorf("socket %d: peer %q, want %q", i, got, want)
		}
	}
	if o := tables.Sockets[1].PeerOwners; len(o) != 1 || o[0].Name != "agent" || tables.Sockets[2].Daemon != "" || tables.Sockets[0].Daemon != "dockerd" {
		t.Errorf("owners %v, daemons %q %q", o, tables.Sockets[2].Daemon, tables.Sockets[0].Daemon)
	}
}

// TestNothingCrossesBoots: equal pids and inodes of two boots stay apart.
func TestNothingCrossesBoots(t *testing.T) {
	tables := node()
	other := fact.Place{Boot: "second"}
	tables.Processes = append(tables.Processes, fact.Process{At: other, PID: 500, State: "D", PPID: fact.Some(400)})
	Join(tables)
	p := tables.Processes[len(tables.Processes)-1]
	if p.Container != "" {
		t.Errorf("a process of another boot is in container %.4s", p.Container)
	}
	for _, c := range tables.Containers {
		if c.ID == idA && c.InitAlive != fact.Some(false) {
			t.Errorf("init %v by a pid of another boot", c.InitAlive)
		}
	}
}

func TestEdges(t *testing.T) {
	tables := node(fact.Process{PID: 500, State: "D", PPID: fact.Some(400), MntNS: "ca", Stack: frozen("vfs_write"), FDs: []fact.FD{{N: 1, Target: "/mnt/a"}}})
	Join(tables)
	has := map[string]bool{}
	for _, e := range tables.Edges {
		has[string(e.From.Kind)+" "+e.Rel+" "+string(e.To.Kind)] = true
	}
	for _, want := range []string{"pid belongs to container", "pid waits on mount", "container waits on mount", "container is managed by daemon", "daemon calls daemon"} {
		if !has[want] {
			t.Errorf("no edge: %s", want)
		}
	}
}
