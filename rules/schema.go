package rules

import (
	"slices"
	"strings"
	"time"

	"cel.dev/cel-go/cel"

	"culprit/analyze/fact"
)

// Column is one value of a row that a predicate or a template can name.
type Column struct {
	Name string
	Doc  string
	// Record is the schema of a column that holds a record, else nil.
	Record *Schema
	typ    *cel.Type
	get    func(row any) (any, bool)
	// These are what get does for a text, a list of texts, a number or a duration, a truth
	// and a record, without an interface around it; nil elsewhere.
	text   func(row any) (string, bool)
	list   func(row any) ([]string, bool)
	number func(row any) (int64, bool) // nanoseconds of a duration
	flag   func(row any) (bool, bool)
	inside func(row any) any
	// line is where the value stands, for a column that the row's first refs do
	// not show; nil elsewhere.
	line func(row any) fact.Ref
}

// withLine gives the column the line of its value.
func withLine[T any](c Column, line func(*T) fact.Ref) Column {
	c.line = func(row any) fact.Ref { return line(row.(*T)) }
	return c
}

// Type is the column's type as predicates see it: string, int, bool, duration,
// list(string) or the name of a record.
func (c Column) Type() string { return c.typ.String() }

// Schema is the shape of a table's rows, or of a record inside a row.
type Schema struct {
	// Name is what rules write after `from:`.
	Name    string
	Doc     string
	Columns []Column
	// Weight is the column that counts what a row stands for, "" when each row
	// stands for one.
	Weight string
	// whole is the kind of key of which a row is all there is: one row a container.
	whole fact.KeyKind
	// keys are the scopes that a row can be keyed by, with `on:`.
	keys map[fact.KeyKind]func(row any) []fact.Key
	rows func(t *fact.Tables) []Row
	// header makes a row of which only the columns named in headerColumns are
	// known, out of a coverage row: a predicate that is false for it does not
	// concern that listing, dump or log.
	header func(c fact.Coverage) any
	known  []string
	// times are the exact moments at which the row happened, and whether these are
	// all of them; nil for a table whose rows are no events.
	times func(row any) ([]time.Time, bool)
	place func(row any) fact.Place
	refs  func(row any) []fact.Ref
}

// Row is one row of a table: Value points to the fact type of that table.
type Row struct {
	Table string
	Value any
}

// Refs are the lines that the row rests on.
func (r Row) Refs() []fact.Ref { return tables[r.Table].refs(r.Value) }

// column finds a column by name.
func (s *Schema) column(name string) (Column, bool) {
	for _, c := range s.Columns {
		if c.Name == name {
			return c, true
		}
	}
	return Column{}, false
}

func (s *Schema) columnNames() []string {
	names := make([]string, len(s.Columns))
	for i, c := range s.Columns {
		names[i] = c.Name
	}
	return names
}

// weight is what the row stands for, in the units of Weight or of column sum.
func (s *Schema) weight(row any, sum string) (int64, bool) {
	if sum == "" {
		sum = s.Weight
	}
	if sum == "" {
		return 1, true
	}
	c, _ := s.column(sum)
	v, known := c.get(row)
	n, ok := v.(int64)
	return n, known && ok
}

// typeName is the name of the record type in CEL.
func (s *Schema) typeName() string { return "culprit." + s.Name }

// Constructors for columns: the getter of each says whether the value is known.

func strCol[T any](name, doc string, get func(*T) string) Column {
	return textCol(name, doc, func(r *T) (string, bool) { return get(r), true })
}

// knownStr is a string column where "" means unknown.
func knownStr[T any](name, doc string, get func(*T) string) Column {
	return textCol(name, doc, func(r *T) (string, bool) {
		v := get(r)
		return v, v != ""
	})
}

func textCol[T any](name, doc string, get func(*T) (string, bool)) Column {
	text := func(row any) (string, bool) { return get(row.(*T)) }
	return Column{Name: name, Doc: doc, typ: cel.StringType, text: text, get: func(row any) (any, bool) { return text(row) }}
}

func intCol[T any](name, doc string, get func(*T) fact.Opt[int64]) Column {
	number := func(row any) (int64, bool) {
		v := get(row.(*T))
		return v.V, v.Known
	}
	return Column{Name: name, Doc: doc, typ: cel.IntType, number: number, get: func(row any) (any, bool) { return number(row) }}
}

