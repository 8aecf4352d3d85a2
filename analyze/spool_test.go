package analyze

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"culprit/analyze/bundle"
	"culprit/analyze/fact"
)

// sampleBundles are the bundles of samples/.
func sampleBundles(t testing.TB) []string {
	t.Helper()
	paths, err := filepath.Glob("../samples/*/bundle.tar.zst")
	if err != nil || len(paths) < 3 {
		t.Fatalf("%d samples, %v", len(paths), err)
	}
	return paths
}

// contents are the sources of a bundle as a walk gives them.
func contents(t testing.TB, path string) map[string]string {
	t.Helper()
	out := map[string]string{}
	_, err := bundle.Walk(context.Background(), path, bundle.Limits{}, func(src fact.Source, r io.Reader) {
		text, err := io.ReadAll(r)
		if err != nil {
			t.Error(err)
		}
		out[src.Path] = string(text)
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// write makes a file of the test's own.
func write(t testing.TB, text []byte, name ...string) string {
	t.Helper()
	file := filepath.Join(name...)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// repacked are a folder, a zip and a zip with a tar.gz in it of the same files.
func repacked(t testing.TB, files map[string]string) (paths []string) {
	t.Helper()
	dir := t.TempDir()
	var flat, packed, outer bytes.Buffer
	z, gz, nest := zip.NewWriter(&flat), gzip.NewWriter(&packed), zip.NewWriter(&outer)
	tw := tar.NewWriter(gz)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text := []byte(files[name])
		write(t, text, dir, "folder", name)
		member, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		member.Write(text)
		if err := tw.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text))}); err != nil {
			t.Fatal(err)
		}
		tw.Write(text)
	}
	z.Close()
	tw.Close()
	gz.Close()
	member, err := nest.Create("case.tar.gz")
	if err != nil {
		t.Fatal(err)
	}
	member.Write(packed.Bytes())
	nest.Close()
	return []string{filepath.Join(dir, "folder"), write(t, flat.Bytes(), dir, "a.zip"), write(t, outer.Bytes(), dir, "nested.zip")}
}

