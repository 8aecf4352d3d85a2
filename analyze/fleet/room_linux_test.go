package fleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// A store on a disk that is full, wherever it becomes so, is whole and has all that was
// kept; with more room it goes on as if nothing had been. The disk is a tmpfs that only the
// test sees: it starts itself again, in a mount namespace.
func TestFullDisk(t *testing.T) {
	const disk = "CULPRIT_TEST_DISK"
	if dir := os.Getenv(disk); dir != "" {
		// Before the tables are there, between them, in the log, and where it is to be
		// written back: SQLite does at 4 MB.
		for _, size := range []int{4, 8, 40, 60, 80, 100, 200, 3000, 6000} {
			fillDisk(t, dir, size)
		}
		return
	}
	if os.Geteuid() != 0 {
		if os.Getenv("CI") != "" {
			t.Fatal("mount wants root")
		}
		t.Skip("mount wants root")
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
	cmd.Env = append(os.Environ(), disk+"="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestFullDisk") {
		t.Errorf("%v\n%s", err, out)
	}
}

// fillDisk puts results into a store on a disk of so many KiB until it is full, then more
// on a larger one.
func fillDisk(t *testing.T, dir string, size int) {
	t.Helper()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dk", size)); err != nil {
		t.Fatal(err)
	}
	defer syscall.Unmount(dir, 0)
	path, kept := filepath.Join(dir, "s.db"), 0
	for range 2 { // the second time it is full from the beginning
		err := func() error {
			s, err := OpenToWrite(path)
			if err != nil {
				return err
			}
			defer s.Close()
			for kept < 9999 && err == nil {
				if err = s.Put(t.Context(), putAt(bulky(kept)), bulky(kept)); err == nil {
					kept++
				}
			}
			whole(t, s)
			return err
		}()
		if !NoRoom(err) {
			t.Fatalf("%d KiB: %d results are kept, %v", size, kept, err)
		}
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatal(err)
	}
	s, err := OpenToWrite(path)
	if err != nil {
		t.Fatalf("%d KiB, with more room: %v", size, err)
	}
	defer s.Close()
	whole(t, s)
	peace := newStore(t)
	for n := range kept {
		put(t, peace, bulky(n))
	}
	if got, want := lines(t, s), lines(t, peace); !slices.Equal(got, want) {
		t.Errorf("%d KiB: %d results are kept, %d were put", size, len(got), len(want))
	}
	for n := kept; n < kept+30; n++ {
		put(t, s, bulky(n))
		put(t, peace, bulky(n))
	}
	whole(t, s)
	if got, want := lines(t, s), lines(t, peace); !slices.Equal(got, want) {
		t.Errorf("%d KiB: %d results in the end, want %d", size, len(got), len(want))
	}
}

// bulky is a result that does not compress.
func bulky(n int) Result {
	r := found(n, "frozen", fmt.Sprint("wait ", n))
	noise := rand.New(rand.NewPCG(uint64(n), 0))
	for range 400 {
		r.Findings[0].Summary += fmt.Sprintf("%016x", noise.Uint64())
	}
	return r
}

// whole fails a test whose store is corrupt.
func whole(t *testing.T, s *Store) {
	t.Helper()
	said := ""
	if err := s.db.QueryRow("pragma integrity_check").Scan(&said); err != nil || said != "ok" {
		t.Errorf("integrity_check: %q, %v", said, err)
	}
}

// lines are all results of a store.
func lines(t *testing.T, s *Store) (lines []string) {
	t.Helper()
	for k, err := range s.All(t.Context(), Filter{}) {
		line, err2 := json.Marshal(k)
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, string(line))
	}
	return lines
}
