package collect_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// fromStdin prepares what `ssh root@node sh -s -- -o - <collect.sh` runs.
func fromStdin(t *testing.T, u userland, args ...string) *run {
	t.Helper()
	r := newRun(t, u)
	in, err := os.Open(script(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	r.cmd.Args = append(append(append([]string{}, u.shell...), "-s", "--"), args...)
	r.cmd.Stdin = in
	return r
}

// The script may come on stdin, and the bundle go to stdout.
func TestThroughPipes(t *testing.T) {
	root := t.TempDir()
	if err := plantFiles(root); err != nil {
		t.Fatal(err)
	}
	eachShell(t, func(t *testing.T, u userland) {
		r := fromStdin(t, u.bare(t), "-o", "-", "--root", root, "--interval", "1")
		r.do(t, 130*time.Second)
		if left := names(t, r.dir); len(left) > 0 || r.rc != 0 {
			t.Errorf("status %d, files %q\n%s", r.rc, left, &r.stderr)
		}
		file := filepath.Join(t.TempDir(), "x.tar.gz")
		if err := os.WriteFile(file, r.stdout.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		o := open(t, file)
		if len(o.members["proc/507/stack"]) == 0 || strings.Contains(r.stderr.String(), "\x1f\x8b") {
			t.Errorf("members %q, stderr %q", o.names, &r.stderr)
		}
	})
}

// A reader that goes away, as when ssh breaks, ends the run.
func TestReaderGone(t *testing.T) {
	root := t.TempDir()
	if err := plantFiles(root); err != nil {
		t.Fatal(err)
	}
	eachShell(t, func(t *testing.T, u userland) {
		r := fromStdin(t, u.bare(t), "-o", "-", "--root", root, "--interval", "1")
		reader, writer, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		reader.Close()
		defer writer.Close()
		r.cmd.Stdout = writer
		r.do(t, 130*time.Second)
		if r.rc == 0 {
			t.Errorf("status 0, and nobody has a bundle\n%s", &r.stderr)
		}
		if left := names(t, r.dir); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
	})
}
