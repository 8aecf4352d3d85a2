package bundle

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"strconv"
)

// The fields of a tar header that are looked at (POSIX.1-1988 ustar):
//
//	offset  148     257
//	        chksum  magic
//	bytes   8       6      of a block of 512
const (
	tarBlock    = 512
	tarChecksum = 148
	tarMagic    = 257
)

// isTar reports whether head begins with a tar header: one with ustar's magic,
// or one of the older format, which only its checksum tells.
func isTar(head []byte) bool {
	if len(head) < tarBlock {
		return false
	}
	head = head[:tarBlock]
	if bytes.HasPrefix(head[tarMagic:], []byte("ustar")) {
		return true
	}
	field := head[tarChecksum : tarChecksum+8]
	want, err := strconv.ParseInt(string(bytes.Trim(field, " \x00")), 8, 32)
	if err != nil || head[0] == 0 {
		return false
	}
	var sum int64
	for _, c := range head {
		sum += int64(c)
	}
	for _, c := range field {
		sum += ' ' - int64(c)
	}
	return sum == want
}

// tar visits the regular members of an archive, in the order stored.
func (w *walker) tar(r io.Reader) error {
	defer w.in.close()
	tail := &tailReader{r: &capReader{r: r, left: w.lim.TotalBytes}}
	raw := &tap{r: tail}
	tr := tar.NewReader(raw)
	for {
		if w.ctx.Err() != nil {
			return w.ctx.Err()
		}
		hdr, err := tr.Next()
		if err == io.EOF {
			return w.afterTar(tail)
		}
		if err != nil && !(errors.Is(err, tar.ErrInsecurePath) && hdr != nil) {
			w.cut(err)
			return nil
		}
		if w.entries++; w.entries > w.lim.Entries {
			w.damage = errEntries
			w.problem("", "%v (%d): the rest is not read", errEntries, w.lim.Entries)
			return nil
		}
		content := &tap{r: &ratioReader{r: tr, in: raw, start: raw.n, ratio: int64(w.lim.Ratio)}}
		err = w.entry(hdr, content)
		if errors.Is(err, errStop) {
			return nil
		}
		if err != nil {
			return err
		}
		// The source has told of a break below it already. A sparse member that
		// only swells is cut alone.
		if content.err != nil && !errors.Is(content.err, errRatio) || raw.err != nil {
			w.damage = errors.Join(content.err, raw.err)
			return nil
		}
	}
}

// entry visits a regular member and records any other.
func (w *walker) entry(hdr *tar.Header, content io.Reader) error {
	var what string
	switch hdr.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse, tar.TypeCont:
		return w.stored(hdr.Name, content)
	case tar.TypeDir, tar.TypeXGlobalHeader:
		return nil
	case tar.TypeSymlink:
		what = "symbolic link to " + quote(hdr.Linkname)
	case tar.TypeLink:
		what = "hard link to " + quote(hdr.Linkname)
	case tar.TypeChar, tar.TypeBlock:
		what = "device"
	case tar.TypeFifo:
		what = "fifo"
	default:
		what = "member of type " + quote(string(rune(hdr.Typeflag)))
	}
	name, _ := cleanName(hdr.Name, w.lim.NameBytes)
	w.problem(name, "%s is not followed", what)
	return nil
}

// cut records that the archive ends early.
func (w *walker) cut(err error) {
	w.damage = err
	if errors.Is(err, errTotal) {
		w.problem("", "%v (%d): the rest is not read", errTotal, w.lim.TotalBytes)
		return
	}
	w.problem("", "damaged %s after %d entries: %s", w.bundle.Format, w.entries, reason(err))
}

// afterTar reads what follows the archive's end, so that a bad checksum of the
// compression is seen.
func (w *walker) afterTar(tail *tailReader) error {
	if !tail.zeros(tarBlock) {
		w.problem("", "the %s has no end mark: it may be cut after %d entries", w.bundle.Format, w.entries)
		w.damage = io.ErrUnexpectedEOF
	}
	buf := make([]byte, 32<<10)
	var extra bool
	for {
		if w.ctx.Err() != nil {
			return w.ctx.Err()
		}
		n, err := tail.Read(buf)
		extra = extra || !tail.zeros(int64(n))
		if err == io.EOF {
			break
		}
		if err != nil {
			w.cut(err)
			return nil
		}
	}
	if extra {
		w.problem("", "content after the end of the %s is not read", w.bundle.Format)
	}
	return nil
}

// tailReader counts the NUL bytes at the end of what was read so far.
type tailReader struct {
	r   io.Reader
	nul int64
}

func (t *tailReader) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	kept := int64(len(bytes.TrimRight(p[:n], "\x00")))
	if kept > 0 {
		t.nul = 0
	}
	t.nul += int64(n) - kept
	return n, err
}

// zeros reports whether the last n bytes are NUL.
func (t *tailReader) zeros(n int64) bool { return t.nul >= n }
