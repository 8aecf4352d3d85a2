package fleet

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"strings"
	"time"
)

// Cause is how often a rule was the verdict.
type Cause struct {
	Rule    string
	Bundles int64
	Nodes   int64
	// First and Last are the earliest and latest collection, zero unknown.
	First, Last time.Time
}

// Filter limits questions to some results; the zero value is all.
type Filter struct {
	// Daemon and Version limit them to bundles whose daemon has a version that begins so.
	Daemon, Version string
	// Kernel, Node and Path are beginnings, of the kernel's release, the node's name, and
	// the path of the bundle.
	Kernel, Node, Path string
	// Cause limits them to bundles with this rule among their verdicts.
	Cause string
	// Since and Until bound the collection; zero has no bound.
	Since, Until time.Time
}

// where is the condition on bundle b and its arguments.
func (f Filter) where() (string, []any) {
	conditions, args := []string{"b.current = 1"}, []any{}
	add := func(condition string, values ...any) {
		conditions = append(conditions, condition)
		args = append(args, values...)
	}
	if f.Version != "" || f.Daemon != "" {
		add(`exists (select 1 from daemon d where d.bundle = b.id and (? = '' or d.name = ?) and substr(d.version, 1, length(?)) = ?)`, f.Daemon, f.Daemon, f.Version, f.Version)
	}
	if f.Kernel != "" {
		add(`substr(b.kernel, 1, length(?)) = ?`, f.Kernel, f.Kernel)
	}
	if f.Node != "" {
		add(`substr(b.node, 1, length(?)) = ?`, f.Node, f.Node)
	}
	if f.Path != "" {
		add(`exists (select 1 from place p where p.hash = b.hash and substr(p.path, 1, length(?)) = ?)`, f.Path, f.Path)
	}
	if f.Cause != "" {
		add(`exists (select 1 from cause v where v.bundle = b.id and v.rule = ?)`, f.Cause)
	}
	if !f.Since.IsZero() {
		add(`b.collected >= ?`, f.Since.Unix())
	}
	if !f.Until.IsZero() {
		add(`b.collected < ? and b.collected > 0`, f.Until.Unix())
	}
	return strings.Join(conditions, " and "), args
}

// causes are the rows of table cause c that a filter leaves: what to select from, the
// condition and its arguments. Only a filter looks into bundle.
func (f Filter) causes() (from, where string, args []any) {
	if f == (Filter{}) {
		return "cause c", "true", nil
	}
	where, args = f.where()
	return "cause c join bundle b on b.id = c.bundle", where, args
}

// Top counts the verdicts, the commonest first.
func (s *Store) Top(ctx context.Context, f Filter) ([]Cause, error) {
	from, where, args := f.causes()
	rows, err := s.db.QueryContext(ctx, `select c.rule, count(*), count(distinct nullif(c.node, '')),
		coalesce(min(nullif(c.collected, 0)), 0), coalesce(max(c.collected), 0)
		from `+from+` where `+where+` group by c.rule order by 2 desc, 1`, args...)
	return collect(rows, err, func(scan func(...any) error) (c Cause, err error) {
		var first, last int64
		err = scan(&c.Rule, &c.Bundles, &c.Nodes, &first, &last)
		c.First, c.Last = moment(first), moment(last)
		return c, err
	})
}

// Tally counts results by how their reading went, and those without a verdict.
type Tally struct{ Whole, Damaged, Unreadable, Silent int64 }

// Tally counts the results that a filter leaves.
func (s *Store) Tally(ctx context.Context, f Filter) (t Tally, err error) {
	where, args := f.where()
	err = s.db.QueryRowContext(ctx, `select coalesce(sum(status = 'whole'), 0), coalesce(sum(status = 'damaged'), 0), coalesce(sum(status = 'unreadable'), 0),
		coalesce(sum(status <> 'unreadable' and not exists (select 1 from cause c where c.bundle = b.id)), 0)
		from bundle b where `+where, args...).Scan(&t.Whole, &t.Damaged, &t.Unreadable, &t.Silent)
	return t, err
}

