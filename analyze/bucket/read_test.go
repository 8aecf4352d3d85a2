package bucket_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"culprit/analyze/bucket"
	"culprit/analyze/bucket/buckettest"
)

// stores are ones that wait in no time, and say how long.
func stores(waited *[]time.Duration) *bucket.Stores {
	return &bucket.Stores{Sleep: func(ctx context.Context, d time.Duration) error {
		*waited = append(*waited, d)
		return ctx.Err()
	}}
}

// content is n bytes of which no two ranges are alike.
func content(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%d ", i)
	}
	return b.Bytes()[:n]
}

// What goes wrong between a store and its reader, and what the reader makes of it: the
// whole object, or an error of one kind, and never a mixture of two.
func TestRead(t *testing.T) {
	const key = "a/b c.tar"
	old, other := content(100_000), bytes.ToUpper(bytes.Repeat([]byte("other "), 20_000))[:100_000]
	s := buckettest.New(t)
	for _, tt := range []struct {
		name   string
		faults []buckettest.Fault
		want   error // nil: the whole object
		says   string
		// ofObject: an error of no kind, which ends no run.
		ofObject bool
		waits    int
		ranges   []string
	}{
		{name: "in peace", ranges: []string{""}},
		{name: "dropped", faults: []buckettest.Fault{buckettest.Drops(1, key, 30_000, nil)}, waits: 1, ranges: []string{"", "bytes=30000-"}},
		{name: "dropped before a byte", faults: []buckettest.Fault{buckettest.Drops(1, key, 0, nil)}, waits: 1, ranges: []string{"", ""}},
		{name: "dropped often, with progress", faults: []buckettest.Fault{buckettest.Drops(9, key, 10_000, nil)}, waits: 9},
		{name: "dropped at the last byte", faults: []buckettest.Fault{buckettest.Drops(1, key, 99_999, nil)}, waits: 1, ranges: []string{"", "bytes=99999-"}},
		{name: "503", faults: []buckettest.Fault{buckettest.Answers(3, "GET", key, 503, "SlowDown")}, waits: 3},
		{name: "503 for good", faults: []buckettest.Fault{buckettest.Answers(99, "GET", key, 503, "SlowDown")}, waits: 4, want: bucket.ErrStore, says: "503 SlowDown"},
		{name: "dropped, then 500", faults: []buckettest.Fault{buckettest.Drops(1, key, 30_000, nil), buckettest.Answers(2, "GET", key, 500, "InternalError")}, waits: 3},
		{name: "dropped, then down", faults: []buckettest.Fault{buckettest.Drops(1, key, 30_000, nil), buckettest.Answers(99, "GET", key, 500, "InternalError")}, waits: 4, want: bucket.ErrStore, says: "500 InternalError"},
		{name: "changed while it was read", faults: []buckettest.Fault{buckettest.Drops(1, key, 30_000, func() { s.Put(key, other) })}, waits: 1, want: bucket.ErrChanged, says: "changed while it was read"},
		{name: "shorter while it was read", faults: []buckettest.Fault{buckettest.Drops(1, key, 30_000, func() { s.Put(key, other[:20_000]) })}, waits: 1, want: bucket.ErrChanged, says: "changed while it was read"},
		{name: "gone while it was read", faults: []buckettest.Fault{buckettest.Drops(1, key, 30_000, func() { s.Delete(key) })}, waits: 1, want: bucket.ErrChanged, says: "changed while it was read"},
		{name: "the same again while it was read", faults: []buckettest.Fault{buckettest.Drops(1, key, 30_000, func() { s.Put(key, old) })}, waits: 1},
		{name: "not for us", faults: []buckettest.Fault{buckettest.Answers(99, "GET", key, 403, "AccessDenied")}, want: fs.ErrPermission, says: "may not be read"},
		{name: "in the deep archive", faults: []buckettest.Fault{buckettest.Answers(99, "GET", key, 403, "InvalidObjectState")}, says: "403 InvalidObjectState", ofObject: true},
		{name: "of an unknown key", faults: []buckettest.Fault{buckettest.Answers(99, "GET", key, 403, "InvalidAccessKeyId")}, want: bucket.ErrStore, says: "403 InvalidAccessKeyId"},
		{name: "with a key that has expired", faults: []buckettest.Fault{buckettest.Answers(99, "GET", key, 400, "ExpiredToken")}, want: bucket.ErrStore, says: "400 ExpiredToken"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.Put(key, old)
			s.Break()
			if tt.faults != nil {
				s.Break(tt.faults...)
			}
			var waited []time.Duration
			s.Asked()
			r, err := stores(&waited).Open(t.Context(), s.URL(key))
			var got []byte
			if err == nil {
				got, err = io.ReadAll(r)
				r.Close()
				if again, twice := r.Read(make([]byte, 1)); again > 0 || twice == nil {
					t.Errorf("read after the end: %d, %v", again, twice)
				}
			}
			switch {
			case tt.ofObject:
				if err == nil || errors.Is(err, bucket.ErrStore) || !strings.Contains(err.Error(), tt.says) {
					t.Errorf("%v", err)
				}
			case tt.want == nil && (err != nil || !bytes.Equal(got, old)):
				t.Errorf("%d bytes, %v", len(got), err)
			case tt.want != nil && (!errors.Is(err, tt.want) || !strings.Contains(err.Error(), tt.says)):
				t.Errorf("%v, want %v with %q", err, tt.want, tt.says)
			case !bytes.HasPrefix(old, got):
				t.Error("what was read is a mixture")
			case err != nil && strings.Contains(fmt.Sprintf("%+v", err), buckettest.Secret):
				t.Errorf("a secret: %v", err)
			}
			if len(waited) != tt.waits || !slices.IsSorted(waited) && tt.waits < 5 {
				t.Errorf("waited %v, want %d times and ever longer", waited, tt.waits)
			}
			var ranges []string
			for _, asked := range s.Asked() {
				ranges = append(ranges, strings.TrimSpace(strings.TrimPrefix(asked, "GET /"+buckettest.Name+"/"+key)))
			}
			if tt.ranges != nil && !slices.Equal(ranges, tt.ranges) {
				t.Errorf("ranges %q, want %q", ranges, tt.ranges)
			}
		})
	}
	s.Break()
	for _, gone := range []string{s.URL("none"), strings.Replace(s.URL(key), buckettest.Name, "nobucket", 1), "file://" + t.TempDir() + "/none", "file:///none/none"} {
		if _, err := (&bucket.Stores{}).Open(t.Context(), gone); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", gone, err)
		}
	}
}

