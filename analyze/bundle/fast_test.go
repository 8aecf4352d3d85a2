package bundle

import (
	"math/rand/v2"
	"path"
	"testing"
)

// A name that its beginning and its end tell from a pattern does not match it.
func TestNamePatternsAreThoseOfMatch(t *testing.T) {
	tails := []string{"", "ps", "ps.txt", "7/stack", "7/status", "a.log", "a.log.1", "a.log-2", "state.json", "0a/state.json", "docker.service.d/x.conf", "proc-7-ns-mnt", "cpu-manager-state"}
	for _, n := range namePatterns {
		tails = append(tails, n.pattern, n.first, n.first+n.last, n.first+"x"+n.last, n.first+"7"+n.last, n.pattern+"x", "x"+n.pattern)
	}
	matched := 0
	for _, n := range namePatterns {
		for _, tail := range tails {
			want, err := path.Match(n.pattern, tail)
			if got := n.matches(tail); err != nil || got != want {
				t.Fatalf("%s and %s: %t, want %t, %v", n.pattern, tail, got, want, err)
			}
			if want {
				matched++
			}
		}
	}
	if matched < len(namePatterns) {
		t.Errorf("only %d match", matched)
	}
}

// share stops early and answers what counting all lines does.
func TestShareCountsAsAllLines(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	is := func(line []byte) bool { return line[0] == 'y' }
	answers := map[bool]int{}
	for range 5000 {
		s := &sniff{}
		yes, all := 0, 0
		for range 1 + r.IntN(9) {
			line := make([]byte, 1+r.IntN(20))
			if line[0] = 'n'; r.IntN(3) == 0 {
				line[0] = 'y'
				yes += len(line)
			}
			all += len(line)
			s.lines = append(s.lines, line)
		}
		n := 1 + r.IntN(5)
		got := s.share(n, is)
		if got != (yes*n >= all) {
			t.Fatalf("1/%d of %q: %t with %d of %d bytes", n, s.lines, got, yes, all)
		}
		answers[got]++
	}
	if answers[true] < 500 || answers[false] < 500 {
		t.Errorf("answers %v", answers)
	}
}
