package bucket

import (
	"context"
	"io/fs"
	"iter"
	"os"
	"strconv"
	"strings"
	"time"

	"cloud.google.com/go/storage"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"gocloud.dev/blob"

	"culprit/analyze/bucket/address"
)

// Object is one object and its state.
type Object struct {
	// URL is the object's, in the form of Clean; Key its path within the bucket, without a
	// slash in front.
	URL, Key string
	Size     int64
	// Stamp tells one state from another: the time of modification in RFC 3339, and after
	// a blank the etag (of Google's the generation) where the store has one. The time puts
	// states in order, the etag decides whether two are the same.
	Stamp string
}

// SameState reports whether two stamps are of one state: etags, where both have one,
// since stores state the time less exactly in one answer than in another.
func SameState(a, b string) bool {
	_, x, ok := strings.Cut(a, " ")
	_, y, ok2 := strings.Cut(b, " ")
	if ok && ok2 {
		return x == y
	}
	return a == b
}

// stampOf is a stamp; etag may be "".
func stampOf(modified time.Time, etag string) string {
	etag = strings.Trim(strings.TrimPrefix(etag, "W/"), `"`)
	if etag == "" {
		return modified.UTC().Format(time.RFC3339Nano)
	}
	return modified.UTC().Truncate(time.Second).Format(time.RFC3339) + " " + etag
}

// List goes through the object that a URL names, or else through those whose names begin
// with it, in the order of their names; of a file:// URL through the files of the folder.
// The error, after which nothing follows, is that of ctx, or wraps ErrStore,
// fs.ErrNotExist where there is no object or bucket, or fs.ErrPermission.
func (s *Stores) List(ctx context.Context, source string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		l, err := address.Parse(source)
		if err != nil {
			yield(Object{}, err)
			return
		}
		n := 0
		for o, err := range s.list(ctx, l) {
			n++
			if !yield(o, err) || err != nil || o.Key == l.Key { // an object of just this name comes first
				return
			}
		}
		if n == 0 {
			yield(Object{}, failure{l.Name(), "no object is there, or of such a name", fs.ErrNotExist})
		}
	}
}

// list goes through the objects whose keys begin with that of l.
func (s *Stores) list(ctx context.Context, l address.Address) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		const most = 1000 // objects of an answer
		root, prefix := split(l)
		if st, err := os.Stat("/" + l.Key); l.Scheme == "file" && err == nil && st.IsDir() {
			prefix += "/"
		}
		for token := blob.FirstPageToken; len(token) > 0; {
			var page []*blob.ListObject
			err := s.tried(ctx, l, func(ctx context.Context) error {
				b, err := s.bucket(ctx, l)
				if err != nil {
					return err
				}
				next, after, err := b.ListPage(ctx, token, most, &blob.ListOptions{Prefix: prefix})
				if err == nil {
					page, token = next, after
				}
				return err
			})
			if err != nil {
				yield(Object{}, err)
				return
			}
			for _, o := range page {
				if strings.HasSuffix(o.Key, "/") { // what consoles make for a folder
					continue
				}
				key := root + o.Key
				if !yield(Object{URL: l.With(key).String(), Key: key, Size: o.Size, Stamp: stampOf(o.ModTime, etagOf(o))}, nil) {
					return
				}
			}
		}
	}
}

// etagOf is the etag of an object of a list: as S3 has it, or Google's generation.
func etagOf(o interface{ As(any) bool }) string {
	var s3 types.Object
	var gs storage.ObjectAttrs
	switch {
	case o.As(&s3) && s3.ETag != nil:
		return *s3.ETag
	case o.As(&gs) && gs.Generation != 0:
		return strconv.FormatInt(gs.Generation, 10)
	}
	return ""
}
