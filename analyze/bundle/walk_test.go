package bundle

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"culprit/analyze/fact"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// member is a file of a bundle under test.
type member struct{ name, content string }

func gz(t testing.TB, s string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, s)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func zst(t testing.TB, s string) string {
	t.Helper()
	w, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	return string(w.EncodeAll([]byte(s), nil))
}

func tarOf(t testing.TB, members ...member) string {
	t.Helper()
	var headers []tar.Header
	for _, m := range members {
		headers = append(headers, tar.Header{Name: m.name, Typeflag: tar.TypeReg, Size: int64(len(m.content)), Mode: 0o644})
	}
	return rawTar(t, headers, members)
}

func rawTar(t testing.TB, headers []tar.Header, members []member) string {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for i, h := range headers {
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if h.Typeflag == tar.TypeReg {
			io.WriteString(w, members[i].content)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func save(t testing.TB, name, content string) string {
	t.Helper()
	p := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(p, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func folderOf(t testing.TB, members ...member) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "incident")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, m := range members {
		p := filepath.Join(dir, m.name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o700), os.WriteFile(p, []byte(m.content), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// visited is what visit saw of one source.
type visited struct {
	path    string
	kind    fact.Kind
	content string
}

func walk(t testing.TB, path string, lim Limits) (Bundle, []visited, error) {
	t.Helper()
	var seen []visited
	b, err := Walk(context.Background(), path, lim, func(src fact.Source, r io.Reader) {
		content, err := io.ReadAll(r)
		if err != nil {
			t.Errorf("%s: %v", src.Path, err)
		}
		seen = append(seen, visited{src.Path, src.Kind, string(content)})
	})
	return b, seen, err
}

func sum(s string) string {
	h := sha256.Sum256([]byte(s))
	return hex.EncodeToString(h[:])
}

func source(path string, kind fact.Kind, state fact.State, content string) fact.Source {
	return fact.Source{Path: path, Kind: kind, State: state, Size: int64(len(content))}
}

// hashed is a source that the manifest states a hash for.
func hashed(path string, kind fact.Kind, state fact.State, content string) fact.Source {
	s := source(path, kind, state, content)
	s.SHA256 = sum(content)
	return s
}

func check(t *testing.T, b Bundle, sources []fact.Source, problems []string) {
	t.Helper()
	if !reflect.DeepEqual(b.Sources, sources) {
		t.Errorf("sources\n%+v, want\n%+v", b.Sources, sources)
	}
	if got := texts(b.Problems); !slices.Equal(got, problems) {
		t.Errorf("problems\n%q, want\n%q", got, problems)
	}
}

// Every format gives the same sources.
func TestWalkFormats(t *testing.T) {
	members := []member{
		{"docker/info.txt", infoT},
		{"goroutines/dockerd.txt.zst", zst(t, dump)},
		{"goroutines/heap.pb.gz", gz(t, runtimeProfile)},
		{"notes", "nothing of note\n"},
		{"proc/7/cmdline", ""},
		{"ps.txt.gz", gz(t, psTable)},
	}
	want := []visited{
		{"docker/info.txt", fact.KindDockerInfo, infoT},
		{"goroutines/dockerd.txt.zst", fact.KindGoroutines, dump},
		{"goroutines/heap.pb.gz", fact.KindProfile, runtimeProfile},
		{"notes", fact.KindText, "nothing of note\n"},
		{"proc/7/cmdline", fact.KindEmpty, ""},
		{"ps.txt.gz", fact.KindPS, psTable},
	}
	archive := tarOf(t, members...)
	for _, c := range []struct{ path, name, format string }{
		{folderOf(t, members...), "incident", FormatFolder},
		{save(t, "a.bin", archive), "a.bin", FormatTar},
		{save(t, "a.zip", gz(t, archive)), "a.zip", "tar.gz"},
		{save(t, "a", zst(t, archive)), "a", "tar.zst"},
	} {
		b, seen, err := walk(t, c.path, Limits{})
		if err != nil {
			t.Errorf("%s: %v", c.format, err)
			continue
		}
		if !slices.Equal(seen, want) {
			t.Errorf("%s: visited\n%q, want\n%q", c.format, seen, want)
		}
		if b.Name != c.name || b.Format != c.format || b.Manifest != nil || len(b.Items) != 0 {
			t.Errorf("bundle %q of format %q, manifest %v, items %v", b.Name, b.Format, b.Manifest, b.Items)
		}
		var rows []fact.Source
		for _, v := range want {
			rows = append(rows, source(v.path, v.kind, fact.Complete, v.content))
		}
		check(t, b, rows, nil)
	}
}

func TestWalkSingleFile(t *testing.T) {
	for _, c := range []struct {
		name, content, plain string
		kind                 fact.Kind
	}{
		{"dump", dump, dump, fact.KindGoroutines},
		{"kubelet.log.gz", gz(t, klog), klog, fact.KindLog},
		{"x.zst", zst(t, psTable), psTable, fact.KindPS},
		{"heap.pb.gz", gz(t, runtimeProfile), runtimeProfile, fact.KindProfile},
		{"manifest.jsonl", header, header, fact.KindManifest},
	} {
		b, seen, err := walk(t, save(t, c.name, c.content), Limits{})
		if err != nil || b.Format != FormatFile || !slices.Equal(seen, []visited{{c.name, c.kind, c.plain}}) {
			t.Errorf("%s: %v, format %q, visited %q", c.name, err, b.Format, seen)
		}
		check(t, b, []fact.Source{source(c.name, c.kind, fact.Complete, c.plain)}, nil)
	}
}

func TestWalkRefuses(t *testing.T) {
	whole := gz(t, tarOf(t, member{"ps.txt", psTable}))
	for _, c := range []struct{ path, want string }{
		{save(t, "a", ""), "not a bundle: a looks like an empty file; "},
		{save(t, "a.gz", gz(t, "")), "not a bundle: a.gz looks like an empty file; "},
		{save(t, "a", html), "not a bundle: a looks like an HTML page; "},
		{save(t, "a", "\x7fELF\x02\x01\x01"), "not a bundle: a looks like an ELF binary; "},
		{save(t, "a", "PK\x03\x04\x14\x00"), "not a bundle: a looks like a damaged zip (it has no directory); "},
		{save(t, "a", "notes\n"), "not a bundle: a looks like text of no known form; "},
		{save(t, "a", whole[:12]), "not a bundle: a looks like damaged gzip (unexpected EOF); "},
		{save(t, "a\x1b", "notes\n"), `not a bundle: a\x1b looks like text of no known form; `},
		{folderOf(t), "not a bundle: incident looks like an empty folder; "},
		{folderOf(t, member{"a", "notes\n"}), "not a bundle: incident looks like a folder with no source that is recognised; "},
		{folderOf(t, member{"ps.txt", ""}), "not a bundle: incident looks like a folder with no source that is recognised; "},
		{save(t, "a", tarOf(t, member{"a", "notes\n"})), "not a bundle: a looks like a tar with no source that is recognised; "},
		{save(t, "a", tarOf(t)), "not a bundle: a looks like NUL bytes only; "},
	} {
		_, _, err := walk(t, c.path, Limits{})
		if !errors.Is(err, ErrUnrecognised) || err.Error() != c.want+expected {
			t.Errorf("error %v, want %s", err, c.want+expected)
		}
	}
	if _, _, err := walk(t, filepath.Join(t.TempDir(), "gone"), Limits{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing path: error %v", err)
	}
}

// What visit leaves unread is drained: size and hash are those of the whole.
func TestWalkDrains(t *testing.T) {
	for read := range 3 {
		b, err := Walk(context.Background(), save(t, "a", tarOf(t, member{"ps.txt", psTable}, member{"m", mountinfo})), Limits{},
			func(_ fact.Source, r io.Reader) { io.CopyN(io.Discard, r, int64(read*10)) })
		if err != nil {
			t.Fatal(err)
		}
		check(t, b, []fact.Source{
			source("ps.txt", fact.KindPS, fact.Complete, psTable),
			source("m", fact.KindMountinfo, fact.Complete, mountinfo),
		}, nil)
	}
}

func TestWalkCancelled(t *testing.T) {
	var members []member
	for i := range 10 {
		members = append(members, member{fmt.Sprintf("proc/%d/stack", i), "[<0>] f+0x1/0x2\n"})
	}
	archive := tarOf(t, members...)
	for _, path := range []string{folderOf(t, members...), save(t, "a", archive), save(t, "b", gz(t, archive))} {
		ctx, cancel := context.WithCancel(context.Background())
		var visits int
		b, err := Walk(ctx, path, Limits{}, func(_ fact.Source, r io.Reader) {
			if visits++; visits == 3 {
				cancel()
				if _, err := r.Read(make([]byte, 1)); err != io.EOF {
					t.Errorf("read after cancel: %v", err)
				}
			}
		})
		if err != nil || visits != 3 || len(b.Sources) != 3 || !b.Partial {
			t.Errorf("error %v after %d visits, partial: %v, sources %q; want 3", err, visits, b.Partial, rows(b))
		}
		want := []string{"proc/2/stack: cut after 0 bytes: the reading was cancelled", b.Name + ": the reading was cancelled: the rest is not read"}
		if got := texts(b.Problems); !slices.Equal(got, want) {
			t.Errorf("problems %q, want %q", got, want)
		}
		if _, err := Walk(ctx, path, Limits{}, ignore); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled before anything was read: error %v", err)
		}
	}
}

// TestPartial: a bundle that is damaged may have had more sources than came out of it; one
// source that is cut says so itself.
func TestPartial(t *testing.T) {
	ms := []member{{"uname.txt", unameText}, {"m", mountinfo}, {"ps.txt", psTable}}
	whole := tarOf(t, ms...)
	half := func(s string) string { return s[:len(s)/2] }
	inside := func(name, archive string) string { return tarOf(t, ms[0], member{name, archive}) }
	for _, tt := range []struct {
		what, content string
		want          bool
	}{
		{"tar", whole, false},
		{"tar.gz", gz(t, whole), false},
		{"zip", zipOf(t, ms...), false},
		{"tar.gz with something behind it", gz(t, whole) + "x", false},
		{"one log that is cut", half(gz(t, strings.Repeat(unameText, 99))), false},
		{"source that is cut", inside("ps.txt.gz", half(gz(t, psTable))), false},
		{"half a tar", half(whole), true},
		{"tar without its end mark", strings.TrimRight(whole, "\x00"), true},
		{"half a tar.gz", half(gz(t, whole)), true},
		{"zip without its directory", half(zipOf(t, ms...)), true},
		{"tar with half a tar.gz inside", inside("more.tar.gz", half(gz(t, whole))), true},
		{"tar with half a zip inside", inside("more.zip", half(zipOf(t, ms...))), true},
	} {
		if b, err := Walk(t.Context(), save(t, "a", tt.content), Limits{}, ignore); b.Partial != tt.want {
			t.Errorf("%s: partial: %v, error %v, problems %q", tt.what, b.Partial, err, texts(b.Problems))
		}
	}
}

// TestSoFar: within a visit the walk says what it would return if it stopped before
// that source, and what the caller does to that changes nothing.
func TestSoFar(t *testing.T) {
	manifest := header + `{"path":"docker/info.txt","command":"docker info","state":"timeout","bytes":0}` + "\n"
	path := save(t, "a", tarOf(t, member{"manifest.jsonl", manifest}, member{"docker/info.txt", infoT},
		member{"docker/info.txt.err", "node-collect: command timed out after 15s: docker info\n"}, member{"ps.txt", psTable}))
	want, err := Walk(t.Context(), path, Limits{}, ignore)
	if err != nil || want.Partial {
		t.Fatal(err, want.Partial)
	}
	var w Walker
	var visited []string
	w.Visit = func(src fact.Source, _ io.Reader) {
		b := w.SoFar()
		var paths []string
		for i := range b.Sources {
			paths = append(paths, b.Sources[i].Path)
			b.Sources[i].Path = "x"
		}
		for i := range b.Items {
			b.Items[i].Refs[0].Source = "x"
		}
		if !b.Partial || b.Manifest == nil || b.Name != "a" || b.Format != FormatTar || !slices.Equal(paths, visited) || len(b.Items) != 1 {
			t.Errorf("at %s: %+v", src.Path, b)
		}
		visited = append(visited, src.Path)
	}
	got, err := w.Walk(t.Context(), path)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v: asked\n%+v, not asked\n%+v", err, got, want)
	}
}

func TestWalkManifest(t *testing.T) {
	line := func(path, state, content string) string {
		return fmt.Sprintf(`{"path":%q,"command":"c %s","state":%q,"bytes":%d,"sha256":%q}`+"\n", path, path, state, len(content), sum(content))
	}
	packed := gz(t, psTable)
	manifest := header +
		line("docker/info.txt", "timeout", infoT) +
		line("docker/version.txt", "timeout", "") +
		line("ps.txt.gz", "ok", packed) +
		line("mountinfo", "ok", "other") +
		line("uname.txt", "ok", strings.Repeat("x", len("Linux a 6.1.0 #1\n"))) +
		line("gone.txt", "ok", "")
	rest := []member{
		{"n/docker/info.txt", infoT},
		{"n/ps.txt.gz", packed},
		{"n/mountinfo", mountinfo},
		{"n/uname.txt", "Linux a 6.1.0 #1\n"},
	}
	first := append([]member{{"n/manifest.jsonl", manifest}}, rest...)
	last := append(slices.Clone(rest), member{"n/manifest.jsonl", manifest})
	for _, members := range [][]member{first, last} {
		var early fact.State
		b, err := Walk(context.Background(), save(t, "a", tarOf(t, members...)), Limits{}, func(src fact.Source, _ io.Reader) {
			if src.Path == "n/docker/info.txt" {
				early = src.State
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		// Only what comes after the manifest can be held against its hashes.
		row, differs := hashed, []string{"n/uname.txt: content differs from the sha256 of the manifest"}
		wantEarly := fact.TimedOut
		if members[0].name != "n/manifest.jsonl" {
			row, differs, wantEarly = source, nil, fact.Complete
		}
		want := []fact.Source{
			source("n/manifest.jsonl", fact.KindManifest, fact.Complete, manifest),
			row("n/docker/info.txt", fact.KindDockerInfo, fact.TimedOut, infoT),
			source("n/ps.txt.gz", fact.KindPS, fact.Complete, psTable),
			row("n/mountinfo", fact.KindMountinfo, fact.Complete, mountinfo),
			row("n/uname.txt", fact.KindUname, fact.Complete, "Linux a 6.1.0 #1\n"),
		}
		if wantEarly == fact.Complete {
			want = append(want[1:], want[0])
		}
		if early != wantEarly {
			t.Errorf("state before visit %q, want %q", early, wantEarly)
		}
		problems := append([]string{fmt.Sprintf("n/mountinfo: %d bytes, the manifest says 5", len(mountinfo))}, differs...)
		check(t, b, want, append(problems, `n/manifest.jsonl:7: the file is missing: "n/gone.txt"`))
		if b.Manifest == nil || b.Manifest.Node != "node-a" {
			t.Errorf("manifest %+v", b.Manifest)
		}
		var items []string
		for _, it := range b.Items {
			items = append(items, fmt.Sprintf("%s %s", it.State, it.Path))
		}
		if want := []string{"timeout n/docker/info.txt", "timeout ", "ok n/ps.txt.gz", "ok n/mountinfo", "ok n/uname.txt", "ok "}; !slices.Equal(items, want) {
			t.Errorf("items %q, want %q", items, want)
		}
	}
}

func TestWalkSteps(t *testing.T) {
	log := "03:49:28\trc=0\t0.0s\tps auxww\n03:49:43\trc=124\t15.0s\tdocker info\n"
	b, seen, err := walk(t, folderOf(t,
		member{"collect.log", log},
		member{"docker/info.txt.err", "x: command timed out after 15s: docker info\n"},
		member{"docker/version.txt.err", "x: command timed out after 15s: docker version\n"},
		member{"docker/version.txt", "Client:\n"},
		member{"ps.txt", psTable},
	), Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if seen[0] != (visited{"collect.log", fact.KindCollectLog, log}) {
		t.Errorf("the collect log was visited as %q", seen[0])
	}
	var items []string
	for _, it := range b.Items {
		items = append(items, fmt.Sprint(it.Command, " ", it.State, " ", it.Path, " ", it.Refs))
	}
	want := []string{
		"ps auxww ok  [collect.log:1]",
		"docker info timeout  [collect.log:2 docker/info.txt.err:1]",
		"docker version timeout docker/version.txt [docker/version.txt.err:1]",
	}
	if !slices.Equal(items, want) {
		t.Errorf("items\n%q, want\n%q", items, want)
	}
	if src := b.Sources[2]; src.Path != "docker/version.txt" || src.State != fact.TimedOut {
		t.Errorf("source %+v, want docker/version.txt timed out", src)
	}
}
