package line

import (
	"errors"
	"io"
	"slices"
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

// What Block and Take give is what Next gives.
func checkBlocks(t *testing.T, text string) {
	t.Helper()
	want, _ := frame(strings.NewReader(text))
	for name, r := range map[string]io.Reader{
		"whole": strings.NewReader(text),
		"eof":   iotest.DataErrReader(strings.NewReader(text)),
		"half":  iotest.HalfReader(strings.NewReader(text)),
	} {
		in := NewReader(r)
		var got []framed
		for b, ok := in.Block(); ok; b, ok = in.Block() {
			last := b.Last()
			for lines := b.Lines; lines > 0; lines-- {
				if b.Lines != lines {
					t.Fatalf("%s: %d lines in a block that has %d more", name, b.Lines, lines)
				}
				l := b.Take(0)
				got = append(got, framed{l.No, l.Offset, string(l.Text), l.Cut, l.Open})
			}
			if last := (framed{last.No, last.Offset, string(last.Text), last.Cut, last.Open}); last != got[len(got)-1] {
				t.Errorf("%s: Last is line %d at %d, the last one is line %d", name, last.no, last.offset, got[len(got)-1].no)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %d lines by blocks, %d one by one, or not the same", name, len(got), len(want))
		}
	}
}

// Lines that are as long as a block, or end with one, are in one block each.
func TestBlocks(t *testing.T) {
	for _, long := range []int{0, 1, 100, firstBuffer - 4, firstBuffer - 3, firstBuffer - 2, firstBuffer - 1, firstBuffer, firstBuffer + 1, 3 * firstBuffer, MaxLine, MaxLine + 1, 2 * MaxLine} {
		line := strings.Repeat("x", long)
		checkBlocks(t, "a\r\n"+line+"\nb\n"+line+"\r\n\n"+line)
	}
	checkBlocks(t, strings.Repeat("a line of some bytes\n", 20_000))
}

func TestTake(t *testing.T) {
	const text = "one\r\n\nthree\nfour\n"
	for at, want := range map[int]framed{
		0: {11, 100, "one", false, false}, 4: {11, 100, "one", false, false}, 5: {12, 105, "", false, false},
		6: {13, 106, "three", false, false}, 9: {13, 106, "three", false, false}, 16: {14, 112, "four", false, false},
	} {
		b := Block{No: 11, Offset: 100, Lines: 4, Text: []byte(text)}
		l := b.Take(at)
		if got := (framed{l.No, l.Offset, string(l.Text), l.Cut, l.Open}); got != want {
			t.Errorf("Take(%d) is %+v, want %+v", at, got, want)
		}
		if b.No != l.No+1 || b.Lines != 14-l.No || b.Offset != 100+int64(len(text)-len(b.Text)) {
			t.Errorf("Take(%d) leaves %d lines from line %d at %d, %q", at, b.Lines, b.No, b.Offset, b.Text)
		}
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
		checkBlocks(t, text)
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