func boolCol[T any](name, doc string, get func(*T) fact.Opt[bool]) Column {
	flag := func(row any) (bool, bool) {
		v := get(row.(*T))
		return v.V, v.Known
	}
	return Column{Name: name, Doc: doc, typ: cel.BoolType, flag: flag, get: func(row any) (any, bool) { return flag(row) }}
}

func durCol[T any](name, doc string, get func(*T) fact.Opt[time.Duration]) Column {
	number := func(row any) (int64, bool) {
		v := get(row.(*T))
		return int64(v.V), v.Known
	}
	return Column{Name: name, Doc: doc, typ: cel.DurationType, number: number, get: func(row any) (any, bool) {
		n, known := number(row)
		return time.Duration(n), known
	}}
}

func listCol[T any](name, doc string, get func(*T) ([]string, bool)) Column {
	list := func(row any) ([]string, bool) { return get(row.(*T)) }
	return Column{Name: name, Doc: doc, typ: cel.ListType(cel.StringType), list: list, get: func(row any) (any, bool) { return list(row) }}
}

func recordCol[T any](name, doc string, s *Schema, get func(*T) any) Column {
	inside := func(row any) any { return get(row.(*T)) }
	return Column{Name: name, Doc: doc, Record: s, typ: cel.ObjectType(s.typeName()), inside: inside, get: func(row any) (any, bool) {
		return &record{schema: s, value: inside(row)}, true
	}}
}

func opt[T any](v T) fact.Opt[T] { return fact.Some(v) }

func widen(v fact.Opt[int]) fact.Opt[int64] {
	return fact.Opt[int64]{V: int64(v.V), Known: v.Known}
}

// refIn is the first of refs into a file of that name.
func refIn(refs []fact.Ref, name string) fact.Ref {
	for _, r := range refs {
		if r.Source[strings.LastIndexByte(r.Source, '/')+1:] == name {
			return r
		}
	}
	return fact.Ref{}
}

// percent is how full a limit is.
func percent(n fact.Opt[int], limit fact.Opt[int64]) fact.Opt[int64] {
	if !n.Known || !limit.Known || limit.V <= 0 {
		return fact.Opt[int64]{}
	}
	return opt(int64(100 * float64(n.V) / float64(limit.V)))
}

// table builds a table's schema out of accessors for its row type T.
func table[T any](s Schema, rows func(*fact.Tables) []T, place func(*T) fact.Place, refs func(*T) []fact.Ref) *Schema {
	name := s.Name
	s.rows = func(t *fact.Tables) []Row {
		in := rows(t)
		out := make([]Row, len(in))
		for i := range in {
			out[i] = Row{Table: name, Value: &in[i]}
		}
		return out
	}
	s.place = func(row any) fact.Place { return place(row.(*T)) }
	s.refs = func(row any) []fact.Ref { return refs(row.(*T)) }
	return &s
}

// keyed builds a key accessor: no key where id is empty.
func keyed[T any](kind fact.KeyKind, get func(*T) (place fact.Place, id, name string)) func(any) []fact.Key {
	return func(row any) []fact.Key {
		p, id, name := get(row.(*T))
		if id == "" {
			return nil
		}
		return []fact.Key{fact.NewKey(kind, p, id, name)}
	}
}

// nodeKey keys any row by the node it was taken on.
func nodeKey[T any](place func(*T) fact.Place) func(any) []fact.Key {
	return func(row any) []fact.Key {
		p := place(row.(*T))
		return []fact.Key{fact.NewKey(fact.KeyNode, p, "node", p.Node)}
	}
}

// callAnyOf and callAllOf report whether frames call one of some functions, or all.
func callAnyOf(frames, wants []string) bool {
	return slices.ContainsFunc(wants, func(want string) bool { return calls(frames, want) })
}

func callAllOf(frames, wants []string) bool {
	return !slices.ContainsFunc(wants, func(want string) bool { return !calls(frames, want) })
}

// calls reports whether a frame is the function want: equal to it, or ending in
// it at a path boundary ("daemon.(*Daemon).Kill").
func calls(frames []string, want string) bool {
	for _, f := range frames {
		if f == want || strings.HasSuffix(f, want) && f[len(f)-len(want)-1] == '/' {
			return true
		}
	}
	return false
}
