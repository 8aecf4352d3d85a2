package tui

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"culprit/analyze/fact"
)

func textOf(t testing.TB, content string) *source {
	t.Helper()
	x, err := newSource(context.Background(), strings.NewReader(content), int64(len(content)))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

func TestSource(t *testing.T) {
	var many []string
	for i := range 1000 {
		many = append(many, strings.Repeat(fmt.Sprint(i), i%7))
	}
	for _, tt := range []struct {
		content string
		want    []string
	}{
		{"", nil},
		{"a\nb\n", []string{"a", "b"}},
		{"a\nb", []string{"a", "b"}},
		{"a\n\n\r\nb\r\n", []string{"a", "", "", "b"}},
		{"\n", []string{""}},
		{strings.Repeat("x", maxLine+9) + "\ny", []string{strings.Repeat("x", maxLine) + " … and 10 bytes more", "y"}},
		{strings.Repeat("x", 300<<10) + "\n" + strings.Repeat("y\n", 200), append([]string{fmt.Sprintf("%s … and %d bytes more", strings.Repeat("x", maxLine), 300<<10+1-maxLine)}, strings.Split(strings.Repeat("y ", 200)[:399], " ")...)},
		{strings.Join(many, "\n") + "\nend", append(many, "end")},
	} {
		x := textOf(t, tt.content)
		var got []string
		for i := range x.Len() {
			got = append(got, x.Line(i))
		}
		if strings.Join(got, "|") != strings.Join(tt.want, "|") || len(got) != len(tt.want) {
			t.Errorf("%.20q: %d lines, want %d", tt.content, len(got), len(tt.want))
		}
	}
}

// Lines at random are those in order.
func FuzzSource(f *testing.F) {
	f.Add("a\nb\n\nc", 2)
	f.Add(strings.Repeat("line\n", 200), 130)
	f.Fuzz(func(t *testing.T, content string, i int) {
		x := textOf(t, content)
		want := strings.Split(content, "\n")
		if n := len(want) - 1; want[n] == "" {
			want = want[:n]
		}
		if x.Len() != len(want) {
			t.Fatalf("%d lines, want %d", x.Len(), len(want))
		}
		if len(want) == 0 {
			return
		}
		if i = abs(i) % len(want); len(want[i]) >= maxLine {
			return // cut, and marked
		}
		line := strings.TrimRight(want[i], "\r\n")
		if got := x.Line(i); got != line {
			t.Errorf("line %d is %q, want %q", i, got, line)
		}
	})
}

// The lines that a ref cites are marked, and no others.
func TestCited(t *testing.T) {
	r := raw{textOf(t, "a\nb\nc\nd\n"), fact.Ref{Source: "x", Line: 2, EndLine: 3}}
	var marked []int
	for i := range r.Len() {
		if strings.Contains(r.Row(i, 80).text, "*") {
			marked = append(marked, i+1)
		}
	}
	if len(marked) != 2 || marked[0] != 2 || marked[1] != 3 {
		t.Errorf("marked are %v", marked)
	}
}

func TestCanceledSource(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	if _, err := newSource(ctx, strings.NewReader("a\n"), 2); err == nil {
		t.Error("a reading that is canceled goes on")
	}
}

// Lines by their offsets are the same in whatever order they are asked for.
func TestWindow(t *testing.T) {
	content := strings.Repeat("short\n", 20_000) + strings.Repeat("x", 20_000) + "\nafter\r\nend"
	w := window{content: strings.NewReader(content)}
	for _, tt := range []struct {
		offset int
		want   string
	}{
		{0, "short"}, {6, "short"}, {19_999 * 6, "short"}, {6 * 10_922, "short"}, {20_000 * 6, strings.Repeat("x", 16<<10) + " …"},
		{20_000*6 + 20_001, "after"}, {20_000*6 + 20_008, "end"}, {12, "short"},
	} {
		if got := w.line(int64(tt.offset)); got != tt.want {
			t.Errorf("at %d: %.30q, want %.30q", tt.offset, got, tt.want)
		}
	}
	if got := w.line(1 << 30); !strings.Contains(got, "cannot be read") {
		t.Errorf("beyond the end: %q", got)
	}
}
