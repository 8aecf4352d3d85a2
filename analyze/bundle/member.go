package bundle

import (
	"bufio"
	"errors"
	"fmt"
	"hash/crc32"
	"io"

	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zstd"
	"github.com/ulikunitz/xz/lzma"
)

var errChecksum = errors.New("invalid checksum")

// stated is what an archive says of a member's content.
type stated struct {
	size   int64
	crc    uint32
	hasCRC bool
}

// checkedReader holds content against what its archive states of it.
type checkedReader struct {
	r    io.Reader
	want func() (stated, error) // asked at the end
	n    int64
	sum  uint32
	end  error
}

func (c *checkedReader) Read(p []byte) (int, error) {
	if c.end != nil {
		return 0, c.end
	}
	n, err := c.r.Read(p)
	c.n += int64(n)
	c.sum = crc32.Update(c.sum, crc32.IEEETable, p[:n])
	if c.end = err; err == io.EOF {
		c.end = c.check()
	}
	return n, c.end
}

// check is io.EOF where the content is what its archive says.
func (c *checkedReader) check() error {
	want, err := c.want()
	switch {
	case err != nil:
		return err
	case want.size != c.n:
		return fmt.Errorf("%d bytes, its archive says %d", c.n, want.size)
	case want.hasCRC && want.crc != c.sum:
		return errChecksum
	}
	return io.EOF
}

// exactReader ends after left bytes, whatever its reader says behind them.
type exactReader struct {
	r    io.Reader
	left int64
}

func (e *exactReader) Read(p []byte) (int, error) {
	if e.left <= 0 {
		return 0, io.EOF
	}
	n, err := e.r.Read(p[:min(int64(len(p)), e.left)])
	if e.left -= int64(n); e.left == 0 {
		return n, nil
	}
	return n, cutShort(err)
}

// coders are the decoders that zip and 7z name by method. They are kept from one
// member to the next.
type coders struct {
	raw     tap
	src     *bufio.Reader
	inflate io.ReadCloser
	zst     *zstd.Decoder
}

// source makes packed what a decoder reads.
func (c *coders) source(packed io.Reader) *bufio.Reader {
	c.raw = tap{r: packed}
	if c.src == nil {
		c.src = newBuffer()
	}
	c.src.Reset(&c.raw)
	return c.src
}

func (c *coders) deflate(src io.Reader) (io.Reader, error) {
	if c.inflate == nil {
		c.inflate = flate.NewReader(src)
		return c.inflate, nil
	}
	return c.inflate, c.inflate.(flate.Resetter).Reset(src, nil)
}

func (c *coders) zstd(src io.Reader) (io.Reader, error) {
	if c.zst == nil {
		dec, err := newZstd()
		if err != nil {
			return nil, err
		}
		c.zst = dec
	}
	return c.zst, c.zst.Reset(src)
}

// lzma reads LZMA with its five bytes of properties and its size apart, -1 where
// an end mark tells.
func (c *coders) lzma(src io.Reader, properties []byte, size int64) (io.Reader, error) {
	return lzma.ReaderConfig{DictCap: maxWindow}.NewReader(io.MultiReader(lzmaHeader(properties, size), src))
}

func (c *coders) close() {
	if c.src != nil {
		doneBuffer(c.src)
	}
	if c.zst != nil {
		doneZstd(c.zst)
	}
}
