package logs

import (
	"bufio"
	"context"
	"io"
	"time"

	"culprit/analyze/fact"
	"culprit/analyze/line"
)

// dating is the pass over all streams: it writes the records of each line, stream
// after stream.
type dating struct {
	*Timeline
	ctx      context.Context
	progress func(done, total int64)
	total    int64 // bytes of all streams
	before   int64 // bytes of those that are done
	told     int64 // what progress was told last
	out      *bufio.Writer
}

// date reads the streams and fills their regions of the store.
func (t *Timeline) date(ctx context.Context, progress func(done, total int64)) error {
	d := dating{Timeline: t, ctx: ctx, progress: progress, out: bufio.NewWriterSize(io.NewOffsetWriter(t.store, 0), ioBuffer)}
	for _, s := range t.Streams {
		d.total += s.Content.Size()
	}
	for i, s := range t.Streams {
		t.regions[i].start = t.order
		first, ok := d.first(s)
		if ok {
			lines, err := d.records(i, s, first)
			if err != nil {
				return err
			}
			t.regions[i].lines = lines
			t.rows += lines
			t.order += int64(lines) * recordSize
		} else {
			t.Undated = append(t.Undated, s.Source)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		d.before += s.Content.Size()
		d.tell(0)
	}
	return d.out.Flush()
}

// first is the first time that a stream prints.
func (d *dating) first(s Stream) (time.Time, bool) {
	in := line.NewReader(&watched{d: d, in: s.section()})
	for {
		l, ok := in.Next()
		if !ok || !s.wants(l) {
			d.check(s, l.No, in.Err())
			return time.Time{}, false
		}
		if at, _, ok := s.glance(l.Text); ok {
			return at, true
		}
	}
}

// records writes a record for each line. now is the time of those before the first
// that prints one.
func (d *dating) records(stream int, s Stream, now time.Time) (lines int, err error) {
	in := line.NewReader(&watched{d: d, in: s.section()})
	var record [recordSize]byte
	for {
		l, ok := in.Next()
		if !ok || !s.wants(l) {
			d.check(s, lines, in.Err())
			return lines, nil
		}
		at, level, ok := s.glance(l.Text)
		if ok {
			now = at
		}
		Moment{Time: now, Stream: stream, Line: s.firstLine() + lines, Offset: s.Offset + l.Offset, Level: level}.put(record[:])
		if _, err := d.out.Write(record[:]); err != nil {
			return lines, err
		}
		lines++
	}
}

// check notes where reading a stream failed.
func (d *dating) check(s Stream, lines int, err error) {
	if err != nil && d.ctx.Err() == nil {
		ref := fact.Ref{Source: s.Source}
		if lines > 0 {
			ref.Line = s.firstLine() + lines - 1
		}
		d.Problems = append(d.Problems, fact.Problem{Ref: ref, Text: readFailure(err)})
	}
}

// tell says how much is read: all streams before, and n bytes of this one.
func (d *dating) tell(n int64) {
	d.told = max(d.told, d.before+n) // a head without times is read twice
	if d.progress != nil {
		d.progress(d.told, d.total)
	}
}

// watched reads a stream until the context ends, and tells of its progress.
type watched struct {
	d    *dating
	in   io.Reader
	read int64
}

func (w *watched) Read(p []byte) (int, error) {
	if err := w.d.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := w.in.Read(p)
	w.read += int64(n)
	w.d.tell(w.read)
	return n, err
}

// firstLine is the number of Content's first line in the source.
func (s *Stream) firstLine() int { return max(s.Line, 1) }

// section reads Content from its beginning.
func (s *Stream) section() io.Reader { return io.NewSectionReader(s.Content, 0, s.Content.Size()) }

// wants reports whether a line of Content is one of the stream.
func (s *Stream) wants(l line.Line) bool { return s.Lines == 0 || int64(l.No) <= s.Lines }

// glance reads the time and the level of a line; ok says whether it prints a time.
func (s *Stream) glance(text []byte) (at time.Time, level fact.Level, ok bool) {
	stamp, level := line.Glance(text)
	if !stamp.IsZero() {
		return resolve(printed(stamp), s.Collected), level, true
	}
	if !s.Boot.IsZero() {
		if since, ok := line.SinceBoot(text); ok {
			return s.Boot.Add(since), level, true
		}
	}
	return time.Time{}, level, false
}
