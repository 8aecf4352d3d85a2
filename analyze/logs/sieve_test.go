package logs

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// The sieve finds a literal wherever it stands, in its case or, if that does not matter,
// in any, and nothing else.
func TestSieve(t *testing.T) {
	for _, literals := range [][]literal{
		{{"libceph: ", false}, {"oom-killer invoked", true}, {"aaaaaaaa", false}, {"aaaaaaaab", false}, {"shim disconnected", true}, {"8 bytes.", false}},
		{{"a literal of 20 byte", false}, {"another one of 20 by", true}, {strings.Repeat("ab", 16), false}, {strings.Repeat("ab", 12) + "c", false}},
		{{"only one", false}},
	} {
		s := newSieve(literals)
		r := rand.New(rand.NewPCG(1, 2))
		held, extra := 0, 0
		for range 20_000 {
			text, plain := noise(r, literals)
			found := s.find([]byte(text), nil)
			slices.Sort(found)
			if want := standing(literals, text); !slices.Equal(found, want) {
				t.Fatalf("%q holds %v, found %v", text, want, found)
			}
			switch next := s.next([]byte(text), 0); {
			case len(found) > 0 && next < 0:
				t.Fatalf("%q holds a literal and is ruled out", text)
			case len(found) > 0:
				held++
			case plain && next >= 0:
				extra++
			}
		}
		if held < 5000 || extra > 100 {
			t.Errorf("%v: %d lines hold a literal, %d others are looked at", literals, held, extra)
		}
	}
	if s := newSieve(nil); s.next([]byte(strings.Repeat("a", 99)), 0) >= 0 {
		t.Error("without literals something is found")
	}
}

// noise is some bytes, plain or with a literal in them, or nearly one.
func noise(r *rand.Rand, literals []literal) (text string, plain bool) {
	letters := []byte("ab 8eil:-.O")
	random := func(n int) string {
		out := make([]byte, n)
		for i := range out {
			out[i] = letters[r.IntN(len(letters))]
		}
		return string(out)
	}
	text = random(r.IntN(30))
	if r.IntN(2) == 0 {
		return text, true
	}
	l := literals[r.IntN(len(literals))].text
	switch r.IntN(4) {
	case 0:
		l = strings.ToUpper(l)
	case 1:
		l = l[:r.IntN(len(l))] + random(1) + l
	case 2:
		at := r.IntN(len(l))
		l = l[:at] + random(1) + l[at+1:]
	}
	return text + l + random(r.IntN(12)), false
}

// standing are the literals in text, as often as they stand there, in order.
func standing(literals []literal, text string) []int {
	var all []int
	for id, l := range literals {
		for at := range text {
			if l.begins([]byte(text[at:])) {
				all = append(all, id)
			}
		}
	}
	return all
}

func TestLiteralBegins(t *testing.T) {
	for _, tt := range []struct {
		literal
		text string
		want bool
	}{
		{literal{"oom", true}, "OOM-killer", true},
		{literal{"oom", false}, "OOM-killer", false},
		{literal{"oom", false}, "oom", true},
		{literal{"oom", true}, "oo", false},
		{literal{"o-m", true}, "o\rm", false},
		{literal{"o[m", false}, "o{m", false},
	} {
		if got := tt.begins([]byte(tt.text)); got != tt.want {
			t.Errorf("%v in %q: %v", tt.literal, tt.text, got)
		}
	}
}

// A window is taken from where ordinary lines are least like the literal.
func TestRarest(t *testing.T) {
	r := newRarity()
	for text, want := range map[string]string{
		`level=debug msg="frobnicate"`: `="frobnicate`,
		`reading from a closed fifo`:   "a closed ",
	} {
		at := r.rarest(text, 12)
		if got := text[at : at+12]; !strings.Contains(got, want) {
			t.Errorf("of %q: %q, want %q", text, got, want)
		}
	}
}
