package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// inOneStep writes a file so that nobody reads half of it, and nothing is left of one
// that failed. A device or a pipe is written as it comes.
func inOneStep(path string, write func(io.Writer) error) error {
	var err error
	if st, statErr := os.Stat(path); statErr == nil && !st.Mode().IsRegular() {
		err = writeThrough(path, write)
	} else {
		err = replace(path, write)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

func writeThrough(path string, write func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}

func replace(path string, write func(io.Writer) error) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), ".culprit-")
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	if err := errors.Join(write(tmp), tmp.Chmod(0o644), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}
