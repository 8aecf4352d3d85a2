package bundle

import (
	"path"
	"strings"

	"culprit/analyze/fact"
)

// names are the tails of paths, as path.Match patterns over as many last parts
// as the pattern has; the first match decides. They are matched in lower case,
// without the suffix of a compression, with and without ".txt". The layouts are
// our own, sosreport, the EKS and Rancher collectors, kind, must-gather and what
// people call files that they save by hand. "_" counts as "-". collect/FORMAT.md
// lists them.
var names = []struct {
	kind     fact.Kind
	patterns string
}{
	{fact.KindContainerdC, "containerd/config.toml containerd/containerd.toml containerd*config*.toml"},
	{fact.KindKubeletConf, "kubelet/config.yaml kubelet*config*.yaml kubelet*config*.yml kubelet*config*.json kubelet-config kubelet/config configz*"},
	{fact.KindKubeletArgs, "kubeadm-flags.env default/kubelet sysconfig/kubelet kubernetes/kubelet"},
	{fact.KindCPUManager, "cpu-manager-state"},
	{fact.KindRuncVersion, "runc-version* docker-runc-version* runc--version*"},
	{fact.KindRuncState, "[0-9a-f]*/state.json"},
	{fact.KindRunListing, "run-ls"},

	// What would match below and is something else.
	{fact.KindText, "*.err *.md truth.json meta.json *.toml *.yaml *.yml df df-* mount loadavg meminfo"},
	{fact.KindText, "proc/pressure/* proc/diskstats* proc/slabinfo net/sockstat crictl/* kubectl/*"},
	{fact.KindText, "ss--s netstat--s netstat-s netstat*agn proc/net/netstat crictl* *goroutine*.json"},
	{fact.KindText, "docker/stats docker/images docker-stats docker-images"},

	{fact.KindManifest, "manifest.jsonl"},
	{fact.KindCollectLog, "collect.log collect-log"},

	{fact.KindProfile, "*.pb *.pprof *.prof"},
	{fact.KindGoroutines, "*goroutine* goroutines/*.txt *.stacks.log docker-trace *sigquit* *sigusr1*"},

	{fact.KindProcStatus, "[0-9]*/status self/status proc-[0-9]*-status"},
	{fact.KindProcStat, "[0-9]*/stat self/stat proc-[0-9]*-stat allprocstat"},
	{fact.KindProcStack, "[0-9]*/stack self/stack proc-[0-9]*-stack"},
	{fact.KindProcWchan, "[0-9]*/wchan self/wchan proc-[0-9]*-wchan"},
	{fact.KindProcCgroup, "[0-9]*/cgroup self/cgroup proc-[0-9]*-cgroup"},
	{fact.KindProcLimits, "[0-9]*/limits self/limits proc-[0-9]*-limits"},
	{fact.KindProcFDCount, "[0-9]*/fd-count [0-9]*/fdcount proc-[0-9]*-fd-count"},
	{fact.KindProcFD, "[0-9]*/fd self/fd proc-[0-9]*-fd"},
	{fact.KindProcCmdline, "[0-9]*/cmdline self/cmdline proc-[0-9]*-cmdline"},
	{fact.KindProcComm, "[0-9]*/comm self/comm proc-[0-9]*-comm"},
	{fact.KindProcNS, "[0-9]*/ns [0-9]*/ns-mnt [0-9]*/ns-net [0-9]*/ns-pid [0-9]*/ns/mnt [0-9]*/ns/net [0-9]*/ns/pid proc-[0-9]*-ns-*"},
	{fact.KindProcSyscall, "[0-9]*/syscall self/syscall proc-[0-9]*-syscall"},
	{fact.KindLocks, "proc/locks proc-locks"},
	{fact.KindMountinfo, "mountinfo mountinfo-* mountinfo.* *-mountinfo *.mountinfo"},
	{fact.KindNetUnix, "net/unix proc-net-unix"},

	{fact.KindDockerPS, "docker/ps docker/ps-* docker-ps docker-ps-* dockerps dockerpsa"},
	{fact.KindInspect, "docker/inspect* docker-inspect* containerinspect/* inspect.json inspect-*.json"},
	{fact.KindDockerVers, "docker/version docker-version dockerversion"},
	{fact.KindDockerInfo, "docker/info docker-info dockerinfo"},
	{fact.KindDaemonJSON, "*daemon.json"},
	{fact.KindTasks, "tasks-ls task-ls containerd-tasks ctr*task-ls ctr*tasks-ls"},
	{fact.KindContainers, "containers-ls container-ls containerd-containers ctr*container-ls ctr*containers-ls"},

	{fact.KindPS, "ps ps-*"},
	{fact.KindSS, "ss ss-* ssanp ssxapn ss4apn ss6apn ssuapn sswapn"},
	{fact.KindNetstat, "netstat netstat-*"},

	{fact.KindUnit, "*.service *.socket *.service.d/*.conf *.service.d-*.conf systemctl-cat* *-service"},
	{fact.KindFreezer, "freezer.state *.freezer.state freezer cgroup.events"},
	{fact.KindCgroupCount, "cgroup/pids cgroup/memory pids.current pids.max pids.events memory.current memory.max memory.events memory.*-in-bytes memory.oom-control"},
	{fact.KindUname, "uname uname-*"},
	{fact.KindOSRelease, "os-release osrelease"},
	{fact.KindHostname, "hostname hostname--f"},
	{fact.KindBootID, "boot-id"},
	{fact.KindDate, "date date-*"},
	{fact.KindUptime, "uptime"},
	{fact.KindSamples, "samples samples-*"},
	{fact.KindSysctl, "sysctl sysctl-* sys/fs/* sys/kernel/* sys/vm/*"},

	{fact.KindKernelLog, "dmesg dmesg-* dmesg.* kern.log* kernel.log"},
	{fact.KindLog, "*.log *.log.[0-9]* *.log-[0-9]* messages messages-* messages.* syslog syslog-* syslog.* journalctl* journald/* systemlogs/* containerd-log"},
	{fact.KindTerminal, "cli-session* console* shell-session* terminal* typescript"},
}

