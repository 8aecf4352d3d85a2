package analyze

import (
	"reflect"

	"culprit/analyze/bundle"
	"culprit/analyze/fact"
)

// relocate makes every row and problem of an excerpt cite the pasted text.
func (p *parts) relocate(e bundle.Excerpt) {
	source := e.Refs[0].Source
	move := func(ref fact.Ref) fact.Ref {
		if ref.Source != e.Path {
			return ref
		}
		if ref.Line < 1 || ref.Line > len(e.Refs) {
			return fact.Ref{Source: source, Line: e.Refs[0].Line, Offset: e.Refs[0].Offset}
		}
		moved := e.Refs[ref.Line-1]
		if ref.EndLine > ref.Line && ref.EndLine <= len(e.Refs) {
			last := e.Refs[ref.EndLine-1]
			moved.EndLine = max(last.Line, last.EndLine)
		}
		return moved
	}
	for _, l := range p.logs {
		l.Log.Source = source
	}
	for i := range p.listings {
		p.listings[i].Source = source
	}
	for _, rows := range p.rows() {
		eachRef(reflect.ValueOf(rows), move)
	}
	if n := len(e.Refs); n > 1 && inOneRun(e.Refs) {
		for _, l := range p.logs {
			l.Log.Ref.EndLine = e.Refs[n-1].Line
		}
	}
}

// inOneRun reports whether refs are lines that follow one another.
func inOneRun(refs []fact.Ref) bool {
	for i, ref := range refs {
		if ref.Line != refs[0].Line+i || ref.EndLine > ref.Line {
			return false
		}
	}
	return true
}

var refType = reflect.TypeFor[fact.Ref]()

// eachRef replaces every Ref below v.
func eachRef(v reflect.Value, move func(fact.Ref) fact.Ref) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			eachRef(v.Elem(), move)
		}
	case reflect.Slice:
		if k := v.Type().Elem().Kind(); k != reflect.Struct && k != reflect.Pointer {
			return
		}
		for i := range v.Len() {
			eachRef(v.Index(i), move)
		}
	case reflect.Map:
		for _, k := range v.MapKeys() {
			eachRef(v.MapIndex(k), move)
		}
	case reflect.Struct:
		if v.Type() == refType {
			if v.CanSet() {
				v.Set(reflect.ValueOf(move(v.Interface().(fact.Ref))))
			}
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				eachRef(v.Field(i), move)
			}
		}
	}
}
