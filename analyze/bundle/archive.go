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
	if len(bytes.Trim(field, " \x0001234567")) > 0 {
		return false
	}
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
func (w *walker) tar(a *archive, r io.Reader) error {
	tail := &tailReader{r: r}
	raw := &tap{r: tail}
	tr := tar.NewReader(raw)
	for {
		hdr, err := tr.Next()
		if err == io.EOF {
			return w.afterTar(a, tail)
		}
		if err != nil && !(errors.Is(err, tar.ErrInsecurePath) && hdr != nil) {
			return w.cut(a, err)
		}
		if err := w.count(a); err != nil {
			return err
		}
		content := &tap{r: &ratioReader{r: tr, in: raw, start: raw.n, ratio: int64(w.lim.Ratio)}}
		if err := w.entry(a, hdr, content); err != nil {
			return err
		}
		// The source has told of a break below it already. A sparse member that
		// only swells is cut alone.
		if content.err != nil && !errors.Is(content.err, errRatio) || raw.err != nil {
			w.damage, a.damaged = errors.Join(content.err, raw.err), true
			return nil
		}
	}
}

// entry visits a regular member and records any other.
func (w *walker) entry(a *archive, hdr *tar.Header, content io.Reader) error {
	var what string
	switch hdr.Typeflag {
	case tar.TypeReg, tar.TypeGNUSparse, tar.TypeCont:
		return w.stored(a, hdr.Name, content)
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
	w.skipped(a, hdr.Name, what)
	return nil
}

// afterTar reads what follows the archive's end, so that a bad checksum of the
// compression is seen.
func (w *walker) afterTar(a *archive, tail *tailReader) error {
	if !tail.zeros(tarBlock) {
		w.noEnd(a)
	}
	buf := make([]byte, 32<<10)
	var extra bool
	for {
		n, err := tail.Read(buf)
		extra = extra || !tail.zeros(int64(n))
		if err == io.EOF {
			break
		}
		if err != nil {
			return w.cut(a, err)
		}
	}
	if extra {
		return w.cut(a, errTrailing)
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
