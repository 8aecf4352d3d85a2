package bundle

import "math/bits"

// szParser reads the header. Counts are believed only as far as bytes follow and
// the limit goes. After an error it reads zeros.
type szParser struct {
	b     []byte
	limit int
	err   error
}

func (p *szParser) fail(err error) {
	p.b = nil
	if p.err == nil {
		p.err = err
	}
}

func (p *szParser) take(n uint64) []byte {
	if n > uint64(len(p.b)) {
		p.fail(errBroken)
		return nil
	}
	t := p.b[:n]
	p.b = p.b[n:]
	return t
}

func (p *szParser) byte() byte {
	if t := p.take(1); t != nil {
		return t[0]
	}
	return 0
}

func (p *szParser) uint32() uint32 {
	if t := p.take(4); t != nil {
		return le32(t)
	}
	return 0
}

// number reads a number: the leading ones of the first byte count the bytes that
// follow, lowest first; the rest of it is the highest part.
func (p *szParser) number() uint64 {
	first := p.byte()
	n := bits.LeadingZeros8(^first)
	var v uint64
	for i, c := range p.take(uint64(n)) {
		v |= uint64(c) << (8 * i)
	}
	if n < 7 {
		v |= uint64(first&(0x7f>>n)) << (8 * n)
	}
	return v
}

// size reads a number of bytes.
func (p *szParser) size() int64 {
	n := p.number()
	if n >= 1<<62 {
		p.fail(errBroken)
		return 0
	}
	return int64(n)
}

// count reads a number of things, each of which takes a bit at least.
func (p *szParser) count() int {
	n := p.number()
	if n > 8*uint64(len(p.b)) {
		p.fail(errBroken)
		return 0
	}
	if n > uint64(p.limit) {
		p.fail(errEntries)
		return 0
	}
	return int(n)
}

// bits reads n bits, the highest first.
func (p *szParser) bits(n int) []bool {
	raw := p.take(uint64(n+7) / 8)
	if raw == nil {
		return nil
	}
	set := make([]bool, n)
	for i := range set {
		set[i] = raw[i/8]&(0x80>>(i%8)) != 0
	}
	return set
}

// defined reads which of n things have a value: all of them, or those of a vector.
func (p *szParser) defined(n int) []bool {
	if p.byte() == 0 {
		return p.bits(n)
	}
	set := make([]bool, n)
	for i := range set {
		set[i] = true
	}
	return set
}
