package fleet

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"

	"culprit/analyze/bucket/address"
	"culprit/analyze/plan"
)

// Results are where the shards of a plan put their results: one object a place, under a
// name that the place has before it is read. Which is there is one look-up then, for a
// shard that is started again as for two that run at once, and there is no index that
// could say something else than the objects. The same content at two places is analysed
// twice, which the store makes one.
//
// Names are <version>+<hash of the rules>/<SHA-256 of path, size and stamp>.json: see
// objectName.
type Results interface {
	// Has reports whether there is an object.
	Has(ctx context.Context, name string) (bool, error)
	// Put makes an object that whoever reads it sees whole or not at all. One that is
	// there stays, and that is no error.
	Put(ctx context.Context, name string, object []byte) error
	// Names goes through the objects in the order of their names.
	Names(ctx context.Context) iter.Seq2[string, error]
	Get(ctx context.Context, name string) ([]byte, error)
}

// object is what is kept of a place:
//
//	{"format":"culprit.result/1","path":"a.tar.gz","size":10,"stamp":"2026-11-03T08:00:00Z","result":{"hash":...},
//	 "facts":{"reader":{"code":...,"signatures":...},"facts":"base64"}}
type object struct {
	Format string  `json:"format"`
	Path   string  `json:"path"`
	Size   int64   `json:"size"`
	Stamp  string  `json:"stamp"`
	Result Result  `json:"result"`
	Facts  *Packed `json:"facts,omitempty"`
}

const objectFormat = "culprit.result/1"

// groupOf is the folder of the results of one version and its rules.
func groupOf(version, rules string) string { return url.PathEscape(version) + "+" + rules }

// objectName is that of the result of a place.
func objectName(group string, p Place) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%s", p.Path, p.Size, p.Stamp))
	return group + "/" + hex.EncodeToString(sum[:]) + objectEnd
}

const objectEnd = ".json"

// RunShard analyses places of a plan, but for those whose result is there already, and
// puts the results in. The error is that of ctx, of results or of b.Done, or ErrAllGone.
func RunShard(ctx context.Context, b Batch, places []Place, results Results) error {
	group, done := groupOf(b.Options.Version, b.Options.Rules.Hash), b.Done
	b.Planned = true
	b.KnownPlace = func(p Place) (bool, error) { return results.Has(ctx, objectName(group, p)) }
	b.Done = func(o Outcome) error {
		if !o.Skipped {
			raw, err := json.Marshal(object{objectFormat, o.Place.Path, o.Place.Size, o.Place.Stamp, o.Result, o.Facts})
			if err != nil {
				return err
			}
			if err := results.Put(ctx, objectName(group, o.Planned), raw); err != nil {
				return err
			}
		}
		return done(o)
	}
	var unknown error
	for _, p := range places {
		switch there, err := b.isThere(ctx, p); {
		case errPassing(err):
			unknown = err // one of them says nothing of the others
		case err != nil:
			return err
		case there:
			return b.Run(ctx, places)
		}
	}
	if unknown != nil {
		return unknown
	}
	for _, p := range places {
		if known, err := b.KnownPlace(p); !known || err != nil {
			return cmp.Or(err, ErrAllGone)
		}
	}
	return b.Run(ctx, places)
}

// ErrAllGone says that no bundle of a shard is where the plan says. One that is gone is a
// result like any other that cannot be read; all of them are rather a folder that is not
// mounted on this machine.
var ErrAllGone = errors.New("none of the shard's bundles is there: is their folder mounted, and the working directory that of the plan; may their bucket be read")

func (b Batch) isThere(ctx context.Context, p Place) (bool, error) {
	if address.IsURL(p.Path) {
		return b.Objects.Exists(ctx, p.Path)
	}
	_, err := os.Lstat(p.Path)
	return err == nil, nil
}

// readObject reads an object and holds it to its name.
func readObject(name string, raw []byte) (object, error) {
	var o object
	switch err := plan.StrictJSON(raw, &o); {
	case err != nil:
		return o, err
	case o.Format != objectFormat:
		return o, fmt.Errorf("format %q: this culprit reads %s", o.Format, objectFormat)
	case o.Path == "" || o.Stamp == "" || o.Result.Hash == "" || o.Result.Status == "":
		return o, errors.New("no path, stamp, hash or status")
	case groupOf(o.Result.Version, o.Result.Rules) != path.Dir(name):
		return o, errors.New("it is of another version or other rules than its folder")
	}
	return o, nil
}

// Folder is a folder of results, which workers on many machines may share.
type Folder string

// unfinished begins the names of files that are not objects yet; who was killed leaves
// some behind.
const unfinished = ".unfinished-"

func (f Folder) file(name string) string { return filepath.Join(string(f), filepath.FromSlash(name)) }

// Has reports whether there is an object.
func (f Folder) Has(_ context.Context, name string) (bool, error) {
	_, err := os.Lstat(f.file(name))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// Put makes an object out of a file that has everything already, in one step: by
// link(2), which leaves what is there, or by rename(2) where a filesystem has no links.
func (f Folder) Put(ctx context.Context, name string, raw []byte) (err error) {
	final := f.file(name)
	if err := os.MkdirAll(filepath.Dir(final), 0o755); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(filepath.Dir(final), unfinished)
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name())
	_, err = tmp.Write(raw)
	// Without Sync a machine that crashes may leave the name and not the content.
	if err := errors.Join(err, tmp.Chmod(0o644), tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	err = os.Link(tmp.Name(), final)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	if has, err := f.Has(ctx, name); has || err != nil {
		return err
	}
	return os.Rename(tmp.Name(), final)
}

// Names goes through the objects in the order of their names.
func (f Folder) Names(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		groups, err := os.ReadDir(string(f))
		if err != nil {
			yield("", err)
			return
		}
		for _, group := range groups {
			if !group.IsDir() || !strings.Contains(group.Name(), "+") {
				continue
			}
			objects, err := os.ReadDir(f.file(group.Name()))
			if err != nil && !yield("", err) {
				return
			}
			for _, o := range objects {
				if strings.HasPrefix(o.Name(), unfinished) || !strings.HasSuffix(o.Name(), objectEnd) {
					continue
				}
				if !yield(group.Name()+"/"+o.Name(), ctx.Err()) {
					return
				}
			}
		}
	}
}

// Get reads an object.
func (f Folder) Get(_ context.Context, name string) ([]byte, error) { return os.ReadFile(f.file(name)) }
