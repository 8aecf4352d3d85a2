package fleet

import (
	"context"
	"iter"
)

// readAhead is how many objects of results are read at once: a bucket answers each after
// some milliseconds, and any number at a time.
const readAhead = 32

// reading is an object that is being read, or why it cannot be.
type reading struct {
	name   string
	object object
	err    error
	// listed is why there are no more names.
	listed error
	done   chan struct{}
}

// ahead reads the objects of names that are wanted, some at once, and hands them out in
// order; those that are not wanted are handed out without their content.
func ahead(ctx context.Context, results Results, wanted func(name string) bool) iter.Seq[*reading] {
	return func(yield func(*reading) bool) {
		ctx, stop := context.WithCancel(ctx)
		queue := make(chan *reading, readAhead)
		ended := make(chan struct{})
		defer func() { stop(); <-ended }()
		go func() {
			defer close(ended)
			defer close(queue)
			for name, err := range results.Names(ctx) {
				r := &reading{name: name, listed: err, done: make(chan struct{})}
				if err != nil || !wanted(name) {
					close(r.done)
				} else {
					go func() {
						defer close(r.done)
						r.object, r.err = get(ctx, results, name)
					}()
				}
				select {
				case queue <- r:
				case <-ctx.Done():
					return
				}
			}
		}()
		for r := range queue {
			if <-r.done; !yield(r) {
				return
			}
		}
	}
}
