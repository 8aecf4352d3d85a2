package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"culprit/analyze/bucket"
	"culprit/analyze/bucket/buckettest"
)

// patient are stores that wait in no time.
func patient() *bucket.Stores {
	return &bucket.Stores{Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() }}
}

// outcomes are those of a run over what sources name, by base name without parameters.
func outcomes(t *testing.T, b Batch, sources ...string) (map[string]Outcome, error) {
	t.Helper()
	places, err := Find(t.Context(), b.Objects, sources)
	if err != nil {
		t.Fatal(err)
	}
	return outcomesOf(t, b, places)
}

func outcomesOf(t *testing.T, b Batch, places []Place) (map[string]Outcome, error) {
	t.Helper()
	got := map[string]Outcome{}
	b.Options, b.Workers = options(t), 2
	b.Done = func(o Outcome) error { got[baseOf(o.Place.Path)] = o; return nil }
	return got, b.Run(t.Context(), places)
}

func baseOf(name string) string {
	name, _, _ = strings.Cut(name, "?")
	return path.Base(name)
}

// The result of a content is the same from a bucket as from a folder, of every format,
// damaged or not, also where the connection is dropped now and then.
func TestObjectsAsFiles(t *testing.T) {
	s := buckettest.New(t)
	dir := t.TempDir()
	files, err := filepath.Glob("../../cmd/culprit/testdata/archives/*")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d archives, %v", len(files), err)
	}
	for i, p := range samples(t) {
		if i < 4 {
			files = append(files, p.Path)
		}
	}
	for i, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := fmt.Sprintf("%02d-%s", i, filepath.Base(file))
		for name, content := range map[string][]byte{name: content, "cut-" + name: content[:len(content)*2/3]} {
			s.Put("bundles/"+name, content)
			s.Break(buckettest.Drops(2, "bundles/"+name, len(content)/3, nil))
			if err := os.WriteFile(filepath.Join(dir, name), content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	want, err := outcomes(t, Batch{}, dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, source := range []string{s.URL("bundles/"), "file://" + dir} {
		got, err := outcomes(t, Batch{Objects: patient()}, source)
		if err != nil || !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) || len(got) < 2*4 {
			t.Fatalf("%d bundles, %v; want %d", len(got), err, len(want))
		}
		for name, o := range want {
			if !reflect.DeepEqual(got[name].Result, o.Result) {
				t.Errorf("%s of %.5s: %+v\nwant %+v", name, source, got[name].Result, o.Result)
			}
		}
	}
	r, err := Batch{Options: options(t), Objects: patient()}.Result(t.Context(), s.URL("bundles/00-"+filepath.Base(files[0])))
	if err != nil || !reflect.DeepEqual(r, want["00-"+filepath.Base(files[0])].Result) {
		t.Errorf("%+v, %v", r, err)
	}
}

// What is wrong with one object is its result; what is wrong with the store ends the run.
func TestObjectsBroken(t *testing.T) {
	s := buckettest.New(t)
	sample, err := os.ReadFile(samples(t)[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"changes.tar.zst", "forbidden.tar.zst", "gone.tar.zst", "no.tar", "notes.txt", "replaced.tar.zst", "touched.tar.zst", "well.tar.zst"} {
		s.Put(key, sample)
	}
	s.Put("no.tar", []byte("no bundle"))
	places, err := Find(t.Context(), patient(), []string{s.URL("")})
	if err != nil || len(places) != 7 {
		t.Fatalf("%v, %v", places, err)
	}
	s.Delete("gone.tar.zst")
	s.Put("replaced.tar.zst", append(slices.Clone(sample), 0))
	s.Put("touched.tar.zst", sample) // and its etag is the same
	s.Break(buckettest.Answers(-1, "GET", "forbidden.tar.zst", 403, "AccessDenied"),
		buckettest.Drops(1, "changes.tar.zst", len(sample)/2, func() { s.Put("changes.tar.zst", sample[1:]) }))
	got, err := outcomesOf(t, Batch{Objects: patient(), Planned: true}, places)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"changes.tar.zst":   "unreadable s3://incidents/changes.tar.zst: changed while it was read",
		"forbidden.tar.zst": "unreadable s3://incidents/forbidden.tar.zst: it may not be read or written with these credentials",
		"gone.tar.zst":      "unreadable s3://incidents/gone.tar.zst: no such object or bucket",
		"no.tar":            "unreadable not recognised: ",
		"replaced.tar.zst":  fmt.Sprintf("damaged changed since the plan: %d bytes of ", len(sample)),
		"touched.tar.zst":   "whole ",
		"well.tar.zst":      "whole ",
	} {
		o := got[name]
		raw, err := json.Marshal(o.Result)
		if text := string(o.Result.Status) + " " + strings.Join(o.Result.Damage, "|"); !strings.HasPrefix(text, want) || want == "whole " && text != want || err != nil || strings.Contains(string(raw), buckettest.Secret) {
			t.Errorf("%s: %q, want %q", name, text, want)
		}
		if o.Result.Status == Unreadable && name != "no.tar" && (len(o.Result.Findings) > 0 || !strings.HasPrefix(o.Result.Hash, "unreadable s3://")) {
			t.Errorf("%s: %+v", name, o.Result)
		}
	}
	s.Break()
	s.Break(buckettest.Answers(-1, "GET", "no.tar", 503, "SlowDown"))
	got, err = outcomesOf(t, Batch{Objects: patient()}, places)
	if !errors.Is(err, bucket.ErrStore) || !strings.HasPrefix(err.Error(), "1 objects could not be read, all others are done: ") || strings.Contains(err.Error(), buckettest.Secret) || len(got) != len(places)-1 {
		t.Errorf("of %d objects %d are read: %v", len(places), len(got), err)
	}
}

// Where the whole store cannot be asked a run ends after a few objects, and what was read
// before is kept.
func TestStoreIsDown(t *testing.T) {
	s := buckettest.New(t)
	var places []Place
	for i := range 5 * maxPassing {
		key := fmt.Sprintf("%02d.tar.zst", i)
		s.Put(key, []byte("no bundle"))
		if i >= 3 {
			s.Break(buckettest.Answers(-1, "GET", key, 503, "SlowDown"))
		}
		places = append(places, Place{Path: s.URL(key), Size: 9, Stamp: "s"})
	}
	got, err := outcomesOf(t, Batch{Objects: patient()}, places)
	if !errors.Is(err, bucket.ErrStore) || strings.Contains(err.Error(), "others are done") || len(got) != 3 {
		t.Errorf("%d are read: %v", len(got), err)
	}
}

// A shard of a plan over a bucket, into a bucket: the second time it reads nothing, and
// where all of its objects are gone, or the store, it is to be tried again.
func TestShardOfObjects(t *testing.T) {
	s := buckettest.New(t)
	sample, err := os.ReadFile(samples(t)[0].Path)
	if err != nil {
		t.Fatal(err)
	}
	s.Put("in/a.tar.zst", sample)
	s.Put("in/b.tar.zst", sample[:len(sample)/2])
	stores := patient()
	results, err := OpenResults(stores, s.URL("results/"))
	if err != nil {
		t.Fatal(err)
	}
	places, err := Find(t.Context(), stores, []string{s.URL("in")})
	if err != nil || len(places) != 2 {
		t.Fatalf("%v, %v", places, err)
	}
	run := func() (read int, err error) {
		b := Batch{Options: options(t), Objects: stores, Workers: 2, Done: func(o Outcome) error {
			if !o.Skipped {
				read++
			}
			return nil
		}}
		err = RunShard(t.Context(), b, places, results)
		return read, err
	}
	for _, want := range []int{2, 0} {
		if read, err := run(); read != want || err != nil {
			t.Errorf("%d read, %v; want %d", read, err, want)
		}
	}
	s.Put("results/plan.jsonl", nil)
	s.Put("results/v+r/readme", nil)
	store := newStore(t)
	o := options(t)
	if done, err := (Merge{Version: o.Version, Rules: o.Rules.Hash}).Into(t.Context(), store, results); err != nil || done != (Merged{Put: 2}) {
		t.Errorf("%+v, %v", done, err)
	}
	if known, err := store.Known(t.Context(), places[0], o.Version, o.Rules.Hash); !known || err != nil {
		t.Errorf("what was merged is not known to batch: %v", err)
	}
	s.Break(buckettest.Answers(-1, "GET", s.Keys()[3], 500, "InternalError"))
	if _, err := (Merge{Version: o.Version, Rules: o.Rules.Hash}).Into(t.Context(), store, results); !errors.Is(err, bucket.ErrStore) {
		t.Errorf("merge of a store that is down: %v", err)
	}
	s.Break()
	for _, key := range s.Keys() {
		if strings.HasPrefix(key, "results/"+groupOf(o.Version, o.Rules.Hash)) {
			s.Delete(key)
		}
	}
	s.Break(buckettest.Answers(-1, "HEAD", "in/a.tar.zst", 403, ""))
	s.Delete("in/b.tar.zst")
	if _, err := run(); !errors.Is(err, ErrAllGone) {
		t.Errorf("%v", err)
	}
	s.Break(buckettest.Answers(-1, "HEAD", "in/b.tar.zst", 503, ""))
	if _, err := run(); !errors.Is(err, bucket.ErrStore) {
		t.Errorf("%v", err)
	}
	// One object that is never answered holds up no other one.
	s.Break()
	s.Put("in/b.tar.zst", sample)
	s.Break(buckettest.Answers(-1, "HEAD", "in/a.tar.zst", 503, ""), buckettest.Answers(-1, "GET", "in/a.tar.zst", 503, ""))
	if read, err := run(); !errors.Is(err, bucket.ErrStore) || read != 1 {
		t.Errorf("%d are read, %v", read, err)
	}
}

// Of a place that has two states in the results the later one is kept, also where stamps
// have etags, which have no order.
func TestLaterState(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"2026-11-03T08:00:01Z b", "2026-11-03T08:00:00Z a", true},
		{"2026-11-03T08:00:00Z b", "2026-11-03T08:00:01Z a", false},
		{"2026-11-03T08:00:01Z", "2026-11-03T08:00:00Z a", true},
		{"2026-11-03T08:00:00.5Z", "2026-11-03T08:00:00.51Z", false},
		{"s", "2026-11-03T08:00:00Z a", false},
		{"", "2026-11-03T08:00:00Z a", false},
	} {
		if got := later(tt.a, tt.b); got != tt.want {
			t.Errorf("%q is later than %q: %t", tt.a, tt.b, got)
		}
	}
}
