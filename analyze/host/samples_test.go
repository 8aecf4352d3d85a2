package host

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"culprit/analyze/fact"
)

func TestParseSamples(t *testing.T) {
	text := "# EPOCH DAEMON PID METRIC VALUE\n" +
		"1795320652.12 dockerd 246 goroutines 54\n" +
		"\n" +
		"1795320657 dockerd 246 rss_kib 86512\r\n" +
		"1795320657.5 containerd 201 threads 9\n" +
		"1795320657.5 dockerd 246 fds\n" +
		"1795320657.5 dockerd 246 fds -1\n" +
		"1795320657.5 dockerd 0 fds 3\n" +
		"now dockerd 246 fds 3\n" +
		"0 dockerd 246 fds 3\n" +
		"1795320657.5 dockerd 246 sockets 10"
	rows, problems := ParseSamples(strings.NewReader(text), "samples.txt")
	want := []fact.Sample{
		{Daemon: "dockerd", PID: 246, Metric: fact.MetricGoroutines, Value: 54, Taken: time.Unix(1795320652, 120000000).UTC()},
		{Daemon: "dockerd", PID: 246, Metric: fact.MetricRSS, Value: 86512, Taken: time.Unix(1795320657, 0).UTC()},
		{Daemon: "containerd", PID: 201, Metric: "threads", Value: 9, Taken: time.Unix(1795320657, 500000000).UTC()},
	}
	for i, line := range []int{2, 4, 5} {
		want[i].Refs = []fact.Ref{lineRef("samples.txt", text, line)}
	}
	if fmt.Sprint(rows) != fmt.Sprint(want) {
		t.Errorf("rows\n%v\nwant\n%v", rows, want)
	}
	if len(problems) != 6 {
		t.Errorf("%d problems, want 6: %v", len(problems), problems)
	}
}

func FuzzParseSamples(f *testing.F) {
	f.Add([]byte("# x\n1795320652.12 dockerd 246 goroutines 54\n1795320657 dockerd 246 fds 9\n"))
	f.Add([]byte("99999999999.999999999 d 1 m 9223372036854775807\n1. d 1 m 1\n.5 d 1 m 1"))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, problems := ParseSamples(bytes.NewReader(b), "samples.txt")
		checkProblems(t, b, problems)
		checkRows(t, b, len(rows))
		for _, s := range rows {
			checkRefs(t, b, s.Metric, s.Refs)
			if s.Taken.IsZero() || s.PID <= 0 || s.Daemon == "" || s.Metric == "" || s.Value < 0 {
				t.Fatalf("sample %+v", s)
			}
		}
	})
}
