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

// Reader is what facts depend on beside the bundle.
type Reader struct {
	// Code is the same for versions of the tool that read bundles alike.
	Code string `json:"code"`
	// Signatures is the hash of those that it looks for.
	Signatures string `json:"signatures"`
}

// Packer packs facts of this reader, any number at once; nil where they are too many.
func Packer(by Reader) (func(analyze.Facts) (*Packed, error), error) {
	zip, err := newZip()
	if err != nil {
		return nil, err
	}
	return func(f analyze.Facts) (*Packed, error) {
		var plain bytes.Buffer
		if err := gob.NewEncoder(&plain).Encode(f); err != nil {
			return nil, err
		}
		packed := zip.EncodeAll(plain.Bytes(), nil)
		if len(packed) > maxFacts {
			return nil, nil
		}
		return &Packed{by, packed}, nil
	}, nil
}

// Packed are facts as a store and the results of shards keep them.
type Packed struct {
	Reader Reader `json:"reader"`
	// Facts are analyze.Facts as gob, compressed by zstd.
	Facts []byte `json:"facts"`
}

// keep puts facts of a content in, in place of older ones.
func (p *Packed) keep(tx *writing, hash string) error {
	if p == nil {
		return nil
	}
	_, err := tx.Exec(`insert or replace into facts values (?, ?, ?, ?)`, hash, p.Reader.Code, p.Reader.Signatures, p.Facts)
	return err
}

// Facts are what was read of the content at a place, where the store has them of this
// reader, and the content's hash; nil where the bundle has to be read.
func (s *Store) Facts(ctx context.Context, p Place, by Reader) (string, *analyze.Facts, error) {
	var hash string
	var packed []byte
	err := s.db.QueryRowContext(ctx, `select facts.hash, facts.facts from place join facts using (hash)
		where path = ? and size = ? and stamp = ? and version = ? and signatures = ?`, p.Path, p.Size, p.Stamp, by.Code, by.Signatures).Scan(&hash, &packed)
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

// Stale goes through a place of each content whose current result is of another version or
// other rules than these and which was read by this reader, so that its facts suffice to
// judge it, and counts the contents for which they do not.
func (s *Store) Stale(ctx context.Context, version, rules string, by Reader) (places []Place, unread int64, err error) {
	const stale = ` from bundle b where b.current = 1 and not (b.version = ? and b.rules = ?)`
	rows, err := s.db.QueryContext(ctx, `select min(p.path), p.size, p.stamp from place p where p.hash in (select b.hash`+stale+`)
		and exists (select 1 from facts f where f.hash = p.hash and f.version = ? and f.signatures = ?) group by p.hash order by 1`, version, rules, by.Code, by.Signatures)
	places, err = collect(rows, err, func(scan func(...any) error) (p Place, err error) { return p, scan(&p.Path, &p.Size, &p.Stamp) })
	if err != nil {
		return nil, 0, err
	}
	err = s.db.QueryRowContext(ctx, `select count(*)`+stale, version, rules).Scan(&unread)
	return places, unread - int64(len(places)), err
}
