package page

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"culprit/analyze/fleet"
)

// weekly is a trend with one bundle in each of the weeks, counted from the first of Unix
// time.
func weekly(weeks ...int) (out []fleet.Week) {
	for _, n := range weeks {
		out = append(out, fleet.Week{Start: time.Date(1970, 1, 5+7*n, 0, 0, 0, 0, time.UTC), Rule: "r", Bundles: 1})
	}
	return out
}

// Each slot is the day it begins on, or the weeks that are left out.
func TestAxis(t *testing.T) {
	every := func(from, to, step int) (out []int) {
		for ; from < to; from += step {
			out = append(out, from)
		}
		return out
	}
	for _, tt := range []struct {
		name  string
		weeks []int
		of    int
		slots int
		first string // of the slots, three
	}{
		{"nothing", nil, 1, 0, ""},
		{"one week", []int{2964}, 1, 1, "2026-10-26"},
		{"empty weeks are there", []int{2964, 2967}, 1, 4, "2026-10-26 2026-11-02 2026-11-09"},
		{"the longest gap that is drawn", []int{2900, 2927}, 1, 28, "2025-08-04 2025-08-11 2025-08-18"},
		{"a longer one is a break", []int{2900, 2928}, 1, 3, "2025-08-04 (27) 2026-02-16"},
		{"a clock that is wrong", []int{0, 2964, 2965}, 1, 4, "1970-01-05 (2963) 2026-10-26"},
		{"as many bars as there may be", every(2800, 2960, 1), 1, 160, "2023-09-04 2023-09-11 2023-09-18"},
		{"one more", every(2800, 2961, 1), 2, 81, "2023-09-04 2023-09-18 2023-10-02"},
		{"hostile", every(0, 500_000, 50), 4096, 123, "1970-01-05 2048-07-06 2127-01-06"},
	} {
		a := newAxis(weekly(tt.weeks...))
		var first []string
		for _, s := range a.slots[:min(len(a.slots), 3)] {
			text := day(s.start)
			if s.broken > 0 {
				text = fmt.Sprintf("(%d)", s.broken)
			}
			first = append(first, text)
		}
		if got := strings.Join(first, " "); a.weeks != tt.of || len(a.slots) != tt.slots || got != tt.first {
			t.Errorf("%s: %d slots of %d weeks: %s", tt.name, len(a.slots), a.weeks, got)
		}
		if a.dated("r") != int64(len(tt.weeks)) {
			t.Errorf("%s: %d bundles", tt.name, a.dated("r"))
		}
	}
}

// Bars stand on one another within the plot, labels do not touch, and what is little can
// be clicked.
func TestChart(t *testing.T) {
	trend := append(weekly(0, 2960, 2961, 2990), fleet.Week{Start: time.Date(2026, 9, 28, 0, 0, 0, 0, time.UTC), Rule: "most", Bundles: 1000})
	c := newChart(newAxis(trend), []fleet.Cause{{Rule: "most"}, {Rule: "r"}})
	if len(c.Bars) != 5 || len(c.Breaks) != 2 {
		t.Fatalf("%d bars, %d breaks", len(c.Bars), len(c.Breaks))
	}
	for i, b := range c.Bars {
		if b.Height < leastHeight || b.Y < 0 || b.Y+b.Height > c.Base || b.Width < 1 || b.X+b.Width > c.Width {
			t.Errorf("bar %d: %+v", i, b)
		}
	}
	if below, above := c.Bars[1], c.Bars[2]; below.X != above.X || above.Y+above.Height != below.Y || below.Height != plotHeight*1000/1500 || above.Says != "r, week of 2026-09-28: 1 bundle" {
		t.Errorf("%+v does not stand on %+v", above, below)
	}
	for i := 1; i < len(c.Labels); i++ {
		if c.Labels[i].X-c.Labels[i-1].X < labelWidth {
			t.Errorf("%v touches %v", c.Labels[i], c.Labels[i-1])
		}
	}
	if last := c.Ticks[len(c.Ticks)-1]; last.Count < 1001 || last.Y != top {
		t.Errorf("the axis ends at %+v", last)
	}
}

func TestTickStep(t *testing.T) {
	for n, want := range map[int64]int64{0: 1, 1: 1, 5: 1, 6: 2, 10: 2, 11: 5, 25: 5, 26: 10, 999: 200, 1_000_000: 200_000} {
		if got := tickStep(n); got != want {
			t.Errorf("%d: %d, want %d", n, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	for _, tt := range []struct {
		n, all int64
		want   string
	}{{0, 0, "0 %"}, {0, 9, "0 %"}, {1, 1000, "< 1 %"}, {1, 200, "1 %"}, {11, 15, "73 %"}, {4, 15, "27 %"}, {999, 1000, "> 99 %"}, {9, 9, "100 %"}} {
		if got := percent(tt.n, tt.all); got != tt.want {
			t.Errorf("%d of %d: %s, want %s", tt.n, tt.all, got, tt.want)
		}
	}
	for s, want := range map[string]string{"": "''", "6.1.0-47": "6.1.0-47", "s3://b/k": "s3://b/k", "a b": "'a b'", "it's $(x)": `'it'\''s $(x)'`, "~root": "'~root'", "ü": "'ü'"} {
		if got := quote(s); got != want {
			t.Errorf("%q: %s, want %s", s, got, want)
		}
	}
	for s, want := range map[string]string{"abc": "abc", "abcde": "abcde", "abcdef": "abcd…", "\x1b[1m!": `\x1b…`, strings.Repeat("ü", 99): "üüüü…", strings.Repeat("a", 39) + "ü": "aaaa…"} {
		if got := clip(s, 5); got != want {
			t.Errorf("%q: %q, want %q", s, got, want)
		}
	}
	day := func(d int) time.Time { return time.Date(2026, 11, d, 0, 0, 0, 0, time.UTC) }
	asked := fleet.Filter{Node: "a b", Since: day(4), Until: day(20)}
	for _, tt := range []struct {
		start, end time.Time
		want       string
	}{{day(2), day(9), "--since 2026-11-04 --until 2026-11-09"}, {day(9), day(16), "--since 2026-11-09 --until 2026-11-16"}, {day(16), day(23), "--since 2026-11-16 --until 2026-11-20"},
		{time.Time{}, time.Time{}, "--since 2026-11-04 --until 2026-11-20"}} {
		if got, want := exportOf(asked, "r", tt.start, tt.end), "culprit fleet export --csv --store FILE --cause r --node 'a b' "+tt.want; got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
