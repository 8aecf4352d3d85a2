package fleet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Hash is the SHA-256 of what lies at a path, in hex: of a file its bytes; of a folder
// one line a regular file, in the order of WalkDir: its hash, two blanks, its path below
// the folder with slashes. Links, devices and what cannot be read count by their names
// alone.
func Hash(ctx context.Context, path string) (string, error) {
	st, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if !st.IsDir() {
		return hashFile(ctx, path)
	}
	sum := sha256.New()
	err = filepath.WalkDir(path, func(at string, e fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if ofMachine(err) {
			return err
		}
		if err == nil && e.IsDir() {
			return nil
		}
		name, err := filepath.Rel(path, at)
		if err != nil {
			return err
		}
		of := "-"
		if e != nil && e.Type().IsRegular() {
			switch sum, err := hashFile(ctx, at); {
			case err == nil:
				of = sum
			case ofMachine(err):
				return err
			}
		}
		fmt.Fprintf(sum, "%s  %s\n", of, filepath.ToSlash(name))
		return nil
	})
	return hex.EncodeToString(sum.Sum(nil)), err
}

func hashFile(ctx context.Context, path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, reader{ctx, f}); err != nil {
		return "", err
	}
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// reader ends with its context.
type reader struct {
	ctx context.Context
	r   io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.r.Read(p)
}