// Week is how often a rule was the verdict in one week.
type Week struct {
	// Start is the Monday, in UTC.
	Start   time.Time
	Rule    string
	Bundles int64
}

// Weeks begin on Mondays, in UTC; in seconds.
const (
	week   = 7 * 24 * 60 * 60
	monday = 4 * 24 * 60 * 60 // 1970-01-05 was one
)

// SpanStart is the Monday that begins the n-th span of so many weeks since 1970-01-05.
func SpanStart(n int64, weeks int) time.Time {
	return time.Unix(n*int64(weeks)*week+monday, 0).UTC()
}

// SpanOf is the span that a Week is in.
func SpanOf(w Week, weeks int) int64 { return (w.Start.Unix() - monday) / week / int64(weeks) }

// Trend counts the verdicts by the week of the collection, oldest first. Bundles that do
// not say when they were collected are left out.
func (s *Store) Trend(ctx context.Context, f Filter) ([]Week, error) {
	from, where, args := f.causes()
	rows, err := s.db.QueryContext(ctx, fmt.Sprintf(`select (c.collected - %d) / %d, c.rule, count(*)
		from `+from+` where c.collected > 0 and `+where+` group by 1, 2 order by 1, 3 desc, 2`, monday, week), args...)
	return collect(rows, err, func(scan func(...any) error) (w Week, err error) {
		var n int64
		err = scan(&n, &w.Rule, &w.Bundles)
		w.Start = SpanStart(n, 1)
		return w, err
	})
}

// Kept is a result with the places of its content.
type Kept struct {
	Result
	Places []string
}

// ErrNotKept says that the store has no such result.
var ErrNotKept = errors.New("the store has no such bundle")

// Show is the current result of a content, named by a path or the beginning of its hash.
func (s *Store) Show(ctx context.Context, name string) (Kept, error) {
	var raw []byte
	err := s.db.QueryRowContext(ctx, `select b.result from bundle b where b.current = 1 and
		(b.hash in (select hash from place where path = ?) or (length(?) >= 8 and substr(b.hash, 1, length(?)) = ?)) order by b.id limit 1`, name, name, name, name).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) {
		return Kept{}, ErrNotKept
	}
	if err != nil {
		return Kept{}, err
	}
	return s.kept(ctx, raw)
}

// kept adds the places to a result.
func (s *Store) kept(ctx context.Context, raw []byte) (k Kept, err error) {
	if k.Result, err = s.decode(raw); err != nil {
		return k, err
	}
	k.Places, err = s.places(ctx, k.Hash)
	return k, err
}

func (s *Store) places(ctx context.Context, hash string) ([]string, error) {
	rows, err := s.db.QueryContext(ctx, `select path from place where hash = ? order by path`, hash)
	return collect(rows, err, func(scan func(...any) error) (path string, err error) { return path, scan(&path) })
}

// All goes through the current results in the order of their hashes.
func (s *Store) All(ctx context.Context, f Filter) iter.Seq2[Kept, error] {
	const page = 200
	where, args := f.where()
	return func(yield func(Kept, error) bool) {
		last := ""
		for {
			rows, err := s.db.QueryContext(ctx, `select b.result from bundle b where b.hash > ? and `+where+` order by b.hash limit ?`, append(append([]any{last}, args...), page)...)
			raws, err := collect(rows, err, func(scan func(...any) error) (raw []byte, err error) { return raw, scan(&raw) })
			if err != nil {
				yield(Kept{}, err)
				return
			}
			for _, raw := range raws {
				k, err := s.kept(ctx, raw)
				if !yield(k, err) || err != nil {
					return
				}
				last = k.Hash
			}
			if len(raws) < page {
				return
			}
		}
	}
}

// collect reads all rows.
func collect[T any](rows *sql.Rows, err error, read func(scan func(...any) error) (T, error)) (out []T, _ error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		row, err := read(rows.Scan)
		if err != nil {
			return nil, err
		}
		out = append(out, row)
	}
	return out, rows.Err()
}

func moment(seconds int64) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(seconds, 0).UTC()
}
