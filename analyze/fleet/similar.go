package fleet

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
)

// Match is a stored result that is like another one.
type Match struct {
	Kept
	// Score is the weight of what both have in that of what either has, 0 to 1; Same is
	// set where the same was found, but for goroutines.
	Score float64
	Same  bool
	// Shared are the features of both, Missing those that only the other one has, New
	// those that this one has not; each the most telling first.
	Shared, Missing, New []string
}

// Similar finds results like r, the likest first, r's own content left out. A feature
// weighs what its kind weighs times the logarithm of how rare it is in the store.
func (s *Store) Similar(ctx context.Context, r Result, limit int) ([]Match, error) {
	found, weights, err := s.ranked(ctx, r)
	if err != nil {
		return nil, err
	}
	var out []Match
	for _, c := range found[:min(len(found), limit)] {
		if c.score == 0 {
			break
		}
		m, err := s.match(ctx, c, r, weights)
		if err != nil {
			return nil, err
		}
		out = append(out, m)
	}
	return out, nil
}

// ranked are the candidates for r, the likest first, and the weights they were compared by.
func (s *Store) ranked(ctx context.Context, r Result) ([]candidate, map[uint64]float64, error) {
	ids := featureIDs(r.Features)
	found, err := s.candidates(ctx, ids, r)
	if err != nil {
		return nil, nil, err
	}
	weights, err := s.weights(ctx, ids, found)
	if err != nil {
		return nil, nil, err
	}
	for i := range found {
		found[i].score = jaccard(ids, found[i].features, weights)
	}
	slices.SortStableFunc(found, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), strings.Compare(a.hash, b.hash))
	})
	return found, weights, nil
}

// candidate is a result that shares a band or the fingerprint.
type candidate struct {
	id       int64
	hash     string
	features []uint64
	score    float64
}

// candidates are the current results that share the most bands with r, or have its
// fingerprint.
func (s *Store) candidates(ctx context.Context, ids []uint64, r Result) ([]candidate, error) {
	// most and same are how many of either are compared in full; a fleet may have very many
	// with one fingerprint.
	const most, same = 100, 50
	if len(ids) == 0 {
		return nil, nil
	}
	like, err := s.likest(ctx, sketchOf(ids), most)
	if err != nil {
		return nil, err
	}
	listed, err := json.Marshal(like[:min(len(like), most)])
	if err != nil {
		return nil, err
	}
	rows, err := s.db.QueryContext(ctx, `select id, hash, features from bundle where current = 1 and hash <> ? and
		(id in (select value from json_each(?)) or id in (select id from bundle where current = 1 and fingerprint = ? and fingerprint <> '' order by id desc limit ?))
		order by id`, r.Hash, string(listed), r.fingerprint(), same)
	return collect(rows, err, func(scan func(...any) error) (c candidate, err error) {
		var raw []byte
		err = scan(&c.id, &c.hash, &raw)
		c.features = unpack(raw)
		return c, err
	})
}

// weights are those of all features that are compared.
func (s *Store) weights(ctx context.Context, ids []uint64, found []candidate) (map[uint64]float64, error) {
	weights := map[uint64]float64{}
	for _, id := range ids {
		weights[id] = 0
	}
	for _, c := range found {
		for _, id := range c.features {
			weights[id] = 0
		}
	}
	all := []int64{allResults} // SQLite's numbers have a sign
	for id := range weights {
		all = append(all, int64(id))
	}
	listed, err := json.Marshal(all)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.QueryContext(ctx, `select id, n from feature where id in (select value from json_each(?))`, string(listed))
	counts, err := collect(rows, err, func(scan func(...any) error) (c struct {
		id int64
		n  float64
	}, err error) {
		return c, scan(&c.id, &c.n)
	})
	if err != nil {
		return nil, err
	}
	of := map[uint64]float64{}
	for _, c := range counts {
		of[uint64(c.id)] = c.n
	}
	for id := range weights { // also of those that the store never had
		weights[id] = float64(weightOf(id)) * idf(of[id], of[allResults])
	}
	return weights, nil
}

// idf is how rare a feature is that n of total results have; what all have weighs next to
// nothing.
func idf(n, total float64) float64 { return math.Log((total + 2) / (n + 1)) }

