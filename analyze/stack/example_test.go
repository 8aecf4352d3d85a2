package stack

import (
	"errors"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"culprit/analyze/fact"
)

// cited are the lines of text that a ref cites.
func cited(text string, ref fact.Ref) string {
	lines := strings.SplitAfter(text, "\n")
	return strings.Join(lines[ref.Line-1:max(ref.Line, ref.EndLine)], "")
}

// calledIn are the functions of a goroutine as a Stack has them: without the creator
// and, where there are others, those of the runtime.
func calledIn(g Goroutine) []string {
	var list frameList
	for _, f := range g.Frames {
		if f.Origin != OriginCreator {
			list.add(f.Func, "")
		}
	}
	return list.visible().frames
}

// TestExample: blocks as dumps hold them in the wild.
func TestExample(t *testing.T) {
	ago := func(minutes int) fact.Opt[time.Duration] { return fact.Some(time.Duration(minutes) * time.Minute) }
	for _, tt := range []struct {
		name, text string
		want       Goroutine
	}{
		{"debug=2", `goroutine 5212 [chan receive, 5940 minutes, locked to thread]:
runtime.gopark(0x0?, 0x0, 0x12?, 0x3, 0x1)
	/usr/local/go/src/runtime/proc.go:398 +0xce
sync.(*Mutex).lockSlow(0xc0004a0010)
	/usr/local/go/src/sync/mutex.go:171 +0x15d
github.com/docker/docker/daemon.(*Daemon).Kill(0xc000a821e0?, {0x29ee738, 0x5}, _, ...)
	/go/src/github.com/docker/docker/daemon/kill.go:162 +0x23d
github.com/docker/docker/vendor/google.golang.org/grpc.(*Server).handleStream(0xc0004a0010, {{0x7f2a, 0x1}, 0xf})
	/go/src/github.com/docker/docker/vendor/google.golang.org/grpc/server.go:1690 +0xfb
main.(*DaemonCli).start(...)
	/go/src/github.com/docker/docker/cmd/dockerd/daemon.go:240
created by net/http.(*Server).Serve in goroutine 6
	/usr/local/go/src/net/http/server.go:3102 +0x4db
`, Goroutine{ID: 5212, State: "chan receive", Wait: ago(5940), Locked: true, Frames: []Frame{
			{"runtime.gopark", "0x0?, 0x0, 0x12?, 0x3, 0x1", "/usr/local/go/src/runtime/proc.go", 398, OriginRuntime},
			{"sync.(*Mutex).lockSlow", "0xc0004a0010", "/usr/local/go/src/sync/mutex.go", 171, OriginStandard},
			{"github.com/docker/docker/daemon.(*Daemon).Kill", "0xc000a821e0?, {0x29ee738, 0x5}, _, ...", "/go/src/github.com/docker/docker/daemon/kill.go", 162, OriginMain},
			{"google.golang.org/grpc.(*Server).handleStream", "0xc0004a0010, {{0x7f2a, 0x1}, 0xf}", "/go/src/github.com/docker/docker/vendor/google.golang.org/grpc/server.go", 1690, OriginDependency},
			{"main.(*DaemonCli).start", "...", "/go/src/github.com/docker/docker/cmd/dockerd/daemon.go", 240, OriginMain},
			{"net/http.(*Server).Serve", "", "/usr/local/go/src/net/http/server.go", 3102, OriginCreator},
		}}},
		{"panic, labels, a generated parser, elided frames", `panic: nope

goroutine 1 gp=0xc0000061c0 m=0 mp=0x5c2a00 [running, synctest bubble 4 labels:{"a": "]:"}]:
panic({0x1c5a0e0?, 0xc00061b3f0?})
	runtime/panic.go:787 +0x132 fp=0xc00009df18 sp=0xc00009de28 pc=0x43a3e6
example.org/sql.yyParse(0x1)
	example.org/sql@v1.2.3/sql.y:12 +0x1
...additional frames elided...
main.main()
	./main.go:7 +0x1
`, Goroutine{ID: 1, State: "running", Wait: ago(0), Frames: []Frame{
			{"panic", "{0x1c5a0e0?, 0xc00061b3f0?}", "runtime/panic.go", 787, OriginRuntime},
			{"example.org/sql.yyParse", "0x1", "example.org/sql@v1.2.3/sql.y", 12, OriginDependency},
			{Func: "..."},
			{"main.main", "", "./main.go", 7, OriginMain},
		}}},
		{"frames elided by number, generics, method values", `goroutine 9 [select (no cases)]:
golang.org/x/exp/slices.SortFunc[...]({0xc000, 0x2, 0x3})
	/root/go/pkg/mod/golang.org/x/exp@v0.1.0/slices/sort.go:22 +0x1
github.com/a/b.Map[go.shape.string,go.shape.struct { X (int) }](0x1)
	/src/b/map.go:3 +0x1
...101 frames elided...
github.com/a/b.(*T).Close-fm()
	/src/b/t.go:9 +0x1
github.com/docker/docker/api/server/router/container.(*containerRouter).(github.com/docker/docker/api/server/router/container.postContainersStop)-fm(0x1)
	/src/c.go:5 +0x1
main.main.func1.1()
	/src/b/main.go:8 +0x1
`, Goroutine{ID: 9, State: "select (no cases)", Wait: ago(0), Frames: []Frame{
			{"golang.org/x/exp/slices.SortFunc", "{0xc000, 0x2, 0x3}", "/root/go/pkg/mod/golang.org/x/exp@v0.1.0/slices/sort.go", 22, OriginDependency},
			{"github.com/a/b.Map", "0x1", "/src/b/map.go", 3, OriginMain},
			{Func: "..."},
			{"github.com/a/b.(*T).Close-fm", "", "/src/b/t.go", 9, OriginMain},
			{"github.com/docker/docker/api/server/router/container.(*containerRouter).postContainersStop-fm", "0x1", "/src/c.go", 5, OriginMain},
			{"main.main.func1.1", "", "/src/b/main.go", 8, OriginMain},
		}}},
		// Frames of C have no brackets; neither does the grouping count them.
		{"frames of C", `goroutine 17 [syscall, locked to thread]:
non-Go function
	pc=0x7f12
_cgo_wait
	/src/wait.c:12 pc=0x4a12
runtime.cgocall(0x4a1280, 0xc00008fe88)
	/usr/lib/go/src/runtime/cgocall.go:157 +0x4b
main._Cfunc_wait(0x7)
	_cgo_gotypes.go:49 +0x4a
created by main.main
	??:0 +0x1
`, Goroutine{ID: 17, State: "syscall", Wait: ago(0), Locked: true, Frames: []Frame{
			{"runtime.cgocall", "0x4a1280, 0xc00008fe88", "/usr/lib/go/src/runtime/cgocall.go", 157, OriginRuntime},
			{"main._Cfunc_wait", "0x7", "_cgo_gotypes.go", 49, OriginMain},
			{"main.main", "", "??", 0, OriginCreator},
		}}},
		{"stack unavailable", `goroutine 6 [running]:
	goroutine running on other thread; stack unavailable
created by main.main in goroutine 1
	/src/main.go:5 +0x1
`, Goroutine{ID: 6, State: "running", Wait: ago(0), Frames: []Frame{{Func: "..."}, {"main.main", "", "/src/main.go", 5, OriginCreator}}}},
		{"ancestors", `goroutine 7 [sleep, 3 minutes]:
time.Sleep(0x3b9aca00)
	runtime/time.go:195 +0x125
[originating from goroutine 1]:
main.main(...)
	/src/main.go:5 +0x1
`, Goroutine{ID: 7, State: "sleep", Wait: ago(3), Frames: []Frame{{"time.Sleep", "0x3b9aca00", "runtime/time.go", 195, OriginStandard}}}},
		{"cut behind a call", "goroutine 7 [sleep]:\nmain.f(0x1)\n", Goroutine{ID: 7, State: "sleep", Wait: ago(0), Frames: []Frame{{"main.f", "0x1", "", 0, OriginMain}}}},
		{"no frames", "goroutine 7 [sleep]:\n", Goroutine{ID: 7, State: "sleep", Wait: ago(0)}},
		{"goroutine 0 is none", "goroutine 0 [idle]:\nruntime.futex()\n\t/f.s:1 +0x1\n\ngoroutine 3 [sleep]:\nmain.f()\n\tf.go:1 +0x1\n",
			Goroutine{ID: 3, State: "sleep", Wait: ago(0), Frames: []Frame{{"main.f", "", "f.go", 1, OriginMain}}}},
		{"debug=1", `803 @ 0x43a0e5 0xe160fc 0x17ddf47
# labels: {"k":"v"}
#	0x43a0e5	runtime.gopark+0xd5	/usr/local/go/src/runtime/proc.go:398
#	0x17ddf46	github.com/docker/docker/vendor/github.com/a/b.f+0xc6	/go/src/github.com/docker/docker/vendor/github.com/a/b/f.go:213
#	0x17ddf47
`, Goroutine{Frames: []Frame{
			{"runtime.gopark", "", "/usr/local/go/src/runtime/proc.go", 398, OriginRuntime},
			{"github.com/a/b.f", "", "/go/src/github.com/docker/docker/vendor/github.com/a/b/f.go", 213, OriginDependency},
			{Func: "0x17ddf47"},
		}}},
		{"debug=1 in syslog, the first of two", `Nov 22 03:49:32 node1 dockerd[812]: 3 @ 0x43a0e5
Nov 22 03:49:32 node1 kernel: [12.0] eth0: up
Nov 22 03:49:32 node1 dockerd[812]: ##011 0x1#011main.f+0xd5#011/src/f.go:3
Nov 22 03:49:32 node1 dockerd[812]: 
Nov 22 03:49:32 node1 dockerd[812]: 2 @ 0x43a0e5
`, Goroutine{Frames: []Frame{{"main.f", "", "/src/f.go", 3, OriginMain}}}},
	} {
		for _, ended := range []bool{true, false} {
			text := tt.text
			if !ended {
				text = strings.TrimSuffix(text, "\n")
			}
			got, err := Example(strings.NewReader(text), nil)
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("%s, newline at the end %t: error %v\n got %+v\nwant %+v", tt.name, ended, err, got, tt.want)
			}
		}
	}
}

