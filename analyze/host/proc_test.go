package host

import (
	"io"
	"math"
	"strings"
	"testing"

	"culprit/analyze/fact"
)

func TestPIDOf(t *testing.T) {
	tests := []struct {
		source string
		pid    int
		ok     bool
	}{
		{"proc/2990/stack", 2990, true},
		{"node-a/sysroot/proc/2990/fd/", 2990, true},
		{"/proc/2990/task/2993/stack", 2993, true},
		{"proc/2990/task/x/stack", 2990, true},
		{"proc/1/root/proc/77/status", 77, true},
		{"proc/net/unix", 0, false},
		{"proc/99999999999/stack", 0, false},
		{"proc/-1/stack", 0, false},
		{"xproc/12/stack", 0, false},
		{"proc", 0, false},
		{"", 0, false},
	}
	for _, tt := range tests {
		if pid, ok := PIDOf(tt.source); pid != tt.pid || ok != tt.ok {
			t.Errorf("%q: %d %v, want %d %v", tt.source, pid, ok, tt.pid, tt.ok)
		}
	}
}

type procParser func(io.Reader, string) ([]fact.Process, []fact.Problem)

// procTest is one file of a process, and the rows and problems it gives.
type procTest struct {
	name, source, text string
	want               []fact.Process
	problems           []string
}

func runProc(t *testing.T, parse procParser, tests []procTest) {
	t.Helper()
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, problems := parse(strings.NewReader(tt.text), tt.source)
			equal(t, "rows", got, tt.want)
			equal(t, "problems", texts(problems), tt.problems)
		})
	}
}

func TestParseStatus(t *testing.T) {
	const text = "Name:\tsh\nUmask:\t0022\nState:\tD (disk sleep)\nTgid:\t2990\nPid:\t2990\nPPid:\t2970\nTracerPid:\t0\n" +
		"Groups:\t\nNSpid:\t2990\t1\nVmRSS:\t    1472 kB\nThreads:\t3\nSigPnd:\t0000000000000000\nShdPnd:\t0000000000000100\n"
	first := ref("proc/2990/status", 1, 0)
	runProc(t, ParseStatus, []procTest{
		{"whole", "proc/2990/status", text, []fact.Process{{
			PID: 2990, PPID: fact.Some(2970), Comm: "sh", State: "D", StateRef: lineRef("proc/2990/status", text, 3), KillRef: lineRef("proc/2990/status", text, 13),
			NSPID: []int{2990, 1}, RSS: fact.Some[int64](1472), Threads: fact.Some(3), KillPending: fact.Some(true),
			Tracer: fact.Some(0), Refs: []fact.Ref{first},
		}}, nil},
		{"loose file, one mask only", "status", "Name:\tsh\nPid:\t7\nSigPnd:\t0000000000000000\n",
			[]fact.Process{{PID: 7, Comm: "sh", Refs: []fact.Ref{ref("status", 1, 0)}}}, nil},
		{"other signals are not a kill", "proc/7/status", "Pid:\t7\nSigPnd:\t0000000000000080\nShdPnd:\t0000000000004000\n",
			[]fact.Process{{PID: 7, KillPending: fact.Some(false), Refs: []fact.Ref{ref("proc/7/status", 1, 0)}}}, nil},
		{"failed read", "proc/7/status", "cat: /proc/7/status: No such process\n", nil,
			[]string{`proc/7/status:1 the command failed: "cat: /proc/7/status: No such process"`}},
		{"broken values", "proc/7/status", "Name:\tsh\nState:\t?\nThreads:\tmany\nSigPnd:\tzz\n",
			[]fact.Process{{PID: 7, Comm: "sh", Refs: []fact.Ref{ref("proc/7/status", 1, 0)}}},
			[]string{`proc/7/status:2 "?" is no process state`, `proc/7/status:3 "many" is no number for Threads`, `proc/7/status:4 "zz" is no signal mask`}},
		{"no pid", "x/status", "Name:\tsh\n", nil, []string{"x/status:1 a status without a pid"}},
		{"something else", "proc/7/status", "a: b\n", nil, []string{"proc/7/status:1 no field of /proc/PID/status"}},
	})
}

