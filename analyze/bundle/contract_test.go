package bundle

import (
	"testing"

	"culprit/analyze/fact"
)

// TestCollectorsPaths: every member that collect.sh writes, and the natural paths of
// configuration and logs, is read as what it is and is nothing odd.
func TestCollectorsPaths(t *testing.T) {
	const (
		service  = "[Unit]\nDescription=Docker\n"
		journal  = "2026-11-22T04:10:52.123456+0800 node-a17 dockerd[612]: time=\"2026-11-22T04:10:52.123456789+08:00\" level=info msg=\"API listen on /var/run/docker.sock\"\n"
		kernel   = "2026-11-22T04:10:52.123456+0800 node-a17 kernel: INFO: task sh:2990 blocked for more than 120 seconds.\n"
		counts   = "/sys/fs/cgroup/pids/docker/14d4/pids.current: 12\n"
		fdLink   = "lrwx------ 1 0 0 64 Nov 22 04:10 3 -> socket:[55075]\n"
		listing  = "    PID    PPID STAT WCHAN                                ELAPSED NLWP   RSS COMM\n      1       0 Ss   do_epoll_wait                    12-03:10:44    1 11980 init\n"
		criPS    = "CONTAINER           IMAGE               CREATED             STATE               NAME                ATTEMPT             POD ID              POD\n8f1d0cbd0e4d4       6e38f40d628db       3 weeks ago         Running             storage             3                   0f3a4b5c6d7e8       storage-provisioner\n"
		criPods  = "POD ID              CREATED             STATE               NAME                NAMESPACE           ATTEMPT             RUNTIME\n0f3a4b5c6d7e8       3 weeks ago         Ready               web                 default             0                   (default)\n"
		criInfo  = "{\n  \"status\": {\n    \"conditions\": []\n  }\n}\n"
		events   = "NAMESPACE   LAST SEEN   TYPE      REASON      OBJECT      MESSAGE\ndefault     3m          Warning   BackOff     pod/web     Back-off restarting failed container\n"
		node     = "Name:               node-a17\nRoles:              <none>\nConditions:\n"
		diskstat = " 253       0 vda 17303 5291 1383242 4201 25033 34413 2103090 40001 0 23000 51000\n"
		ssUnix   = "Netid State Recv-Q Send-Q        Local Address:Port  Peer Address:Port Process\nu_str ESTAB 0      0      /var/run/docker.sock 55075            * 56646\n"
		mounts   = "/dev/vda on / type ext4 (rw,relatime)\nproc on /proc type proc (rw,nosuid,nodev,noexec,relatime)\n"
		heap     = "\x0a\x04\x08\x01\x10\x02\x12\x08\x0a\x03\x01\x02\x03\x12\x01\x05"
	)
	for _, c := range []struct {
		path, head string
		want       fact.Kind
	}{
		{"manifest.jsonl", `{"format":"culprit.bundle/1"}` + "\n", fact.KindManifest},
		{"hostname.txt", "node-a17\n", fact.KindHostname},
		{"uname.txt", "Linux node-a17 6.1.0-18-amd64 #1 SMP x86_64 GNU/Linux\n", fact.KindUname},
		{"uptime.txt", "4590.87 3456.59\n", fact.KindUptime},
		{"date.txt", "2026-11-22T04:10:52+0800\n", fact.KindDate},
		{"os-release", "ID=debian\nNAME=Debian\n", fact.KindOSRelease},
		{"boot_id.txt", "0b8e2a3c-11aa-4b5c-8d7e-0123456789ab\n", fact.KindBootID},
		{"loadavg.txt", "265.26 68.28 25.07 2/700 9000\n", fact.KindText},
		{"proc/loadavg", "265.26 68.28 25.07 2/700 9000\n", fact.KindText},
		{"meminfo.txt", "MemTotal:       16384 kB\n", fact.KindText},
		{"proc/meminfo", "MemTotal:       16384 kB\n", fact.KindText},
		{"sysctl.txt", "fs.file-nr = 1\t2\t3\nvm.swappiness = 60\nfs.file-max = 7\n", fact.KindSysctl},
		{"samples.txt", "1795320652.12 dockerd 246 goroutines 54\n", fact.KindSamples},
		{"proc/locks", "1: FLOCK  ADVISORY  WRITE 7001 00:1a:733 0 EOF\n", fact.KindLocks},
		{"proc/diskstats", diskstat, fact.KindText},
		{"proc/diskstats-1.txt", diskstat, fact.KindText},
		{"proc/diskstats-2", diskstat, fact.KindText},
		{"proc/slabinfo", "slabinfo - version: 2.1\n", fact.KindText},
		{"proc/pressure/cpu", "some avg10=0.00 avg60=0.00 avg300=0.00 total=71\n", fact.KindText},
		{"proc/pressure/io.txt", "some avg10=0.00 avg60=0.00 avg300=0.00 total=71\n", fact.KindText},
		{"proc/pressure/memory", "some avg10=0.00 avg60=0.00 avg300=0.00 total=71\n", fact.KindText},
		{"proc/net/sockstat", "sockets: used 180\nTCP: inuse 9\n", fact.KindText},

		{"proc/2990/stat", "2990 (sh) D 1 95 95 0 -1 4194304 4385 41 29 0\n", fact.KindProcStat},
		{"proc/2990/status", "Name:\tsh\nState:\tD (disk sleep)\nPid:\t2990\n", fact.KindProcStatus},
		{"proc/2990/wchan", "percpu_rwsem_wait", fact.KindProcWchan},
		{"proc/2990/cgroup", "0::/system.slice\n", fact.KindProcCgroup},
		{"proc/2990/limits", "Limit                     Soft Limit           Hard Limit           Units\n", fact.KindProcLimits},
		{"proc/2990/comm", "sh\n", fact.KindProcComm},
		{"proc/2990/stack", "[<0>] mnt_want_write+0x46/0x90\n", fact.KindProcStack},
		{"proc/2990/syscall", "1 0x3 0x7ffc 0x2 0x0 0x0 0x0 0x7ffc 0x7f\n", fact.KindProcSyscall},
		{"proc/2990/ns_mnt", "mnt:[4026532723]\n", fact.KindProcNS},
		{"proc/2990/ns_net", "net:[4026532723]\n", fact.KindProcNS},
		{"proc/2990/ns_pid", "pid:[4026532723]\n", fact.KindProcNS},
		{"proc/2990/ns", "mnt:[4026532336]\nnet:[4026532495]\npid:[4026532337]\n", fact.KindProcNS},
		{"proc/2990/cmdline", "sh -c sleep 9\n", fact.KindProcCmdline},
		{"proc/2990/fd", fdLink, fact.KindProcFD},
		{"proc/2990/fd_count", "60\n", fact.KindProcFDCount},
		{"proc/2990/mountinfo", mountinfo, fact.KindMountinfo},
		{"proc/2990/net/unix", "Num       RefCount Protocol Flags    Type St Inode Path\n", fact.KindNetUnix},
		{"proc/2990/task/2991/stat", "2991 (sh) D 1 95 95 0 -1 4194304 4385 41 29 0\n", fact.KindProcStat},
		{"proc/2990/task/2991/status", "Name:\tsh\nState:\tD (disk sleep)\nPid:\t2991\n", fact.KindProcStatus},
		{"proc/2990/task/2991/wchan", "percpu_rwsem_wait", fact.KindProcWchan},
		{"proc/2990/task/2991/stack", "[<0>] mnt_want_write+0x46/0x90\n", fact.KindProcStack},
		{"proc/2990/task/2991/syscall", "running\n", fact.KindProcSyscall},

		{"netns/4026532728/ss-xan.txt", ssUnix, fact.KindSS},
		{"ss-anp.txt", ssUnix, fact.KindSS},
		{"netstat-apn.txt", "Active Internet connections (servers and established)\n", fact.KindNetstat},
		{"ps-wchan.txt", listing, fact.KindPS},
		{"ps-proc.txt", listing, fact.KindPS},
		{"ps-auxww.txt", psTable, fact.KindPS},
		{"cgroup/freezer.txt", "/sys/fs/cgroup/freezer/docker/14d4/freezer.state: THAWED\n", fact.KindFreezer},
		{"cgroup/pids.txt", counts, fact.KindCgroupCount},
		{"cgroup/memory.txt", "/sys/fs/cgroup/docker/14d4/memory.events: oom_kill 2\n", fact.KindCgroupCount},

		{"goroutines/dockerd-goroutine.pb.gz", runtimeProfile, fact.KindProfile},
		{"goroutines/dockerd-goroutine-debug1.txt", "goroutine profile: total 1\n1 @ 0x1 0x2\n#\t0x1\tmain.f+0xc6\tmain.go:213\n", fact.KindGoroutines},
		{"goroutines/containerd-goroutine-debug2.txt", dump, fact.KindGoroutines},
		{"goroutines/kubelet-goroutine-debug2.txt", dump, fact.KindGoroutines},
		{"goroutines/dockerd-heap.pb.gz", heap, fact.KindProfile},
		{"goroutines/goroutine-stacks-2026-11-22T035355Z.log", dump, fact.KindGoroutines},
		{"goroutines/crio-goroutine-stacks-2026-11-22T035355Z.log", dump, fact.KindGoroutines},
		{"goroutines/containerd.246.stacks.log", dump, fact.KindGoroutines},
		{"containerd.246.stacks.log", dump, fact.KindGoroutines},

		{"logs/dockerd.log", journal, fact.KindLog},
		{"logs/docker.log", journal, fact.KindLog},
		{"logs/containerd.log", journal, fact.KindLog},
		{"logs/kubelet.log", klog, fact.KindLog},
		{"logs/kernel.log", kernel, fact.KindKernelLog},
		{"logs/dmesg.txt", dmesg, fact.KindKernelLog},
		{"logs/messages.log", syslog, fact.KindLog},
		{"logs/k3s.log", klog, fact.KindLog},
		{"var/log/messages", syslog, fact.KindLog},
		{"var/log/kern.log", kernel, fact.KindKernelLog},
		{"var/log/docker", logrus, fact.KindLog},
		{"var/log/upstart/docker.log", logrus, fact.KindLog},

		{"docker/version.txt", versionT, fact.KindDockerVers},
		{"docker/info.txt", infoT, fact.KindDockerInfo},
		{"docker/ps-a.txt", "CONTAINER ID   IMAGE     CREATED   STATUS    PORTS     NAMES\n", fact.KindDockerPS},
		{"docker/inspect-1.json", inspect, fact.KindInspect},
		{"docker/inspect-1ff1534fe70a.json", inspect, fact.KindInspect},
		{"docker/info.txt.err", "command timed out after 15s: docker info\n", fact.KindText},
		{"netns/4026532728/ss-xan.txt.err", "nsenter: cannot open /proc/7/ns/net\n", fact.KindText},
		{"containerd/version.txt", "Client:\n  Version:  1.6.20\n  Revision: 1\n", fact.KindText},
		{"containerd/tasks-ls.txt", "TASK    PID    STATUS\n1e7f    264    RUNNING\n", fact.KindTasks},
		{"containerd/containers-ls.txt", "CONTAINER    IMAGE    RUNTIME\n1e7f    -        io.containerd.runc.v2\n", fact.KindContainers},
		{"containerd/k8s.io/tasks-ls.txt", "TASK    PID    STATUS\n1e7f    264    RUNNING\n", fact.KindTasks},
		{"containerd/k8s.io/containers-ls.txt", "CONTAINER    IMAGE    RUNTIME\n", fact.KindContainers},
		{"crictl/version.txt", "Version:  0.1.0\nRuntimeName:  containerd\n", fact.KindText},
		{"crictl/info.txt", criInfo, fact.KindText},
		{"crictl/ps.txt", criPS, fact.KindText},
		{"crictl/ps-a.txt", criPS, fact.KindText},
		{"crictl/pods.txt", criPods, fact.KindText},
		{"kubectl/pods.txt", events, fact.KindText},
		{"kubectl/events.txt", events, fact.KindText},
		{"kubectl/node.txt", node, fact.KindText},

		{"config/daemon.json", "{}\n", fact.KindDaemonJSON},
		{"etc/docker/daemon.json", "{}\n", fact.KindDaemonJSON},
		{"config/docker.service", service, fact.KindUnit},
		{"usr/lib/systemd/system/docker.service", service, fact.KindUnit},
		{"etc/systemd/system/docker.service.d/override.conf", "[Service]\nMountFlags=slave\n", fact.KindUnit},
		{"config/containerd-config.toml", "version = 2\n", fact.KindContainerdC},
		{"etc/containerd/config.toml", "version = 2\n", fact.KindContainerdC},
		{"run/docker/containerd/containerd.toml", "root = \"/var/lib/docker/containerd/daemon\"\n", fact.KindContainerdC},
		{"var/lib/rancher/k3s/agent/etc/containerd/config.toml", "version = 2\n", fact.KindContainerdC},
		{"etc/crio/crio.conf", "[crio.runtime]\n", fact.KindText},
		{"etc/sysconfig/docker", "OPTIONS='--live-restore'\n", fact.KindText},
		{"config/kubelet-config.yaml", "kind: KubeletConfiguration\n", fact.KindKubeletConf},
		{"var/lib/kubelet/config.yaml", "kind: KubeletConfiguration\n", fact.KindKubeletConf},
		{"config/configz.json", `{"kubeletconfig":{"syncFrequency":"1m0s"}}`, fact.KindKubeletConf},
		{"var/lib/kubelet/kubeadm-flags.env", "KUBELET_KUBEADM_ARGS=\"--v=2\"\n", fact.KindKubeletArgs},
		{"config/cpu_manager_state", `{"policyName":"static","defaultCpuSet":"0-1","checksum":1}`, fact.KindCPUManager},
		{"var/lib/kubelet/cpu_manager_state", `{"policyName":"static","defaultCpuSet":"0-1","checksum":1}`, fact.KindCPUManager},
		{"runc-version.txt", "runc version 1.1.5\n", fact.KindRuncVersion},
		{"runc-version-2.txt", "runc version 1.0.0-rc5+dev\n", fact.KindRuncVersion},
		{"runc/0a1b/state.json", "{\"id\":\"0a", fact.KindRuncState},
		{"run-ls.txt", "-rw------- 1 0 0 8123 Nov 22 03:55 /run/runc/0a1b/state.json\n", fact.KindRunListing},
		{"df-h.txt", "Filesystem Size Used\n", fact.KindText},
		{"df.txt", "Filesystem 1024-blocks Used\n", fact.KindText},
		{"df-i.txt", "Filesystem Inodes IUsed\n", fact.KindText},
		{"mount.txt", mounts, fact.KindText},
	} {
		if v := classify(c.path, []byte(c.head)); v.kind != c.want || v.odd != "" {
			t.Errorf("%s is of kind %s, want %s; odd: %q", c.path, v.kind, c.want, v.odd)
		}
		// Under one folder, as in the tar, nothing changes; nor where a log follows
		// that could be anything's.
		if v := classify("culprit-node-a17-20261122T041052Z/"+c.path, []byte(c.head)); v.kind != c.want {
			t.Errorf("%s in a folder is of kind %s, want %s", c.path, v.kind, c.want)
		}
	}
	for _, path := range []string{
		"crictl/ps.txt", "crictl/info.txt", "kubectl/events.txt", "mount.txt", "proc/diskstats-2", "proc/pressure/cpu", "proc/slabinfo", "proc/net/sockstat", "docker/info.txt.err",
	} {
		if got := KindOf(path, []byte(klog+klog)); got != fact.KindText {
			t.Errorf("%s with lines of a log is of kind %s", path, got)
		}
	}
}
