package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// A run that is killed at any moment loses no result and doubles none: in the end the
// store says what that of a run in peace says.
func TestBatchKilled(t *testing.T) {
	binary := built(t)
	const bundles, kills = 60, 20
	dir := manyBundles(t, bundles)
	store := filepath.Join(t.TempDir(), "killed.db")
	for i := range kills {
		cmd := exec.Command(binary, "batch", dir, "--store", store)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rand.IntN(250)+20*i) * time.Millisecond)
		cmd.Process.Kill()
		cmd.Wait()
	}
	exported := func(store string) string {
		t.Helper()
		if out, err := exec.Command(binary, "batch", dir, "--store", store).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		out, err := exec.Command(binary, "fleet", "export", "--store", store).Output()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	got, want := exported(store), exported(filepath.Join(t.TempDir(), "peace.db"))
	if got != want {
		t.Errorf("the store of killed runs differs: %d bytes, %d in peace", len(got), len(want))
	}
	if n := bytes.Count([]byte(got), []byte("\n")); n != bundles {
		t.Errorf("%d results, want %d", n, bundles)
	}
}

// manyBundles is a folder of n bundles of the same findings, each of another content by
// a frame that decoders skip: RFC 8878, 3.1.2.
func manyBundles(t *testing.T, n int) string {
	t.Helper()
	sample, err := os.ReadFile("../../samples/healthy-20.10.24/bundle.tar.zst")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i := range n {
		frame := fmt.Appendf([]byte{0x50, 0x2a, 0x4d, 0x18, 8, 0, 0, 0}, "%08d", i)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%03d.tar.zst", i)), append(bytes.Clone(sample), frame...), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
