package analyze

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"culprit/rules"
)

// row is one row of the decision table "a container will not die": what holds on the
// node, the verdict, and what it explains.
type row struct {
	name    string
	sick    sick
	verdict string   // the first one, "" none
	chain   []string // explained by it, at any distance
	// open are mechanisms that may stand as "cause open" where a fact is missing.
	open []string
}

// frozenData has web-1's process write to a filesystem that is frozen.
var frozenData = map[string]string{
	"proc/5210/stack":     "[<0>] percpu_rwsem_wait+0x118/0x140\n[<0>] vfs_write+0x353/0x3f0\n[<0>] ksys_write+0x6b/0xf0\n[<0>] do_syscall_64+0x58/0xc0\n",
	"proc/5210/status":    "Name:\trun\nState:\tD (disk sleep)\nTgid:\t5210\nPid:\t5210\nPPid:\t5190\nNSpid:\t5210\t1\nSigPnd:\t0000000000000100\nShdPnd:\t0000000000000100\n",
	"proc/5210/cgroup":    "0::/system.slice/docker-" + webID + ".scope\n",
	"proc/5210/mountinfo": "485 428 0:165 / / rw,relatime - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w\n612 485 8:17 / /data rw,relatime - ext4 /dev/sdb1 rw\n",
	"proc/5210/fd":        "0 -> /dev/null\n1 -> /data/out.log\n",
	"cgroup/freezer.txt":  "/sys/fs/cgroup/system.slice/docker-" + webID + ".scope/cgroup.events: frozen 0\n",
}

var deadNFS = map[string]string{
	"proc/5210/stack":     "[<0>] rpc_wait_bit_killable+0x11/0x80 [sunrpc]\n[<0>] __rpc_execute+0x11c/0x4a0 [sunrpc]\n[<0>] nfs4_proc_getattr+0x7d/0x120 [nfsv4]\n[<0>] vfs_statx+0x9c/0x170\n",
	"proc/5210/status":    frozenData["proc/5210/status"],
	"proc/5210/mountinfo": "485 428 0:165 / / rw,relatime - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w\n614 485 0:58 / /mnt rw,relatime - nfs4 nfs-1.example:/export rw,hard\n",
	"dmesg.txt":           "[3550231.100000] nfs: server nfs-1.example not responding, still trying\n",
}

const (
	busyLayer  = "6c77cfb6c0c4b1e809c47af3c5ff6a4732a783cc14ff53270a7709c837c96346"
	hostMounts = "39 1 8:3 / / rw,relatime shared:1 - ext4 /dev/sda3 rw\n44 39 8:4 / /var rw,relatime shared:28 - xfs /dev/sda4 rw\n"
)

// rootfs is the end of the mountinfo line of web-1's root filesystem below root.
func rootfs(root string) string {
	dir := "/var/lib/docker/overlay2/" + busyLayer
	return "0:40 / " + root + "/overlay2/" + busyLayer + "/merged rw,relatime - overlay overlay rw,lowerdir=/l,upperdir=" + dir + "/diff,workdir=" + dir + "/work\n"
}

// removal are the files of a node with an old kernel where web-1 has ended and cannot be removed.
func removal(files map[string]string) map[string]string {
	out := map[string]string{
		"uname.txt":           "Linux n1 3.10.0-514.26.2.el7.x86_64 #1 SMP x86_64 x86_64 x86_64 GNU/Linux\n",
		"proc/1/mountinfo":    hostMounts,
		"proc/870/mountinfo":  hostMounts,
		"proc/1042/mountinfo": hostMounts,
		"logs/dockerd.log": log("level=error msg=\"Handler for DELETE /v1.37/containers/web-1 returned error: container " + webID +
			": driver \\\"overlay2\\\" failed to remove root filesystem: unlinkat /var/lib/docker/overlay2/" + busyLayer + "/merged: device or resource busy\""),
	}
	maps.Copy(out, files)
	return out
}

