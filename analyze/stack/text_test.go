package stack

import (
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"culprit/analyze/fact"
)

const minute = time.Minute

func decimal(n int) string { return strconv.Itoa(n) }

func some(d time.Duration) fact.Opt[time.Duration] { return fact.Some(d) }

func read(t *testing.T, text, source string) ([]Part, []fact.Problem) {
	t.Helper()
	return ReadText(strings.NewReader(text), source)
}

// one reads a text that holds one dump.
func one(t *testing.T, text, source string) (Part, []fact.Problem) {
	t.Helper()
	parts, problems := read(t, text, source)
	if len(parts) != 1 {
		t.Fatalf("got %d parts, want 1: %+v, problems %v", len(parts), parts, problems)
	}
	return parts[0], problems
}

// debug2 has two goroutines in Kill, which differ in everything that does not count,
// and goroutine 1.
const debug2 = `goroutine 1 [chan receive, 61 minutes]:
main.(*DaemonCli).start(0xc00023aff0, 0xc00012f620)
	github.com/docker/docker/cmd/dockerd/daemon.go:240 +0x1515
main.runDaemon(...)
	github.com/docker/docker/cmd/dockerd/docker_unix.go:7
main.main()
	github.com/docker/docker/cmd/dockerd/docker.go:70 +0xc5

goroutine 5212 [chan receive, 5940 minutes]:
github.com/docker/docker/daemon.(*Daemon).Kill(0xc000a821e0?, 0xc0003e2f00)
	github.com/docker/docker/daemon/kill.go:162 +0x23d
github.com/docker/docker/vendor/github.com/gorilla/mux.(*Router).ServeHTTP(0xc0008bb720, {0x29ee738, 0xc002f78a80}, 0xc003060100)
	github.com/docker/docker/vendor/github.com/gorilla/mux/mux.go:103 +0x31b
created by net/http.(*Server).Serve in goroutine 6
	net/http/server.go:3102 +0x4db

goroutine 77 [chan receive]:
github.com/docker/docker/daemon.(*Daemon).Kill(0xc000a821e0?, 0xc0003e2f80)
	github.com/docker/docker/daemon/kill.go:162 +0x23d
github.com/docker/docker/vendor/github.com/gorilla/mux.(*Router).ServeHTTP(0xc0008bb720, {0x29ee738?, 0xc002f78a80}, 0xc003060100)
	github.com/docker/docker/vendor/github.com/gorilla/mux/mux.go:104 +0x33b
created by net/http.(*Server).Serve in goroutine 9
	net/http/server.go:3102 +0x4db
`

func debug2Rows(source string) []fact.Stack {
	return []fact.Stack{{
		Daemon: "dockerd", Form: fact.FormDebug2, Count: 2,
		Frames:  []string{"github.com/docker/docker/daemon.(*Daemon).Kill", "github.com/gorilla/mux.(*Router).ServeHTTP"},
		Lines:   []string{"github.com/docker/docker/daemon/kill.go:162", "github.com/docker/docker/vendor/github.com/gorilla/mux/mux.go:103"},
		Creator: "net/http.(*Server).Serve", State: "chan receive",
		MinWait: some(0), MaxWait: some(5940 * minute),
		Waits: map[int]int64{0: 1, 5920: 1}, IDs: []int64{5212, 77},
		Args: map[string][]string{"daemon.(*Daemon).Kill#1": {"0xc0003e2f00", "0xc0003e2f80"}},
		Refs: []fact.Ref{{Source: source, Line: 9, EndLine: 15, Offset: int64(strings.Index(debug2, "goroutine 5212"))}},
	}, {
		Daemon: "dockerd", Form: fact.FormDebug2, Count: 1,
		Frames: []string{"main.(*DaemonCli).start", "main.runDaemon", "main.main"},
		Lines: []string{"github.com/docker/docker/cmd/dockerd/daemon.go:240", "github.com/docker/docker/cmd/dockerd/docker_unix.go:7",
			"github.com/docker/docker/cmd/dockerd/docker.go:70"},
		State: "chan receive", MinWait: some(61 * minute), MaxWait: some(61 * minute),
		Waits: map[int]int64{61: 1}, IDs: []int64{1},
		Refs: []fact.Ref{{Source: source, Line: 1, EndLine: 7}},
	}}
}

