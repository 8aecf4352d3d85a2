package page

import (
	"html/template"

	"culprit/analyze/fleet"
	"culprit/rules"
)

// view is the page in words and pixels, as the template wants it.
type view struct {
	Policy template.HTMLAttr
	Style  template.CSS
	Title  string
	Period string
	Empty  string // why there are no causes
	Asked  []pair
	Tiles  []tile

	Chart    chart
	Unit     string
	Causes   []causeView
	Legend   []causeView
	Others   []othersView
	Rest     int // causes without a colour of their own
	LeftOut  int // causes without a row
	TopLine  string
	Undated  string // verdicts, "" none
	Unknown  unknownView
	Unread   []incidentView
	UnreadOf string
}

// tile is a number of the overview; Href leads to what it counts.
type tile struct{ Count, Name, Says, Href string }

func (f Fleet) view() view {
	a := newAxis(f.Trend)
	shown := f.Causes[:min(len(f.Causes), maxCauses)]
	v := view{
		Policy: template.HTMLAttr(`content="default-src 'none'; img-src data:; style-src '` + styleHash() + `'"`), Style: template.CSS(style),
		Title: "Fleet report", Asked: asked(f.Asked), Tiles: f.tiles(), Chart: newChart(a, f.Causes),
		Causes: f.causes(a, shown), LeftOut: len(f.Causes) - len(shown), TopLine: command("top --limit 1000", f.Asked),
		Others: f.others(a, shown), Unknown: f.unknown(), Unread: kept(f.Unreadable),
	}
	v.Unit = v.Chart.Unit
	v.Legend = v.Causes[:min(len(v.Causes), colours)]
	v.Rest = len(f.Causes) - len(v.Legend)
	if !f.Extent.First.IsZero() {
		v.Period = period(f.Extent.First, f.Extent.Last)
		v.Title += ", " + v.Period
	}
	switch none := f.Tally.Whole+f.Tally.Damaged+f.Tally.Unreadable == 0; {
	case none && len(v.Asked) > 0:
		v.Empty = "No bundle in the store is like that."
	case none:
		v.Empty = "The store has no bundle yet: culprit batch puts some in."
	default:
		v.Empty = "No bundle has a root cause."
	}
	for i, p := range v.Asked {
		v.Asked[i].Value = clip(p.Value, textLength)
	}
	undated := int64(0)
	for _, c := range f.Causes {
		undated += c.Bundles - a.dated(c.Rule)
	}
	if undated > 0 {
		v.Undated = plural(undated, "verdict")
	}
	if f.Tally.Unreadable > int64(len(v.Unread)) {
		v.UnreadOf = command("export --csv", f.Asked)
	}
	return v
}

// tiles are the totals. Damaged bundles have a verdict or none like whole ones.
func (f Fleet) tiles() []tile {
	t := f.Tally
	all := t.Whole + t.Damaged + t.Unreadable
	named := t.Whole + t.Damaged - t.Silent
	of := func(n int64) string { return percent(n, all) + " of all" }
	tiles := []tile{
		{rules.Thousands(all), "bundles", "of " + plural(f.Extent.Nodes, "node"), ""},
		{rules.Thousands(named), "with a root cause", of(named), "#causes"},
		{rules.Thousands(t.Silent), "without a verdict", of(t.Silent), "#unknown"},
		{rules.Thousands(t.Whole), "whole", of(t.Whole), ""},
		{rules.Thousands(t.Damaged), "damaged", of(t.Damaged), ""},
		{rules.Thousands(t.Unreadable), "unreadable", of(t.Unreadable), "#unreadable"},
	}
	for i, n := range []int64{all, named, t.Silent, t.Whole, t.Damaged, t.Unreadable} {
		if n == 0 {
			tiles[i].Href = ""
		}
	}
	return tiles
}

// causeView is a row of the table of causes and the list that it leads to.
type causeView struct {
	ID, Rule, Meaning, Bundles, Share, Nodes, First, Last string
	Colour                                                int
	Spark                                                 spark
	Spans                                                 []spanView
}

// spanView is the list of a cause in one bar.
type spanView struct {
	ID, Name, Total string
	Incidents       []incidentView
	// Left says how many are not listed, Command lists them all; "" none is left out.
	Left, Command string
}

func (f Fleet) causes(a axis, shown []fleet.Cause) (out []causeView) {
	of := map[string]map[int64][]fleet.Incident{}
	for _, i := range f.Incidents {
		if of[i.Rule] == nil {
			of[i.Rule] = map[int64][]fleet.Incident{}
		}
		of[i.Rule][i.Start.Unix()] = append(of[i.Rule][i.Start.Unix()], i)
	}
	all := f.Tally.Whole + f.Tally.Damaged + f.Tally.Unreadable
	for n, c := range shown {
		v := causeView{ID: causeID(n), Rule: clip(c.Rule, nameLength), Meaning: clip(f.Meaning[c.Rule], textLength), Bundles: rules.Thousands(c.Bundles),
			Share: percent(c.Bundles, all), Nodes: rules.Thousands(c.Nodes), First: day(c.First), Last: day(c.Last), Colour: min(n, colours) + 1, Spark: newSpark(a, c.Rule)}
		for _, s := range spansOf(a, c.Rule) {
			v.Spans = append(v.Spans, f.span(c.Rule, spanID(n, s.start), s, a.counts[c.Rule][s.start.Unix()], of[c.Rule][s.start.Unix()]))
		}
		if undated := c.Bundles - a.dated(c.Rule); undated > 0 {
			v.Spans = append(v.Spans, f.span(c.Rule, causeID(n)+"-undated", slot{}, undated, of[c.Rule][slot{}.start.Unix()]))
		}
		out = append(out, v)
	}
	return out
}

// span is the list of n incidents, of which some are listed.
func (f Fleet) span(rule, id string, s slot, n int64, listed []fleet.Incident) spanView {
	v := spanView{ID: id, Name: "date unknown", Total: plural(n, "bundle")}
	if !s.start.IsZero() {
		v.Name = spanName(s.start, s.end)
	}
	for _, i := range listed {
		v.Incidents = append(v.Incidents, newIncident(i.Kept, rule))
	}
	if left := n - int64(len(listed)); left > 0 {
		v.Left, v.Command = rules.Thousands(left), exportOf(f.Asked, rule, s.start, s.end)
	}
	return v
}

// othersView leads from a bar of causes without a colour of their own to each of them.
type othersView struct {
	ID, Name string
	Causes   []link
	Left     int // causes that have no list
}

type link struct{ Href, Text, Count string }

func (f Fleet) others(a axis, shown []fleet.Cause) (out []othersView) {
	for _, s := range a.slots {
		v := othersView{ID: othersID(s.start), Name: spanName(s.start, s.end)}
		for i, c := range f.Causes[min(len(f.Causes), colours):] {
			n := a.counts[c.Rule][s.start.Unix()]
			switch i += colours; {
			case s.broken > 0 || n == 0:
			case i < len(shown):
				v.Causes = append(v.Causes, link{"#" + spanID(i, s.start), clip(c.Rule, nameLength), plural(n, "bundle")})
			default:
				v.Left++
			}
		}
		if len(v.Causes) > 0 || v.Left > 0 {
			out = append(out, v)
		}
	}
	return out
}
