package fleet

import "testing"

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
