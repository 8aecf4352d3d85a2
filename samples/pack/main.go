// Command pack makes samples/<incident>/bundle.tar.zst out of captured folders:
// members sorted by name, without owners or times, so that the same folder gives
// the same bytes. truth.json is left out: it is the answer.
package main

import (
	"archive/tar"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

func main() {
	out := flag.String("o", "samples", "write <incident>/bundle.tar.zst below `DIR`")
	only := flag.String("only", "", "pack only these incidents, blank separated")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: pack [-o DIR] [-only \"NAME ...\"] CAPTURES")
		os.Exit(1)
	}
	if err := packAll(flag.Arg(0), *out, strings.Fields(*only)); err != nil {
		fmt.Fprintln(os.Stderr, "pack:", err)
		os.Exit(1)
	}
}

func packAll(captures, out string, only []string) error {
	entries, err := os.ReadDir(captures)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.IsDir() || len(only) > 0 && !slices.Contains(only, e.Name()) {
			continue
		}
		dir := filepath.Join(out, e.Name())
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return err
		}
		f, err := os.Create(filepath.Join(dir, "bundle.tar.zst"))
		if err != nil {
			return err
		}
		err = errors.Join(pack(f, filepath.Join(captures, e.Name())), f.Close())
		if err != nil {
			return fmt.Errorf("%s: %w", e.Name(), err)
		}
	}
	return nil
}

func pack(w io.Writer, dir string) error {
	z, err := zstd.NewWriter(w, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	t := tar.NewWriter(z)
	root := os.DirFS(dir)
	err = fs.WalkDir(root, ".", func(name string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || name == "truth.json" {
			return err
		}
		text, err := fs.ReadFile(root, name)
		if err != nil {
			return err
		}
		if err := t.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(text)), Format: tar.FormatPAX}); err != nil {
			return err
		}
		_, err = t.Write(text)
		return err
	})
	return errors.Join(err, t.Close(), z.Close())
}
