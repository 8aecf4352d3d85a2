package rules

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"culprit/analyze/fact"
)

var midnight = time.Date(2021, 5, 6, 0, 0, 0, 0, time.UTC)

// at is a moment of the tests, in seconds after midnight.
func at(seconds float64) time.Time {
	return midnight.Add(time.Duration(seconds * float64(time.Second)))
}

// hitsAt is one row of hits with the given times.
func hitsAt(seconds ...float64) Row {
	h := &fact.Hit{Count: int64(len(seconds))}
	for _, s := range seconds {
		h.Times = append(h.Times, at(s))
	}
	return Row{"hits", h}
}

// health is how well a selection's source came through.
type health string

const (
	whole    health = "whole"
	cut      health = "cut"       // begins in the middle: what is there is there
	missing  health = "missing"   // not in the bundle
	timedOut health = "timed out" // asked for and not answered
	unsure   health = "unsure"    // the last row may or may not be of the selection
	untimely health = "untimed"   // the last row has one more event without a time
)

// inHealth makes a selection's rows out of what the world held and what its source
// came through as.
func inHealth(table *Schema, name string, h health, rows ...Row) picked {
	p := picked{sel: &Selection{Name: name, Table: table}, passed: rows}
	last := len(rows) - 1
	switch h {
	case cut:
		p.missing = "the log begins in the middle"
	case missing:
		p.passed, p.missing, p.absent = nil, "no log in the bundle", true
	case timedOut:
		p.passed, p.missing = nil, "journalctl did not end in time"
	case unsure:
		p.passed, p.unsure = rows[:last:last], rows[last:]
	case untimely:
		rows[last].Value.(*fact.Hit).Count++
	}
	return p
}

// reaching limits the log of p to a window.
func reaching(p picked, from, to float64) picked {
	p.reach = map[string][]span{"dockerd": {{at(from), at(to)}}}
	return p
}

// wordCase is one line of a word's table.
type wordCase struct {
	name string
	cond Condition
	a, b picked
	want Truth
}

func checkWord(t *testing.T, cases []wordCase) {
	t.Helper()
	for _, tt := range cases {
		c := tt.cond
		c.Of, c.A, c.B = tt.a.sel, tt.a.sel, tt.b.sel
		if c.Word == Periodic {
			c.Covers = tt.b.sel
		}
		if c.Word == Sequence {
			c.Steps = []*Selection{tt.a.sel, tt.b.sel}
		}
		j := c.judge(func(s *Selection) picked {
			if s == tt.b.sel {
				return tt.b
			}
			return tt.a
		})
		if j.Truth != tt.want {
			t.Errorf("%s: got %v (%s), want %v", tt.name, j.Truth, strings.Join(j.Unknown, "; "), tt.want)
		}
		if (j.Truth == Unknown) != (len(j.Unknown) > 0) {
			t.Errorf("%s: %v with reasons %q", tt.name, j.Truth, j.Unknown)
		}
		if j.Truth == True && len(j.Evidence) == 0 {
			t.Errorf("%s: true without evidence", tt.name)
		}
	}
}

