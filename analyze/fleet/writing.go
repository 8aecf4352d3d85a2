package fleet

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"
)

// writing is a transaction. It prepares each statement once, and writes in the end what
// many results have in common.
type writing struct {
	*sql.Tx
	prepared map[string]*sql.Stmt // closed with the transaction
	features map[uint64]counted
	sketches map[int64][]byte // by block
}

// counted is by how much the count of a feature changes; its name is "" where the store
// has it.
type counted struct {
	name string
	n    int64
}

func (s *Store) begin(ctx context.Context) (*writing, error) {
	tx, err := s.db.BeginTx(ctx, nil)
	return &writing{tx, map[string]*sql.Stmt{}, map[uint64]counted{}, map[int64][]byte{}}, err
}

// Exec executes a statement.
func (w *writing) Exec(query string, args ...any) (sql.Result, error) {
	stmt := w.prepared[query]
	if stmt == nil {
		var err error
		if stmt, err = w.Prepare(query); err != nil {
			return nil, err
		}
		w.prepared[query] = stmt
	}
	return stmt.Exec(args...)
}

// allResults is no feature's id: the row of that id counts all current results.
const allResults = 0

// count counts n more results with a feature.
func (w *writing) count(id uint64, name string, n int64) {
	c := w.features[id]
	w.features[id] = counted{cmp.Or(c.name, name), c.n + n}
}

// sketch keeps the sketch of a result.
func (w *writing) sketch(bundle int64, sketch [bands]byte) error {
	block := bundle / blockResults
	if w.sketches[block] == nil {
		var kept []byte
		err := w.QueryRow(`select bands from sketch where block = ?`, block).Scan(&kept)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		w.sketches[block] = make([]byte, blockResults*bands)
		copy(w.sketches[block], kept)
	}
	copy(w.sketches[block][bundle%blockResults*bands:], sketch[:])
	return nil
}

// Commit writes what is left, and ends the transaction.
func (w *writing) Commit() error {
	for _, id := range slices.Sorted(maps.Keys(w.features)) {
		c := w.features[id]
		if _, err := w.Exec(`insert into feature values (?, ?, ?) on conflict (id) do update set n = n + excluded.n`, int64(id), c.name, c.n); err != nil {
			return err
		}
	}
	for block, sketches := range w.sketches {
		if _, err := w.Exec(`insert or replace into sketch values (?, ?)`, block, sketches); err != nil {
			return err
		}
	}
	return w.Tx.Commit()
}

// insert writes the rows of a result that is not there yet, as the current one of its
// content or beside it.
func (s *Store) insert(tx *writing, r Result, current bool) error {
	raw, err := json.Marshal(r)
	if err != nil {
		return err
	}
	if current { // one that was current before others is put in again
		if _, err := tx.Exec(`delete from bundle where hash = ? and version = ? and rules = ? and current = 0`, r.Hash, r.Version, r.Rules); err != nil {
			return err
		}
	}
	ids := featureIDs(r.Features)
	node, daemons := r.first()
	done, err := tx.Exec(`insert into bundle (hash, version, rules, status, current, node, kernel, collected, fingerprint, features, result)
		values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (hash, version, rules) do nothing`,
		r.Hash, r.Version, r.Rules, r.Status, current, node.Name, node.Kernel, seconds(node.Collected), r.fingerprint(), pack(ids), s.zip.EncodeAll(raw, nil))
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); n == 0 || err != nil || !current { // questions see current ones alone
		return err
	}
	id, err := done.LastInsertId()
	if err != nil {
		return err
	}
	if err := retire(tx, r.Hash, id); err != nil {
		return err
	}
	for _, f := range r.Findings {
		if !f.Verdict {
			continue
		}
		if _, err := tx.Exec(`insert into cause values (?, ?, ?, ?, ?, ?) on conflict do nothing`, f.Rule, id, node.Name, seconds(node.Collected), node.Kernel, node.OS); err != nil {
			return err
		}
	}
	for name, version := range daemons {
		if _, err := tx.Exec(`insert into daemon values (?, ?, ?)`, id, name, version); err != nil {
			return err
		}
	}
	tx.count(allResults, "", 1)
	for _, f := range r.Features {
		tx.count(featureID(f), f, 1)
	}
	return tx.sketch(id, sketchOf(ids))
}

// retire takes older results of a content out of what questions see.
func retire(tx *writing, hash string, but int64) error {
	rows, err := tx.Query(`select id, features from bundle where hash = ? and current = 1 and id <> ?`, hash, but)
	if err != nil {
		return err
	}
	old := map[int64][]uint64{}
	for rows.Next() {
		var id int64
		var features []byte
		if err := rows.Scan(&id, &features); err != nil {
			rows.Close()
			return err
		}
		old[id] = unpack(features)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	for id, features := range old {
		tx.count(allResults, "", -1)
		for _, f := range features {
			tx.count(f, "", -1)
		}
		for _, from := range []string{"cause", "daemon"} {
			if _, err := tx.Exec("delete from "+from+" where bundle = ?", id); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(`update bundle set current = 0 where id = ?`, id); err != nil {
			return err
		}
	}
	return nil
}
