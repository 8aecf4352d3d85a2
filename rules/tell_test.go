package rules

import (
	"math/rand/v2"
	"reflect"
	"regexp"
	"testing"
	"time"

	"culprit/analyze/fact"
)

// What Go tells CEL finds too, on every predicate of the pack and any row, also one of
// which only the header is known.
func TestTold(t *testing.T) {
	set, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(7, 8))
	quoted := regexp.MustCompile(`"([^"]*)"`)
	type kind struct {
		whole bool
		truth Truth
	}
	seen := map[kind]int{}
	for _, rule := range set.Rules {
		for _, s := range rule.Select {
			if s.Where == nil {
				continue
			}
			texts := []string{"", "other"}
			for _, m := range quoted.FindAllStringSubmatch(s.Where.text, -1) {
				texts = append(texts, m[1], m[1])
			}
			for range 200 {
				row := &record{schema: s.Table, value: randomRow(r, s.Table, texts)}
				if r.IntN(4) == 0 {
					row.only = append([]string{}, s.Table.known...)
				}
				want, _, err := s.Where.evaluate(row)
				if err != nil {
					continue
				}
				got := s.Where.told(row)
				if got != want && (got != Unknown || s.Where.whole) {
					t.Fatalf("%s, on %+v: %v; CEL says %v", s.Where, row.value, got, want)
				}
				seen[kind{s.Where.whole, got}]++
			}
		}
	}
	for _, truth := range []Truth{False, Unknown, True} {
		if seen[kind{true, truth}] < 1000 || truth != True && seen[kind{false, truth}] < 1000 {
			t.Errorf("too few are %v: %v", truth, seen)
		}
	}
}

// Of these predicates nothing is left to CEL.
func TestToldWhole(t *testing.T) {
	for where, want := range map[string]bool{
		`row.wait.class == "zombie" && !row.parent_runs`: true, `row.wait.on in ["nfs", "cifs"] || row.pid > 1`: true, `row.age >= duration("1m")`: true,
		`row.comm != "sh" && row.comm.startsWith("x")`: false, `"x" in row.stack`: false, `row.comm in [row.args]`: false, `row.age > duration(row.args)`: false,
		`row.pid >= 1.5`: false,
	} {
		p, _, err := compilePredicate(envs{}, processesTable, where)
		if err != nil {
			t.Fatalf("%s: %v", where, err)
		}
		if p.whole != want {
			t.Errorf("%s: whole %t", where, p.whole)
		}
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
		numbers := []int64{0, 1, 2, 19, 20, 63, 95, 137, 200, 1000, 2048, 4096, 1 << 40, int64(time.Minute), int64(time.Minute) - 1, int64(20 * time.Minute)}
		v.SetInt(numbers[r.IntN(len(numbers))])
	}
}
