// Package bundle opens what a user points at, a folder, an archive or one loose
// file, and streams it as sources: path, kind, state, size, hash, content.
//
// Input is hostile: nothing is written to disk except one spool file without a
// name, links and devices are recorded and not followed, every length has a limit,
// and damage is a fact.Problem that leaves the rest readable. The bundle's own format is
// described in collect/FORMAT.md.
package bundle

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"culprit/analyze/fact"
)

// ErrUnrecognised is wrapped by the error of Walk when path holds nothing that
// the analyzer reads. The error's text is one line: what was found and what was
// expected.
var ErrUnrecognised = errors.New("not a bundle")

// OfMachine reports whether an error is that this machine falls short, of descriptors,
// memory or a spool, and not the bundle: read again it may be whole.
func OfMachine(err error) bool {
	return errors.Is(err, ErrNoSpool) || errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ENOMEM)
}

const expected = "expected a folder, an archive (tar, zip, 7z or rar, compressed or not), or one log, goroutine dump, listing or terminal session of a node"

// The formats of a bundle. That of a compressed archive has the suffix .gz, .zst,
// .xz or .bz2: "tar.gz".
const (
	FormatFolder   = "folder"
	FormatTar      = "tar"
	FormatZip      = "zip"
	FormatSevenZip = "7z"
	FormatRar      = "rar"
	FormatFile     = "file"
)

// Bundle is what Walk learned beside the content.
type Bundle struct {
	// Name is the base name of the path.
	Name string
	// Format is one of the Format constants, with the suffix of a compression.
	Format string
	// Manifest is the header of manifest.jsonl; nil when the bundle has none.
	Manifest *Manifest
	// Sources are all sources in visiting order. Two kinds are listed though they
	// were not visited: a file that could not be opened, with State fact.Denied, and
	// before its members an archive inside the bundle, of Kind fact.KindArchive.
	Sources []fact.Source
	// Items are the collection steps, from manifest.jsonl, from collect logs and
	// from "*.err" files that say that a command timed out.
	Items []fact.Item
	// Problems are in the order in which they were met; those of the manifest's
	// promises come last.
	Problems []fact.Problem
	// Partial is set where there may be sources of which nothing is known: the walk ended
	// before the bundle did, at the end of its context or at another limit of the whole, the
	// bundle or an archive in it is damaged, or a folder in it cannot be listed.
	Partial bool
	// NoSpool is set where an archive could not be read, and not through its own fault: the
	// temporary folder could not hold it.
	NoSpool error
}

// Walk opens path, a folder, an archive or one file, and calls visit once for each
// source: those of a folder sorted by path, those of an archive as stored. Formats
// are told by magic bytes, never by name. Content is decompressed, also that of
// single members; Path stays as stored. An archive inside is walked like a folder
// of its name: sos.tar.xz/proc/7/stack.
//
// Path, Kind and what is known of State are set before visit. r is valid until
// visit returns; it ends with io.EOF at a limit or at damage too, which Walk
// records. What visit leaves unread is drained, then Size, SHA256 and State are
// completed in Bundle.Sources. The end of ctx, its deadline or that it is cancelled,
// is a limit like the others: what was read until then is kept.
//
// Errors are those of opening path and ErrUnrecognised, that of ctx where it was
// cancelled before anything was read, and of a folder those of OfMachine. Damage inside
// is an error only when nothing before it could be read; so is the want of a spool, which
// Bundle.NoSpool is.
func Walk(ctx context.Context, path string, lim Limits, visit func(src fact.Source, r io.Reader)) (Bundle, error) {
	return (&Walker{Limits: lim, Visit: visit}).Walk(ctx, path)
}

// WalkReader is Walk over one file, an archive or a single source, that is already
// open: standard input, for example. name stands for its base name.
func WalkReader(ctx context.Context, name string, r io.Reader, lim Limits, visit func(src fact.Source, r io.Reader)) (Bundle, error) {
	return (&Walker{Limits: lim, Visit: visit}).WalkReader(ctx, name, r)
}

// Walker does what Walk does, one walk at a time, and says meanwhile what it has
// learned. Sources are visited one after the other, by the caller's goroutine.
type Walker struct {
	Limits Limits
	Visit  func(src fact.Source, r io.Reader)
	now    *walker
}

// Walk walks path as the function Walk does.
func (w *Walker) Walk(ctx context.Context, path string) (Bundle, error) {
	w.now = newWalker(ctx, filepath.Base(path), w.Limits, w.Visit)
	return w.now.conclude(w.now.walk(path))
}

// WalkReader walks r as the function WalkReader does.
func (w *Walker) WalkReader(ctx context.Context, name string, r io.Reader) (Bundle, error) {
	w.now = newWalker(ctx, name, w.Limits, w.Visit)
	return w.now.conclude(w.now.file(r))
}

// SoFar is what a walk that stopped now would return, without the source that is
// being visited and without what is held against the manifest at the end. Visit may
// call it; the rows are the caller's.
func (w *Walker) SoFar() Bundle {
	b := w.now.bundle
	b.Partial = true
	b.Sources, b.Problems = slices.Clone(b.Sources), slices.Clone(b.Problems)
	b.Items = w.now.log.fold(w.now.promised.list, b.Sources)
	for i := range b.Items {
		b.Items[i].Refs = slices.Clone(b.Items[i].Refs)
	}
	return b
}

