package logs

import (
	"encoding/binary"
	"time"

	"culprit/analyze/fact"
)

// recordSize is the size of one line in the store:
//
//	 0  8  seconds since epochBefore << 24 | stream
//	 8  4  nanoseconds << 2 | level
//	12  4  line, its lower 32 bits
//	16  8  offset << 16 | the upper 16 bits of line
//
// rowSize is that of a row's number, which stands for a line once it is merged.
const (
	recordSize = 24
	rowSize    = 8
)

// epochBefore is how many seconds before 1970 the times of records begin: a log may
// print the year 1, and lines whose year nothing tells are of the year 0.
const epochBefore = 1 << 38

func (m Moment) put(b []byte) {
	le := binary.LittleEndian
	le.PutUint64(b, uint64(m.Time.Unix()+epochBefore)<<24|uint64(m.Stream))
	le.PutUint32(b[8:], uint32(m.Time.Nanosecond())<<2|uint32(m.Level))
	le.PutUint32(b[12:], uint32(m.Line))
	le.PutUint64(b[16:], uint64(m.Offset)<<16|uint64(m.Line)>>32)
}

func readMoment(b []byte) Moment {
	le := binary.LittleEndian
	first, second, last := le.Uint64(b), le.Uint32(b[8:]), le.Uint64(b[16:])
	return Moment{
		Time:   time.Unix(int64(first>>24)-epochBefore, int64(second>>2)).UTC(),
		Stream: int(first & (1<<24 - 1)),
		Line:   int(last&(1<<16-1)<<32 | uint64(le.Uint32(b[12:]))),
		Offset: int64(last >> 16),
		Level:  fact.Level(second & 3),
	}
}