func TestReadDebug2(t *testing.T) {
	const source = "goroutines/dockerd-goroutine-debug2.txt"
	readers := map[string]io.Reader{
		"whole": strings.NewReader(debug2),
		"bytes": iotest.OneByteReader(strings.NewReader(debug2)),
		"eof":   iotest.DataErrReader(strings.NewReader(debug2)),
	}
	for name, r := range readers {
		parts, problems := ReadText(r, source)
		if len(parts) != 1 || len(problems) != 0 {
			t.Fatalf("%s: %d parts, problems %v", name, len(parts), problems)
		}
		if got, want := parts[0].Stacks, debug2Rows(source); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, want)
		}
		want := fact.Dump{Daemon: "dockerd", Form: fact.FormDebug2, Total: 3, Complete: true, Groups: 2,
			Refs: []fact.Ref{{Source: source, Line: 1, EndLine: 23}}}
		if got := parts[0].Dump; !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", name, got, want)
		}
	}
}

// frames is what a block's lines are read as.
func TestBlockLines(t *testing.T) {
	for _, tt := range []struct {
		name, block string
		frames      string // "fn@line", innermost first
		creator     string
	}{
		{"suffixes of SIGQUIT", "goroutine 5 gp=0xc000007a40 m=nil [GC worker (idle)]:\nruntime.gopark(0x1?, 0x2?)\n\t/go/src/runtime/proc.go:398 +0xce fp=0xc00009df18 sp=0xc00009de28 pc=0x43a3e6\nmain.f()\n\t/m.go:3 +0x1 fp=0x1 sp=0x2 pc=0x3\nruntime.goexit({})\n\t/go/src/runtime/asm_amd64.s:1700 +0x1 fp=0x1 sp=0x2 pc=0x3\ncreated by main.g in goroutine 1\n\t/m.go:9 +0x1\n",
			"main.f@/m.go:3", "main.g"},
		{"nothing but the runtime", "goroutine 5 [x]:\nruntime.gopark(0x1)\n\t/p.go:3 +0xce\nruntime.goexit({})\n\t/a.s:1 +0x1\n", "runtime.gopark@/p.go:3", ""},
		{"old elision", "goroutine 5 [x]:\nmain.f()\n\t/m.go:3 +0x1\n...additional frames elided...\ncreated by main.g\n\t/m.go:9 +0x1\n", "main.f@/m.go:3 ...@", "main.g"},
		{"new elision", "goroutine 5 [x]:\nmain.f()\n\t/m.go:3 +0x1\n...101 frames elided...\nmain.g()\n\t/m.go:4 +0x1\n", "main.f@/m.go:3 ...@ main.g@/m.go:4", ""},
		{"no stack", "goroutine 5 [running]:\n\tgoroutine running on other thread; stack unavailable\ncreated by main.g\n\t/m.go:9 +0x1\n", "...@", "main.g"},
		{"ancestors", "goroutine 5 [x]:\nmain.f()\n\t/m.go:3 +0x1\ncreated by main.g\n\t/m.go:9 +0x1\n[originating from goroutine 24]:\nmain.h(...)\n\t/m.go:70 +0x34\ncreated by main.i\n\t/m.go:71 +0x1\n", "main.f@/m.go:3", "main.g"},
		{"panic", "goroutine 5 [x]:\npanic({0x1, 0x2})\n\t/p.go:884 +0x1\nmain.f()\n\t/m.go:3 +0x1\n", "main.f@/m.go:3", ""},
		{"method value, generics, closure", "goroutine 5 [x]:\nc.(*r).(a.com/b/c.stop)-fm(0x1, 0x2)\n\t/c.go:1 +0x1\nm.(*q[...]).Push(0x1)\n\t/m.go:2 +0x2\nm.glob..func1({0x1, {0x2}})\n\t/m.go:3 +0x1\n",
			"c.(*r).stop-fm@/c.go:1 m.(*q).Push@/m.go:2 m.glob..func1@/m.go:3", ""},
		{"tabs lost", "goroutine 5 [x]:\nmain.f()\n/src/m.go:3 +0x1\ncreated by main.g\n/src/m.go:9 +0x1\n", "main.f@/src/m.go:3", "main.g"},
		{"tabs are blanks", "goroutine 5 [x]:\nmain.f()\n        /src/m.go:3 +0x1\n", "main.f@/src/m.go:3", ""},
		{"tabs written out", "goroutine 5 [x]:\nmain.f()\n\\t/src/m.go:3 +0x1\nmain.g()\n#011/src/m.go:4\n", "main.f@/src/m.go:3 main.g@/src/m.go:4", ""},
		{"blanks in the path", "goroutine 5 [x]:\nmain.f()\n\tC:/Program Files/m.go:3 +0x1\n", "main.f@C:/Program Files/m.go:3", ""},
		{"file lines lost", "goroutine 5 [x]:\nmain.f(0x1)\nmain.g()\n\t/m.go:3 +0x1\n", "main.f@ main.g@/m.go:3", ""},
		{"cgo", "goroutine 5 [syscall]:\nmain._Cfunc_c_sleep(0x1)\n\t_cgo_gotypes.go:56 +0x45\n", "main._Cfunc_c_sleep@_cgo_gotypes.go:56", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, problems := one(t, tt.block, "x")
			if len(problems) != 0 || len(p.Stacks) != 1 || p.Stacks[0].Count != 1 {
				t.Fatalf("got %+v, problems %v", p.Stacks, problems)
			}
			var got []string
			for i, fn := range p.Stacks[0].Frames {
				got = append(got, fn+"@"+p.Stacks[0].Lines[i])
			}
			want := strings.Split(strings.ReplaceAll(tt.frames, "Program Files", "Program_Files"), " ")
			for i := range want {
				want[i] = strings.ReplaceAll(want[i], "Program_Files", "Program Files")
			}
			if !reflect.DeepEqual(got, want) || p.Stacks[0].Creator != tt.creator {
				t.Errorf("got %q creator %q, want %q creator %q", got, p.Stacks[0].Creator, want, tt.creator)
			}
		})
	}
}

