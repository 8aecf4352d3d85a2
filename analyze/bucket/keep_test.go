package bucket_test

import (
	"errors"
	"io"
	"io/fs"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fsouza/fake-gcs-server/fakestorage"

	"culprit/analyze/bucket"
	"culprit/analyze/bucket/address"
	"culprit/analyze/bucket/buckettest"
)

// newGS is the URL of a bucket of a server that speaks Google's protocol.
func newGS(t *testing.T) string {
	t.Helper()
	at := httptest.NewUnstartedServer(nil)
	fake, err := fakestorage.NewServerWithOptions(fakestorage.Options{NoListener: true, PublicHost: at.Listener.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	fake.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: "incidents"})
	at.Config.Handler = fake.HTTPHandler()
	at.Start()
	t.Cleanup(at.Close)
	t.Setenv("STORAGE_EMULATOR_HOST", at.Listener.Addr().String())
	return "gs://incidents"
}

// The same of every store: an object that is there stays, another one is replaced, and
// what was put is listed and read in the order of names.
func TestStores(t *testing.T) {
	for name, start := range map[string]func(*testing.T) string{
		"s3":   func(t *testing.T) string { return buckettest.New(t).URL("") },
		"gs":   newGS,
		"file": func(t *testing.T) string { return "file://" + t.TempDir() },
	} {
		t.Run(name, func(t *testing.T) {
			var stores bucket.Stores
			base, query, _ := strings.Cut(start(t), "?")
			url := func(key string) string { return strings.TrimSuffix(base, "/") + "/" + key + "?" + query }
			if name != "file" { // which has folders
				f, err := stores.Folder(url("results/"))
				if err != nil {
					t.Fatal(err)
				}
				testFolder(t, f)
			}
			for _, text := range []string{"a plan", "another plan"} {
				if err := stores.Put(t.Context(), url("plan.jsonl"), []byte(text)); err != nil {
					t.Fatal(err)
				}
				o, got := get(t, &stores, url("plan.jsonl"))
				if string(got) != text || o.Size != int64(len(text)) || (name != "file") != strings.Contains(o.Stamp, " ") {
					t.Errorf("%q of %+v", got, o)
				}
			}
			if has, err := stores.Exists(t.Context(), url("plan.jsonl")); !has || err != nil {
				t.Errorf("%t, %v", has, err)
			}
			if has, err := stores.Exists(t.Context(), url("none")); has || err != nil {
				t.Errorf("%t, %v", has, err)
			}
			if _, err := stores.Open(t.Context(), url("none")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("%v", err)
			}
			for o, err := range stores.List(t.Context(), url("plan.jsonl")) {
				if read, _ := get(t, &stores, o.URL); err != nil || read != o {
					t.Errorf("listed %+v, read %+v, %v", o, read, err)
				}
			}
		})
	}
}

func get(t *testing.T, stores *bucket.Stores, url string) (bucket.Object, []byte) {
	t.Helper()
	r, err := stores.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	raw, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return r.Object, raw
}

func testFolder(t *testing.T, f bucket.Folder) {
	t.Helper()
	for _, name := range []string{"v+r/2.json", "v+r/1.json", "v+r/1.json"} {
		if has, err := f.Has(t.Context(), "v+r/2.json"); err != nil || has != (name != "v+r/2.json") {
			t.Errorf("before %s: %t, %v", name, has, err)
		}
		if err := f.Put(t.Context(), name, []byte(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.Put(t.Context(), "v+r/1.json", []byte("another")); err != nil {
		t.Fatal(err)
	}
	if got, err := f.Get(t.Context(), "v+r/1.json"); string(got) != "v+r/1.json" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	var names []string
	for name, err := range f.Names(t.Context()) {
		if names = append(names, name); err != nil {
			t.Fatal(err)
		}
	}
	if !slices.Equal(names, []string{"v+r/1.json", "v+r/2.json"}) {
		t.Errorf("%q", names)
	}
	if _, err := f.Get(t.Context(), "v+r/3.json"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

// A folder by its URL: only what is in it, at any depth.
func TestListFolder(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"in/a.tar", "in/deep/b #.tar", "in2/c.tar"} {
		name = filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, nil, 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	for source, want := range map[string][]string{
		"in": {"in/a.tar", "in/deep/b #.tar"}, "in/": {"in/a.tar", "in/deep/b #.tar"}, "in/deep/../a.tar": {"in/a.tar"}, "in/de": {"in/deep/b #.tar"}, "none": nil, "none/none": nil,
	} {
		var got []string
		var stores bucket.Stores
		for o, err := range stores.List(t.Context(), "file://"+dir+"/"+source) {
			if err != nil {
				if !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s: %v", source, err)
				}
				break
			}
			at, ok, err := address.File(o.URL)
			rel, _ := filepath.Rel(dir, at)
			if got = append(got, rel); !ok || err != nil {
				t.Errorf("%s: %v", o.URL, err)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", source, got, want)
		}
	}
}

// A bucket of Google's without credentials.
func TestNoGS(t *testing.T) {
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", filepath.Join(t.TempDir(), buckettest.Secret))
	t.Setenv("STORAGE_EMULATOR_HOST", "")
	_, err := (&bucket.Stores{}).Open(t.Context(), "gs://incidents/a.tar")
	if !errors.Is(err, bucket.ErrStore) || err.Error() != "gs://incidents/a.tar: there are no credentials in the environment, or they cannot be renewed" {
		t.Errorf("%v", err)
	}
}