// conclude settles what can only be known at the end.
func (w *walker) conclude(err error) (Bundle, error) {
	w.finish()
	if errors.Is(err, errStop) {
		err = nil
	}
	if err == nil {
		err = w.judge()
	}
	if err != nil && errors.Is(w.damage, errCancel) {
		err = w.ctx.Err()
	}
	return w.bundle, err
}

// walker is one call of Walk.
type walker struct {
	ctx    context.Context
	lim    Limits
	visit  func(src fact.Source, r io.Reader)
	bundle Bundle

	entries   int
	total     int64  // bytes handed to visit
	budget    budget // for the bytes of archives
	damage    error  // why an archive ended early, nil when none did
	unlisted  bool   // a folder in it could not be listed
	encrypted bool   // a member is
	hidden    int    // problems beyond the limit

	names    nameSet
	hash     hash.Hash
	levels   []*opener // by depth
	spool    spool
	log      stepLog
	promised promises
}

func newWalker(ctx context.Context, name string, lim Limits, visit func(fact.Source, io.Reader)) *walker {
	lim = lim.orDefaults()
	name, _ = cleanName(name, lim.NameBytes)
	w := &walker{
		ctx: ctx, lim: lim, visit: visit, bundle: Bundle{Name: name},
		names: nameSet{}, hash: sha256.New(), spool: spool{limit: lim.SpoolBytes},
		promised: promises{byPath: map[string]int{}, stored: map[string]digest{}},
	}
	w.budget = budget{lim.TotalBytes, w.ended}
	return w
}

func (w *walker) walk(path string) error {
	st, err := os.Stat(path)
	if err != nil {
		return err
	}
	switch {
	case st.IsDir():
		w.bundle.Format = FormatFolder
		return w.folder(path)
	case st.Mode().IsRegular() || st.Mode()&fs.ModeNamedPipe != 0:
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		return w.file(f)
	}
	return w.unrecognised("a " + fileType(st.Mode()))
}

// file walks one open file: an archive, or a single source.
func (w *walker) file(r io.Reader) error {
	s, depth, err := w.unpack(w.bundle.Name, r, 0)
	if err != nil {
		return w.unrecognised(fmt.Sprintf("damaged %s (%v)", s.format, err))
	}
	// A tar's first header is enough here; the source itself sniffs more.
	head, err := s.body.Peek(headBytes)
	if err != nil && !errors.Is(err, io.EOF) && len(head) == 0 {
		return w.unrecognised(fmt.Sprintf("damaged %s (%v)", s.format, err))
	}
	if kind := archiveOf(head); kind != "" {
		w.bundle.Format = kind + suffixes[s.format]
		return w.archive(&archive{kind: kind, format: w.bundle.Format, depth: depth}, s, r)
	}
	w.bundle.Format = FormatFile
	if len(head) == 0 {
		return w.unrecognised("an empty file")
	}
	if kind := KindOf(w.bundle.Name, head); !recognised(kind) {
		return w.unrecognised(looksLike(head))
	}
	return w.source(w.bundle.Name, s)
}

// judge decides whether what was walked is a bundle at all.
func (w *walker) judge() error {
	var read bool
	for _, s := range w.bundle.Sources {
		if recognised(s.Kind) {
			return nil
		}
		read = read || s.Size > 0
	}
	what := fmt.Sprintf("a %s with no source that is recognised", w.bundle.Format)
	switch {
	case w.damage != nil && read:
		return nil
	case w.bundle.NoSpool != nil:
		return w.bundle.NoSpool
	case w.encrypted || errors.Is(w.damage, errEncrypted):
		what = fmt.Sprintf("an encrypted %s", w.bundle.Format)
	case limits(w.damage):
		what = fmt.Sprintf("a %s of which nothing was read (%v)", w.bundle.Format, w.damage)
	case w.damage != nil:
		what = fmt.Sprintf("a damaged %s (%v)", w.bundle.Format, w.damage)
	case len(w.bundle.Sources) == 0:
		what = "an empty " + w.bundle.Format
	}
	return w.unrecognised(what)
}

func (w *walker) unrecognised(what string) error {
	return fmt.Errorf("%w: %s looks like %s; %s", ErrUnrecognised, w.bundle.Name, what, expected)
}

// finish settles what can only be known at the end.
func (w *walker) finish() {
	for _, o := range w.levels {
		o.close()
	}
	w.spool.close()
	w.bundle.Partial = w.damage != nil || w.unlisted
	w.promised.check(w)
	w.bundle.Items = w.log.fold(w.promised.list, w.bundle.Sources)
	if w.hidden > 0 {
		w.bundle.Problems = append(w.bundle.Problems, fact.Problem{
			Ref: fact.Ref{Source: w.bundle.Name}, Text: fmt.Sprintf("%d more problems are not listed", w.hidden)})
	}
}

// problem records a problem of a source, or of the bundle where source is "".
func (w *walker) problem(source, format string, args ...any) {
	if source == "" {
		source = w.bundle.Name
	}
	w.report(fact.Problem{Ref: fact.Ref{Source: source}, Text: fmt.Sprintf(format, args...)})
}

func (w *walker) report(ps ...fact.Problem) {
	room := max(0, maxProblems-len(w.bundle.Problems))
	if len(ps) > room {
		w.hidden += len(ps) - room
		ps = ps[:room]
	}
	w.bundle.Problems = append(w.bundle.Problems, ps...)
}
