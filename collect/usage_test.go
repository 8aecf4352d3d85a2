package collect_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Wrong usage is one line on stderr, a status, and nothing left behind.
func TestUsageErrors(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name string
		args []string
		says []string
	}{
		{"unknown flag", []string{"--frobnicate"}, []string{"--frobnicate"}},
		{"unknown short flag", []string{"-z"}, []string{"-z"}},
		{"an argument", []string{"node"}, []string{"node"}},
		{"no value of -o", []string{"-o"}, []string{"-o"}},
		{"no value of --deadline", []string{"--deadline"}, []string{"--deadline"}},
		{"a flag for a value", []string{"--deadline", "--no-redact"}, []string{"--deadline"}},
		{"deadline in words", []string{"--deadline", "soon"}, []string{"--deadline", "soon"}},
		{"deadline of nothing", []string{"--deadline", "0"}, []string{"--deadline"}},
		{"since in words", []string{"--since", "yesterday"}, []string{"--since", "yesterday"}},
		{"size in words", []string{"--max-size", "big"}, []string{"--max-size", "big"}},
		{"no such root", []string{"--root", "/no/such/root"}, []string{"/no/such/root"}},
		{"root is a file", []string{"--root", file}, []string{file}},
		{"no such output folder", []string{"-o", "/no/such/folder/x.tar.gz"}, []string{"/no/such/folder"}},
		{"output below a file", []string{"-o", file + "/x.tar.gz"}, []string{file}},
		{"output is a folder", []string{"-o", "/proc"}, []string{"/proc"}},
		{"output cannot be made", []string{"-o", "/proc/x.tar.gz"}, []string{"/proc/x.tar.gz"}},
	}
	eachShell(t, func(t *testing.T, u userland) {
		for _, c := range cases {
			t.Run(c.name, func(t *testing.T) {
				r := newRun(t, u, c.args...)
				r.do(t, 10*time.Second)
				if r.rc <= 0 {
					t.Errorf("status %d", r.rc)
				}
				oneLine(t, r.stderr.String(), c.says...)
				if r.stdout.Len() > 0 {
					t.Errorf("on stdout: %q", &r.stdout)
				}
				if left := names(t, r.dir); len(left) > 0 {
					t.Errorf("left behind: %q", left)
				}
			})
		}
	})
}

// Help, version and estimate say so on stdout and collect nothing.
func TestNoCollection(t *testing.T) {
	root := t.TempDir()
	if err := plantFiles(root); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		args []string
		says []string
	}{
		{[]string{"--help"}, []string{"-o", "--deadline", "--since", "--root", "--max-size", "--no-redact", "--estimate", "--version"}},
		{[]string{"-h"}, []string{"--deadline"}},
		{[]string{"--version"}, nil},
		{[]string{"--root", root, "--estimate"}, nil},
	}
	eachShell(t, func(t *testing.T, u userland) {
		for _, c := range cases {
			t.Run(c.args[len(c.args)-1], func(t *testing.T) {
				r := newRun(t, u, c.args...)
				r.do(t, 30*time.Second)
				said := r.stdout.String()
				if r.rc != 0 || strings.TrimSpace(said+r.stderr.String()) == "" {
					t.Errorf("status %d, said %q, %q", r.rc, said, &r.stderr)
				}
				for _, w := range c.says {
					if !strings.Contains(said, w) {
						t.Errorf("does not say %s:\n%s", w, said)
					}
				}
				if left := names(t, r.dir); len(left) > 0 {
					t.Errorf("left behind: %q", left)
				}
			})
		}
	})
}
