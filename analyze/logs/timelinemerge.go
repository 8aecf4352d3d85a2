package logs

import (
	"bufio"
	"cmp"
	"container/heap"
	"context"
	"encoding/binary"
	"io"
	"time"

	"culprit/analyze/fact"
)

const (
	// pageRows is how many rows are read at once, and how often the context is asked.
	pageRows = 1024
	// ioBuffer is the size of a buffer of the store; mergeBuffers that of all buffers
	// that a merge reads and writes regions through.
	ioBuffer     = 64 << 10
	mergeBuffers = 8 << 20
)

// Merge reads each stream once and puts their lines into the order of time. It takes
// store over: Close, and an error, close it. progress, if set, is told how many bytes
// of all streams are read; putting them into order comes after the last. The error is
// that of ctx or of store; what cannot be read of a stream is a Problem.
func Merge(ctx context.Context, store Store, streams []Stream, progress func(done, total int64)) (*Timeline, error) {
	t := &Timeline{Streams: streams, store: store, regions: make([]region, len(streams))}
	err := t.date(ctx, progress)
	if err == nil {
		err = t.merge(ctx)
	}
	if err != nil {
		store.Close()
		return nil, err
	}
	return t, nil
}

// cursor is the next line of one stream.
type cursor struct {
	stream int
	left   int // lines behind this one
	in     *bufio.Reader
	record [recordSize]byte
	level  fact.Level
	// key is what the line is ordered by: the latest time of the stream so far.
	key time.Time
	// rows takes the row of each line. It overwrites the records that were read.
	rows *bufio.Writer
}

func (c *cursor) next() error {
	if _, err := io.ReadFull(c.in, c.record[:]); err != nil {
		return err
	}
	c.left--
	m := readMoment(c.record[:])
	if m.Time.After(c.key) {
		c.key = m.Time
	}
	c.level = m.Level
	return nil
}

// queue is a heap of cursors, the earliest first.
type queue []*cursor

func (q queue) Len() int      { return len(q) }
func (q queue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q queue) Less(i, j int) bool {
	return cmp.Or(q[i].key.Compare(q[j].key), cmp.Compare(q[i].stream, q[j].stream)) < 0
}
func (q *queue) Push(c any) { *q = append(*q, c.(*cursor)) }
func (q *queue) Pop() any {
	last := len(*q) - 1
	c := (*q)[last]
	*q = (*q)[:last]
	return c
}

// cursors are those of all streams that have lines.
func (t *Timeline) cursors() (queue, error) {
	var q queue
	size := min(ioBuffer, max(mergeBuffers/(2*len(t.regions)+1), recordSize))
	for i, r := range t.regions {
		if r.lines == 0 {
			continue
		}
		c := &cursor{stream: i, left: r.lines,
			in:   bufio.NewReaderSize(io.NewSectionReader(t.store, r.start, int64(r.lines)*recordSize), size),
			rows: bufio.NewWriterSize(io.NewOffsetWriter(t.store, r.start), size),
			key:  time.Unix(-epochBefore, 0),
		}
		if err := c.next(); err != nil {
			return nil, err
		}
		q = append(q, c)
	}
	heap.Init(&q)
	return q, nil
}

// merge writes the rows behind the regions.
func (t *Timeline) merge(ctx context.Context) error {
	q, err := t.cursors()
	if err != nil {
		return err
	}
	out := bufio.NewWriterSize(io.NewOffsetWriter(t.store, t.order), ioBuffer)
	var number [rowSize]byte
	for row := 0; len(q) > 0; row++ {
		c := q[0]
		if row%pageRows == 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			t.heads = append(t.heads, c.key)
		}
		t.count(c)
		if _, err := out.Write(c.record[:]); err != nil {
			return err
		}
		binary.LittleEndian.PutUint64(number[:], uint64(row))
		if _, err := c.rows.Write(number[:]); err != nil {
			return err
		}
		if err := q.advance(); err != nil {
			return err
		}
	}
	return out.Flush()
}

// advance takes the first cursor one line further.
func (q *queue) advance() error {
	c := (*q)[0]
	if c.left == 0 {
		heap.Pop(q)
		return c.rows.Flush()
	}
	if err := c.next(); err != nil {
		return err
	}
	heap.Fix(q, 0)
	return nil
}

// count adds the line under a cursor to its minute.
func (t *Timeline) count(c *cursor) {
	m := minute(c.key)
	last := len(t.minutes) - 1
	if last < 0 || t.minutes[last].Minute != m {
		if last++; last == keptMinutes {
			last = copy(t.minutes, t.minutes[keptMinutes/2:])
			t.minutes = t.minutes[:last]
		}
		t.minutes = append(t.minutes, Minute{Minute: m})
	}
	t.minutes[last].Lines++
	if c.level == fact.LevelError {
		t.minutes[last].Errors++
	}
}
