package fleet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWaitToWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	s, err := WaitToWrite(t.Context(), path, func(err error) { t.Errorf("waits for nobody: %v", err) })
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	if _, err := WaitToWrite(ctx, path, func(err error) {
		if !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), fmt.Sprintf(": process %d on ", os.Getpid())) {
			t.Errorf("waits for %v", err)
		}
		cancel()
	}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	said := 0
	next, err := WaitToWrite(t.Context(), path, func(error) { said++; s.Close() })
	if err != nil || said != 1 {
		t.Fatalf("said %d times: %v", said, err)
	}
	next.Close()
}

// What a lock says is shown as it is only where it is what a run writes.
func TestLocked(t *testing.T) {
	for text, want := range map[string]string{
		"process 7 on node-a.example": "process 7 on node-a.example",
		"":                            "another process",
		"process":                     "another process",
		"process 7 on \x1b[2J":        "another process",
		"process 7 on a\n":            "another process",
		"process 7 on " + strings.Repeat("a", 9e5): "another process",
	} {
		if got, want := locked(strings.NewReader(text), "s.db.lock"), ErrLocked.Error()+": "+want+" has s.db.lock"; got.Error() != want {
			t.Errorf("%.50q: %.100v, want %s", text, got, want)
		}
	}
}
