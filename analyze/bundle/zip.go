package bundle

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/bzip2"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"

	"github.com/mikelolasagasti/xz"
)

// The records of a zip (APPNOTE.TXT 4.3), little endian, each after its four bytes
// of magic:
//
//	local header      version 2  flags 2  method 2  time 4  crc 4  packed 4  size 4  name 2  extra 2  ; name, extra, content
//	descriptor        crc 4  packed 4 or 8  size 4 or 8          ; after content whose header did not know
//	directory entry   made by 2  version 2  flags 2  method 2  time 4  crc 4  packed 4  size 4  name 2  extra 2
//	                  comment 2  disk 2  internal 2  external 4  local header at 4      ; name, extra, comment
//	zip64 end         size of this 8  made by 2  version 2  disks 4 4  entries 8 8  directory: size 8, at 8
//	zip64 locator     disk 4  zip64 end at 8  disks 4
//	end               disks 2 2  entries 2 2  directory: size 4, at 4  comment 2          ; comment
const (
	zipLocalBytes   = 30
	zipEntryBytes   = 46
	zipEndBytes     = 22
	zipEnd64Bytes   = 56
	zipLocatorBytes = 20
)

var (
	magicDescriptor = []byte("PK\x07\x08")
	magicZipEntry   = []byte("PK\x01\x02")
	magicZipEnd64   = []byte("PK\x06\x06")
	magicLocator    = []byte("PK\x06\x07")
)

// Bits of an entry's flags (APPNOTE.TXT 4.4.4).
const (
	zipEncrypted  = 1 << 0
	zipDescriptor = 1 << 3
)

// zipMember is one entry of a zip's directory, or one local header.
type zipMember struct {
	name          string
	flags, method uint16
	crc           uint32
	packed, size  int64
	at            int64 // of its local header
	mode          fs.FileMode
	backslashes   bool // its name was written with them
}

// zip visits the regular members of a zip in the order stored, as its directory
// lists them. Without a sound directory its local headers are looked for.
func (w *walker) zip(a *archive, r io.ReaderAt, size int64) error {
	var c coders
	defer c.close()
	members, err := readZipDirectory(r, size, w.lim.Entries-w.entries+1)
	if err != nil {
		w.damage, a.damaged = err, true
		w.problem(a.path, "damaged zip: %s: its members are found by their own headers", reason(err))
		return w.scanZip(a, &c, r, size)
	}
	slices.SortStableFunc(members, func(x, y zipMember) int { return cmp.Compare(x.at, y.at) })
	var end int64 // of the member before
	for _, m := range members {
		if err := w.count(a); err != nil {
			return err
		}
		if m.mode.IsDir() {
			continue
		}
		if m.mode != 0 {
			w.skipped(a, m.name, fileType(m.mode))
			continue
		}
		start, err := m.content(r)
		switch {
		case err != nil:
		case m.at < end:
			err = errors.New("it overlaps another member")
		case m.flags&zipEncrypted != 0:
			err = errEncrypted
		}
		if err != nil {
			w.denied(a, m.name, err)
			continue
		}
		m.packed = min(m.packed, size-start)
		end = start + m.packed
		packed := io.NewSectionReader(r, start, m.packed)
		if err := w.zipMember(a, &c, m, packed, nil); err != nil {
			return err
		}
	}
	return nil
}

// content finds where a member's content begins, behind its local header.
func (m *zipMember) content(r io.ReaderAt) (int64, error) {
	var h [zipLocalBytes]byte
	if _, err := r.ReadAt(h[:], m.at); err != nil || !bytes.HasPrefix(h[:], magicZip) {
		return 0, errors.New("no member is where the directory says")
	}
	return m.at + zipLocalBytes + int64(le16(h[26:])) + int64(le16(h[28:])), nil
}

