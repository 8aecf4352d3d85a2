package rules

import (
	"math/rand/v2"
	"reflect"
	"regexp"
	"testing"

	"culprit/analyze/fact"
)

// What needs rule out CEL finds false, on every predicate of the pack and any row, also
// one of which only the header is known.
func TestNeeds(t *testing.T) {
	set, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(7, 8))
	quoted := regexp.MustCompile(`"([^"]*)"`)
	passed := 0
	for _, rule := range set.Rules {
		for _, s := range rule.Select {
			if s.Where == nil || len(s.Where.needs) == 0 {
				continue
			}
			texts := []string{"", "other"}
			for _, m := range quoted.FindAllStringSubmatch(s.Where.text, -1) {
				texts = append(texts, m[1], m[1])
			}
			out := 0
			for range 200 {
				row := &record{schema: s.Table, value: randomRow(r, s.Table, texts)}
				if r.IntN(4) == 0 {
					row.only = append([]string{}, s.Table.known...)
				}
				want, _, err := s.Where.evaluate(row)
				if err != nil {
					continue
				}
				got, _, err := s.Where.run(row)
				if err != nil || got != want {
					t.Fatalf("%s, on %+v: %v, %v; CEL says %v", s.Where, row.value, got, err, want)
				}
				if s.Where.ruledOut(row) {
					out++
				} else {
					passed++
				}
			}
			if out == 0 {
				t.Errorf("%s: no row is ruled out", s.Where)
			}
		}
	}
	if passed < 1000 {
		t.Errorf("only %d rows are left to CEL", passed)
	}
}

// randomRow is a row of a table whose texts are some of texts.
func randomRow(r *rand.Rand, s *Schema, texts []string) any {
	var t fact.Tables
	draw(r, reflect.ValueOf(&t).Elem(), texts)
	return s.rows(&t)[0].Value
}

// draw sets v to anything: its tables to one row, its lists to one or two texts or none.
func draw(r *rand.Rand, v reflect.Value, texts []string) {
	text := func() string { return texts[r.IntN(len(texts))] }
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Field(i).CanSet() {
				draw(r, v.Field(i), texts)
			}
		}
	case reflect.Slice:
		n := 1
		if v.Type().Elem().Kind() == reflect.String {
			n = r.IntN(3)
		}
		if n > 0 {
			v.Set(reflect.MakeSlice(v.Type(), n, n))
		}
		for i := range n {
			draw(r, v.Index(i), texts)
		}
	case reflect.String:
		v.SetString(text())
	case reflect.Bool:
		v.SetBool(r.IntN(2) == 0)
	case reflect.Map:
		if fields, ok := v.Addr().Interface().(*map[string]string); ok {
			*fields = map[string]string{"error": text(), "pod": text(), "target": text()}
		}
	case reflect.Int, reflect.Int64:
		v.SetInt(r.Int64N(3))
	}
}
