package fleet

import (
	"context"
	"errors"
	"sync"

	"culprit/analyze"
	"culprit/analyze/bundle"
)

// Batch analyses many bundles.
type Batch struct {
	Options analyze.Options
	// Workers is how many bundles are read at once.
	Workers int
	// Known reports whether the result of a place, or of its content, is there already; nil
	// nothing is.
	KnownPlace   func(Place) (bool, error)
	KnownContent func(hash string) (bool, error)
	// Done takes what became of a place, from one goroutine at a time. An error ends the
	// run.
	Done func(Outcome) error
}

// Outcome is what became of one place.
type Outcome struct {
	Place Place
	// Skipped is set where the result was there already; Result has then its hash at most.
	Skipped bool
	Result  Result
}

// Run goes through the places until the end, or until ctx or Done ends it. A bundle that
// cannot be read is an outcome and no error.
func (b Batch) Run(ctx context.Context, places []Place) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	todo := make(chan Place)
	done := make(chan Outcome)
	var workers sync.WaitGroup
	for range max(b.Workers, 1) {
		workers.Go(func() {
			for p := range todo {
				o, err := b.one(ctx, p)
				if err != nil {
					stop(err)
					return
				}
				select {
				case done <- o:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	go func() {
		defer close(todo)
		for _, p := range places {
			select {
			case todo <- p:
			case <-ctx.Done():
				return
			}
		}
	}()
	go func() {
		workers.Wait()
		close(done)
	}()
	for o := range done {
		if err := b.Done(o); err != nil {
			stop(err)
			break
		}
	}
	for range done { // workers are not to wait for us
	}
	return context.Cause(ctx)
}

// one analyses one place. The error is that of ctx or of what is known.
func (b Batch) one(ctx context.Context, p Place) (Outcome, error) {
	if b.KnownPlace != nil {
		if known, err := b.KnownPlace(p); known || err != nil {
			return Outcome{Place: p, Skipped: true}, err
		}
	}
	hash, err := Hash(ctx, p.Path)
	if err != nil {
		return b.unreadable(ctx, p, "", err)
	}
	if b.KnownContent != nil {
		if known, err := b.KnownContent(hash); known || err != nil {
			return Outcome{Place: p, Skipped: true, Result: Result{Hash: hash}}, err
		}
	}
	r, err := analyze.Bundles(ctx, b.Options, p.Path)
	switch {
	case ctx.Err() != nil:
		return Outcome{}, context.Cause(ctx)
	case err != nil:
		return b.unreadable(ctx, p, hash, err)
	}
	return Outcome{Place: p, Result: newResult(hash, r)}, nil
}

// Result is that of one bundle that is kept nowhere.
func (b Batch) Result(ctx context.Context, path string) (Result, error) {
	hash, err := Hash(ctx, path)
	if err != nil {
		return Result{}, err
	}
	r, err := analyze.Bundles(ctx, b.Options, path)
	if err != nil {
		return Result{}, err
	}
	return newResult(hash, r), nil
}

// unreadable is the outcome of a bundle that cannot be read: its damage is what is known
// of it. Without a hash, its path and state stand for the content.
func (b Batch) unreadable(ctx context.Context, p Place, hash string, err error) (Outcome, error) {
	if ctx.Err() != nil {
		return Outcome{}, context.Cause(ctx)
	}
	if hash == "" {
		hash = "unreadable " + p.Path + " " + p.Stamp
	}
	why := err.Error()
	if errors.Is(err, bundle.ErrUnrecognised) {
		why = "not recognised: " + why
	}
	return Outcome{Place: p, Result: Result{Hash: hash, Version: b.Options.Version, Rules: b.Options.Rules.Hash, Status: Unreadable, Damage: []string{why}}}, nil
}