func log(lines ...string) string {
	out := "time=\"2026-03-04T00:00:01.482910355Z\" level=info msg=\"started\"\n"
	for i, line := range lines {
		out += fmt.Sprintf("time=\"2026-03-04T03:10:%02d.482910355Z\" %s\n", i, line)
	}
	return out
}

var (
	fullStream = parked(1, "sync.Cond.Wait", 55, "sync.(*Cond).Wait", moby+"pkg/ioutils.(*BytesPipe).Write", moby+"pkg/broadcaster.(*Unbuffered).Write", moby+"container/stream.(*Config).CopyToPipe.func1.1") +
		parked(1, "IO wait", 56, "internal/poll.(*FD).Write", "net.(*conn).Write", moby+"container/stream.(*Config).CopyStreams.func2")
	fluentRuns = parked(1, "sleep", 1, "time.Sleep(0xdf8475800)", vendored+"fluent/fluent-logger-golang/fluent.(*Fluent).write", vendored+"fluent/fluent-logger-golang/fluent.(*Fluent).run")
	awslogsRun = parked(1, "chan send", 70, moby+"daemon/logger/awslogs.(*logStream).Log", moby+"daemon/logger.(*RingLogger).run")
	lockWaits  = parked(2, "semacquire", 40, "sync.(*Mutex).lockSlow(0xc000b00090)", vendored+"docker/libnetwork.(*controller).SandboxDestroy", moby+"daemon.(*Daemon).allocateNetwork")
	reaper     = parked(1, "chan send", 731, containerds+"runtime/v1/shim.Reap", "main.handleSignals")
	shimLock   = parked(3, "semacquire", 267, "sync.(*Mutex).Lock(0xc420184000)", containerds+"runtime/v1/shim.(*Service).Kill") +
		parked(1, "chan receive", 270, containerds+"runtime/v1/shim.(*Monitor).Wait", containerds+"runtime/v1/shim.(*Service).Exec")
	runcWaits = "  27841    5190 Sl   futex_wait_queue                    00:31:40    8  9120 runc --systemd-cgroup=true kill --all 3a0ccff1fd66 SIGKILL\n"

	dead     = []string{"container-shown-up-but-dead"}
	lockHeld = []string{"container-state-lock-held", "container-shown-up-but-dead"}
)

