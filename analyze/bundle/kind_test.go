package bundle

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"culprit/analyze/fact"
)

// runtimeProfile and libraryProfile are how the runtime and the pprof library
// begin a profile.
const (
	runtimeProfile = "\x5a\x04\x08\x01\x10\x02\x60\x01\x0a\x04\x08\x01\x10\x02\x22\x05\x08\x01\x10\xeb\x01"
	libraryProfile = "\x0a\x04\x08\x01\x10\x02\x12\x08\x0a\x03\x01\x02\x03\x12\x01\x05"
)

const (
	psTable   = "USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND\nroot           1  0.0  0.0   2268  1472 ?        Ss   03:47   0:00 init\n"
	dump      = "goroutine 1 [chan receive, 31 minutes]:\nmain.main()\n\t/go/src/main.go:26 +0x228\n\ngoroutine 7 [select]:\nmain.loop(0xc000010000)\n\t/go/src/main.go:40 +0x11\ncreated by main.main\n\t/go/src/main.go:20 +0x99\n"
	klog      = "I1122 04:10:52.123456    1234 kubelet.go:1823] \"Starting kubelet\"\nE1122 04:10:53.000001    1234 pleg.go:99] PLEG is not healthy\n"
	logrus    = "time=\"2026-11-22T03:47:48.824560644Z\" level=debug msg=\"Listener created\"\n"
	syslog    = "Nov 22 03:47:48 node-a17 dockerd[612]: starting\nNov 22 03:47:49 node-a17 systemd[1]: Started Docker.\n"
	dmesg     = "[    0.000000] Linux version 6.1.0\n[ 4346.164494] overlayfs: upperdir is in-use\n"
	mountinfo = "312 225 7:3 / / rw,relatime shared:31 - ext4 /dev/loop3 rw\n313 312 0:114 / /proc rw,relatime - proc proc rw\n"
	session   = "[root@node-d06 ~]# date; docker ps\nSun Nov 22 04:10:49 UTC 2026\n"
	html      = "<!DOCTYPE html>\n<html><body>502 Bad Gateway</body></html>\n"
	inspect   = "[\n    {\n        \"Id\": \"1ff1\",\n        \"Path\": \"sh\",\n        \"State\": {\n            \"Status\": \"running\"\n        }\n    }\n]\n"
	versionT  = "Client:\n Version:           20.10.24+dfsg1\n API version:       1.41\n Go version:        go1.19.8\n Git commit:        297e128\n"
	infoT     = "Client:\n Context:    default\n\nServer:\n Containers: 4\n Server Version: 20.10.24\n Storage Driver: overlay2\n"
	statLine0 = "95 (contai ner) S 1 95 95 0 -1 4194304 4385 41 29 0\n"
)

