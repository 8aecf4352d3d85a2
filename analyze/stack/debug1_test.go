package stack

import (
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"culprit/analyze/fact"
)

// debug1 is what debug=1 shows of debug2's daemon: no states, ages, ids, creators; the
// two calls of Kill differ in a line.
const debug1 = `goroutine profile: total 806
803 @ 0xe05e16 0xe160fc 0x17ddf47 0xe38021
#	0x17ddf46	github.com/docker/docker/container.(*State).Wait.func1+0xc6	github.com/docker/docker/container/state.go:213

1 @ 0xe05e16 0xdd04fb 0x20183fe 0x1708adb 0xe38021
# labels: {"test_label":"test_value"}
#	0x20183fd	github.com/docker/docker/daemon.(*Daemon).Kill+0x23d					github.com/docker/docker/daemon/kill.go:162
#	0x1708ada	github.com/docker/docker/vendor/github.com/gorilla/mux.(*Router).ServeHTTP+0x31a	github.com/docker/docker/vendor/github.com/gorilla/mux/mux.go:103

1 @ 0xe05e16 0xdd04fb 0x20183fe 0x1708aeb 0xe38021
#	0x20183fd	github.com/docker/docker/daemon.(*Daemon).Kill+0x23d					github.com/docker/docker/daemon/kill.go:162
#	0x1708aea	github.com/docker/docker/vendor/github.com/gorilla/mux.(*Router).ServeHTTP+0x33a	github.com/docker/docker/vendor/github.com/gorilla/mux/mux.go:104

1 @ 0xe05e16 0x1708adb 0xe38021
#	0x1708ada	main.(*DaemonCli).start+0x1514	github.com/docker/docker/cmd/dockerd/daemon.go:240
#	0x1708adb	main.runDaemon+0x14		github.com/docker/docker/cmd/dockerd/docker_unix.go:7
#	0x1708adc	main.main+0xc4			github.com/docker/docker/cmd/dockerd/docker.go:70
#	0xe0a1b1	runtime.main+0x211		runtime/proc.go:250

`

func debug1Rows(source string) []fact.Stack {
	at := func(line, end int) fact.Ref {
		lines := strings.SplitAfter(debug1, "\n")
		return fact.Ref{Source: source, Line: line, EndLine: end, Offset: int64(len(strings.Join(lines[:line-1], "")))}
	}
	kill := debug2Rows("")
	return []fact.Stack{
		{Daemon: "dockerd", Form: fact.FormDebug1, Count: 803, Frames: []string{"github.com/docker/docker/container.(*State).Wait.func1"},
			Lines: []string{"github.com/docker/docker/container/state.go:213"}, Refs: []fact.Ref{at(2, 3)}},
		{Daemon: "dockerd", Form: fact.FormDebug1, Count: 2, Frames: kill[0].Frames, Lines: kill[0].Lines, Refs: []fact.Ref{at(5, 8), at(10, 12)}},
		{Daemon: "dockerd", Form: fact.FormDebug1, Count: 1, Frames: kill[1].Frames, Lines: kill[1].Lines, Refs: []fact.Ref{at(14, 18)}},
	}
}

func TestReadDebug1(t *testing.T) {
	const source = "dockerd-goroutine-debug1.txt"
	for _, tt := range []struct{ name, text string }{
		{"plain", debug1},
		{"trimmed", strings.TrimRight(debug1, "\n")},
		{"tabs are blanks", strings.ReplaceAll(debug1, "\t", "  ")},
	} {
		parts, problems := ReadText(iotest.HalfReader(strings.NewReader(tt.text)), source)
		if len(parts) != 1 || len(problems) != 0 {
			t.Fatalf("%s: %d parts, problems %v", tt.name, len(parts), problems)
		}
		got, want := parts[0].Stacks, debug1Rows(source)
		if tt.name != "plain" { // offsets differ
			for i := range got {
				got[i].Refs, want[i].Refs = nil, nil
			}
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", tt.name, got, want)
		}
		dump := fact.Dump{Daemon: "dockerd", Form: fact.FormDebug1, Total: 806, Complete: true, Groups: 3, Refs: []fact.Ref{{Source: source, Line: 1, EndLine: 18}}}
		if !reflect.DeepEqual(parts[0].Dump, dump) {
			t.Errorf("%s:\ngot  %+v\nwant %+v", tt.name, parts[0].Dump, dump)
		}
	}
}

func TestDebug1Wrapped(t *testing.T) {
	for _, how := range []string{"CRLF", "syslog", "compose", "journald, other programs between"} {
		text := wrappings[how](debug1)
		p, problems := one(t, text, "x")
		got, want := p.Stacks, debug1Rows("x")
		for i := range got {
			got[i].Refs, want[i].Refs = nil, nil
		}
		if !reflect.DeepEqual(got, want) || len(problems) != 0 || !p.Dump.Complete {
			t.Errorf("%s: problems %v\ngot  %+v\nwant %+v", how, problems, got, want)
		}
	}
}

func TestDebug1Flaws(t *testing.T) {
	const head = "goroutine profile: total 3\n"
	const two = "2 @ 0x1 0x2\n#\t0x1\tmain.f+0x1\t/m.go:3\n\n"
	const one1 = "1 @ 0x1 0x3\n#\t0x1\tmain.g+0x1\t/m.go:4\n\n"
	for _, tt := range []struct {
		name, text string
		total, sum int64
		line       int
		problem    string
	}{
		{"whole", head + two + one1, 3, 3, 0, ""},
		{"a group is missing", head + two, 3, 2, 1, "counts add up to 2 goroutines, the header says 3"},
		{"nothing but the header", head, 3, 0, 1, "counts add up to 0 goroutines, the header says 3"},
		{"cut in a frame", head + two + "1 @ 0x1 0x3\n#\t0x1\tmain.g+0x1\t/m.g", 3, 3, 5, "dump ends in the middle of a goroutine, counts are lower bounds"},
		{"cut in the addresses", head + two + "1 @ 0x1 0x3", 3, 3, 5, "dump ends in the middle of a goroutine, counts are lower bounds"},
		{"a stack of goexit alone", head + two + "1 @ 0x1", 3, 3, 0, ""},
		{"no header", two + one1, 3, 3, 1, "dump has no header: how many goroutines there were is unknown"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p, problems := one(t, tt.text, "x")
			if p.Dump.Total != tt.total || counted64(p) != tt.sum || p.Dump.Complete != (tt.problem == "") {
				t.Errorf("total %d sum %d complete %v", p.Dump.Total, counted64(p), p.Dump.Complete)
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

func TestDebug1Frames(t *testing.T) {
	for _, tt := range []struct{ in, fn, place string }{
		{"#\t0x17ddf46\tmain.f+0xc6\t/a/state.go:213", "main.f", "/a/state.go:213"},
		{"#\t0x17ddf46\tmain.f+0xc6\t\t\tC:/Program Files/x.go:1", "main.f", "C:/Program Files/x.go:1"},
		{"# 0x17ddf46 main.f+0xc6 /a/state.go:213", "main.f", "/a/state.go:213"},
		{"#\t0x17ddf46", "0x17ddf46", ""},
		{"# labels: {\"a\":\"0x1 main.f+0x1\"}", "", ""},
		{"#", "", ""},
	} {
		if fn, place := frameLine([]byte(tt.in)); fn != tt.fn || place != tt.place {
			t.Errorf("%q: got %q %q, want %q %q", tt.in, fn, place, tt.fn, tt.place)
		}
	}
}
