package collect_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"culprit/analyze/bundle"
)

// opened is a bundle with everything in memory.
type opened struct {
	names   []string // in the order of the archive
	members map[string][]byte
	folder  string // the one around everything, with its slash; "" none
	header  bundle.Manifest
	items   []item
	// lines are those of manifest.jsonl after the header.
	lines []string
}

// item is one line of manifest.jsonl; FORMAT.md says what the keys mean.
type item struct {
	Path     string   `json:"path"`
	Command  string   `json:"command"`
	Start    string   `json:"start"`
	Duration *float64 `json:"duration"`
	RC       *int     `json:"rc"`
	State    string   `json:"state"`
	Bytes    *int64   `json:"bytes"`
	SHA256   string   `json:"sha256"`
	Redacted int      `json:"redacted"`
	Note     string   `json:"note"`
}

// open reads the bundle in file and holds it to the format: first member
// manifest.jsonl, plain files under clean names in one folder at most, every line of the manifest valid,
// bytes and sums of the members, every member in the manifest.
func open(t testing.TB, file string) *opened {
	t.Helper()
	packed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	zr, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	o := &opened{members: map[string][]byte{}}
	tr := tar.NewReader(zr)
	for {
		h, err := tr.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("%s after %v: %v", file, o.names, err)
		}
		if h.Typeflag == tar.TypeDir {
			continue
		}
		name := strings.TrimPrefix(h.Name, "./")
		if len(o.names) == 0 {
			o.folder = strings.TrimSuffix(name, "manifest.jsonl")
		}
		name, within := strings.CutPrefix(name, o.folder)
		if !within {
			t.Errorf("%s is not below %s", h.Name, o.folder)
		}
		if h.Typeflag != tar.TypeReg || strings.HasPrefix(name, "/") || strings.Contains("/"+name+"/", "/../") {
			t.Errorf("member %q of type %q", h.Name, h.Typeflag)
		}
		if _, twice := o.members[name]; twice {
			t.Errorf("two members %s", name)
		}
		text, err := io.ReadAll(tr)
		if err != nil {
			t.Fatalf("%s in %s: %v", name, file, err)
		}
		o.names, o.members[name] = append(o.names, name), text
	}
	if _, err := io.Copy(io.Discard, zr); err != nil {
		t.Errorf("%s: %v", file, err)
	}
	if len(o.names) == 0 || o.names[0] != "manifest.jsonl" {
		t.Fatalf("the first member is not manifest.jsonl: %q", o.names)
	}
	o.readManifest(t)
	return o
}

func (o *opened) readManifest(t testing.TB) {
	t.Helper()
	text := o.members["manifest.jsonl"]
	header, _, problems := bundle.ReadManifest(bytes.NewReader(text), "manifest.jsonl")
	for _, p := range problems {
		t.Errorf("%s", p)
	}
	o.header = header
	if header.Format != bundle.ManifestFormat || header.Collector == "" || header.Node == "" || header.Boot == "" ||
		header.Kernel == "" || header.Clock.Epoch == 0 || header.Clock.Monotonic == 0 || header.Clock.Zone == "" || header.Started.IsZero() {
		t.Errorf("something is missing in the header %+v", header)
	}
	o.lines = strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")[1:]
	told := map[string]bool{}
	for _, line := range o.lines {
		var it item
		if err := json.Unmarshal([]byte(line), &it); err != nil {
			t.Errorf("%s: %v", line, err)
			continue
		}
		o.items = append(o.items, it)
		if it.Path == "" && it.Command == "" {
			t.Errorf("an item of nothing: %s", line)
		}
		// A file of a step that copies many has no times of its own.
		if it.Command != "" && (it.Duration == nil || it.Start == "") {
			t.Errorf("no start or duration: %s", line)
		}
		if !slices.Contains([]string{"ok", "timeout", "denied", "absent", "truncated", "skipped"}, it.State) {
			t.Errorf("state %q: %s", it.State, line)
		}
		if it.Path == "" {
			continue
		}
		if told[it.Path] {
			t.Errorf("two items of %s", it.Path)
		}
		told[it.Path] = true
		o.checkMember(t, it)
	}
	o.checkAllTold(t, told)
}

// checkMember holds a member to its line.
func (o *opened) checkMember(t testing.TB, it item) {
	t.Helper()
	text, here := o.members[it.Path]
	if !here {
		if it.State == "ok" || it.State == "truncated" || it.Bytes != nil && *it.Bytes > 0 {
			t.Errorf("%s is %s, and no member", it.Path, it.State)
		}
		return
	}
	if it.Bytes != nil && *it.Bytes != int64(len(text)) {
		t.Errorf("%s has %d bytes, the manifest says %d", it.Path, len(text), *it.Bytes)
	}
	sum := sha256.Sum256(text)
	if it.SHA256 != "" && it.SHA256 != hex.EncodeToString(sum[:]) {
		t.Errorf("%s: sha256 %x, the manifest says %s", it.Path, sum, it.SHA256)
	}
	if it.State == "ok" && (it.Bytes == nil || it.SHA256 == "") {
		t.Errorf("%s is ok and has no size or no sum in the manifest", it.Path)
	}
}

// checkAllTold wants every member to be of an item: one of its own, or a group of
// /proc reads.
func (o *opened) checkAllTold(t testing.TB, told map[string]bool) {
	t.Helper()
	for _, name := range o.names {
		if name != "manifest.jsonl" && !told[name] && !strings.HasPrefix(name, "proc/") && !strings.HasPrefix(name, "netns/") {
			t.Errorf("%s is not in the manifest", name)
		}
	}
}

// inState lists "path command" of the items in a state.
func (o *opened) inState(state string) []string {
	var list []string
	for _, it := range o.items {
		if it.State == state {
			list = append(list, strings.TrimSpace(it.Path+" "+it.Command))
		}
	}
	return list
}

// has says whether an item in the state names all words in its path or command.
func (o *opened) has(state string, words ...string) bool {
	return slices.ContainsFunc(o.inState(state), func(it string) bool {
		return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(it, w) })
	})
}