func TestKindOf(t *testing.T) {
	for _, c := range []struct {
		path, head string
		want       fact.Kind
	}{
		{"manifest.jsonl", `{"format":"culprit.bundle/1"}` + "\n", fact.KindManifest},
		{"x", `{"format":"culprit.bundle/1","node":"a"}` + "\n", fact.KindManifest},
		{"collect.log", "03:49:28\trc=0\t0.0s\tps auxww\n", fact.KindCollectLog},
		{"x", "03:49:28\trc=0\t0.0s\tps auxww\n", fact.KindCollectLog},
		{"goroutines/dockerd-goroutine-debug2.txt", dump, fact.KindGoroutines},
		{"var/run/docker/goroutine-stacks-2026-11-22T035355Z.log.gz", dump, fact.KindGoroutines},
		{"docker/docker-trace.txt", "  % Total    % Received\n100  1234\n" + dump, fact.KindGoroutines},
		{"x", dump, fact.KindGoroutines},
		{"x", "goroutine profile: total 1661\n803 @ 0xe05e16 0xe160fc\n#\t0x17ddf46\tmain.f+0xc6\tmain.go:213\n", fact.KindGoroutines},
		{"x", "goroutine 1 gp=0xc0000061c0 m=0 mp=0x5 [select, 37 minutes, locked to thread]:\nmain.main()\n\t/go/main.go:26 +0x228\n", fact.KindGoroutines},
		{"x", "SIGQUIT: quit\nPC=0x46 m=0 sigcode=0\n\n" + dump, fact.KindGoroutines},
		{"logs/dockerd.log", logrus + dump, fact.KindLog},
		{"x", strings.Repeat(klog, 20) + dump, fact.KindLog},
		{"goroutines/dockerd-goroutine.pb.gz", runtimeProfile, fact.KindProfile},
		{"heap.pb", libraryProfile, fact.KindProfile},
		{"x", runtimeProfile, fact.KindProfile},
		{"logs/messages", syslog, fact.KindLog},
		{"x", klog, fact.KindLog},
		{"x", logrus, fact.KindLog},
		{"x", "logs/dockerd.log:3:" + logrus + "logs/dockerd.log:9:" + logrus, fact.KindTerminal},
		{"x", syslog, fact.KindLog},
		{"x", "2023-12-18T06:13:36.831359143+00:00 stderr F I1218 06:13:36.831274 16 a.go:115] b\n", fact.KindLog},
		{"x", "-- Logs begin at Fri 2022-02-04 09:41:48 UTC, end at Thu 2022-02-10 09:51:37 UTC. --\nFeb 04 09:41:48 a kernel: b\n", fact.KindLog},
		{"x", `{"level":"info","ts":1.5,"msg":"up"}` + "\n" + `{"level":"info","ts":2.5,"msg":"on"}` + "\n", fact.KindLog},
		{"logs/kubelet.log", "Flag --sync-frequency has been deprecated\n", fact.KindLog},
		{"exec-output.txt", "OCI runtime exec failed: exec failed: unable to start container process\n", fact.KindLog},
		{"journald/kubelet", syslog, fact.KindLog},
		{"sos_commands/containerd/journalctl_--no-pager_--unit_containerd", syslog, fact.KindLog},
		{"var/log/messages-20261122", syslog, fact.KindLog},
		{"sos_commands/kernel/dmesg", dmesg, fact.KindKernelLog},
		{"dmesg-overlayfs.txt", "overlayfs: upperdir is in-use\n", fact.KindKernelLog},
		{"x", dmesg, fact.KindKernelLog},
		{"x", "[Sun Nov 22 04:10:49 2026] overlayfs: x\n", fact.KindKernelLog},
		{"x", "Nov 22 03:47:48 a kernel: [ 1.2] x\nNov 22 03:47:48 a kernel: [ 1.3] y\n", fact.KindKernelLog},
		{"var/log/syslog", "Nov 22 03:47:48 a kernel: [ 1.2] x\nNov 22 03:47:48 a kernel: [ 1.3] y\n", fact.KindLog},
		{"cli-session.txt", session, fact.KindTerminal},
		{"x", session, fact.KindTerminal},
		{"ps.txt", "root@a:~# ps auxww\n" + psTable, fact.KindTerminal},
		{"x", "$ docker ps -a\n" + psTable, fact.KindTerminal},
		{"ps-auxww.txt", psTable, fact.KindPS},
		{"x", psTable, fact.KindPS},
		{"x", "    PID    PPID STAT WCHAN                                ELAPSED NLWP   RSS COMMAND\n      1       0 Ss   do_sigtimedwait.isra.0  01:40    1  1472 init\n", fact.KindPS},
		{"x", "UID          PID    PPID  C STIME TTY          TIME CMD\n", fact.KindPS},
		{"ps", "your 131072x1 screen size is bogus. expect trouble\n" + psTable, fact.KindPS},
		{"lsof", "COMMAND      PID     USER   FD      TYPE             DEVICE  SIZE/OFF     NODE NAME\n", fact.KindText},
		{"proc/2990/status", "Name:\tsh\nUmask:\t0022\nState:\tD (disk sleep)\nTgid:\t2990\nPid:\t2990\n", fact.KindProcStatus},
		{"x", "Name:\tsh\nState:\tD (disk sleep)\nPid:\t2990\n", fact.KindProcStatus},
		{"proc/95/stat", statLine0, fact.KindProcStat},
		{"system/allprocstat.txt", statLine0 + statLine0, fact.KindProcStat},
		{"proc/stat", "cpu  1 2 3 4\n", fact.KindText},
		{"proc/1/task/7/stack", "[<0>] mnt_want_write+0x46/0x90\n", fact.KindProcStack},
		{"x", "[<ffffffff81065f50>] futex_wait+0x67/0x120\n", fact.KindProcStack},
		{"proc/1/wchan", "do_sigtimedwait.isra.0", fact.KindProcWchan},
		{"proc/1/wchan", "0", fact.KindProcWchan},
		{"proc/1/cgroup", "9:name=systemd:/\n8:pids:/\n", fact.KindProcCgroup},
		{"proc/1/cgroup", "0::/system.slice\n", fact.KindProcCgroup},
		{"proc__1__limits.txt", "Limit                     Soft Limit           Hard Limit           Units\n", fact.KindProcLimits},
		{"proc/1/fd", "0 -> /dev/null\n251 -> pipe:[643630]\n", fact.KindProcFD},
		{"proc/1/fd", "total 0\nlrwx------ 1 root root 64 Nov 22 04:10 0 -> /dev/null\n", fact.KindProcFD},
		{"proc/1/fd_count", "60\n", fact.KindProcFDCount},
		{"proc/locks", "1: FLOCK  ADVISORY  WRITE 7001 00:1a:733 0 EOF\n", fact.KindLocks},
		{"x", "1: FLOCK  ADVISORY  WRITE 7001 00:1a:733 0 EOF\n1: -> FLOCK  ADVISORY  WRITE 7102 00:1a:733 0 EOF\n", fact.KindLocks},
		{"proc/1/cmdline", "sh\x00-c\x00while :; do\n:; done\x00", fact.KindProcCmdline},
		{"proc/1/comm", "kworker/0:1H\n", fact.KindProcComm},
		{"proc/1/ns_mnt", "mnt:[4026532723]\n", fact.KindProcNS},
		{"proc/1/ns/net", "net:[4026532728]\n", fact.KindProcNS},
		{"proc_2990_syscall", "1 0x3 0x7ffc 0x2 0x0 0x0 0x0 0x7ffc 0x7f\n", fact.KindProcSyscall},
		{"config/cpu_manager_state", `{"policyName":"static","defaultCpuSet":"0-1","checksum":1}`, fact.KindCPUManager},
		{"x", `{"policyName":"static","defaultCpuSet":"0-1","checksum":1}`, fact.KindCPUManager},
		{"etc/kubernetes/node.yaml", "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n", fact.KindKubeletConf},
		{"x", `{"kubeletconfig":{"syncFrequency":"1m0s"}}`, fact.KindKubeletConf},
		{"cm.yaml", "kind: ConfigMap\ndata:\n  kubelet: |\n    kind: KubeletConfiguration\n", fact.KindText},
		{"kubelet/config.yaml", "# by hand\nkind: KubeletConfiguration\n", fact.KindKubeletConf},
		{"var/lib/kubelet/kubeadm-flags.env", "KUBELET_KUBEADM_ARGS=\"--v=2\"\n", fact.KindKubeletArgs},
		{"etc/sysconfig/kubelet", "KUBELET_EXTRA_ARGS=\n", fact.KindKubeletArgs},
		{"x", "runc version 1.1.5\ncommit: v1.1.5-0-gf19387a6\n", fact.KindRuncVersion},
		{"config/docker-runc_version.txt", "runc version 1.0.0-rc5+dev\n", fact.KindRuncVersion},
		{"run/containerd/runc/k8s.io/0a1b/state.json", "", fact.KindRuncState},
		{"run/containerd/runc/k8s.io/0a1b/state.json", `{"id":"0a`, fact.KindRuncState},
		{"run-ls.txt", "/run:\ntotal 0\n", fact.KindRunListing},
		{"config/containerd-config.toml", "version = 2\n", fact.KindContainerdC},
		{"etc/containerd/config.toml", "version = 2\n", fact.KindContainerdC},
		{"pyproject.toml", "version = 2\n", fact.KindText},
		{"proc/1/mountinfo", mountinfo, fact.KindMountinfo},
		{"x", "ime - ext4 /dev/loop3 rw\n" + mountinfo, fact.KindMountinfo},
		{"ss-anp.txt.zst", "Netid State  Recv-Q Send-Q  Local Address:Port   Peer Address:Port  Process\n", fact.KindSS},
		{"x", "State  Recv-Q Send-Q  Local Address:Port   Peer Address:Port\n", fact.KindSS},
		{"ss_-s", "Total: 180\nTCP:   9\n", fact.KindText},
		{"x", "Active UNIX domain sockets (servers and established)\nProto RefCnt Flags\n", fact.KindNetstat},
		{"proc/net/unix", "Num       RefCount Protocol Flags    Type St Inode Path\n", fact.KindNetUnix},
		{"docker/ps-a.txt", "CONTAINER ID   IMAGE     COMMAND   CREATED   STATUS    PORTS     NAMES\n", fact.KindDockerPS},
		{"docker/ps-a.txt", "CONTAINER ID   IMAGE     CREATED   STATUS    PORTS     NAMES\n", fact.KindDockerPS},
		{"docker/stats.txt", "CONTAINER ID   NAME         CPU %     MEM USAGE / LIMIT   MEM %\n", fact.KindText},
		{"docker/inspect-1ff1534fe70a.json", inspect, fact.KindInspect},
		{"docker/inspect-gone.json", "[]\n", fact.KindInspect},
		{"x", inspect, fact.KindInspect},
		{"docker/version.txt", versionT, fact.KindDockerVers},
		{"x", versionT, fact.KindDockerVers},
		{"docker/info.txt", infoT, fact.KindDockerInfo},
		{"docker/info.txt", "Client:\n Context:    default\n Debug Mode: false\n\nServer:\n", fact.KindDockerInfo},
		{"x", infoT, fact.KindDockerInfo},
		{"etc/docker/daemon.json", "{}\n", fact.KindDaemonJSON},
		{"config/daemon.json", "{ \"debug\": true,, }\n", fact.KindDaemonJSON},
		{"x.json", "{\n  \"live-restore\": true\n}\n", fact.KindDaemonJSON},
		{"truth.json", "{\n  \"live-restore\": true\n}\n", fact.KindText},
		{"x.json", "{\n  \"text\": \"live-restore\"\n}\n", fact.KindText},
		{"config/docker.service", "[Unit]\nDescription=Docker\n", fact.KindUnit},
		{"x", "# /lib/systemd/system/docker.service\n[Unit]\n", fact.KindUnit},
		{"etc/systemd/system/docker.service.d/override.conf", "[Service]\nMountFlags=slave\n", fact.KindUnit},
		{"x", "TASK    PID    STATUS\n1e7f    264    RUNNING\n", fact.KindTasks},
		{"x", "CONTAINER    IMAGE    RUNTIME\n1e7f    -        io.containerd.runc.v2\n", fact.KindContainers},
		{"cgroup/freezer.txt", "/sys/fs/cgroup/freezer/docker/14d4/freezer.state: THAWED\n", fact.KindFreezer},
		{"cgroup/freezer.txt", "/sys/fs/cgroup/freezer/docker/14d4/freezer.self_freezing: 0\n/sys/fs/cgroup/freezer/docker/14d4/freezer.state: THAWED\n", fact.KindFreezer},
		{"sys/fs/cgroup/a/freezer.state", "FROZEN\n", fact.KindFreezer},
		{"cgroup/pids.txt", "/sys/fs/cgroup/pids/docker/14d4/pids.current: 12\n", fact.KindCgroupCount},
		{"cgroup/pids.txt", "/sys/fs/cgroup/pids/docker/14d4/ current=2 max=max events=max 0 \n", fact.KindCgroupCount},
		{"cgroup/memory.txt", "/sys/fs/cgroup/memory/docker/14d4/memory.oom_control: oom_kill_disable 0\n", fact.KindCgroupCount},
		{"sys/fs/cgroup/a/memory.events", "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\n", fact.KindCgroupCount},
		{"sys/fs/cgroup/memory/a/memory.usage_in_bytes", "5242880\n", fact.KindCgroupCount},
		{"sys/fs/cgroup/a/cgroup.events", "populated 1\nfrozen 0\n", fact.KindFreezer},
		{"uname.txt", "Linux node-d06 6.18.44 #1 SMP x86_64 GNU/Linux\n", fact.KindUname},
		{"os-release", "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\n", fact.KindOSRelease},
		{"hostname.txt", "node-d06\n", fact.KindHostname},
		{"proc/sys/kernel/random/boot_id", "0b8e2a3c-11aa-4b5c-8d7e-0123456789ab\n", fact.KindBootID},
		{"date.txt", "2026-11-22T04:10:52+00:00\n2026-11-22T04:10:58+00:00\n", fact.KindDate},
		{"uptime.txt", "4590.87 3456.59\n", fact.KindUptime},
		{"uptime", " 09:51:36 up 11:18,  1 user,  load average: 6.42, 4.37, 3.94\n", fact.KindUptime},
		{"samples.txt", "# EPOCH DAEMON PID METRIC VALUE\n1795320652.12 dockerd 246 goroutines 54\n", fact.KindSamples},
		{"x", "1795320652.12 dockerd 246 goroutines 54\n", fact.KindSamples},
		{"samples.txt", "nothing of note\n", fact.KindText},
		{"truth.json", `{"level":"info","msg":"a"}` + "\n", fact.KindText},
		{"README.md", klog, fact.KindText},
		{"README.md", dump, fact.KindGoroutines},
		{"docker/info.txt.err", "node-collect: command timed out after 15s: docker info\n", fact.KindText},
		{"x", "nothing of note\n", fact.KindText},
		{"x", "\x00\x01\x02\x03\x80\x81", fact.KindBinary},
		{"x", "", fact.KindEmpty},
		{"ps-auxww.txt", inspect, fact.KindInspect},
		{"ps-auxww.txt", html, fact.KindText},
		{"logs/dockerd.log", html, fact.KindText},
	} {
		if got := KindOf(c.path, []byte(c.head)); got != c.want {
			t.Errorf("KindOf(%q, %.60q) = %q, want %q", c.path, c.head, got, c.want)
		}
	}
}

