package rules

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"culprit/analyze/fact"
)

// The tests of this file hold the words to their meaning: what a word says of
// evidence with holes must be so in every world that the evidence may come from. They
// draw small evidence, fill its holes at random many times, and judge each filled
// world by a slow definition that knows nothing of holes.

// thing is a row of a filled world.
type thing struct {
	name   string // the container, "" none
	weight int64
	times  []int // seconds
}

// hidden is a row as the evidence shows it; "?" is an unknown name, loose are events
// without a time.
type hidden struct {
	thing
	loose int
}

// evidence of one selection.
type evidence struct {
	passed, unsure []hidden
	missing        bool
	// from and to bound the log, where bounded.
	bounded  bool
	from, to int
}

const (
	lastSecond = 9
	rounds     = 2000
	fillings   = 60
	rare       = 1500
)

func drawThing(r *rand.Rand) thing {
	t := thing{name: []string{"", "x", "y"}[r.IntN(3)]}
	for range 1 + r.IntN(2) {
		t.times = append(t.times, r.IntN(lastSecond+1))
	}
	t.weight = int64(len(t.times))
	return t
}

func drawEvidence(r *rand.Rand) evidence {
	rows := func(most int) (out []hidden) {
		for range r.IntN(most + 1) {
			h := hidden{thing: drawThing(r)}
			if h.name == "" || r.IntN(5) == 0 {
				h.name = "?"
			}
			if r.IntN(8) == 0 {
				h.loose = 1
			}
			out = append(out, h)
		}
		return out
	}
	e := evidence{passed: rows(3), missing: r.IntN(4) == 0}
	if r.IntN(2) == 0 {
		e.unsure = rows(2)
	}
	if r.IntN(4) == 0 {
		e.bounded, e.from = true, r.IntN(4)
		e.to = e.from + r.IntN(lastSecond)
	}
	return e
}

// picked is the evidence as the engine gets it: rows of hits.
func (e evidence) picked(name string) picked {
	p := picked{sel: &Selection{Name: name, Table: hitsTable}}
	rows := func(list []hidden) (out []Row) {
		for _, h := range list {
			hit := &fact.Hit{Count: int64(len(h.times) + h.loose)}
			for _, s := range h.times {
				hit.Times = append(hit.Times, at(float64(s)))
			}
			// The column container does not know "", the column target does.
			hit.Fields = map[string]string{"target": h.name}
			if h.name != "?" {
				hit.Container = h.name
			}
			out = append(out, Row{"hits", hit})
		}
		return out
	}
	p.passed, p.unsure = rows(e.passed), rows(e.unsure)
	if e.missing {
		p.missing = "a source is missing"
	}
	if e.bounded {
		p.reach = map[string][]span{"": {{at(float64(e.from)), at(float64(e.to))}}}
	}
	return p
}

// fill draws a world that the evidence may come from. outside adds events where the
// log does not reach.
func (e evidence) fill(r *rand.Rand, outside bool) []thing {
	var world []thing
	add := func(h hidden) {
		t := h.thing
		t.times = slices.Clone(t.times)
		if t.name == "?" {
			t.name = []string{"", "x", "y", "z"}[r.IntN(4)]
		}
		for range h.loose {
			t.times = append(t.times, r.IntN(lastSecond+1))
			t.weight++
		}
		world = append(world, t)
	}
	for _, h := range e.passed {
		add(h)
	}
	for _, h := range e.unsure {
		if r.IntN(2) == 0 {
			add(h)
		}
	}
	if e.missing {
		for range r.IntN(5) {
			world = append(world, drawThing(r))
		}
	}
	if outside && e.bounded {
		for s := range lastSecond + 1 {
			if (s < e.from || s > e.to) && r.IntN(2) == 0 {
				world = append(world, thing{name: "o", weight: 1, times: []int{s}})
			}
		}
	}
	return world
}

func weighed(world []thing) (n int64) {
	for _, t := range world {
		n += t.weight
	}
	return n
}

