package bundle

import (
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"culprit/analyze/fact"
)

// A file that may not be read is a Denied source, and the others are visited. The
// test's thread gives up root's right to read everything.
func TestUnreadableFile(t *testing.T) {
	dir := folderOf(t, member{"m", mountinfo}, member{"ps.txt", psTable})
	if err := os.Chmod(filepath.Join(dir, "ps.txt"), 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "m"), 0o644); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		for d, i := dir, 0; i < 3; d, i = filepath.Dir(d), i+1 {
			if err := os.Chmod(d, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		const nobody = 65534
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := syscall.Setfsuid(nobody); err != nil {
			t.Fatal(err)
		}
		defer syscall.Setfsuid(0)
	}
	b, seen, err := walk(t, dir, Limits{})
	if err != nil || len(seen) != 1 {
		t.Fatalf("error %v, %d visits, want none and 1", err, len(seen))
	}
	check(t, b, []fact.Source{
		source("m", fact.KindMountinfo, fact.Complete, mountinfo),
		{Path: "ps.txt", State: fact.Denied},
	}, []string{"ps.txt: cannot be opened: permission denied"})
}
