package fleet

import (
	"context"
	"database/sql"
	"errors"
	"path"
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
	var done Merged
	own := groupOf(m.Version, m.Rules)
	for _, results := range from {
		for name, err := range results.Names(ctx) {
			if err != nil {
				return done, err
			}
			if path.Dir(name) != own && !m.All {
				done.Other++
				continue
			}
			o, err := get(ctx, results, name)
			if err != nil && ctx.Err() == nil {
				done.Broken++
				m.Broken(name, err)
				continue
			}
			if err == nil {
				err = s.merge(ctx, o, path.Dir(name) != own)
			}
			if err != nil {
				return done, err
			}
			done.Put++
		}
	}
	return done, nil
}

func get(ctx context.Context, results Results, name string) (object, error) {
	raw, err := results.Get(ctx, name)
	if err != nil {
		return object{}, err
	}
	return readObject(name, raw)
}

// merge puts one result in. Of a place that the store knows in a later state only the
// result is kept. One of an other version is the current one only where none is.
func (s *Store) merge(ctx context.Context, o object, other bool) error {
	p := Place{o.Path, o.Size, o.Stamp}
	known, err := s.stamp(ctx, p.Path)
	if err != nil {
		return err
	}
	if later(known, p.Stamp) {
		p = Place{}
	}
	if other {
		other, err = s.has(ctx, `select 1 from bundle where hash = ? and current = 1`, o.Result.Hash)
		if err != nil {
			return err
		}
	}
	return s.put(ctx, p, o.Result.Hash, func(tx *sql.Tx) error { return s.insert(tx, o.Result, !other) })
}

// stamp is that of a place as the store knows it, "" it does not.
func (s *Store) stamp(ctx context.Context, path string) (stamp string, err error) {
	err = s.db.QueryRowContext(ctx, `select stamp from place where path = ?`, path).Scan(&stamp)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return stamp, err
}

// later reports whether a stamp is after another one.
func later(a, b string) bool {
	x, err := time.Parse(time.RFC3339Nano, a)
	y, err2 := time.Parse(time.RFC3339Nano, b)
	return err == nil && err2 == nil && x.After(y)
}