func TestParseStat(t *testing.T) {
	const one = "2990 (sh) D 2970 2990 2990 0 -1 4194304 44 0 0 0 0 0 0 0 20 0 3 0 411243 2322432 353 18446744073709551615\n"
	const two = "1077 (x) (y z) ) R 901 1077 901 34817 1077 4194560 97 0 0 0 0 0 0 0 20 0 1 0 7700123 9871360 141\n"
	a, b := ref("stat", 1, 0), ref("stat", 2, int64(len(one)))
	runProc(t, ParseStat, []procTest{
		{"two joined", "stat", one + two, []fact.Process{
			{PID: 2990, PPID: fact.Some(2970), Comm: "sh", State: "D", StateRef: a, Threads: fact.Some(3), Start: fact.Some[int64](411243), Refs: []fact.Ref{a}},
			{PID: 1077, PPID: fact.Some(901), Comm: "x) (y z) ", State: "R", StateRef: b, Threads: fact.Some(1), Start: fact.Some[int64](7700123), Refs: []fact.Ref{b}},
		}, nil},
		{"cut", "proc/7/stat", "7 (sh) D 2970 2990", nil, []string{`proc/7/stat:1 not a line of /proc/PID/stat: "7 (sh) D 2970 2990"`}},
	})
}

func TestParseStack(t *testing.T) {
	at := ref("proc/7/stack", 1, 0)
	runProc(t, ParseStack, []procTest{
		{"hidden addresses", "proc/7/stack", "[<0>] percpu_rwsem_wait+0x15f/0x1d0\n[<0>] xfs_log_reserve.part.0+0xe9/0x210 [xfs]\n[<0>] do_syscall_64\n",
			[]fact.Process{{PID: 7, Stack: []string{"percpu_rwsem_wait", "xfs_log_reserve", "do_syscall_64"}, StackRef: at, Refs: []fact.Ref{at}}}, nil},
		{"old, with end mark", "proc/7/stack", "[<ffffffff81120f1f>] wait_on_page_bit+0x6f/0x80\n[<ffffffffffffffff>] 0xffffffffffffffff\n",
			[]fact.Process{{PID: 7, Stack: []string{"wait_on_page_bit"}, StackRef: at, Refs: []fact.Ref{at}}}, nil},
		{"empty", "proc/7/stack", "", nil, nil},
		{"refused", "proc/7/stack", "cat: /proc/7/stack: Permission denied\n", nil,
			[]string{`proc/7/stack:1 the command failed: "cat: /proc/7/stack: Permission denied"`}},
		{"a line that is no frame", "proc/7/stack", "rubbish\n[<0>] a+0x1/0x2\n",
			[]fact.Process{{PID: 7, Stack: []string{"a"}, StackRef: ref("proc/7/stack", 2, 8), Refs: []fact.Ref{ref("proc/7/stack", 2, 8)}}},
			[]string{`proc/7/stack:1 not a frame of /proc/PID/stack: "rubbish"`}},
		{"no pid", "stack", "[<0>] a+0x1/0x2\n", nil, []string{"stack no /proc/PID in the path, so whose file this is is unknown"}},
	})
}

