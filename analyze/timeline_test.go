package analyze

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"culprit/analyze/fact"
)

// sourcesOf opens the sources of paths.
func sourcesOf(o Options, paths ...string) func(string) (*io.SectionReader, bool) {
	return func(source string) (*io.SectionReader, bool) {
		var b bytes.Buffer
		if err := Raw(context.Background(), o, &b, source, paths...); err != nil {
			return nil, false
		}
		return io.NewSectionReader(bytes.NewReader(b.Bytes()), 0, int64(b.Len())), true
	}
}

// timelineOf analyses paths and merges their logs.
func timelineOf(t testing.TB, paths ...string) (*Report, *Timeline) {
	t.Helper()
	o := Options{Rules: ruleSet(t)}
	r, err := Bundles(context.Background(), o, paths...)
	if err != nil {
		t.Fatal(err)
	}
	tl, err := Merge(context.Background(), r, sourcesOf(o, paths...), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tl.Close() })
	return r, tl
}

// TestTimelineOfSamples: the rows are the lines of all logs with a time, and the first
// and last line of a hit have the times of their rows.
func TestTimelineOfSamples(t *testing.T) {
	bundles, err := filepath.Glob("../samples/*/bundle.tar.zst")
	if err != nil || len(bundles) < 3 {
		t.Fatalf("%d samples, %v", len(bundles), err)
	}
	hits := 0
	for _, path := range bundles {
		r, tl := timelineOf(t, path)
		var lines int64
		for _, l := range r.Tables.Logs {
			if !slices.Contains(tl.Undated, l.Source) {
				lines += l.Lines
			} else if !l.First.IsZero() {
				t.Errorf("%s: %s has times from %v", path, l.Source, l.First)
			}
		}
		if int64(tl.Len()) != lines || lines == 0 || len(tl.Problems) > 0 {
			t.Errorf("%s: %d rows, %d lines, problems %v", path, tl.Len(), lines, tl.Problems)
		}
		for _, h := range r.Tables.Hits {
			n := len(h.Times)
			if n == 0 || h.Count != int64(n) {
				continue // some of its lines print no time
			}
			hits++
			checkRow(t, tl, h.Refs[0], h.Times[0])
			checkRow(t, tl, h.Refs[len(h.Refs)-1], h.Times[n-1])
		}
	}
	if hits < 100 {
		t.Errorf("only %d hits to compare", hits)
	}
}

// checkRow finds the row of a line that was logged at a time.
func checkRow(t *testing.T, tl *Timeline, ref fact.Ref, at time.Time) {
	t.Helper()
	row, ok := tl.Place(ref.Source, ref.Line)
	m := tl.At(row)
	if !ok || !m.Time.Equal(at) || m.Line != ref.Line || m.Offset != ref.Offset || tl.Streams[m.Stream].Source != ref.Source {
		t.Errorf("%v at %v: row %d %v is %+v", ref, at, row, ok, m)
	}
}

