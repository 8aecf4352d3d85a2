package analyze

import (
	"errors"
	"io"
	"sync"

	"culprit/analyze/bundle"
)

// Spool keeps what the sources of a bundle held, in one file without a name, so that
// they can be read at random and also when the bundle is gone. One reading at a time
// fills it; what is kept can be read meanwhile, by any goroutine.
type Spool struct {
	limit int64
	file  spoolFile
	end   int64 // of what is kept; the reading's own

	mu   sync.Mutex
	kept map[string]extent
}

// extent is where a source lies in the file.
type extent struct{ start, size int64 }

// spoolFile is what a Spool needs of its file.
type spoolFile interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
}

// NewSpool makes an empty spool of at most limit bytes. The error is that of the
// temporary folder.
func NewSpool(limit int64) (*Spool, error) {
	f, err := bundle.NewUnnamed()
	if err != nil {
		return nil, err
	}
	return newSpool(limit, f), nil
}

func newSpool(limit int64, f spoolFile) *Spool {
	return &Spool{limit: limit, file: f, kept: map[string]extent{}}
}

// Close gives the file back; readers of its sources fail from then on.
func (s *Spool) Close() error { return s.file.Close() }

// Source is the content of one source, named as in a Ref, as far as it was read; false
// where it is not kept: beyond the limit, not read yet, not in the bundle. A nil
// Spool keeps nothing.
func (s *Spool) Source(name string) (*io.SectionReader, bool) {
	at, kept := s.find(name)
	if !kept {
		return nil, false
	}
	return io.NewSectionReader(s.file, at.start, at.size), true
}

func (s *Spool) find(name string) (extent, bool) {
	if s == nil {
		return extent{}, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	at, kept := s.kept[name]
	return at, kept
}

// keep lets parse read a source and keeps all of it, also what parse leaves unread.
// Of sources with one name the first is kept. What cannot be kept is read all the
// same.
func (s *Spool) keep(name string, r io.Reader, parse func(io.Reader)) {
	if _, twice := s.find(name); s == nil || twice {
		parse(r)
		return
	}
	w := &spooling{spool: s}
	parse(io.TeeReader(r, w))
	_, _ = io.Copy(w, r) // as parse saw it, r has no error but its end
	if w.failed == nil {
		s.mu.Lock()
		s.kept[name] = extent{s.end, w.size}
		s.mu.Unlock()
		s.end += w.size
	}
}

var errSpoolFull = errors.New("the spool is full")

// spooling is a source on its way into the spool. Writing to it never fails.
type spooling struct {
	spool  *Spool
	size   int64
	failed error
}

// Write appends, until the limit or the disk does not allow it: then the source is
// given up and its room given back.
func (w *spooling) Write(p []byte) (int, error) {
	s := w.spool
	if w.failed != nil {
		return len(p), nil
	}
	if w.failed = errSpoolFull; int64(len(p)) <= s.limit-s.end-w.size {
		_, w.failed = s.file.WriteAt(p, s.end+w.size)
	}
	if w.size += int64(len(p)); w.failed != nil {
		_ = s.file.Truncate(s.end) // where that fails too the next source overwrites it
	}
	return len(p), nil
}
