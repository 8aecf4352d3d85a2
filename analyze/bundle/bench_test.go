package bundle

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"culprit/analyze/fact"
)

// BenchmarkWalk opens archives in the hot formats: one large file, and the many
// small ones of /proc.
func BenchmarkWalk(b *testing.B) {
	large := []member{{"ps.txt", psTable}, {"goroutines/dockerd.txt", strings.Repeat(noise(200_000)+dump, 100)}}
	var small []member
	for i := range 20_000 {
		small = append(small, member{fmt.Sprintf("proc/%d/stack", i), "[<0>] f+0x1/0x2\n"})
	}
	for _, c := range []struct {
		name    string
		members []member
	}{{"large", large}, {"small", small}} {
		plain := tarOf(b, c.members...)
		for _, f := range []struct{ name, content string }{{"tar", plain}, {"gz", gz(b, plain)}, {"zst", zst(b, plain)}} {
			b.Run(c.name+"/"+f.name, func(b *testing.B) {
				b.SetBytes(int64(len(plain)))
				b.ReportAllocs()
				for b.Loop() {
					_, err := WalkReader(context.Background(), "a", strings.NewReader(f.content), Limits{}, func(_ fact.Source, r io.Reader) {
						io.Copy(io.Discard, r)
					})
					if err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