// killRows is the table, row by row. A row with several causes is there once for
// each.
var killRows = []row{
	{"1 D state on a frozen filesystem", sick{docker: "18.09.9", task: "RUNNING", shim: "Sl", process: "Ds percpu_rwsem_wait", streams: 2, dump: []string{stops(40)}, files: frozenData},
		"filesystem-frozen", []string{"dstate-container-unkillable", "dockerd-kill-wait-dstate-leak"}, []string{"dstate-container-unkillable"}},
	{"1 D state on a dead NFS server", sick{docker: "18.09.9", task: "RUNNING", shim: "Sl", process: "Ds rpc_wait_bit_killable", streams: 2, dump: []string{stops(40)}, files: deadNFS},
		"nfs-server-unreachable", []string{"dstate-container-unkillable", "dockerd-kill-wait-dstate-leak"}, []string{"dstate-container-unkillable"}},
	{"2 event receiver gone", sick{docker: "18.09.9", task: "STOPPED", shim: "Sl", streams: 1, dump: []string{stops(40)}},
		"dockerd-event-stream-exited", dead, nil},
	{"3 stuck stream reader", sick{docker: "20.10.7", task: "STOPPED", streams: 2, hangs: true, dump: []string{fullStream, inspects(3), stops(4),
		exitHandler("semacquire", "sync.(*Mutex).lockSlow(0xc000b1c0e0)", "sync.(*Mutex).Lock(...)", moby+"pkg/broadcaster.(*Unbuffered).Clean", moby+"container/stream.(*Config).CloseStreams")}},
		"dockerd-exit-blocked-by-stuck-stream-reader", lockHeld, []string{"container-state-lock-held"}},
	{"4 fluentd", sick{docker: "20.10.7", task: "STOPPED", streams: 2, hangs: true, dump: []string{fluentRuns, inspects(3), stops(4),
		exitHandler("semacquire", "sync.(*WaitGroup).Wait", vendored+"fluent/fluent-logger-golang/fluent.(*Fluent).Close", moby+"daemon/logger/fluentd.(*fluentd).Close")}},
		"fluentd-async-close-block", lockHeld, []string{"container-state-lock-held"}},
	{"4 awslogs", sick{docker: "24.0.7", task: "STOPPED", streams: 2, hangs: true, dump: []string{awslogsRun, inspects(3), stops(4),
		exitHandler("semacquire", "sync.(*WaitGroup).Wait", moby+"daemon/logger.(*RingLogger).Close")}},
		"awslogs-nonblocking-exit-deadlock", lockHeld, []string{"container-state-lock-held"}},
	{"5 network", sick{docker: "20.10.7", task: "STOPPED", streams: 2, hangs: true, dump: []string{lockWaits, inspects(3),
		exitHandler("chan receive", vendored+"godbus/dbus/v5.(*Object).Call", vendored+"docker/libnetwork/iptables.Passthrough", vendored+"docker/libnetwork/iptables.IPTable.Raw", moby+"daemon.(*Daemon).releaseNetwork")}},
		"firewalld-dbus-unresponsive", []string{"iptables-xtables-or-firewalld-wait", "container-state-lock-held"}, []string{"iptables-xtables-or-firewalld-wait", "container-state-lock-held"}},
	{"5 volume", sick{docker: "17.09.1-ce", task: "STOPPED", streams: 2, hangs: true, dump: []string{inspects(3),
		exitHandler("select", "net/http.(*persistConn).roundTrip", "net/http.(*Client).Do", moby+"pkg/plugins.(*Client).callWithRetry", moby+"volume/drivers.(*volumeDriverProxy).Unmount")}},
		"volume-plugin-unresponsive", []string{"container-state-lock-held"}, []string{"container-state-lock-held"}},
	{"5 containerd", sick{docker: "20.10.7", task: "STOPPED", streams: 2, hangs: true, dump: []string{inspects(3),
		exitHandler("select", vendored+"google.golang.org/grpc.invoke", containerds+"api/services/tasks/v1.(*tasksClient).Delete", moby+"libcontainerd/remote.(*client).DeleteTask")}},
		"containerd-grpc-stuck", []string{"container-state-lock-held"}, []string{"container-state-lock-held"}},
	{"6 shim died", sick{docker: "20.10.7", task: "STOPPED", streams: 2, dump: []string{stops(4)}, files: map[string]string{
		"logs/containerd.log": log("level=info msg=\"shim disconnected\" id="+webID, "level=warning msg=\"cleaning up after shim disconnected\" id="+webID+" namespace=moby")}},
		"shim-died-dockerd-not-told", dead, nil},
	{"7 exit not published", sick{docker: "18.09.9", task: "STOPPED", shim: "Sl", streams: 2, dump: []string{stops(4)}, files: map[string]string{
		"logs/containerd.log": log("level=error msg=\"post event\" error=\"failed to publish event\" namespace=moby path=\"/run/containerd/io.containerd.runtime.v1.linux/moby/" + webID + "\" pid=5190")}},
		"shim-exit-event-publish-failed", dead, nil},
	{"7 reaper blocked", sick{docker: "18.09.2", task: "STOPPED", shim: "Sl", streams: 2, dump: []string{stops(4)}, files: map[string]string{shimDump: shimOf5190(reaper)}},
		"shim-v1-reaper-channel-deadlock", dead, nil},
	{"7 service lock", sick{docker: "18.09.2", task: "STOPPED", shim: "Sl", streams: 2, dump: []string{stops(4)}, files: map[string]string{shimDump: shimOf5190(shimLock)}},
		"shim-v1-service-lock-deadlock", nil, nil},
	{"8 frozen cgroup", sick{docker: "20.10.7", task: "RUNNING", shim: "Sl", process: "Ds refrigerator", streams: 2, dump: []string{stops(2)}, files: map[string]string{
		"cgroup/freezer.txt": "/sys/fs/cgroup/freezer/docker/" + webID + "/freezer.state: FROZEN\n",
		"proc/5210/stack":    "[<0>] __refrigerator+0x4c/0x130\n[<0>] unix_stream_data_wait+0x1fa/0x210\n",
		"proc/5210/cgroup":   "6:freezer:/docker/" + webID + "\n",
		"logs/dockerd.log":   log("level=error msg=\"Error running exec 5b21 in container: OCI runtime exec failed: exec failed: cannot exec in a paused container (use --ignore-paused to override): unknown\"")}},
		"cgroup-frozen-externally", []string{"cgroup-freezer-frozen"}, []string{"cgroup-freezer-frozen"}},
	{"8 systemd does not answer runc", sick{docker: "18.06.3-ce", task: "RUNNING", shim: "Sl", process: "Ss do_epoll_wait", streams: 2, ps: runcWaits, files: map[string]string{
		"logs/messages": "Mar  4 04:00:05 n1 systemd: Started Session 9 of user root.\nMar  4 04:40:05 n1 systemd: Failed to propagate agent release message: Operation not supported\n"}},
		"systemd-dbus-stall", nil, nil},
	{"8 shim locked", sick{docker: "18.09.2", task: "RUNNING", shim: "Sl", process: "Ss do_epoll_wait", streams: 2, files: map[string]string{
		shimDump: shimOf5190(shimLock)}},
		"shim-v1-service-lock-deadlock", nil, nil},
	{"R containerd restarted", sick{docker: "18.09.2", task: "STOPPED", shim: "Sl", streams: 2, young: true, dump: []string{stops(4)}, files: map[string]string{
		"logs/dockerd.log": log("level=error msg=\"failed to get event\" error=\"rpc error: code = Unavailable desc = transport is closing\" module=libcontainerd namespace=moby")}},
		"exit-lost-while-containerd-down", dead, nil},
	{"9 removal, busy for a reason untold", sick{docker: "18.09.2", status: "Dead", streams: 2, files: removal(nil)}, "", nil, nil},
	{"9 removal, a bind in dockerd's namespace", sick{docker: "18.09.2", status: "Dead", streams: 2, files: removal(map[string]string{
		"proc/1/mountinfo":    hostMounts + "957 39 8:4 /lib/docker /backup/docker rw,relatime - xfs /dev/sda4 rw\n1062 957 " + rootfs("/backup/docker"),
		"proc/1042/mountinfo": hostMounts + "957 39 8:4 /lib/docker /backup/docker rw,relatime - xfs /dev/sda4 rw\n1062 957 " + rootfs("/backup/docker")})},
		"rootfs-held-by-bind-in-dockerd-ns", []string{"device-or-resource-busy"}, nil},
	{"9 removal, a service holds a copy", sick{docker: "18.09.2", status: "Dead", streams: 2,
		ps: "   7001       1 Ss   ep_poll                           1-00:00:00    9  9316 /usr/sbin/httpd -DFOREGROUND\n", files: removal(map[string]string{
			"uname.txt":           "Linux n1 3.13.0-170-generic #220-Ubuntu SMP x86_64 x86_64 x86_64 GNU/Linux\n",
			"proc/7001/mountinfo": "139 100 8:3 / / rw,relatime - ext4 /dev/sda3 rw\n144 139 8:4 / /var rw,relatime - xfs /dev/sda4 rw\n231 144 " + rootfs("/var/lib/docker")})},
		"mount-leak-foreign-mntns", []string{"device-or-resource-busy"}, nil},
	{"9 removal, dockerd is in a namespace of its own", sick{docker: "18.06.3-ce", status: "Dead", streams: 2, files: removal(map[string]string{
		"config/daemon.json":  "{\n  \"live-restore\": true\n}\n",
		"proc/1042/mountinfo": "339 300 8:3 / / rw,relatime master:1 - ext4 /dev/sda3 rw\n344 339 8:4 / /var rw,relatime master:28 - xfs /dev/sda4 rw\n",
		"proc/4410/mountinfo": "539 500 8:3 / / rw,relatime master:1 - ext4 /dev/sda3 rw\n544 539 8:4 / /var rw,relatime master:28 - xfs /dev/sda4 rw\n635 544 " + rootfs("/var/lib/docker"),
		"proc/870/mountinfo":  "339 300 8:3 / / rw,relatime master:1 - ext4 /dev/sda3 rw\n344 339 8:4 / /var rw,relatime master:28 - xfs /dev/sda4 rw\n"})},
		"dockerd-shim-mntns-split", []string{"device-or-resource-busy"}, nil},
}

