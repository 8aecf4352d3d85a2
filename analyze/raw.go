package analyze

import (
	"context"
	"errors"
	"io"

	"culprit/analyze/bundle"
	"culprit/analyze/fact"
)

// ErrNoSource says that a source is not in the bundle, or not any more.
var ErrNoSource = errors.New("the bundle does not hold it")

// Raw copies one source of the paths that Bundles was given, as it is stored after
// unpacking. It walks them again, up to that source. ErrNoSource when it is not there,
// else the first error of w.
func Raw(ctx context.Context, o Options, w io.Writer, source string, paths ...string) error {
	for i, path := range paths {
		ctx, stop := context.WithCancel(ctx)
		found := false
		var failed error
		_, _ = bundle.Walk(ctx, path, o.Limits, func(src fact.Source, content io.Reader) {
			if found || prefix(i, len(paths))+src.Path != source {
				return
			}
			found = true
			_, failed = io.Copy(w, content)
			stop()
		})
		stop()
		if found {
			return failed
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return ErrNoSource
}
