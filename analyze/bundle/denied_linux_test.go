package bundle

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"culprit/analyze/fact"
)

// A file that may not be read is a Denied source, and the others are visited. The
// test's thread gives up root's right to read everything.
func TestUnreadableFile(t *testing.T) {
	dir := folderOf(t, member{"m", mountinfo}, member{"ps.txt", psTable})
	withoutRights(t, dir, "ps.txt")
	b, seen, err := walk(t, dir, Limits{})
	if err != nil || len(seen) != 1 || b.Partial {
		t.Fatalf("error %v, %d visits, partial: %v; want none and 1", err, len(seen), b.Partial)
	}
	check(t, b, []fact.Source{
		source("m", fact.KindMountinfo, fact.Complete, mountinfo),
		{Path: "ps.txt", State: fact.Denied},
	}, []string{"ps.txt: cannot be opened: permission denied"})
}

// Of what lies in a folder that may not be listed nothing is known.
func TestUnreadableFolder(t *testing.T) {
	dir := folderOf(t, member{"m", mountinfo}, member{"proc/7/stack", "x"})
	withoutRights(t, dir, "proc")
	b, seen, err := walk(t, dir, Limits{})
	if err != nil || len(seen) != 1 || !b.Partial {
		t.Fatalf("error %v, %d visits, partial: %v; want none and 1", err, len(seen), b.Partial)
	}
	check(t, b, []fact.Source{source("m", fact.KindMountinfo, fact.Complete, mountinfo)}, []string{"proc: cannot be listed: permission denied"})
}

// A folder is no bundle for what may lie where it cannot be listed.
func TestUnreadableFolderIsNoBundle(t *testing.T) {
	dir := folderOf(t, member{"letter", "Dear Sir\n"}, member{"proc/7/stack", "x"})
	withoutRights(t, dir, "proc")
	if _, _, err := walk(t, dir, Limits{}); !errors.Is(err, ErrUnrecognised) {
		t.Error(err)
	}
}

// TestNoDescriptors: where this process may open no more files the bundle is not to blame,
// wherever it comes to that. The test starts itself again, with a limit.
func TestNoDescriptors(t *testing.T) {
	const folder = "CULPRIT_TEST_FOLDER"
	if dir := os.Getenv(folder); dir != "" {
		if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: 64, Max: 64}); err != nil {
			t.Fatal(err)
		}
		var open []*os.File
		for {
			f, err := os.Open(dir)
			if err != nil {
				break
			}
			open = append(open, f)
		}
		for left := range 3 { // 3 would suffice: the folder, the one below, the file
			b, err := Walk(t.Context(), dir, Limits{}, ignore)
			if !errors.Is(err, syscall.EMFILE) || !OfMachine(err) || len(b.Sources) > 0 {
				t.Errorf("%d left: error %v, sources %v", left, err, b.Sources)
			}
			open[left].Close()
		}
		if b, err := Walk(t.Context(), dir, Limits{}, ignore); err != nil || len(b.Sources) != 1 {
			t.Errorf("with enough: error %v, sources %v", err, b.Sources)
		}
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestNoDescriptors$", "-test.v")
	cmd.Env = append(os.Environ(), folder+"="+folderOf(t, member{"proc/7", psTable}))
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS: TestNoDescriptors") {
		t.Errorf("%v\n%s", err, out)
	}
}

// withoutRights makes what lies at a name in dir unreadable for the rest of the test, which
// has its own thread.
func withoutRights(t *testing.T, dir, name string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(at string, _ os.DirEntry, err error) error {
		return errors.Join(err, os.Chmod(at, 0o755))
	})
	if err != nil {
		t.Fatal(err)
	}
	at := filepath.Join(dir, name)
	if err := os.Chmod(at, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Chmod(at, 0o700) })
	if os.Getuid() == 0 {
		for d, i := dir, 0; i < 3; d, i = filepath.Dir(d), i+1 {
			if err := os.Chmod(d, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		const nobody = 65534
		runtime.LockOSThread()
		t.Cleanup(runtime.UnlockOSThread)
		if err := syscall.Setfsuid(nobody); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { syscall.Setfsuid(0) })
	}
}
