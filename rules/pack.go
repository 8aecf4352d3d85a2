package rules

import (
	"cmp"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"culprit/analyze/fact"
)

//go:embed signatures defs tests
var builtin embed.FS

// Set is a loaded pack: rules, the ids they may name, and signatures.
type Set struct {
	Rules      []*Rule
	IDs        map[string]ID
	Signatures []fact.Signature
	// Tests are the rule tests of all packs, only of LoadTested.
	Tests []*Test
	// Hash is the hex SHA-256 of all files but the tests: which rules gave a verdict.
	Hash string
	// SignaturesHash is that of Signatures alone, which say what is read of logs.
	SignaturesHash string
}

// Load reads the built-in pack and any packs of the user's, each a file tree
// with ids.yaml, signatures/, defs/ and tests/, all optional. Every mistake of
// every file is in the error.
func Load(packs ...fs.FS) (*Set, error) { return load(packs, false) }

// LoadTested is Load with the rules' tests.
func LoadTested(packs ...fs.FS) (*Set, error) { return load(packs, true) }

func load(packs []fs.FS, tests bool) (*Set, error) {
	s := &Set{IDs: map[string]ID{}}
	sum := sha256.New()
	l := &loader{ids: s.IDs, signatures: map[string]*fact.Signature{}, seen: map[string]string{}, envs: envs{}, compiled: map[sieve]*predicate{}}
	if err := loadIDs("ids.yaml", idsYAML, s.IDs); err != nil {
		return nil, err
	}
	sum.Write(idsYAML)
	all := append([]fs.FS{builtin}, packs...)
	var errs []error
	for i, pack := range all {
		errs = append(errs, s.add(l, pack, i == 0, sum.Write))
	}
	if tests {
		for _, pack := range all {
			errs = append(errs, s.addTests(l, pack))
		}
	}
	slices.SortFunc(s.Rules, func(a, b *Rule) int { return strings.Compare(a.ID.ID, b.ID.ID) })
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	s.Hash = hex.EncodeToString(sum.Sum(nil))
	text, err := json.Marshal(s.Signatures)
	signatures := sha256.Sum256(text)
	s.SignaturesHash = hex.EncodeToString(signatures[:])
	return s, err
}

// add reads one pack.
func (s *Set) add(l *loader, pack fs.FS, builtin bool, hash func([]byte) (int, error)) error {
	var errs []error
	hashed := func(read func(file string, text []byte) error) func(string, []byte) error {
		return func(file string, text []byte) error {
			hash([]byte(file))
			hash(text)
			return read(file, text)
		}
	}
	if !builtin {
		text, err := readFile(pack, "ids.yaml")
		switch {
		case err == nil:
			hash(text)
			errs = append(errs, loadIDs("ids.yaml", text, s.IDs))
		case !errors.Is(err, fs.ErrNotExist):
			errs = append(errs, err)
		}
	}
	errs = append(errs, eachFile(pack, "signatures", hashed(func(file string, text []byte) error {
		list, err := loadSignatures(file, text, l.signatures)
		for _, sig := range list {
			s.Signatures = append(s.Signatures, *sig)
		}
		return err
	})))
	errs = append(errs, eachFile(pack, "defs", hashed(func(file string, text []byte) error {
		r, err := l.rule(file, text, builtin)
		if err == nil {
			s.Rules = append(s.Rules, r)
		}
		return err
	})))
	return errors.Join(errs...)
}

// addTests reads one pack's tests.
func (s *Set) addTests(l *loader, pack fs.FS) error {
	return eachFile(pack, "tests", func(file string, text []byte) error {
		t, err := l.test(file, text)
		if err == nil {
			s.Tests = append(s.Tests, t)
		}
		return err
	})
}

// eachFile reads the YAML files below dir and joins their mistakes.
func eachFile(pack fs.FS, dir string, read func(file string, text []byte) error) error {
	files, err := yamlFiles(pack, dir)
	errs := []error{err}
	for _, file := range files {
		text, err := readFile(pack, file)
		if err == nil {
			err = read(file, text)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// readFile reads a file of a pack, and nothing that is none: a pipe would never end.
func readFile(pack fs.FS, file string) ([]byte, error) {
	st, err := fs.Stat(pack, file)
	switch {
	case err != nil:
		return nil, err
	case !st.Mode().IsRegular():
		return nil, &LoadError{File: file, Line: 1, Column: 1, Text: "this is no regular file"}
	case st.Size() > maxFileSize:
		return nil, &LoadError{File: file, Line: 1, Column: 1, Text: fmt.Sprintf("the file is larger than %d bytes", maxFileSize)}
	}
	return fs.ReadFile(pack, file)
}

// yamlFiles lists the YAML files below dir, sorted; a missing dir has none.
func yamlFiles(pack fs.FS, dir string) ([]string, error) {
	var files []string
	err := fs.WalkDir(pack, dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ext := path.Ext(name); !entry.IsDir() && (ext == ".yaml" || ext == ".yml") {
			files = append(files, name)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return files, err
}

// Find returns the rule with the id or alias, and what ids.yaml says of it.
func (s *Set) Find(name string) (*Rule, ID, bool) {
	id, ok := s.IDs[name]
	if !ok {
		for _, candidate := range s.IDs {
			if slices.Contains(candidate.Aliases, name) {
				id, ok = candidate, true
			}
		}
	}
	for _, r := range s.Rules {
		if ok && r.ID.ID == id.ID {
			return r, id, true
		}
	}
	return nil, id, ok
}

// Suggest names the id nearest to name as `; did you mean "x"?`, or "".
func (s *Set) Suggest(name string) string { return didYouMean(name, sortedKeys(s.IDs)) }

// SortedIDs are all ids in layer order, then by name.
func (s *Set) SortedIDs() []ID {
	var ids []ID
	for _, id := range s.IDs {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b ID) int {
		return cmp.Or(cmp.Compare(a.rank(), b.rank()), strings.Compare(a.ID, b.ID))
	})
	return ids
}
