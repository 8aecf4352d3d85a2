package fleet

import (
	"context"
	"encoding/binary"
	"math/bits"
	"slices"
)

// blockResults is how many results have their sketches in one row.
const blockResults = 256

// sketchOf has a byte of each band of a set of features, 1 to 255; zeros are an empty
// set's. Of bands that differ one in 255 has the same byte.
func sketchOf(features []uint64) (sketch [bands]byte) {
	for i, band := range bandsOf(features) {
		sketch[i] = byte(uint64(band)%255) + 1
	}
	return sketch
}

// block is a row of sketches.
type block struct {
	n        int64
	sketches []byte
}

// sketches are all of a store. To compare one with a million takes some 10 ms; an index by
// band would take 32 rows a result, each in another place.
func (s *Store) sketches(ctx context.Context) ([]block, error) {
	rows, err := s.db.QueryContext(ctx, `select block, bands from sketch order by block`)
	return collect(rows, err, func(scan func(...any) error) (b block, err error) { return b, scan(&b.n, &b.sketches) })
}

// likest are the results that share the most bands with a sketch, at least most where so
// many share any, the likest first and of those that are as like the latest.
func likest(blocks []block, sketch [bands]byte, most int) (out []int64) {
	var want [bands / 8]uint64
	for i := range want {
		want[i] = binary.LittleEndian.Uint64(sketch[i*8:])
	}
	var sharing [bands + 1][]int64 // by how many bands they share
	least, more := 1, 0            // what is below least is left out; more share more than that
	for _, b := range blocks {
		for i := 0; (i+1)*bands <= len(b.sketches); i++ {
			n := 0
			for j, w := range want {
				n += equalBytes(binary.LittleEndian.Uint64(b.sketches[i*bands+j*8:]), w)
			}
			if n < least {
				continue
			}
			sharing[n] = append(sharing[n], b.n*blockResults+int64(i))
			if n > least {
				more++
			}
			for more >= most && least < bands {
				sharing[least] = nil
				least++
				more -= len(sharing[least])
			}
		}
	}
	for n := bands; n >= least; n-- {
		slices.Reverse(sharing[n])
		out = append(out, sharing[n]...)
		if len(out) >= most {
			break
		}
	}
	return out
}

// equalBytes is how many bytes of two words are equal.
func equalBytes(a, b uint64) int {
	const low = 0x7f7f7f7f7f7f7f7f
	x := a ^ b
	return bits.OnesCount64(^((x&low + low) | x | low))
}
