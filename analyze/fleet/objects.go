package fleet

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"iter"
	"path"
	"strings"

	"culprit/analyze"
	"culprit/analyze/bucket"
	"culprit/analyze/bucket/address"
)

// findObjects adds the bundles that a URL names or that lie below it: the object of just
// this name, or those whose names begin with it and end as an archive's does. Many loose
// objects that would be one folder are no bundle.
func findObjects(ctx context.Context, stores *bucket.Stores, url string, found map[string]Place) error {
	named, err := address.Clean(url)
	if err != nil {
		return err
	}
	for o, err := range stores.List(ctx, url) {
		if err != nil {
			return err
		}
		if o.URL == named || isArchive(o.Key) {
			found[o.URL] = Place{Path: o.URL, Size: o.Size, Stamp: o.Stamp}
		}
	}
	return nil
}

// readObject analyses an object in the pass that hashes it. Its place is that which was
// read. The error is that of ctx, of a store that cannot be asked, or of what is known.
func (b Batch) readObject(ctx context.Context, p Place) (Outcome, error) {
	in, err := b.Objects.Open(ctx, p.Path)
	if err != nil {
		return b.unreadable(ctx, p, "", err)
	}
	defer in.Close()
	now := Place{Path: p.Path, Size: in.Size, Stamp: in.Stamp}
	if p.Size == now.Size && bucket.SameState(p.Stamp, now.Stamp) {
		now = p
	}
	r, hash, err := b.analyseObject(ctx, in)
	if hash == "" {
		return b.unreadable(ctx, now, "", err)
	}
	if known, err := b.knownContent(hash); known || err != nil {
		return Outcome{Place: now, Skipped: true, Result: Result{Hash: hash}}, err
	}
	return b.outcome(ctx, now, hash, r, err)
}

// analyseObject reads an object to its end, whatever the analysis makes of it. Without a
// hash it was not read to its end, and nothing is said of it; with one the error is the
// analysis's.
func (b Batch) analyseObject(ctx context.Context, in *bucket.Reader) (*analyze.Report, string, error) {
	sum := sha256.New()
	all := io.TeeReader(in, sum)
	o := b.Options
	o.Open = func(context.Context, string) (*analyze.Opened, error) {
		return &analyze.Opened{Name: path.Base(in.Key), ReadCloser: io.NopCloser(all)}, nil
	}
	r, failed := analyze.Bundles(ctx, o, in.URL)
	if _, err := io.Copy(io.Discard, all); err != nil {
		return nil, "", err
	}
	return r, hex.EncodeToString(sum.Sum(nil)), failed
}

// objectResult is that of one object that is kept nowhere.
func (b Batch) objectResult(ctx context.Context, url string) (Result, error) {
	in, err := b.Objects.Open(ctx, url)
	if err != nil {
		return Result{}, err
	}
	defer in.Close()
	r, hash, err := b.analyseObject(ctx, in)
	if err != nil {
		return Result{}, err
	}
	return newResult(hash, r), nil
}

// OpenResults are the results below a folder or a URL. A folder that is not there is made
// by the first result.
func OpenResults(stores *bucket.Stores, at string) (Results, error) {
	if !address.IsURL(at) {
		return Folder(at), nil
	}
	if folder, ok, err := address.File(at); ok || err != nil {
		return Folder(folder), err
	}
	below, err := stores.Folder(at)
	return bucketResults{below}, err
}

// bucketResults are results in a bucket, which has put-if-absent of its own.
type bucketResults struct{ bucket.Folder }

// Names goes through the objects in the order of their names.
func (r bucketResults) Names(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for name, err := range r.Folder.Names(ctx) {
			if (err != nil || isResult(name)) && !yield(name, err) {
				return
			}
		}
	}
}

// isResult reports whether a name is one of objectName's, and not what lies beside them.
func isResult(name string) bool {
	group, file, _ := strings.Cut(name, "/")
	return strings.Contains(group, "+") && strings.HasSuffix(file, objectEnd) && !strings.Contains(file, "/")
}