// A store that is not there, and one that is asked without credentials.
func TestNoStore(t *testing.T) {
	s := buckettest.New(t)
	var waited []time.Duration
	nowhere := "s3://bkt/x?endpoint=http%3A%2F%2F127.0.0.1%3A1&region=x&use_path_style=true"
	if _, err := stores(&waited).Open(t.Context(), nowhere); !errors.Is(err, bucket.ErrStore) || !strings.Contains(err.Error(), "dial 127.0.0.1:1: connection refused") || len(waited) != 4 {
		t.Errorf("%v after %v", err, waited)
	}
	if _, err := stores(&waited).Open(t.Context(), "s3://bkt/x"); !errors.Is(err, bucket.ErrStore) || !strings.Contains(err.Error(), "$AWS_REGION") {
		t.Errorf("%v", err)
	}
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"} {
		t.Setenv(name, "")
	}
	waited = nil
	if _, err := stores(&waited).Open(t.Context(), s.URL("x")); !errors.Is(err, bucket.ErrStore) || !strings.Contains(err.Error(), "no credentials") || len(waited) > 0 {
		t.Errorf("%v after %v", err, waited)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := (&bucket.Stores{}).Open(ctx, s.URL("x")); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestList(t *testing.T) {
	s := buckettest.New(t)
	for _, key := range []string{"2026/a.tar", "2026/b/c d#?%.tar.zst", "2026/b/notes.txt", "2026-old/x.tar", "2026/one.tar", "2026/one.tar.zst", "z.tar"} {
		s.Put(key, []byte(key))
	}
	for _, tt := range []struct {
		prefix string
		want   []string
	}{
		{"2026/", []string{"2026/a.tar", "2026/b/c d#?%.tar.zst", "2026/b/notes.txt", "2026/one.tar", "2026/one.tar.zst"}},
		{"2026/one.tar", []string{"2026/one.tar"}},
		{"2026", []string{"2026-old/x.tar", "2026/a.tar", "2026/b/c d#?%.tar.zst", "2026/b/notes.txt", "2026/one.tar", "2026/one.tar.zst"}},
		{"2026/b/c d#", []string{"2026/b/c d#?%.tar.zst"}},
		{"none", nil},
	} {
		var got []string
		var err error
		var s3 bucket.Stores
		for o, e := range s3.List(t.Context(), s.URL(tt.prefix)) {
			if err = e; err != nil {
				break
			}
			got = append(got, o.Key)
			r, err := s3.Open(t.Context(), o.URL)
			if err != nil {
				t.Fatalf("%s: %v", o.URL, err)
			}
			raw, _ := io.ReadAll(r)
			if r.Close(); string(raw) != o.Key || r.URL != o.URL || r.Size != o.Size || !bucket.SameState(r.Stamp, o.Stamp) {
				t.Errorf("listed %+v, read %+v %q", o, r.Object, raw)
			}
		}
		if !slices.Equal(got, tt.want) || (tt.want == nil) != errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %q, %v; want %q", tt.prefix, got, err, tt.want)
		}
	}
}

// More objects than one answer has, and an answer that comes at the third try.
func TestListPages(t *testing.T) {
	s := buckettest.New(t)
	const n = 1100
	for i := range n {
		s.Put(fmt.Sprintf("%04d.tar", i), []byte{1})
	}
	s.Break(buckettest.Answers(2, http.MethodGet, "", 503, "SlowDown"))
	var waited []time.Duration
	next := 0
	for o, err := range stores(&waited).List(t.Context(), s.URL("")) {
		if err != nil || o.Key != fmt.Sprintf("%04d.tar", next) {
			t.Fatalf("%+v, %v after %d", o, err, next)
		}
		next++
	}
	if next != n || len(waited) != 2 {
		t.Errorf("%d objects, waited %v", next, waited)
	}
}
