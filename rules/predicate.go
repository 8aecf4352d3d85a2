package rules

import (
	"errors"
	"fmt"
	"reflect"
	"regexp/syntax"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
)

const (
	// predicateCost bounds one evaluation on one row. The dearest predicate of
	// the built-in pack costs below 400; a comprehension over a 200-frame stack
	// stays below 10,000.
	predicateCost = 20_000
	// predicateNesting is how deep comprehensions may nest: none of ours needs two.
	predicateNesting = 1
)

// record is a row, or a record in it, as CEL sees it.
type record struct {
	schema *Schema
	value  any
	// only, where not nil, names the columns that are known.
	only []string
}

// ConvertToNative is not needed by any predicate.
func (r *record) ConvertToNative(t reflect.Type) (any, error) {
	return nil, fmt.Errorf("%s has no native form", r.schema.Name)
}

// ConvertToType supports type() only.
func (r *record) ConvertToType(t ref.Type) ref.Val {
	if t == types.TypeType {
		return types.NewObjectType(r.schema.typeName())
	}
	return types.NewErr("a row cannot be converted to %s", t.TypeName())
}

// Equal is identity.
func (r *record) Equal(o ref.Val) ref.Val {
	other, ok := o.(*record)
	return types.Bool(ok && other.value == r.value)
}

// Type is the record type of the schema.
func (r *record) Type() ref.Type { return types.NewObjectType(r.schema.typeName()) }

// Value is the record itself: columns are read from it.
func (r *record) Value() any { return r }

// provider resolves the record types; a column whose value the evidence does not
// state is a CEL unknown, which the language's && and || treat as three-valued.
type provider struct {
	*types.Registry
	schemas map[string]*Schema
}

func (p provider) FindStructType(name string) (*types.Type, bool) {
	if _, ok := p.schemas[name]; ok {
		return types.NewTypeTypeWithParam(types.NewObjectType(name)), true
	}
	return p.Registry.FindStructType(name)
}

func (p provider) FindStructFieldNames(name string) ([]string, bool) {
	if s, ok := p.schemas[name]; ok {
		return s.columnNames(), true
	}
	return p.Registry.FindStructFieldNames(name)
}

func (p provider) FindStructFieldType(name, field string) (*types.FieldType, bool) {
	s, ok := p.schemas[name]
	if !ok {
		return p.Registry.FindStructFieldType(name, field)
	}
	c, ok := s.column(field)
	if !ok {
		return nil, false
	}
	unknown := types.NewUnknown(0, types.NewAttributeTrail("row."+field))
	return &types.FieldType{
		Type:  c.typ,
		IsSet: func(any) bool { return true },
		GetFrom: func(target any) (any, error) {
			r, ok := target.(*record)
			if !ok {
				return nil, fmt.Errorf("%s is not a row", name)
			}
			v, known := c.get(r.value)
			if !known || r.only != nil && !slices.Contains(r.only, field) {
				return unknown, nil
			}
			return v, nil
		},
	}, true
}

// envs are the CEL environments by the schema of the rows: to make one takes longer than to
// compile most predicates.
type envs map[*Schema]*cel.Env

func (e envs) of(s *Schema) (env *cel.Env, err error) {
	if e[s] == nil {
		if e[s], err = newEnv(s); err != nil {
			return nil, err
		}
	}
	return e[s], nil
}

// newEnv is the CEL environment for predicates on rows of s.
func newEnv(s *Schema) (*cel.Env, error) {
	reg, err := types.NewRegistry()
	if err != nil {
		return nil, err
	}
	schemas := map[string]*Schema{s.typeName(): s}
	for _, c := range s.Columns {
		if c.Record != nil {
			schemas[c.Record.typeName()] = c.Record
		}
	}
	rowType := cel.ObjectType(s.typeName())
	options := []cel.EnvOption{
		cel.CustomTypeProvider(provider{reg, schemas}),
		cel.CustomTypeAdapter(reg),
		cel.Variable("row", rowType),
		cel.CrossTypeNumericComparisons(true),
		cel.ASTValidators(cel.ValidateRegexLiterals(), cel.ValidateDurationLiterals(), cel.ValidateComprehensionNestingLimit(predicateNesting)),
	}
	if _, ok := s.column("frames"); ok {
		options = append(options, callsOptions(rowType)...)
	}
	return cel.NewCustomEnv(append([]cel.EnvOption{cel.StdLib()}, options...)...)
}

// The functions that row.calls and row.calls_all are short for.
const (
	framesAny = "frames_any"
	framesAll = "frames_all"
)

// callsOptions declare row.calls("f", "g") (any of) and row.calls_all("f", "g").
func callsOptions(rowType *cel.Type) []cel.EnvOption {
	var options []cel.EnvOption
	for _, fn := range []struct {
		name, internal string
		hold           func(frames, wants []string) bool
	}{{"calls", framesAny, callAnyOf}, {"calls_all", framesAll, callAllOf}} {
		expand := func(f cel.MacroExprFactory, target ast.Expr, args []ast.Expr) (ast.Expr, *cel.Error) {
			return f.NewMemberCall(fn.internal, target, f.NewList(args...)), nil
		}
		options = append(options, cel.Macros(cel.ReceiverVarArgMacro(fn.name, expand)),
			cel.Function(fn.internal, cel.MemberOverload("row_"+fn.internal,
				[]*cel.Type{rowType, cel.ListType(cel.StringType)}, cel.BoolType,
				cel.BinaryBinding(func(row, list ref.Val) ref.Val { return callsList(row, list, fn.hold) }))))
	}
	return options
}

