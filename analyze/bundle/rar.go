package bundle

import (
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/nwaples/rardecode/v2"
)

// The last blocks of a RAR archive, of version 3 to 4 and of 5, which hold nothing.
var rarEnds = []string{"\xc4\x3d\x7b\x00\x40\x07\x00", "\x1d\x77\x56\x51\x03\x05\x04\x00"}

// rar visits the regular members of a RAR archive, version 1.5 to 5, in the order
// stored. One that goes on in another file ends where this one does.
func (w *walker) rar(a *archive, r io.Reader) error {
	last := &lastReader{r: r}
	raw := &tap{r: last}
	dec, err := openRar(raw)
	if err != nil {
		return w.cut(a, rarError(err))
	}
	for {
		hdr, err := nextInRar(dec)
		if err == io.EOF {
			return w.afterRar(a, raw, last)
		}
		if raw.err != nil {
			err = raw.err
		}
		if err != nil {
			return w.cut(a, rarError(err))
		}
		if err := w.count(a); err != nil {
			return err
		}
		switch {
		case hdr.IsDir:
		case hdr.Encrypted:
			w.denied(a, hdr.Name, errEncrypted)
		case hdr.Mode().Type() != 0:
			w.skipped(a, hdr.Name, fileType(hdr.Mode()))
		default:
			// What the decoder holds in its buffer went in before.
			content := &ratioReader{r: &decoding{dec: dec, src: raw, format: FormatRar}, in: raw, start: raw.n - headBytes, ratio: int64(w.lim.Ratio)}
			err = w.stored(a, hdr.Name, content)
		}
		if err != nil {
			return err
		}
	}
}

// afterRar reads what follows the archive's end, so that a bad checksum of the
// compression around it is seen.
func (w *walker) afterRar(a *archive, raw *tap, last *lastReader) error {
	if _, err := io.Copy(io.Discard, raw); err != nil {
		return w.cut(a, err)
	}
	if !slices.ContainsFunc(rarEnds, last.endsWith) {
		w.noEnd(a)
	}
	return nil
}

// lastReader remembers the last bytes of what was read, as many as a rar's end has.
type lastReader struct {
	r    io.Reader
	last []byte
}

func (l *lastReader) Read(p []byte) (int, error) {
	n, err := l.r.Read(p)
	l.last = append(l.last, p[max(0, n-8):n]...)
	l.last = append(l.last[:0], l.last[max(0, len(l.last)-8):]...)
	return n, err
}

func (l *lastReader) endsWith(end string) bool { return bytes.HasSuffix(l.last, []byte(end)) }

func openRar(r io.Reader) (dec *rardecode.Reader, err error) {
	defer contain(FormatRar, &err)
	return rardecode.NewReader(r, rardecode.MaxDictionarySize(maxWindow), rardecode.BufferSize(headBytes))
}

func nextInRar(dec *rardecode.Reader) (hdr *rardecode.FileHeader, err error) {
	defer contain(FormatRar, &err)
	return dec.Next()
}

func rarError(err error) error {
	if errors.Is(err, rardecode.ErrArchiveEncrypted) {
		return errEncrypted
	}
	return cutShort(err)
}
