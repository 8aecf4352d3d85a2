package fleet

import (
	"context"
	"database/sql"
	"errors"
	"path"
	"strings"
	"time"
)

// Merge puts the results of shards into a store. Doing it again, or with some that are
// there already, changes nothing.
type Merge struct {
	Version, Rules string
	// All takes the results of other versions and rules too; those of Version and Rules
	// stay the current ones.
	All bool
	// Broken is told of each object that is left out, and why.
	Broken func(name string, err error)
}

// Merged counts the objects of a merge.
type Merged struct {
	Put    int // now in the store, or there already
	Other  int // of another version or other rules, and left out
	Broken int
}

// Into merges. The error is that of ctx, of the store or of a folder that cannot be
// listed.
func (m Merge) Into(ctx context.Context, s *Store, from ...Results) (Merged, error) {
	done := Merged{}
	if _, err := s.db.ExecContext(ctx, "pragma cache_size=-65536"); err != nil { // KiB: names and hashes come in no order
		return done, err
	}
	next, held := make([]object, 0, atOnce), 0
	put := func() error {
		err := s.merge(ctx, next, m.own())
		done.Put += len(next)
		clear(next)
		next, held = next[:0], 0
		return err
	}
	for _, results := range from {
		wanted := func(name string) bool { return path.Dir(name) == m.own() || m.All }
		for r := range ahead(ctx, results, wanted) {
			switch {
			case r.listed != nil:
				return done, r.listed
			case !wanted(r.name):
				done.Other++
				continue
			case ctx.Err() != nil:
				return done, ctx.Err()
			case errPassing(r.err):
				return done, r.err
			case r.err != nil:
				done.Broken++
				m.Broken(r.name, r.err)
				continue
			}
			if next = append(next, r.object); r.object.Facts != nil {
				held += len(r.object.Facts.Facts)
			}
			if len(next) == atOnce || held > heldAtOnce {
				if err := put(); err != nil {
					return done, err
				}
			}
		}
	}
	return done, put()
}

// atOnce is how many results are put in with one transaction, and heldAtOnce how many bytes
// of facts: pages in which many of them have rows are then written once.
const (
	atOnce     = 2000
	heldAtOnce = 32 << 20
)

func (m Merge) own() string { return groupOf(m.Version, m.Rules) }

func get(ctx context.Context, results Results, name string) (object, error) {
	raw, err := results.Get(ctx, name)
	if err != nil {
		return object{}, err
	}
	return readObject(name, raw)
}

// merge puts objects in, all or none.
func (s *Store) merge(ctx context.Context, objects []object, own string) error {
	tx, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit it does nothing
	for _, o := range objects {
		if err := s.mergeOne(tx, o, own); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// mergeOne puts an object in. Of a place that the store knows in a later state only the
// result is kept. One of another version is the current one only where none is; what was
// read comes with the current one.
func (s *Store) mergeOne(tx *writing, o object, own string) error {
	known := ""
	if err := tx.QueryRow(`select stamp from place where path = ?`, o.Path).Scan(&known); err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if !later(known, o.Stamp) {
		if err := note(tx, Place{Path: o.Path, Size: o.Size, Stamp: o.Stamp}, o.Result.Hash); err != nil {
			return err
		}
	}
	current := true
	if groupOf(o.Result.Version, o.Result.Rules) != own {
		other, err := has(tx.QueryRow(`select 1 from bundle where hash = ? and current = 1`, o.Result.Hash))
		if err != nil {
			return err
		}
		current = !other
	}
	if current {
		if err := o.Facts.keep(tx, o.Result.Hash); err != nil {
			return err
		}
	}
	return s.insert(tx, o.Result, current)
}

// later reports whether a stamp is after another one. That of an object begins with its
// time: see bucket.Object.
func later(a, b string) bool {
	a, _, _ = strings.Cut(a, " ")
	b, _, _ = strings.Cut(b, " ")
	x, err := time.Parse(time.RFC3339Nano, a)
	y, err2 := time.Parse(time.RFC3339Nano, b)
	return err == nil && err2 == nil && x.After(y)
}