func TestWithin(t *testing.T) {
	a := func(h health, s ...float64) picked { return inHealth(hitsTable, "a", h, hitsAt(s...)) }
	b := func(h health, s ...float64) picked { return inHealth(hitsTable, "b", h, hitsAt(s...)) }
	w := Condition{Word: Within, Window: 10 * time.Second, N: 1}
	two := Condition{Word: Within, Window: 10 * time.Second, N: 2}
	checkWord(t, []wordCase{
		{"before", w, a(whole, 100), b(whole, 90), True},
		{"after", w, a(whole, 100), b(whole, 110), True},
		{"just outside", w, a(whole, 100), b(whole, 110.001, 89.999), False},
		{"one b for two a counts both", two, a(whole, 100, 101), b(whole, 105), True},
		{"two b for one a count once", two, a(whole, 100, 200), b(whole, 99, 101), False},
		{"seen in cut logs", w, a(cut, 100), b(cut, 101), True},
		{"unseen, a is cut", w, a(cut, 100), b(whole, 200), Unknown},
		{"unseen, b is cut", w, a(whole, 100), b(cut, 200), Unknown},
		{"b is missing", w, a(whole, 100), b(missing, 100), Unknown},
		{"b timed out", w, a(whole, 100), b(timedOut, 100), Unknown},
		{"a is missing", w, a(missing, 100), b(whole, 100), Unknown},
		{"a is missing, b is whole and empty", w, a(missing, 100), inHealth(hitsTable, "b", whole), False},
		{"a is missing, b's log is empty and short", w, a(missing, 100), reaching(inHealth(hitsTable, "b", whole), 0, 5), Unknown},
		{"a is whole and has too few, b is missing", two, a(whole, 100), b(missing, 100), False},
		{"a may be of the selection", w, a(unsure, 100), b(whole, 100), Unknown},
		{"b may be of the selection", w, a(whole, 100), b(unsure, 100), Unknown},
		{"what may be is too far", w, a(unsure, 100), b(unsure, 200), False},
		{"a time is not held", w, a(untimely, 100), b(whole, 300), Unknown},
		{"a time of b is not held", w, a(whole, 100), b(untimely, 300), Unknown},
		{"b's log ends too early to tell", w, a(whole, 100), reaching(b(whole, 50), 0, 105), Unknown},
		{"b's log starts too late to tell", w, a(whole, 100), reaching(b(whole, 150), 95, 200), Unknown},
		{"b's log reaches far enough", w, a(whole, 100), reaching(b(whole, 150), 90, 200), False},
	})
}

func TestSequence(t *testing.T) {
	a := func(h health, s ...float64) picked { return inHealth(hitsTable, "a", h, hitsAt(s...)) }
	b := func(h health, s ...float64) picked { return inHealth(hitsTable, "b", h, hitsAt(s...)) }
	w := Condition{Word: Sequence, Window: 2 * time.Second, N: 1}
	two := Condition{Word: Sequence, Window: 2 * time.Second, N: 2}
	checkWord(t, []wordCase{
		{"follows", w, a(whole, 100), b(whole, 102), True},
		{"at the same stamp", w, a(whole, 100), b(whole, 100), True},
		{"too late", w, a(whole, 100), b(whole, 102.1), False},
		{"the wrong way round", w, a(whole, 100), b(whole, 99), False},
		{"seen in cut logs", w, a(cut, 100), b(cut, 101), True},
		{"unseen, b is cut", w, a(whole, 100), b(cut, 99), Unknown},
		{"unseen, a is cut", w, a(cut, 100), b(whole, 99), Unknown},
		{"b is missing", w, a(whole, 100), b(missing, 101), Unknown},
		{"b timed out", w, a(whole, 100), b(timedOut, 101), Unknown},
		{"too few beginnings, b is missing", two, a(whole, 100), b(missing, 101), False},
		{"a is missing, b is whole and empty", w, a(missing, 100), inHealth(hitsTable, "b", whole), False},
		{"a is missing, b's log is empty and short", w, a(missing, 100), reaching(inHealth(hitsTable, "b", whole), 0, 5), Unknown},
		{"b may be of the selection", w, a(whole, 100), b(unsure, 101), Unknown},
		{"what may be does not follow", w, a(whole, 100), b(unsure, 99), False},
		{"a time of b is not held", w, a(whole, 100), b(untimely, 99), Unknown},
		{"b's log ends too early to tell", w, a(whole, 100), reaching(b(whole, 50), 0, 101), Unknown},
		{"b's log reaches far enough", w, a(whole, 100), reaching(b(whole, 50), 0, 102), False},
		{"a time of a is not held", w, a(untimely, 100), b(whole, 99), Unknown},
	})
}