// slow are the words by their plain definition, over worlds without holes.
var slow = map[Word]func(c *Condition, worlds [][]thing) bool{
	AtLeast: func(c *Condition, w [][]thing) bool { return weighed(w[0]) >= c.N },
	AtMost:  func(c *Condition, w [][]thing) bool { return weighed(w[0]) <= c.N },
	None:    func(c *Condition, w [][]thing) bool { return len(w[0]) == 0 },
	AtLeastAsMany: func(c *Condition, w [][]thing) bool {
		return weighed(w[0]) >= weighed(w[1])-c.Slack
	},
	Paired: func(c *Condition, w [][]thing) bool {
		a, b := weighed(w[0]), weighed(w[1])
		return float64(max(a-b, b-a)) <= max(float64(c.Slack), c.Within*float64(max(a, b)))
	},
	Joined: func(c *Condition, w [][]thing) bool {
		var n int64
		for _, a := range w[0] {
			if a.name != "" && slices.ContainsFunc(w[1], func(b thing) bool { return b.name == a.name }) {
				n += a.weight
			}
		}
		return n >= c.N
	},
	Within: func(c *Condition, w [][]thing) bool {
		var n int64
		for _, a := range w[0] {
			for _, s := range a.times {
				if slices.ContainsFunc(w[1], func(b thing) bool {
					return slices.ContainsFunc(b.times, func(t int) bool { return max(s-t, t-s) <= int(c.Window.Seconds()) })
				}) {
					n++
				}
			}
		}
		return n >= c.N
	},
	Sequence: func(c *Condition, w [][]thing) bool {
		var goesOn func(step, s int) bool
		goesOn = func(step, s int) bool {
			if step == len(w) {
				return true
			}
			return slices.ContainsFunc(w[step], func(b thing) bool {
				return slices.ContainsFunc(b.times, func(t int) bool {
					return t >= s && t-s <= int(c.Window.Seconds()) && goesOn(step+1, t)
				})
			})
		}
		var n int64
		for _, a := range w[0] {
			for _, s := range a.times {
				if goesOn(1, s) {
					n++
				}
			}
		}
		return n >= c.N
	},
}

func drawCondition(r *rand.Rand, word Word) (c *Condition, selections int) {
	c = &Condition{Name: "c", Word: word, N: int64(1 + r.IntN(4)), Slack: int64(r.IntN(3)), Within: []float64{0, 0.3, 0.6}[r.IntN(3)],
		By: "container", With: "container", Window: time.Duration(r.IntN(3)) * time.Second}
	switch word {
	case AtLeast, AtMost, None:
		return c, 1
	case Sequence:
		return c, 2 + r.IntN(2)
	}
	return c, 2
}

// use sets the selections of c to those of the evidence.
func (c *Condition) use(ps []picked) {
	c.Of, c.A = ps[0].sel, ps[0].sel
	if len(ps) > 1 {
		c.B = ps[1].sel
	}
	if c.Word == Sequence {
		c.Steps = nil
		for _, p := range ps {
			c.Steps = append(c.Steps, p.sel)
		}
	}
}

func picker(ps []picked) func(*Selection) picked {
	return func(s *Selection) picked {
		return ps[slices.IndexFunc(ps, func(p picked) bool { return p.sel == s })]
	}
}

// TestWordsAreSound: true and false hold in every filling. Where the evidence has no
// hole, the answer is the slow one; and unknown is no excuse where all fillings agree.
func TestWordsAreSound(t *testing.T) {
	for _, word := range []Word{AtLeast, AtMost, None, AtLeastAsMany, Paired, Joined, Within, Sequence} {
		t.Run(string(word), func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			said := map[Truth]int{}
			timid := 0
			for range rounds {
				c, n := drawCondition(r, word)
				var evs []evidence
				var ps []picked
				for i := range n {
					e := drawEvidence(r)
					if i == 0 || !slices.Contains([]Word{Within, Sequence}, word) {
						e.bounded = false
					}
					evs = append(evs, e)
					ps = append(ps, e.picked(fmt.Sprint("s", i)))
				}
				c.use(ps)
				j := c.judge(picker(ps))
				said[j.Truth]++
				seen := map[Truth]bool{}
				for i := range rare {
					// Unknown must have both; the second kind may be rare.
					if i >= fillings && (j.Truth != Unknown || len(seen) > 1) {
						break
					}
					var worlds [][]thing
					for _, e := range evs {
						worlds = append(worlds, e.fill(r, true))
					}
					seen[truthOf(slow[word](c, worlds))] = true
				}
				if j.Truth != Unknown && seen[j.Truth.Not()] {
					t.Fatalf("%s is %v, and the evidence may as well come from a world where it is not: %+v", c, j.Truth, evs)
				}
				if j.Truth == Unknown && len(seen) == 1 {
					timid++
				}
			}
			if timid > rounds/50 {
				t.Errorf("unknown without need in %d of %d", timid, rounds)
			}
			for _, truth := range []Truth{False, Unknown, True} {
				if said[truth] < rounds/50 {
					t.Errorf("%v only %d times in %d", truth, said[truth], rounds)
				}
			}
			t.Logf("false %d, unknown %d (%d without need), true %d", said[False], said[Unknown], timid, said[True])
		})
	}
}

