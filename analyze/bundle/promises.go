package bundle

import (
	"path"

	"culprit/analyze/fact"
)

// promises are what manifests say of the bundle's sources.
type promises struct {
	list   []promise
	byPath map[string]int
	// stored are the digests of compressed members as stored; those of the others
	// are in their rows.
	stored map[string]digest
}

type digest struct {
	bytes int64
	sha   string
}

// memberPath is the Path of a file that the manifest or log at p names.
func memberPath(p, name string) string {
	if name == "" {
		return ""
	}
	name, _ = cleanName(name, DefaultNameBytes)
	return path.Join(path.Dir(p), name)
}

func (s *promises) add(list []promise) {
	for _, it := range list {
		if _, twice := s.byPath[it.Path]; it.Path != "" && !twice {
			s.byPath[it.Path] = len(s.list)
		}
		s.list = append(s.list, it)
	}
}

// state is what a manifest read so far says of the source at p.
func (s *promises) state(p string) fact.State {
	if i, ok := s.byPath[p]; ok {
		return s.list[i].State
	}
	return fact.Complete
}

// hashed reports whether a manifest read so far states a hash for the source at p.
// Hashing costs more than decoding, so nothing else is hashed.
func (s *promises) hashed(p string) bool {
	i, ok := s.byPath[p]
	return ok && s.list[i].sha != ""
}

// check compares the promises with the sources that came: it sets states,
// records what is missing or differs, and clears the paths of files that never
// were.
func (s *promises) check(w *walker) {
	came := map[string]bool{}
	for i := range w.bundle.Sources {
		src := &w.bundle.Sources[i]
		came[src.Path] = true
		at, ok := s.byPath[src.Path]
		if !ok {
			continue
		}
		it := s.list[at]
		if src.State == fact.Truncated || src.State == fact.Denied || src.State == fact.Skipped {
			continue
		}
		src.State = it.State
		s.compare(w, *src, it)
	}
	var lost int
	for i, it := range s.list {
		if it.Path == "" || came[it.Path] {
			continue
		}
		s.list[i].Path = ""
		switch {
		case it.State != fact.Complete:
		case w.damage != nil:
			lost++
		default:
			w.report(fact.Problem{Ref: it.Refs[0], Text: "the file is missing: " + quote(it.Path)})
		}
	}
	if lost > 0 {
		w.problem("", "%d files of the manifest are missing from the part that could be read", lost)
	}
}

func (s *promises) compare(w *walker, src fact.Source, it promise) {
	is, ok := s.stored[src.Path]
	if !ok {
		is = digest{src.Size, src.SHA256}
	}
	switch {
	case it.bytes.Known && it.bytes.V != is.bytes:
		w.problem(src.Path, "%d bytes, the manifest says %d", is.bytes, it.bytes.V)
	case it.sha != "" && is.sha != "" && it.sha != is.sha:
		w.problem(src.Path, "content differs from the sha256 of the manifest")
	}
}
