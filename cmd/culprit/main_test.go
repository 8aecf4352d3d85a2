package main

import (
	"archive/zip"
	"bytes"
	"cmp"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"culprit/analyze/bundle"
	"culprit/analyze/fact"
)

func TestMain(m *testing.M) {
	testscript.Main(tests{m}, map[string]func(){
		"culprit": func() {
			version, reader = cmp.Or(os.Getenv("CULPRIT_TEST_VERSION"), version), os.Getenv("CULPRIT_TEST_READER")
			os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
		},
	})
}

// tests take away what they built together.
type tests struct{ *testing.M }

func (t tests) Run() int {
	defer os.Remove(builtFile())
	return t.M.Run()
}

// unpack ARCHIVE DIR writes an archive's files below DIR, so that scripts need no
// zstd on the machine.
func unpack(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: unpack ARCHIVE DIR")
	}
	dir := ts.MkAbs(args[1])
	_, err := bundle.Walk(context.Background(), ts.MkAbs(args[0]), bundle.DefaultLimits(), func(src fact.Source, r io.Reader) {
		text, err := io.ReadAll(r)
		ts.Check(err)
		file := filepath.Join(dir, filepath.FromSlash(src.Path))
		ts.Check(os.MkdirAll(filepath.Dir(file), 0o755))
		ts.Check(os.WriteFile(file, text, 0o644))
	})
	ts.Check(err)
}

// packzip ARCHIVE FILE... writes a zip, so that scripts need no zip on the machine.
func packzip(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: packzip ARCHIVE FILE...")
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, name := range args[1:] {
		f, err := w.Create(name)
		ts.Check(err)
		_, err = io.WriteString(f, ts.ReadFile(name))
		ts.Check(err)
	}
	ts.Check(w.Close())
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), b.Bytes(), 0o644))
}

// TestScripts runs testdata/script: the command as a user types it. $SAMPLES is
// the folder of samples, $ARCHIVES that of testdata/archives, $COLLECTOR the collector.
func TestScripts(t *testing.T) {
	samples, err := filepath.Abs("../../samples")
	if err != nil {
		t.Fatal(err)
	}
	archives, err := filepath.Abs("testdata/archives")
	if err != nil {
		t.Fatal(err)
	}
	collector, err := filepath.Abs("../../collect/collect.sh")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		RequireUniqueNames: true,
		Cmds:               map[string]func(*testscript.TestScript, bool, []string){"unpack": unpack, "packzip": packzip},
		Setup: func(env *testscript.Env) error {
			env.Setenv("SAMPLES", samples)
			env.Setenv("ARCHIVES", archives)
			env.Setenv("COLLECTOR", collector)
			return nil
		},
	})
}
