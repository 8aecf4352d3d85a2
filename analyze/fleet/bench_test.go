package fleet

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"culprit/analyze"
)

// BenchmarkBatch analyses the samples one after the other.
func BenchmarkBatch(b *testing.B) {
	places := samples(b)
	var size int64
	for _, p := range places {
		size += p.Size
	}
	b.SetBytes(size)
	batch := Batch{Options: options(b), Workers: 1, Done: func(Outcome) error { return nil }}
	for b.Loop() {
		if err := batch.Run(b.Context(), places); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N*len(places)), "ms/bundle")
}

var synthetic = flag.Int("results", 20_000, "how many results BenchmarkStore keeps")

// synth is the i-th result of a fleet: twelve causes, a third of the bundles without one,
// stacks of which some are everywhere and most are rare.
func synth(i int) Result {
	r := rand.New(rand.NewPCG(1, uint64(i)))
	common := rand.NewZipf(r, 1.2, 8, 20_000)
	rule := ""
	if cause := r.IntN(18); cause < 12 {
		rule = fmt.Sprintf("cause-%d", cause)
	}
	features := []string{}
	for range 80 {
		features = append(features, fmt.Sprintf("stack dockerd f%d", common.Uint64()))
	}
	if rule != "" {
		features = append(features, ruleFeature+rule, waitFeature+rule)
	}
	slices.Sort(features)
	out := Result{Hash: fmt.Sprintf("%064x", i+1), Version: "1", Rules: "r", Status: Whole, Features: slices.Compact(features),
		Nodes: []Node{{Name: fmt.Sprintf("node-%d", r.IntN(5000)), Kernel: fmt.Sprintf("6.1.%d", i%7), Collected: time.Unix(1_700_000_000+int64(r.IntN(60_000_000)), 0), Daemons: map[string]string{"dockerd": fmt.Sprintf("20.10.%d", i%9)}}}}
	if rule != "" {
		out.Findings = []Finding{{Rule: rule, Verdict: true, Confidence: "certain", Severity: "critical", Summary: rule}}
	}
	return out
}

// BenchmarkStore asks a store of -results synthetic results. It says what putting them in
// took, a tenth after the other: it is linear where that stays the same.
func BenchmarkStore(b *testing.B) {
	path, n := filepath.Join(b.TempDir(), "fleet.db"), *synthetic
	s, err := OpenToWrite(path)
	if err != nil {
		b.Fatal(err)
	}
	began := time.Now()
	var objects []object
	for i := range n {
		r := synth(i)
		objects = append(objects, object{Format: objectFormat, Path: "/b/" + r.Hash, Size: 1, Stamp: "s", Result: r})
		if last := i == n-1; len(objects) == atOnce || last {
			if err := s.merge(b.Context(), objects, groupOf("1", "r")); err != nil {
				b.Fatal(err)
			}
			objects = objects[:0]
		}
		if tenth := max(n/10, 1); (i+1)%tenth == 0 {
			b.Logf("%d results: %.2f ms each of the last %d", i+1, time.Since(began).Seconds()*1000/float64(tenth), tenth)
			began = time.Now()
		}
	}
	s.Close()
	if s, err = Open(path); err != nil { // as who asks does
		b.Fatal(err)
	}
	defer s.Close()
	for _, q := range []struct {
		name string
		ask  func(i int) error
	}{
		{"top", func(int) error { _, err := s.Top(b.Context(), Filter{}); return err }},
		{"by kernel", func(int) error { return topBy(b, s, "kernel") }},
		{"by version", func(int) error { return topBy(b, s, "version") }},
		{"by week", func(int) error { return topBy(b, s, "week") }},
		{"by path", func(int) error { return topBy(b, s, "/b/*{part}/") }},
		{"trend", func(int) error { _, err := s.Trend(b.Context(), Filter{}); return err }},
		{"similar", func(i int) error { _, err := s.Similar(b.Context(), synth(i*7919%n), 20); return err }},
		{"known", func(i int) error {
			_, err := s.Known(b.Context(), Place{Path: "/b/" + synth(i*7919%n).Hash, Size: 1, Stamp: "s"}, "1", "r")
			return err
		}},
	} {
		b.Run(q.name, func(b *testing.B) {
			for i := range b.N {
				if err := q.ask(i); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func topBy(b *testing.B, s *Store, by string) error {
	d, err := NewDimension(by, "dockerd")
	if err != nil {
		return err
	}
	_, err = s.TopBy(b.Context(), Filter{}, d)
	return err
}

// BenchmarkJudge judges what was read of the samples.
func BenchmarkJudge(b *testing.B) {
	o := options(b)
	var read []analyze.Facts
	for _, p := range samples(b) {
		r, err := analyze.Bundles(b.Context(), o, p.Path)
		if err != nil {
			b.Fatal(err)
		}
		read = append(read, r.Facts())
	}
	for b.Loop() {
		for _, f := range read {
			o.Judge(f)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N*len(read)), "ms/bundle")
}
