package bundle

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"
)

// scanZip visits the members of a zip by their local headers alone, as in one that
// is cut before its directory. Members that were deleted may come back.
func (w *walker) scanZip(a *archive, c *coders, r io.ReaderAt, size int64) error {
	pos := int64(0)
	for {
		if err := w.ended(); err != nil {
			return w.stop(err)
		}
		m, start, ok := nextLocal(r, pos, size)
		if !ok {
			return nil
		}
		if err := w.count(a); err != nil {
			return err
		}
		var err error
		if pos, err = w.scanned(a, c, r, m, start, size); err != nil {
			return err
		}
	}
}

// scanned visits one member, of which only the beginning may be known, and returns
// where to look for the next.
func (w *walker) scanned(a *archive, c *coders, r io.ReaderAt, m zipMember, start, size int64) (next int64, err error) {
	open := m.flags&zipDescriptor != 0 && m.packed == 0
	end := min(start+m.packed, size)
	next = end
	if open {
		end = size
	}
	packed := io.NewSectionReader(r, start, end-start)
	switch {
	case strings.HasSuffix(m.name, "/"):
	case m.flags&zipEncrypted != 0:
		w.denied(a, m.name, errEncrypted)
	case open && m.method == 0:
		w.denied(a, m.name, errors.New("its length does not stand before it"))
	case open:
		// A deflated member tells its own end.
		err = w.zipMember(a, c, m, packed, func() (stated, error) {
			want, err := readDescriptor(c.src)
			next = start + c.raw.n - int64(c.src.Buffered())
			return want, err
		})
	default:
		err = w.zipMember(a, c, m, packed, nil)
	}
	return next, err
}

// readDescriptor reads the descriptor at src, with or without its magic. Its sizes
// have 4 or 8 bytes: the next record, behind it, tells.
func readDescriptor(src *bufio.Reader) (stated, error) {
	if head, _ := src.Peek(4); bytes.Equal(head, magicDescriptor) {
		src.Discard(4)
	}
	for _, width := range []int{4, 8} {
		n := 4 + 2*width
		head, _ := src.Peek(n + 2)
		if len(head) < n || len(head) > n && !bytes.HasPrefix(head[n:], []byte("PK")[:len(head)-n]) {
			continue
		}
		want := stated{crc: le32(head), hasCRC: true, size: int64(le32(head[4+width:]))}
		if width == 8 {
			want.size = int64(le64(head[4+width:]))
		}
		src.Discard(n)
		return want, nil
	}
	return stated{}, errors.New("no descriptor follows it")
}

// nextLocal finds the first local header at pos or behind it, and where its content
// begins.
func nextLocal(r io.ReaderAt, pos, size int64) (m zipMember, start int64, ok bool) {
	if m, start, ok = localHeader(r, pos); ok {
		return m, start, true
	}
	src := bufio.NewReader(io.NewSectionReader(r, pos, size-pos))
	for {
		head, err := src.Peek(len(magicZip))
		if err != nil {
			return m, 0, false
		}
		if bytes.Equal(head, magicZip) {
			if m, start, ok = localHeader(r, pos); ok {
				return m, start, true
			}
		}
		held, _ := src.Peek(src.Buffered())
		skip := len(held) - len(magicZip) + 1
		if i := bytes.Index(held[1:], magicZip); i >= 0 {
			skip = 1 + i
		}
		src.Discard(skip)
		pos += int64(skip)
	}
}

func localHeader(r io.ReaderAt, pos int64) (m zipMember, start int64, ok bool) {
	var h [zipLocalBytes]byte
	if _, err := r.ReadAt(h[:], pos); err != nil || !bytes.HasPrefix(h[:], magicZip) {
		return m, 0, false
	}
	m = zipMember{
		flags: le16(h[6:]), method: le16(h[8:]), crc: le32(h[14:]),
		packed: int64(le32(h[18:])), size: int64(le32(h[22:])), at: pos,
	}
	name, extra := int(le16(h[26:])), int(le16(h[28:]))
	text := make([]byte, name+extra)
	if got, _ := r.ReadAt(text, pos+zipLocalBytes); got < len(text) || name == 0 || bytes.IndexByte(text[:name], 0) >= 0 {
		return m, 0, false
	}
	m.setName(string(text[:name]), zipMadeByUnix)
	m.zip64(text[name:])
	if m.packed < 0 || m.size < 0 {
		return m, 0, false
	}
	return m, pos + zipLocalBytes + int64(name+extra), true
}
