package plan

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

// sized are places of these sizes, in the order of their paths.
func sized(sizes ...int64) []Place {
	var out []Place
	for i, size := range sizes {
		out = append(out, Place{fmt.Sprintf("%04d.tar", i), size, "2026-11-03T08:00:00Z"})
	}
	return out
}

func TestPacking(t *testing.T) {
	small := make([]int64, 1000)
	for i := range small {
		small[i] = int64(i%7 + 1)
	}
	for _, tt := range []struct {
		name   string
		sizes  []int64
		shards int
		want   []int64 // bytes of the shards
	}{
		{"one shard", []int64{3, 1, 2}, 1, []int64{6}},
		{"the largest first", []int64{1, 2, 3, 4, 5, 6}, 3, []int64{7, 7, 7}},
		{"one is larger than all others", []int64{1, 1, 100, 1, 1}, 3, []int64{100, 2, 2}},
		{"more shards than places", []int64{5, 6}, 4, []int64{6, 5, 0, 0}},
		{"nothing", nil, 2, []int64{0, 0}},
		{"the textbook's worst: 11 of at best 9", []int64{5, 5, 4, 4, 3, 3, 3}, 3, []int64{11, 8, 8}},
		{"skewed", append([]int64{1 << 31, 1 << 30, 1 << 30}, small...), 2, []int64{2147485647, 2147485646}},
	} {
		p, err := New(sized(tt.sizes...), tt.shards)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		got, places := make([]int64, tt.shards), 0
		for shard := range tt.shards {
			of, err := p.Of(shard)
			if err != nil {
				t.Fatal(err)
			}
			places += len(of)
			for _, place := range of {
				got[shard] += place.Size
			}
		}
		if !slices.Equal(got, tt.want) || places != len(tt.sizes) {
			t.Errorf("%s: %v in %d places, want %v in %d", tt.name, got, places, tt.want, len(tt.sizes))
		}
		if largest, all := p.Load(); largest != slices.Max(tt.want) || all != sum(tt.want) {
			t.Errorf("%s: the largest is %d of %d", tt.name, largest, all)
		}
	}
	p, err := New(sized(make([]int64, 9)...), 3)
	for shard := range 3 {
		if of, _ := p.Of(shard); len(of) != 3 || err != nil {
			t.Errorf("of 9 empty files shard %d has %d, %v", shard, len(of), err)
		}
	}
}

func sum(all []int64) (n int64) {
	for _, x := range all {
		n += x
	}
	return n
}

func TestPlanRefused(t *testing.T) {
	for _, shards := range []int{-1, 0, MaxShards + 1} {
		if _, err := New(sized(1), shards); err == nil {
			t.Errorf("%d shards are planned", shards)
		}
	}
	if _, err := New([]Place{{Path: "a\xff", Stamp: "s"}}, 1); err == nil {
		t.Error("a name that is not UTF-8 is planned, and JSON would change it")
	}
	p, _ := New(sized(1), 2)
	for _, shard := range []int{-1, 2, math.MaxInt} {
		if _, err := p.Of(shard); err == nil {
			t.Errorf("the plan has shard %d", shard)
		}
	}
}

const wholePlan = `{"format":"culprit.plan/1","shards":2,"bundles":2,"bytes":30}
{"shard":1,"path":"a.tar","size":10,"stamp":"s"}
{"shard":0,"path":"b <&> ü.tar","size":20,"stamp":"s"}
`

