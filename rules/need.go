package rules

import (
	"slices"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
)

// need is one of the conditions between a predicate's outermost `&&`, of a kind that Go
// tells many times as fast as CEL: that a text is another one, or which functions a stack
// calls. Where one is false so is the predicate, whatever the others are, known or not:
// of most rows there is nothing else to tell.
type need struct {
	column string
	// unmet reports that the column is known, and not as needed.
	unmet func(row any) bool
}

// ruledOut reports whether one of the needs is unmet.
func (p *predicate) ruledOut(row *record) bool {
	return slices.ContainsFunc(p.needs, func(n need) bool {
		return (row.only == nil || slices.Contains(row.only, n.column)) && n.unmet(row.value)
	})
}

// needsOf are the needs of the predicate e on rows of s.
func needsOf(s *Schema, e ast.Expr) []need {
	if e.Kind() != ast.CallKind {
		return nil
	}
	call := e.AsCall()
	switch name := call.FunctionName(); name {
	case operators.LogicalAnd:
		var all []need
		for _, arg := range call.Args() {
			all = append(all, needsOf(s, arg)...)
		}
		return all
	case operators.Equals:
		want, isText := textOf(call.Args()[1])
		column, text := textColumn(s, call.Args()[0])
		if !isText || text == nil {
			return nil
		}
		return []need{{column, func(row any) bool {
			is, known := text(row)
			return known && is != want
		}}}
	case framesAny, framesAll:
		return framesNeed(s, call.Args()[0], name == framesAll)
	}
	return nil
}

// framesNeed is the need for a stack that calls one of the functions listed, or all.
func framesNeed(s *Schema, list ast.Expr, all bool) []need {
	var wants []string
	for _, e := range list.AsList().Elements() {
		want, ok := textOf(e)
		if !ok {
			return nil
		}
		wants = append(wants, want)
	}
	hold := callAnyOf
	if all {
		hold = callAllOf
	}
	c, _ := s.column("frames")
	return []need{{c.Name, func(row any) bool {
		frames, known := c.list(row)
		return known && !hold(frames, wants)
	}}}
}

// textColumn is the column that `row.column` or `row.column.inner` names and how to read
// its text, nil where e is something else.
func textColumn(s *Schema, e ast.Expr) (name string, text func(row any) (string, bool)) {
	if e.Kind() != ast.SelectKind || e.AsSelect().IsTestOnly() {
		return "", nil
	}
	field, of := e.AsSelect().FieldName(), e.AsSelect().Operand()
	if of.Kind() == ast.IdentKind {
		c, _ := s.column(field)
		return c.Name, c.text
	}
	if of.Kind() != ast.SelectKind || of.AsSelect().Operand().Kind() != ast.IdentKind {
		return "", nil
	}
	outer, _ := s.column(of.AsSelect().FieldName())
	if outer.Record == nil {
		return "", nil
	}
	inner, _ := outer.Record.column(field)
	if inner.text == nil {
		return "", nil
	}
	return outer.Name, func(row any) (string, bool) { return inner.text(outer.inside(row)) }
}

// textOf is a text that is written out.
func textOf(e ast.Expr) (string, bool) {
	if e.Kind() != ast.LiteralKind {
		return "", false
	}
	text, ok := e.AsLiteral().Value().(string)
	return text, ok
}
