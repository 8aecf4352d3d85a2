//go:build !unix

package fleet

import (
	"errors"
	"io/fs"
	"os"
	"strings"
)

// lock takes a file that one process has at a time. One that is killed leaves it behind.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
	if errors.Is(err, fs.ErrExist) {
		text, _ := os.ReadFile(path)
		return nil, locked(strings.NewReader(string(text)), path)
	}
	if err != nil {
		return nil, err
	}
	sign(f)
	return func() { f.Close(); os.Remove(path) }, nil
}
