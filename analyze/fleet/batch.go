package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"culprit/analyze"
	"culprit/analyze/bucket"
	"culprit/analyze/bucket/address"
	"culprit/analyze/bundle"
)

// Batch analyses many bundles.
type Batch struct {
	Options analyze.Options
	// Objects are where places are read that are URLs; nil where none is one.
	Objects *bucket.Stores
	// Workers is how many bundles are read at once.
	Workers int
	// Known reports whether the result of a place, or of its content, is there already; nil
	// nothing is.
	KnownPlace   func(Place) (bool, error)
	KnownContent func(hash string) (bool, error)
	// Facts returns what was read of a place before, for other rules, and its content's
	// hash; nil where it has to be read. A nil Facts has nothing.
	Facts func(Place) (hash string, f *analyze.Facts, err error)
	// Unread is set where no bundle is to be read, which may be gone: what has no facts is
	// skipped.
	Unread bool
	// Pack makes facts what an outcome has of them; nil they are not kept.
	Pack func(analyze.Facts) (*Packed, error)
	// Planned is set where the places were found a while ago: one that changed since is
	// read as it is now, and its result says so.
	Planned bool
	// Done takes what became of a place, from one goroutine at a time. An error ends the
	// run.
	Done func(Outcome) error
	// claimed are the contents that a worker of this run has taken.
	claimed *sync.Map
	passing *passing // the objects that it leaves for another one
}

// Outcome is what became of one place.
type Outcome struct {
	// Place is as it was read; Planned as Run was given it, which is another one where it
	// changed since a plan.
	Place, Planned Place
	// Skipped is set where the result was there already; Result has then its hash at most.
	Skipped bool
	Result  Result
	// Facts are what was read, nil where that is not to be kept.
	Facts *Packed
	// Again is set where the bundle was not read: facts that were kept are judged again.
	Again bool
}

// Run goes through the places until the end, or until ctx or Done ends it. A bundle that
// cannot be read is an outcome and no error, unless it is this machine that falls short. An
// object that its store cannot be asked for is left out, and an error when all others are
// done.
func (b Batch) Run(ctx context.Context, places []Place) (err error) {
	if b.Options, err = b.Options.Prepared(); err != nil {
		return err
	}
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	b.claimed, b.passing = &sync.Map{}, &passing{}
	todo := make(chan Place)
	done := make(chan Outcome)
	var workers sync.WaitGroup
	for range max(b.Workers, 1) {
		workers.Go(func() {
			for p := range todo {
				o, err := b.one(ctx, p)
				if errors.Is(err, errLater) {
					continue
				}
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
	return cmp.Or(context.Cause(ctx), b.passing.end())
}

// one analyses one place. The error is that of ctx, of what is known or ofMachine, or
// errLater.
func (b Batch) one(ctx context.Context, p Place) (Outcome, error) {
	if b.KnownPlace != nil {
		if known, err := b.KnownPlace(p); known || err != nil {
			return Outcome{Place: p, Planned: p, Skipped: true}, err
		}
	}
	if b.Facts != nil {
		if hash, f, err := b.Facts(p); f != nil || err != nil {
			return b.again(p, hash, f), err
		}
	}
	if b.Unread {
		return Outcome{Place: p, Planned: p, Skipped: true}, nil
	}
	o, err := b.now(ctx, p)
	err = b.passing.add(err)
	o.Planned = p
	if now := o.Place; b.Planned && err == nil && now != p && !o.Skipped {
		changed := fmt.Sprintf("changed since the plan: %d bytes of %s then, %d bytes of %s now", p.Size, p.Stamp, now.Size, now.Stamp)
		o.Result.Damage = append([]string{changed}, o.Result.Damage...)
	}
	return o, err
}

// now reads what lies at a place by now, where that is asked for.
func (b Batch) now(ctx context.Context, p Place) (Outcome, error) {
	if address.IsURL(p.Path) {
		return b.readObject(ctx, p)
	}
	if st, err := os.Stat(p.Path); b.Planned && err == nil { // what is gone is unreadable
		p = placeOf(p.Path, st)
	}
	return b.read(ctx, p)
}

// read analyses what lies at a place, unless its content is known.
func (b Batch) read(ctx context.Context, p Place) (Outcome, error) {
	hash, err := Hash(ctx, p.Path)
	if err != nil {
		return b.unreadable(ctx, p, "", err)
	}
	if known, err := b.knownContent(hash); known || err != nil {
		return Outcome{Place: p, Skipped: true, Result: Result{Hash: hash}}, err
	}
	r, err := analyze.Bundles(ctx, b.Options, p.Path)
	return b.outcome(ctx, p, hash, r, err)
}

// outcome is that of a bundle of which Bundles returned r and err.
func (b Batch) outcome(ctx context.Context, p Place, hash string, r *analyze.Report, err error) (Outcome, error) {
	switch {
	case ctx.Err() != nil:
		return Outcome{}, context.Cause(ctx)
	case err != nil:
		return b.unreadable(ctx, p, hash, err)
	case r.NoSpool != nil:
		return Outcome{}, fmt.Errorf("%s: %w", p.Path, r.NoSpool)
	}
	o := Outcome{Place: p, Result: newResult(hash, r)}
	if b.Pack != nil {
		o.Facts, err = b.Pack(r.Facts())
	}
	return o, err
}

// again judges what was read before.
func (b Batch) again(p Place, hash string, f *analyze.Facts) Outcome {
	o := Outcome{Place: p, Planned: p, Again: true}
	if f != nil {
		o.Result = newResult(hash, b.Options.Judge(*f))
	}
	return o
}

// knownContent reports whether the result of a content is there, or will be by another
// worker of this run, which has a copy.
func (b Batch) knownContent(hash string) (bool, error) {
	if b.KnownContent == nil {
		return false, nil
	}
	if known, err := b.KnownContent(hash); known || err != nil {
		return known, err
	}
	_, taken := b.claimed.LoadOrStore(hash, true)
	return taken, nil
}

// Result is that of one bundle that is kept nowhere.
func (b Batch) Result(ctx context.Context, path string) (Result, error) {
	if address.IsURL(path) {
		return b.objectResult(ctx, path)
	}
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
// of it. Without a hash, its path and state stand for the content. What this machine falls
// short of, or a store that cannot be asked, is an error.
func (b Batch) unreadable(ctx context.Context, p Place, hash string, err error) (Outcome, error) {
	if ctx.Err() != nil {
		return Outcome{}, context.Cause(ctx)
	}
	if ofMachine(err) || errPassing(err) {
		return Outcome{}, err
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