func spoolOf(t testing.TB, limit int64) *Spool {
	t.Helper()
	s, err := NewSpool(limit)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func keptText(t testing.TB, s *Spool, name string) (string, bool) {
	t.Helper()
	r, kept := s.Source(name)
	if !kept {
		return "", false
	}
	text, err := io.ReadAll(r)
	if err != nil {
		t.Error(err)
	}
	return string(text), true
}

func analysed(t testing.TB, ctx context.Context, o Options, paths ...string) *Report {
	t.Helper()
	o.Rules = ruleSet(t)
	r, err := Bundles(ctx, o, paths...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestSpoolHoldsEverySource: whatever the form of the bundle, each source is kept as a
// walk gives it, and the report is the same as without.
func TestSpoolHoldsEverySource(t *testing.T) {
	paths := append(sampleBundles(t), repacked(t, contents(t, "../samples/dstate-stop-18.09.2/bundle.tar.zst"))...)
	for _, path := range paths {
		s := spoolOf(t, 1<<30)
		with, without := analysed(t, t.Context(), Options{Spool: s}, path), analysed(t, t.Context(), Options{}, path)
		if !reflect.DeepEqual(with, without) {
			t.Errorf("%s: another report with a spool", path)
		}
		want := contents(t, path)
		for name, text := range want {
			if got, kept := keptText(t, s, name); !kept || got != text {
				t.Errorf("%s: %s: kept %v, %d bytes, want %d", path, name, kept, len(got), len(text))
			}
		}
		if len(s.kept) != len(want) {
			t.Errorf("%s: %d sources are kept, want %d", path, len(s.kept), len(want))
		}
	}
}

// TestSpoolOutlivesTheBundle: what was read can be read again when the bundle is gone,
// or was standard input.
func TestSpoolOutlivesTheBundle(t *testing.T) {
	const sample = "../samples/dstate-stop-18.09.2/bundle.tar.zst"
	packed, err := os.ReadFile(sample)
	if err != nil {
		t.Fatal(err)
	}
	want := contents(t, sample)
	gone := write(t, packed, t.TempDir(), "bundle.tar.zst")
	const source = "proc/1/mountinfo"
	for _, c := range []struct {
		paths []string
		name  string
	}{
		{[]string{gone}, source},
		{[]string{"-"}, source},
		{[]string{gone, "-"}, "2/" + source},
	} {
		write(t, packed, gone)
		o := Options{Spool: spoolOf(t, 1<<30), Stdin: bytes.NewReader(packed)}
		r := analysed(t, t.Context(), o, c.paths...)
		if err := os.Remove(gone); err != nil {
			t.Fatal(err)
		}
		var raw bytes.Buffer
		if err := Raw(t.Context(), o, &raw, c.name, c.paths...); err != nil || raw.Len() == 0 || raw.String() != want[source] {
			t.Errorf("%q: %v, %d bytes, want %d", c.paths, err, raw.Len(), len(want[source]))
		}
		ref := fact.Ref{Source: c.name, Line: 2}
		if err := r.Quote(t.Context(), o, []fact.Ref{ref}, c.paths...); err != nil || r.Excerpts[ref] != strings.Split(want[source], "\n")[1] {
			t.Errorf("%q: %v, quoted %q", c.paths, err, r.Excerpts[ref])
		}
		if err := Raw(t.Context(), o, io.Discard, "none", c.paths...); !errors.Is(err, ErrNoSource) {
			t.Errorf("%q: a source that never was: %v", c.paths, err)
		}
		ended, end := context.WithCancel(t.Context())
		end()
		if err := Raw(ended, o, io.Discard, c.name, c.paths...); !errors.Is(err, context.Canceled) {
			t.Errorf("%q: cancelled: %v", c.paths, err)
		}
	}
}

// disk is a file on a disk that has room for so many bytes.
type disk struct {
	room int64
	text []byte
}

func (d *disk) WriteAt(p []byte, at int64) (int, error) {
	n := max(0, min(int64(len(p)), d.room-at))
	d.text = append(append(d.text[:at:at], p[:n]...), d.text[min(at+n, int64(len(d.text))):]...)
	if n < int64(len(p)) {
		return int(n), errors.New("no space left on device")
	}
	return int(n), nil
}

func (d *disk) ReadAt(p []byte, at int64) (int, error) { return bytes.NewReader(d.text).ReadAt(p, at) }

func (d *disk) Truncate(size int64) error {
	d.text = d.text[:size]
	return nil
}

func (d *disk) Close() error { return nil }

// TestSpoolThatIsFull: a source that does not fit, by the limit or on the disk, is not
// kept and takes no room from the next one; the report is the same, and what is not
// kept is read out of the bundle.
func TestSpoolThatIsFull(t *testing.T) {
	log := strings.Repeat("level=info msg=x\n", 20_000)
	ps := psMounts
	files := map[string]string{"a.txt": ps, "dockerd.log": log, "ps.txt": ps, "uname.txt": "Linux a 6.1.0 #1 SMP\n"}
	dir := t.TempDir()
	for name, text := range files {
		write(t, []byte(text), dir, name)
	}
	without := analysed(t, t.Context(), Options{}, dir)
	room := int64(len(ps)*2 + 100)
	for name, c := range map[string]struct {
		limit int64
		disk  disk
	}{
		"the limit": {room, disk{room: 1 << 30}},
		"the disk":  {1 << 30, disk{room: room}},
	} {
		o := Options{Spool: newSpool(c.limit, &c.disk)}
		if with := analysed(t, t.Context(), o, dir); !reflect.DeepEqual(with, without) {
			t.Errorf("%s: another report", name)
		}
		for source, text := range files {
			if got, kept := keptText(t, o.Spool, source); kept == (source == "dockerd.log") || kept && got != text {
				t.Errorf("%s: %s: kept %v", name, source, kept)
			}
			var raw bytes.Buffer
			if err := Raw(t.Context(), o, &raw, source, dir); err != nil || raw.String() != text {
				t.Errorf("%s: %s: %v, %d bytes", name, source, err, raw.Len())
			}
		}
		refs := []fact.Ref{{Source: "dockerd.log", Line: 2}, {Source: "ps.txt", Line: 1}}
		var r Report
		if err := r.Quote(t.Context(), o, refs, dir); err != nil || len(r.Excerpts) != 2 {
			t.Errorf("%s: %v, %q", name, err, r.Excerpts)
		}
		if want := len(ps)*2 + len(files["uname.txt"]); len(c.disk.text) != want {
			t.Errorf("%s: %d bytes in the file, want %d", name, len(c.disk.text), want)
		}
	}
}

// TestSpoolNames: of two sources with one name the first is kept, and what no parser
// read is.
func TestSpoolNames(t *testing.T) {
	s := spoolOf(t, 1<<20)
	for _, text := range []string{"first", "second"} {
		s.keep("a", strings.NewReader(text), func(r io.Reader) { r.Read(make([]byte, 2)) })
	}
	if got, _ := keptText(t, s, "a"); got != "first" {
		t.Errorf("kept %q", got)
	}
	s.keep("b", strings.NewReader("x"), func(io.Reader) {})
	if got, _ := keptText(t, s, "b"); got != "x" {
		t.Errorf("kept %q", got)
	}
	if _, kept := s.Source("c"); kept {
		t.Error("a source that never was is kept")
	}
}

// TestSpoolIsReadWhileItIsWritten is for the race detector: a source is there from
// when it is read on, and never in part.
func TestSpoolIsReadWhileItIsWritten(t *testing.T) {
	const sources = 200
	s := spoolOf(t, 1<<30)
	text := func(i int) string { return strings.Repeat(string(rune('a'+i%26)), 1000+i) }
	name := func(i int) string { return "source " + text(i)[:i/26+1] }
	var done sync.WaitGroup
	done.Go(func() {
		for i := range sources {
			s.keep(name(i), strings.NewReader(text(i)), func(r io.Reader) { io.CopyN(io.Discard, r, 500) })
		}
	})
	for i := range sources {
		for {
			if got, kept := keptText(t, s, name(i)); !kept {
				runtime.Gosched()
				continue
			} else if got != text(i) {
				t.Errorf("source %d: %d bytes", i, len(got))
			}
			break
		}
	}
	done.Wait()
}

// BenchmarkReading is the reading of two logs of 64 MiB in a tar.gz, alone and with what
// the TUI asks for besides.
func BenchmarkReading(b *testing.B) {
	const size = 64 << 20
	var packed, log bytes.Buffer
	for i := 0; log.Len() < size; i++ {
		fmt.Fprintf(&log, "time=\"2026-11-22T%02d:%02d:%02d.%09dZ\" level=info msg=\"ignoring event\" container=%064x topic=/tasks/delete\n", i/3600%24, i/60%60, i%60, i, i)
	}
	gz := gzip.NewWriter(&packed)
	tw := tar.NewWriter(gz)
	for _, name := range []string{"dockerd.log", "kubelet.log"} {
		if err := tw.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(log.Len())}); err != nil {
			b.Fatal(err)
		}
		tw.Write(log.Bytes())
	}
	tw.Close()
	gz.Close()
	path := write(b, packed.Bytes(), b.TempDir(), "bundle.tar.gz")
	for name, o := range map[string]Options{
		"alone": {},
		"spool": {Spool: spoolOf(b, 1<<40)},
		"early": {Early: func(*Report) {}},
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(2 * log.Len()))
			for b.Loop() {
				if o.Spool != nil {
					o.Spool.kept, o.Spool.end = map[string]extent{}, 0
				}
				analysed(b, b.Context(), o, path)
			}
		})
	}
}