func TestCutDumps(t *testing.T) {
	const block = "goroutine 7 [select]:\nmain.f(0x1)\n\t/m.go:3 +0x1\ncreated by main.g\n\t/m.go:9 +0x1\n"
	const middle = "dump ends in the middle of a goroutine, counts are lower bounds"
	for _, tt := range []struct {
		name, text string
		total      int64
		line       int
		problem    string // "" complete
	}{
		{"whole", block, 1, 0, ""},
		{"last newline trimmed", strings.TrimRight(block, "\n"), 1, 0, ""},
		{"main has no creator", "goroutine 1 [select]:\nmain.f()\n\t/m.go:3 +0x1", 1, 0, ""},
		{"behind the header", block + "\ngoroutine 8 [select]:\n", 2, 7, middle},
		{"in the arguments", block + "\ngoroutine 8 [select]:\nmain.f(0x", 2, 7, middle},
		{"behind a call", block + "\ngoroutine 8 [select]:\nmain.f(0x1)\n", 2, 8, middle},
		{"in the file", block + "\ngoroutine 8 [select]:\nmain.f(0x1)\n\t/m.g", 2, 8, middle},
		{"in the line number", block + "\ngoroutine 8 [select]:\nmain.f(0x1)\n\t/m.go:3", 2, 9, middle},
		{"in the creator", block + "\ngoroutine 8 [select]:\nmain.f(0x1)\n\t/m.go:3 +0x1\ncreated by mai", 2, 9, middle},
		{"in a header", block + "\ngoroutine 8 [sel", 1, 5, middle}, // nothing of it can be counted
		{"in a word", block + "\ngorou", 1, 5, middle},
		{"without an END", "=== BEGIN goroutine stack dump ===\n" + block, 1, 6, "dump has no END marker, counts are lower bounds"},
		{"with an END", "=== BEGIN goroutine stack dump ===\n" + block + "\n=== END goroutine stack dump ===\n", 1, 0, ""},
		{"with a last END", "=== BEGIN goroutine stack dump ===\n" + block + "=== END goroutine stack dump ===", 1, 0, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, problems := one(t, tt.text, "x")
			if p.Dump.Total != tt.total || p.Dump.Complete != (tt.problem == "") {
				t.Errorf("total %d complete %v, want %d", p.Dump.Total, p.Dump.Complete, tt.total)
			}
			var want []fact.Problem
			if tt.problem != "" {
				want = []fact.Problem{{Ref: fact.Ref{Source: "x", Line: tt.line}, Text: tt.problem}}
			}
			if !reflect.DeepEqual(problems, want) {
				t.Errorf("got %v, want %v", problems, want)
			}
		})
	}
}