// TestWordsAreExactWithoutHoles: evidence that hides nothing leaves nothing unknown.
func TestWordsAreExactWithoutHoles(t *testing.T) {
	for word, judge := range slow {
		r := rand.New(rand.NewPCG(3, 4))
		for range rounds {
			c, n := drawCondition(r, word)
			var ps []picked
			var worlds [][]thing
			for i := range n {
				var e evidence
				for range r.IntN(4) {
					h := hidden{thing: drawThing(r)}
					e.passed = append(e.passed, h)
				}
				c.By, c.With = "target", "target" // a column that knows ""
				ps = append(ps, e.picked(fmt.Sprint("s", i)))
				worlds = append(worlds, e.fill(r, false))
			}
			c.use(ps)
			if got, want := c.judge(picker(ps)).Truth, truthOf(judge(c, worlds)); got != want {
				t.Fatalf("%s: %v, want %v over %+v", c, got, want, worlds)
			}
		}
	}
}

// TestUnknownWeightsAreSound: a number that a row does not tell bounds nothing from
// above.
func TestUnknownWeightsAreSound(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range rounds {
		c, n := drawCondition(r, []Word{AtLeast, AtMost, AtLeastAsMany, Paired}[r.IntN(4)])
		c.Sum = "recv_q"
		var ps []picked
		var known []int64
		var holes []int
		for i := range n {
			p := picked{sel: &Selection{Name: fmt.Sprint("s", i), Table: socketsTable}}
			known, holes = append(known, 0), append(holes, 0)
			for range r.IntN(3) {
				s := &fact.Socket{}
				if r.IntN(3) == 0 {
					holes[i]++
				} else {
					s.RecvQ = fact.Some(int64(r.IntN(4)))
					known[i] += s.RecvQ.V
				}
				p.passed = append(p.passed, Row{"sockets", s})
			}
			ps = append(ps, p)
		}
		c.use(ps)
		truth := c.judge(picker(ps)).Truth
		for range fillings {
			worlds := make([][]thing, n)
			for i := range worlds {
				w := known[i]
				for range holes[i] {
					w += int64(r.IntN(12))
				}
				worlds[i] = []thing{{weight: w}}
			}
			if got := truthOf(slow[c.Word](c, worlds)); truth != Unknown && got != truth {
				t.Fatalf("%s is %v, but not for %+v", c, truth, worlds)
			}
		}
	}
}

// TestTreesAreSound: all, any and not over independent selections.
func TestTreesAreSound(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	var draw func(depth int, leaves *[]*Condition) *Condition
	draw = func(depth int, leaves *[]*Condition) *Condition {
		if depth == 0 || r.IntN(3) == 0 {
			c, _ := drawCondition(r, []Word{AtLeast, AtMost, None}[r.IntN(3)])
			*leaves = append(*leaves, c)
			return c
		}
		c := &Condition{Word: []Word{All, Any, Not}[r.IntN(3)]}
		n := 2
		if c.Word == Not {
			n = 1
		}
		for range n {
			c.Sub = append(c.Sub, draw(depth-1, leaves))
		}
		return c
	}
	said := map[Truth]int{}
	for range rounds {
		var leaves []*Condition
		tree := draw(3, &leaves)
		var ps []picked
		var evs []evidence
		for i, leaf := range leaves {
			evs = append(evs, drawEvidence(r))
			ps = append(ps, evs[i].picked(fmt.Sprint("s", i)))
			leaf.Of = ps[i].sel
		}
		truth := tree.judge(picker(ps)).Truth
		said[truth]++
		for range fillings {
			values := map[*Condition]bool{}
			for i, leaf := range leaves {
				values[leaf] = slow[leaf.Word](leaf, [][]thing{evs[i].fill(r, false)})
			}
			if got := truthOf(plain(tree, values)); truth != Unknown && got != truth {
				t.Fatalf("%s is %v, and may be %v", tree, truth, got)
			}
		}
	}
	if said[True] < 100 || said[False] < 100 || said[Unknown] < 100 {
		t.Errorf("said %v", said)
	}
}

