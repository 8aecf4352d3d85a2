package analyze

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"culprit/rules"
)

// The rows of causes-docker.md, section 0.3 ("the leak-side decision table"), as
// raw files, and what must and must not be concluded from each.

// spelling is how one release of dockerd prints its goroutines.
type spelling struct {
	version, goVersion string
	// root is the module, api what lies between it and "server/router".
	root, api string
	// peek: the server waits in Peek right above serve, not in readRequest.
	peek bool
	// methodValue is set for Go <= 1.10, which prints them with the package path.
	methodValue bool
}

var spellings = []spelling{
	{"1.13.1", "go1.7.5", "github.com/docker/docker", "api/", false, true},
	{"17.09.1-ce", "go1.8.3", "github.com/docker/docker", "api/", false, true},
	{"18.09.2", "go1.10.6", "github.com/docker/docker", "api/", false, true},
	{"20.10.24", "go1.19.7", "github.com/docker/docker", "api/", true, false},
	{"24.0.7", "go1.20.10", "github.com/docker/docker", "api/", true, false},
	{"28.0.1", "go1.23.6", "github.com/docker/docker", "api/", true, false},
	{"29.1.0", "go1.25.4", "github.com/moby/moby/v2", "daemon/", true, false},
}

const socketRead = "internal/poll.runtime_pollWait internal/poll.(*pollDesc).wait internal/poll.(*FD).Read net.(*netFD).Read net.(*conn).Read "

// idle are the frames of a connection without a request, innermost first.
func (s spelling) idle() []string {
	inner := strings.Fields(socketRead + "net/http.(*connReader).Read bufio.(*Reader).fill")
	if s.peek {
		return append(inner, "bufio.(*Reader).Peek", "net/http.(*conn).serve")
	}
	return append(inner, strings.Fields("bufio.(*Reader).ReadSlice bufio.(*Reader).ReadLine net/textproto.(*Reader).readLineSlice net/textproto.(*Reader).ReadLine "+
		"net/http.readRequest net/http.(*conn).readRequest net/http.(*conn).serve")...)
}

func (s spelling) watch() []string {
	return strings.Fields(socketRead + "net/http.(*connReader).backgroundRead")
}

// handler are the frames of a request's handler.
func (s spelling) handler(router, receiver, method string, inner ...string) []string {
	pkg := s.root + "/" + s.api + "server/router/" + router
	value := pkg + ".(*" + receiver + ")." + method + "-fm"
	if s.methodValue {
		value = pkg + ".(*" + receiver + ").(" + pkg + "." + method + ")-fm"
	}
	return append(inner, pkg+".(*"+receiver+")."+method, value, s.root+"/"+s.api+"server.(*Server).makeHTTPHandler.func1",
		"net/http.HandlerFunc.ServeHTTP", "net/http.serverHandler.ServeHTTP", "net/http.(*conn).serve")
}

func (s spelling) kill() []string {
	return s.handler("container", "containerRouter", "postContainersStop",
		s.root+"/daemon.(*Daemon).Kill", s.root+"/daemon.(*Daemon).containerStop", s.root+"/daemon.(*Daemon).ContainerStop")
}

func (s spelling) stateWait() []string {
	if s.api == "daemon/" {
		return []string{s.root + "/daemon/container.(*State).Wait.func1"}
	}
	return []string{s.root + "/container.(*State).Wait.func1"}
}

func (s spelling) events() []string {
	return s.handler("system", "systemRouter", "getEvents")
}

func (s spelling) follow() [][]string {
	reader := "daemon/logger/loggerutils.followLogs"
	switch {
	case s.peek && s.version > "23":
		reader = "daemon/logger/loggerutils.(*follow).Do"
	case s.version < "18":
		reader = "daemon/logger/jsonfilelog.followLogs"
	}
	return [][]string{s.handler("container", "containerRouter", "getContainersLogs"), {s.root + "/" + reader}}
}

// baseline is what every dockerd has: its main function names the program.
func (s spelling) baseline() []string {
	return []string{"main.(*DaemonCli).start", "main.runDaemon", "main.main"}
}

// goroutines is a number of goroutines with one stack.
type goroutines struct {
	n      int
	frames []string
	// minutes is the age that debug=2 prints, 0 none.
	minutes int
}

