package bundle

import (
	"bytes"
	"errors"
	"io"

	"github.com/klauspost/compress/gzip"
)

const (
	// aheadBytes is how much of a source is held ready for one call of the decoder, which
	// returns at most 32 KiB. 15 bits a byte are the most that these take (RFC 1951
	// section 3.2.7), and blocks of a few bytes each, as of a writer that flushes after
	// every one, some 8 bytes a byte.
	aheadBytes  = 512 << 10
	windowBytes = 2 * aheadBytes
)

// errHollow is how a source ends of which half a MiB holds less than 32 KiB.
var errHollow = errors.New("gzip: half a MiB of blocks that hold next to nothing")

var idleGzip = make(idle[*gzipMembers], maxIdle)

func newGzip() *gzipMembers {
	if g, ok := idleGzip.take(); ok {
		return g
	}
	return &gzipMembers{window: new([windowBytes]byte)}
}

// doneGzip gives a decoder back.
func doneGzip(g *gzipMembers) {
	g.src = nil
	idleGzip.give(g)
}

// gzipMembers reads one gzip member after the other (RFC 1952 section 2.2) and
// the NUL bytes that may pad the last.
//
// It holds a part of its source in memory, since the decoder takes a fifth less time to
// read a *bytes.Reader than any other: of that it has a loop in which no byte is a call.
type gzipMembers struct {
	dec    gzip.Reader
	src    io.Reader
	end    error // why src ended, nil before
	window *[windowBytes]byte
	held   []byte // what of the window is filled
	unread bytes.Reader
}

func (g *gzipMembers) reset(src io.Reader) error {
	g.src, g.end, g.held = src, nil, nil
	g.unread.Reset(nil)
	return g.next()
}

// next begins the next member.
func (g *gzipMembers) next() error {
	g.fill()
	if err := g.dec.Reset(&g.unread); err != nil {
		return g.reason(cutShort(err))
	}
	g.dec.Multistream(false)
	return nil
}

// fill reads on where little is unread.
func (g *gzipMembers) fill() {
	if g.end != nil || g.unread.Len() >= aheadBytes {
		return
	}
	n := copy(g.window[:], g.rest())
	for n < aheadBytes && g.end == nil {
		var more int
		more, g.end = g.src.Read(g.window[n:])
		n += more
	}
	g.held = g.window[:n]
	g.unread.Reset(g.held)
}

// rest is what is held and unread.
func (g *gzipMembers) rest() []byte { return g.held[len(g.held)-g.unread.Len():] }

func (g *gzipMembers) Read(p []byte) (int, error) {
	g.fill()
	n, err := g.dec.Read(p)
	if err != io.EOF {
		return n, g.reason(err)
	}
	g.fill()
	if bytes.HasPrefix(g.rest(), magicGzip) {
		return n, g.next()
	}
	for g.unread.Len() > 0 {
		if len(bytes.TrimLeft(g.rest(), "\x00")) > 0 {
			return n, errTrailing
		}
		g.unread.Reset(nil)
		g.fill()
	}
	return n, g.end
}

// reason is why the decoder ended with err, which it takes for the end of the source.
func (g *gzipMembers) reason(err error) error {
	switch {
	case err != io.ErrUnexpectedEOF || g.unread.Len() > 0 || g.end == io.EOF:
		return err
	case g.end == nil:
		return errHollow
	}
	return g.end
}
