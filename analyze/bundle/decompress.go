package bundle

import (
	"bytes"
	"compress/bzip2"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
	"github.com/mikelolasagasti/xz"
)

// The compressions, by the names that problems use.
const (
	compGzip  = "gzip"
	compZstd  = "zstd"
	compXz    = "xz"
	compBzip2 = "bzip2"
)

// Magic bytes: RFC 1952 section 2.3.1 with its only method; RFC 8878 section
// 3.1.1, and section 3.1.2 for the skippable frames that pzstd writes first; the
// .xz file format section 2.1.1.1; bzip2's "BZh", its level, and the mark of the
// first block or, where nothing was packed, of the end.
var (
	magicGzip  = []byte{0x1f, 0x8b, 8}
	magicZstd  = []byte{0x28, 0xb5, 0x2f, 0xfd}
	magicSkip  = []byte{0x2a, 0x4d, 0x18} // after a byte 0x50 to 0x5f
	magicXz    = []byte("\xfd7zXZ\x00")
	magicBzip2 = []byte("BZh")
	blockBzip2 = []byte{0x31, 0x41, 0x59, 0x26, 0x53, 0x59}
	endBzip2   = []byte{0x17, 0x72, 0x45, 0x38, 0x50, 0x90}
)

// magicBytes is how much compressionOf looks at.
const magicBytes = 10

// compressionOf names the compression that head begins with, "" none.
func compressionOf(head []byte) string {
	switch {
	case bytes.HasPrefix(head, magicGzip):
		return compGzip
	case bytes.HasPrefix(head, magicZstd), len(head) >= 4 && head[0]&0xf0 == 0x50 && bytes.Equal(head[1:4], magicSkip):
		return compZstd
	case bytes.HasPrefix(head, magicXz):
		return compXz
	case bytes.HasPrefix(head, magicBzip2) && len(head) >= magicBytes && (bytes.HasPrefix(head[4:], blockBzip2) || bytes.HasPrefix(head[4:], endBzip2)):
		return compBzip2
	}
	return ""
}

// errTrailing is how a compressed stream ends that is whole, with something else
// behind it.
var errTrailing = errors.New("content after its end is not read")

func (o *opener) decoder(format string) (dec io.Reader, err error) {
	defer contain(format, &err)
	switch format {
	case compGzip:
		if o.gz == nil {
			o.gz = newGzip()
		}
		return o.gz, o.gz.reset(o.src)
	case compZstd:
		if o.zst == nil {
			if o.zst, err = newZstd(); err != nil {
				return nil, err
			}
		}
		return o.zst, o.zst.Reset(o.src)
	case compXz:
		if o.xz != nil {
			return o.xz, o.xz.Reset(o.src)
		}
		fresh, err := xz.NewReader(o.src, maxWindow)
		if err == nil {
			o.xz = fresh
		}
		return fresh, err
	}
	return bzip2.NewReader(o.src), nil
}

// idle are decoders between two bundles: each has buffers of megabytes, which a
// sync.Pool would drop with every other collection of garbage.
type idle[T any] chan T

// maxIdle is how many of a kind are kept.
const maxIdle = 16

func (i idle[T]) take() (t T, ok bool) {
	select {
	case t = <-i:
		return t, true
	default:
		return t, false
	}
}

func (i idle[T]) give(t T) {
	select {
	case i <- t:
	default:
	}
}

var idleZstd = make(idle[*zstd.Decoder], maxIdle)

func newZstd() (*zstd.Decoder, error) {
	if d, ok := idleZstd.take(); ok {
		return d, nil
	}
	return zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
}

// doneZstd gives a decoder back.
func doneZstd(d *zstd.Decoder) {
	if d.Reset(nil) == nil {
		idleZstd.give(d)
	}
}

// decoding is the output of a decoder that reads src. It tells what comes behind
// the stream from damage in it, takes a panic of the decoder for damage, and stays
// at its end.
type decoding struct {
	dec    io.Reader
	src    io.Reader
	format string
	end    error
}

func (d *decoding) Read(p []byte) (n int, err error) {
	if d.end != nil {
		return 0, d.end
	}
	defer func() { d.end = err }()
	defer contain(d.format, &err)
	n, err = d.dec.Read(p)
	if err != nil && err != io.EOF && behind(err) {
		if _, err := io.Copy(io.Discard, d.src); err != nil {
			return n, err
		}
		return n, errTrailing
	}
	return n, err
}

// contain makes a panic of a decoder, which hostile input may cause, its error.
func contain(format string, err *error) {
	if x := recover(); x != nil {
		*err = fmt.Errorf("%s: %v", format, x)
	}
}

// behind reports whether err says that the next stream, after a whole one, does
// not begin as one.
func behind(err error) bool {
	return errors.Is(err, errTrailing) || errors.Is(err, zstd.ErrMagicMismatch) || errors.Is(err, xz.ErrFormat) ||
		err == bzip2.StructuralError("bad magic value in continuation file")
}

// cutShort is err where more was to come.
func cutShort(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}