type namePattern struct {
	kind    fact.Kind
	pattern string
	parts   int
	// first and last are what a name that matches begins and ends with: most names are
	// told by them alone.
	first, last string
}

func (n namePattern) matches(name string) bool {
	if !strings.HasPrefix(name, n.first) || !strings.HasSuffix(name, n.last) {
		return false
	}
	ok, _ := path.Match(n.pattern, name)
	return ok
}

var namePatterns = func() (list []namePattern) {
	for _, n := range names {
		for p := range strings.FieldsSeq(n.patterns) {
			first, last := p, p
			if i := strings.IndexAny(p, "*?["); i >= 0 {
				first, last = p[:i], p[strings.LastIndexAny(p, "*?]")+1:]
			}
			list = append(list, namePattern{n.kind, p, strings.Count(p, "/") + 1, first, last})
		}
	}
	return list
}()

// exactNames are the first patterns of those that match one name only, by it; wildNames
// are the others. Both are indexes of namePatterns.
var exactNames, wildNames = func() (exact map[string]int, wild []int) {
	exact = map[string]int{}
	for i, n := range namePatterns {
		if _, known := exact[n.pattern]; strings.ContainsAny(n.pattern, `*?[\`) {
			wild = append(wild, i)
		} else if !known {
			exact[n.pattern] = i
		}
	}
	return exact, wild
}()

// maxParts is the number of last parts that the longest pattern looks at.
const maxParts = 3

// nameKind is the kind that the tail of p promises, "" none. "__" between parts,
// as in files that were flattened to attach them, stands for a slash.
func nameKind(p string) fact.Kind {
	p = strings.ReplaceAll(strings.ToLower(storedName(p)), "__", "/")
	p = strings.ReplaceAll(p, "_", "-")
	tails := [2][maxParts]string{tailsOf(p)}
	if bare := strings.TrimSuffix(p, ".txt"); bare != p {
		tails[1] = tailsOf(bare)
	}
	first := len(namePatterns)
	for _, t := range tails {
		for _, tail := range t {
			if i, ok := exactNames[tail]; ok {
				first = min(first, i)
			}
		}
	}
	for _, i := range wildNames {
		if i > first {
			break
		}
		if n := namePatterns[i]; n.matches(tails[0][n.parts-1]) || n.matches(tails[1][n.parts-1]) {
			return n.kind
		}
	}
	if first == len(namePatterns) {
		return ""
	}
	return namePatterns[first].kind
}

// tailsOf returns the last part of p, the last two, the last three; "" where p
// has fewer.
func tailsOf(p string) (tails [maxParts]string) {
	end := len(p)
	for i := range tails {
		end = strings.LastIndexByte(p[:end], '/')
		tails[i] = p[end+1:]
		if end < 0 {
			break
		}
	}
	return tails
}
