package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// smallDisk is a folder with so many KiB, which only the test's goroutine and what it
// starts can see; grow gives it more.
func smallDisk(t *testing.T, size int) (dir string, grow func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		missing(t, "mount wants root")
	}
	dir = t.TempDir()
	runtime.LockOSThread() // for good: the thread ends with the goroutine, and the namespace with it
	if err := syscall.Unshare(syscall.CLONE_NEWNS); err != nil {
		t.Fatal(err)
	}
	private := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
	if err := errors.Join(private, syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dk", size))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, 0) })
	return dir, func() {
		t.Helper()
		if err := syscall.Mount("tmpfs", dir, "tmpfs", syscall.MS_REMOUNT, "size=64m"); err != nil {
			t.Fatal(err)
		}
	}
}

// Whatever is on a disk that is full, the run says so and what to do, what is kept is kept,
// and the same command goes on where there is room again.
func TestNoRoom(t *testing.T) {
	binary, work := built(t), t.TempDir()
	const bundles = 12
	dir, plan, one := manyBundles(t, bundles), filepath.Join(work, "plan.jsonl"), filepath.Join(work, "one.db")
	exported := func(store string) string { return must(t, binary, "fleet", "export", "--store", store) }
	must(t, binary, "plan", dir, "--shards", "1", "-o", plan)
	must(t, binary, "batch", dir, "--store", one)
	for _, tt := range []struct {
		name string
		size int
		args []string // disk is where the small disk is
		kept func(disk string) string
	}{
		{"store", 300, []string{"batch", dir, "--store", "disk/s.db"}, func(disk string) string { return exported(disk + "/s.db") }},
		{"results", 300, []string{"batch", "--plan", plan, "--shard", "0", "--results", "disk"}, func(disk string) string {
			store := filepath.Join(t.TempDir(), "merged.db")
			must(t, binary, "merge", disk, "--store", store)
			return exported(store)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			disk, grow := smallDisk(t, tt.size)
			for i := range tt.args {
				tt.args[i] = strings.Replace(tt.args[i], "disk", disk, 1)
			}
			said := full(t, binary, tt.args...)
			kept := strings.Count(tt.kept(disk), "\n")
			if kept < 1 || kept >= bundles || !strings.Contains(said, fmt.Sprintf("%d of %d bundles", kept, bundles)) {
				t.Errorf("%d results are kept, and the run says %q", kept, said)
			}
			if left, err := filepath.Glob(filepath.Join(disk, "*", ".*")); err != nil || len(left) > 0 {
				t.Errorf("there is %q left, %v", left, err)
			}
			grow()
			out, err := exec.Command(binary, tt.args...).CombinedOutput()
			if err != nil || !strings.Contains(string(out), fmt.Sprintf(": %d known already", kept)) {
				t.Errorf("with more room: %v\n%s", err, out)
			}
			if got, want := tt.kept(disk), exported(one); got != want {
				t.Errorf("%d bytes in the end, want %d", len(got), len(want))
			}
		})
	}
}

func TestNoRoomForMerge(t *testing.T) {
	binary, dir, work := built(t), manyBundles(t, 3), t.TempDir()
	plan, results, one := filepath.Join(work, "plan.jsonl"), filepath.Join(work, "results"), filepath.Join(work, "one.db")
	must(t, binary, "plan", dir, "--shards", "1", "-o", plan)
	must(t, binary, "batch", "--plan", plan, "--shard", "0", "--results", results)
	must(t, binary, "batch", dir, "--store", one)
	disk, grow := smallDisk(t, 120)
	store := filepath.Join(disk, "s.db")
	if said := full(t, binary, "merge", results, "--store", store); !strings.HasPrefix(said, "culprit: merge into "+store+": ") {
		t.Errorf("it says %q", said)
	}
	if got := must(t, binary, "fleet", "export", "--store", store); got != "" {
		t.Errorf("half a merge is kept: %s", got)
	}
	grow()
	must(t, binary, "merge", results, "--store", store)
	if got, want := must(t, binary, "fleet", "export", "--store", store), must(t, binary, "fleet", "export", "--store", one); got != want {
		t.Errorf("%d bytes in the end, want %d", len(got), len(want))
	}
}

// Of a plan that there is no room for the old one stays.
func TestNoRoomForPlan(t *testing.T) {
	binary, dir := built(t), manyBundles(t, 3)
	disk, grow := smallDisk(t, 4) // a page
	plan := filepath.Join(disk, "plan.jsonl")
	must(t, binary, "plan", dir, "--shards", "1", "-o", plan)
	before, err := os.ReadFile(plan)
	if err != nil {
		t.Fatal(err)
	}
	full(t, binary, "plan", dir, "--shards", "2", "-o", plan)
	after, err := os.ReadFile(plan)
	if files, err2 := os.ReadDir(disk); !bytes.Equal(after, before) || len(files) != 1 || errors.Join(err, err2) != nil {
		t.Errorf("%s in %v, %v", after, files, errors.Join(err, err2))
	}
	grow()
	must(t, binary, "plan", dir, "--shards", "2", "-o", plan)
}

// A bundle that the temporary folder cannot hold is none that is damaged: it has no result
// until there is room.
func TestNoRoomForSpool(t *testing.T) {
	binary, work := built(t), t.TempDir()
	var inner, outer bytes.Buffer
	z, w := zip.NewWriter(&inner), tar.NewWriter(&outer)
	stored, err := z.CreateHeader(&zip.FileHeader{Name: "noise.bin", Method: zip.Store})
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.CopyN(stored, rand.Reader, 12<<20) // more than is kept in memory
	err = errors.Join(err, z.Close(), w.WriteHeader(&tar.Header{Name: "more.zip", Mode: 0o644, Size: int64(inner.Len())}))
	_, err2 := w.Write(inner.Bytes())
	text := "[    0.000000] Linux version 6.1.90\n"
	err = errors.Join(err, err2, w.WriteHeader(&tar.Header{Name: "dmesg.txt", Mode: 0o644, Size: int64(len(text))}))
	_, err2 = io.WriteString(w, text)
	bundle, store, one := filepath.Join(work, "a.tar"), filepath.Join(work, "s.db"), filepath.Join(work, "one.db")
	if err := errors.Join(err, err2, w.Close(), os.WriteFile(bundle, outer.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
	disk, grow := smallDisk(t, 1<<10)
	must(t, binary, "batch", bundle, "--store", one)
	t.Setenv("TMPDIR", disk)
	said := full(t, binary, "batch", bundle, "--store", store)
	if got := must(t, binary, "fleet", "export", "--store", store); got != "" || !strings.Contains(said, bundle+": the temporary folder cannot hold it: write "+disk) {
		t.Errorf("kept is %q, and the run says %q", got, said)
	}
	grow()
	must(t, binary, "batch", bundle, "--store", store)
	if got, want := must(t, binary, "fleet", "export", "--store", store), must(t, binary, "fleet", "export", "--store", one); got != want {
		t.Errorf("in the end\n%s\nwant\n%s", got, want)
	}
}

// full runs a command that is to find a full disk, and is what it says.
func full(t *testing.T, binary string, args ...string) string {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command(binary, args...)
	cmd.Stderr = &stderr
	err := cmd.Run()
	if code := cmd.ProcessState.ExitCode(); code <= 0 || code == exitNever || !strings.HasSuffix(stderr.String(), ": make room and give the same command again; what is kept is kept\n") {
		t.Errorf("%q: %v\n%s", args, err, &stderr)
	}
	return stderr.String()
}