func TestPprofCap(t *testing.T) {
	const block = "goroutine 7 [select]:\nmain.f(0x1)\n\t/m.go:3 +0x1\ncreated by main.g\n\t/m.go:9 +0x1\n\n"
	whole := strings.Repeat(block, pprofCap/len(block)+1)
	p, problems := one(t, whole[:pprofCap], "dockerd-goroutine-debug2.txt")
	if p.Dump.Complete || len(problems) != 1 || !strings.HasPrefix(problems[0].Text, "dump is exactly 64 MiB") {
		t.Errorf("complete %v, problems %v", p.Dump.Complete, problems)
	}
	if want := int64(pprofCap/len(block) + 1); p.Dump.Total != want {
		t.Errorf("total %d, want %d", p.Dump.Total, want)
	}
	p, problems = one(t, whole[:len(whole)-len(block)], "dockerd-goroutine-debug2.txt")
	if !p.Dump.Complete || len(problems) != 0 {
		t.Errorf("a block less: complete %v, problems %v", p.Dump.Complete, problems)
	}
}

func TestReaderFails(t *testing.T) {
	r := io.MultiReader(strings.NewReader(debug2), iotest.ErrReader(errors.New("checksum error")))
	parts, problems := ReadText(r, "x")
	if len(parts) != 1 || parts[0].Dump.Complete || parts[0].Dump.Total != 3 {
		t.Errorf("got %+v", parts)
	}
	want := []fact.Problem{{Ref: fact.Ref{Source: "x", Line: 23}, Text: "reading stops here: checksum error"}}
	if !reflect.DeepEqual(problems, want) {
		t.Errorf("got %v, want %v", problems, want)
	}
}

func TestSeveralDumps(t *testing.T) {
	const block = "goroutine 1 [select]:\nmain.f(0x1)\n\t/m.go:3 +0x1\n"
	const debug1 = "goroutine profile: total 2\n2 @ 0x1\n#\t0x1\tmain.f+0x1\t/m.go:3\n\n"
	for _, tt := range []struct {
		name, text string
		forms      []fact.DumpForm
		totals     []int64
		problems   int
	}{
		{"both forms", debug1 + block, []fact.DumpForm{fact.FormDebug1, fact.FormDebug2}, []int64{2, 1}, 0},
		{"debug=1 twice", debug1 + debug1, []fact.DumpForm{fact.FormDebug1, fact.FormDebug1}, []int64{2, 2}, 0},
		{"markers", "=== BEGIN goroutine stack dump ===\n" + block + "=== END goroutine stack dump ===\nlog\n=== BEGIN goroutine stack dump ===\n" + block + "\n=== END goroutine stack dump ===\n",
			[]fact.DumpForm{fact.FormSignal, fact.FormSignal}, []int64{1, 1}, 0},
		{"SIGQUIT, with a scheduler stack and registers", "SIGQUIT: quit\nPC=0x46 m=0 sigcode=0\n\ngoroutine 0 [idle]:\nruntime.futex()\n\t/f.s:1 +0x1\n\n" + block + "\nrax    0xca\nrip    0x46\n",
			[]fact.DumpForm{fact.FormSignal}, []int64{1}, 0},
		{"no border", block + "\n" + block, []fact.DumpForm{fact.FormDebug2, fact.FormDebug2}, []int64{1, 1}, 1},
		{"a marker without a dump", "=== BEGIN goroutine stack dump ===\n=== END goroutine stack dump ===\n", nil, nil, 1},
		{"no dump", "time=\"x\" level=info msg=\"many goroutines\"\npanicked\n3 @ home\n", nil, nil, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			parts, problems := read(t, tt.text, "x")
			var forms []fact.DumpForm
			var totals []int64
			for _, p := range parts {
				forms, totals = append(forms, p.Dump.Form), append(totals, p.Dump.Total)
			}
			if !reflect.DeepEqual(forms, tt.forms) || !reflect.DeepEqual(totals, tt.totals) || len(problems) != tt.problems {
				t.Errorf("got %v %v, problems %v", forms, totals, problems)
			}
		})
	}
}

