package host

import (
	"bytes"
	"strings"
	"testing"

	"culprit/analyze/fact"
)

// inside checks that a ref points at a line of b and at that line's offset.
func inside(t *testing.T, b []byte, what string, r fact.Ref) {
	t.Helper()
	count := bytes.Count(b, []byte("\n"))
	if len(b) > 0 && b[len(b)-1] != '\n' {
		count++
	}
	if r.Line < 1 || r.Line > count || r.EndLine != 0 && (r.EndLine <= r.Line || r.EndLine > count) {
		t.Fatalf("%s: ref %s outside of %d lines", what, r, count)
	}
	if want := lineRef(r.Source, string(b), r.Line).Offset; r.Offset != want {
		t.Fatalf("%s: ref %s has offset %d, want %d", what, r, r.Offset, want)
	}
}

// checkProblems checks problems like inside does; one may speak of the source as
// a whole. Their number and text are bounded.
func checkProblems(t *testing.T, b []byte, problems []fact.Problem) {
	t.Helper()
	if len(problems) > maxProblems+1 {
		t.Fatalf("%d problems", len(problems))
	}
	for _, p := range problems {
		if len(p.Text) > 1200 || p.Text == "" {
			t.Fatalf("problem text of %d bytes", len(p.Text))
		}
		if p.Ref.Line != 0 {
			inside(t, b, p.Text, p.Ref)
		}
	}
}

func checkRows(t *testing.T, b []byte, rows int) {
	t.Helper()
	if limit := bytes.Count(b, []byte("\n")) + 1; rows > limit {
		t.Fatalf("%d rows out of %d lines", rows, limit)
	}
}

func checkRefs(t *testing.T, b []byte, what string, refs []fact.Ref) {
	t.Helper()
	if len(refs) == 0 {
		t.Fatalf("%s without refs", what)
	}
	for _, r := range refs {
		inside(t, b, what, r)
	}
}

func checkProcesses(t *testing.T, b []byte, rows []fact.Process) {
	t.Helper()
	checkRows(t, b, len(rows))
	for _, p := range rows {
		checkRefs(t, b, p.Comm, p.Refs)
		if p.PID <= 0 {
			t.Fatalf("pid %d", p.PID)
		}
		if (p.State != "") != (p.StateRef.Line > 0) || (p.Stack != nil) != (p.StackRef.Line > 0) {
			t.Fatalf("state %q at %v, stack %q at %v", p.State, p.StateRef, p.Stack, p.StackRef)
		}
	}
}

func FuzzParsePS(f *testing.F) {
	f.Add([]byte("    PID    PPID STAT WCHAN                                ELAPSED NLWP   RSS COMMAND\n      1       0 Ss   do_wait                           1-01:40:00    1  1472 init\n"))
	f.Add([]byte("USER PID %CPU %MEM VSZ RSS TTY D START TIME COMMAND\nroot 1 0.0 0.0 2268 1472 ? D 03:47 0:00 [init]\nroot - 0.0 - - - - Ss 05:22 0:00 -\n"))
	f.Add([]byte("F S   PID   LWP WCHAN STARTED CMD\n4 S 1 1 - Fri Feb 11 18:58:06 2022 /sbin/init\n4 D 1 2 x Feb 11 /sbin/init"))
	f.Add([]byte("PID COMMAND COMMAND CGROUP\n1 a b 0::/x,1:y:/z\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		list, problems := ParsePS(bytes.NewReader(b), "ps")
		checkProblems(t, b, problems)
		checkProcesses(t, b, list.Processes)
		seen := map[int]bool{}
		for _, p := range list.Processes {
			if seen[p.PID] {
				t.Fatalf("pid %d twice", p.PID)
			}
			seen[p.PID] = true
			RoleOf(p.Comm, p.Args)
			ShimOf(p.Args)
		}
		if list.Complete && (!seen[1] || b[len(b)-1] != '\n') {
			t.Fatal("complete without pid 1 or without an end")
		}
		if merged := MergeProcesses(list.Processes); len(merged) != len(list.Processes) {
			t.Fatalf("%d rows merged into %d", len(list.Processes), len(merged))
		}
	})
}

func FuzzParseMountinfo(f *testing.F) {
	f.Add([]byte("36 35 98:0 /mnt1 /m\\040nt2 rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue\n"))
	f.Add([]byte("41 36 0:46 /x//deleted /run/y ro - tmpfs  rw"))
	f.Add([]byte("cat: /proc/7/mountinfo: No such file or directory\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, problems := ParseMountinfo(bytes.NewReader(b), "proc/7/mountinfo")
		checkProblems(t, b, problems)
		checkRows(t, b, len(rows))
		for _, m := range rows {
			checkRefs(t, b, m.Point, m.Refs)
			if m.FSType == "" || m.Dev == "" || m.Point == "" || len(m.Super) == 0 {
				t.Fatalf("a mount without its fields: %+v", m)
			}
		}
		if len(b) == 0 && len(problems) == 0 {
			t.Fatal("an empty file passes")
		}
	})
}

