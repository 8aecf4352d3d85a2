package fleet

import (
	"context"
	"database/sql"
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

// likest are the results that share the most bands with a sketch, most of them or some
// more, the likest first and of those that are as like the latest. It reads all sketches:
// of a million in some 30 ms. An index by band would take 32 rows a result, each in
// another place.
func (s *Store) likest(ctx context.Context, sketch [bands]byte, most int) (out []int64, err error) {
	rows, err := s.db.QueryContext(ctx, `select block, bands from sketch order by block`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	l := likest{least: 1, most: most}
	for i := range l.want {
		l.want[i] = binary.LittleEndian.Uint64(sketch[i*8:])
	}
	for rows.Next() {
		var block int64
		var sketches sql.RawBytes
		if err := rows.Scan(&block, &sketches); err != nil {
			return nil, err
		}
		l.compare(block*blockResults, sketches)
	}
	for n := bands; n >= l.least && len(out) < most; n-- {
		slices.Reverse(l.sharing[n])
		out = append(out, l.sharing[n]...)
	}
	return out, rows.Err()
}

// likest are the results found so far.
type likest struct {
	want [bands / 8]uint64
	most int
	// sharing are results by how many bands they share; those that share less than least
	// are left out, as more are others, most or more.
	sharing     [bands + 1][]int64
	least, more int
}

// compare looks at the sketches of results, of which the first is given.
func (l *likest) compare(first int64, sketches []byte) {
	for ; len(sketches) >= bands; sketches = sketches[bands:] {
		n := 0
		for i, w := range l.want {
			n += equalBytes(binary.LittleEndian.Uint64(sketches[i*8:]), w)
		}
		if n >= l.least {
			l.add(first, n)
		}
		first++
	}
}

func (l *likest) add(result int64, n int) {
	l.sharing[n] = append(l.sharing[n], result)
	if n > l.least {
		l.more++
	}
	for l.more >= l.most && l.least < bands {
		l.sharing[l.least] = nil
		l.least++
		l.more -= len(l.sharing[l.least])
	}
}

// equalBytes is how many bytes of two words are equal.
func equalBytes(a, b uint64) int {
	const low = 0x7f7f7f7f7f7f7f7f
	x := a ^ b
	return bits.OnesCount64(^((x&low + low) | x | low))
}