func TestOriginOf(t *testing.T) {
	for _, tt := range []struct{ fn, file, want string }{
		{"runtime.gopark", "proc.go", OriginRuntime},
		{"internal/runtime/syscall.Syscall6", "asm.s", OriginRuntime},
		{"runtime/pprof.writeGoroutine", "pprof.go", OriginStandard},
		{"net/http.(*conn).serve", "", OriginStandard},
		{"vendor/golang.org/x/net/http2/hpack.(*Decoder).Write", "/usr/local/go/src/vendor/golang.org/x/net/http2/hpack/hpack.go", OriginStandard},
		{"main.main.func1", "", OriginMain},
		{"github.com/docker/docker/daemon.(*Daemon).Kill", "github.com/docker/docker/daemon/kill.go", OriginMain},
		{"k8s.io/kubernetes/vendor/k8s.io/client-go/rest.(*Request).Do", "", OriginDependency},
		{"k8s.io/client-go/rest.(*Request).Do", "vendor/k8s.io/client-go/rest/request.go", OriginDependency},
		{"google.golang.org/grpc.(*Server).Serve", "/go/pkg/mod/google.golang.org/grpc@v1.71.0/server.go", OriginDependency},
		{"google.golang.org/grpc.(*Server).Serve", "", OriginDependency}, // nothing tells
		{"0x17ddf47", "", ""},
	} {
		if got := originOf(tt.fn, tt.file); got != tt.want {
			t.Errorf("%s in %q is of %q, want %q", tt.fn, tt.file, got, tt.want)
		}
	}
}