// zipMember visits a member. want, where it is not nil, says at the content's end
// what is stated of it.
func (w *walker) zipMember(a *archive, c *coders, m zipMember, packed io.Reader, want func() (stated, error)) error {
	src := c.source(packed)
	dec, err := c.ofZip(m, src)
	if err != nil {
		w.denied(a, m.name, err)
		return nil
	}
	if m.backslashes {
		clean, _ := cleanName(m.name, w.lim.NameBytes)
		w.problem(a.join(clean), "name with backslashes, which are taken for slashes")
	}
	if want == nil {
		want = func() (stated, error) { return stated{m.size, m.crc, true}, nil }
	}
	whole := &checkedReader{r: &decoding{dec: dec, src: src, format: FormatZip}, want: want}
	return w.stored(a, m.name, &ratioReader{r: whole, in: &c.raw, ratio: int64(w.lim.Ratio)})
}

// ofZip is the decoder of a member's method (APPNOTE.TXT 4.4.5).
func (c *coders) ofZip(m zipMember, src *bufio.Reader) (dec io.Reader, err error) {
	defer contain(FormatZip, &err)
	switch m.method {
	case 0:
		return src, nil
	case 8:
		return c.deflate(src)
	case 12:
		return bzip2.NewReader(src), nil
	case 14:
		return c.zipLZMA(src, m.size)
	case 93:
		return c.zstd(src)
	case 95:
		return xz.NewReader(src, maxWindow)
	}
	return nil, unsupported(m.method)
}

// zipLZMA reads a member of method 14 (APPNOTE.TXT 5.8.8):
//
//	version 2  bytes of properties 2  properties 5  ; LZMA
func (c *coders) zipLZMA(src io.Reader, size int64) (io.Reader, error) {
	var h [9]byte
	if _, err := io.ReadFull(src, h[:]); err != nil || le16(h[2:]) != 5 {
		return nil, errors.New("broken LZMA header")
	}
	return c.lzma(src, h[4:], size)
}

// readZipDirectory reads the directory at the end of a zip, at most limit entries
// of it.
func readZipDirectory(r io.ReaderAt, size int64, limit int) ([]zipMember, error) {
	entries, at, length, base, err := findZipDirectory(r, size)
	if err != nil {
		return nil, err
	}
	var members []zipMember
	src := bufio.NewReader(io.NewSectionReader(r, at, length))
	for uint64(len(members)) < entries && len(members) < limit {
		m, err := readZipEntry(src)
		if err != nil {
			return nil, fmt.Errorf("its directory ends after %d of %d entries", len(members), entries)
		}
		if m.at += base; m.at < 0 || m.at >= size || m.packed < 0 || m.size < 0 {
			return nil, fmt.Errorf("entry %d of its directory is out of range", len(members)+1)
		}
		members = append(members, m)
	}
	return members, nil
}

// findZipDirectory reads the record at the end of a zip. base is what stands before
// the zip in its file.
func findZipDirectory(r io.ReaderAt, size int64) (entries uint64, at, length, base int64, err error) {
	tail := make([]byte, min(size, zipEndBytes+1<<16))
	if _, err := r.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return 0, 0, 0, 0, err
	}
	i := bytes.LastIndex(tail, magicEmptyZip)
	if i < 0 || len(tail)-i < zipEndBytes {
		return 0, 0, 0, 0, errors.New("it has no directory")
	}
	pos, rec := size-int64(len(tail)-i), tail[i:]
	entries, length, at = uint64(le16(rec[10:])), int64(le32(rec[12:])), int64(le32(rec[16:]))
	if entries == 1<<16-1 || length == 1<<32-1 || at == 1<<32-1 {
		pos, entries, length, at, err = zip64End(r, pos)
		if err != nil {
			return 0, 0, 0, 0, err
		}
	}
	start := pos - length
	base = start - at
	if length > maxDirectory {
		return 0, 0, 0, 0, errDirectory
	}
	if length < 0 || at < 0 || start < 0 || base < 0 {
		return 0, 0, 0, 0, errors.New("its directory is out of range")
	}
	return entries, start, length, base, nil
}

