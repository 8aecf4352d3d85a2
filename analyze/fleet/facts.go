package fleet

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/gob"
	"errors"

	"culprit/analyze"
)

// maxFacts is how many bytes of facts are kept of a bundle: an ordinary one has below
// 100,000. What has more is read again.
const maxFacts = 4 << 20

// Packer packs facts that were read by these signatures for the store, any number at
// once: gob compressed by zstd, nil where they are too many.
func (s *Store) Packer(signatures string) func(analyze.Facts) (*Packed, error) {
	return func(f analyze.Facts) (*Packed, error) {
		var plain bytes.Buffer
		if err := gob.NewEncoder(&plain).Encode(f); err != nil {
			return nil, err
		}
		packed := s.zip.EncodeAll(plain.Bytes(), nil)
		if len(packed) > maxFacts {
			return nil, nil
		}
		return &Packed{signatures, packed}, nil
	}
}

// Packed are facts as the store keeps them.
type Packed struct {
	signatures string // hash of those that they were read by
	facts      []byte
}

// keep puts facts of a content in, in place of older ones.
func (p *Packed) keep(tx *writing, hash, version string) error {
	if p == nil {
		return nil
	}
	_, err := tx.Exec(`insert or replace into facts values (?, ?, ?, ?)`, hash, version, p.signatures, p.facts)
	return err
}

// Facts are what was read of the content at a place, where the store has them by this
// version and these signatures, and the content's hash; nil where the bundle has to be
// read.
func (s *Store) Facts(ctx context.Context, p Place, version, signatures string) (string, *analyze.Facts, error) {
	var hash string
	var packed []byte
	err := s.db.QueryRowContext(ctx, `select facts.hash, facts.facts from place join facts using (hash)
		where path = ? and size = ? and stamp = ? and version = ? and signatures = ?`, p.Path, p.Size, p.Stamp, version, signatures).Scan(&hash, &packed)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil, nil
	}
	if err != nil {
		return "", nil, err
	}
	f := &analyze.Facts{}
	plain, err := s.unzip.DecodeAll(packed, nil)
	if err == nil {
		err = gob.NewDecoder(bytes.NewReader(plain)).Decode(f)
	}
	if err != nil {
		return "", nil, nil // they are a copy: the bundle is there
	}
	return hash, f, nil
}

// Stale goes through a place of each content whose current result is of other rules than
// these and whose facts suffice to judge it by them, and counts the contents for which
// they do not.
func (s *Store) Stale(ctx context.Context, version, rules, signatures string) (places []Place, unread int64, err error) {
	const stale = ` from bundle b where b.current = 1 and not (b.version = ? and b.rules = ?)`
	rows, err := s.db.QueryContext(ctx, `select min(p.path), p.size, p.stamp from place p where p.hash in (select b.hash`+stale+`)
		and exists (select 1 from facts f where f.hash = p.hash and f.version = ? and f.signatures = ?) group by p.hash order by 1`, version, rules, version, signatures)
	places, err = collect(rows, err, func(scan func(...any) error) (p Place, err error) { return p, scan(&p.Path, &p.Size, &p.Stamp) })
	if err != nil {
		return nil, 0, err
	}
	err = s.db.QueryRowContext(ctx, `select count(*)`+stale, version, rules).Scan(&unread)
	return places, unread - int64(len(places)), err
}
