package rules

import (
	"cmp"
	"slices"
	"time"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// told is a predicate, or a part of one, in Go, which tells most rows many times as fast
// as CEL. Unknown is what nobody knows and also what Go cannot tell; where the whole is
// True or False nevertheless, it is so whatever that is.
type told func(row *record) Truth

// tell puts e, a predicate on rows of s, in Go: columns of truths, comparisons of texts,
// numbers and durations with what is written out, which functions a stack calls, and all
// of these under &&, || and !. whole is set where nothing else stands in e.
func tell(s *Schema, e ast.Expr) (is told, whole bool) {
	if e.Kind() == ast.SelectKind {
		if c, of := operand(s, e); c.flag != nil {
			return leaf(of, c.flag, func(v bool) bool { return v }), true
		}
	}
	if e.Kind() != ast.CallKind {
		return unknown, false
	}
	args := e.AsCall().Args()
	switch name := e.AsCall().FunctionName(); name {
	case operators.LogicalAnd:
		return tellAll(s, args, True, Truth.And)
	case operators.LogicalOr:
		return tellAll(s, args, False, Truth.Or)
	case operators.LogicalNot:
		is, whole := tell(s, args[0])
		return func(row *record) Truth { return is(row).Not() }, whole
	case operators.In:
		return tellIn(s, args[0], args[1])
	case framesAny:
		return tellFrames(s, args[0], callAnyOf)
	case framesAll:
		return tellFrames(s, args[0], callAllOf)
	default:
		if holds := comparisons[name]; holds != nil {
			return tellCompared(s, args[0], args[1], holds)
		}
		return unknown, false
	}
}

func unknown(*record) Truth { return Unknown }

// tellAll joins parts, beginning with none, which changes no other.
func tellAll(s *Schema, args []ast.Expr, none Truth, join func(a, b Truth) Truth) (is told, whole bool) {
	var parts []told
	whole = true
	for _, arg := range args {
		part, all := tell(s, arg)
		parts, whole = append(parts, part), whole && all
	}
	return func(row *record) Truth {
		truth := none
		for _, part := range parts {
			if truth = join(truth, part(row)); truth == none.Not() {
				break // for good
			}
		}
		return truth
	}, whole
}

// comparisons are what an operator says of the order of its operands.
var comparisons = map[string]func(order int) bool{
	operators.Equals:        func(order int) bool { return order == 0 },
	operators.NotEquals:     func(order int) bool { return order != 0 },
	operators.Less:          func(order int) bool { return order < 0 },
	operators.LessEquals:    func(order int) bool { return order <= 0 },
	operators.Greater:       func(order int) bool { return order > 0 },
	operators.GreaterEquals: func(order int) bool { return order >= 0 },
}

func tellCompared(s *Schema, left, right ast.Expr, holds func(order int) bool) (told, bool) {
	c, of := operand(s, left)
	if want, ok := textOf(right); ok && c.text != nil {
		return leaf(of, c.text, func(v string) bool { return holds(cmp.Compare(v, want)) }), true
	}
	if want, ok := numberOf(right); ok && c.number != nil {
		return leaf(of, c.number, func(v int64) bool { return holds(cmp.Compare(v, want)) }), true
	}
	return unknown, false
}

func tellIn(s *Schema, e, list ast.Expr) (told, bool) {
	c, of := operand(s, e)
	texts, ok := textsOf(list)
	if !ok || c.text == nil {
		return unknown, false
	}
	return leaf(of, c.text, func(v string) bool { return slices.Contains(texts, v) }), true
}

func tellFrames(s *Schema, list ast.Expr, hold func(frames, wants []string) bool) (told, bool) {
	wants, ok := textsOf(list)
	if !ok {
		return unknown, false
	}
	c, _ := s.column("frames")
	return leaf(column(c), c.list, func(frames []string) bool { return hold(frames, wants) }), true
}

// leaf tells whether a value that get finds in what of returns is as it should be.
func leaf[V any](of func(row *record) (any, bool), get func(any) (V, bool), holds func(V) bool) told {
	return func(row *record) Truth {
		in, known := of(row)
		if !known {
			return Unknown
		}
		v, known := get(in)
		if !known {
			return Unknown
		}
		return truthOf(holds(v))
	}
}

// operand is the column that `row.column` or `row.column.inner` names, and of what it is
// one, where that is known; a zero Column where e is something else.
func operand(s *Schema, e ast.Expr) (c Column, of func(row *record) (any, bool)) {
	if e.Kind() != ast.SelectKind || e.AsSelect().IsTestOnly() {
		return Column{}, nil
	}
	name, in := e.AsSelect().FieldName(), e.AsSelect().Operand()
	if in.Kind() == ast.IdentKind {
		c, _ = s.column(name)
		return c, column(c)
	}
	outer, outside := operand(s, in)
	if outer.inside == nil {
		return Column{}, nil
	}
	c, _ = outer.Record.column(name)
	return c, func(row *record) (any, bool) {
		in, known := outside(row)
		if !known {
			return nil, false
		}
		return outer.inside(in), true
	}
}

// column returns the row itself, where its column c is known.
func column(c Column) func(row *record) (any, bool) {
	return func(row *record) (any, bool) {
		return row.value, row.only == nil || slices.Contains(row.only, c.Name)
	}
}

// textOf is a text that is written out.
func textOf(e ast.Expr) (text string, ok bool) {
	if e.Kind() == ast.LiteralKind {
		text, ok = e.AsLiteral().Value().(string)
	}
	return text, ok
}

// textsOf are those of a list that is written out.
func textsOf(e ast.Expr) (texts []string, ok bool) {
	if e.Kind() != ast.ListKind {
		return nil, false
	}
	for _, element := range e.AsList().Elements() {
		text, ok := textOf(element)
		if !ok {
			return nil, false
		}
		texts = append(texts, text)
	}
	return texts, true
}

// numberOf is a number, or a duration in nanoseconds, that is written out.
func numberOf(e ast.Expr) (n int64, ok bool) {
	switch e.Kind() {
	case ast.LiteralKind:
		n, ok = e.AsLiteral().Value().(int64)
	case ast.CallKind:
		if text, isText := textOf(e.AsCall().Args()[0]); isText && e.AsCall().FunctionName() == "duration" {
			d, err := time.ParseDuration(text)
			return int64(d), err == nil
		}
	}
	return n, ok
}