// zip64End reads the larger end record, whose locator stands before end.
func zip64End(r io.ReaderAt, end int64) (pos int64, entries uint64, length, at int64, err error) {
	var loc [zipLocatorBytes]byte
	var rec [zipEnd64Bytes]byte
	broken := errors.New("it has no zip64 end record")
	if _, err := r.ReadAt(loc[:], end-zipLocatorBytes); err != nil || !bytes.HasPrefix(loc[:], magicLocator) {
		return 0, 0, 0, 0, broken
	}
	pos = int64(le64(loc[8:]))
	if pos < 0 || pos > end {
		return 0, 0, 0, 0, broken
	}
	if _, err := r.ReadAt(rec[:], pos); err != nil || !bytes.HasPrefix(rec[:], magicZipEnd64) {
		return 0, 0, 0, 0, broken
	}
	return pos, le64(rec[32:]), int64(le64(rec[40:])), int64(le64(rec[48:])), nil
}

func readZipEntry(r io.Reader) (zipMember, error) {
	var h [zipEntryBytes]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return zipMember{}, err
	}
	if !bytes.HasPrefix(h[:], magicZipEntry) {
		return zipMember{}, errors.New("not a directory entry")
	}
	m := zipMember{
		flags: le16(h[8:]), method: le16(h[10:]), crc: le32(h[16:]),
		packed: int64(le32(h[20:])), size: int64(le32(h[24:])), at: int64(le32(h[42:])),
	}
	name, extra, comment := int(le16(h[28:])), int(le16(h[30:])), int(le16(h[32:]))
	text := make([]byte, name+extra+comment)
	if _, err := io.ReadFull(r, text); err != nil {
		return zipMember{}, err
	}
	m.setName(string(text[:name]), h[5])
	m.zip64(text[name : name+extra])
	m.mode = zipMode(h[5], le32(h[38:]), m.name)
	return m, nil
}

// Systems that wrote an entry (APPNOTE.TXT 4.4.2).
const (
	zipMadeByDOS  = 0
	zipMadeByUnix = 3
	zipMadeByNTFS = 10
	zipMadeByMac  = 19
)

// setName takes a name in. Old tools of Windows write backslashes; on Unix they are
// part of a name. A drive is no folder.
func (m *zipMember) setName(name string, madeBy byte) {
	dos := madeBy == zipMadeByDOS || madeBy == zipMadeByNTFS
	if dos && strings.Contains(name, `\`) && !strings.Contains(name, "/") {
		name, m.backslashes = strings.ReplaceAll(name, `\`, "/"), true
	}
	if dos && len(name) > 2 && name[1] == ':' && name[2] == '/' {
		name = name[2:] // absolute then, which is reported
	}
	m.name = name
}

// zip64 takes from an entry's extra field the numbers that its record has no room
// for (APPNOTE.TXT 4.5.3).
func (m *zipMember) zip64(extra []byte) {
	for len(extra) >= 4 {
		id, n := le16(extra), int(le16(extra[2:]))
		if extra = extra[4:]; n > len(extra) {
			return
		}
		if id == 1 {
			field := extra[:n]
			for _, v := range []*int64{&m.size, &m.packed, &m.at} {
				if *v == 1<<32-1 && len(field) >= 8 {
					*v = int64(le64(field))
					field = field[8:]
				}
			}
		}
		extra = extra[n:]
	}
}

// zipMode is the type of file that an entry states.
func zipMode(madeBy byte, external uint32, name string) fs.FileMode {
	if strings.HasSuffix(name, "/") {
		return fs.ModeDir
	}
	if madeBy == zipMadeByUnix || madeBy == zipMadeByMac {
		return unixType(external >> 16)
	}
	if external&0x10 != 0 {
		return fs.ModeDir
	}
	return 0
}

// unixType is the type of file of an st_mode (inode(7)).
func unixType(mode uint32) fs.FileMode {
	switch mode & 0xf000 {
	case 0x4000:
		return fs.ModeDir
	case 0xa000:
		return fs.ModeSymlink
	case 0x1000:
		return fs.ModeNamedPipe
	case 0xc000:
		return fs.ModeSocket
	case 0x2000, 0x6000:
		return fs.ModeDevice
	}
	return 0
}

func le16(b []byte) uint16 { return binary.LittleEndian.Uint16(b) }
func le32(b []byte) uint32 { return binary.LittleEndian.Uint32(b) }
func le64(b []byte) uint64 { return binary.LittleEndian.Uint64(b) }