func FuzzParseSS(f *testing.F) {
	f.Add([]byte("Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process\nu_str ESTAB 0 0 /run/docker.sock 651023 * 0 users:((\"dockerd\",pid=106,fd=220))\n"))
	f.Add([]byte("State Recv-Q Send-Q Local Address:Port Peer Address:Port\nLISTEN 0 128 *:22 *:* users:((\"sshd\",1231,3),(\"x\",2,3)) ino:7\n\t skmem:(r0)\n"))
	f.Add([]byte("Active UNIX domain sockets\nProto RefCnt Flags       Type       State         I-Node   PID/Program name     Path\nunix  2      [ ACC ]     STREAM     LISTENING     643813   106/dockerd          /run/docker.sock\n"))
	f.Add([]byte("Proto Recv-Q Send-Q Local Address Foreign Address State User Inode PID/Program name Timer\ntcp 0 0 1:2 3:4 LISTEN 0 5 7/x off (0.00/0/0)\n"))
	f.Add([]byte("Num       RefCount Protocol Flags    Type St Inode Path\n0: 00000002 00000000 00010000 0001 01 991040 /run/docker.sock\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, parse := range []func() ([]fact.Socket, []fact.Problem){
			func() ([]fact.Socket, []fact.Problem) { return ParseSS(bytes.NewReader(b), "s") },
			func() ([]fact.Socket, []fact.Problem) { return ParseNetstat(bytes.NewReader(b), "s") },
			func() ([]fact.Socket, []fact.Problem) { return ParseNetUnix(bytes.NewReader(b), "s") },
		} {
			rows, problems := parse()
			checkProblems(t, b, problems)
			checkRows(t, b, len(rows))
			for _, s := range rows {
				checkRefs(t, b, s.Local, s.Refs)
				if s.State != "" && !isSocketState(s.State) {
					t.Fatalf("state %q", s.State)
				}
				for _, o := range s.Owners {
					if o.PID <= 0 {
						t.Fatalf("owner %+v", o)
					}
				}
			}
		}
	})
}

func FuzzParseInspect(f *testing.F) {
	f.Add([]byte("[\n" + inspectJSON(idA, "\"Name\": \"/a\"\n") + "\n]\n"))
	f.Add([]byte("[{\"Id\": \"" + idB + "\", \"State\": {}},\n{\"Id\": 7}, {]"))
	f.Add([]byte("\nError: No such object: x\n"))
	f.Add([]byte("{\n  \"debug\": true,\n  \"live-restore\": \"x\",\n  \"containerd\": \"/a\"\n}\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, problems := ParseInspect(bytes.NewReader(b), "i")
		checkProblems(t, b, problems)
		if len(rows) > bytes.Count(b, []byte("{")) {
			t.Fatalf("%d rows", len(rows))
		}
		for _, c := range rows {
			checkRefs(t, b, c.ID, c.Refs)
			if len(c.ID) < 12 || c.Docker == "" {
				t.Fatalf("container %+v", c)
			}
		}
		if state, _ := ParseRuncState(bytes.NewReader(b), idA+"/state.json"); len(state) != 1 || (state[0].StateFile == "empty") != (len(b) == 0) {
			t.Fatalf("%+v", state)
		}
		daemons, problems := ParseDaemonJSON(bytes.NewReader(b), "j")
		checkProblems(t, b, problems)
		for _, d := range daemons {
			checkRefs(t, b, d.Name, d.Refs)
		}
	})
}

// procParsers are all parsers of /proc/PID files.
var procParsers = map[string]procParser{
	"status": ParseStatus, "stat": ParseStat, "stack": ParseStack, "wchan": ParseWchan, "cgroup": ParseCgroup,
	"limits": ParseLimits, "fd": ParseFD, "fd_count": ParseFDCount, "cmdline": ParseCmdline, "comm": ParseComm,
	"ns": ParseNS, "syscall": ParseSyscall,
}

func FuzzProc(f *testing.F) {
	for _, seed := range []string{
		"Name:\tsh\nState:\tD (disk sleep)\nPid:\t7\nNSpid:\t7\t1\nSigPnd:\t100\nShdPnd:\t0\n",
		"7 (a b) ) D 1 7 7 0 -1 4194304 44 0 0 0 0 0 0 0 20 0 3 0 411243 2322432 353\n",
		"[<0>] xfs_log.part.0+0xe9/0x210 [xfs]\n[<ffffffffffffffff>] 0xffffffffffffffff\n",
		"3:cpu,cpuacct:/docker/a\n0::/\n", "Max open files 1024 unlimited files\n", "0 -> /dev/null\ntotal 0\nl-wx 1 root 3 -> /x\n",
		"1524\n", "/bin/sh\x00-c\x00x\ny\x00", "net -> net:[12]\nmnt:[1]\n", "1 0x3 0x7 0x2 0x0 0x0 0x0 0x1 0x2\n", "do_wait.isra.0", "cat: x: Permission denied\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var parts []fact.Process
		for name, parse := range procParsers {
			rows, problems := parse(bytes.NewReader(b), "proc/7/"+name)
			checkProblems(t, b, problems)
			checkProcesses(t, b, rows)
			parts = append(parts, rows...)
		}
		merged := MergeProcesses(parts)
		for i := range merged[min(1, len(merged)):] {
			if merged[i].PID >= merged[i+1].PID {
				t.Fatal("merged rows are not sorted by pid")
			}
		}
		for _, p := range merged {
			checkRefs(t, b, p.Comm, p.Refs)
		}
	})
}

