package bundle

import (
	"bytes"
	"compress/bzip2"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/mikelolasagasti/xz"
)

// sevenZip visits the regular members of a 7z in the order stored.
func (w *walker) sevenZip(a *archive, r io.ReaderAt, size int64) error {
	var c coders
	defer c.close()
	dir, err := readSevenZip(&c, r, size, w.lim.Entries-w.entries+1)
	if err != nil {
		return w.cut(a, err)
	}
	var at int // of the next stream
	var b blockReader
	for _, f := range dir.files {
		if err := w.count(a); err != nil {
			return err
		}
		var s szStream
		if f.hasStream {
			s = dir.streams[at]
			at++
			if b.block != s.block {
				b = w.openBlock(&c, r, s.block)
			}
		}
		if err := w.sevenZipMember(a, f, s, &b); err != nil {
			return err
		}
	}
	return nil
}

// sevenZipMember visits one member. What it leaves of its stream is skipped.
func (w *walker) sevenZipMember(a *archive, f szFile, s szStream, b *blockReader) error {
	content := io.LimitReader(b, s.size)
	switch mode := unixType(f.mode); {
	case !f.hasStream && !f.empty, mode.IsDir():
		return nil
	case !f.hasStream:
		return w.stored(a, f.name, bytes.NewReader(nil))
	case mode != 0:
		w.skipped(a, f.name, fileType(mode))
		io.Copy(io.Discard, content)
		return nil
	case b.err != nil && b.n == 0:
		w.denied(a, f.name, b.err)
		return nil
	}
	whole := &checkedReader{r: content, want: func() (stated, error) { return s.stated, nil }}
	return w.stored(a, f.name, whole)
}

// blockReader is the content of a block (7z says folder): the streams of one or
// more members, packed together.
type blockReader struct {
	block *szBlock
	r     io.Reader
	n     int64
	err   error
}

func (w *walker) openBlock(c *coders, r io.ReaderAt, block *szBlock) blockReader {
	dec, err := c.ofSevenZip(block, r)
	return blockReader{block: block, r: &ratioReader{r: dec, in: &c.raw, ratio: int64(w.lim.Ratio)}, err: err}
}

func (b *blockReader) Read(p []byte) (int, error) {
	if b.err != nil {
		return 0, b.err
	}
	n, err := b.r.Read(p)
	b.n += int64(n)
	if err != nil {
		b.err = cutShort(err)
	}
	return n, b.err
}

// Methods of 7z (Methods.txt of the 7-Zip sources).
const (
	szCopy    = "\x00"
	szLZMA2   = "\x21"
	szLZMA    = "\x03\x01\x01"
	szDeflate = "\x04\x01\x08"
	szBzip2   = "\x04\x02\x02"
	szZstd    = "\x04\xf7\x11\x01"
	szAES     = "\x06\xf1\x07\x01"
)

// ofSevenZip is the decoder of a block, which ends where the block's content does.
func (c *coders) ofSevenZip(b *szBlock, r io.ReaderAt) (dec io.Reader, err error) {
	defer contain(FormatSevenZip, &err)
	src := c.source(io.NewSectionReader(r, b.at, b.packed))
	switch {
	case b.encrypted:
		return nil, errEncrypted
	case b.method == szCopy:
		dec = src
	case b.method == szDeflate:
		dec, err = c.deflate(src)
	case b.method == szBzip2:
		dec = bzip2.NewReader(src)
	case b.method == szZstd:
		dec, err = c.zstd(src)
	case b.method == szLZMA && len(b.properties) == 5:
		dec, err = c.lzma(src, b.properties, b.size)
	case b.method == szLZMA2 && len(b.properties) == 1:
		dec, err = xz.NewReader(io.MultiReader(xzHeader(b.properties[0]), src), maxWindow)
	default:
		return nil, unsupported(fmt.Sprintf("%x", b.method))
	}
	if err != nil {
		return nil, err
	}
	return &exactReader{&decoding{dec: dec, src: src, format: FormatSevenZip}, b.size}, nil
}

// lzmaHeader is what stands before LZMA in a file of its own:
//
//	properties 5  size 8, -1 where an end mark tells
func lzmaHeader(properties []byte, size int64) io.Reader {
	return bytes.NewReader(binary.LittleEndian.AppendUint64(append([]byte(nil), properties...), uint64(size)))
}

// xzHeader is what stands before LZMA2 in an .xz file without checks (its format's
// sections 2.1.1 and 3.1); what stands behind it is never asked for:
//
//	magic 6  flags 2: no check  crc of the flags 4
//	header size 1: 12 bytes  flags 1: one filter  filter 1  bytes of properties 1  properties 1  padding 3  crc 4
func xzHeader(properties byte) io.Reader {
	stream := append([]byte(nil), magicXz...)
	stream = append(stream, 0, 0)
	stream = binary.LittleEndian.AppendUint32(stream, crc32.ChecksumIEEE([]byte{0, 0}))
	block := []byte{2, 0, 0x21, 1, properties, 0, 0, 0}
	stream = append(stream, block...)
	return bytes.NewReader(binary.LittleEndian.AppendUint32(stream, crc32.ChecksumIEEE(block)))
}
