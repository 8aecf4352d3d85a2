package fleet

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// lay makes files of a tree: "a/b.txt" with its own name as content.
func lay(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	dir := lay(t, "README.md", "2026/10/a.tar.zst", "2026/10/b.TGZ", "2026/10/notes.txt", "2026/11/c/manifest.jsonl", "2026/11/c/proc/1/stat.gz",
		"2026/11/d/ps.txt", "2026/11/d/ss.txt", "2026/11/d/dmesg.txt", "2026/11/e/one.txt", "loose.log")
	list := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(list, []byte("# some\n"+dir+"/2026/10/a.tar.zst\n\n"+dir+"/*.log\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		sources []string
		want    string
	}{
		{"a tree", []string{dir}, "2026/10/a.tar.zst 2026/10/b.TGZ 2026/11/c 2026/11/d"},
		{"a pattern", []string{dir + "/2026/10/*.tar.*"}, "2026/10/a.tar.zst"},
		{"a loose file", []string{dir + "/loose.log"}, "loose.log"},
		{"a list", []string{"@" + list}, "2026/10/a.tar.zst loose.log"},
		{"twice", []string{dir + "/2026/10", dir + "/2026"}, "2026/10/a.tar.zst 2026/10/b.TGZ 2026/11/c 2026/11/d"},
		{"nothing in it", []string{dir + "/2026/11/e"}, ""},
	} {
		places, err := Find(t.Context(), nil, tt.sources)
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
			continue
		}
		var got []string
		for _, p := range places {
			name, _ := filepath.Rel(dir, p.Path)
			got = append(got, name)
			if p.Size == 0 || p.Stamp == "" {
				t.Errorf("%s: %+v", tt.name, p)
			}
		}
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: %v, want %s", tt.name, got, tt.want)
		}
	}
	for _, missing := range []string{dir + "/no", dir + "/*.no", "@" + dir + "/no"} {
		if _, err := Find(t.Context(), nil, []string{missing}); !os.IsNotExist(err) && !strings.Contains(err.Error(), "nothing matches") {
			t.Errorf("%s: %v", missing, err)
		}
	}
}

// The hash of a folder changes with every name and byte of it and with nothing else.
func TestHashOfFolder(t *testing.T) {
	hash := func(dir string) string {
		t.Helper()
		h, err := Hash(t.Context(), dir)
		if err != nil || len(h) != 64 {
			t.Fatal(h, err)
		}
		return h
	}
	a, b := lay(t, "x", "y/z"), lay(t, "x", "y/z")
	if hash(a) != hash(b) {
		t.Error("the same content has two hashes")
	}
	if hash(a) == hash(lay(t, "x", "y/zz")) {
		t.Error("another name has the same hash")
	}
	if err := os.WriteFile(filepath.Join(b, "x"), []byte("other"), 0o644); err != nil {
		t.Fatal(err)
	}
	if hash(a) == hash(b) {
		t.Error("another content has the same hash")
	}
}
