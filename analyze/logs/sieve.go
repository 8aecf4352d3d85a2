package logs

import (
	"encoding/binary"
	"iter"
	"math/bits"
)

// sieve finds literals without looking at every byte. Of each literal it knows a window:
// some bytes that are rare in logs, as many of each. Four bytes have a few places in a
// window, nine in one of twelve, and so the text is looked at in every ninth place: wherever
// a window stands, four of its bytes stand at one of them.
//
//	literal    reading from a closed fifo
//	window             rom a closed
//	four bytes "rom ", "om a", "m a ", " a c", "a cl", " clo", "clos", "lose", "osed"
//	text       time=...T... msg="copy: reading from a closed fifo"
//	looked at  ^        ^        ^        ^        ^ "osed": a window may begin 8 bytes before
type sieve struct {
	literals []literal
	window   int // its length
	grams    [1 << gramBits]bool
	// starts are, by hash of four bytes, the places in a window where they stand, one bit
	// each.
	starts [1 << startBits]uint16
	// heads are, by hash of a window's first eight bytes, 1 more than an index of places.
	heads  [1 << headBits]uint16
	places [][]place
}

// place is where a window stands in a literal.
type place struct {
	literal int
	at      int
}

const (
	// gram is how many bytes are looked up at once.
	gram = 4
	// maxWindow lets a uint16 hold the places in it.
	maxWindow = 16 + gram - 1

	// Bits of the hashes; the table that is looked up most fits into a core's own cache.
	gramBits, startBits, headBits = 15, 12, 12

	// caseBits make letters small, and of other bytes others.
	caseBits4 = 0x20202020
	caseBits8 = 0x2020202020202020
)

func newSieve(literals []literal) *sieve {
	s := &sieve{literals: literals, window: maxWindow}
	for _, l := range literals {
		s.window = min(s.window, len(l.text))
	}
	r := newRarity()
	for id, l := range literals {
		at := r.rarest(l.text, s.window)
		w := []byte(l.text[at : at+s.window])
		for i := range s.stride() {
			h := hashGram(w[i:])
			s.grams[h] = true
			s.starts[h>>(gramBits-startBits)] |= 1 << i
		}
		head := &s.heads[hashHead(w)]
		if *head == 0 {
			s.places = append(s.places, nil)
			*head = uint16(len(s.places))
		}
		s.places[*head-1] = append(s.places[*head-1], place{id, at})
	}
	return s
}

// stride is how far apart the places are that are looked at.
func (s *sieve) stride() int { return s.window - gram + 1 }

// hashHead is a hash of the first eight bytes of a window, their case folded.
func hashHead(b []byte) uint64 {
	return (binary.LittleEndian.Uint64(b) | caseBits8) * 0x9e3779b97f4a7c15 >> (64 - headBits)
}

// hashGram is a hash of four bytes, their case folded.
func hashGram(b []byte) uint32 {
	return (binary.LittleEndian.Uint32(b) | caseBits4) * 0x9e3779b1 >> (32 - gramBits)
}

// next is the first place at or behind from where a window may begin, -1 where there is
// none.
func (s *sieve) next(text []byte, from int) int {
	stride := s.stride()
	for at := from; at <= len(text)-gram; at += stride {
		if h := hashGram(text[at : at+gram]); s.grams[h] {
			if start := s.start(text, from, at, s.starts[h>>(gramBits-startBits)]); start >= 0 {
				return start
			}
		}
	}
	return -1
}

// start is the first place at or behind from where a window may begin that has four
// bytes at text[at]; places are the bits of where in a window these stand. -1 is none.
func (s *sieve) start(text []byte, from, at int, places uint16) int {
	for places != 0 {
		last := bits.Len16(places) - 1
		places &^= 1 << last
		start := at - last
		if start >= from && start+s.window <= len(text) && s.heads[hashHead(text[start:])] != 0 {
			return start
		}
	}
	return -1
}

// find appends to all the literals that stand in text, one as often as it stands there.
func (s *sieve) find(text []byte, all []int) []int {
	for w := s.next(text, 0); w >= 0; w = s.next(text, w+1) {
		for id := range s.standing(text, w) {
			all = append(all, id)
		}
	}
	return all
}

// standing are the literals that have a window at text[w], as next returned it, and where
// each ends.
func (s *sieve) standing(text []byte, w int) iter.Seq2[int, int] {
	return func(yield func(id, end int) bool) {
		for _, p := range s.places[s.heads[hashHead(text[w:])]-1] {
			l, from := &s.literals[p.literal], w-p.at
			if from >= 0 && l.begins(text[from:]) && !yield(p.literal, from+len(l.text)) {
				return
			}
		}
	}
}
