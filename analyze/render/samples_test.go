package render

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"culprit/analyze"
	"culprit/rules"
)

var update = flag.Bool("update", false, "rewrite want.txt, want.md and want.json of every sample")

const samplesDir = "../../samples"

// sampleNames are the folders that hold a bundle.
func sampleNames(t *testing.T) []string {
	t.Helper()
	bundles, err := filepath.Glob(filepath.Join(samplesDir, "*", "bundle.tar.zst"))
	if err != nil || len(bundles) < 3 {
		t.Fatalf("%d samples, %v", len(bundles), err)
	}
	var names []string
	for _, b := range bundles {
		names = append(names, filepath.Base(filepath.Dir(b)))
	}
	return names
}

// sampleReports are those that were made already; tests do not change them.
var sampleReports = map[string]*analyze.Report{}

// sampleReport is that of a sample, made once.
func sampleReport(t testing.TB, name string) *analyze.Report {
	t.Helper()
	if sampleReports[name] == nil {
		sampleReports[name] = newSampleReport(t, name)
	}
	return sampleReports[name]
}

// newSampleReport analyses a sample and quotes what a short and a full comment cite.
func newSampleReport(t testing.TB, name string) *analyze.Report {
	t.Helper()
	set, err := rules.Load()
	if err != nil {
		t.Fatal(err)
	}
	set.Hash = "test" // the hash changes with every rule, the reports must not
	ctx, o := context.Background(), analyze.Options{Rules: set, Version: "test"}
	bundle := filepath.Join(samplesDir, name, "bundle.tar.zst")
	r, err := analyze.Bundles(ctx, o, bundle)
	if err != nil {
		t.Fatal(err)
	}
	refs := append(Cited(r, Options{}), Cited(r, Options{Full: true})...)
	if err := r.Quote(ctx, o, refs, bundle); err != nil {
		t.Fatal(err)
	}
	return r
}

// TestSamples is the end-to-end test of every sample: the bundle gives the text,
// comment and JSON that stand beside it, byte for byte, twice.
func TestSamples(t *testing.T) {
	for _, name := range sampleNames(t) {
		t.Run(name, func(t *testing.T) {
			for range 2 {
				r := newSampleReport(t, name)
				var text, md, js bytes.Buffer
				if err := Text(&text, r, Options{}); err != nil {
					t.Fatal(err)
				}
				if err := Markdown(&md, r, Options{}); err != nil {
					t.Fatal(err)
				}
				if err := JSON(&js, r); err != nil {
					t.Fatal(err)
				}
				golden(t, filepath.Join(samplesDir, name, "want.txt"), text.Bytes())
				golden(t, filepath.Join(samplesDir, name, "want.md"), md.Bytes())
				golden(t, filepath.Join(samplesDir, name, "want.json"), js.Bytes())
			}
		})
	}
}

// TestCommentsOfSamples: a comment is short, quotes every line that it cites, full
// or not, and full shows every piece of evidence.
func TestCommentsOfSamples(t *testing.T) {
	for _, name := range sampleNames(t) {
		r := sampleReport(t, name)
		short, full := comment(r, Options{}), comment(r, Options{Full: true})
		if lines := strings.Count(short.b.String(), "\n"); lines > 60 {
			t.Errorf("%s: %d lines", name, lines)
		}
		if short.unread > 0 || full.unread > 0 {
			t.Errorf("%s: %d and %d lines are not quoted", name, short.unread, full.unread)
		}
		for _, i := range r.Verdicts {
			if len(short.cited) < 2 {
				t.Errorf("%s: a verdict with %d lines quoted", name, len(short.cited))
			}
			for _, p := range proof(r, i) {
				if !strings.Contains(full.b.String(), inline(p.Conditions)) {
					t.Errorf("%s: the full comment lacks %q", name, p.Conditions)
				}
			}
		}
		skeleton(t, []byte(short.b.String()))
		skeleton(t, []byte(full.b.String()))
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Equal(got, want) {
		return
	}
	g, w := strings.Split(string(got), "\n"), strings.Split(string(want), "\n")
	for i := range g {
		if i >= len(w) || g[i] != w[i] {
			t.Fatalf("%s:%d\n got: %s\nwant: %s", file, i+1, g[i], line(w, i))
		}
	}
	t.Fatalf("%s: %d lines, want %d", file, len(g), len(w))
}

func line(lines []string, i int) string {
	if i < len(lines) {
		return lines[i]
	}
	return "(end)"
}

// TestSchema validates the JSON of every sample, and that the schema refuses what
// it does not name.
func TestSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile("../report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sampleNames(t) {
		var js bytes.Buffer
		if err := JSON(&js, sampleReport(t, name)); err != nil {
			t.Fatal(err)
		}
		var doc map[string]any
		if err := json.Unmarshal(js.Bytes(), &doc); err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		doc["verdict"] = "x"
		if schema.Validate(doc) == nil {
			t.Errorf("%s: an unknown key is valid", name)
		}
	}
}

