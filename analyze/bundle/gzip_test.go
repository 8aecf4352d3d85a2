package bundle

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/gzip"
)

// gunzip is what comes out of src.
func gunzip(src io.Reader) (string, error) {
	g := newGzip()
	defer doneGzip(g)
	if err := g.reset(src); err != nil {
		return "", err
	}
	plain, err := io.ReadAll(g)
	return string(plain), err
}

// Members that begin and end anywhere in a window come out whole, however little a read
// of their source returns.
func TestGzipMembers(t *testing.T) {
	plain := noise(3 * windowBytes) // which packs to half
	packed := ""
	for rest := plain; len(rest) > 0; {
		n := min(len(rest), 1+len(packed)/3+aheadBytes/7)
		packed += gz(t, rest[:n])
		rest = rest[n:]
	}
	padded := packed + strings.Repeat("\x00", windowBytes+5)
	for name, src := range map[string]io.Reader{
		"whole": strings.NewReader(packed), "halves": iotest.HalfReader(strings.NewReader(packed)), "bytes": iotest.OneByteReader(strings.NewReader(packed)),
		"with the end": iotest.DataErrReader(strings.NewReader(packed)), "padded": strings.NewReader(padded),
	} {
		if got, err := gunzip(src); err != nil || got != plain {
			t.Errorf("%s: %d bytes of %d, %v", name, len(got), len(plain), err)
		}
	}
	if got, err := gunzip(strings.NewReader(padded + "x")); err != errTrailing || got != plain {
		t.Errorf("something behind it: %d bytes, %v", len(got), err)
	}
}

// What was read before a source breaks comes out, and the reason is the source's own.
func TestGzipBreaks(t *testing.T) {
	plain := noise(3 * windowBytes) // which packs to half
	packed := gz(t, plain)
	broken := errors.New("broken")
	for _, at := range []int{0, 5, 1000, aheadBytes, aheadBytes + 1, windowBytes, len(packed) - 9, len(packed) - 1} {
		var before []byte // that the decoder reads of what it is given directly
		if dec, err := gzip.NewReader(strings.NewReader(packed[:at])); err == nil {
			before, _ = io.ReadAll(dec)
		}
		for want, src := range map[error]io.Reader{
			io.ErrUnexpectedEOF: strings.NewReader(packed[:at]),
			broken:              io.MultiReader(strings.NewReader(packed[:at]), iotest.ErrReader(broken)),
		} {
			if got, err := gunzip(src); err != want || got != string(before) {
				t.Errorf("%v at %d: %d bytes of %d, %v", want, at, len(got), len(before), err)
			}
		}
	}
	if _, err := gunzip(io.MultiReader(strings.NewReader(packed), iotest.ErrReader(broken))); err != broken {
		t.Errorf("behind the end: %v", err)
	}
}

// A stream of which nothing comes out is not read for ever, nor taken for one that is cut.
func TestGzipHollow(t *testing.T) {
	head := gz(t, "")[:10]
	empty := strings.Repeat("\x00\x00\x00\xff\xff", windowBytes) // stored blocks of no bytes
	if got, err := gunzip(strings.NewReader(head + empty)); err != errHollow || got != "" {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}
