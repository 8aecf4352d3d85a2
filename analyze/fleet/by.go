package fleet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Dimension is what TopBy tells bundles apart by. It is made by NewDimension.
type Dimension struct {
	// Name is a word for it: kernel, dockerd, cluster.
	Name string
	// column is text, of cause c or joined to it; null and "" are unknown.
	column, join string
	args         []any
	// week is set for that of the collection, path has a group for a part of paths.
	week bool
	path *regexp.Regexp
}

// NewDimension is one of kernel, os, node, week, version (of a daemon of the first node),
// or of the path of the bundle the part that a pattern names: archive/{cluster}/ has prod
// of archive/prod/node-1.tar.gz. A pattern is the beginning of a path and ends where an
// element of it does; {NAME} stands for as little as possible, at least a character, and *
// for any characters, neither for a slash.
func NewDimension(text, daemon string) (Dimension, error) {
	d := Dimension{Name: text, column: "''"}
	switch text {
	case "kernel", "os", "node":
		d.column = "c." + text
	case "week":
		d.week = true
	case "version":
		d.Name, d.column = daemon, "d.version"
		d.join, d.args = "left join daemon d on d.bundle = c.bundle and d.name = ?", []any{daemon}
	default:
		var err error
		d.Name, d.path, err = pathPattern(text)
		return d, err
	}
	return d, nil
}

var errDimension = errors.New("want kernel, os, node, week, version or a path's beginning with a part named in it, such as archive/{cluster}/")

var named = regexp.MustCompile(`\{(\w+)\}`)

// pathPattern is the name in a pattern, and what it stands for as first group.
func pathPattern(text string) (string, *regexp.Regexp, error) {
	names := named.FindAllStringSubmatchIndex(text, -1)
	if len(names) != 1 {
		return "", nil, errDimension
	}
	at := names[0]
	literal := func(s string) string { return strings.ReplaceAll(regexp.QuoteMeta(s), `\*`, `[^/]*`) }
	pattern, err := regexp.Compile(`(?s)^` + literal(text[:at[0]]) + `([^/]+?)` + literal(strings.TrimSuffix(text[at[1]:], "/")) + `(?:/|$)`)
	return text[at[2]:at[3]], pattern, err
}

// Group is how often a rule was the verdict among the bundles with one value.
type Group struct {
	Cause
	// Value is that of the dimension, "" unknown.
	Value string
}

// TopBy counts the verdicts by a dimension too, the commonest pair first. A bundle whose
// content lies at several places counts once for each value that its paths have.
func (s *Store) TopBy(ctx context.Context, f Filter, d Dimension) ([]Group, error) {
	var parts map[int64]string
	if d.path != nil {
		var err error
		if parts, err = s.pathParts(ctx, d.path); err != nil {
			return nil, err
		}
	}
	from, where, args := f.causes()
	rows, err := s.db.QueryContext(ctx, fmt.Sprintf(`select c.rule, c.bundle, c.node, c.collected, coalesce(%s, '')
		from %s %s where %s`, d.column, from, d.join, where), append(slices.Clone(d.args), args...)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	counted := groups{}
	for rows.Next() { // SQLite takes twice as long to group them
		var v verdict
		value := ""
		if err := rows.Scan(&v.rule, &v.bundle, &v.node, &v.collected, &value); err != nil {
			return nil, err
		}
		switch {
		case d.path != nil:
			for part := range strings.SplitSeq(parts[v.bundle], "/") {
				counted.add(v, part)
			}
			continue
		case d.week && v.collected > 0: // as in Trend
			value = SpanStart((v.collected-monday)/week, 1).Format(time.DateOnly)
		}
		counted.add(v, value)
	}
	return counted.sorted(), rows.Err()
}

// pathParts are what a pattern finds in the paths of each bundle, each once, with slashes
// between them.
func (s *Store) pathParts(ctx context.Context, pattern *regexp.Regexp) (map[int64]string, error) {
	// Both indexes are in the order of hashes, and hold what is asked for.
	rows, err := s.db.QueryContext(ctx, `select b.id, p.path from place p cross join bundle b on b.hash = p.hash`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	parts, known := map[int64]string{}, map[string]string{}
	for rows.Next() {
		var id int64
		path := ""
		if err := rows.Scan(&id, &path); err != nil {
			return nil, err
		}
		found := pattern.FindStringSubmatch(path)
		if found == nil || slices.Contains(strings.Split(parts[id], "/"), found[1]) {
			continue
		}
		all := strings.TrimPrefix(parts[id]+"/"+found[1], "/")
		if known[all] == "" { // one string for all bundles of a cluster
			known[all] = all
		}
		parts[id] = known[all]
	}
	return parts, rows.Err()
}

// verdict is a row of table cause.
type verdict struct {
	rule, node        string
	bundle, collected int64
}

// groups counts verdicts by rule and value.
type groups map[[2]string]*group

type group struct {
	bundles     int64
	nodes       map[string]bool
	first, last int64 // 0 unknown
}

func (g groups) add(v verdict, value string) {
	key := [2]string{v.rule, value}
	c := g[key]
	if c == nil {
		c = &group{nodes: map[string]bool{}}
		g[key] = c
	}
	c.bundles++
	if v.node != "" {
		c.nodes[v.node] = true
	}
	if v.collected != 0 && (c.first == 0 || v.collected < c.first) {
		c.first = v.collected
	}
	c.last = max(c.last, v.collected)
}

func (g groups) sorted() []Group {
	var out []Group
	for key, c := range g {
		out = append(out, Group{Cause{key[0], c.bundles, int64(len(c.nodes)), moment(c.first), moment(c.last)}, key[1]})
	}
	slices.SortFunc(out, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Bundles, a.Bundles), strings.Compare(a.Rule, b.Rule), strings.Compare(a.Value, b.Value))
	})
	return out
}