// TestExampleErrors: what is not there, cannot be read, or has arguments that the
// runtime does not print.
func TestExampleErrors(t *testing.T) {
	block := "goroutine 7 [sleep]:\nmain.f(0x1)\n\tf.go:1 +0x1\n"
	broken := errors.New("disk")
	for _, tt := range []struct {
		name   string
		text   io.Reader
		frames []string
		want   error
		read   int // frames all the same
	}{
		{"no goroutine", strings.NewReader("main.f(0x1)\n\tf.go:1 +0x1\n"), nil, ErrNoGoroutine, 0},
		{"nothing", strings.NewReader(""), nil, ErrNoGoroutine, 0},
		{"another one", strings.NewReader(block), []string{"main.g"}, ErrNoGoroutine, 0},
		{"unreadable", iotest.ErrReader(broken), nil, broken, 0},
		{"arguments", strings.NewReader(strings.Replace(block, "0x1)", "x)", 1)), nil, errArgs, 1},
		{"a name that panicparse panics at", strings.NewReader(strings.Replace(block, "0x1)", "%41%41%41%41%41(0x1)", 1)), nil, errArgs, 1},
		{"no bracket", strings.NewReader(strings.Replace(block, "0x1)", "0x1", 1)), nil, errArgs, 1},
		{"a state without words", strings.NewReader("goroutine 77 []:\nmain.f()\n\tf.go:1\n"), nil, errArgs, 1},
	} {
		g, err := Example(tt.text, tt.frames)
		if !errors.Is(err, tt.want) || len(g.Frames) != tt.read {
			t.Errorf("%s: %+v, %v, want %v", tt.name, g, err, tt.want)
		}
	}
	if g, err := Example(strings.NewReader(block), []string{"main.f"}); err != nil || g.ID != 7 {
		t.Errorf("%+v, %v", g, err)
	}
}

