package bundle

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
)

// spool holds what needs random access and comes as a stream: in memory up to
// spoolMemory, beyond that in one file without a name. Archives inside one another
// share it like a stack.
type spool struct {
	limit  int64 // of the file
	memory int64 // in use
	file   *Unnamed
	end    int64 // of what is in use of the file
}

// take reads r to its end and returns it for random access until release. Where
// the error says that r ended early, what came before is there.
func (s *spool) take(r io.Reader) (at io.ReaderAt, size int64, release func(), err error) {
	var held bytes.Buffer
	room := spoolMemory - s.memory
	n, err := io.Copy(&held, io.LimitReader(r, room))
	if err != nil || n < room {
		s.memory += n
		return bytes.NewReader(held.Bytes()), n, func() { s.memory -= n }, err
	}
	start := s.end
	release = func() { s.end = start }
	if s.file == nil {
		if s.file, err = NewUnnamed(); err != nil {
			return bytes.NewReader(held.Bytes()), n, release, fmt.Errorf("%w: %w", ErrNoSpool, err)
		}
	}
	left := &budget{s.limit - start, func() error { return nil }}
	to := spoolWriter{io.NewOffsetWriter(s.file, start)}
	size, err = io.Copy(to, capReader{io.MultiReader(&held, r), left})
	if err == errTotal {
		err = errSpool
	}
	s.end += size
	return io.NewSectionReader(s.file, start, size), size, release, err
}

// ErrNoSpool says that what could not be spooled is not to blame for it.
var ErrNoSpool = errors.New("the temporary folder cannot hold it")

// spoolWriter makes its errors ErrNoSpool.
type spoolWriter struct{ io.Writer }

func (w spoolWriter) Write(p []byte) (int, error) {
	n, err := w.Writer.Write(p)
	if err != nil {
		err = fmt.Errorf("%w: %w", ErrNoSpool, err)
	}
	return n, err
}

func (s *spool) close() {
	if s.file != nil {
		s.file.Close()
		s.file = nil
	}
}

// Unnamed is a file of the temporary folder whose name is taken away at once, so that
// it is gone when the process is, however that ends.
type Unnamed struct {
	*os.File
	named bool // it could not be removed while it is open
}

// NewUnnamed makes an empty file. The error is that of the temporary folder.
func NewUnnamed() (*Unnamed, error) {
	f, err := os.CreateTemp("", "culprit-spool-")
	if err != nil {
		return nil, err
	}
	return &Unnamed{File: f, named: os.Remove(f.Name()) != nil}, nil
}

// Close gives the file back.
func (u *Unnamed) Close() error {
	err := u.File.Close()
	if u.named { // some systems do not remove an open file
		os.Remove(u.Name())
	}
	return err
}

// directly returns r itself where it is a regular file that s was opened on at its
// beginning, and stored plainly.
func directly(s stream, r io.Reader) (at io.ReaderAt, size int64, ok bool) {
	f, ok := r.(*os.File)
	if !ok || s.format != "" {
		return nil, 0, false
	}
	st, err := f.Stat()
	if err != nil || !st.Mode().IsRegular() {
		return nil, 0, false
	}
	if pos, err := f.Seek(0, io.SeekCurrent); err != nil || pos != s.raw.n {
		return nil, 0, false
	}
	// What a manifest states of it is held against all its bytes.
	s.raw.n = st.Size()
	return f, st.Size(), true
}