// jaccard is the weight of what both sets have in that of what either has. Both are
// sorted.
func jaccard(a, b []uint64, weights map[uint64]float64) float64 {
	var both, either float64
	for len(a) > 0 || len(b) > 0 {
		switch {
		case len(b) == 0 || len(a) > 0 && a[0] < b[0]:
			either += weights[a[0]]
			a = a[1:]
		case len(a) == 0 || b[0] < a[0]:
			either += weights[b[0]]
			b = b[1:]
		default:
			both += weights[a[0]]
			either += weights[a[0]]
			a, b = a[1:], b[1:]
		}
	}
	if either == 0 {
		return 0
	}
	return both / either
}

// match tells a candidate from r.
func (s *Store) match(ctx context.Context, c candidate, r Result, weights map[uint64]float64) (Match, error) {
	var raw []byte
	if err := s.db.QueryRowContext(ctx, `select result from bundle where id = ?`, c.id).Scan(&raw); err != nil {
		return Match{}, err
	}
	k, err := s.kept(ctx, raw)
	if err != nil {
		return Match{}, err
	}
	m := Match{Kept: k, Score: c.score, Same: r.fingerprint() != "" && r.fingerprint() == k.fingerprint()}
	for _, f := range r.Features {
		if _, has := slices.BinarySearch(k.Features, f); has {
			m.Shared = append(m.Shared, f)
		} else {
			m.New = append(m.New, f)
		}
	}
	for _, f := range k.Features {
		if _, has := slices.BinarySearch(r.Features, f); !has {
			m.Missing = append(m.Missing, f)
		}
	}
	for _, list := range [][]string{m.Shared, m.New, m.Missing} {
		slices.SortStableFunc(list, func(a, b string) int { return cmp.Compare(weights[featureID(b)], weights[featureID(a)]) })
	}
	return m, nil
}

// Cluster are results without a verdict that are alike.
type Cluster struct {
	Bundles []Kept
	// Common are the features that all of them have, the rarest in the store first: what
	// the next rule could look at.
	Common []string
}

// alike is the score from which results are of one cluster.
const alike = 0.5

// Unknown clusters the results without a verdict, the largest cluster first. Each result
// joins the cluster of the likest one before it. At most most of them are compared, those
// with the lowest hashes, which is as good as chance; 0 is all.
func (s *Store) Unknown(ctx context.Context, f Filter, most int) ([]Cluster, error) {
	if most <= 0 {
		most = -1 // SQLite's word for no limit
	}
	where, args := f.where()
	rows, err := s.db.QueryContext(ctx, `select b.result from bundle b where b.status <> 'unreadable' and length(b.features) > 0 and not exists
		(select 1 from cause c where c.bundle = b.id) and `+where+` order by b.hash limit ?`, append(args, most)...)
	raws, err := collect(rows, err, func(scan func(...any) error) (raw []byte, err error) { return raw, scan(&raw) })
	if err != nil {
		return nil, err
	}
	var out []Cluster
	at := map[string]int{} // the cluster of a content
	for _, raw := range raws {
		k, err := s.kept(ctx, raw)
		if err != nil {
			return nil, err
		}
		like, _, err := s.ranked(ctx, k.Result)
		if err != nil {
			return nil, err
		}
		i := len(out)
		for _, m := range like {
			if j, seen := at[m.hash]; seen && m.score >= alike {
				i = j
				break
			}
		}
		if i == len(out) {
			out = append(out, Cluster{Common: k.Features})
		}
		at[k.Hash] = i
		c := &out[i]
		c.Bundles = append(c.Bundles, k)
		c.Common = slices.DeleteFunc(slices.Clone(c.Common), func(f string) bool { _, has := slices.BinarySearch(k.Features, f); return !has })
	}
	slices.SortStableFunc(out, func(a, b Cluster) int { return len(b.Bundles) - len(a.Bundles) })
	return out, s.order(ctx, out)
}

// order sorts what clusters have in common, the rarest first.
func (s *Store) order(ctx context.Context, clusters []Cluster) error {
	for _, c := range clusters {
		weights, err := s.weights(ctx, featureIDs(c.Common), nil)
		if err != nil {
			return err
		}
		slices.SortStableFunc(c.Common, func(a, b string) int { return cmp.Compare(weights[featureID(b)], weights[featureID(a)]) })
	}
	return nil
}
