package fleet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"
)

// The lock of a store is the file <store>.lock, which one process has at a time. For
// people it says which:
//
//	process 4711 on node-a
//
// For a moment after it is taken it says nothing yet.
var lockText = regexp.MustCompile(`^process \d+ on [\w.-]+$`)

// sign writes into a lock that was taken. Where that fails, the lock is good all the
// same.
func sign(f *os.File) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	_ = f.Truncate(0)
	_, _ = f.WriteAt(fmt.Appendf(nil, "process %d on %s", os.Getpid(), host), 0)
}

// locked is ErrLocked with who has the lock in f.
func locked(f io.Reader, path string) error {
	const longest = 300 // the name of a host has 253 characters at most
	who := "another process"
	if text, err := io.ReadAll(io.LimitReader(f, longest+1)); err == nil && len(text) <= longest && lockText.Match(text) {
		who = string(text)
	}
	return fmt.Errorf("%w: %s has %s", ErrLocked, who, path)
}

// lockAgain is how long to wait before a lock is tried again: flock(2) itself cannot be
// interrupted.
const lockAgain = 250 * time.Millisecond

// WaitToWrite is OpenToWrite that waits while another process writes, until ctx ends.
// Before it waits it gives waiting the error that OpenToWrite has.
func WaitToWrite(ctx context.Context, path string, waiting func(error)) (*Store, error) {
	s, err := OpenToWrite(path)
	if errors.Is(err, ErrLocked) {
		waiting(err)
	}
	for errors.Is(err, ErrLocked) {
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(lockAgain):
		}
		s, err = OpenToWrite(path)
	}
	return s, err
}