func callsList(row, list ref.Val, hold func(frames, wants []string) bool) ref.Val {
	r, ok := row.(*record)
	if !ok {
		return types.MaybeNoSuchOverloadErr(row)
	}
	c, _ := r.schema.column("frames")
	frames, known := c.list(r.value)
	if !known || r.only != nil {
		return types.NewUnknown(0, types.NewAttributeTrail("row.frames"))
	}
	wants, err := list.ConvertToNative(reflect.TypeFor[[]string]())
	if err != nil {
		return types.WrapErr(err)
	}
	return types.Bool(hold(frames, wants.([]string)))
}

// predicate is a compiled `where`.
type predicate struct {
	text    string
	schema  *Schema
	program cel.Program
	// told is the predicate in Go, whole as far as CEL is not needed.
	told  told
	whole bool
	// cited are the columns it reads whose values have a line of their own.
	cited []Column
}

// compilePredicate returns the predicate, or the CEL issues with their places.
func compilePredicate(in envs, s *Schema, text string) (*predicate, *cel.Issues, error) {
	env, err := in.of(s)
	if err != nil {
		return nil, nil, err
	}
	ast, issues := env.Compile(text)
	if issues.Err() != nil {
		return nil, issues, issues.Err()
	}
	if ast.OutputType() != cel.BoolType {
		return nil, nil, fmt.Errorf("a predicate must be a bool, this is a %s", ast.OutputType())
	}
	if err := checkPatterns(ast); err != nil {
		return nil, nil, err
	}
	options := []cel.ProgramOption{cel.EvalOptions(cel.OptOptimize)}
	if !cheap(ast) { // to count the cost takes a third of the time
		options = append(options, cel.CostLimit(predicateCost))
	}
	program, err := env.Program(ast, options...)
	if err != nil {
		return nil, nil, err
	}
	told, whole := tell(s, ast.NativeRep().Expr())
	return &predicate{text, s, program, told, whole, citedColumns(s, ast)}, nil, nil
}

// cheap reports whether a predicate cannot cost much, whatever the row: it is small, goes
// through no list and matches no pattern.
func cheap(a *cel.Ast) bool {
	const small = 100 // nodes; ours have below 40
	nodes, plain := 0, true
	ast.PreOrderVisit(a.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		nodes++
		if e.Kind() == ast.ComprehensionKind || e.Kind() == ast.CallKind && e.AsCall().FunctionName() == "matches" {
			plain = false
		}
	}))
	return plain && nodes <= small
}

// checkPatterns wants every regular expression written out, and small: the cost of a
// match is counted by the length of the pattern, and "x{1000}" is short.
func checkPatterns(a *cel.Ast) error {
	var errs []error
	ast.PreOrderVisit(a.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.CallKind || e.AsCall().FunctionName() != "matches" {
			return
		}
		args := e.AsCall().Args()
		text, ok := textOf(args[len(args)-1])
		if !ok {
			errs = append(errs, errors.New("the pattern of matches must be written out"))
		} else if err := checkPattern(text); err != nil {
			errs = append(errs, err)
		}
	}))
	return errors.Join(errs...)
}

// maxPattern is how many instructions a regular expression may compile to: the
// largest of ours has below 400.
const maxPattern = 5000

// checkPattern refuses what is not RE2 and what repeats itself into a bomb.
func checkPattern(pattern string) error {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return err
	}
	prog, err := syntax.Compile(re.Simplify())
	if err == nil && len(prog.Inst) > maxPattern {
		err = fmt.Errorf("the pattern is too large: %d steps, at most %d", len(prog.Inst), maxPattern)
	}
	return err
}

// citedColumns are the columns `row.NAME` in the predicate that know their line.
func citedColumns(s *Schema, a *cel.Ast) []Column {
	var cited []Column
	ast.PreOrderVisit(a.NativeRep().Expr(), ast.NewExprVisitor(func(e ast.Expr) {
		if e.Kind() != ast.SelectKind || e.AsSelect().Operand().Kind() != ast.IdentKind {
			return
		}
		if c, ok := s.column(e.AsSelect().FieldName()); ok && c.line != nil {
			cited = append(cited, c)
		}
	}))
	return cited
}

// eval says whether the row passes, and what it cost CEL to tell. An error means that the
// cost limit was hit or that the predicate failed on this row.
func (p *predicate) eval(value any) (truth Truth, cost uint64, err error) {
	return p.run(&record{schema: p.schema, value: value})
}

// evalHeader says whether rows of which only the table's header columns are known
// could pass.
func (p *predicate) evalHeader(value any) (Truth, error) {
	truth, _, err := p.run(&record{schema: p.schema, value: value, only: append([]string{}, p.schema.known...)})
	return truth, err
}

// ResolveName makes a record the only variable of a predicate, row.
func (r *record) ResolveName(name string) (any, bool) { return r, name == "row" }

// Parent is none.
func (r *record) Parent() cel.Activation { return nil }

// run leaves to CEL what is not told.
func (p *predicate) run(row *record) (truth Truth, cost uint64, err error) {
	if truth := p.told(row); truth != Unknown || p.whole {
		return truth, 0, nil
	}
	return p.evaluate(row)
}

// evaluate is run by CEL alone.
func (p *predicate) evaluate(row *record) (truth Truth, cost uint64, err error) {
	out, details, err := p.program.Eval(row)
	if details != nil && details.ActualCost() != nil {
		cost = *details.ActualCost()
	}
	if err != nil {
		return Unknown, cost, err
	}
	switch v := out.(type) {
	case types.Bool:
		return truthOf(bool(v)), cost, nil
	case *types.Unknown:
		return Unknown, cost, nil
	}
	return Unknown, cost, fmt.Errorf("unexpected result %v", out)
}

// String is the predicate as it was written.
func (p *predicate) String() string { return p.text }