// plain is two-valued logic.
func plain(c *Condition, leaves map[*Condition]bool) bool {
	holds := func(sub *Condition) bool { return plain(sub, leaves) }
	switch c.Word {
	case All:
		return !slices.ContainsFunc(c.Sub, func(sub *Condition) bool { return !holds(sub) })
	case Any:
		return slices.ContainsFunc(c.Sub, holds)
	case Not:
		return !holds(c.Sub[0])
	}
	return leaves[c]
}

// TestVersionsAreSound: a version that is not told, a build that may carry the change,
// a row that may not be selected, a daemon that is not listed.
func TestVersionsAreSound(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	versions := []string{"", "dev", "17.03.0", "18.09.2", "20.10.10", "23.0.1"}
	for range rounds {
		c := &Condition{Word: Version, From: []string{"", "18.09"}[r.IntN(2)], Before: []string{"", "20.10"}[r.IntN(2)]}
		p := picked{sel: &Selection{Name: "s", Table: daemonsTable}}
		if r.IntN(4) == 0 {
			p.missing = "no version of dockerd"
		}
		for range r.IntN(4) {
			row := Row{"daemons", &fact.Daemon{Version: versions[r.IntN(len(versions))], Vendor: r.IntN(4) == 0}}
			if r.IntN(4) == 0 {
				p.unsure = append(p.unsure, row)
			} else {
				p.passed = append(p.passed, row)
			}
		}
		inside := func(d *fact.Daemon) bool {
			v := d.Version
			if v == "" || v == "dev" {
				v = versions[2+r.IntN(len(versions)-2)]
			}
			old, fixed := c.From != "" && compareVersions(v, c.From) < 0, c.Before != "" && compareVersions(v, c.Before) >= 0
			faulty := !old && !fixed
			if d.Vendor && !fixed && (old || c.Before != "") {
				faulty = r.IntN(2) == 0
			}
			return faulty
		}
		truth := c.version(p).Truth
		for range fillings {
			found := p.missing != "" && r.IntN(2) == 0
			for _, row := range p.passed {
				found = inside(row.Value.(*fact.Daemon)) || found
			}
			for _, row := range p.unsure {
				found = r.IntN(2) == 0 && inside(row.Value.(*fact.Daemon)) || found
			}
			if truth != Unknown && truthOf(found) != truth {
				t.Fatalf("from %q before %q: %v, may be %v over %+v", c.From, c.Before, truth, found, p)
			}
		}
	}
}

// TestGrowthIsSound: rows that may not be selected, samples without a time, hidden
// samples between the first and the last.
func TestGrowthIsSound(t *testing.T) {
	r := rand.New(rand.NewPCG(11, 12))
	said := map[Truth]int{}
	for range rounds {
		c := &Condition{Word: Grows, N: int64(1 + r.IntN(3))}
		p := picked{sel: &Selection{Name: "s", Table: samplesTable}}
		for range r.IntN(5) {
			s := &fact.Sample{Daemon: "dockerd", PID: 1 + r.IntN(2), Value: int64(r.IntN(6))}
			if r.IntN(8) > 0 {
				s.Taken = at(float64(r.IntN(5)))
			}
			if r.IntN(8) == 0 {
				p.unsure = append(p.unsure, Row{"samples", s})
			} else {
				p.passed = append(p.passed, Row{"samples", s})
			}
		}
		truth := c.grows(p).Truth
		said[truth]++
		for range fillings {
			rows := slices.Clone(p.passed)
			for _, row := range p.unsure {
				if r.IntN(2) == 0 {
					rows = append(rows, row)
				}
			}
			if got := truthOf(slowGrowth(r, rows, c.N)); truth != Unknown && got != truth {
				t.Fatalf("%v, may be %v", truth, got)
			}
		}
	}
	if said[True] < 50 || said[False] < 50 {
		t.Errorf("said %v", said)
	}
}

// slowGrowth gives each sample a moment, all different, and compares the ends.
func slowGrowth(r *rand.Rand, rows []Row, n int64) bool {
	type sample struct {
		when  float64
		value int64
	}
	byPID := map[int][]sample{}
	for _, row := range rows {
		s := row.Value.(*fact.Sample)
		when := s.Taken.Sub(midnight).Seconds() + r.Float64()/2
		if s.Taken.IsZero() {
			when = r.Float64() * 5
		}
		byPID[s.PID] = append(byPID[s.PID], sample{when, s.Value})
	}
	for _, list := range byPID {
		slices.SortFunc(list, func(a, b sample) int { return int(1e6 * (a.when - b.when)) })
		if list[len(list)-1].value-list[0].value >= n {
			return true
		}
	}
	return false
}
