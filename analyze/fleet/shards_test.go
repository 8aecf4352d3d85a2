package fleet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// names are those of the objects in a folder.
func names(t testing.TB, f Folder) (out []string) {
	t.Helper()
	for name, err := range f.Names(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, name)
	}
	return out
}

// An object that is there stays, and who looks sees whole ones only.
func TestPutIfAbsent(t *testing.T) {
	f := Folder(filepath.Join(t.TempDir(), "made", "when needed"))
	if has, err := f.Has(t.Context(), "v+r/1.json"); has || err != nil {
		t.Errorf("before: %t, %v", has, err)
	}
	first := bytes.Repeat([]byte("first "), 1000)
	for _, content := range [][]byte{first, []byte("second")} {
		if err := f.Put(t.Context(), "v+r/1.json", content); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := f.Get(t.Context(), "v+r/1.json"); err != nil || !bytes.Equal(got, first) {
		t.Errorf("%.20q, %v", got, err)
	}
	// What a killed worker leaves is no object, nor is what lies beside the folders.
	for _, name := range []string{"v+r/" + unfinished + "1.json", "v+r/readme", "plan.jsonl", "other/x.json"} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(f.file(name)), 0o755), os.WriteFile(f.file(name), nil, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	if got := names(t, f); !slices.Equal(got, []string{"v+r/1.json"}) {
		t.Errorf("objects %q", got)
	}
	if left, _ := filepath.Glob(f.file("v+r/" + unfinished + "*")); len(left) != 1 {
		t.Errorf("%q are left", left)
	}
	if err := f.Put(t.Context(), "plan.jsonl/x.json", nil); err == nil {
		t.Error("a folder that is a file takes an object")
	}
}

// A shard reads what is there now, says what changed since the plan, and the second time
// it reads nothing.
func TestShard(t *testing.T) {
	dir := t.TempDir()
	sample, err := os.ReadFile(samples(t)[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"a.tar.zst": sample, "changed.tar.zst": sample[:1], "gone.tar.zst": sample, "no.tar.zst": []byte("no bundle"), "touched.tar.zst": sample} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	planned, err := Find(t.Context(), nil, []string{dir})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().Add(time.Hour)
	if err := errors.Join(os.WriteFile(filepath.Join(dir, "changed.tar.zst"), sample, 0o644), os.Remove(filepath.Join(dir, "gone.tar.zst")), os.Chtimes(filepath.Join(dir, "touched.tar.zst"), now, now)); err != nil {
		t.Fatal(err)
	}
	folder, o := Folder(t.TempDir()), options(t)
	run := func() (read []string) {
		b := Batch{Options: o, Workers: 2, Done: func(o Outcome) error {
			if !o.Skipped {
				read = append(read, filepath.Base(o.Place.Path))
			}
			return nil
		}}
		if err := RunShard(t.Context(), b, planned, folder); err != nil {
			t.Fatal(err)
		}
		return read
	}
	if read := run(); len(read) != 5 {
		t.Errorf("read %q", read)
	}
	if read := run(); len(read) != 0 {
		t.Errorf("read again %q", read)
	}
	damage := map[string]string{}
	for _, name := range names(t, folder) {
		got, err := get(t.Context(), folder, name)
		if err != nil {
			t.Fatal(err)
		}
		damage[filepath.Base(got.Path)] = string(got.Result.Status) + " " + strings.Join(got.Result.Damage, "|")
		if got.Path == filepath.Join(dir, "changed.tar.zst") && got.Size != int64(len(sample)) {
			t.Errorf("%s has %d bytes as it was read", got.Path, got.Size)
		}
	}
	for name, want := range map[string]string{"a.tar.zst": "whole ", "changed.tar.zst": "whole changed since the plan: 1 bytes of ", "gone.tar.zst": "unreadable ", "no.tar.zst": "unreadable not recognised: ", "touched.tar.zst": "whole changed since the plan: "} {
		if !strings.HasPrefix(damage[name], want) || want == "whole " && damage[name] != want {
			t.Errorf("%s: %q, want %q", name, damage[name], want)
		}
	}
}

// full is a folder that takes no object.
type full struct{ Folder }

var errFull = errors.New("no space left")

func (full) Put(context.Context, string, []byte) error { return errFull }

func TestShardCannotWrite(t *testing.T) {
	b := Batch{Options: options(t), Workers: 2, Done: func(Outcome) error { t.Error("a result that is not kept is done"); return nil }}
	if err := RunShard(t.Context(), b, samples(t)[:2], full{Folder(t.TempDir())}); !errors.Is(err, errFull) {
		t.Errorf("%v", err)
	}
}

// putObject puts a result as a shard does.
func putObject(t testing.TB, f Folder, p Place, r Result) {
	t.Helper()
	b := Batch{Done: func(Outcome) error { return nil }}
	b.Options = options(t)
	b.Options.Version = r.Version
	raw := fmt.Sprintf(`{"format":"culprit.result/1","path":%q,"size":%d,"stamp":%q,"result":{"hash":%q,"version":%q,"rules":%q,"status":"whole","findings":[{"rule":"x","role":"","severity":"","confidence":"","status":"","verdict":true,"summary":"s"}]}}`,
		p.Path, p.Size, p.Stamp, r.Hash, r.Version, r.Rules)
	if err := f.Put(t.Context(), objectName(groupOf(r.Version, r.Rules), p), []byte(raw)); err != nil {
		t.Fatal(err)
	}
}

func TestMerge(t *testing.T) {
	a, b := Folder(t.TempDir()), Folder(t.TempDir())
	early, late := "2026-11-03T08:00:00.5Z", "2026-11-03T08:00:00.51Z"
	own := func(hash string) Result { return Result{Hash: hash, Version: "1/x", Rules: "r"} }
	putObject(t, a, Place{Path: "one.tar", Size: 1, Stamp: early}, own("h1"))
	putObject(t, a, Place{Path: "two.tar", Size: 2, Stamp: early}, own("h2"))
	putObject(t, b, Place{Path: "two.tar", Size: 2, Stamp: early}, own("h2")) // the same again
	putObject(t, b, Place{Path: "copy.tar", Size: 1, Stamp: early}, own("h1"))
	putObject(t, a, Place{Path: "new.tar", Size: 3, Stamp: late}, own("h4")) // one path, two states
	putObject(t, b, Place{Path: "new.tar", Size: 3, Stamp: early}, own("h3"))
	putObject(t, a, Place{Path: "one.tar", Size: 1, Stamp: early}, Result{Hash: "h1", Version: "0", Rules: "r"})
	putObject(t, b, Place{Path: "old.tar", Size: 1, Stamp: early}, Result{Hash: "h5", Version: "2", Rules: "r"})
	group := groupOf("1/x", "r")
	whole, err := a.Get(t.Context(), objectName(group, Place{Path: "one.tar", Size: 1, Stamp: early}))
	if err != nil {
		t.Fatal(err)
	}
	broken := map[string][]byte{"cut": whole[:len(whole)-9], "empty": nil, "twice": append(bytes.Clone(whole), whole...), "format": bytes.Replace(whole, []byte("result/1"), []byte("result/2"), 1),
		"hash": bytes.Replace(whole, []byte(`"h1"`), []byte(`""`), 1), "moved": bytes.Replace(whole, []byte(`"r"`), []byte(`"q"`), 1), "field": bytes.Replace(whole, []byte(`"size"`), []byte(`"sise"`), 1)}
	for name, raw := range broken {
		if err := a.Put(t.Context(), group+"/"+name+".json", raw); err != nil {
			t.Fatal(err)
		}
	}
	s := newStore(t)
	dump := func() (lines []string) {
		for k, err := range s.All(t.Context(), Filter{}) {
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, k.Hash+" "+k.Version+" "+strings.Join(k.Places, ","))
		}
		return lines
	}
	want := []string{"h1 1/x copy.tar,one.tar", "h2 1/x two.tar", "h3 1/x ", "h4 1/x new.tar"}
	for _, from := range [][]Results{{a, b}, {b, a}, {a}} {
		m := Merge{Version: "1/x", Rules: "r", Broken: func(name string, err error) {
			if raw := broken[strings.TrimSuffix(filepath.Base(name), ".json")]; raw == nil && !strings.Contains(name, "empty") {
				t.Errorf("%s is broken: %v", name, err)
			}
		}}
		done, err := m.Into(t.Context(), s, from...)
		if n := len(names(t, a)); err != nil || done.Broken != len(broken) || len(from) == 1 && done.Put+done.Other+done.Broken != n {
			t.Errorf("%+v, %v", done, err)
		}
		if got := dump(); !slices.Equal(got, want) {
			t.Errorf("the store has %q", got)
		}
	}
	m := Merge{Version: "1/x", Rules: "r", All: true, Broken: func(string, error) {}}
	for range 2 {
		if done, err := m.Into(t.Context(), s, a, b); err != nil || done.Other != 0 || done.Put != 8 {
			t.Errorf("all: %+v, %v", done, err)
		}
		if got := dump(); !slices.Equal(got, append(slices.Clone(want), "h5 2 old.tar")) {
			t.Errorf("with --all the store has %q", got)
		}
	}
	if top, err := s.Top(t.Context(), Filter{}); err != nil || top[0].Bundles != 5 {
		t.Errorf("top %+v, %v", top, err)
	}
}
