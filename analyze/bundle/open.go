package bundle

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// Magic bytes: RFC 1952 section 2.3.1 with its only method, RFC 8878 section
// 3.1.1, and section 3.1.2 for the skippable frames that pzstd writes first.
var (
	magicGzip = []byte{0x1f, 0x8b, 8}
	magicZstd = []byte{0x28, 0xb5, 0x2f, 0xfd}
	magicSkip = []byte{0x2a, 0x4d, 0x18} // after a byte 0x50 to 0x5f
)

// opener undoes one layer of compression. It keeps its buffers and decoders from
// one stream to the next.
type opener struct {
	ratio int
	raw   tap
	src   *bufio.Reader
	body  *bufio.Reader
	gz    *gzip.Reader
	zst   *zstd.Decoder
}

// stream is an opened source or archive.
type stream struct {
	// format is "gzip", "zstd" or "" for content that is stored plainly.
	format string
	body   *bufio.Reader
	// raw is what the content is read from: it counts, and hashes where format is
	// not "" and a hash was asked for, the stored bytes.
	raw *tap
	// damaged is set when the compression's own header cannot be read: body is
	// then empty.
	damaged bool
}

// open tells the compression of r by its magic bytes. The stream is valid until
// the next call. hashed asks for the hash of compressed bytes. The error is that of a header that cannot be read.
func (o *opener) open(r io.Reader, hashed bool) (stream, error) {
	if o.src == nil {
		o.src = bufio.NewReaderSize(nil, headBytes)
		o.body = bufio.NewReaderSize(nil, headBytes)
	}
	o.raw = tap{r: r}
	o.src.Reset(&o.raw)
	s := stream{body: o.src, raw: &o.raw}
	head, _ := o.src.Peek(4)
	var dec io.Reader
	var err error
	switch {
	case bytes.HasPrefix(head, magicGzip):
		s.format = "gzip"
		o.hashStored(hashed)
		dec, err = o.gzip()
	case bytes.HasPrefix(head, magicZstd), len(head) == 4 && head[0]&0xf0 == 0x50 && bytes.Equal(head[1:], magicSkip):
		s.format = "zstd"
		o.hashStored(hashed)
		dec, err = o.zstd()
	default:
		return s, nil
	}
	if err != nil {
		o.body.Reset(bytes.NewReader(nil))
		s.body, s.damaged = o.body, true
		return s, err
	}
	o.body.Reset(&ratioReader{r: dec, in: &o.raw, ratio: int64(o.ratio)})
	s.body = o.body
	return s, nil
}

// hashStored makes raw hash all stored bytes, those that are buffered already
// too, where that is wanted.
func (o *opener) hashStored(wanted bool) {
	if !wanted {
		return
	}
	o.raw.hash = sha256.New()
	buffered, _ := o.src.Peek(o.src.Buffered())
	o.raw.hash.Write(buffered)
}

func (o *opener) gzip() (io.Reader, error) {
	if o.gz == nil {
		o.gz = new(gzip.Reader)
	}
	return o.gz, o.gz.Reset(o.src)
}

func (o *opener) zstd() (io.Reader, error) {
	if o.zst == nil {
		dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		o.zst = dec
	}
	return o.zst, o.zst.Reset(o.src)
}

// close frees the decoder of zstd.
func (o *opener) close() {
	if o.zst != nil {
		o.zst.Close()
		o.zst = nil
	}
}

// tap counts what passes, hashes it where hash is set, and remembers the error
// that ended it.
type tap struct {
	r    io.Reader
	n    int64
	hash hash.Hash
	err  error // nil at io.EOF
}

func (t *tap) Read(p []byte) (int, error) {
	n, err := t.r.Read(p)
	t.n += int64(n)
	if t.hash != nil {
		t.hash.Write(p[:n])
	}
	if err != nil && err != io.EOF {
		t.err = err
	}
	return n, err
}

// sum is the hex digest of what passed, "" when it was not asked for.
func (t *tap) sum() string {
	if t.hash == nil {
		return ""
	}
	return hex.EncodeToString(t.hash.Sum(nil))
}

// ratioReader ends with errRatio where much more comes out than went in.
type ratioReader struct {
	r     io.Reader
	in    *tap
	start int64 // of in, where the content begins
	out   int64
	ratio int64
}

func (r *ratioReader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.out += int64(n)
	if r.out > ratioGrace && r.out/r.ratio > r.in.n-r.start {
		return n, errRatio
	}
	return n, err
}

// capReader ends with errTotal after left bytes.
type capReader struct {
	r    io.Reader
	left int64
}

func (c *capReader) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errTotal
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.left)])
	c.left -= int64(n)
	return n, err
}
