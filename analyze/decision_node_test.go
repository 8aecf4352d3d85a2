package analyze

import (
	"fmt"
	"maps"
	"strings"
)

// The files of a node with two containers, web-1 which is sick and cache-1 which is
// well, as a collector of no version in particular writes them. Rows of the decision
// table change what they are about.
const (
	webID   = "3a0ccff1fd66877a62f0eca74749e1699ee195bf4c9bc5075256c333a671c120"
	cacheID = "d0e133a3d9265ca1cf704ec0227f3fbdf14b015467c112992541920402712a31"

	psFile      = "ps-wchan.txt"
	dumpFile    = "goroutines/dockerd-goroutine-debug2.txt"
	shimDump    = "goroutines/containerd-shim-5190-goroutines.txt"
	webInspect  = "docker/inspect-web-1.json"
	tasksFile   = "containerd/tasks-ls.txt"
	moby        = "github.com/docker/docker/"
	vendored    = moby + "vendor/github.com/"
	containerds = "github.com/containerd/containerd/"
)

// sick is what a row changes about the node.
type sick struct {
	docker  string   // version
	status  string   // web-1 in docker ps, "" up for weeks
	task    string   // web-1 in ctr tasks ls, "" none
	shim    string   // state letters of web-1's shim, "" no shim
	process string   // state and wait channel of web-1's process, "" none
	streams int      // event receivers of dockerd
	hangs   bool     // docker inspect of web-1 does not answer
	ps      string   // more processes
	dump    []string // goroutines of dockerd besides the idle ones
	young   bool     // containerd is younger than the shim
	files   map[string]string
}

func (s sick) bundle() map[string]string {
	containerdAge := "30-04:11:12"
	if s.young {
		containerdAge = "00:21:12"
	}
	var ps strings.Builder
	ps.WriteString("    PID    PPID STAT WCHAN                                ELAPSED NLWP   RSS COMMAND\n")
	process := func(pid, ppid int, state, wchan, age, args string) {
		fmt.Fprintf(&ps, "%7d %7d %-4s %-32s %11s    1  9316 %s\n", pid, ppid, state, wchan, age, args)
	}
	shimOf := func(id string) string {
		return "containerd-shim -namespace moby -workdir /var/lib/containerd/io.containerd.runtime.v1.linux/moby/" + id + " -address /run/containerd/containerd.sock"
	}
	process(1, 0, "Ss", "do_epoll_wait", "41-02:10:33", "/usr/lib/systemd/systemd --switched-root --system")
	process(870, 1, "Ssl", "futex_wait_queue", containerdAge, "/usr/bin/containerd")
	process(1042, 1, "Ssl", "futex_wait_queue", "30-04:11:09", "/usr/bin/dockerd -H unix:///var/run/docker.sock --containerd=/run/containerd/containerd.sock")
	process(4410, 1, "Sl", "futex_wait_queue", "20-20:01:10", shimOf(cacheID))
	process(4431, 4410, "Ss", "do_epoll_wait", "20-20:01:09", "redis-server *:6379")
	if s.shim != "" {
		process(5190, 1, s.shim, "futex_wait_queue", "20-20:36:07", shimOf(webID))
	}
	if s.process != "" {
		state, wchan, _ := strings.Cut(s.process, " ")
		process(5210, 5190, state, wchan, "20-20:36:06", "/srv/run")
	}
	ps.WriteString(s.ps)

	tasks := "TASK                                                                PID      STATUS\n"
	if s.task != "" {
		tasks += webID + "    5210     " + s.task + "\n"
	}
	status := s.status
	if status == "" {
		status = "Up 3 weeks"
	}
	row := func(id, status, name string) string {
		return fmt.Sprintf("%s   app:7   \"/srv/run\"   3 weeks ago   %-27s   %s\n", id, status, name)
	}
	files := map[string]string{
		"date.txt":        "2026-03-04T05:06:07+00:00\n",
		psFile:            ps.String(),
		tasksFile:         tasks + cacheID + "    4431     RUNNING\n",
		dumpFile:          idleDockerd(s.streams) + strings.Join(s.dump, ""),
		"collect.log":     "04:22:02\trc=0\t0.0s\tps -eo pid,ppid,stat,wchan:32,etime,nlwp,rss,args\n04:22:02\trc=0\t0.0s\tdocker inspect " + cacheID + "\n",
		"docker/ps-a.txt": fmt.Sprintf("%-64s   IMAGE   COMMAND      CREATED       STATUS                        NAMES\n", "CONTAINER ID") + row(webID, status, "web-1") + row(cacheID, "Up 3 weeks", "cache-1"),
		"docker/version.txt": "Client: Docker Engine - Community\n Version:           " + s.docker + "\n API version:       1.40\n Go version:        go1.13.15\n OS/Arch:           linux/amd64\n\n" +
			"Server: Docker Engine - Community\n Engine:\n  Version:          " + s.docker + "\n  API version:      1.40 (minimum version 1.12)\n  Go version:       go1.13.15\n  OS/Arch:          linux/amd64\n",
		"docker/inspect-cache-1.json": inspectText(cacheID, "cache-1", "running", 4431),
	}
	if s.hangs {
		files["collect.log"] += "04:22:17\trc=124\t15.0s\tdocker inspect " + webID + "\n"
	} else {
		files["collect.log"] += "04:22:02\trc=0\t0.0s\tdocker inspect " + webID + "\n"
		if s.status == "" {
			files[webInspect] = inspectText(webID, "web-1", "running", 5210)
		} else {
			files[webInspect] = inspectText(webID, "web-1", strings.ToLower(s.status), 0)
		}
	}
	maps.Copy(files, s.files)
	return files
}