func judgeFiles(t *testing.T, set *rules.Set, files map[string]string) *Report {
	t.Helper()
	return Options{Rules: set}.judge([]*parts{partsOf(t, set, files)})
}

func verdictIDs(r *Report) (ids []string) {
	for _, i := range r.Verdicts {
		ids = append(ids, r.Findings[i].Rule.ID.ID)
	}
	return ids
}

// explains reports whether the first verdict explains a finding of id, over any
// number of steps.
func (r *Report) explains(id string) bool {
	seen := map[int]bool{}
	todo := []int{r.Verdicts[0]}
	for len(todo) > 0 {
		at := todo[0]
		todo = todo[1:]
		for _, i := range r.Findings[at].Explains {
			if r.Findings[i].Rule.ID.ID == id {
				return true
			}
			if !seen[i] {
				seen[i] = true
				todo = append(todo, i)
			}
		}
	}
	return false
}

// TestKillRows holds the verdict of each row: it is the only one, and the chain
// stands below it.
func TestKillRows(t *testing.T) {
	set := ruleSet(t)
	for _, row := range killRows {
		t.Run(row.name, func(t *testing.T) {
			r := judgeFiles(t, set, row.sick.bundle())
			got := verdictIDs(r)
			if row.verdict == "" {
				if len(got) > 0 {
					t.Errorf("verdicts %q, want none", got)
				}
				return
			}
			if len(got) != 1 || got[0] != row.verdict {
				t.Fatalf("verdicts %q, want %q alone", got, row.verdict)
			}
			for _, id := range row.chain {
				if !r.explains(id) {
					t.Errorf("it does not explain %s", id)
				}
			}
		})
	}
}

