package logs

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// The sieve lets every line through in which the automaton finds a literal, at any place
// and in any case, and few others.
func TestSieve(t *testing.T) {
	literals := []literal{{"libceph: ", false}, {"oom-killer invoked", true}, {"aaaaaaaa", false}, {"aaaaaaaab", false}, {"shim disconnected", true}, {"8 bytes.", false}}
	s, a := newSieve(literals), newAutomaton(literals)
	r := rand.New(rand.NewPCG(1, 2))
	letters := []byte("ab 8eil:-.O")
	random := func(n int) string {
		out := make([]byte, n)
		for i := range out {
			out[i] = letters[r.IntN(len(letters))]
		}
		return string(out)
	}
	held, extra := 0, 0
	for range 20_000 {
		text := random(r.IntN(30))
		if r.IntN(2) == 0 {
			l := literals[r.IntN(len(literals))].text
			switch r.IntN(3) {
			case 0:
				l = strings.ToUpper(l)
			case 1:
				l = l[:r.IntN(len(l))] + random(1) + l
			}
			text += l + random(r.IntN(12))
		}
		passes, finds := s.passes([]byte(text)), len(a.find([]byte(text), nil)) > 0
		switch {
		case finds && !passes:
			t.Fatalf("%q holds a literal and does not pass", text)
		case finds:
			held++
		case passes:
			extra++
		}
	}
	if held < 9000 || extra > 100 {
		t.Errorf("%d lines hold a literal, %d others pass", held, extra)
	}
	if short := newSieve(append(literals, literal{"short", false})); !short.passes(nil) {
		t.Error("with a literal shorter than a window a line does not pass")
	}
}