func dumpDebug1(groups ...goroutines) string {
	var b strings.Builder
	total := 0
	for _, g := range groups {
		total += g.n
	}
	fmt.Fprintf(&b, "goroutine profile: total %d\n", total)
	for _, g := range groups {
		if g.n == 0 {
			continue
		}
		fmt.Fprintf(&b, "%d @ 0x1 0x2\n", g.n)
		for _, f := range g.frames {
			fmt.Fprintf(&b, "#\t0x43a0ed\t%s+0x2d\t%s:%d\n", f, file(f), 100)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func dumpDebug2(groups ...goroutines) string {
	var b strings.Builder
	id := 0
	for _, g := range groups {
		state := "IO wait"
		if g.minutes > 0 {
			state += fmt.Sprintf(", %d minutes", g.minutes)
		}
		for range g.n {
			id++
			fmt.Fprintf(&b, "goroutine %d [%s]:\n", id, state)
			for _, f := range g.frames {
				fmt.Fprintf(&b, "%s(0xc0%08x)\n\t%s:%d +0x2d\n", f, id, file(f), 100)
			}
			b.WriteString("\n")
		}
	}
	return b.String()
}

// file is where a function stands, near enough.
func file(fn string) string {
	switch {
	case strings.HasPrefix(fn, "main."):
		return "/go/src/github.com/docker/docker/cmd/dockerd/docker.go"
	case strings.Contains(fn, "github.com"):
		return "/go/src/" + fn[:strings.LastIndexByte(fn, '/')+1] + "x.go"
	}
	return "/usr/local/go/src/" + strings.SplitN(fn, ".", 2)[0] + "/x.go"
}

// end is one connection of docker.sock: who holds the client's end, "" gone.
type end struct {
	client string
	pid    int
}

const ssHeader = "Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n"

// ss lists both ends of the connections in alternation.
func ss(ends []end) string {
	var b strings.Builder
	b.WriteString(ssHeader + "u_str LISTEN 0 4096 /var/run/docker.sock 21017 * 0 users:((\"dockerd\",pid=1042,fd=4))\n")
	for i, e := range ends {
		server, client := 700001+2*i, 700000+2*i
		if e.client == "" {
			client = 0
		}
		fmt.Fprintf(&b, "u_str ESTAB  0 0 /var/run/docker.sock %d * %d users:((\"dockerd\",pid=1042,fd=%d))\n", server, client, 30+i)
		if e.client != "" {
			fmt.Fprintf(&b, "u_str ESTAB  0 0 * %d * %d users:((%q,pid=%d,fd=%d))\n", client, server, e.client, e.pid, 5+i)
		}
	}
	return b.String()
}

// netstat lists the same, without peers.
func netstat(ends []end) string {
	var b strings.Builder
	b.WriteString("Active UNIX domain sockets (servers and established)\nProto RefCnt Flags       Type       State         I-Node   PID/Program name     Path\n")
	for i, e := range ends {
		fmt.Fprintf(&b, "unix  3      [ ]         STREAM     CONNECTED     %-8d 1042/dockerd         /var/run/docker.sock\n", 700001+2*i)
		if e.client != "" {
			fmt.Fprintf(&b, "unix  3      [ ]         STREAM     CONNECTED     %-8d %-20s\n", 700000+2*i, fmt.Sprintf("%d/%s", e.pid, e.client))
		}
	}
	return b.String()
}

func held(n int, client string, pid int) []end {
	return slices.Repeat([]end{{client, pid}}, n)
}

// spread gives each connection a client process of its own.
func spread(n int) (ends []end) {
	for i := range n {
		ends = append(ends, end{"docker", 20000 + i})
	}
	return ends
}

func psWith(lines ...string) string {
	head := []string{
		"    PID    PPID STAT WCHAN                ELAPSED NLWP   RSS COMMAND",
		"      1       0 Ss   do_epoll_wait    41-02:10:33    1  9316 /usr/lib/systemd/systemd",
		"    870       1 Ssl  futex_wait_queue 30-04:11:12   14 39480 /usr/bin/containerd",
		"   1042       1 Ssl  futex_wait_queue 30-04:11:09   14 86512 /usr/bin/dockerd -H unix:///var/run/docker.sock",
	}
	return strings.Join(append(head, lines...), "\n") + "\n"
}

func versionFile(s spelling) string {
	return fmt.Sprintf("Client:\n Version:           %[1]s\n API version:       1.26\n Go version:        %[2]s\n\nServer:\n Version:          %[1]s\n API version:      1.26 (minimum version 1.12)\n Go version:       %[2]s\n", s.version, s.goVersion)
}

// limits are those of dockerd: no rival by a small limit.
const limitsFile = "Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1048576              1048576              files     \n"

func commonFiles(s spelling, ps ...string) map[string]string {
	return map[string]string{
		"ps-wchan.txt": psWith(ps...), "docker/version.txt": versionFile(s),
		"proc/1042/limits": limitsFile, "proc/1042/fd_count": "900\n",
	}
}

const clientLeak = "docker-client-socket-leak-unclosed-client"

// clientRules are all that name a side of a connection.
var clientRules = []string{
	clientLeak, "docker-events-listener-leak", "logs-follow-clients-open", "docker-logs-follow-leak",
	"attach-or-exec-hijack-fd-leak", "exec-session-leak", "dockerd-kill-wait-dstate-leak", "daemon-nofile-limit-low",
}

// conclude holds the report against rule -> confidence; of clientRules nothing
// else may be found.
func conclude(t *testing.T, files map[string]string, want map[string]rules.Confidence, says ...string) {
	t.Helper()
	result := evaluate(t, files)
	got := map[string]rules.Confidence{}
	var summaries []string
	for _, f := range result.Findings {
		if slices.Contains(clientRules, f.Rule.ID.ID) {
			got[f.Rule.ID.ID] = f.Confidence
			summaries = append(summaries, f.Summary)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("found %v, want %v", got, want)
	}
	for _, text := range says {
		if !strings.Contains(strings.Join(summaries, "\n"), text) {
			t.Errorf("no summary says %q: %q", text, summaries)
		}
	}
}

var builtIn = sync.OnceValues(func() (*Tester, error) {
	set, err := builtInRules()
	if err != nil {
		return nil, err
	}
	return NewTester(set)
})

// evaluate judges files by the built-in rules.
func evaluate(t *testing.T, files map[string]string) rules.Result {
	t.Helper()
	tester, err := builtIn()
	if err != nil {
		t.Fatal(err)
	}
	tables, err := tester.tables(&rules.Test{Files: files})
	if err != nil {
		t.Fatal(err)
	}
	return tester.set.Evaluate(tables)
}

const agentLine = "   2211       1 Ssl  futex_wait_queue 20-01:00:00   14 49356 /usr/bin/ci-agent --jobs=8"

// Row 1: idle keep-alive kept by a live client.
func TestIdleConnectionsOfALiveClient(t *testing.T) {
	many := map[string]int{"18.09.2": 20000, "24.0.7": 1500}
	clients := map[string]string{"18.09.2": "java", "28.0.1": "rancher-agent"}
	for _, s := range spellings {
		n, client := max(200, many[s.version]), cmp.Or(clients[s.version], "drone-agent")
		t.Run(fmt.Sprintf("%s %s %d", s.version, client, n), func(t *testing.T) {
			files := commonFiles(s, strings.Replace(agentLine, "ci-agent", client, 1))
			files["ss-anp.txt"] = ss(held(n, client, 2211))
			files["goroutines/dockerd-goroutine-debug1.txt"] = dumpDebug1(goroutines{n, s.idle(), 0}, goroutines{1, s.baseline(), 0})
			conclude(t, files, map[string]rules.Confidence{clientLeak: rules.Certain}, fmt.Sprintf("%s (2211) keeps %s idle connections", client, rules.Thousands(int64(n))))
		})
		t.Run(s.version+" debug=2", func(t *testing.T) {
			files := commonFiles(s, agentLine)
			files["ss-anp.txt"] = ss(held(640, "ci-agent", 2211))
			files["goroutines/dockerd-goroutine-debug2.txt"] = dumpDebug2(goroutines{640, s.idle(), 90}, goroutines{1, s.baseline(), 0})
			conclude(t, files, map[string]rules.Confidence{clientLeak: rules.Certain}, "ci-agent (2211)")
		})
	}
}

// Below what a pool can hold, only age tells a leak; without ages it is a suspicion.
func TestFewIdleConnections(t *testing.T) {
	s := spellings[3]
	for _, tt := range []struct {
		name         string
		n, minutes   int
		debug2       bool
		want         map[string]rules.Confidence
		other, watch int
	}{
		{"twenty, old", 20, 90, true, map[string]rules.Confidence{clientLeak: rules.Likely}, 0, 0},
		{"199, old", 199, 600, true, map[string]rules.Confidence{clientLeak: rules.Likely}, 0, 0},
		{"199, a pool after a burst", 199, 0, true, nil, 0, 0},
		{"199, ages unknown", 199, 0, false, map[string]rules.Confidence{clientLeak: rules.Suspected}, 0, 0},
		{"nineteen, old", 19, 90, true, nil, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := commonFiles(s, agentLine)
			files["ss-anp.txt"] = ss(held(tt.n, "ci-agent", 2211))
			groups := []goroutines{{tt.n, s.idle(), tt.minutes}, {1, s.baseline(), 0}}
			files["goroutines/dockerd.1.txt"] = dumpDebug1(groups...)
			if tt.debug2 {
				files["goroutines/dockerd.2.txt"] = dumpDebug2(groups...)
			}
			conclude(t, files, tt.want)
		})
	}
}

// Row 2: handlers run and their clients wait. Nothing leaks.
func TestRunningHandlersOfLiveClients(t *testing.T) {
	for _, s := range spellings {
		for _, client := range []end{{"ci-agent", 2211}, {"kubelet", 1700}} {
			t.Run(s.version+" "+client.client, func(t *testing.T) {
				files := commonFiles(s, agentLine, "   1700       1 Ssl  futex_wait_queue 20-01:00:00   14 49356 /usr/bin/kubelet")
				files["ss-anp.txt"] = ss(held(300, client.client, client.pid))
				groups := []goroutines{{300, s.kill(), 45}, {300, s.stateWait(), 45}, {300, s.watch(), 45}, {2, s.idle(), 0}, {1, s.baseline(), 0}}
				files["goroutines/dockerd.1.txt"], files["goroutines/dockerd.2.txt"] = dumpDebug1(groups...), dumpDebug2(groups...)
				conclude(t, files, nil)
			})
		}
	}
}

// Row 3: the handlers' clients are gone: dockerd's side leaks, over a process in D.
func TestHandlersWhoseClientsAreGone(t *testing.T) {
	for _, s := range spellings[1:3] {
		t.Run(s.version, func(t *testing.T) {
			files := killLeak(s)
			files["ss-anp.txt"] = ss(held(400, "", 0))
			files["goroutines/dockerd.1.txt"] = dumpDebug1(killGroups(s, 400)...)
			conclude(t, files, map[string]rules.Confidence{"dockerd-kill-wait-dstate-leak": rules.Certain})
		})
		t.Run(s.version+" beside a client that leaks", func(t *testing.T) {
			files := killLeak(s)
			files["ss-anp.txt"] = ss(append(held(400, "", 0), held(900, "ci-agent", 2211)...))
			files["goroutines/dockerd.1.txt"] = dumpDebug1(append(killGroups(s, 400), goroutines{900, s.idle(), 0})...)
			conclude(t, files, map[string]rules.Confidence{"dockerd-kill-wait-dstate-leak": rules.Certain, clientLeak: rules.Certain}, "ci-agent (2211) keeps 900 idle")
		})
	}
}

// killGroups are stop requests that never end, with what rules out lost events.
func killGroups(s spelling, n int) []goroutines {
	events := s.root + "/libcontainerd.(*client).processEventStream"
	if s.version == "17.09.1-ce" {
		events = s.root + "/libcontainerd.(*remote).handleEventStream"
	}
	return []goroutines{{n, s.kill(), 45}, {n, s.stateWait(), 45}, {2, []string{events}, 0}, {1, s.baseline(), 0}}
}

// inspectOf is what docker inspect prints of a running container.
func inspectOf(id, name string, pid int, mount string) string {
	mounts := ""
	if mount != "" {
		mounts = fmt.Sprintf(`{"Type": "bind", "Source": %[1]q, "Destination": %[1]q}`, mount)
	}
	return fmt.Sprintf(`[
    {
        "Id": %q,
        "Created": "2026-02-20T03:21:58.12Z",
        "Path": "/srv/run",
        "Args": [],
        "State": {"Status": "running", "Running": true, "Paused": false, "Dead": false, "Pid": %d, "StartedAt": "2026-02-20T03:21:58.12Z"},
        "Name": "/%s",
        "Mounts": [%s]
    }
]
`, id, pid, name, mounts)
}

// killLeak has a container with a process in D.
func killLeak(s spelling) map[string]string {
	id := strings.Repeat("20ee38042c50f25e", 4)
	files := commonFiles(s, agentLine,
		"   4290     870 Sl   futex_wait_queue 12-01:44:10   14  8090 containerd-shim -namespace moby -workdir /var/lib/containerd/io.containerd.runtime.v1.linux/moby/"+id,
		"   4310    4290 Ss   do_wait          12-01:44:09    1  1610 sh -c exec /srv/run",
		"   4321    4310 D    rpc_wait_bit_kill 12-01:44:08    1  1621 sh -c exec /srv/run")
	files["proc/4321/stack"] = "[<0>] rpc_wait_bit_killable+0x1e/0xa0 [sunrpc]\n[<0>] nfs_getattr+0x11f/0x2d0 [nfs]\n[<0>] vfs_statx+0x89/0xe0\n"
	files["proc/4321/status"] = "Name:\tsh\nState:\tD (disk sleep)\nTgid:\t4321\nPid:\t4321\nPPid:\t4310\nNSpid:\t4321\t14\nThreads:\t1\nSigPnd:\t0000000000000100\nShdPnd:\t0000000000000100\n"
	files["proc/4321/cgroup"] = "6:freezer:/docker/" + id + "\n1:name=systemd:/docker/" + id + "\n"
	files["cgroup/freezer.txt"] = "/sys/fs/cgroup/freezer/docker/" + id + "/freezer.state: THAWED\n"
	files["docker/inspect.json"] = inspectOf(id, "app-batch", 4310, "")
	files["docker/ps-a.txt"] = "CONTAINER ID   IMAGE   COMMAND   CREATED   STATUS   PORTS   NAMES\n" + id + "   a:7   \"/srv/run\"   3 weeks ago   Up 12 days           app-batch\n"
	return files
}

// Row 4: dockerd was restarted; the client's ends have lost their peer.
func TestClientLeakedAndDockerdRestarted(t *testing.T) {
	s := spellings[2]
	files := commonFiles(s, agentLine)
	var b strings.Builder
	b.WriteString(ss(nil))
	for i := range 800 {
		fmt.Fprintf(&b, "u_str ESTAB  0 0 * %d * 0 users:((\"ci-agent\",pid=2211,fd=%d))\n", 700000+i, 5+i)
	}
	files["ss-anp.txt"] = b.String()
	files["goroutines/dockerd.1.txt"] = dumpDebug1(goroutines{1, s.idle(), 0}, goroutines{1, s.baseline(), 0})
	conclude(t, files, nil)
}

// Streams have a handler each: another rule's.
func TestStreamsOfLiveClients(t *testing.T) {
	for _, s := range spellings {
		t.Run(s.version+" /events", func(t *testing.T) {
			files := commonFiles(s, agentLine)
			files["ss-anp.txt"] = ss(held(500, "ci-agent", 2211))
			groups := []goroutines{{500, s.events(), 0}, {500, s.watch(), 0}, {1, s.baseline(), 0}}
			files["goroutines/dockerd.1.txt"] = dumpDebug1(groups...)
			conclude(t, files, map[string]rules.Confidence{"docker-events-listener-leak": rules.Certain}, "500 /events streams")
		})
		t.Run(s.version+" logs -f", func(t *testing.T) {
			files := killLeak(s) // one container
			files["ss-anp.txt"] = ss(held(500, "shipper", 2211))
			groups := []goroutines{{500, s.watch(), 0}, {1, s.baseline(), 0}}
			for _, frames := range s.follow() {
				groups = append(groups, goroutines{500, frames, 0})
			}
			files["goroutines/dockerd.1.txt"] = dumpDebug1(groups...)
			conclude(t, files, map[string]rules.Confidence{"logs-follow-clients-open": rules.Certain}, "500 logs -f streams")
		})
	}
}

// Connections of many processes are the work of many, not a leak of one.
func TestManyClients(t *testing.T) {
	s := spellings[3]
	files := commonFiles(s)
	files["ss-anp.txt"] = ss(spread(600))
	files["goroutines/dockerd.1.txt"] = dumpDebug1(goroutines{600, s.idle(), 0}, goroutines{1, s.baseline(), 0})
	conclude(t, files, nil)
}

// Daemons as clients have rules of their own.
func TestKubeletAsClient(t *testing.T) {
	s := spellings[2]
	files := commonFiles(s, "   1700       1 Ssl  futex_wait_queue 20-01:00:00   14 49356 /usr/bin/kubelet --container-runtime=docker")
	files["ss-anp.txt"] = ss(held(600, "kubelet", 1700))
	files["goroutines/dockerd.1.txt"] = dumpDebug1(goroutines{600, s.idle(), 0}, goroutines{1, s.baseline(), 0})
	conclude(t, files, nil)
}

// With less evidence the same leak is at most likely, and its client may be unknown.
func TestLessEvidenceOfTheSameLeak(t *testing.T) {
	s, ends := spellings[2], held(1500, "ci-agent", 2211)
	likely := map[string]rules.Confidence{clientLeak: rules.Likely}
	dump := dumpDebug1(goroutines{1500, s.idle(), 0}, goroutines{1, s.baseline(), 0})
	own := dumpDebug1(goroutines{1500, strings.Fields(socketRead + "net/http.(*persistConn).Read bufio.(*Reader).fill bufio.(*Reader).Peek net/http.(*persistConn).readLoop"), 0},
		goroutines{1500, []string{"net/http.(*persistConn).writeLoop"}, 0})
	info := func(listeners int) string {
		return fmt.Sprintf("Containers: 3\nServer Version: 18.09.2\nDebug Mode (server): true\n EventsListeners: %d\nLive Restore Enabled: false\n", listeners)
	}
	anonymous := strings.Builder{}
	fds := strings.Builder{}
	for i, line := range strings.SplitAfter(ss(ends), "\n") {
		head, _, _ := strings.Cut(line, " users:")
		anonymous.WriteString(strings.TrimSuffix(head, "\n") + "\n")
		fmt.Fprintf(&fds, "%d -> socket:[%d]\n", 5+i, 700000+2*i)
	}
	for _, tt := range []struct {
		name  string
		files map[string]string
		want  map[string]rules.Confidence
		says  string
	}{
		{"netstat instead of ss", map[string]string{"netstat-anp.txt": netstat(ends), "goroutines/dockerd.1.txt": dump}, likely, "ci-agent (2211)"},
		{"netstat, no dump, no /events streams", map[string]string{"netstat-anp.txt": netstat(ends), "docker/info.txt": info(0)}, likely, "ci-agent (2211)"},
		{"netstat alone", map[string]string{"netstat-anp.txt": netstat(ends)}, map[string]rules.Confidence{clientLeak: rules.Suspected}, "ci-agent (2211)"},
		{"ss alone", map[string]string{"ss-anp.txt": ss(ends)}, map[string]rules.Confidence{clientLeak: rules.Suspected}, "ci-agent (2211)"},
		{"ss, as many /events streams", map[string]string{"ss-anp.txt": ss(ends), "docker/info.txt": info(1500)}, map[string]rules.Confidence{"docker-events-listener-leak": rules.Likely, clientLeak: rules.Suspected}, ""},
		{"ss and the client's dump", map[string]string{"ss-anp.txt": ss(ends), "goroutines/ci-agent-goroutine-debug1.txt": own}, likely, "ci-agent (2211)"},
		{"dockerd's dump alone", map[string]string{"goroutines/dockerd.1.txt": dump}, likely, "a client that no listing names keeps 1,500 idle"},
		{"the client's dump alone", map[string]string{"goroutines/ci-agent-goroutine-debug1.txt": own}, nil, ""},
		{"client in another network namespace", map[string]string{"ss-anp.txt": ss(nil), "goroutines/dockerd.1.txt": dump, "docker/inspect.json": inspectOf(strings.Repeat("5c", 32), "ci-agent", 2211, "/var/run/docker.sock")}, likely, "perhaps in ci-agent"},
		{"ss without owners, descriptors listed", map[string]string{
			"ss-anp.txt": anonymous.String(), "goroutines/dockerd.1.txt": dump, "proc/2211/fd": fds.String(), "proc/2211/comm": "ci-agent\n",
		}, map[string]rules.Confidence{clientLeak: rules.Certain}, "ci-agent (2211)"},
		{"ss without owners", map[string]string{"ss-anp.txt": anonymous.String(), "goroutines/dockerd.1.txt": dump}, likely, "a client that no listing names keeps 1,500 idle"},
		{"cut dump", map[string]string{"ss-anp.txt": ss(ends), "goroutines/dockerd.1.txt": dump[:len(dump)-40]}, map[string]rules.Confidence{clientLeak: rules.Suspected}, "ci-agent (2211)"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			files := commonFiles(s, agentLine)
			maps.Copy(files, tt.files)
			if tt.name == "cut dump" {
				if result := evaluate(t, files); len(result.Verdicts) > 0 {
					t.Errorf("verdict %s", result.Findings[result.Verdicts[0]].Summary)
				}
				return
			}
			conclude(t, files, tt.want, tt.says)
		})
	}
}
