package fleet

import (
	"encoding/binary"
	"hash/fnv"
	"slices"
)

// Similar sets are found by MinHash (Broder 1997): of each of bands bands of rows hash
// functions the smallest values over a set are kept, and two sets share a band with the
// probability J^rows, J being their Jaccard index. With 32 bands of 4 rows half of the
// pairs with J = 0.38 are candidates, nearly all with J = 0.6, one in twenty with 0.2.
const (
	bands = 32
	rows  = 4
)

// featureID is the number of a feature: 64 bits of FNV-1a, the lowest three the logarithm
// of its weight, so that a set of numbers knows its weights.
func featureID(feature string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(feature))
	log := uint64(0)
	for w := weight(feature); w > 1; w /= 2 {
		log++
	}
	return mix(h.Sum64())&^7 | log
}

// weightOf is the weight in a feature's number: that of weight, rounded down to a power
// of two.
func weightOf(id uint64) int { return 1 << (id & 7) }

// mix spreads the bits of x: the finalizer of splitmix64.
func mix(x uint64) uint64 {
	x ^= x >> 30
	x *= 0xbf58476d1ce4e5b9
	x ^= x >> 27
	x *= 0x94d049bb133111eb
	return x ^ x>>31
}

// bandsOf are the bands of a set of features, nil of an empty one. A feature stands in
// the set as often as it weighs.
func bandsOf(features []uint64) []int64 {
	if len(features) == 0 {
		return nil
	}
	var least [bands * rows]uint64
	for i := range least {
		least[i] = ^uint64(0)
	}
	for _, f := range features {
		for copy := range weightOf(f) {
			x := mix(f + uint64(copy)*0x9e3779b97f4a7c15)
			for i := range least {
				least[i] = min(least[i], mix(x+uint64(i+1)*0xd1342543de82ef95))
			}
		}
	}
	out := make([]int64, bands)
	for b := range out {
		h := uint64(b)
		for _, v := range least[b*rows : (b+1)*rows] {
			h = mix(h ^ v)
		}
		out[b] = int64(h)
	}
	return out
}

// featureIDs are the numbers of features, sorted and each once.
func featureIDs(features []string) []uint64 {
	out := make([]uint64, 0, len(features))
	for _, f := range features {
		out = append(out, featureID(f))
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// pack writes numbers as the store keeps them, 8 bytes each, little endian.
func pack(ids []uint64) []byte {
	out := make([]byte, 0, 8*len(ids))
	for _, id := range ids {
		out = binary.LittleEndian.AppendUint64(out, id)
	}
	return out
}

// unpack reads what pack wrote; a rest that is no number is left out.
func unpack(raw []byte) []uint64 {
	out := make([]uint64, 0, len(raw)/8)
	for ; len(raw) >= 8; raw = raw[8:] {
		out = append(out, binary.LittleEndian.Uint64(raw))
	}
	return out
}