func TestKept(t *testing.T) {
	var b strings.Builder
	for i := range 300 {
		b.WriteString("goroutine " + decimal(i+10) + " [select, " + decimal(i) + " minutes]:\n")
		b.WriteString("github.com/docker/docker/daemon.(*Daemon).Kill(0xc000000001, 0xc00000" + decimal(1000+i%200) + ", 0x0, 0x0)\n\t/kill.go:1 +0x1\n\n")
	}
	p, _ := one(t, b.String(), "x")
	s := p.Stacks[0]
	if len(s.IDs) != keepIDs || s.IDs[0] != 10 || s.IDs[15] != 25 {
		t.Errorf("ids %v", s.IDs)
	}
	if args := s.Args["daemon.(*Daemon).Kill#1"]; len(args) != keepArgs || args[0] != "0xc000001000" || args[63] != "0xc000001063" {
		t.Errorf("%d args %v", len(args), args)
	}
	if s.MinWait != some(0) || s.MaxWait != some(299*minute) || len(s.Waits) != 257+21 || s.Waits[258] != 2 || s.Waits[257] != 0 {
		t.Errorf("waits %v %v %v", s.MinWait, s.MaxWait, s.Waits)
	}
}

// TestLikeLines has lines that begin like the one before them.
func TestLikeLines(t *testing.T) {
	block := func(id, line, creator string) string {
		return "goroutine " + id + " [select]:\nmain.f(0x1)\n\t/m.go:" + line + "\ncreated by " + creator + "\n\t/m.go:9 +0x1\n\n"
	}
	p, _ := one(t, block("4", "3", "main.g")+block("5", "33", "main.g2")+block("6", "33 +0x2", "main.g2 in goroutine 1"), "x")
	if len(p.Stacks) != 1 || p.Stacks[0].Count != 3 || p.Stacks[0].Lines[0] != "/m.go:33" || p.Stacks[0].Creator != "main.g2" || p.Stacks[0].Refs[0].Line != 1 {
		t.Errorf("got %+v", p.Stacks)
	}
}

func TestArguments(t *testing.T) {
	for _, tt := range []struct {
		call string
		want []argument
	}{
		{"github.com/docker/docker/daemon.(*Daemon).Kill(0xc000a821e0?, 0xc0003e2f00)", []argument{{0, 0xc0003e2f00}}},
		{"github.com/docker/docker/daemon.(*Daemon).Kill(0xc000a821e0, 0xc0003e2f00?)", nil},
		{"github.com/docker/docker/daemon.(*Daemon).Kill(...)", nil},
		{"github.com/docker/docker/daemon.(*Daemon).Kill(0xc000a821e0, {0xc0003e2f00, 0x40})", nil},
		{"github.com/docker/docker/daemon.(*Daemon).containerStop(0xc000a821e0, {0x2, 0xc1}, 0xc0003e2f00, {0x0})", []argument{{2, 0xc0003e2f00}}},
		{"github.com/docker/docker/daemon.(*Daemon).containerStop(0xc000a821e0, 0xc0003e2f00, 0xa)", []argument{{1, 0xc0003e2f00}}},
		{"sync.(*Mutex).lockSlow(0xc000054d00)", []argument{{4, 0xc000054d00}}},
		{"internal/sync.(*Mutex).lockSlow(0xc000054d00)", []argument{{4, 0xc000054d00}}},
		{"mysync.(*Mutex).lockSlow(0xc000054d00)", nil},
		{"sync.(*Mutex).Lock(0xc0000000000000000ff)", nil},
	} {
		key := callKey([]byte(tt.call))
		n := &node{text: string(key), watch: watchesOf(string(key))}
		if got := n.arguments([]byte(tt.call), nil); !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %#x, want %#x", tt.call, got, tt.want)
		}
	}
}

