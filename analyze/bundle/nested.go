package bundle

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"culprit/analyze/fact"
)

// Magic bytes of archives: APPNOTE.TXT sections 4.3.7 and 4.3.16 (an empty zip is
// its end record alone), 7zFormat.txt, and the signatures of RAR 1.5 to 4 and 5,
// which differ in what follows. isTar knows a tar.
var (
	magicZip      = []byte("PK\x03\x04")
	magicEmptyZip = []byte("PK\x05\x06")
	magicSevenZip = []byte("7z\xbc\xaf\x27\x1c")
	magicRar4     = []byte("Rar!\x1a\x07\x00")
	magicRar5     = []byte("Rar!\x1a\x07\x01\x00")
)

// archiveOf names the format of the archive that head begins with, "" none.
func archiveOf(head []byte) string {
	switch {
	case bytes.HasPrefix(head, magicZip), bytes.HasPrefix(head, magicEmptyZip):
		return FormatZip
	case bytes.HasPrefix(head, magicSevenZip):
		return FormatSevenZip
	case bytes.HasPrefix(head, magicRar4), bytes.HasPrefix(head, magicRar5):
		return FormatRar
	case isTar(head):
		return FormatTar
	}
	return ""
}

// suffixes are what an archive's format says of its compression.
var suffixes = map[string]string{compGzip: ".gz", compZstd: ".zst", compXz: ".xz", compBzip2: ".bz2"}

// archive is the bundle itself, a folder too, or an archive inside it.
type archive struct {
	path    string // of an archive inside the bundle, "" for the bundle
	kind    string // FormatTar, FormatZip ...
	format  string // kind with the suffix of a compression
	depth   int    // archives and further compressions around it
	entries int
	damaged bool
}

// join is the Path of the member with a clean name.
func (a *archive) join(name string) string {
	if a.path == "" {
		return name
	}
	return a.path + "/" + name
}

// stored visits one member, as it is stored, of a folder or an archive. A member
// that is an archive is walked like a folder of its name.
func (w *walker) stored(a *archive, name string, r io.Reader) error {
	p := w.path(a, name)
	s, depth, err := w.unpack(p, r, a.depth+1)
	if err != nil {
		w.problem(p, "damaged %s: %s", s.format, reason(err))
	}
	head, _ := s.body.Peek(tarBlock)
	if kind := archiveOf(head); kind != "" {
		return w.nested(&archive{path: p, kind: kind, format: kind + suffixes[s.format], depth: depth}, s, r)
	}
	return w.source(p, s)
}

// unpack undoes the compression of what is stored at p, layer by layer, and
// returns how deep it came. The error is that of a header that cannot be read.
func (w *walker) unpack(p string, r io.Reader, depth int) (stream, int, error) {
	s, err := w.level(depth).open(r, w.promised.hashed(p))
	for err == nil && s.format != "" {
		head, _ := s.body.Peek(magicBytes)
		if compressionOf(head) == "" {
			break
		}
		if depth >= w.lim.Depth {
			w.problem(p, "%v (%d): not opened", errDepth, w.lim.Depth)
			break
		}
		depth++
		outer := s
		s, err = w.level(depth).open(outer.body, false)
		s.format, s.raw = outer.format, outer.raw
	}
	return s, depth, err
}

// level is the opener for what lies at a depth; the walk is never at two places of
// one depth.
func (w *walker) level(depth int) *opener {
	for len(w.levels) <= depth {
		w.levels = append(w.levels, &opener{ratio: w.lim.Ratio})
	}
	return w.levels[depth]
}

// nested walks an archive inside the bundle. Its own row, which comes before those
// of its members, has no size: they have.
func (w *walker) nested(a *archive, s stream, r io.Reader) error {
	at := len(w.bundle.Sources)
	w.bundle.Sources = append(w.bundle.Sources, fact.Source{Path: a.path, Kind: fact.KindArchive, State: w.promised.state(a.path)})
	if a.depth > w.lim.Depth {
		w.problem(a.path, "%v (%d): not opened", errDepth, w.lim.Depth)
		w.bundle.Sources[at].State = fact.Skipped
		return nil
	}
	if s.format == "" && w.promised.hashed(a.path) {
		w.level(a.depth).hashStored()
	}
	err := w.archive(a, s, r)
	if a.damaged || errors.Is(err, errStop) {
		w.bundle.Sources[at].State = fact.Truncated
	}
	w.promised.stored[a.path] = digest{s.raw.n, s.raw.sum()}
	return err
}

