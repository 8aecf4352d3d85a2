package fleet

import (
	"errors"
	"fmt"
	"sync"

	"culprit/analyze/bucket"
)

// errPassing reports whether an error is not the object's but the store's, which may pass,
// and is not the result of a bundle.
func errPassing(err error) bool { return errors.Is(err, bucket.ErrStore) }

// maxPassing is how many objects in a row may meet errPassing: then it is the whole store
// that cannot be asked, and not a few of its objects.
const maxPassing = 8

// errLater says that an object is left for another run.
var errLater = errors.New("the store cannot be asked for it now")

// passing are the objects of a run that are left for another one.
type passing struct {
	mu    sync.Mutex
	first error
	all   int
	inRow int
}

// add takes what an object was read with, nil too. It returns err where that is not
// errPassing, errLater where the run goes on without it, or why it does not.
func (p *passing) add(err error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !errPassing(err) {
		if err == nil {
			p.inRow = 0
		}
		return err
	}
	if p.all++; p.first == nil {
		p.first = err
	}
	if p.inRow++; p.inRow == maxPassing {
		return err
	}
	return errLater
}

// end is the error of a run that came to its end.
func (p *passing) end() error {
	if p.all == 0 {
		return nil
	}
	return fmt.Errorf("%d objects could not be read, all others are done: %w", p.all, p.first)
}
