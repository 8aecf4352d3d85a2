package logs

import (
	"encoding/binary"
)

// sieve tells lines that hold none of the literals without looking at every byte, as Wu
// and Manber do (A fast algorithm for multi-pattern searching, 1994): where the three
// bytes at hand are of no literal's window, no window ends in the next few bytes. It
// folds more than the automaton does, and so lets lines through that hold none.
type sieve struct {
	// shift is, by a hash of three bytes, how far on a window may end.
	shift [1 << 14]uint8
	// ends is a set of hashes of whole windows.
	ends [1 << 10]uint64
	// off is set where a literal is shorter than a window: then every line is let through.
	off bool
}

const (
	// window is how many bytes of a literal the sieve knows: ours have 9 and more.
	window = 8
	// block is how many bytes are looked at together.
	block = 3
	// caseBit makes a letter small, and of other bytes others.
	caseBit   = 0x20
	caseBits8 = 0x2020202020202020
)

func newSieve(literals []literal) *sieve {
	s := &sieve{}
	for i := range s.shift {
		s.shift[i] = window - block + 1
	}
	for _, l := range literals {
		if len(l.text) < window {
			s.off = true
			return s
		}
		w := rarest(l.text)
		for end := block; end <= window; end++ {
			h := hashBlock(w[end-3], w[end-2], w[end-1])
			s.shift[h] = min(s.shift[h], uint8(window-end))
		}
		h := hashWindow(w)
		s.ends[h>>6] |= 1 << (h & 63)
	}
	return s
}

// rarest is the window of a literal that the fewest lines have: a part of one long word is
// common, the end of one and the beginning of the next are not.
func rarest(text string) []byte {
	best, most := 0, -1
	for at := 0; at+window <= len(text); at++ {
		edges := 0
		for i := at + 1; i < at+window; i++ {
			if isLetter(text[i]) != isLetter(text[i-1]) {
				edges++
			}
		}
		if edges > most {
			best, most = at, edges
		}
	}
	return []byte(text[best : best+window])
}

func isLetter(c byte) bool { return 'a' <= lowerByte(c) && lowerByte(c) <= 'z' }

func hashBlock(a, b, c byte) uint32 {
	return (uint32(a|caseBit)<<9 ^ uint32(b|caseBit)<<5 ^ uint32(c|caseBit)) & (1<<14 - 1)
}

// hashWindow is a hash of the first eight bytes of w, below 1<<16.
func hashWindow(w []byte) uint64 {
	return (binary.LittleEndian.Uint64(w) | caseBits8) * 0x9e3779b97f4a7c15 >> 48
}

// passes reports whether a literal may stand in text.
func (s *sieve) passes(text []byte) bool {
	if s.off {
		return true
	}
	for i := window - 1; i < len(text); {
		if step := s.shift[hashBlock(text[i-2], text[i-1], text[i])]; step > 0 {
			i += int(step)
			continue
		}
		if h := hashWindow(text[i-window+1:]); s.ends[h>>6]&(1<<(h&63)) != 0 {
			return true
		}
		i++
	}
	return false
}
