package page

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"culprit/analyze/fleet"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// meaning is what ids.yaml says of some rules.
var meaning = map[string]string{
	"filesystem-frozen":      "a filesystem was frozen (fsfreeze, snapshot, hypervisor quiesce) and never thawed; writers wait in D",
	"exec-binary-missing":    "the exec or probe command is not in the image",
	"nfs-server-unreachable": "an NFS server does not answer a hard mount",
}

// storeOf is a store of results, each at a path of its own.
func storeOf(t testing.TB, results ...fleet.Result) *fleet.Store {
	t.Helper()
	s, err := fleet.OpenToWrite(filepath.Join(t.TempDir(), "s.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	for _, r := range results {
		if err := s.Put(t.Context(), fleet.Place{Path: "archive/" + r.Hash[:4] + "/bundle.tar.zst", Size: 1, Stamp: "s"}, r); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// result is the n-th bundle, collected so many days after Monday 2026-08-31, with one
// verdict or none.
func result(n, days int, rule string, features ...string) fleet.Result {
	r := fleet.Result{Hash: fmt.Sprintf("%04d%060d", n, n), Version: "1", Rules: "r", Status: fleet.Whole, Features: features,
		Nodes: []fleet.Node{{Name: fmt.Sprintf("k8s-n%03d", n%17), Kernel: "6.1.0-47-amd64", OS: "Debian GNU/Linux 12", Collected: time.Date(2026, 8, 31+days, 9, n, 0, 0, time.UTC),
			Daemons: map[string]string{"dockerd": "20.10.24", "containerd": "1.6.20"}}}}
	if rule != "" {
		r.Findings = []fleet.Finding{{Rule: rule, Role: "cause", Verdict: true, Confidence: []string{"certain", "likely"}[n%2], Severity: "critical", Summary: "what " + rule + " did to " + r.Nodes[0].Name}}
		r.Features = append(r.Features, "holds "+rule)
	}
	slices.Sort(r.Features)
	return r
}

// archive has what a page can show: nine causes over weeks of which some are empty, a
// damaged and an unreadable bundle, one without a date, one with two causes, one of two
// nodes, a cluster of incidents without a verdict and one that is like no other.
func archive() []fleet.Result {
	var out []fleet.Result
	add := func(n, days int, rule string, features ...string) *fleet.Result {
		out = append(out, result(n, days, rule, features...))
		return &out[len(out)-1]
	}
	for n := range 7 {
		add(n, n/3, "filesystem-frozen", "wait uninterruptible frozen-fs vfs_write")
	}
	for n := 7; n < 20; n++ {
		add(n, (n-7)*7, "exec-binary-missing")
	}
	for n := 20; n < 40; n++ {
		add(n, 28+(n*n)%37, []string{"filesystem-frozen", "nfs-server-unreachable", "cgroup-frozen-externally", "containerd-stopped-by-signal", "dockerd-shim-mntns-split",
			"exit-lost-while-containerd-down", "rootfs-held-by-bind-in-dockerd-ns", "runc-state-json-nonatomic"}[n%8])
	}
	two := add(40, 3, "filesystem-frozen")
	two.Findings = append(two.Findings, fleet.Finding{Rule: "exec-binary-missing", Verdict: true, Confidence: "certain", Summary: "the probe's binary is missing too", Since: time.Date(2026, 9, 1, 23, 0, 0, 0, time.UTC)})
	add(41, 3, "filesystem-frozen").Nodes[0].Collected = time.Time{}
	wide := add(42, 10, "filesystem-frozen")
	wide.Nodes = append(wide.Nodes, fleet.Node{Name: "k8s-n999"})
	wide.Status, wide.Damage = fleet.Damaged, []string{"goroutines/dockerd.2.txt: cut at 64 MiB", "bundle.tar.zst: unexpected EOF"}
	for n := 50; n < 53; n++ {
		add(n, n, "", "signature odd-line", "wait uninterruptible unknown fuse_get_req", fmt.Sprintf("stack dockerd f%d", n))
	}
	add(53, 5, "", "signature another")
	out = append(out, fleet.Result{Hash: strings.Repeat("f", 64), Version: "1", Rules: "r", Status: fleet.Unreadable, Damage: []string{"not recognised: no bundle"}})
	return out
}

func pageOf(t testing.TB, s *fleet.Store, f fleet.Filter, perBar int) string {
	t.Helper()
	report, err := Ask(t.Context(), s, f, perBar)
	if err != nil {
		t.Fatal(err)
	}
	report.Meaning = meaning
	var b bytes.Buffer
	if err := report.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	s := storeOf(t, archive()...)
	for name, filter := range map[string]fleet.Filter{
		"all":  {},
		"some": {Node: "k8s-n00", Daemon: "dockerd", Version: "20.10", Since: time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC), Until: time.Date(2026, 9, 30, 0, 0, 0, 0, time.UTC)},
		"none": {Kernel: "5.4"},
	} {
		got := pageOf(t, s, filter, 2)
		if again := pageOf(t, s, filter, 2); again != got {
			t.Errorf("%s: another page of the same store", name)
		}
		file := filepath.Join("testdata", name+".html")
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil || string(want) != got {
			t.Errorf("%s differs, %v; -update rewrites it", file, err)
		}
	}
}

// What comes out of a bundle is text, whatever it says: no tag, no attribute, no
// reference to elsewhere comes of it.
func TestHostile(t *testing.T) {
	const evil = "</title></style><script>alert(1)</script><img src=http://evil.example/x onerror=alert(1)>\" onmouseover=\"alert(1)\x1b[31m\u202e{{.}}"
	r := result(1, 0, evil)
	r.Damage, r.Status = []string{evil}, fleet.Damaged
	r.Findings[0].Summary, r.Findings[0].Confidence = evil, "certain\" onclick=\"alert(1)"
	r.Nodes[0].Name, r.Nodes[0].Kernel, r.Nodes[0].Daemons = evil, evil, map[string]string{evil: evil}
	silent, unreadable := result(2, 0, "", "signature "+evil), result(3, 0, "")
	alike := result(4, 0, "", "signature "+evil)
	unreadable.Status, unreadable.Damage = fleet.Unreadable, []string{evil}
	s := storeOf(t, r, silent, alike, unreadable)
	if err := s.Put(t.Context(), fleet.Place{Path: evil, Size: 1, Stamp: "s"}, r); err != nil {
		t.Fatal(err)
	}
	meaning := maps.Clone(meaning)
	meaning[evil] = evil
	report, err := Ask(t.Context(), s, fleet.Filter{}, 1)
	if err != nil {
		t.Fatal(err)
	}
	report.Meaning = meaning
	report.Asked.Path = "'" + evil // as somebody typed it
	var b bytes.Buffer
	if err := report.Write(&b); err != nil {
		t.Fatal(err)
	}
	html := b.String()
	for _, never := range []string{"<script", "<img", "onmouseover=\"", "onclick=\"", "\x1b", "\u202e", "</style><", "http:", "https:"} {
		if at := strings.Index(strings.ReplaceAll(html, "src=http://evil.example/x", ""), never); at >= 0 {
			t.Errorf("the page has %q:\n%s", never, html[max(0, at-100):min(len(html), at+100)])
		}
	}
	if n := strings.Count(html, "&lt;script&gt;"); n < 10 {
		t.Errorf("%d of the hostile texts are shown", n)
	}
	for _, want := range []string{`\x1b[31m`, `\u202e`, `{{.}}`, "damaged: 1 problem", "unreadable: 1 problem", "2 alike"} {
		if !strings.Contains(html, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}

// A page is bounded whatever the store has: what is left out is counted, with the
// command that lists it.
func TestBounds(t *testing.T) {
	var many []fleet.Result
	for n := range 3000 {
		r := result(n, n%400, fmt.Sprintf("cause-%d", n%150), "signature x")
		r.Findings[0].Summary, r.Nodes[0].Name = strings.Repeat("long ", 10_000), strings.Repeat("n", 10_000)
		if n%2 == 0 {
			r.Nodes[0].Collected = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n*9)
		}
		many = append(many, r)
	}
	for n := range 30 {
		many = append(many, result(8000+n, 0, "busy", "signature x"), result(9000+n, n, "", "signature y"))
	}
	f := Fleet{Tally: fleet.Tally{Whole: int64(len(many))}, Extent: fleet.Extent{Nodes: 1}}
	count := map[string]*fleet.Cause{}
	for _, r := range many { // as the store would, which takes long to make
		if len(r.Findings) == 0 {
			continue
		}
		rule, at := r.Findings[0].Rule, r.Nodes[0].Collected
		if count[rule] == nil {
			count[rule] = &fleet.Cause{Rule: rule, First: at, Last: at}
		}
		count[rule].Bundles++
		days := (int(at.Weekday()) + 6) % 7
		f.Trend = append(f.Trend, fleet.Week{Start: time.Date(at.Year(), at.Month(), at.Day()-days, 0, 0, 0, 0, time.UTC), Rule: rule, Bundles: 1})
	}
	for _, c := range count {
		f.Causes = append(f.Causes, *c)
	}
	slices.SortFunc(f.Causes, func(a, b fleet.Cause) int {
		return 2*int(b.Bundles-a.Bundles) + strings.Compare(a.Rule, b.Rule)
	})
	a := newAxis(f.Trend)
	if len(a.slots) > maxSlots || a.weeks < 2 {
		t.Errorf("%d bars of %d weeks", len(a.slots), a.weeks)
	}
	if per := f.perBar(1000); per < 1 || per > maxListed/100 {
		t.Errorf("%d incidents a bar and cause", per)
	}
	for i, r := range many[:1000] {
		f.Incidents = append(f.Incidents, fleet.Incident{Kept: fleet.Kept{Result: r, Places: []string{strings.Repeat("p", 100_000)}}, Rule: r.Findings[0].Rule, Start: a.slots[i%3].start})
	}
	for n := range 40 {
		f.Clusters = append(f.Clusters, fleet.Cluster{Bundles: []fleet.Kept{{Result: many[n]}, {Result: many[n+1]}}, Common: slices.Repeat([]string{strings.Repeat("f", 10_000)}, 300)})
	}
	f.Tally.Silent, f.Compared = 5000, maxCompared
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	if b.Len() > 8<<20 {
		t.Errorf("%d bytes", b.Len())
	}
	for _, want := range []string{"51 rarer causes are left out", "rarer causes that have no list", "culprit fleet export --csv --store FILE --cause busy --since 2026-", "20 smaller clusters are left out",
		"Of 5,000 bundles without a verdict 500 were compared", "and 288 more that are commoner"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}