// TestLongSequence: each event must follow the one before, not the first.
func TestLongSequence(t *testing.T) {
	for _, tt := range []struct {
		name    string
		a, b, c []float64
		want    Truth
		rows    int
	}{
		{"a chain", []float64{0}, []float64{2}, []float64{4}, True, 3},
		{"c follows a but not b", []float64{2}, []float64{1}, []float64{3}, False, 0},
		{"b of one chain, c of another", []float64{0, 10}, []float64{1}, []float64{12}, False, 0},
		{"several ways", []float64{0, 1}, []float64{1, 3}, []float64{5}, True, 3},
	} {
		var steps []picked
		c := Condition{Word: Sequence, Window: 2 * time.Second, N: 1}
		for i, times := range [][]float64{tt.a, tt.b, tt.c} {
			steps = append(steps, inHealth(hitsTable, string(rune('a'+i)), whole, hitsAt(times...)))
		}
		j := c.chains(steps)
		rows := 0
		for _, e := range j.Evidence {
			rows += len(e.Rows)
		}
		if j.Truth != tt.want || rows != tt.rows {
			t.Errorf("%s: got %v with %d rows, want %v with %d", tt.name, j.Truth, rows, tt.want, tt.rows)
		}
	}
}

// beats are times one period apart, as a loop logs them that starts its next round
// after the last one: a little late each time.
func beats(n int, period, late float64) []float64 {
	var out []float64
	for i := range n {
		out = append(out, float64(i)*(period+late))
	}
	return out
}

func without(times []float64, drop ...int) []float64 {
	var out []float64
	for i, s := range times {
		keep := true
		for _, d := range drop {
			keep = keep && i != d
		}
		if keep {
			out = append(out, s)
		}
	}
	return out
}

func TestPeriodic(t *testing.T) {
	of := func(h health, s ...float64) picked { return inHealth(hitsTable, "updates", h, hitsAt(s...)) }
	failures := func(h health, s ...float64) picked { return inHealth(hitsTable, "failures", h, hitsAt(s...)) }
	c := Condition{Word: Periodic, N: 5, Tolerance: tolerance{share: 0.1}}
	sharp := Condition{Word: Periodic, N: 5, Tolerance: tolerance{fixed: 200 * time.Millisecond}}
	tens := beats(20, 10, 0.05)
	irregular := []float64{0, 3, 11, 12.7, 27, 31.5, 44, 58.3, 61, 79}
	none := picked{}
	checkWord(t, []wordCase{
		{"five beats", c, of(whole, 0, 10, 20, 30, 40), none, True},
		{"four beats", c, of(whole, 0, 10, 20, 30), none, Unknown},
		{"a drifting loop", c, of(whole, tens...), none, True},
		{"missing beats", c, of(whole, without(tens, 3, 4, 7, 11, 12, 13)...), none, True},
		{"a few extra events", c, of(whole, append([]float64{14.2, 56.3}, tens...)...), none, True},
		{"the first is extra", c, of(whole, append([]float64{-4}, tens...)...), none, True},
		{"bursts", c, of(whole, 0, 0.1, 0.2, 10, 10.3, 20, 20.4, 30, 40.1, 40.2), none, True},
		{"a pause in which the phase is lost", c, of(whole, 0, 10, 20, 30, 1004, 1014, 1024), none, True},
		{"no period", c, of(whole, irregular...), none, False},
		{"no period in what is left", c, of(cut, irregular...), none, Unknown},
		{"five lines of one moment", c, of(whole, 7, 7, 7, 7, 7), none, Unknown},
		{"a period in a cut log", c, of(cut, tens...), none, True},
		{"the log is missing", c, of(missing, tens...), none, Unknown},
		{"the log timed out", c, of(timedOut, tens...), none, Unknown},
		{"lines that may be none", c, of(unsure, tens...), none, Unknown},
		{"a line without a stamp", c, of(untimely, tens...), none, Unknown},
		{"a tolerance wider than the gaps", Condition{Word: Periodic, N: 5, Tolerance: tolerance{fixed: time.Minute}}, of(whole, tens...), none, False},

		{"failures on the beat", c, of(whole, tens...), failures(whole, 30.2, 70.5, 120.9), True},
		{"a failure on a missing beat", c, of(whole, without(tens, 7)...), failures(whole, 70.4), True},
		{"most on the beat", c, of(whole, tens...), failures(whole, 30.2, 70.5, 125), True},
		{"half on the beat", c, of(whole, tens...), failures(whole, 30.2, 125), False},
		{"failures between the beats", c, of(whole, tens...), failures(whole, 35, 75, 125), False},
		{"between the beats, but failures are cut", c, of(whole, tens...), failures(cut, 35), Unknown},
		{"between the beats of a cut log", c, of(cut, tens...), failures(whole, 35), Unknown},
		{"a sharper tolerance", sharp, of(whole, tens...), failures(whole, 30.8, 71), False},
		{"failures before the window", c, of(whole, tens...), failures(whole, -20, 30), Unknown},
		{"failures within a period after the last beat", c, of(whole, tens...), failures(whole, 200), True},
		{"failures later than that", c, of(whole, tens...), failures(whole, 220), Unknown},
		{"a failure in a pause", c, of(whole, 0, 10, 20, 30, 40, 1000, 1010), failures(whole, 500), Unknown},
		{"no failures", c, of(whole, tens...), inHealth(hitsTable, "failures", whole), Unknown},
		{"the failures' log is missing", c, of(whole, tens...), failures(missing, 30), Unknown},
		{"a failure without a stamp", c, of(whole, tens...), failures(untimely, 30), Unknown},
		{"a failure that may be none", c, of(whole, tens...), failures(unsure, 30), Unknown},
	})
}

