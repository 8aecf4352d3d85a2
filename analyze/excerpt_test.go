package analyze

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"culprit/analyze/bundle"
	"culprit/analyze/fact"
)

func TestQuote(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("x", 200<<10)
	for name, text := range map[string]string{
		"a/ps.txt":  "PID STAT\n  1 S\r\n" + long + "\nlast",
		"a/log.txt": strings.Repeat("line\n", 100),
		"b/ps.txt":  "other\n",
	} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	for _, tt := range []struct {
		name  string
		ref   fact.Ref
		paths []string
		want  string // "" none
	}{
		{"one line, its end cut off", fact.Ref{Source: "ps.txt", Line: 2, Offset: 9}, []string{a}, "  1 S"},
		{"a range", fact.Ref{Source: "ps.txt", Line: 1, EndLine: 2}, []string{a}, "PID STAT\n  1 S"},
		{"a long line is cut", fact.Ref{Source: "ps.txt", Line: 3, Offset: 16}, []string{a}, long[:excerptBytes]},
		{"the line behind it, without newline", fact.Ref{Source: "ps.txt", Line: 4, Offset: 16 + 200<<10 + 1}, []string{a}, "last"},
		{"a range beyond the end", fact.Ref{Source: "ps.txt", Line: 4, EndLine: 9}, []string{a}, "last"},
		{"a long range is cut", fact.Ref{Source: "log.txt", Line: 1, EndLine: 100}, []string{a}, strings.TrimSuffix(strings.Repeat("line\n", excerptLines), "\n")},
		{"a line beyond the end", fact.Ref{Source: "ps.txt", Line: 5}, []string{a}, ""},
		{"another line stands there now", fact.Ref{Source: "ps.txt", Line: 2, Offset: 8}, []string{a}, ""},
		{"a source as a whole", fact.Ref{Source: "ps.txt"}, []string{a}, ""},
		{"a source that is gone", fact.Ref{Source: "gone", Line: 1}, []string{a}, ""},
		{"a bundle that is gone", fact.Ref{Source: "ps.txt", Line: 1}, []string{filepath.Join(dir, "c")}, ""},
		{"the second of two bundles", fact.Ref{Source: "2/ps.txt", Line: 1}, []string{a, b}, "other"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var r Report
			if err := r.Quote(context.Background(), Options{Limits: bundle.DefaultLimits()}, []fact.Ref{tt.ref}, tt.paths...); err != nil {
				t.Fatal(err)
			}
			got, found := r.Excerpts[tt.ref]
			if got != tt.want || found != (tt.want != "") {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestQuoteIsBounded: more refs than a report may quote are cut off, and a
// cancelled context ends the second reading.
func TestQuoteIsBounded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "dockerd.log")
	if err := os.WriteFile(file, []byte(strings.Repeat("level=info\n", maxExcerpts+10)), 0o644); err != nil {
		t.Fatal(err)
	}
	var refs []fact.Ref
	for n := range maxExcerpts + 10 {
		refs = append(refs, fact.Ref{Source: "dockerd.log", Line: n + 1})
	}
	var r Report
	ctx, cancel := context.WithCancel(context.Background())
	if err := r.Quote(ctx, Options{}, refs, file); err != nil || len(r.Excerpts) != maxExcerpts {
		t.Errorf("%d excerpts, %v", len(r.Excerpts), err)
	}
	cancel()
	if err := r.Quote(ctx, Options{}, refs, file); err == nil {
		t.Error("a cancelled reading gives no error")
	}
}