func TestOddSources(t *testing.T) {
	for _, c := range []struct{ path, head, want string }{
		{"ps-auxww.txt", psTable, ""},
		{"docker/info.txt", "", "empty file where a file of kind docker-info was expected"},
		{"logs/dockerd.log", "", "empty file where a file of kind log was expected"},
		{"proc/7/cmdline", "", ""},
		{"proc/7/stack", "", ""},
		{"x.err", "", ""},
		{"samples.txt", "", ""},
		{"proc/locks", "", ""},
		{"cgroup/pids.txt", "", ""},
		{"ps-auxww.txt", html, `an HTML page where a file of kind ps was expected: "<!DOCTYPE html>"`},
		{"ps-auxww.txt", "{\"message\": \"no\"}\n", `a JSON document where a file of kind ps was expected: "{\"message\": \"no\"}"`},
		{"ps-auxww.txt", mountinfo, `a file of kind mountinfo where a file of kind ps was expected: "312 225 7:3 / / rw,relatime shared:31 - ext4 /dev/loop3 rw"`},
		{"proc/1/mountinfo", "\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00", "an ELF binary where a file of kind mountinfo was expected"},
		{"ps.txt", "$ ps aux\n" + psTable, ""},
		{"logs/dockerd.log", dump, ""},
		{"goroutines/a.txt", strings.Repeat("x", 200), `text of no known form where a file of kind goroutines was expected: "` + strings.Repeat("x", 80) + `"...`},
	} {
		if got := classify(c.path, []byte(c.head)).odd; got != c.want {
			t.Errorf("classify(%q, %.40q): %s, want %s", c.path, c.head, got, c.want)
		}
	}
}

