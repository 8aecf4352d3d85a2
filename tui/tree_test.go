package tui

import (
	"fmt"
	"strings"
	"testing"
)

func TestTree(t *testing.T) {
	for _, tt := range []struct {
		name    string
		parents []int
		shut    int
		want    string
	}{
		{"flat", []int{-1, -1}, -1, "0|1"},
		{"nested", []int{-1, 0, 1, 0}, -1, "▾ 0|├ ▾ 1|│ └ 2|└ 3"},
		{"shut", []int{-1, 0, 1, 0}, 1, "▾ 0|├ ▸ 1|└ 3"},
		{"a child before its parent", []int{1, -1}, -1, "▾ 1|└ 0"},
		{"its own parent", []int{0, -1}, -1, "0|1"},
		{"a ring", []int{-1, 2, 1}, -1, "0|▾ 1|└ 2"},
		{"a ring with a tail", []int{1, 2, 1}, -1, ""},
	} {
		var out []string
		seen := map[int]bool{}
		for _, w := range tree(tt.parents, func(at int) bool { return at == tt.shut }) {
			sign := w.sign()
			out = append(out, fmt.Sprintf("%s%s%d", w.stem, sign, w.at))
			seen[w.at] = true
		}
		if got := strings.Join(out, "|"); tt.want != "" && got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
		if tt.shut < 0 && len(seen) != len(tt.parents) {
			t.Errorf("%s: %d of %d are drawn", tt.name, len(seen), len(tt.parents))
		}
	}
}

// A chain of any depth is drawn, and its stems do not grow with it.
func TestDeepTree(t *testing.T) {
	parents := make([]int, 200_000)
	for i := range parents {
		parents[i] = i - 1
	}
	all := tree(parents, func(int) bool { return false })
	if len(all) != len(parents) || len(all[len(all)-1].stem) > 4*maxStems {
		t.Errorf("%d rows, the last stem has %d bytes", len(all), len(all[len(all)-1].stem))
	}
}

// FuzzTree: every item is drawn once.
func FuzzTree(f *testing.F) {
	f.Add([]byte{0, 0, 1})
	f.Add([]byte{2, 0, 1})
	f.Fuzz(func(t *testing.T, raw []byte) {
		parents := make([]int, len(raw))
		for i, p := range raw {
			parents[i] = int(p)%(len(raw)+1) - 1
		}
		seen := map[int]bool{}
		for _, w := range tree(parents, func(int) bool { return false }) {
			if seen[w.at] {
				t.Fatalf("%v: %d is drawn twice", parents, w.at)
			}
			seen[w.at] = true
		}
		if len(seen) != len(parents) {
			t.Fatalf("%v: %d of %d are drawn", parents, len(seen), len(parents))
		}
	})
}
