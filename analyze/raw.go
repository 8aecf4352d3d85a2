package analyze

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"culprit/analyze/bundle"
	"culprit/analyze/fact"
)

// ErrNoSource says that a source is not in the bundle, or not any more.
var ErrNoSource = errors.New("the bundle does not hold it")

// Raw copies one source of the paths that Bundles was given, as it is stored after
// unpacking: out of o.Spool, else it walks them again, up to that source. What can be
// read only once is then not there. ErrNoSource when it is not there, else the first error of w.
func Raw(ctx context.Context, o Options, w io.Writer, source string, paths ...string) error {
	if kept, ok := o.Spool.Source(source); ok {
		_, err := io.Copy(w, untilDone{ctx, kept})
		return err
	}
	for i, path := range paths {
		if !again(path) {
			continue
		}
		ctx, stop := context.WithCancel(ctx)
		found := false
		var failed error
		_, _ = o.walk(ctx, path, &bundle.Walker{Limits: o.Limits, Visit: func(src fact.Source, content io.Reader) {
			if found || prefix(i, len(paths))+src.Path != source {
				return
			}
			found = true
			_, failed = io.Copy(w, content)
			stop()
		}})
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

// again reports whether a path can be read a second time: standard input and pipes
// cannot. What is not there may be one of Options.Open.
func again(path string) bool {
	st, err := os.Stat(path)
	return path != "-" && (err != nil || st.Mode()&fs.ModeNamedPipe == 0)
}

// untilDone ends with the error of ctx.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}
