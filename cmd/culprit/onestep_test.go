package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
)

// A file that cannot be written to its end leaves what was there, and nothing beside it.
func TestInOneStep(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x")
	full := errors.New("full")
	for _, tt := range []struct {
		text string
		err  error
		want string
	}{{"first", nil, "first"}, {"second", full, "first"}, {"third", nil, "third"}} {
		err := inOneStep(path, func(w io.Writer) error {
			io.WriteString(w, tt.text)
			return tt.err
		})
		got, _ := os.ReadFile(path)
		if !errors.Is(err, tt.err) || string(got) != tt.want {
			t.Errorf("%s: %q, %v", tt.text, got, err)
		}
		if left, err := os.ReadDir(dir); len(left) != 1 || err != nil {
			t.Errorf("%s: %v, %v", tt.text, left, err)
		}
	}
}
