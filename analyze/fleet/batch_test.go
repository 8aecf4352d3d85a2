package fleet

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"culprit/analyze"
	"culprit/analyze/bundle"
	"culprit/rules"
)

var ruleSet = sync.OnceValues(func() (*rules.Set, error) { return rules.Load() })

func options(t testing.TB) analyze.Options {
	t.Helper()
	set, err := ruleSet()
	if err != nil {
		t.Fatal(err)
	}
	return analyze.Options{Rules: set, Version: "test", Limits: bundle.DefaultLimits()}
}

// samples are the archives of the samples.
func samples(t testing.TB) []Place {
	t.Helper()
	places, err := Find(t.Context(), nil, []string{"../../samples/*/bundle.tar.zst"})
	if err != nil || len(places) < 10 {
		t.Fatalf("%d samples, %v", len(places), err)
	}
	return places
}

// fill analyses the samples into a store and returns the results by path.
func fill(t testing.TB, s *Store) map[string]Result {
	t.Helper()
	results := map[string]Result{}
	b := Batch{Options: options(t), Workers: 2, Done: func(o Outcome) error {
		results[o.Place.Path] = o.Result
		return s.Keep(t.Context(), o)
	}}
	if err := b.Run(t.Context(), samples(t)); err != nil {
		t.Fatal(err)
	}
	return results
}

// A run over the samples, one of which is damaged and one is no bundle: each is a
// result, and the second run reads nothing.
func TestBatch(t *testing.T) {
	dir := t.TempDir()
	raw, err := os.ReadFile(samples(t)[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"a.tar.zst": raw, "copy.tar.zst": raw, "cut.tar.zst": raw[:len(raw)/2], "no.tar.zst": []byte("no bundle at all"), "empty.tar.gz": nil} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	s := newStore(t)
	o := options(t)
	run := func() map[string]Outcome {
		places, err := Find(t.Context(), nil, []string{dir})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]Outcome{}
		b := Batch{Options: o, Workers: 1, Done: func(o Outcome) error { got[filepath.Base(o.Place.Path)] = o; return s.Keep(t.Context(), o) },
			KnownPlace:   func(p Place) (bool, error) { return s.Known(t.Context(), p, o.Version, o.Rules.Hash) },
			KnownContent: func(hash string) (bool, error) { return s.KnownContent(t.Context(), hash, o.Version, o.Rules.Hash) }}
		if err := b.Run(t.Context(), places); err != nil {
			t.Fatal(err)
		}
		return got
	}
	first := run()
	for name, want := range map[string]Status{"a.tar.zst": Whole, "copy.tar.zst": "", "cut.tar.zst": Damaged, "no.tar.zst": Unreadable, "empty.tar.gz": Unreadable} {
		if o := first[name]; o.Result.Status != want || o.Skipped != (want == "") || want == Damaged && len(o.Result.Damage) == 0 {
			t.Errorf("%s: %+v, want %s", name, o, want)
		}
	}
	for name, o := range run() {
		if !o.Skipped {
			t.Errorf("%s is read again", name)
		}
	}
	if k, err := s.Show(t.Context(), filepath.Join(dir, "copy.tar.zst")); err != nil || len(k.Places) != 2 {
		t.Errorf("the copy: %+v, %v", k.Places, err)
	}
	if err := os.Chtimes(filepath.Join(dir, "no.tar.zst"), first["a.tar.zst"].Result.Nodes[0].Collected, first["a.tar.zst"].Result.Nodes[0].Collected); err != nil {
		t.Fatal(err)
	}
	if o := run()["no.tar.zst"]; !o.Skipped || o.Result.Hash == "" {
		t.Errorf("a file with another time and the same content: %+v", o)
	}
}

// What Done or ctx says ends the run, and no worker is left.
func TestBatchEnds(t *testing.T) {
	enough := errors.New("enough")
	n := 0
	b := Batch{Options: options(t), Workers: 4, Done: func(Outcome) error {
		if n++; n == 2 {
			return enough
		}
		return nil
	}}
	if err := b.Run(t.Context(), samples(t)); !errors.Is(err, enough) || n != 2 {
		t.Errorf("%v after %d", err, n)
	}
	ctx, stop := context.WithCancel(t.Context())
	b.Done = func(Outcome) error { stop(); return nil }
	if err := b.Run(ctx, samples(t)); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// Of each sample the likest other one has the same cause, where there is one.
func TestSimilarSamples(t *testing.T) {
	s := newStore(t)
	results := fill(t, s)
	verdict := func(r Result) string {
		for _, f := range r.Findings {
			if f.Verdict {
				return f.Rule
			}
		}
		return ""
	}
	count := map[string]int{}
	for _, r := range results {
		count[verdict(r)]++
	}
	for path, r := range results {
		like, err := s.Similar(t.Context(), r, 3)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range like {
			t.Logf("%-50s %-34s %.2f %s", path[len("../../samples/"):], verdict(r), m.Score, verdict(m.Result))
			if want := verdict(r); i == 0 && want != "" && count[want] > 1 && verdict(m.Result) != want {
				t.Errorf("%s (%s): the likest is %s (%s)", path, want, m.Places, verdict(m.Result))
			}
			if verdict(m.Result) != verdict(r) && verdict(r) != "" && m.Score > alike {
				t.Errorf("%s (%s) is taken for %s (%s): %.2f", path, verdict(r), m.Places, verdict(m.Result), m.Score)
			}
		}
	}
}

// Features name no host, container or time: those of the same incident are the same
// wherever it happened.
func TestFeatures(t *testing.T) {
	s := newStore(t)
	for path, r := range fill(t, s) {
		if !slices.IsSorted(r.Features) || len(slices.Compact(slices.Clone(r.Features))) != len(r.Features) || len(r.Features) == 0 {
			t.Errorf("%s: %v", path, r.Features)
		}
		for _, f := range r.Features {
			for _, n := range r.Nodes {
				if n.Name != "" && slices.Contains(strings.Fields(f), n.Name) {
					t.Errorf("%s: %q names the node", path, f)
				}
			}
		}
	}
}