func TestParseSmallProcFiles(t *testing.T) {
	at := func(file string) []fact.Ref { return []fact.Ref{ref("proc/7/"+file, 1, 0)} }
	runProc(t, ParseWchan, []procTest{
		{"wchan", "proc/7/wchan", "do_sigtimedwait.isra.0", []fact.Process{{PID: 7, WChan: "do_sigtimedwait", Refs: at("wchan")}}, nil},
		{"wchan none", "proc/7/wchan", "0", []fact.Process{{PID: 7, WChan: "0", Refs: at("wchan")}}, nil},
		{"wchan empty", "proc/7/wchan", "", nil, nil},
		{"wchan refused", "proc/7/wchan", "cat: x: Permission denied\n", nil, []string{`proc/7/wchan:1 the command failed: "cat: x: Permission denied"`}},
	})
	runProc(t, ParseComm, []procTest{
		{"comm", "proc/7/comm", "tmux: server\n", []fact.Process{{PID: 7, Comm: "tmux: server", Refs: at("comm")}}, nil},
	})
	runProc(t, ParseFDCount, []procTest{
		{"count", "proc/7/fd_count", "1524\n", []fact.Process{{PID: 7, FDCount: fact.Some(1524), Refs: at("fd_count")}}, nil},
		{"count zero", "proc/7/fd_count", "0\n", []fact.Process{{PID: 7, FDCount: fact.Some(0), Refs: at("fd_count")}}, nil},
		{"no count", "proc/7/fd_count", "many\n", nil, []string{`proc/7/fd_count:1 not a number of open files: "many"`}},
	})
	runProc(t, ParseCmdline, []procTest{
		{"NUL separated", "proc/7/cmdline", "/opt/my app/bin/server\x00-c\x00echo a\n b\x00",
			[]fact.Process{{PID: 7, Comm: "server", Args: "/opt/my app/bin/server -c echo a\n b", Refs: at("cmdline")}}, nil},
		{"blanks", "proc/7/cmdline", "/sbin/syslogd -n -O /var/log/messages ",
			[]fact.Process{{PID: 7, Comm: "syslogd", Args: "/sbin/syslogd -n -O /var/log/messages", Refs: at("cmdline")}}, nil},
		{"none", "proc/7/cmdline", "", nil, nil},
		{"refused", "proc/7/cmdline", "cat: /proc/7/cmdline: No such file or directory\n", nil,
			[]string{`proc/7/cmdline:1 the command failed: "cat: /proc/7/cmdline: No such file or directory"`}},
	})
	runProc(t, ParseNS, []procTest{
		{"readlink", "proc/7/ns_mnt", "mnt:[4026532336]\n", []fact.Process{{PID: 7, MntNS: "4026532336", Refs: at("ns_mnt")}}, nil},
		{"ls -l", "proc/7/ns", "total 0\nlrwxrwxrwx 1 root root 0 Nov 22 03:49 net -> net:[12]\n" +
			"lrwxrwxrwx 1 root root 0 Nov 22 03:49 pid -> pid:[13]\nlrwxrwxrwx 1 root root 0 Nov 22 03:49 pid_for_children -> pid:[14]\n",
			[]fact.Process{{PID: 7, NetNS: "12", PIDNS: "13", Refs: []fact.Ref{ref("proc/7/ns", 2, 8)}}}, nil},
		{"refused", "proc/7/ns/net", "mnt:[x]\n", nil, []string{`proc/7/ns/net:1 not a namespace link: "mnt:[x]"`}},
	})
}

func TestParseCgroup(t *testing.T) {
	at := []fact.Ref{ref("proc/7/cgroup", 1, 0)}
	runProc(t, ParseCgroup, []procTest{
		{"v1 and v2", "proc/7/cgroup", "3:cpu,cpuacct:/docker/a\n1:name=systemd:/x.slice:cri-containerd:b\n0::/\n",
			[]fact.Process{{PID: 7, Refs: at, Cgroups: map[string]string{
				"cpu": "/docker/a", "cpuacct": "/docker/a", "name=systemd": "/x.slice:cri-containerd:b", "": "/"}}}, nil},
		{"broken", "proc/7/cgroup", "0::/a\nnonsense\n", []fact.Process{{PID: 7, Refs: at, Cgroups: map[string]string{"": "/a"}}},
			[]string{`proc/7/cgroup:2 not a line of /proc/PID/cgroup: "nonsense"`}},
	})
}

