package fleet

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"culprit/analyze"
	"culprit/rules"
)

// otherRules are the built-in ones and one more, with other signatures too where
// signature is set.
func otherRules(t testing.TB, signature bool) *rules.Set {
	t.Helper()
	pack := fstest.MapFS{
		"ids.yaml": {Data: []byte("site-any-process:\n  role: cause\n  layer: config\n  per: node\n  meaning: \"there is a process\"\n")},
		"defs/any.yaml": {Data: []byte(`id: site-any-process
title: a process
layer: config
severity: warning
per: node
select:
  any: {from: processes, where: 'row.pid > 0'}
cause:
  - {name: there is one, at_least: {of: any, n: 1}}
no_rival: it is there
summary: there is a process
next:
  now: [nothing]
`)},
	}
	if signature {
		pack["signatures/site.yaml"] = &fstest.MapFile{Data: []byte("- id: site-line\n  pattern: 'site line \\d+'\n  means: a line\n  example: site line 1\n  near_miss: site line x\n  refs: [none]\n")}
	}
	set, err := rules.Load(pack)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// What was read of the samples and is judged again, by the same rules or others, gives
// what reading them again gives, and needs no bundle.
func TestJudgedAgain(t *testing.T) {
	s, o := newStore(t), options(t)
	dir := t.TempDir()
	for _, p := range samples(t) {
		raw, err := os.ReadFile(p.Path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Join(dir, filepath.Base(filepath.Dir(p.Path))+".tar.zst")
		if err := os.WriteFile(name, raw, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	copies, err := Find(t.Context(), nil, []string{dir})
	if err != nil {
		t.Fatal(err)
	}
	reader := func(set *rules.Set) Reader { return Reader{"code", set.SignaturesHash} }
	run := func(set *rules.Set, places []Place) map[string]Outcome {
		t.Helper()
		o.Rules = set
		got := map[string]Outcome{}
		pack, err := Packer(reader(set))
		if err != nil {
			t.Fatal(err)
		}
		b := Batch{Options: o, Workers: 2, Pack: pack,
			Facts: func(p Place) (string, *analyze.Facts, error) {
				return s.Facts(t.Context(), p, reader(set))
			},
			Done: func(o Outcome) error { got[o.Place.Path] = o; return s.Keep(t.Context(), o) }}
		if err := b.Run(t.Context(), places); err != nil {
			t.Fatal(err)
		}
		return got
	}
	read := run(o.Rules, copies)
	for i, other := range []*rules.Set{o.Rules, otherRules(t, false)} {
		o.Version = fmt.Sprintf("v%d", i) // another version that reads alike
		name, judged := fmt.Sprintf("rules %d", i), run(other, copies)
		for _, p := range copies {
			if read[p.Path].Again || !judged[p.Path].Again {
				t.Errorf("%s: %s is read %t, then %t", name, p.Path, !read[p.Path].Again, !judged[p.Path].Again)
			}
			fresh, err := (Batch{Options: o}).Result(t.Context(), p.Path)
			if err != nil {
				t.Fatal(err)
			}
			want, _ := json.Marshal(fresh)
			if got, _ := json.Marshal(judged[p.Path].Result); string(got) != string(want) {
				t.Errorf("%s: %s judged again:\n%s\nread:\n%s", name, p.Path, got, want)
			}
		}
	}
	places, unread, err := s.Stale(t.Context(), o.Version, options(t).Rules.Hash, reader(options(t).Rules))
	if err != nil || len(places) != len(copies) || unread != 0 {
		t.Errorf("%d stale, %d unread, %v", len(places), unread, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	run(options(t).Rules, places) // of bundles that are gone
	if top, err := s.Top(t.Context(), Filter{}); err != nil || len(top) < 5 || top[0].Rule == "site-any-process" {
		t.Errorf("top %v, %v", top, err)
	}
	for name, ask := range map[string]Reader{
		"code":       {"other", o.Rules.SignaturesHash},
		"signatures": reader(otherRules(t, true)),
	} {
		if _, f, err := s.Facts(t.Context(), copies[0], ask); f != nil || err != nil {
			t.Errorf("facts for another %s: %v, %v", name, f, err)
		}
		if places, unread, err := s.Stale(t.Context(), o.Version, "other", ask); err != nil || len(places) != 0 || int(unread) != len(copies) {
			t.Errorf("another %s: %d places, %d unread, %v", name, len(places), unread, err)
		}
	}
	if _, err := s.db.Exec(`update facts set facts = substr(facts, 1, 100)`); err != nil {
		t.Fatal(err)
	}
	if _, f, err := s.Facts(t.Context(), copies[0], reader(o.Rules)); f != nil || err != nil {
		t.Errorf("cut facts: %v, %v", f, err)
	}
	// Bundles that are gone and facts that are damaged: nothing is known anew, nothing lost.
	b := Batch{Options: o, Unread: true, Facts: func(p Place) (string, *analyze.Facts, error) {
		return s.Facts(t.Context(), p, reader(o.Rules))
	}, Done: func(o Outcome) error {
		if !o.Skipped {
			t.Errorf("%s is %s", o.Place.Path, o.Result.Status)
		}
		return s.Keep(t.Context(), o)
	}}
	if err := b.Run(t.Context(), copies); err != nil {
		t.Fatal(err)
	}
	if tally, err := s.Tally(t.Context(), Filter{}); err != nil || tally.Unreadable != 0 || int(tally.Whole+tally.Damaged) != len(copies) {
		t.Errorf("afterwards %+v, %v", tally, err)
	}
}
