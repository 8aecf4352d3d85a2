package fleet

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// The newest of each cause and span are listed, those without a date too, and each filter
// holds for them.
func TestIncidents(t *testing.T) {
	s := newStore(t)
	undated := found(40, "nfs")
	undated.Nodes[0].Collected = time.Time{}
	twice := found(6, "frozen")
	twice.Findings = append(twice.Findings, Finding{Rule: "nfs", Verdict: true})
	put(t, s, found(1, "frozen"), found(2, "frozen"), found(3, "frozen"), twice, found(7, "frozen"), found(8, ""), undated)
	ask := func(f Filter, weeks, most int) []string {
		t.Helper()
		all, err := s.Incidents(t.Context(), f, weeks, most)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, i := range all {
			start := "never"
			if !i.Start.IsZero() {
				start = i.Start.Format("01-02")
			}
			if len(i.Places) != 1 || i.Features != nil {
				t.Errorf("%+v", i)
			}
			out = append(out, fmt.Sprintf("%s %s %s", i.Rule, start, i.Hash[62:]))
		}
		return out
	}
	for _, tt := range []struct {
		filter      Filter
		weeks, most int
		want        []string
	}{
		{Filter{}, 1, 2, []string{"frozen 11-02 06", "frozen 11-02 03", "frozen 11-09 07", "nfs never 40", "nfs 11-02 06"}},
		{Filter{}, 1, 9, []string{"frozen 11-02 06", "frozen 11-02 03", "frozen 11-02 02", "frozen 11-02 01", "frozen 11-09 07", "nfs never 40", "nfs 11-02 06"}},
		{Filter{}, 4, 1, []string{"frozen 10-26 07", "nfs never 40", "nfs 10-26 06"}},
		{Filter{Cause: "nfs"}, 1, 2, []string{"frozen 11-02 06", "nfs never 40", "nfs 11-02 06"}},
		{Filter{Node: "node-2"}, 1, 9, []string{"frozen 11-02 02"}},
		{Filter{Node: "none"}, 1, 9, nil},
	} {
		if got := ask(tt.filter, tt.weeks, tt.most); !slices.Equal(got, tt.want) {
			t.Errorf("%+v by %d weeks, at most %d:\n%q, want\n%q", tt.filter, tt.weeks, tt.most, got, tt.want)
		}
	}
}

func TestExtent(t *testing.T) {
	s := newStore(t)
	if e, err := s.Extent(t.Context(), Filter{}); err != nil || e != (Extent{}) {
		t.Errorf("of nothing: %+v, %v", e, err)
	}
	broken := Result{Hash: fmt.Sprintf("%064d", 9), Version: "1", Rules: "r1", Status: Unreadable, Damage: []string{"not recognised"}}
	put(t, s, found(1, "frozen"), found(2, ""), found(4, ""), broken)
	e, err := s.Extent(t.Context(), Filter{})
	if want := (Extent{2, time.Date(2026, 11, 3, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 6, 0, 0, 0, 0, time.UTC), 1}); err != nil || e != want {
		t.Errorf("%+v, want %+v, %v", e, want, err)
	}
	if e, err := s.Extent(t.Context(), Filter{Node: "node-2"}); err != nil || e.Nodes != 1 || e.Undated != 0 {
		t.Errorf("of one node: %+v, %v", e, err)
	}
	for most, want := range []int{0, 1, 1} {
		all, err := s.Unreadable(t.Context(), Filter{}, most)
		if err != nil || len(all) != want || want == 1 && (all[0].Damage[0] != "not recognised" || len(all[0].Places) != 1) {
			t.Errorf("%+v, %v", all, err)
		}
	}
}
