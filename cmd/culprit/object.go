package main

import (
	"context"
	"io"
	"os"
	"path"
	"path/filepath"

	"culprit/analyze"
	"culprit/analyze/bucket"
	"culprit/analyze/bucket/address"
)

// openFile opens a file, or the object that a URL names.
func openFile(ctx context.Context, stores *bucket.Stores, at string) (io.ReadCloser, error) {
	if !address.IsURL(at) {
		return os.Open(at)
	}
	return stores.Open(ctx, at)
}

// openURL opens what analyze is given as a URL.
func openURL(stores *bucket.Stores) func(context.Context, string) (*analyze.Opened, error) {
	return func(ctx context.Context, at string) (*analyze.Opened, error) {
		if !address.IsURL(at) {
			return nil, nil
		}
		in, err := stores.Open(ctx, at)
		if err != nil {
			return nil, err
		}
		return &analyze.Opened{Name: path.Base(in.Key), ReadCloser: in}, nil
	}
}

// cleanPath is a path or URL as batch keeps it. Of a URL that batch would refuse nothing
// is kept.
func cleanPath(at string) string {
	if !address.IsURL(at) {
		return filepath.Clean(at)
	}
	url, _ := address.Clean(at)
	return url
}
