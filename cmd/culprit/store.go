package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"culprit/analyze/fleet"
)

// openStore opens a store to write into it. With wait it waits for another run that does,
// says so, and reports it: what was looked at before may be out of date.
func openStore(ctx context.Context, stderr io.Writer, path string, wait bool) (store *fleet.Store, waited bool, err error) {
	if wait {
		store, err = fleet.WaitToWrite(ctx, path, func(err error) {
			waited = true
			fmt.Fprintf(stderr, "culprit: --store %s: %v: waiting for it\n", path, err)
		})
	} else {
		store, err = fleet.OpenToWrite(path)
	}
	if err != nil {
		err = fmt.Errorf("--store %s: %w", path, err)
	}
	return store, waited, err
}

// advice is what to do about an error, to stand behind it.
func advice(err error) string {
	switch {
	case fleet.NoRoom(err):
		return ": make room and give the same command again; what is kept is kept"
	case errors.Is(err, fleet.ErrLocked):
		return "; --wait waits for it"
	}
	return ""
}
