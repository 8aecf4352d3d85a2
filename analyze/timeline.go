package analyze

import (
	"context"
	"io"

	"culprit/analyze/bundle"
	"culprit/analyze/fact"
	"culprit/analyze/logs"
)

// What a timeline is made of, see package logs.
type (
	Timeline = logs.Timeline
	Stream   = logs.Stream
	Moment   = logs.Moment
	Minute   = logs.Minute
)

// Merge puts the lines of all logs of r into the order of time. The times are those of
// r's hits. open gives the content of a source; what it does not have is a Problem of
// the timeline. progress, if set, is told how many bytes of the logs are read.
//
// The timeline lies in a file of the temporary folder, 48 bytes a line; close it after
// use. It reads the content no more once it is made. The error is that of ctx or of
// that file.
func Merge(ctx context.Context, r *Report, open func(source string) (*io.SectionReader, bool), progress func(done, total int64)) (*Timeline, error) {
	streams, left := r.streams(open)
	store, err := bundle.NewUnnamed()
	if err != nil {
		return nil, err
	}
	t, err := logs.Merge(ctx, store, streams, progress)
	if err != nil {
		return nil, err
	}
	t.Problems = append(left.problems, t.Problems...)
	t.Undated = append(left.undated, t.Undated...)
	return t, nil
}

// leftOut are logs that make no stream, see Timeline.
type leftOut struct {
	problems []fact.Problem
	undated  []string
}

// streams are the logs of r, whole sources once each, and the pieces of pasted texts.
func (r *Report) streams(open func(source string) (*io.SectionReader, bool)) (streams []Stream, left leftOut) {
	whole := map[string]bool{}
	for _, l := range r.Tables.Logs {
		pasted := l.Ref.Line > 0
		if !pasted && whole[l.Source] {
			continue
		}
		whole[l.Source] = whole[l.Source] || !pasted
		if scattered := pasted && int64(max(l.Ref.Line, l.Ref.EndLine)-l.Ref.Line+1) != l.Lines; scattered {
			left.scattered(l)
			continue
		}
		content, ok := open(l.Source)
		if !ok {
			left.problems = append(left.problems, fact.Problem{Ref: l.Ref, Text: ErrNoSource.Error()})
			continue
		}
		clock := r.clocks[l.At]
		s := Stream{Source: l.Source, Daemon: l.Daemon, Content: content, Collected: clock.ref, Boot: clock.boot}
		if pasted {
			s.Line, s.Offset, s.Lines = l.Ref.Line, l.Ref.Offset, l.Lines
			s.Content = io.NewSectionReader(content, l.Ref.Offset, max(0, content.Size()-l.Ref.Offset))
		}
		streams = append(streams, s)
	}
	return streams, left
}

// scattered notes a log whose lines do not follow one another in a pasted text: lines
// of grep over several files, or what clients print, mostly without times.
func (o *leftOut) scattered(l fact.Log) {
	if l.First.IsZero() {
		o.undated = append(o.undated, l.Source)
		return
	}
	o.problems = append(o.problems, fact.Problem{Ref: l.Ref, Text: "the lines of this log do not follow one another: they are not in the timeline"})
}
