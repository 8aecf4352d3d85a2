package bundle

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// folder visits the regular files below dir, sorted by path. Everything else is
// only recorded: a link may point at the analyst's own files, and opening a fifo
// waits for ever.
func (w *walker) folder(dir string) error {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	paths, err := w.list(dir)
	if err != nil {
		return err
	}
	a := &archive{kind: FormatFolder, format: FormatFolder}
	for _, p := range paths {
		if err := w.member(a, root, p); err != nil {
			return err
		}
	}
	return nil
}

// list returns the paths of the regular files below dir, relative to it.
func (w *walker) list(dir string) ([]string, error) {
	// WalkDir does not follow a link, not even the one that the user named.
	dir, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return nil, err
	}
	var paths []string
	err = filepath.WalkDir(dir, func(p string, e fs.DirEntry, err error) error {
		rel, relErr := filepath.Rel(dir, p)
		if relErr != nil {
			return relErr
		}
		name, _ := cleanName(filepath.ToSlash(rel), w.lim.NameBytes)
		switch {
		case w.ended() != nil:
			return w.stop(w.ended())
		case err != nil && (rel == "." || OfMachine(err)):
			return err
		case err != nil:
			w.unlisted = true
			w.problem(name, "cannot be listed: %s", reason(err))
			return nil
		case rel == ".":
			return nil
		}
		if w.entries++; w.entries > w.lim.Entries {
			w.stop(errEntries)
			return fs.SkipAll
		}
		switch {
		case e.IsDir():
		case e.Type().IsRegular():
			paths = append(paths, rel)
		default:
			w.problem(name, "%s is not followed", fileType(e.Type()))
		}
		return nil
	})
	slices.SortFunc(paths, func(a, b string) int {
		return strings.Compare(filepath.ToSlash(a), filepath.ToSlash(b))
	})
	return paths, err
}

// member visits one regular file of a folder.
func (w *walker) member(a *archive, root *os.Root, rel string) error {
	f, err := root.Open(rel)
	if err == nil {
		defer f.Close()
		var st fs.FileInfo
		if st, err = f.Stat(); err == nil && !st.Mode().IsRegular() {
			err = fmt.Errorf("became a %s", fileType(st.Mode()))
		}
	}
	if OfMachine(err) {
		return err
	}
	if err != nil {
		w.denied(a, filepath.ToSlash(rel), err)
		return nil
	}
	return w.stored(a, filepath.ToSlash(rel), f)
}

// path makes the Path of a member from its name and records what is odd in it.
func (w *walker) path(a *archive, name string) string {
	clean, odd := cleanName(name, w.lim.NameBytes)
	clean = a.join(clean)
	p, taken := w.names.add(clean)
	for _, o := range odd {
		w.problem(p, "%s: %s", o, quote(name))
	}
	if taken {
		w.problem(p, "another member has the name %s", quote(clean))
	}
	return p
}

// fileType names a type of file that is not regular.
func fileType(m fs.FileMode) string {
	switch {
	case m&fs.ModeSymlink != 0:
		return "symbolic link"
	case m&fs.ModeNamedPipe != 0:
		return "fifo"
	case m&fs.ModeSocket != 0:
		return "socket"
	case m&fs.ModeDevice != 0:
		return "device"
	}
	return "special file"
}

// reason is the text of an error without the path on the analyst's machine.
func reason(err error) string {
	var pe *fs.PathError
	if errors.As(err, &pe) {
		return pe.Err.Error()
	}
	return err.Error()
}
