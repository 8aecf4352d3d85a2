package fleet

import (
	"context"
	"crypto/sha256"
	"database/sql"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

//go:embed schema.sql
var schema string

// schemaVersion is SQLite's user_version of a store.
const schemaVersion = 4

// Store keeps results in one SQLite file. It has one writer; readers may look at any
// time.
type Store struct {
	db     *sql.DB
	unlock func()
	zip    *zstd.Encoder
	unzip  *zstd.Decoder
}

// ErrLocked says that another run writes into the store.
var ErrLocked = errors.New("another run writes into this store")

// Open opens a store to ask it. The error wraps fs.ErrNotExist where there is none.
func Open(path string) (*Store, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	// Questions read much of the file, which never gets shorter: by mmap(2) similar takes
	// 35 ms in place of 55 among a million.
	return open(path, "mode=ro&_pragma=mmap_size(4294967296)", func() {})
}

// OpenToWrite opens a store to put results into it, and makes it where there is none.
// The error wraps ErrLocked, and says who it is, while another process does the same.
func OpenToWrite(path string) (*Store, error) {
	unlock, err := lock(path + ".lock")
	if err != nil {
		return nil, err
	}
	s, err := open(path, "mode=rwc", unlock)
	if err != nil {
		unlock()
		return nil, err
	}
	if err := s.prepare(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func open(path, mode string, unlock func()) (*Store, error) {
	dsn := (&url.URL{Scheme: "file", Opaque: url.PathEscape(path), RawQuery: mode +
		"&_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=foreign_keys(1)"}).String()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	zip, err := newZip()
	if err != nil {
		return nil, err
	}
	unzip, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return nil, err
	}
	s := &Store{db: db, unlock: unlock, zip: zip, unzip: unzip}
	version := 0
	if err := db.QueryRow("pragma user_version").Scan(&version); err != nil {
		db.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if mode != "mode=rwc" && version != schemaVersion {
		db.Close()
		return nil, fmt.Errorf("%s is no store of this version of culprit", path)
	}
	return s, nil
}

// newZip compresses what is kept, for any number of goroutines at once.
func newZip() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithWindowSize(1<<20))
}

// prepare makes the tables where they are not there.
func (s *Store) prepare() error {
	if _, err := s.db.Exec("pragma journal_mode=wal; pragma synchronous=normal; pragma cache_size=-8192"); err != nil {
		return err
	}
	version := 0
	if err := s.db.QueryRow("pragma user_version").Scan(&version); err != nil {
		return err
	}
	switch version {
	case schemaVersion:
		return nil
	case 0:
		_, err := s.db.Exec("begin;" + schema + fmt.Sprintf(";pragma user_version=%d;commit", schemaVersion))
		return err
	}
	return fmt.Errorf("the store has version %d, this culprit knows %d", version, schemaVersion)
}

// Close closes the store and lets others write.
func (s *Store) Close() error {
	err := s.db.Close()
	s.unlock()
	return err
}

// Known reports whether the current result of what lies at a place, by its path, size and
// stamp, is of this version and these rules.
func (s *Store) Known(ctx context.Context, p Place, version, rules string) (bool, error) {
	return s.has(ctx, `select 1 from place join bundle using (hash)
		where path = ? and size = ? and stamp = ? and version = ? and rules = ? and current = 1`, p.Path, p.Size, p.Stamp, version, rules)
}

// KnownContent reports the same of a content.
func (s *Store) KnownContent(ctx context.Context, hash, version, rules string) (bool, error) {
	return s.has(ctx, `select 1 from bundle where hash = ? and version = ? and rules = ? and current = 1`, hash, version, rules)
}

func (s *Store) has(ctx context.Context, query string, args ...any) (bool, error) {
	return has(s.db.QueryRowContext(ctx, query, args...))
}

func has(row *sql.Row) (bool, error) {
	var one int
	err := row.Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}

// Keep puts an outcome into the store: of one that was known already the place alone.
func (s *Store) Keep(ctx context.Context, o Outcome) error {
	switch {
	case !o.Skipped:
		return s.put(ctx, o.Place, o.Result.Hash, func(tx *writing) error {
			if err := s.insert(tx, o.Result, true); err != nil {
				return err
			}
			return o.Facts.keep(tx, o.Result.Hash)
		})
	case o.Result.Hash == "":
		return nil
	}
	return s.put(ctx, o.Place, o.Result.Hash, func(*writing) error { return nil })
}

// Put keeps a result and where its content lies, all or nothing. A result that is there
// already is not written again. The last result of a content is the current one.
func (s *Store) Put(ctx context.Context, p Place, r Result) error {
	return s.put(ctx, p, r.Hash, func(tx *writing) error { return s.insert(tx, r, true) })
}

// put notes a place and does more, in one transaction.
func (s *Store) put(ctx context.Context, p Place, hash string, more func(*writing) error) error {
	tx, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback() // after Commit it does nothing
	if err := note(tx, p, hash); err != nil {
		return err
	}
	if err := more(tx); err != nil {
		return err
	}
	return tx.Commit()
}

// note says where a content lies.
func note(tx *writing, p Place, hash string) error {
	if p.Path == "" {
		return nil
	}
	_, err := tx.Exec(`insert into place (path, size, stamp, hash) values (?, ?, ?, ?)
		on conflict (path) do update set size = excluded.size, stamp = excluded.stamp, hash = excluded.hash`,
		p.Path, p.Size, p.Stamp, hash)
	return err
}

// first is the first node of a result and the versions of its daemons.
func (r Result) first() (Node, map[string]string) {
	if len(r.Nodes) == 0 {
		return Node{}, nil
	}
	return r.Nodes[0], r.Nodes[0].Daemons
}

// fingerprint is the same for results in which the same was found: the features but for
// stacks, which differ from release to release; "" where there are none.
func (r Result) fingerprint() string {
	var telling []string
	for _, f := range r.Features {
		if !strings.HasPrefix(f, stackFeature) {
			telling = append(telling, f)
		}
	}
	if len(telling) == 0 {
		return ""
	}
	sum := sha256.Sum256([]byte(strings.Join(telling, "\n")))
	return hex.EncodeToString(sum[:8])
}

func seconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

// decode reads a result as the store keeps it.
func (s *Store) decode(raw []byte) (r Result, err error) {
	plain, err := s.unzip.DecodeAll(raw, nil)
	if err != nil {
		return r, err
	}
	return r, json.Unmarshal(plain, &r)
}
