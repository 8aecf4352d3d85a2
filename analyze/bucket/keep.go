package bucket

import (
	"context"
	"io"
	"iter"
	"strings"

	"gocloud.dev/blob"
	"gocloud.dev/gcerrors"

	"culprit/analyze/bucket/address"
)

// Exists reports whether a URL names an object. One that may not be read counts as none:
// so a store answers for want of the right to list. The error is that of ctx, or wraps
// ErrStore.
func (s *Stores) Exists(ctx context.Context, source string) (bool, error) {
	l, err := address.Parse(source)
	if err != nil {
		return false, err
	}
	return s.exists(ctx, l)
}

func (s *Stores) exists(ctx context.Context, l address.Address) (has bool, err error) {
	_, key := split(l)
	err = s.tried(ctx, l, func(ctx context.Context) error {
		b, err := s.bucket(ctx, l)
		if err != nil {
			return err
		}
		has, err = b.Exists(ctx, key)
		return err
	})
	if isAbsent(err) {
		return false, nil
	}
	return has, err
}

// Put makes the object that a URL names, or replaces it.
func (s *Stores) Put(ctx context.Context, source string, content []byte) error {
	l, err := address.Parse(source)
	if err != nil {
		return err
	}
	return s.put(ctx, l, content, false)
}

// put makes an object in one step. Where absent is set one that is there stays.
func (s *Stores) put(ctx context.Context, l address.Address, content []byte, absent bool) error {
	_, key := split(l)
	return s.tried(ctx, l, func(ctx context.Context) error {
		b, err := s.bucket(ctx, l)
		if err != nil {
			return err
		}
		err = b.WriteAll(ctx, key, content, &blob.WriterOptions{IfNotExist: absent, ContentType: "application/json"})
		if absent && gcerrors.Code(err) == gcerrors.FailedPrecondition {
			return nil
		}
		return err
	})
}

// Folder are the objects below a URL, by what their names have behind it and a slash.
type Folder struct {
	stores *Stores
	at     address.Address // ends in a slash, or is the whole bucket
}

// Folder is what is below a URL; it need not be there.
func (s *Stores) Folder(source string) (Folder, error) {
	l, err := address.Parse(source)
	if l.Key = strings.TrimRight(l.Key, "/"); l.Key != "" {
		l.Key += "/"
	}
	return Folder{s, l}, err
}

// Has reports whether there is an object.
func (f Folder) Has(ctx context.Context, name string) (bool, error) {
	return f.stores.exists(ctx, f.at.With(f.at.Key+name))
}

// Put makes an object, which who reads it sees whole or not at all. One that is there
// stays, and that is no error.
func (f Folder) Put(ctx context.Context, name string, content []byte) error {
	return f.stores.put(ctx, f.at.With(f.at.Key+name), content, true)
}

// Names goes through the objects in the order of their names.
func (f Folder) Names(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for o, err := range f.stores.list(ctx, f.at) {
			if !yield(strings.TrimPrefix(o.Key, f.at.Key), err) {
				return
			}
		}
	}
}

// Get reads an object.
func (f Folder) Get(ctx context.Context, name string) ([]byte, error) {
	r, err := f.stores.Open(ctx, f.at.With(f.at.Key+name).String())
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}