// TestPeriodFound: the period itself, whatever the order and the spoilt beats.
func TestPeriodFound(t *testing.T) {
	for _, tt := range []struct {
		name  string
		times []float64
		want  float64
	}{
		{"exact", beats(6, 10, 0), 10},
		{"not a multiple", beats(40, 10, 0), 10},
		{"drift", beats(200, 10, 0.04), 10.04},
		{"half of the beats missing", without(beats(21, 10, 0), 1, 2, 5, 6, 9, 10, 13, 14, 17, 18), 10},
		{"an hour", beats(9, 3600, 0), 3600},
		{"jitter", []float64{0, 10.3, 19.8, 30.1, 40, 49.9, 60.2}, 10},
	} {
		rows := hitsAt(tt.times...).Value.(*fact.Hit).Times
		g, ok := findGrid(rows, tolerance{share: 0.1}, 5)
		if got := g.period.Seconds(); !ok || got < 0.98*tt.want || got > 1.02*tt.want {
			t.Errorf("%s: period %v, want %g s", tt.name, g.period, tt.want)
		}
	}
}

// TestPeriodsOfManyKinds draws rhythms, loses beats, adds strays and jitter, and wants
// the period; events at random have none but by chance.
func TestPeriodsOfManyKinds(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	found, chance := 0, 0
	const rounds = 300
	for range rounds {
		period := 1 + 60*r.Float64()
		var times []time.Time
		n := 15 + r.IntN(60)
		for i := range n {
			if r.IntN(4) > 0 {
				times = append(times, at(float64(i)*period+0.03*period*(r.Float64()-0.5)))
			}
			if r.IntN(12) == 0 {
				times = append(times, at((float64(i)+r.Float64())*period))
			}
		}
		slices.SortFunc(times, time.Time.Compare)
		g, ok := findGrid(times, tolerance{share: 0.1}, 5)
		if ratio := g.period.Seconds() / period; ok && ratio > 0.97 && ratio < 1.03 {
			found++
		}
		if ok && (int64(len(g.gaps)) < 4 || 5*g.off > len(g.beats)+g.off) {
			t.Fatalf("%d gaps, %d beats, %d off", len(g.gaps), len(g.beats), g.off)
		}
		var random []time.Time
		for range 20 {
			random = append(random, at(1000*r.Float64()))
		}
		slices.SortFunc(random, time.Time.Compare)
		if _, ok := findGrid(random, tolerance{share: 0.1}, 5); ok {
			chance++
		}
	}
	if found < rounds*95/100 || chance > rounds*10/100 {
		t.Errorf("%d of %d periods found, %d in random events", found, rounds, chance)
	}
}
