package fleet

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func newStore(t testing.TB) *Store {
	t.Helper()
	s, err := OpenToWrite(filepath.Join(t.TempDir(), "a b?c.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// found is a result with one verdict, or none.
func found(n int, rule string, more ...string) Result {
	r := Result{Hash: fmt.Sprintf("%064d", n), Version: "1", Rules: "r1", Status: Whole,
		Nodes:    []Node{{Name: fmt.Sprintf("node-%d", n%3), Kernel: "6.1.90", Collected: time.Date(2026, 11, 2+n, 0, 0, 0, 0, time.UTC), Daemons: map[string]string{"dockerd": "20.10." + fmt.Sprint(n%2)}}},
		Features: more}
	if rule != "" {
		r.Findings = []Finding{{Rule: rule, Verdict: true, Confidence: "certain", Severity: "critical", Summary: rule}}
		r.Features = append(r.Features, ruleFeature+rule)
	}
	slices.Sort(r.Features)
	return r
}

// putAt is where put puts a result.
func putAt(r Result) Place { return Place{Path: "/b/" + r.Hash[60:], Size: 1, Stamp: "s"} }

func put(t testing.TB, s *Store, results ...Result) {
	t.Helper()
	for _, r := range results {
		if err := s.Put(t.Context(), putAt(r), r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestQuestions(t *testing.T) {
	s := newStore(t)
	broken := Result{Hash: fmt.Sprintf("%064d", 9), Version: "1", Rules: "r1", Status: Unreadable, Damage: []string{"not recognised"}}
	put(t, s, found(1, "frozen"), found(2, "frozen"), found(3, "nfs"), found(4, ""), broken)
	top, err := s.Top(t.Context(), Filter{})
	if err != nil || len(top) != 2 || top[0].Rule != "frozen" || top[0].Bundles != 2 || top[0].Nodes != 2 || top[0].First.Day() != 3 || top[0].Last.Day() != 4 {
		t.Errorf("top %+v, %v", top, err)
	}
	tally, err := s.Tally(t.Context(), Filter{})
	if err != nil || tally != (Tally{Whole: 4, Unreadable: 1, Silent: 1}) {
		t.Errorf("tally %+v, %v", tally, err)
	}
	trend, err := s.Trend(t.Context(), Filter{})
	if err != nil || len(trend) != 2 || trend[0].Start.Format(time.DateOnly) != "2026-11-02" || trend[0].Start.Weekday() != time.Monday {
		t.Errorf("trend %+v, %v", trend, err)
	}
	for _, tt := range []struct {
		filter Filter
		want   int64
	}{
		{Filter{Version: "20.10.1"}, 2}, {Filter{Daemon: "dockerd"}, 3}, {Filter{Daemon: "kubelet"}, 0}, {Filter{Kernel: "6.1"}, 3}, {Filter{Kernel: "5"}, 0},
		{Filter{Node: "node-1"}, 1}, {Filter{Path: "/b/000"}, 3}, {Filter{Path: "/c"}, 0},
		{Filter{Since: time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC)}, 2}, {Filter{Until: time.Date(2026, 11, 4, 0, 0, 0, 0, time.UTC)}, 1},
	} {
		top, err := s.Top(t.Context(), tt.filter)
		n := int64(0)
		for _, c := range top {
			n += c.Bundles
		}
		if err != nil || n != tt.want {
			t.Errorf("%+v: %d verdicts, want %d, %v", tt.filter, n, tt.want, err)
		}
	}
	for _, name := range []string{"/b/0002", fmt.Sprintf("%064d", 2)} {
		k, err := s.Show(t.Context(), name)
		if err != nil || k.Hash != fmt.Sprintf("%064d", 2) || len(k.Places) != 1 || k.Findings[0].Rule != "frozen" {
			t.Errorf("show %s: %+v, %v", name, k, err)
		}
	}
	if _, err := s.Show(t.Context(), "/none"); !errors.Is(err, ErrNotKept) {
		t.Errorf("show of nothing: %v", err)
	}
}

// A result is kept once; a later one of the same content takes its place in answers.
func TestAgain(t *testing.T) {
	s := newStore(t)
	r := found(1, "frozen", "wait frozen-fs")
	put(t, s, r, r, found(2, "nfs"))
	later := found(1, "thawed")
	later.Rules = "r2"
	put(t, s, later)
	top, err := s.Top(t.Context(), Filter{})
	if err != nil || len(top) != 2 || top[0].Rule != "nfs" || top[1].Rule != "thawed" {
		t.Errorf("top %+v, %v", top, err)
	}
	n := 0
	for k, err := range s.All(t.Context(), Filter{}) {
		if n++; err != nil || k.Hash == r.Hash && k.Rules != "r2" {
			t.Errorf("%+v, %v", k, err)
		}
	}
	if n != 2 {
		t.Errorf("%d results", n)
	}
	var waits int
	if err := s.db.QueryRow(`select n from feature where name = 'wait frozen-fs'`).Scan(&waits); err != nil || waits != 0 {
		t.Errorf("%d results have the feature of an old one, %v", waits, err)
	}
	for _, tt := range []struct {
		p     Place
		rules string
		want  bool
	}{
		{Place{Path: "/b/0001", Size: 1, Stamp: "s"}, "r2", true}, {Place{Path: "/b/0001", Size: 1, Stamp: "s"}, "r1", false}, {Place{Path: "/b/0001", Size: 1, Stamp: "s"}, "r3", false},
		{Place{Path: "/b/0001", Size: 2, Stamp: "s"}, "r2", false}, {Place{Path: "/b/0001", Size: 1, Stamp: "t"}, "r2", false}, {Place{Path: "/b/none", Size: 1, Stamp: "s"}, "r2", false},
	} {
		if known, err := s.Known(t.Context(), tt.p, "1", tt.rules); known != tt.want || err != nil {
			t.Errorf("%+v: %t, %v", tt, known, err)
		}
	}
	put(t, s, r) // by the rules of before
	if top, err := s.Top(t.Context(), Filter{}); err != nil || len(top) != 2 || top[0].Rule != "frozen" || top[1].Rule != "nfs" {
		t.Errorf("with the rules of before: top %+v, %v", top, err)
	}
	if err := s.db.QueryRow(`select n from feature where name = 'wait frozen-fs'`).Scan(&waits); err != nil || waits != 1 {
		t.Errorf("%d results have the feature, %v", waits, err)
	}
}

// One process writes at a time, others may look.
func TestOneWriter(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.db")
	if _, err := Open(path); err == nil {
		t.Error("a store that is not there is opened")
	}
	s, err := OpenToWrite(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenToWrite(path); !errors.Is(err, ErrLocked) {
		t.Errorf("a second writer: %v", err)
	}
	put(t, s, found(1, "frozen"))
	reader, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	if top, err := reader.Top(t.Context(), Filter{}); err != nil || len(top) != 1 {
		t.Errorf("a reader sees %v, %v", top, err)
	}
	s.Close()
	if s, err = OpenToWrite(path); err != nil {
		t.Fatalf("after the first writer: %v", err)
	}
	s.Close()
}

// What is like comes first, whatever else the fleet has.
func TestSimilar(t *testing.T) {
	s := newStore(t)
	usual := []string{}
	for i := range 60 {
		usual = append(usual, fmt.Sprintf("stack dockerd %016x", i))
	}
	with := func(n int, rule string, more ...string) Result {
		return found(n, rule, append(slices.Clone(usual), more...)...)
	}
	for n := 10; n < 40; n++ {
		put(t, s, with(n, "", fmt.Sprintf("stack dockerd own %d", n)))
	}
	put(t, s, with(1, "frozen", "wait uninterruptible frozen-fs vfs_write", "stack dockerd kill"), with(2, "nfs", "wait uninterruptible nfs nfs_wait"))
	q := with(99, "frozen", "wait uninterruptible frozen-fs mnt_want_write", "stack dockerd kill")
	like, err := s.Similar(t.Context(), q, 3)
	if err != nil || len(like) == 0 || like[0].Hash != fmt.Sprintf("%064d", 1) {
		t.Fatalf("%+v, %v", like, err)
	}
	if first := like[0]; !slices.Contains(first.Shared[:2], "holds frozen") || first.Missing[0] != "wait uninterruptible frozen-fs vfs_write" || first.New[0] != "wait uninterruptible frozen-fs mnt_want_write" {
		t.Errorf("shared %v, missing %v, new %v", first.Shared[:2], first.Missing, first.New)
	}
	if len(like) > 1 && like[1].Score > like[0].Score/2 {
		t.Errorf("scores %.2f and %.2f", like[0].Score, like[1].Score)
	}
	if own, err := s.Similar(t.Context(), with(1, "frozen", "wait uninterruptible frozen-fs vfs_write", "stack dockerd kill"), 3); err != nil || len(own) > 0 && own[0].Hash == fmt.Sprintf("%064d", 1) {
		t.Errorf("its own content is like it: %+v, %v", own, err)
	}
}

// The same findings are found again where the goroutines are all others, as after an
// upgrade.
func TestSimilarFingerprint(t *testing.T) {
	s := newStore(t)
	with := func(n int, of string) Result {
		features := []string{"signature closed-fifo"}
		for i := range 200 {
			features = append(features, fmt.Sprintf("stack dockerd %s %d", of, i))
		}
		return found(n, "", features...)
	}
	put(t, s, with(1, "old"))
	like, err := s.Similar(t.Context(), with(2, "new"), 3)
	if err != nil || len(like) != 1 || !like[0].Same || like[0].Score > 0.1 {
		t.Errorf("%+v, %v", like, err)
	}
}

// Results without a verdict are clustered by what they share.
func TestUnknown(t *testing.T) {
	s := newStore(t)
	for n := range 4 {
		put(t, s, found(10+n, "", "signature odd", "wait uninterruptible new", fmt.Sprintf("stack x %d", n)))
	}
	for n := range 40 { // the rest of the fleet
		put(t, s, found(100+n, "frozen", "signature usual"))
	}
	put(t, s, found(20, "", "signature other", "stack y 1"), found(30, "frozen", "signature odd"))
	clusters, err := s.Unknown(t.Context(), Filter{}, 0)
	if err != nil || len(clusters) != 2 || len(clusters[0].Bundles) != 4 || strings.Join(clusters[0].Common, "|") != "wait uninterruptible new|signature odd" {
		t.Errorf("%+v, %v", clusters, err)
	}
}

func TestMinHash(t *testing.T) {
	set := func(from, to int) (out []uint64) {
		for i := from; i < to; i++ {
			out = append(out, mix(uint64(i+1))&^7)
		}
		slices.Sort(out)
		return out
	}
	shared := func(a, b []uint64) (n int) {
		x, y := bandsOf(a), bandsOf(b)
		for i := range x {
			if x[i] == y[i] {
				n++
			}
		}
		return n
	}
	if n := shared(set(0, 100), set(0, 100)); n != bands {
		t.Errorf("equal sets share %d bands", n)
	}
	if n := shared(set(0, 100), set(10, 110)); n == 0 { // J = 0.82
		t.Error("like sets share no band")
	}
	if n := shared(set(0, 100), set(100, 200)); n != 0 {
		t.Errorf("sets without a common element share %d bands", n)
	}
	if bandsOf(nil) != nil {
		t.Error("an empty set has bands")
	}
	ids := set(0, 5)
	if !slices.Equal(unpack(pack(ids)), ids) || len(unpack([]byte{1, 2, 3})) != 0 {
		t.Error("what was packed is not unpacked")
	}
	for f, want := range map[string]int{"holds x": 8, "wait x": 4, "hangs x": 4, "signature x": 2, "stack x": 1} {
		if got := weightOf(featureID(f)); got != want {
			t.Errorf("%s weighs %d, want %d", f, got, want)
		}
	}
}
