package analyze

import (
	"maps"
	"reflect"
	"slices"

	"culprit/analyze/fact"
	"culprit/analyze/host"
)

// clone is a copy of p that can be settled, assembled and joined without a change to
// p. Pasted text is only ever read, and is shared.
func (p *parts) clone() *parts {
	c := *p
	deep := copier{}
	for _, rows := range c.rows() {
		v := reflect.ValueOf(rows).Elem()
		v.Set(deep.copy(v))
	}
	c.seen = maps.Clone(p.seen)
	c.counts = slices.Clone(p.counts)
	c.insiders = nil
	for _, in := range p.insiders {
		in.listings = deep.copy(reflect.ValueOf(in.listings)).Interface().([]host.Listing)
		c.insiders = append(c.insiders, in)
	}
	c.bundle.Sources = slices.Clone(p.bundle.Sources)
	c.bundle.Items = deep.copy(reflect.ValueOf(p.bundle.Items)).Interface().([]fact.Item)
	return &c
}

// copier copies values with everything exported below them. It says of the types that
// it met whether there is anything below that two copies could share.
type copier map[reflect.Type]bool

func (c copier) copy(v reflect.Value) reflect.Value {
	t := v.Type()
	if !c.deep(t) {
		return v
	}
	switch t.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return v
		}
		out := reflect.New(t.Elem())
		out.Elem().Set(c.copy(v.Elem()))
		return out
	case reflect.Slice:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeSlice(t, v.Len(), v.Len())
		reflect.Copy(out, v)
		if c.deep(t.Elem()) {
			for i := range out.Len() {
				out.Index(i).Set(c.copy(v.Index(i)))
			}
		}
		return out
	case reflect.Map:
		if v.IsNil() {
			return v
		}
		out := reflect.MakeMapWithSize(t, v.Len())
		for k, e := range v.Seq2() {
			out.SetMapIndex(k, c.copy(e))
		}
		return out
	}
	out := reflect.New(t).Elem()
	out.Set(v)
	for i := range t.NumField() {
		if f := t.Field(i); f.IsExported() && c.deep(f.Type) {
			out.Field(i).Set(c.copy(v.Field(i)))
		}
	}
	return out
}

// deep reports whether values of t hold a pointer, slice or map that is exported.
func (c copier) deep(t reflect.Type) bool {
	deep, met := c[t]
	if met {
		return deep
	}
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map:
		deep = true
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			deep = deep || f.IsExported() && c.deep(f.Type)
		}
	}
	c[t] = deep
	return deep
}