func inspectText(id, name, status string, pid int) string {
	return fmt.Sprintf(`[
    {
        "Id": %q,
        "Created": "2026-02-11T08:30:00.123456789Z",
        "Path": "/srv/run",
        "Args": [],
        "State": {
            "Status": %q,
            "Running": %t,
            "Paused": false,
            "Restarting": false,
            "OOMKilled": false,
            "Dead": %t,
            "Pid": %d,
            "ExitCode": 0,
            "Error": "",
            "StartedAt": "2026-02-11T08:30:00.123456789Z",
            "FinishedAt": "0001-01-01T00:00:00Z"
        },
        "Name": %q,
        "RestartCount": 0,
        "Driver": "overlay2",
        "HostConfig": {"LogConfig": {"Type": "json-file", "Config": {}}}
    }
]
`, id, status, status == "running", status == "dead", pid, "/"+name)
}

// parked writes n goroutines with the calls, innermost first, as debug=2 does; a
// call without arguments gets dockerd's daemon and web-1.
func parked(n int, state string, minutes int, calls ...string) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "goroutine %d [%s, %d minutes]:\n", 1000+i, state, minutes)
		for line, call := range calls {
			if !strings.HasSuffix(call, ")") {
				call += "(0xc000142000, 0xc000a821e0)"
			}
			fmt.Fprintf(&b, "%s\n\t/go/src/x.go:%d +0x65\n", call, 40+line)
		}
		b.WriteString("created by main.start\n\t/go/src/x.go:9 +0x8f\n\n")
	}
	return b.String()
}

func idleDockerd(streams int) string {
	return "goroutine 1 [chan receive]:\nmain.(*DaemonCli).start(0xc4202d81e0)\n\t/go/src/" + moby + "cmd/dockerd/daemon.go:240 +0x65\nmain.main()\n\t/go/src/" + moby + "cmd/dockerd/docker.go:70 +0x66\n\n" +
		parked(streams, "select", 0, moby+"libcontainerd.(*client).processEventStream") +
		parked(streams, "select", 1, vendored+"containerd/containerd.(*eventRemote).Subscribe.func1")
}

// stops are stop requests that never end, two goroutines each.
func stops(n int) string {
	return parked(n, "chan receive", 90, moby+"daemon.(*Daemon).Kill", moby+"daemon.(*Daemon).containerStop", moby+"daemon.(*Daemon).ContainerStop",
		moby+"api/server/router/container.(*containerRouter).postContainersStop") +
		parked(n, "select", 90, moby+"container.(*State).Wait.func1")
}

// exitHandler is dockerd's handler of the end of web-1, blocked in the calls.
func exitHandler(state string, calls ...string) string {
	return parked(1, state, 41, append(calls, moby+"container.(*Container).Reset", moby+"daemon.(*Daemon).handleContainerExit",
		moby+"daemon.(*Daemon).ProcessEvent", moby+"libcontainerd/remote.(*client).processEvent.func1", moby+"libcontainerd/queue.(*Queue).Append.func1")...)
}

// inspects are requests that wait for web-1's lock.
func inspects(n int) string {
	return parked(n, "semacquire", 40, "sync.runtime_SemacquireMutex(0xc000aa0094, 0x0, 0x1)", "sync.(*Mutex).lockSlow(0xc000aa0090)", "sync.(*Mutex).Lock(...)",
		moby+"daemon.(*Daemon).ContainerInspectCurrent", moby+"daemon.(*Daemon).ContainerInspect", moby+"api/server/router/container.(*containerRouter).getContainersByName")
}

// shimOf5190 is a dump of web-1's shim.
func shimOf5190(busy ...string) string {
	return "goroutine 1 [select, 3 minutes]:\nmain.handleSignals(0xc0)\n\t/go/src/" + containerds + "cmd/containerd-shim/main_unix.go:240 +0x65\n\n" + strings.Join(busy, "")
}
