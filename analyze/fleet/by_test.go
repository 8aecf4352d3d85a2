package fleet

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// at puts a result at paths.
func at(t testing.TB, s *Store, r Result, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if err := s.Put(t.Context(), Place{Path: path, Size: 1, Stamp: "s"}, r); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTopBy(t *testing.T) {
	s := newStore(t)
	on := func(n int, rule, os string) Result { // see found: node n%3, day 2+n, dockerd 20.10.n%2
		r := found(n, rule)
		r.Nodes[0].OS = os
		return r
	}
	at(t, s, on(1, "frozen", "Debian 12"), "a/prod/1.tar", "a/prod/copy.tar", "b/1.tar")
	at(t, s, on(3, "frozen", "Debian 12"), "a/prod/3.tar", "a/test/3.tar")
	at(t, s, on(8, "frozen", "Debian 13"), "a/test/8.tar")
	at(t, s, on(2, "nfs", ""), "b/2.tar")
	at(t, s, on(4, "", "Debian 12"), "a/prod/4.tar")
	nowhere := found(6, "nfs")
	nowhere.Nodes = nil
	at(t, s, nowhere, "a/x/6.tar")
	both := found(7, "frozen") // two verdicts
	both.Findings = append(both.Findings, Finding{Rule: "nfs", Verdict: true}, Finding{Rule: "symptom"})
	both.Nodes[0].Daemons = map[string]string{"kubelet": "v1.30.1"}
	at(t, s, both, "a/x/7.tar")

	for _, tt := range []struct {
		by     string
		filter Filter
		want   string // rule value bundles nodes first last
	}{
		{"kernel", Filter{}, "frozen 6.1.90 4 3 03 10|nfs 6.1.90 2 2 04 09|nfs ? 1 0 ? ?"},
		{"os", Filter{}, "frozen Debian 12 2 2 03 05|frozen ? 1 1 09 09|frozen Debian 13 1 1 10 10|nfs ? 3 2 04 09"},
		{"node", Filter{}, "frozen node-1 2 1 03 09|frozen node-0 1 1 05 05|frozen node-2 1 1 10 10|nfs ? 1 0 ? ?|nfs node-1 1 1 09 09|nfs node-2 1 1 04 04"},
		{"week", Filter{}, "frozen 2026-11-02 2 2 03 05|frozen 2026-11-09 2 2 09 10|nfs ? 1 0 ? ?|nfs 2026-11-02 1 1 04 04|nfs 2026-11-09 1 1 09 09"},
		{"version", Filter{}, "frozen 20.10.1 2 2 03 05|frozen ? 1 1 09 09|frozen 20.10.0 1 1 10 10|nfs ? 2 1 09 09|nfs 20.10.0 1 1 04 04"},
		{"version", Filter{Daemon: "kubelet"}, "frozen v1.30.1 1 1 09 09|nfs v1.30.1 1 1 09 09"},
		{"version", Filter{Node: "node-1", Since: time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC)}, "frozen ? 1 1 09 09|nfs ? 1 1 09 09"},
		{"a/{cluster}/", Filter{}, "frozen prod 2 2 03 05|frozen test 2 2 05 10|nfs x 2 1 09 09|frozen x 1 1 09 09|nfs ? 1 1 04 04"},
		{"a/{cluster}/", Filter{Path: "b/"}, "frozen prod 1 1 03 03|nfs ? 1 1 04 04"},
		{"c/{cluster}/", Filter{Kernel: "6"}, "frozen ? 4 3 03 10|nfs ? 2 2 04 09"},
	} {
		d, err := NewDimension(tt.by, cmp.Or(tt.filter.Daemon, "dockerd"))
		if err != nil {
			t.Fatal(err)
		}
		groups, err := s.TopBy(t.Context(), tt.filter, d)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, g := range groups {
			got = append(got, fmt.Sprintf("%s %s %d %d %s %s", g.Rule, cmp.Or(g.Value, "?"), g.Bundles, g.Nodes, dayOf(g.First), dayOf(g.Last)))
		}
		want := strings.Split(tt.want, "|")
		slices.Sort(want) // the order is held below
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("by %s of %+v:\n got %s\nwant %s", tt.by, tt.filter, strings.Join(got, "|"), strings.Join(want, "|"))
		}
		if !slices.IsSortedFunc(groups, func(a, b Group) int { return int(b.Bundles - a.Bundles) }) {
			t.Errorf("by %s: not the commonest first: %+v", tt.by, groups)
		}
	}
}

