package host

import (
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"culprit/analyze/fact"
)

// ref is the whole-line ref that most rows carry.
func ref(source string, line int, offset int64) fact.Ref {
	return fact.Ref{Source: source, Line: line, Offset: offset}
}

// lineRef is the ref of line n of text, by counting.
func lineRef(source, text string, n int) fact.Ref {
	before := strings.SplitAfter(text, "\n")[:n-1]
	return ref(source, n, int64(len(strings.Join(before, ""))))
}

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s\n got %+v\nwant %+v", what, got, want)
	}
}

// texts are problems as "source:line text".
func texts(problems []fact.Problem) []string {
	var out []string
	for _, p := range problems {
		out = append(out, p.Ref.String()+" "+p.Text)
	}
	return out
}

func noProblems(t *testing.T, problems []fact.Problem) {
	t.Helper()
	if len(problems) > 0 {
		t.Errorf("unexpected problems: %q", texts(problems))
	}
}

func TestLines(t *testing.T) {
	l := newLines(strings.NewReader("one\r\n\nthree"), "f")
	type at struct {
		text  string
		n     int
		off   int64
		ended bool
	}
	var got []at
	for l.scan() {
		got = append(got, at{l.text, l.n, l.off, l.ended})
	}
	equal(t, "lines", got, []at{{"one", 1, 0, true}, {"", 2, 5, true}, {"three", 3, 6, false}})
	if l.checkEnd() {
		t.Error("a source without a last newline counts as whole")
	}
	equal(t, "problems", texts(l.problems()), []string{`f:3 ends in the middle of a line: "three"`})
}

func TestLongLineIsCut(t *testing.T) {
	long := strings.Repeat("x", 10<<20)
	l := newLines(io.MultiReader(strings.NewReader(long), strings.NewReader("\nafter\n")), "f")
	if !l.scan() || len(l.text) != maxLine {
		t.Fatalf("the long line has %d bytes, want %d", len(l.text), maxLine)
	}
	if !l.scan() || l.text != "after" || l.n != 2 || l.off != 10<<20+1 {
		t.Errorf("behind it: %q, line %d, offset %d", l.text, l.n, l.off)
	}
	equal(t, "problems", texts(l.problems()), []string{"f:1 line of 10485761 bytes is cut at 1048576"})
}

func TestLineOfExactlyTheCap(t *testing.T) {
	l := newLines(strings.NewReader(strings.Repeat("x", maxLine)+"\n"), "f")
	if !l.scan() || len(l.text) != maxLine {
		t.Errorf("%d bytes", len(l.text))
	}
	noProblems(t, l.problems())
}

func TestReadErrorIsAProblem(t *testing.T) {
	broken := io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(errors.New("gzip: invalid checksum")))
	l := newLines(broken, "f")
	var got []string
	for l.scan() {
		got = append(got, l.text)
	}
	equal(t, "lines", got, []string{"a", "b"})
	if p := texts(l.problems()); len(p) == 0 || !strings.HasSuffix(p[0], "reading stopped: gzip: invalid checksum") {
		t.Errorf("problems: %q", p)
	}
}

func TestProblemsAreBounded(t *testing.T) {
	_, problems := ParseMountinfo(strings.NewReader(strings.Repeat("rubbish\n", 1000)), "proc/1/mountinfo")
	if len(problems) != maxProblems+1 {
		t.Fatalf("%d problems", len(problems))
	}
	equal(t, "last", problems[maxProblems].Text, "980 more problems in this source")
}

func TestQuoteIsShort(t *testing.T) {
	equal(t, "quote", quote(strings.Repeat("\x1b", 100)), `"`+strings.Repeat(`\x1b`, 80)+`..."`)
}