func TestParseLimits(t *testing.T) {
	const head = "Limit                     Soft Limit           Hard Limit           Units     \nMax cpu time              unlimited            unlimited            seconds   \n"
	at := []fact.Ref{ref("proc/7/limits", 3, int64(len(head)))}
	runProc(t, ParseLimits, []procTest{
		{"numbers", "proc/7/limits", head + "Max open files            1024                 4096                 files     \n",
			[]fact.Process{{PID: 7, NoFile: fact.Some[int64](1024), NoFileHard: fact.Some[int64](4096), Refs: at}}, nil},
		{"unlimited", "proc/7/limits", head + "Max open files            1024                 unlimited            files     \n",
			[]fact.Process{{PID: 7, NoFile: fact.Some[int64](1024), NoFileHard: fact.Some[int64](math.MaxInt64), Refs: at}}, nil},
		{"cut", "proc/7/limits", head + "Max open files            10", nil,
			[]string{`proc/7/limits:3 no limits in "Max open files            10"`}},
	})
}

func TestParseFD(t *testing.T) {
	at := []fact.Ref{ref("proc/7/fd", 1, 0)}
	runProc(t, ParseFD, []procTest{
		{"short", "proc/7/fd", "0 -> /dev/null\n10 -> /data/a -> b\n3 -> socket:[651023]\n", []fact.Process{{
			PID: 7, FDs: []fact.FD{{N: 0, Target: "/dev/null"}, {N: 10, Target: "/data/a -> b"}, {N: 3, Target: "socket:[651023]"}},
			FDCount: fact.Some(3), Refs: at}}, nil},
		{"ls -l, one closed meanwhile", "proc/7/fd", "total 0\nl-wx------ 1 root root 64 Nov 22 03:49 3 -> /data/b.0\nl????????? ? ? ? ? ? 120\n",
			[]fact.Process{{PID: 7, FDs: []fact.FD{{N: 3, Target: "/data/b.0"}}, FDCount: fact.Some(1), Refs: []fact.Ref{ref("proc/7/fd", 2, 8)}}}, nil},
		{"cut", "proc/7/fd", "0 -> /dev/null\n1 -> /va", []fact.Process{{
			PID: 7, FDs: []fact.FD{{N: 0, Target: "/dev/null"}, {N: 1, Target: "/va"}}, Refs: at}},
			[]string{`proc/7/fd:2 ends in the middle of a line: "1 -> /va"`}},
		{"refused", "proc/7/fd", "ls: cannot open directory '/proc/7/fd': Permission denied\n", nil,
			[]string{`proc/7/fd:1 the command failed: "ls: cannot open directory '/proc/7/fd': Permission denied"`}},
	})
}

func TestParseSyscall(t *testing.T) {
	at := []fact.Ref{ref("proc/7/syscall", 1, 0)}
	runProc(t, ParseSyscall, []procTest{
		{"write", "proc/7/syscall", "1 0x3 0x7ffd1c9d5a40 0x2 0x0 0x0 0x7f2b 0x7ffd1c9d5988 0x7f2b9c114a90\n", []fact.Process{{PID: 7, SyscallFD: fact.Some(3), Refs: at}}, nil},
		{"pwritev", "proc/7/syscall", "296 0x10 0x7 0x2 0x0 0x0 0x0 0x1 0x2\n", []fact.Process{{PID: 7, SyscallFD: fact.Some(16), Refs: at}}, nil},
		{"read is none of ours", "proc/7/syscall", "0 0x3 0x7 0x2 0x0 0x0 0x0 0x1 0x2\n", nil, nil},
		{"running", "proc/7/syscall", "running\n", nil, nil},
		{"outside", "proc/7/syscall", "-1 0x7ffd1c9d5988 0x7f2b9c114a90\n", nil, nil},
		{"no descriptor", "proc/7/syscall", "1 0xffffffffffffffff 0x7 0x2 0x0 0x0 0x0 0x1 0x2\n", nil, []string{`proc/7/syscall:1 "0xffffffffffffffff" is no file descriptor`}},
		{"cut", "proc/7/syscall", "1 0x3", nil, []string{`proc/7/syscall:1 not a line of /proc/PID/syscall: "1 0x3"`}},
	})
}