func TestWaitBucket(t *testing.T) {
	for m := range 300000 {
		b := waitBucket(m)
		if b > m || (m <= 256 && b != m) || (m-b)*128 >= max(m, 1) || waitBucket(b) != b {
			t.Fatalf("waitBucket(%d) = %d", m, b)
		}
	}
}

func TestNames(t *testing.T) {
	at := time.Date(2026, 11, 22, 3, 49, 32, 0, time.UTC)
	for _, tt := range []struct {
		source, daemon string
		taken          time.Time
	}{
		{"goroutines/drone-agent-goroutine-debug1.txt", "drone-agent", time.Time{}},
		{"tmp/containerd.123.stacks.log", "containerd", time.Time{}},
		{"goroutines/dockerd.2.txt", "dockerd", time.Time{}},
		{"run/goroutine-stacks-2026-11-22T034932Z.log.gz", "dockerd", at},
		{"run/goroutine-stacks-2026-11-22T114932+0800.log", "dockerd", at},
		{"tmp/crio-goroutine-stacks-2026-11-22T034932Z.log", "crio", at},
		{"kube-proxy.heap.pb.gz", "kube-proxy", time.Time{}},
		{"notes/ticket-4711.txt", "", time.Time{}},
		{"heap.pb.gz", "", time.Time{}},
	} {
		if got := daemonInName(tt.source); got != tt.daemon {
			t.Errorf("daemonInName(%q) = %q, want %q", tt.source, got, tt.daemon)
		}
		if got := takenFrom(tt.source); !got.Equal(tt.taken) {
			t.Errorf("takenFrom(%q) = %v, want %v", tt.source, got, tt.taken)
		}
	}
}

func TestDaemonOf(t *testing.T) {
	for _, tt := range []struct{ fn, line, want string }{
		{"main.main", "/go/src/github.com/docker/docker/cmd/dockerd/docker.go:70", "dockerd"},
		{"main.main", "github.com/containerd/containerd/cmd/containerd-shim-runc-v2/main.go:33", "containerd-shim"},
		{"main.main", "/src/k8s.io/kubernetes/cmd/kube-proxy/proxy.go:9", "kube-proxy"},
		{"main.main", "/go/src/github.com/x/cmd/agent/main.go:9", "agent"},
		{"main.main", "/go/src/x/main.go:9", "some"},
		{"github.com/docker/docker/daemon.(*Daemon).Kill", "", "dockerd"},
		{"github.com/docker/docker/client.(*Client).Ping", "", "some"},
		{"k8s.io/kubernetes/pkg/kubelet.(*Kubelet).syncLoop", "", "kubelet"},
		{"github.com/containerd/containerd/runtime/v1/shim.(*Service).Wait", "", "containerd-shim"},
		{"github.com/containerd/containerd/services/tasks.(*local).Kill", "", "containerd"},
		{"github.com/cri-o/cri-o/server.(*Server).StopContainer", "", "crio"},
	} {
		stacks := []fact.Stack{{Frames: []string{tt.fn}, Lines: []string{tt.line}}}
		if got := daemonOf(stacks, "some-goroutine-debug2.txt"); got != tt.want {
			t.Errorf("daemonOf(%s %s) = %q, want %q", tt.fn, tt.line, got, tt.want)
		}
	}
}

// A text of nothing but beginnings is no thousand dumps.
func TestDumpLimit(t *testing.T) {
	parts, problems := ReadText(strings.NewReader(strings.Repeat("goroutine 1 [running]:\n", 10*dumpLimit)), "x")
	if len(parts) != dumpLimit {
		t.Errorf("%d dumps", len(parts))
	}
	if last := problems[len(problems)-1]; last.Text != "more than 256 dumps: the rest is not read" {
		t.Errorf("last problem %+v", last)
	}
}
