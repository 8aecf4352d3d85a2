package bucket

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"cloud.google.com/go/storage"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"culprit/analyze/bucket/address"
)

// Reader reads an object once, from its beginning to its end. A connection that is
// dropped is opened again where it was, a few times in a row, so long as the object is
// still the same one.
type Reader struct {
	// Object is the state that is read.
	Object

	ctx    context.Context
	stores *Stores
	at     address.Address
	body   *blob.Reader
	watch  *time.Timer // cancels a connection that keeps silent
	stop   context.CancelCauseFunc
	offset int64
	tries  int // in a row, without a byte
	err    error
}

// Open opens the object that a URL names. The error is that of ctx, or wraps ErrStore,
// fs.ErrNotExist or fs.ErrPermission.
func (s *Stores) Open(ctx context.Context, source string) (*Reader, error) {
	l, err := address.Parse(source)
	if err != nil {
		return nil, err
	}
	r := &Reader{ctx: ctx, stores: s, at: l}
	for err = r.connect(); err != nil; err = r.connect() {
		if err := r.again(err); err != nil {
			return nil, err
		}
	}
	r.tries = 0
	return r, nil
}

// connect opens the object where reading has come to.
func (r *Reader) connect() error {
	ctx, stop := context.WithCancelCause(r.ctx)
	r.stop, r.watch = stop, time.AfterFunc(patience, func() { stop(errStalled) })
	defer r.watch.Stop()
	b, err := r.stores.bucket(ctx, r.at)
	if err != nil {
		stop(nil)
		return err
	}
	_, key := split(r.at)
	body, err := b.NewRangeReader(ctx, key, r.offset, -1, &blob.ReaderOptions{BeforeRead: asStored})
	if err != nil {
		defer stop(nil)
		if r.offset > 0 && (gcerrors.Code(err) == gcerrors.NotFound || statusOf(err) == http.StatusRequestedRangeNotSatisfiable) {
			return r.changed()
		}
		return errors.Join(err, context.Cause(ctx))
	}
	now := Object{URL: r.at.String(), Key: r.at.Key, Size: body.Size(), Stamp: stampOf(body.ModTime(), etagOfReader(body))}
	if r.offset == 0 && r.Object == (Object{}) {
		r.Object = now
	}
	if r.body = body; r.Size != now.Size || !SameState(r.Stamp, now.Stamp) {
		r.disconnect()
		return r.changed()
	}
	return nil
}

func (r *Reader) changed() error { return failure{r.at.Name(), ErrChanged.Error(), ErrChanged} }

// asStored keeps Google from unpacking what has a Content-Encoding.
func asStored(as func(any) bool) error {
	var handle **storage.ObjectHandle
	if as(&handle) {
		*handle = (*handle).ReadCompressed(true)
	}
	return nil
}

// etagOfReader is the etag of an object that is open, as etagOf.
func etagOfReader(body interface{ As(any) bool }) string {
	var s3 s3.GetObjectOutput
	var gs *storage.Reader
	switch {
	case body.As(&s3) && s3.ETag != nil:
		return *s3.ETag
	case body.As(&gs) && gs.Attrs.Generation != 0:
		return strconv.FormatInt(gs.Attrs.Generation, 10)
	}
	return ""
}

// Read reads. The error but for io.EOF is that of ctx, or wraps ErrStore or ErrChanged,
// and stays.
func (r *Reader) Read(p []byte) (int, error) {
	for r.err == nil {
		n, err := r.read(p)
		switch r.offset += int64(n); {
		case err == nil, n > 0: // an error comes again
			r.tries = 0
			return n, nil
		case err == io.EOF && r.offset >= r.Size:
			r.err = io.EOF
		case r.offset >= r.Size && r.body != nil:
			r.err = failure{what: r.at.Name(), why: "its bytes are not those that the store has: " + reason(err)}
		default:
			r.disconnect()
			r.err = r.again(err)
		}
	}
	return 0, r.err
}

// read reads of the connection, which it opens where there is none.
func (r *Reader) read(p []byte) (int, error) {
	if r.body == nil {
		if err := r.connect(); err != nil {
			return 0, err
		}
	}
	r.watch.Reset(patience)
	defer r.watch.Stop()
	return r.body.Read(p)
}

// again waits for the next try. The error is why there is none.
func (r *Reader) again(err error) error {
	switch {
	case r.ctx.Err() != nil:
		return r.ctx.Err()
	case r.tries == len(waits) || !passes(err):
		return failed(r.at, err)
	}
	r.tries++
	return r.stores.sleep(r.ctx, waits[r.tries-1])
}

func (r *Reader) disconnect() {
	if r.body != nil {
		r.body.Close()
		r.stop(nil)
		r.body = nil
	}
}

// Close gives the connection back.
func (r *Reader) Close() error {
	r.disconnect()
	return nil
}