// writeFiles makes a folder of files.
func writeFiles(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// momentsOf are the rows of a timeline: when, where, level.
func momentsOf(tl *Timeline) (rows []string) {
	for i := range tl.Len() {
		m := tl.At(i)
		rows = append(rows, fmt.Sprintf("%s %s:%d %d", m.Time.UTC().Format("02 15:04:05"), tl.Streams[m.Stream].Source, m.Line, m.Level))
	}
	return rows
}

// TestTimelineClocks: year and zone come from the clock of the collection, the
// kernel's seconds count from the boot that it tells of, and each node has its own.
func TestTimelineClocks(t *testing.T) {
	a := writeFiles(t, map[string]string{
		"hostname.txt":     "a\n",
		"date.txt":         "2026-11-22T12:00:00+08:00\n",
		"uptime.txt":       "3600.00 1.00\n",
		"logs/kubelet.log": "E1122 11:30:00.000000       1 kubelet.go:1] a\n",
		"logs/dockerd.log": "time=\"2026-11-22T03:30:30Z\" level=info msg=a\n",
		"logs/dmesg.txt":   "[    0.000000] Linux\n[ 1815.000000] b\n",
		"logs/flags.log":   "Flag --a has been deprecated\nlevel=info msg=a\n",
	})
	b := writeFiles(t, map[string]string{
		"hostname.txt":     "b\n",
		"date.txt":         "2026-11-22T03:50:00+00:00\n",
		"logs/kubelet.log": "W1122 03:30:20.000000       1 kubelet.go:1] a\n",
		"logs/dmesg.txt":   "[    0.000000] Linux\n",
	})
	_, tl := timelineOf(t, a, b)
	want := []string{"22 03:00:00 1/logs/dmesg.txt:1 0", "22 03:30:00 1/logs/kubelet.log:1 2", "22 03:30:15 1/logs/dmesg.txt:2 0",
		"22 03:30:20 2/logs/kubelet.log:1 1", "22 03:30:30 1/logs/dockerd.log:1 0"}
	if got := momentsOf(tl); !slices.Equal(got, want) {
		t.Errorf("rows\n got %q\nwant %q", got, want)
	}
	if want := []string{"1/logs/flags.log", "2/logs/dmesg.txt"}; !slices.Equal(tl.Undated, want) {
		t.Errorf("undated %q, want %q", tl.Undated, want)
	}
	if m := tl.At(0); m.Time.Format("15:04 -0700") != "11:00 +0800" {
		t.Errorf("the first row is of %v, want the zone of the node", m.Time)
	}
}

// TestTimelineOfPastedText: pieces of a session stand where they stand in it, other
// lines of it nowhere.
func TestTimelineOfPastedText(t *testing.T) {
	session := "[root@node-a ~]# date\nSun Nov 22 04:00:00 UTC 2026\n" +
		"[root@node-a ~]# journalctl -u docker\n" +
		"Nov 22 03:30:00 node-a dockerd[1]: time=\"2026-11-22T03:30:00Z\" level=info msg=\"API listen on a\"\n" +
		"Nov 22 03:50:00 node-a dockerd[1]: time=\"2026-11-22T03:50:00Z\" level=error msg=b\n" +
		"[root@node-a ~]# ps -ef\nUID PID PPID C STIME TTY TIME CMD\nroot 1 0 0 03:47 ? 00:00:00 init\n" +
		"[root@node-a ~]# tail kubelet.log\n" +
		"E1122 03:40:00.000000       1 kubelet.go:1] c\n"
	_, tl := timelineOf(t, writeFiles(t, map[string]string{"session.txt": session}))
	want := []string{"22 03:30:00 session.txt:4 0", "22 03:40:00 session.txt:10 2", "22 03:50:00 session.txt:5 2"}
	if got := momentsOf(tl); !slices.Equal(got, want) {
		t.Errorf("rows\n got %q\nwant %q", got, want)
	}
	for i := range tl.Len() {
		if m := tl.At(i); strings.Count(session[:m.Offset], "\n")+1 != m.Line {
			t.Errorf("row %d is line %d at offset %d", i, m.Line, m.Offset)
		}
	}
}

// TestTimelineWithoutSources: what cannot be opened any more is named.
func TestTimelineWithoutSources(t *testing.T) {
	dir := writeFiles(t, map[string]string{"logs/dockerd.log": "time=\"2026-11-22T03:30:30Z\" level=info msg=a\n"})
	r, _ := timelineOf(t, dir)
	none := func(string) (*io.SectionReader, bool) { return nil, false }
	tl, err := Merge(context.Background(), r, none, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer tl.Close()
	want := []fact.Problem{{Ref: fact.Ref{Source: "logs/dockerd.log"}, Text: ErrNoSource.Error()}}
	if tl.Len() != 0 || !slices.Equal(tl.Problems, want) {
		t.Errorf("%d rows, problems %v", tl.Len(), tl.Problems)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Merge(ctx, r, sourcesOf(Options{}, dir), nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled merge gives %v", err)
	}
}

// TestTimelineOfScatteredLines: the lines of two files that a grep was sorted from are
// no two logs in one run; that they are left out is said.
func TestTimelineOfScatteredLines(t *testing.T) {
	session := "[root@node-a ~]# grep -r timeout /var/log | sort\n" +
		"/var/log/dockerd.log:time=\"2026-11-22T03:30:00Z\" level=error msg=\"timeout a\"\n" +
		"/var/log/kubelet.log:E1122 03:40:00.000000       1 kubelet.go:1] timeout b\n" +
		"/var/log/dockerd.log:time=\"2026-11-22T03:50:00Z\" level=error msg=\"timeout c\"\n"
	_, tl := timelineOf(t, writeFiles(t, map[string]string{"session.txt": session}))
	if got, want := momentsOf(tl), []string{"22 03:40:00 session.txt:3 2"}; !slices.Equal(got, want) {
		t.Errorf("rows %q, want %q", got, want)
	}
	if len(tl.Problems) != 1 || tl.Problems[0].Ref.String() != "session.txt:2" {
		t.Errorf("problems %v", tl.Problems)
	}
}
