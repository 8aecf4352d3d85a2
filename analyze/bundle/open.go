package bundle

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
	"github.com/mikelolasagasti/xz"
)

// opener undoes one layer of compression. It keeps its buffers and decoders from
// one stream to the next.
type opener struct {
	ratio int
	raw   tap
	src   *bufio.Reader
	body  *bufio.Reader
	gz    *gzipMembers
	zst   *zstd.Decoder
	xz    *xz.Reader
}

// stream is an opened source or archive.
type stream struct {
	// format is the name of the outermost compression, "" for content that is
	// stored plainly.
	format string
	body   *bufio.Reader
	// raw is what the content is read from: it counts, and hashes where a hash was
	// asked for, the stored bytes.
	raw *tap
	// damaged is set when the compression's own header cannot be read: body is
	// then empty.
	damaged bool
}

// open tells the compression of r by its magic bytes. The stream is valid until
// the next call. hashed asks for the hash of compressed bytes. The error is that of a header that cannot be read.
func (o *opener) open(r io.Reader, hashed bool) (stream, error) {
	if o.src == nil {
		o.src, o.body = newBuffer(), newBuffer()
	}
	o.raw = tap{r: r}
	o.src.Reset(&o.raw)
	head, _ := o.src.Peek(magicBytes)
	s := stream{format: compressionOf(head), body: o.src, raw: &o.raw}
	if s.format == "" {
		return s, nil
	}
	if hashed {
		o.hashStored()
	}
	dec, err := o.decoder(s.format)
	if err != nil {
		o.body.Reset(bytes.NewReader(nil))
		s.body, s.damaged = o.body, true
		return s, err
	}
	o.body.Reset(&ratioReader{r: &decoding{dec: dec, src: o.src, format: s.format}, in: &o.raw, ratio: int64(o.ratio)})
	s.body = o.body
	return s, nil
}

// hashStored makes raw hash all stored bytes, those that are buffered already
// too.
func (o *opener) hashStored() {
	o.raw.hash = sha256.New()
	buffered, _ := o.src.Peek(o.src.Buffered())
	o.raw.hash.Write(buffered)
}

// close gives the buffers and the decoder of zstd back; no stream is valid any more.
func (o *opener) close() {
	if o.src != nil {
		doneBuffer(o.src)
		doneBuffer(o.body)
	}
	if o.gz != nil {
		doneGzip(o.gz)
	}
	if o.zst != nil {
		doneZstd(o.zst)
	}
	*o = opener{ratio: o.ratio}
}

// idleBuffers are those between two bundles, each of headBytes.
var idleBuffers = sync.Pool{New: func() any { return bufio.NewReaderSize(nil, headBytes) }}

func newBuffer() *bufio.Reader { return idleBuffers.Get().(*bufio.Reader) }

// doneBuffer gives a buffer back.
func doneBuffer(b *bufio.Reader) {
	b.Reset(nil)
	idleBuffers.Put(b)
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

// budget is what of a limit on bytes is left. ended, asked before every read, may
// end the reading too.
type budget struct {
	left  int64
	ended func() error
}

// capReader takes what it reads off a budget and ends with errTotal where that is
// spent.
type capReader struct {
	r io.Reader
	b *budget
}

func (c capReader) Read(p []byte) (int, error) {
	if err := c.b.ended(); err != nil {
		return 0, err
	}
	if c.b.left <= 0 {
		return 0, errTotal
	}
	n, err := c.r.Read(p[:min(int64(len(p)), c.b.left)])
	c.b.left -= int64(n)
	return n, err
}