// TestKillRowsLessOneFact takes one fact from each row: the verdict may be weaker or
// gone, and is never that of another row.
func TestKillRowsLessOneFact(t *testing.T) {
	set := ruleSet(t)
	facts := map[string]func(path string) bool{
		"ps":      func(p string) bool { return p == psFile },
		"dump":    func(p string) bool { return strings.HasPrefix(p, "goroutines/") },
		"inspect": func(p string) bool { return strings.HasPrefix(p, "docker/inspect") },
		"tasks":   func(p string) bool { return p == tasksFile },
		"version": func(p string) bool { return p == "docker/version.txt" },
		"record":  func(p string) bool { return p == "collect.log" },
	}
	order := []rules.Confidence{rules.Certain, rules.Likely, rules.Suspected}
	for _, row := range killRows {
		whole := judgeFiles(t, set, row.sick.bundle())
		best := len(order)
		for _, i := range whole.Verdicts {
			best = min(best, slices.Index(order, whole.Findings[i].Confidence))
		}
		for name, gone := range facts {
			t.Run(row.name+" without "+name, func(t *testing.T) {
				files := row.sick.bundle()
				maps.DeleteFunc(files, func(path, _ string) bool { return gone(path) })
				r := judgeFiles(t, set, files)
				for _, i := range r.Verdicts {
					f := r.Findings[i]
					switch {
					case f.Rule.ID.ID != row.verdict && !slices.Contains(row.open, f.Rule.ID.ID):
						t.Errorf("verdict %s (%s)", f.Rule.ID.ID, f.Confidence)
					case slices.Index(order, f.Confidence) < best:
						t.Errorf("%s is %s, with all facts %s", f.Rule.ID.ID, f.Confidence, order[best])
					}
				}
			})
		}
	}
}