// archive walks the members of an archive. r is what s was opened on.
func (w *walker) archive(a *archive, s stream, r io.Reader) error {
	body := capReader{s.body, &w.budget}
	switch a.kind {
	case FormatTar:
		return w.tar(a, body)
	case FormatRar:
		return w.rar(a, body)
	}
	at, size, ok := directly(s, r)
	if !ok {
		var err error
		var release func()
		at, size, release, err = w.spool.take(body)
		defer release()
		if err != nil {
			if err := w.cut(a, err); err != nil {
				return err
			}
		}
	}
	if a.kind == FormatZip {
		return w.zip(a, at, size)
	}
	return w.sevenZip(a, at, size)
}

// count takes in one more entry of an archive.
func (w *walker) count(a *archive) error {
	if w.entries++; w.entries > w.lim.Entries {
		return w.stop(errEntries)
	}
	a.entries++
	return nil
}

// cut records that an archive ends early. The error is nil where the walk goes on
// behind it.
func (w *walker) cut(a *archive, err error) error {
	if limits(err) {
		return w.stop(err)
	}
	if errors.Is(err, errTrailing) {
		w.problem(a.path, "content after the end of the %s is not read", a.format)
		return nil
	}
	w.damage, a.damaged = err, true
	switch {
	case errors.Is(err, errEncrypted):
		w.problem(a.path, "the %s is encrypted: it cannot be read", a.format)
	case errors.Is(err, errSpool):
		w.problem(a.path, "%v (%d): the rest is not read", errSpool, w.lim.SpoolBytes)
	case errors.Is(err, ErrNoSpool):
		w.bundle.NoSpool = err
		w.problem(a.path, "%v (%s): the rest is not read", ErrNoSpool, reason(err))
	default:
		w.problem(a.path, "damaged %s after %d entries: %s", a.format, a.entries, reason(err))
	}
	return nil
}

// limits reports whether err is a limit of the whole.
func limits(err error) bool {
	return errors.Is(err, errTotal) || errors.Is(err, errTime) || errors.Is(err, errCancel) || errors.Is(err, errEntries)
}

// stop ends the walk at a limit of the whole.
func (w *walker) stop(err error) error {
	w.damage = err
	switch {
	case errors.Is(err, errTime):
		w.problem("", "%v: the rest is not read", errTime)
	case errors.Is(err, errCancel):
		w.problem("", "%v: the rest is not read", errCancel)
	case errors.Is(err, errEntries):
		w.problem("", "%v (%d): the rest is not read", errEntries, w.lim.Entries)
	default:
		w.problem("", "%v (%d): the rest is not read", errTotal, w.lim.TotalBytes)
	}
	return errStop
}

// ended is why nothing more may be read, errTime or errCancel; nil where more may.
func (w *walker) ended() error {
	switch err := w.ctx.Err(); {
	case err == nil:
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		return errTime
	}
	return errCancel
}

// noEnd records that what an archive ends with is missing.
func (w *walker) noEnd(a *archive) {
	w.damage, a.damaged = io.ErrUnexpectedEOF, true
	w.problem(a.path, "the %s has no end mark: it may be cut after %d entries", a.format, a.entries)
}

// The reasons why a member is listed and not read.
var errEncrypted = errors.New("encrypted")

func unsupported(method any) error {
	return fmt.Errorf("compression method %v is not supported", method)
}

// denied records a member or file that cannot be opened.
func (w *walker) denied(a *archive, name string, err error) {
	if errors.Is(err, errEncrypted) {
		w.encrypted = true
	}
	p := w.path(a, name)
	w.problem(p, "cannot be opened: %s", reason(err))
	w.bundle.Sources = append(w.bundle.Sources, fact.Source{Path: p, State: fact.Denied})
}

// skipped records a member that is no regular file.
func (w *walker) skipped(a *archive, name, what string) {
	clean, _ := cleanName(name, w.lim.NameBytes)
	w.problem(a.join(clean), "%s is not followed", what)
}
