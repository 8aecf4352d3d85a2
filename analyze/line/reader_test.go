package line

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

type framed struct {
	no        int
	offset    int64
	text      string
	cut, open bool
}

func frame(r io.Reader) ([]framed, error) {
	in := NewReader(r)
	var all []framed
	for {
		l, ok := in.Next()
		if !ok {
			return all, in.Err()
		}
		all = append(all, framed{l.No, l.Offset, string(l.Text), l.Cut, l.Open})
	}
}

func TestReader(t *testing.T) {
	full := strings.Repeat("x", MaxLine)
	tests := []struct {
		name, text string
		want       []framed
	}{
		{"empty", "", nil},
		{"one newline", "\n", []framed{{no: 1}}},
		{"plain", "a\nbc\n", []framed{{1, 0, "a", false, false}, {2, 2, "bc", false, false}}},
		{"open", "a\nbc", []framed{{1, 0, "a", false, false}, {2, 2, "bc", false, true}}},
		{"crlf", "a\r\n\r\nb\r", []framed{{1, 0, "a", false, false}, {2, 3, "", false, false}, {3, 5, "b\r", false, true}}},
		{"control bytes stay", "\x00\xff\r.\n", []framed{{1, 0, "\x00\xff\r.", false, false}}},
		{"longest", full + "\r\nb\n", []framed{{1, 0, full, false, false}, {2, MaxLine + 2, "b", false, false}}},
		{"one more", full + "y\nb\n", []framed{{1, 0, full, true, false}, {2, MaxLine + 2, "b", false, false}}},
		{"much more", "a\n" + full + full + "\nb\n",
			[]framed{{1, 0, "a", false, false}, {2, 2, full, true, false}, {3, 3 + 2*MaxLine, "b", false, false}}},
		{"cut and open", full + full, []framed{{1, 0, full, true, true}}},
		{"one more and open", full + "y", []framed{{1, 0, full, true, true}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for name, r := range map[string]io.Reader{
				"whole": strings.NewReader(tt.text),
				"eof":   iotest.DataErrReader(strings.NewReader(tt.text)),
				"half":  iotest.HalfReader(strings.NewReader(tt.text)),
			} {
				got, err := frame(r)
				if err != nil || len(got) != len(tt.want) {
					t.Fatalf("%s: %d lines, error %v; want %d lines", name, len(got), err, len(tt.want))
				}
				for i := range got {
					if got[i] != tt.want[i] {
						t.Errorf("%s: line %d differs: no %d offset %d len %d cut %v open %v", name, i,
							got[i].no, got[i].offset, len(got[i].text), got[i].cut, got[i].open)
					}
				}
			}
		})
	}
}

func TestReaderError(t *testing.T) {
	broken := errors.New("unexpected end of gzip")
	got, err := frame(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(broken)))
	if !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
	if len(got) != 2 || got[1] != (framed{2, 2, "b", false, true}) {
		t.Errorf("got %v", got)
	}
	if _, err := frame(stuck{}); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a reader that never returns bytes: error %v", err)
	}
}

type stuck struct{}

func (stuck) Read([]byte) (int, error) { return 0, nil }

// endless yields one line of size bytes without holding it.
type endless struct{ left int }

func (e *endless) Read(p []byte) (int, error) {
	if e.left == 0 {
		return 0, io.EOF
	}
	n := min(len(p), e.left)
	for i := range p[:n] {
		p[i] = 'x'
	}
	e.left -= n
	return n, nil
}

func TestReaderLongLineIsBounded(t *testing.T) {
	in := NewReader(&endless{left: 64 << 20})
	l, ok := in.Next()
	if !ok || !l.Cut || !l.Open || len(l.Text) != MaxLine {
		t.Fatalf("got %v cut %v open %v len %d", ok, l.Cut, l.Open, len(l.Text))
	}
	if cap(in.buf) > fullBuffer {
		t.Errorf("buffer grew to %d", cap(in.buf))
	}
}

func FuzzReader(f *testing.F) {
	f.Add("a\r\nb\n\nc")
	f.Add("\n\r\n\r")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := frame(iotest.OneByteReader(strings.NewReader(text)))
		if err != nil {
			t.Fatal(err)
		}
		want := strings.SplitAfter(text, "\n")
		if want[len(want)-1] == "" {
			want = want[:len(want)-1]
		}
		if len(got) != len(want) {
			t.Fatalf("%d lines, want %d", len(got), len(want))
		}
		at := int64(0)
		for i, raw := range want {
			open := !strings.HasSuffix(raw, "\n")
			body := raw
			if !open {
				body = strings.TrimSuffix(strings.TrimSuffix(raw, "\n"), "\r")
			}
			if w := (framed{i + 1, at, body, false, open}); got[i] != w {
				t.Errorf("got %+v, want %+v", got[i], w)
			}
			at += int64(len(raw))
		}
	})
}
