package bundle

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"culprit/analyze/fact"
)

func TestReadCollectLog(t *testing.T) {
	text := "03:49:28\trc=0\t0.0s\tps auxww\n" +
		"03:49:43\trc=124\t15.0s\tdocker info\n" +
		"nonsense\n" +
		"\n" +
		"03:49:44\trc=127\t0.1s\tctr -n moby tasks ls\n" +
		"03:49:44\trc=137\t8s\tdocker inspect 0123\n" +
		"03:49:44\trc=1\t99999999999s\tdf -h"
	items, problems := readCollectLog(strings.NewReader(text), "collect.log", 100)
	ref := func(line int) []fact.Ref {
		offset := len(strings.Join(strings.SplitAfter(text, "\n")[:line-1], ""))
		return []fact.Ref{{Source: "collect.log", Line: line, Offset: int64(offset)}}
	}
	want := []fact.Item{
		{Command: "ps auxww", Tool: "ps", State: fact.Complete, RC: fact.Some(0), Refs: ref(1)},
		{Command: "docker info", Tool: "docker", Verb: "info", State: fact.TimedOut, RC: fact.Some(124), Duration: 15 * time.Second, Refs: ref(2)},
		{Command: "ctr -n moby tasks ls", Tool: "ctr", Verb: "tasks ls", State: fact.Absent, RC: fact.Some(127), Duration: 100 * time.Millisecond, Refs: ref(5)},
		{Command: "docker inspect 0123", Tool: "docker", Verb: "inspect", State: fact.TimedOut, RC: fact.Some(137), Duration: 8 * time.Second, Refs: ref(6)},
		{Command: "df -h", Tool: "df", State: fact.Complete, RC: fact.Some(1), Refs: ref(7)},
	}
	if !reflect.DeepEqual(items, want) {
		t.Errorf("items\n%+v, want\n%+v", items, want)
	}
	wantProblems := []string{
		`collect.log:3: broken line of a collect log: "nonsense"`,
		`collect.log:7: duration out of range: "99999999999"`,
	}
	if got := texts(problems); !reflect.DeepEqual(got, wantProblems) {
		t.Errorf("problems %q, want %q", got, wantProblems)
	}
}

func TestFold(t *testing.T) {
	ref := func(src string, line int) fact.Ref { return fact.Ref{Source: src, Line: line} }
	timeout := func(command string, refs ...fact.Ref) fact.Item {
		return fact.Item{Command: command, State: fact.TimedOut, RC: fact.Some(124), Refs: refs}
	}
	var s stepLog
	s.items = []fact.Item{
		timeout("docker info", ref("a/collect.log", 1)),
		timeout("docker info", ref("b/collect.log", 1)),
		{Command: "docker version", State: fact.Complete, Refs: []fact.Ref{ref("b/collect.log", 2)}},
	}
	s.errFile("b/docker/info.txt.err", []byte("node-collect: command timed out after 15s: docker info\n"))
	s.errFile("b/docker/version.txt.err.gz", []byte("warning\nx: command timed out after 2m: docker version \n"))
	sources := []fact.Source{{Path: "b/docker/info.txt", State: fact.Complete}, {Path: "b/docker/info.txt.err", State: fact.Complete}}
	items := s.fold(nil, sources)
	want := []fact.Item{
		s.items[0],
		{
			Path: "b/docker/info.txt", Command: "docker info", State: fact.TimedOut, RC: fact.Some(124),
			Refs: []fact.Ref{ref("b/collect.log", 1), ref("b/docker/info.txt.err", 1)},
		},
		s.items[2],
		{
			Command: "docker version", Tool: "docker", Verb: "version", State: fact.TimedOut, Duration: 2 * time.Minute,
			Refs: []fact.Ref{{Source: "b/docker/version.txt.err.gz", Line: 2, Offset: 8}},
		},
	}
	if !reflect.DeepEqual(items, want) {
		t.Errorf("items\n%+v, want\n%+v", items, want)
	}
	if sources[0].State != fact.TimedOut || sources[1].State != fact.Complete {
		t.Errorf("states %v, want the output of the step timed out and the .err file ok", sources)
	}
}
