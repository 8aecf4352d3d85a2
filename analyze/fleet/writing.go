package fleet

import (
	"context"
	"database/sql"
)

// writing is a transaction that prepares each statement once: a result has a hundred rows
// by five statements.
type writing struct {
	*sql.Tx
	prepared map[string]*sql.Stmt // closed with the transaction
}

func (s *Store) begin(ctx context.Context) (*writing, error) {
	tx, err := s.db.BeginTx(ctx, nil)
	return &writing{tx, map[string]*sql.Stmt{}}, err
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
