//go:build unix

package bundle

import (
	"path/filepath"
	"syscall"
	"testing"

	"culprit/analyze/fact"
)

// Opening a fifo that nobody writes to would wait for ever.
func TestFifoInFolder(t *testing.T) {
	dir := folderOf(t, member{"m", mountinfo})
	if err := syscall.Mkfifo(filepath.Join(dir, "ps.txt"), 0o600); err != nil {
		t.Fatal(err)
	}
	b, _, err := walk(t, dir, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	check(t, b, []fact.Source{source("m", fact.KindMountinfo, fact.Complete, mountinfo)}, []string{"ps.txt: fifo is not followed"})
}
