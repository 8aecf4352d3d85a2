package page

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"culprit/analyze/fleet"
)

// colours is how many causes have one of their own; the others share the last.
const colours = 7

// Sizes of the chart in pixels. Its plot is as wide as the bars need, plotWidth at most.
const (
	plotWidth, plotHeight = 1094, 220
	left, top             = 46, 24
	right, bottom         = 44, 40
	widestBar             = 44
	leastHeight           = 2 // of what is to be clicked
	labelWidth            = 84
)

// chart is the bars of the causes over time, in pixels.
type chart struct {
	Width, Height, Base int
	Unit                string
	Bars                []bar
	Textures            []texture
	Ticks               []tick
	Labels              []label
	Breaks              []label
}

// bar is a cause, or all that have no colour of their own, in one slot.
type bar struct {
	X, Y, Width, Height, Colour int
	Target, Says                string
}

// texture is all bars of a colour, to be drawn over them in one: where each had its own,
// a print of the page would have the pattern a thousand times.
type texture struct {
	Colour int
	Path   string
}

type tick struct {
	Y     int
	Count int64
}

type label struct {
	X    int
	Text string
}

// newChart draws the axis. Causes are in the order of their colours.
func newChart(a axis, causes []fleet.Cause) chart {
	c := chart{Height: top + plotHeight + bottom, Base: top + plotHeight, Unit: "week"}
	if a.weeks > 1 {
		c.Unit = fmt.Sprintf("%d weeks", a.weeks)
	}
	highest := int64(0)
	for _, s := range a.slots {
		highest = max(highest, total(a, s))
	}
	unit := tickStep(highest)
	limit := (highest + unit - 1) / unit * unit
	for n := int64(0); n <= limit; n += unit {
		c.Ticks = append(c.Ticks, tick{c.Base - int(n*plotHeight/max(limit, 1)), n})
	}
	xs := places(a.slots)
	for i, s := range a.slots {
		x, width := xs[i], xs[i+1]-xs[i]
		if s.broken > 0 {
			c.Breaks = append(c.Breaks, label{x + width/2, plural(s.broken, "week")})
			continue
		}
		c.stack(a, s, causes, x, width-max(1, width/6), limit)
		c.label(x+width/2, s.start)
	}
	c.Width = max(xs[len(xs)-1], left+260) + right
	c.texture()
	return c
}

func (c *chart) texture() {
	var paths [colours + 2]strings.Builder
	for _, b := range c.Bars {
		fmt.Fprintf(&paths[b.Colour], "M%d %dh%dv%dh-%dz", b.X, b.Y, b.Width, b.Height, b.Width)
	}
	for colour := range paths {
		if paths[colour].Len() > 0 {
			c.Textures = append(c.Textures, texture{colour, paths[colour].String()})
		}
	}
}

// places are where the slots begin, and where the last one ends. A break is as wide as
// its label, unless there are many.
func places(slots []slot) []int {
	breaks := 0
	for _, s := range slots {
		if s.broken > 0 {
			breaks++
		}
	}
	bars := len(slots) - breaks
	gap := min(labelWidth, plotWidth/3/max(breaks, 1))
	plot := min(plotWidth-gap*breaks, bars*(widestBar+8))
	out, before := []int{left}, 0
	for i, s := range slots {
		if s.broken > 0 {
			before++
		}
		out = append(out, left+before*gap+(i+1-before)*plot/bars)
	}
	return out
}

// label names a slot where there is room.
func (c *chart) label(x int, start time.Time) {
	if n := len(c.Labels); n == 0 || x-c.Labels[n-1].X >= labelWidth {
		c.Labels = append(c.Labels, label{x, day(start)})
	}
}

// stack draws the bars of one slot, the commonest cause at the bottom. What would be too
// low to be clicked is drawn a little higher.
func (c *chart) stack(a axis, s slot, causes []fleet.Cause, x, width int, limit int64) {
	at := s.start.Unix()
	sum, y := int64(0), c.Base
	add := func(n int64, colour int, target, name string) {
		if n == 0 {
			return
		}
		sum += n
		height := max(leastHeight, y-(c.Base-int(sum*plotHeight/limit)))
		y -= height
		c.Bars = append(c.Bars, bar{x, y, width, height, colour, target, fmt.Sprintf("%s, %s: %s", name, spanName(s.start, s.end), plural(n, "bundle"))})
	}
	others := int64(0)
	for i, cause := range causes {
		n := a.counts[cause.Rule][at]
		if i < colours {
			add(n, i+1, spanID(i, s.start), clip(cause.Rule, nameLength))
		} else {
			others += n
		}
	}
	add(others, colours+1, othersID(s.start), "other causes")
}

// total is how many verdicts a slot has.
func total(a axis, s slot) (n int64) {
	if s.broken > 0 {
		return 0
	}
	for _, spans := range a.counts {
		n += spans[s.start.Unix()]
	}
	return n
}

// tickStep is 1, 2 or 5 times a power of ten, so that at most five steps reach n.
func tickStep(n int64) int64 {
	for unit := int64(1); ; unit *= 10 {
		for _, step := range []int64{1, 2, 5} {
			if step*unit*5 >= n {
				return step * unit
			}
		}
	}
}

// spark is the outline of a cause over the whole axis, of its own height.
type spark struct {
	Width, Height int
	Path, Says    string
}

const sparkHeight = 20

func newSpark(a axis, rule string) spark {
	s := spark{Width: max(len(a.slots), 26), Height: sparkHeight}
	highest := int64(0)
	for _, n := range a.counts[rule] {
		highest = max(highest, n)
	}
	var path strings.Builder
	for i, slot := range a.slots {
		n := a.counts[rule][slot.start.Unix()]
		if slot.broken > 0 || n == 0 {
			continue
		}
		h := max(2, int(n*sparkHeight/highest))
		fmt.Fprintf(&path, "M%d %dv-%dh1v%dz", i, sparkHeight, h, h)
	}
	s.Path = path.String()
	if highest > 0 {
		s.Says = fmt.Sprintf("at most %s in %s", plural(highest, "bundle"), plural(int64(a.weeks), "week"))
	}
	return s
}

// Anchors: c3 is a cause, c3-20261102 what of it is in the span that begins on that day,
// c3-undated the rest; o-20261102 the causes without a colour of their own.
func causeID(cause int) string { return fmt.Sprintf("c%d", cause+1) }

func spanID(cause int, start time.Time) string {
	if start.IsZero() {
		return causeID(cause) + "-undated"
	}
	return causeID(cause) + "-" + start.Format("20060102")
}

func othersID(start time.Time) string { return "o-" + start.Format("20060102") }

// spansOf are the slots that have a rule, the newest first.
func spansOf(a axis, rule string) (out []slot) {
	for _, s := range slices.Backward(a.slots) {
		if s.broken == 0 && a.counts[rule][s.start.Unix()] > 0 {
			out = append(out, s)
		}
	}
	return out
}