// A source longer than what is sniffed ends in half a line, which must not count.
func TestKindOfLongHead(t *testing.T) {
	line := "312 225 7:3 / / rw,relatime shared:31 - ext4 /dev/loop3 rw\n"
	head := []byte(strings.Repeat(line, headBytes/len(line)+2))
	if got := KindOf("x", head[:headBytes]); got != fact.KindMountinfo {
		t.Errorf("kind %q, want mountinfo", got)
	}
	long := "4590.87 3456.59\n" + strings.Repeat("a", headBytes)
	if got := KindOf("uptime", []byte(long)); got != fact.KindText {
		t.Errorf("64 KiB named uptime are of kind %q, want text", got)
	}
}

func TestEveryKindHasContent(t *testing.T) {
	seen := map[fact.Kind]bool{}
	for _, c := range contents {
		if seen[c.kind] {
			t.Errorf("%s is listed twice", c.kind)
		}
		seen[c.kind] = true
	}
	for _, n := range names {
		if n.kind != fact.KindText && !seen[n.kind] {
			t.Errorf("no content for %s", n.kind)
		}
	}
}

func TestNamePatterns(t *testing.T) {
	for _, n := range namePatterns {
		if _, err := path.Match(n.pattern, "x"); err != nil {
			t.Errorf("%s: %v", n.pattern, err)
		}
		if n.parts > maxParts || n.pattern != strings.ToLower(n.pattern) || strings.Contains(n.pattern, "_") {
			t.Errorf("%s can never match", n.pattern)
		}
	}
}

