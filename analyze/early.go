package analyze

import (
	"context"
	"io"
	"time"

	"culprit/analyze/bundle"
)

const (
	// earlyPause is how long the reading goes on before it is judged for the first
	// time, and at least between two times: what ends within that needs no early word.
	earlyPause = 300 * time.Millisecond
	// earlyShare is how many times as long the reading goes on as the last judgement
	// took: judging takes a tenth of the time.
	earlyShare = 9
)

// early judges now and then what was read so far. It works on copies, and leaves no
// trace in the report.
type early struct {
	Options
	ctx   context.Context
	done  []*parts // of the paths that are read
	now   *parts   // of the path that is being read
	soFar func() bundle.Bundle
	next  time.Time // not before
}

func newEarly(ctx context.Context, o Options) *early {
	return &early{Options: o, ctx: ctx, next: time.Now().Add(earlyPause)}
}

// look judges if it is time to. What of the source that is being read no parser has
// returned yet is not in it.
func (e *early) look() {
	if e.Early == nil || e.ctx.Err() != nil || !e.due() {
		return
	}
	begun := time.Now()
	if all := e.copies(); len(all) > 0 {
		r := e.judge(all)
		r.Early = true
		e.Early(r)
	}
	took := time.Since(begun)
	e.next = begun.Add(took + max(earlyPause, earlyShare*took))
}

func (e *early) due() bool {
	if e.earlyDue != nil {
		return e.earlyDue()
	}
	return !time.Now().Before(e.next)
}

// copies are what was read so far, ready to be judged; none where that is nothing.
func (e *early) copies() []*parts {
	var all []*parts
	for _, p := range e.done {
		all = append(all, p.clone())
	}
	p := e.now.clone()
	p.take(e.soFar())
	if len(all) == 0 && len(p.bundle.Sources) == 0 {
		return nil
	}
	p.settle()
	return together(append(all, p.nodes()...))
}

// during looks also while a source is read: one may be most of a bundle.
func (e *early) during(r io.Reader) io.Reader {
	if e.Early == nil {
		return r
	}
	return looking{e, r}
}

type looking struct {
	early *early
	r     io.Reader
}

func (l looking) Read(p []byte) (int, error) {
	l.early.look()
	return l.r.Read(p)
}