// FuzzText feeds every other text parser.
func FuzzText(f *testing.F) {
	for _, seed := range []string{
		"CONTAINER ID   IMAGE   STATUS       PORTS   NAMES\na5a5803818da   bb:1    Up 2 hours           app\n",
		"Server:\n Engine:\n  Version: 18.09.2\n containerd:\n  Version: 1.2.2\nClient:\n Debug Mode: true\n Live Restore Enabled: true\n",
		"[Service]\nExecStart=/usr/bin/dockerd \\\n --debug\n# /x/containerd.service\n[Service]\nExecStart=-/usr/bin/containerd\n",
		"TASK PID STATUS\na 264 RUNNING\nCONTAINER IMAGE RUNTIME\na - io.containerd.runc.v2\n",
		"/sys/fs/cgroup/freezer/docker/a/freezer.state: FROZEN\n/sys/fs/cgroup/a/cgroup.events:frozen 1\n/sys/fs/cgroup/a/cgroup.freeze: 1\n",
		"runc version 1.0.0-rc8\ncommit: 425e105d5a03fabd737a126ad93d62a9eeede87f\ncpuManagerPolicy: static\nA=--cpu-manager-policy=none\n{\"policyName\":\"static\"}\n",
		"[plugins.linux]\nruntime = \"docker-runc\"\n/run/" + idA + ":\n-rw------- 1 root root 0 Nov 22 03:55 state.json\n",
		"Linux node 5.4.0 x\nSun Nov 22 03:49:28 CST 2026\n 16:19:19 up 3 days, 17:41, 2 users\nPRETTY_NAME=\"x\"\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		check := func(rows int, refs []fact.Ref, problems []fact.Problem) {
			t.Helper()
			checkProblems(t, b, problems)
			checkRows(t, b, rows)
			for _, r := range refs {
				inside(t, b, "row", r)
			}
		}
		containers := func(rows []fact.Container, problems []fact.Problem) {
			check(len(rows), nil, problems)
			for _, c := range rows {
				checkRefs(t, b, c.ID, c.Refs)
			}
		}
		containers(ParseDockerPS(bytes.NewReader(b), "x"))
		containers(ParseContainers(bytes.NewReader(b), "x"))
		tasks, problems := ParseTasks(bytes.NewReader(b), "x")
		containers(tasks.Containers, problems)
		daemons := func(rows []fact.Daemon, problems []fact.Problem) {
			check(len(rows), nil, problems)
			for _, d := range rows {
				checkRefs(t, b, d.Name, d.Refs)
			}
		}
		daemons(ParseDockerVersion(bytes.NewReader(b), "x"))
		daemons(ParseDockerInfo(bytes.NewReader(b), "x"))
		daemons(ParseUnit(bytes.NewReader(b), "docker.service"))
		daemons(ParseRuncVersion(bytes.NewReader(b), "x"))
		daemons(ParseContainerdConfig(bytes.NewReader(b), "x"))
		daemons(ParseKubeletConfig(bytes.NewReader(b), "x"))
		daemons(ParseKubeletFlags(bytes.NewReader(b), "x"))
		daemons(ParseCPUManagerState(bytes.NewReader(b), "x"))
		containers(ParseRunListing(bytes.NewReader(b), "x"))
		states, problems := ParseFreezer(bytes.NewReader(b), "sys/fs/cgroup/x/cgroup.events")
		check(len(states), nil, problems)
		for _, s := range states {
			inside(t, b, s.Path, s.Ref)
			if !strings.HasPrefix(s.Path, "/") {
				t.Fatalf("path %q", s.Path)
			}
			ContainerOf(s.Path)
		}
		node := func(n fact.Node, problems []fact.Problem) { check(1, n.Refs, problems) }
		node(ParseOSRelease(bytes.NewReader(b), "x"))
		node(ParseDate(bytes.NewReader(b), "x"))
		node(ParseUptime(bytes.NewReader(b), "x"))
		uname, problems := ParseUname(bytes.NewReader(b), "x")
		check(1, nil, problems)
		if uname.Release != "" {
			inside(t, b, "uname", uname.Ref)
		}
		_, problems = ParseHostname(bytes.NewReader(b), "x")
		check(1, nil, problems)
		_, problems = ParseBootID(bytes.NewReader(b), "x")
		check(1, nil, problems)
		for _, source := range []string{"sysctl-a.txt", "proc/sys/fs/may_detach_mounts"} {
			rows, problems := ParseSysctl(bytes.NewReader(b), source)
			check(len(rows), nil, problems)
			for _, row := range rows {
				checkRefs(t, b, row.Name, row.Refs)
			}
		}
	})
}