// The names that collect/FORMAT.md lists are those of the code.
func TestFormatListsNames(t *testing.T) {
	text, err := os.ReadFile("../../collect/FORMAT.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(text), "| kind | names |\n|---|---|\n")
	table, _, _ = strings.Cut(table, "\n\n")
	row := regexp.MustCompile("(?m)^\\| (\\S+) \\| `(.*)` \\|$").FindAllStringSubmatch(table, -1)
	if len(row) != len(names) {
		t.Fatalf("FORMAT.md has %d rows of names, the code %d", len(row), len(names))
	}
	for i, r := range row {
		if fact.Kind(r[1]) != names[i].kind || strings.ReplaceAll(r[2], "` `", " ") != names[i].patterns {
			t.Errorf("row %d: %s %s, in the code %s %s", i+1, r[1], r[2], names[i].kind, names[i].patterns)
		}
	}
}

func TestLooksLike(t *testing.T) {
	for head, want := range map[string]string{
		"":                       "an empty file",
		"\x7fELF\x02":            "an ELF binary",
		"\xff\xd8\xff\xe0":       "a JPEG image",
		"\xfd7zXZ\x00":           "xz-compressed content inside other compression, or damaged",
		"\xff\xfeg\x00o\x00":     "UTF-16 text (save it as UTF-8)",
		"  <HTML lang=en>":       "an HTML page",
		"[\n {\"a\": 1}]":        "a JSON document",
		"[root] what":            "text of no known form",
		"\x00\x00\x00":           "NUL bytes only",
		"\x00\x01\x02\x03 bytes": "binary content",
		"hello":                  "text of no known form",
	} {
		if got := looksLike([]byte(head)); got != want {
			t.Errorf("looksLike(%q) = %s, want %s", head, got, want)
		}
	}
}