func TestRead(t *testing.T) {
	p, err := Read(strings.NewReader(wholePlan))
	if err != nil || p.Shards != 2 || !slices.Equal(p.Places, []Planned{{1, Place{"a.tar", 10, "s"}}, {0, Place{"b <&> ü.tar", 20, "s"}}}) {
		t.Fatalf("%+v, %v", p, err)
	}
	var again bytes.Buffer
	if err := p.Write(&again); err != nil || again.String() != wholePlan {
		t.Errorf("written again, %v:\n%s", err, again.String())
	}
	for _, tt := range []struct{ old, new, want string }{
		{wholePlan, "", "line 1: the plan is empty"},
		{"plan/1", "plan/2", `line 1: format "culprit.plan/2": this culprit reads culprit.plan/1`},
		{`"format":"culprit.plan/1",`, "", `line 1: format ""`},
		{`"bytes":30`, `"bytes":30,"x":1`, "line 1: json: unknown field"},
		{`"bytes":30`, `"bytes":31`, "line 1: 2 bundles of 31 bytes are announced, the lines have 2 of 30"},
		{`"bundles":2`, `"bundles":3`, "line 1: 3 bundles"},
		{`"shards":2`, `"shards":0`, "line 1: 0 shards"},
		{`"shards":2`, `"shards":"2"`, "line 1: json: cannot unmarshal string"},
		{`"shards":2`, `"shards":1`, "line 2: no shard, or none of 0 to 0"},
		{`"shard":1,`, "", "line 2: no shard"},
		{`"shard":1,`, `"shard":-1,`, "line 2: no shard"},
		{`"shard":1,`, `"shard":1.5,`, "line 2: json: cannot unmarshal number 1.5"},
		{`"size":10,`, "", "line 2: no size"},
		{`"size":10`, `"size":-10`, "line 2: no size, or one below 0"},
		{`"size":10`, `"size":99999999999999999999`, "line 2: json: cannot unmarshal number"},
		{`a.tar`, ``, "line 2: no path"},
		{`a.tar`, "\xff", "line 2: not UTF-8"},
		{`a.tar`, `b <&> ü.tar`, "line 3: \"b <&> ü.tar\" is twice there"},
		{`a.tar`, `c.tar`, "line 3: \"b <&> ü.tar\" is twice there, or paths are not in order"},
		{`,"stamp":"s"}` + "\n" + `{"shard":0`, "", "line 1: 2 bundles of 30 bytes are announced, the lines have 1 of 20"},
		{`"s"}` + "\n{", `"s"}{`, "line 2: more than one JSON value"},
		{`"s"}` + "\n{", "\"s\"}\n\n{", "line 3: EOF"},
		{`20,"stamp":"s"}` + "\n", `2`, "line 3: unexpected EOF"},
		{`{"shard":0,"path":"b <&> ü.tar","size":20,"stamp":"s"}` + "\n", "", "line 1: 2 bundles of 30 bytes are announced, the lines have 1 of 10"},
		{`a.tar`, strings.Repeat("a", 1<<20), "line 2: bufio.Scanner: token too long"},
	} {
		text := strings.Replace(wholePlan, tt.old, tt.new, 1)
		if _, err := Read(strings.NewReader(text)); err == nil || !strings.HasPrefix(err.Error(), tt.want) {
			t.Errorf("%.60q for %.60q: %v, want %s", tt.new, tt.old, err, tt.want)
		}
	}
}

// FuzzRead: what is read is written as it was meant, and each place is in one shard.
func FuzzRead(f *testing.F) {
	f.Add([]byte(wholePlan))
	f.Add([]byte(strings.Replace(wholePlan, "\n", "\r\n", -1)))
	f.Add([]byte(`{"format":"culprit.plan/1","shards":1,"bundles":0,"bytes":0}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := Read(bytes.NewReader(raw))
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := p.Write(&b); err != nil {
			t.Fatal(err)
		}
		again, err := Read(&b)
		if err != nil || again.Shards != p.Shards || !slices.Equal(again.Places, p.Places) {
			t.Fatalf("read again: %+v, %v; want %+v", again, err, p)
		}
		n := 0
		for shard := range min(p.Shards, 100) {
			of, err := p.Of(shard)
			if n += len(of); err != nil {
				t.Fatal(err)
			}
		}
		if n > len(p.Places) || p.Shards <= 100 && n != len(p.Places) {
			t.Fatalf("the shards have %d places of %d", n, len(p.Places))
		}
	})
}
