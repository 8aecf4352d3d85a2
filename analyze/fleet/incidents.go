package fleet

import (
	"context"
	"fmt"
	"time"
)

// Extent is how far results reach.
type Extent struct {
	Nodes int64
	// First and Last are the earliest and latest collection, zero unknown; Undated is how
	// many results do not say when theirs was.
	First, Last time.Time
	Undated     int64
}

// Extent looks at the results that a filter leaves, those without a verdict too.
func (s *Store) Extent(ctx context.Context, f Filter) (e Extent, err error) {
	where, args := f.where()
	var first, last int64
	err = s.db.QueryRowContext(ctx, `select count(distinct nullif(b.node, '')), coalesce(min(iif(b.collected > 0, b.collected, null)), 0),
		max(coalesce(max(b.collected), 0), 0), coalesce(sum(b.collected <= 0), 0) from bundle b where `+where, args...).Scan(&e.Nodes, &first, &last, &e.Undated)
	e.First, e.Last = moment(first), moment(last)
	return e, err
}

// Incident is a result in the list of one of its verdicts. Its features are left out.
type Incident struct {
	Kept
	Rule string
	// Start is the Monday that begins its span of weeks, zero where the collection is
	// not known.
	Start time.Time
}

// Incidents are the newest results of each verdict in each span of so many weeks, at most
// most of one, rule by rule and the oldest span first. Spans are counted from
// 1970-01-05, so that a span of one week is what Trend counts.
func (s *Store) Incidents(ctx context.Context, f Filter, weeks, most int) ([]Incident, error) {
	type chosen struct {
		rule   string
		span   int64 // -1: not known
		bundle int64
	}
	from, where, args := f.causes()
	rows, err := s.db.QueryContext(ctx, fmt.Sprintf(`select rule, span, bundle from
		(select c.rule, c.bundle, c.collected, c.node, iif(c.collected > 0, (c.collected - %d) / %d / %d, -1) span,
			row_number() over (partition by c.rule, iif(c.collected > 0, (c.collected - %[1]d) / %[2]d / %[3]d, -1) order by c.collected desc, c.node, c.bundle) n
			from `+from+` where `+where+`)
		where n <= ? order by rule, span, n`, monday, week, weeks), append(args, most)...)
	all, err := collect(rows, err, func(scan func(...any) error) (c chosen, err error) {
		return c, scan(&c.rule, &c.span, &c.bundle)
	})
	if err != nil {
		return nil, err
	}
	out := make([]Incident, 0, len(all))
	for _, c := range all {
		i := Incident{Rule: c.rule}
		if c.span >= 0 {
			i.Start = SpanStart(c.span, weeks)
		}
		var raw []byte
		if err := s.db.QueryRowContext(ctx, `select result from bundle where id = ?`, c.bundle).Scan(&raw); err != nil {
			return nil, err
		}
		if i.Kept, err = s.kept(ctx, raw); err != nil {
			return nil, err
		}
		i.Features = nil
		out = append(out, i)
	}
	return out, nil
}

// Unreadable are bundles of which nothing could be read, at most most, in the order of
// their hashes.
func (s *Store) Unreadable(ctx context.Context, f Filter, most int) ([]Kept, error) {
	where, args := f.where()
	rows, err := s.db.QueryContext(ctx, `select b.result from bundle b where b.status = 'unreadable' and `+where+` order by b.hash limit ?`, append(args, most)...)
	raws, err := collect(rows, err, func(scan func(...any) error) (raw []byte, err error) { return raw, scan(&raw) })
	if err != nil {
		return nil, err
	}
	out := make([]Kept, len(raws))
	for i, raw := range raws {
		if out[i], err = s.kept(ctx, raw); err != nil {
			return nil, err
		}
	}
	return out, nil
}
