package stack

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"culprit/analyze/fact"
)

func FuzzReadText(f *testing.F) {
	for _, wrap := range wrappings {
		f.Add([]byte(wrap(debug2)))
		f.Add([]byte(wrap(debug1)))
	}
	f.Add([]byte(splitLine(debug2, 61)))
	f.Add([]byte("SIGQUIT: quit\n\ngoroutine 0 [idle]:\nruntime.futex()\n\t/f.s:1 +0x1\n\n" + debug2[:700]))
	f.Fuzz(func(t *testing.T, text []byte) {
		parts, problems := ReadText(bytes.NewReader(text), "x")
		lines := bytes.Count(text, []byte("\n"))
		if !bytes.HasSuffix(text, []byte("\n")) {
			lines++
		}
		inside := func(r fact.Ref) {
			if r.Source != "x" || r.Line < 1 || r.Line > lines || r.EndLine != 0 && (r.EndLine < r.Line || r.EndLine > lines) || r.Offset < 0 || r.Offset > int64(len(text)) {
				t.Fatalf("ref %+v of %d lines, %d bytes", r, lines, len(text))
			}
		}
		rows := 0
		for _, p := range problems {
			inside(p.Ref)
		}
		for _, p := range parts {
			for _, r := range p.Dump.Refs {
				inside(r)
			}
			var sum int64
			for _, s := range p.Stacks {
				rows++
				sum += s.Count
				if len(s.Refs) == 0 || len(s.Lines) != len(s.Frames) || s.Count < 1 {
					t.Fatalf("row %+v", s)
				}
				for _, r := range s.Refs {
					inside(r)
				}
			}
			if p.Dump.Groups != len(p.Stacks) || p.Dump.Complete && p.Dump.Total != sum {
				t.Fatalf("dump %+v, counts add up to %d", p.Dump, sum)
			}
		}
		// One line can hold many written-out ones, which end in "\n" or "#012".
		lines += bytes.Count(text, []byte(`\n`)) + bytes.Count(text, []byte("#012"))
		if rows > lines || len(parts) > lines || len(problems) > 2*lines+1 {
			t.Fatalf("%d rows, %d parts, %d problems of %d lines", rows, len(parts), len(problems), lines)
		}
		halves, _ := ReadText(iotest.HalfReader(strings.NewReader(string(text))), "x")
		if !reflect.DeepEqual(halves, parts) {
			t.Fatalf("read by halves: %+v\nat once: %+v", halves, parts)
		}
		if small := readSmall(text, 512); longest(text) < 512 && !reflect.DeepEqual(small, parts) {
			t.Fatalf("through a small buffer: %+v\nat once: %+v", small, parts)
		}
		Merge(parts)
	})
}

// readSmall reads through a buffer of n bytes, so that it ends everywhere in a line.
func readSmall(text []byte, n int) []Part {
	r := newText(bytes.NewReader(text), "x")
	r.in.buf = r.in.buf[:n:n]
	r.run()
	return r.parts
}

func longest(text []byte) (n int) {
	for line := range bytes.Lines(text) {
		n = max(n, len(line))
	}
	return n
}

func FuzzReadProfile(f *testing.F) {
	f.Add(goroutineBuilder().bytes(f, true))
	f.Add(goroutineBuilder().bytes(f, false))
	heap := newBuilder("inuse_objects", "inuse_space")
	heap.sample([]string{"main.leak", "main.main"}, 1, 512)
	f.Add(heap.bytes(f, false))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, problems := ReadProfile(bytes.NewReader(raw), "x")
		if (len(problems) == 0) == reflect.DeepEqual(p, Part{}) {
			t.Fatalf("part %+v, problems %v", p, problems)
		}
		for _, s := range p.Stacks {
			if len(s.Lines) != len(s.Frames) || s.Count < 1 {
				t.Fatalf("row %+v", s)
			}
		}
	})
}
