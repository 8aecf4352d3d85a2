package logs

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"
)

// benchLines are what the logs of a node print, %s a time.
var benchLines = []struct{ name, layout, format string }{
	{"dockerd.log", time.RFC3339Nano, `time="%s" level=info msg="ignoring event" container=0123456789abcdef0123456789abcdef module=libcontainerd topic=/tasks/delete`},
	{"kubelet.log", "0102 15:04:05.000000", `E%s    1028 remote_runtime.go:243] StopContainer "0123456789abcdef" from runtime service failed: context deadline exceeded`},
	{"messages", time.Stamp, `%s node-a17 containerd[1334]: time="2026-11-22T03:49:28Z" level=warning msg="cleaning up after shim disconnected"`},
	{"pod.log", time.RFC3339Nano, `{"log":"I1122 03:49:28.000000 1 main.go:12] request served in 12 ms\n","stream":"stderr","time":"%s"}`},
}

// benchFiles are logs in files, of n lines together. The lines of each are milliseconds
// apart, every eighth prints no time.
func benchFiles(b *testing.B, n int) (streams []Stream) {
	b.Helper()
	dir := b.TempDir()
	for i, l := range benchLines {
		f, err := os.Create(filepath.Join(dir, l.name))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { f.Close() })
		out := bufio.NewWriter(f)
		at := time.Date(2026, 11, 20, 0, 0, 0, i, time.UTC)
		for k := range n / len(benchLines) {
			if at = at.Add(time.Duration(3+k%5+i) * time.Millisecond); k%8 == 7 {
				fmt.Fprintln(out, "\tgithub.com/docker/docker/daemon.(*Daemon).containerStop(0xc000000180, 0xc000da4000)")
			} else {
				fmt.Fprintf(out, l.format+"\n", at.Format(l.layout))
			}
		}
		if err := out.Flush(); err != nil {
			b.Fatal(err)
		}
		st, err := f.Stat()
		if err != nil {
			b.Fatal(err)
		}
		streams = append(streams, Stream{Source: l.name, Content: io.NewSectionReader(f, 0, st.Size()), Collected: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)})
	}
	return streams
}

func mergeFiles(b *testing.B, streams []Stream, progress func(done, total int64)) *Timeline {
	b.Helper()
	store, err := os.CreateTemp(b.TempDir(), "timeline")
	if err != nil {
		b.Fatal(err)
	}
	t, err := Merge(context.Background(), store, streams, progress)
	if err != nil {
		b.Fatal(err)
	}
	return t
}

func benchSizes(b *testing.B, bench func(b *testing.B, lines int)) {
	for name, lines := range map[string]int{"1M": 1e6, "10M": 1e7} {
		if lines > 1e6 && testing.Short() {
			continue
		}
		b.Run(name, func(b *testing.B) { bench(b, lines) })
	}
}

func BenchmarkMerge(b *testing.B) {
	benchSizes(b, func(b *testing.B, lines int) {
		streams := benchFiles(b, lines)
		runtime.GC()
		var peak uint64
		look := func(int64, int64) {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapAlloc)
		}
		var reads int64
		for b.Loop() {
			t := mergeFiles(b, streams, func(done, total int64) {
				if reads++; reads%256 == 0 {
					look(done, total)
				}
			})
			look(0, 0)
			if t.Len() != lines {
				b.Fatalf("%d rows", t.Len())
			}
			t.Close()
		}
		b.ReportMetric(float64(lines)*float64(b.N)/b.Elapsed().Seconds(), "lines/s")
		b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
	})
}

func BenchmarkTimelineAt(b *testing.B) {
	t := mergeFiles(b, benchFiles(b, 1e6), nil)
	defer t.Close()
	for name, step := range map[string]int{"next": 1, "anywhere": 611_953} {
		b.Run(name, func(b *testing.B) {
			i := 0
			for b.Loop() {
				if i = (i + step) % t.Len(); t.At(i).Line == 0 {
					b.Fatal("no such row")
				}
			}
		})
	}
	b.Run("Find", func(b *testing.B) {
		from := t.At(0).Time
		for i := 0; b.Loop(); i++ {
			t.Find(from.Add(time.Duration(i%1000) * time.Second))
		}
	})
	b.Run("Place", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, ok := t.Place("messages", i%200_000+1); !ok {
				b.Fatal("no place")
			}
		}
	})
}