// TestTextWidth: no line is wider than asked, at any width, and colors change no
// character.
func TestTextWidth(t *testing.T) {
	for _, name := range sampleNames(t) {
		r := sampleReport(t, name)
		for _, width := range []int{40, 60, 80, 120, 200} {
			var plain, color bytes.Buffer
			if err := Text(&plain, r, Options{Width: width}); err != nil {
				t.Fatal(err)
			}
			if err := Text(&color, r, Options{Width: width, Color: true}); err != nil {
				t.Fatal(err)
			}
			for n, line := range strings.Split(plain.String(), "\n") {
				if utf8.RuneCountInString(line) > width {
					t.Errorf("%s at %d: line %d has %d columns: %s", name, width, n+1, utf8.RuneCountInString(line), line)
				}
			}
			if stripped := stripColor(color.String()); stripped != plain.String() {
				t.Errorf("%s at %d: color changes the text", name, width)
			}
		}
	}
}

func stripColor(s string) string {
	for {
		i := strings.Index(s, "\x1b[")
		if i < 0 {
			return s
		}
		end := i + strings.IndexByte(s[i:], 'm')
		s = s[:i] + s[end+1:]
	}
}

// TestVerdictsOfSamples states in words what each sample must give, so that an
// update of the goldens cannot lose it.
func TestVerdictsOfSamples(t *testing.T) {
	want := map[string]struct {
		verdict  string
		explains []string
	}{
		"dstate-stop-18.09.2":                   {"filesystem-frozen", []string{"dockerd-kill-wait-dstate-leak", "dstate-container-unkillable"}},
		"dstate-kubelet-18.09.2":                {"filesystem-frozen", []string{"dockerd-kill-wait-dstate-leak", "kubelet-retry-amplifier"}},
		"dstate-stop-20.10.24":                  {"filesystem-frozen", []string{"dockerd-no-exit-event-after-kill"}},
		"cgroup-frozen-20.10.24":                {"cgroup-frozen-externally", nil},
		"containerd-stopped-20.10.24":           {"containerd-stopped-by-signal", nil},
		"containerd-restart-lost-exit-18.09.2":  {"exit-lost-while-containerd-down", nil},
		"rm-ebusy-rbind-20.10.24":               {"rootfs-held-by-bind-in-dockerd-ns", []string{"device-or-resource-busy", "dead-container-dangling"}},
		"mountflags-slave-live-restore-18.06.3": {"dockerd-shim-mntns-split", nil},
		"mount-leak-privatetmp-18.06.3":         {"", nil},
		"mount-slave-ok-18.06.3":                {"", nil},
		"client-conn-leak-18.09.2":              {"docker-client-socket-leak-unclosed-client", []string{"dockerd-goroutine-leak"}},
		"exec-eof-kubelet-18.09.2":              {"runc-state-json-nonatomic", []string{"exec-or-probe-fails", "exec-closed-fifo-lines"}},
		"exec-notfound-fifo-18.09.2":            {"exec-binary-missing", []string{"exec-or-probe-fails", "exec-closed-fifo-lines"}},
		"healthy-18.09.2":                       {"", nil},
		"healthy-20.10.24":                      {"", nil},
	}
	for _, name := range sampleNames(t) {
		tt, ok := want[name]
		if !ok {
			t.Errorf("sample %s has no expected verdict here", name)
			continue
		}
		r := sampleReport(t, name)
		got := ""
		if len(r.Verdicts) > 0 {
			got = r.Findings[r.Verdicts[0]].Rule.ID.ID
		}
		// Two containers may have the same fault.
		if got != tt.verdict || slices.ContainsFunc(r.Verdicts, func(i int) bool { return r.Findings[i].Rule.ID.ID != got }) {
			t.Errorf("%s: verdict %q of %d, want %q", name, got, len(r.Verdicts), tt.verdict)
		}
		for _, id := range tt.explains {
			found := false
			for _, group := range consequences(r, r.Verdicts[0]) {
				found = found || r.Findings[group[0]].Rule.ID.ID == id
			}
			if !found {
				t.Errorf("%s: %s does not stand under the verdict", name, id)
			}
		}
	}
}

// BenchmarkSample is a whole analysis of a small bundle, rules loaded each time.
func BenchmarkSample(b *testing.B) {
	for b.Loop() {
		newSampleReport(b, "dstate-stop-18.09.2")
	}
}
