package logs

import (
	"encoding/binary"
	"io"
	"sort"
	"sync"
	"time"

	"culprit/analyze/fact"
)

// Stream is one log of a Timeline.
type Stream struct {
	// Source and Daemon are those of its fact.Log.
	Source, Daemon string
	// Content is what is read of it.
	Content *io.SectionReader
	// Line and Offset say where Content begins in the source, where it does not begin
	// with it: the number of the first line, and the bytes before it. Lines, if not 0, is
	// how many lines are read.
	Line   int
	Offset int64
	Lines  int64
	// Collected completes times without year or zone, as in Result.Resolve.
	Collected time.Time
	// Boot is when the kernel started; its lines with seconds since boot alone have no
	// time where it is zero.
	Boot time.Time
}

// Moment is one line of a Timeline.
type Moment struct {
	// Time is what the line prints; of a line that prints none that of the line before
	// it, and before the first time of a log that one. The zone is that of the stream's
	// Collected.
	Time time.Time
	// Stream is the index of its stream.
	Stream int
	// Line is 1-based; Offset is that of its first byte. Both count from the beginning
	// of the source.
	Line   int
	Offset int64
	Level  fact.Level
}

// Minute says how much was logged in one minute.
type Minute struct {
	// Minute is Unix time / 60.
	Minute        int64
	Lines, Errors int64
}

// keptMinutes bounds Minutes: two years in which no minute is empty.
const keptMinutes = 1 << 20

// Store is where a Timeline lies, most often a file without a name: 48 bytes a line.
type Store interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
}

// Timeline is the lines of several logs in the order of their times. The lines of one
// log keep their order even where its clock jumped back: such a line stands where the
// latest time before it puts it. Of equal times the stream that was given first
// counts. Rows count from 0.
//
// A Timeline keeps some 24 bytes a thousand lines in memory. It may be used by several
// goroutines at once.
type Timeline struct {
	// Streams are those that were merged, the undated ones too.
	Streams []Stream
	// Undated are the sources that print no time, which are left out.
	Undated []string
	// Problems are what could not be read.
	Problems []fact.Problem

	store   Store
	regions []region // by stream
	rows    int
	order   int64       // offset of the first row in the store
	heads   []time.Time // of each page, what its first row is ordered by
	minutes []Minute

	mu   sync.Mutex
	page []byte // the rows of page no
	no   int
}

// region is where the store has the lines of one stream.
type region struct {
	start int64
	lines int
}

// Len is the number of rows.
func (t *Timeline) Len() int { return t.rows }

// Close gives the store back.
func (t *Timeline) Close() error { return t.store.Close() }

// Minutes are the minutes in which something was logged, in order, each line counted
// where it stands; of very many the latest.
func (t *Timeline) Minutes() []Minute { return t.minutes }

// At is row i. Of a row that is not there, or that cannot be read any more, Line is 0.
func (t *Timeline) At(i int) Moment {
	if i < 0 || i >= t.rows {
		return Moment{}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	rows := t.rowsOf(i / pageRows)
	if rows == nil {
		return Moment{}
	}
	m := readMoment(rows[i%pageRows*recordSize:])
	m.Time = m.Time.In(t.Streams[m.Stream].Collected.Location())
	return m
}

// Find is the first row whose time is not before at, Len where there is none.
func (t *Timeline) Find(at time.Time) int {
	next := sort.Search(len(t.heads), func(i int) bool { return !t.heads[i].Before(at) })
	if next == 0 {
		return 0
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	rows := t.rowsOf(next - 1)
	// What rows are ordered by is the latest time so far: the first row that is not
	// before at by that is the first that prints such a time.
	for i := 0; i < len(rows); i += recordSize {
		if !readMoment(rows[i:]).Time.Before(at) {
			return (next-1)*pageRows + i/recordSize
		}
	}
	return min(next*pageRows, t.rows)
}

// Place is the row of one line of a source, false where the source has no such line or
// no times.
func (t *Timeline) Place(source string, line int) (int, bool) {
	for i, r := range t.regions {
		n := line - t.Streams[i].firstLine()
		if t.Streams[i].Source != source || n < 0 || n >= r.lines {
			continue
		}
		var row [rowSize]byte
		if k, _ := t.store.ReadAt(row[:], r.start+int64(n)*rowSize); k < rowSize {
			return 0, false
		}
		return int(binary.LittleEndian.Uint64(row[:])), true
	}
	return 0, false
}

// rowsOf are the records of one page, nil where they cannot be read. The lock is held.
func (t *Timeline) rowsOf(no int) []byte {
	if t.page != nil && t.no == no {
		return t.page
	}
	n := min(pageRows, t.rows-no*pageRows) * recordSize
	if t.page == nil {
		t.page = make([]byte, 0, pageRows*recordSize)
	}
	page := t.page[:n]
	if k, _ := t.store.ReadAt(page, t.order+int64(no)*pageRows*recordSize); k < n {
		t.no = -1
		return nil
	}
	t.page, t.no = page, no
	return page
}
