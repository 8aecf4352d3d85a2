//go:build unix

package fleet

import (
	"errors"
	"os"
	"syscall"
)

// lock takes a file that one process has at a time; the kernel gives it back when the
// process ends, however that is.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer f.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, locked(f, path)
		}
		return nil, err
	}
	sign(f)
	return func() { _ = f.Truncate(0); f.Close() }, nil
}
