package tui

import (
	"os"
	"strings"
	"testing"

	"culprit/analyze/fact"
)

func spooled(t testing.TB, writes ...string) *spool {
	t.Helper()
	f, err := os.CreateTemp(t.TempDir(), "spool")
	if err != nil {
		t.Fatal(err)
	}
	s := &spool{file: f}
	t.Cleanup(s.Close)
	for _, w := range writes {
		if _, err := s.Write([]byte(w)); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func TestSpool(t *testing.T) {
	for _, tt := range []struct {
		writes []string
		want   []string
	}{
		{nil, nil},
		{[]string{"a\nb\n"}, []string{"a", "b"}},
		{[]string{"a\nb"}, []string{"a", "b"}},
		{[]string{"a", "b\nc\n", "d"}, []string{"ab", "c", "d"}},
		{[]string{"a\n", "\n", "\r\n", "b\r\n"}, []string{"a", "", "", "b"}},
		{[]string{"\n"}, []string{""}},
		{[]string{strings.Repeat("x", maxLine+9) + "\ny"}, []string{strings.Repeat("x", maxLine), "y"}},
	} {
		s := spooled(t, tt.writes...)
		var got []string
		for i := range s.Len() {
			got = append(got, s.Line(i))
		}
		if strings.Join(got, "|") != strings.Join(tt.want, "|") || len(got) != len(tt.want) {
			t.Errorf("%q: lines %.60q, want %.60q", tt.writes, got, tt.want)
		}
	}
}

// The lines that a ref cites are marked, and no others.
func TestCited(t *testing.T) {
	r := raw{spooled(t, "a\nb\nc\nd\n"), fact.Ref{Source: "x", Line: 2, EndLine: 3}}
	var marked []int
	for i := range r.Len() {
		if strings.Contains(r.Row(i).text, "*") {
			marked = append(marked, i+1)
		}
	}
	if len(marked) != 2 || marked[0] != 2 || marked[1] != 3 {
		t.Errorf("marked are %v", marked)
	}
}