// TestExampleOfWrapped: whatever a dump was logged into, the lines that a group cites
// give a goroutine of the group, with its arguments.
func TestExampleOfWrapped(t *testing.T) {
	for name, wrap := range wrappings {
		for form, dump := range map[string]string{"debug=2": bigDump(9, 40) + "\n" + debug2, "debug=1": debug1} {
			text := wrap(dump)
			parts, _ := ReadText(strings.NewReader(text), "x")
			groups := 0
			for _, s := range stacksOf(parts) {
				for _, ref := range s.Refs {
					groups++
					g, err := Example(strings.NewReader(cited(text, ref)), s.Frames)
					if err != nil || !slices.Equal(calledIn(g), s.Frames) {
						t.Errorf("%s, %s, %s: error %v\n got %q\nwant %q\nin\n%s", name, form, ref, err, calledIn(g), s.Frames, cited(text, ref))
						continue
					}
					if form == "debug=2" && (!slices.Contains(s.IDs, g.ID) || g.State != s.State && len(s.IDs) == 1 || !strings.Contains(text, "("+g.Frames[0].Args+")")) {
						t.Errorf("%s, %s: %+v of %+v", name, ref, g, s)
					}
				}
			}
			if groups == 0 && form == "debug=2" { // debug=1 in one line is not read
				t.Errorf("%s, %s: %d parts, %d groups", name, form, len(parts), groups)
			}
		}
	}
}

func stacksOf(parts []Part) (out []fact.Stack) {
	for _, p := range parts {
		out = append(out, p.Stacks...)
	}
	return out
}

// TestExampleOfSplit: the same of a logged line that was split anywhere. Where no part
// holds a whole line of the dump, the goroutine may not be found; it is never another.
func TestExampleOfSplit(t *testing.T) {
	dump := bigDump(9, 40)
	for n := 40; n < 400; n++ {
		text := splitLine(dump, n)
		p, _ := one(t, text, "x")
		for _, s := range p.Stacks {
			g, err := Example(strings.NewReader(cited(text, s.Refs[0])), s.Frames)
			if err != nil && n > 140 || err == nil && (!slices.Equal(calledIn(g), s.Frames) || !slices.Contains(s.IDs, g.ID)) {
				t.Fatalf("parts of %d bytes, %s: %v\n got %+v\nwant %+v in\n%s", n, s.Refs[0], err, g, s, cited(text, s.Refs[0]))
			}
		}
	}
}

// FuzzExample: any text gives a goroutine or an error; one that was asked for by its
// frames has them; and what the grouping found in plain lines is found again.
func FuzzExample(f *testing.F) {
	for _, wrap := range wrappings {
		f.Add([]byte(wrap(debug2)))
		f.Add([]byte(wrap(debug1)))
	}
	f.Add([]byte(splitLine(debug2, 61)[200:]))
	f.Add([]byte("goroutine 1 [x]:\na.b%41%41%41%41({{{{{{{0x1}}}}}}}, _, 0x1?, ...)\n\t%41:1\n...9 frames elided...\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		first, err := Example(strings.NewReader(string(text)), nil)
		if err != nil && !errors.Is(err, ErrNoGoroutine) && !errors.Is(err, errArgs) {
			t.Fatal(err)
		}
		if err == nil {
			want := calledIn(first)
			again, err := Example(iotest.HalfReader(strings.NewReader(string(text))), want)
			if want != nil && (err != nil && !errors.Is(err, errArgs) || !slices.Equal(calledIn(again), want)) {
				t.Fatalf("asked for %q: %+v, %v", want, again, err)
			}
		}
		parts, _ := ReadText(strings.NewReader(string(text)), "x")
		for _, s := range stacksOf(parts) {
			if s.Form == fact.FormDebug1 || len(s.Frames) == 0 || slices.ContainsFunc([]string{`\`, "#", ": ", "| ", " F ", " P "}, func(mark string) bool { return strings.Contains(string(text), mark) }) {
				continue
			}
			if g, err := Example(strings.NewReader(cited(string(text), s.Refs[0])), s.Frames); errors.Is(err, ErrNoGoroutine) || !slices.Equal(calledIn(g), s.Frames) {
				t.Fatalf("%s: %v\n got %q\nwant %q", s.Refs[0], err, calledIn(g), s.Frames)
			}
		}
	})
}
