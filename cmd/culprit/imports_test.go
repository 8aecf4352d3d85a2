package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// imports says who may import what inside the module. Arrows point down only; a
// package that is not listed may not exist.
var imports = map[string][]string{
	"analyze/fact":     {},
	"analyze/bucket":   {"analyze/bucket/address", "analyze/bucket/buckettest"}, // the latter in tests only
	"analyze/line":     {"analyze/fact"},
	"analyze/bundle":   {"analyze/fact"},
	"analyze/host":     {"analyze/fact"},
	"analyze/stack":    {"analyze/fact", "analyze/line"},
	"analyze/logs":     {"analyze/fact", "analyze/line"},
	"analyze/join":     {"analyze/fact"},
	"rules":            {"analyze/fact"},
	"analyze":          {"analyze/fact", "analyze/bundle", "analyze/host", "analyze/line", "analyze/stack", "analyze/logs", "analyze/join", "rules"},
	"analyze/render":   {"analyze", "analyze/fact", "rules"},
	"analyze/plan":     {},
	"analyze/fleet":    {"analyze", "analyze/bucket", "analyze/bucket/address", "analyze/bucket/buckettest", "analyze/bundle", "analyze/fact", "analyze/plan", "rules"},
	"analyze/page":     {"analyze/fleet", "analyze/render", "rules"},
	"collect":          {"analyze", "analyze/bundle", "rules"}, // its tests only
	"tui":              {"analyze", "analyze/bundle", "analyze/fact", "analyze/render", "rules"},
	"cmd/culprit":      {"collect", "tui", "analyze", "analyze/bucket", "analyze/bucket/address", "analyze/bucket/buckettest", "analyze/bundle", "analyze/fact", "analyze/fleet", "analyze/page", "analyze/plan", "analyze/render", "rules"},
	"samples":          {},
	"samples/accuracy": {"analyze", "analyze/bundle", "rules"},
	"samples/pack":     {},
	"samples/bench":    {},

	"analyze/bucket/address":    {},
	"analyze/bucket/buckettest": {},
	"samples/lab/leakclient":    {},
}

// confined says which packages may import a third-party module; its types never
// leave them.
var confined = map[string][]string{
	"cel.dev/cel-go":                           {"rules"},
	"charm.land/bubbletea/v2":                  {"tui"},
	"github.com/charmbracelet/colorprofile":    {"tui"},
	"github.com/charmbracelet/x/ansi":          {"tui"},
	"github.com/charmbracelet/x/exp":           {"tui"},
	"github.com/charmbracelet/x/term":          {"tui"},
	"go.yaml.in/yaml/v4":                       {"rules"},
	"cloud.google.com/go/storage":              {"analyze/bucket"},
	"github.com/aws/aws-sdk-go-v2":             {"analyze/bucket"},
	"github.com/aws/smithy-go":                 {"analyze/bucket"},
	"gocloud.dev":                              {"analyze/bucket"},
	"github.com/fsouza/fake-gcs-server":        {"analyze/bucket"},
	"github.com/johannesboyne/gofakes3":        {"analyze/bucket/buckettest"},
	"github.com/google/pprof":                  {"analyze/stack"},
	"github.com/chromedp/cdproto":              {"analyze/page"},
	"github.com/chromedp/chromedp":             {"analyze/page"},
	"github.com/hanwen/go-fuse/v2":             {"collect"},
	"github.com/maruel/panicparse/v2":          {"analyze/stack"},
	"github.com/klauspost/compress":            {"analyze/bundle", "analyze/fleet", "samples/pack", "samples/bench"},
	"github.com/mikelolasagasti/xz":            {"analyze/bundle"},
	"github.com/nwaples/rardecode/v2":          {"analyze/bundle"},
	"github.com/ulikunitz/xz":                  {"analyze/bundle"},
	"github.com/spf13/cobra":                   {"cmd/culprit"},
	"github.com/rogpeppe/go-internal":          {"cmd/culprit"},
	"github.com/santhosh-tekuri/jsonschema/v6": {"analyze/render"},
	"github.com/yuin/goldmark":                 {"analyze/render"},
	"github.com/parquet-go/parquet-go":         {"analyze/fleet"},
	"modernc.org/sqlite":                       {"analyze/fleet"},
	"k8s.io/api":                               {"analyze/fleet", "collect"},
	"sigs.k8s.io/yaml":                         {"analyze/fleet", "collect"},
}

// TestImports walks every Go file, tests included, and fails on any other edge.
func TestImports(t *testing.T) {
	root := filepath.Join("..", "..")
	files := 0
	err := filepath.WalkDir(root, func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() && strings.HasPrefix(e.Name(), ".") && file != root {
			return filepath.SkipDir
		}
		if e.IsDir() || path.Ext(file) != ".go" {
			return nil
		}
		files++
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		pkg := path.Dir(filepath.ToSlash(rel))
		allowed, known := imports[pkg]
		if !known {
			t.Errorf("%s: package %s is not in the plan of imports", rel, pkg)
		}
		f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range f.Imports {
			name, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			checkImport(t, rel, pkg, name, allowed)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 50 {
		t.Errorf("only %d Go files found below %s", files, root)
	}
}

func checkImport(t *testing.T, file, pkg, name string, allowed []string) {
	t.Helper()
	if inner, ok := strings.CutPrefix(name, "culprit/"); ok {
		// A package's own external test may import it.
		if inner != pkg && !slices.Contains(allowed, inner) {
			t.Errorf("%s: %s may not import %s", file, pkg, inner)
		}
		return
	}
	if first, _, _ := strings.Cut(name, "/"); !strings.Contains(first, ".") {
		return
	}
	for module, users := range confined {
		if name == module || strings.HasPrefix(name, module+"/") {
			if !slices.Contains(users, pkg) {
				t.Errorf("%s: %s is confined to %v", file, name, users)
			}
			return
		}
	}
	t.Errorf("%s: third-party import %s has no line in the table of dependencies", file, name)
}

// TestReads: what the Makefile hashes is all that facts come from, which is analyze and
// what it imports but for the rules.
func TestReads(t *testing.T) {
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	_, list, _ := strings.Cut(string(makefile), "\nREADS ")
	list, _, _ = strings.Cut(strings.TrimLeft(list, " ="), "\n")
	want := []string{"analyze"}
	for i := 0; i < len(want); i++ {
		for _, pkg := range imports[want[i]] {
			if pkg != "rules" && !slices.Contains(want, pkg) {
				want = append(want, pkg)
			}
		}
	}
	if got := strings.Fields(list); !slices.Equal(slices.Sorted(slices.Values(got)), slices.Sorted(slices.Values(want))) {
		t.Errorf("READS = %v, want %v", got, want)
	}
}
