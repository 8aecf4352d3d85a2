package fleet

import (
	"bufio"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"culprit/analyze/bucket"
	"culprit/analyze/bucket/address"
	"culprit/analyze/plan"
)

// Place is where a bundle lies: see plan.Place.
type Place = plan.Place

// archiveNames end the names of files that can be a bundle by themselves.
var archiveNames = []string{".tar", ".tgz", ".tar.gz", ".tar.zst", ".tar.xz", ".tar.bz2", ".tbz", ".txz", ".zip", ".7z", ".rar", ".gz", ".zst", ".xz"}

// bundleMarks lie at the top of a folder that is a bundle.
var bundleMarks = []string{"manifest.jsonl", "collect.log", "sos_commands", "sos_logs", "cluster-scoped-resources", "version.txt"}

// Find lists the bundles that sources name, in the order of their paths and each once. A
// source is a file, a folder, a pattern as in path.Match, the URL of objects (see
// findObjects), or @FILE with one of these a line. A folder is a bundle if something in it says so (see isBundle), else whatever
// bundles it holds, at any depth.
func Find(ctx context.Context, stores *bucket.Stores, sources []string) ([]Place, error) {
	found := map[string]Place{}
	for _, source := range sources {
		paths, err := expand(source, 0)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			if address.IsURL(path) {
				err = findObjects(ctx, stores, path, found)
			} else {
				err = find(path, found)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	var out []Place
	for _, p := range found {
		out = append(out, p)
	}
	slices.SortFunc(out, func(a, b Place) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

// expand turns a source into paths.
func expand(source string, depth int) ([]string, error) {
	const deepest = 8 // lists in lists
	if list, ok := strings.CutPrefix(source, "@"); ok {
		if depth == deepest {
			return nil, fmt.Errorf("%s: a list of lists of lists", source)
		}
		return expandList(list, depth)
	}
	if address.IsURL(source) {
		return []string{source}, nil
	}
	if _, err := os.Lstat(source); err == nil || !strings.ContainsAny(source, "*?[") {
		return []string{source}, err
	}
	paths, err := filepath.Glob(source)
	if err == nil && len(paths) == 0 {
		err = fmt.Errorf("%s: nothing matches: %w", source, fs.ErrNotExist)
	}
	return paths, err
}

func expandList(list string, depth int) (out []string, err error) {
	f, err := os.Open(list)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	in := bufio.NewScanner(f)
	for in.Scan() {
		line := strings.TrimSpace(in.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		paths, err := expand(line, depth+1)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", list, err)
		}
		out = append(out, paths...)
	}
	return out, in.Err()
}

// find adds the bundles at or below path.
func find(path string, found map[string]Place) error {
	path = filepath.Clean(path)
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !st.IsDir() {
		found[path] = placeOf(path, st)
		return nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return err
	}
	if isBundle(entries) {
		found[path] = placeOf(path, st)
		return nil
	}
	for _, e := range entries {
		if e.IsDir() || isArchive(e.Name()) && e.Type().IsRegular() {
			if err := find(filepath.Join(path, e.Name()), found); err != nil {
				return err
			}
		}
	}
	return nil
}

// isBundle reports whether a folder with these entries is a bundle: it has a mark of
// one, or some files of its own and no archive.
func isBundle(entries []fs.DirEntry) bool {
	const some = 3
	files := 0
	for _, e := range entries {
		switch {
		case slices.Contains(bundleMarks, e.Name()):
			return true
		case isArchive(e.Name()):
			return false
		case e.Type().IsRegular():
			files++
		}
	}
	return files >= some
}

func isArchive(name string) bool {
	return slices.ContainsFunc(archiveNames, func(end string) bool { return strings.HasSuffix(strings.ToLower(name), end) })
}

// placeOf is what lies at a path now.
func placeOf(path string, st fs.FileInfo) Place {
	if st.IsDir() {
		return placeOfFolder(path)
	}
	return Place{Path: path, Size: st.Size(), Stamp: stampOf(st.ModTime())}
}

// placeOfFolder sums up the files of a folder. What cannot be looked at counts nothing:
// reading will say so.
func placeOfFolder(path string) Place {
	p, latest := Place{Path: path}, time.Time{}
	_ = filepath.WalkDir(path, func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return nil
		}
		if st, err := e.Info(); err == nil {
			p.Size += st.Size()
			if st.ModTime().After(latest) {
				latest = st.ModTime()
			}
		}
		return nil
	})
	p.Stamp = stampOf(latest)
	return p
}

func stampOf(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