// Without a filter the values of a cause add up to what Top counts, and a later result
// takes the place of an older one.
func TestTopByAddsUp(t *testing.T) {
	s := newStore(t)
	fill(t, s)
	put(t, s, found(1, "old"))
	later := found(1, "new")
	later.Rules = "r2"
	put(t, s, later)
	top, err := s.Top(t.Context(), Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, by := range []string{"kernel", "os", "node", "week", "version", "../../samples/{sample}/"} {
		d, err := NewDimension(by, "dockerd")
		if err != nil {
			t.Fatal(err)
		}
		groups, err := s.TopBy(t.Context(), Filter{}, d)
		if err != nil {
			t.Fatal(err)
		}
		sum := map[string]int64{}
		for _, g := range groups {
			sum[g.Rule] += g.Bundles
		}
		for _, c := range top {
			if sum[c.Rule] != c.Bundles {
				t.Errorf("by %s: %d bundles of %s, want %d", by, sum[c.Rule], c.Rule, c.Bundles)
			}
		}
		if len(sum) != len(top) || sum["old"] != 0 {
			t.Errorf("by %s: %v", by, sum)
		}
	}
}

func TestPathPattern(t *testing.T) {
	for _, tt := range []struct{ pattern, path, want string }{
		{"archive/{cluster}/", "archive/prod/n/1.tar", "prod"},
		{"archive/{cluster}", "archive/prod/n/1.tar", "prod"},
		{"archive/{cluster}", "archive/1.tar", "1.tar"},
		{"archive/{cluster}/", "archive/1.tar/", "1.tar"},
		{"archive/{cluster}/", "old/archive/prod/1.tar", ""},
		{"archive/{cluster}/", "archive//1.tar", ""},
		{"archive/{cluster}/", "Archive/prod/1.tar", ""},
		{"s3://b/*/{team}/", "s3://b/2026/core/1.tar", "core"},
		{"s3://b/*/{team}/", "s3://b/core/1", "1"},
		{"s3://b/*/{team}/", "s3://b/core", ""},
		{"in/{cluster}--*", "in/eu-west--node-3--7.tar", "eu-west"},
		{"in/*--{node}--*.tar", "in/eu--node-3--7.tar", "node-3"},
		{"in/{c}.tar", "in/a.tar.tar", "a.tar"},
		{"in/{c}.tar", "in/axtar", ""},
		{"/{a}", "/x\ny/1", "x\ny"},
		{"a[b]+/{c}/", "a[b]+/x/1", "x"},
	} {
		d, err := NewDimension(tt.pattern, "")
		if err != nil {
			t.Errorf("%s: %v", tt.pattern, err)
			continue
		}
		got := ""
		if found := d.path.FindStringSubmatch(tt.path); found != nil {
			got = found[1]
		}
		if got != tt.want {
			t.Errorf("%s of %q: %q, want %q", tt.pattern, tt.path, got, tt.want)
		}
	}
	for _, text := range []string{"", "cluster", "kernels", "{}", "a/{b}/{c}/", "{a b}", "a/{b"} {
		if _, err := NewDimension(text, "dockerd"); err == nil {
			t.Errorf("%q is a dimension", text)
		}
	}
	if d, err := NewDimension("in/{team}/", ""); err != nil || d.Name != "team" {
		t.Errorf("%+v, %v", d, err)
	}
}

func dayOf(at time.Time) string {
	if at.IsZero() {
		return "?"
	}
	return at.Format("02")
}
