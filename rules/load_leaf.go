package rules

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// A key of a word: required, or with its default left in place.
const (
	required = true
	optional = false
)

const (
	// maxWindow and maxSteps keep the length of a chain within a time.Duration.
	maxWindow = 366 * 24 * time.Hour
	maxSteps  = 16
)

// leafKeys are the keys that each word takes.
var leafKeys = map[Word]map[string]bool{
	AtLeast:       {"of": required, "sum": optional, "n": required},
	AtMost:        {"of": required, "sum": optional, "n": required},
	AtLeastAsMany: {"a": required, "b": required, "sum": optional, "slack": optional},
	Paired:        {"a": required, "b": required, "sum": optional, "slack": optional, "within": optional},
	Joined:        {"a": required, "b": required, "by": required, "with": optional, "n": optional},
	Within:        {"a": required, "b": required, "window": required, "n": optional},
	Sequence:      {"of": required, "window": required, "n": optional},
	Periodic:      {"of": required, "n": optional, "tolerance": optional, "covers": optional},
	Grows:         {"of": required, "n": required},
	Version:       {"of": required, "from": optional, "before": optional},
}

// defaultN is the n of words that need none; periodic's tolerance is 10 %.
var defaultN = map[Word]int64{Joined: 1, Within: 1, Sequence: 1, Periodic: 5}

// leaf reads what a word other than none, all, any, not says.
func (d *document) leaf(r *Rule, c *Condition, n *yaml.Node) {
	keys := leafKeys[c.Word]
	c.N, c.Tolerance = defaultN[c.Word], tolerance{share: 0.1}
	at := map[string]*yaml.Node{}
	for _, f := range d.mapping(n, string(c.Word), slices.Sorted(maps.Keys(keys))) {
		at[f.key.Value] = f.value
		d.leafValue(r, c, f)
	}
	for _, key := range sortedKeys(keys) {
		if keys[key] && at[key] == nil {
			d.fail(n, "%s needs %s", c.Word, key)
			d.lost = true
		}
	}
	d.agreeLeaf(c, n, at)
}

func (d *document) leafValue(r *Rule, c *Condition, f field) {
	name := f.key.Value
	switch name {
	case "of":
		if c.Word == Sequence {
			for _, item := range d.sequence(f.value, "of") {
				c.Steps = append(c.Steps, d.selectionRef(r, item))
			}
			return
		}
		c.Of = d.selectionRef(r, f.value)
	case "a":
		c.A = d.selectionRef(r, f.value)
	case "b":
		c.B = d.selectionRef(r, f.value)
	case "covers":
		c.Covers = d.selectionRef(r, f.value)
	case "sum":
		c.Sum = d.str(f.value, name)
	case "by":
		c.By = d.str(f.value, name)
	case "with":
		c.With = d.str(f.value, name)
	case "n":
		c.N = d.integer(f.value, name)
	case "slack":
		c.Slack = d.integer(f.value, name)
	case "within":
		c.Within = d.number(f.value, name)
	case "window":
		c.Window = d.duration(f.value, name)
	case "tolerance":
		c.Tolerance = d.tolerance(f.value)
	case "from":
		c.From = d.str(f.value, name)
	case "before":
		c.Before = d.str(f.value, name)
	}
}

// agreeLeaf checks the parts of one word against one another; at holds the nodes of
// its keys.
func (d *document) agreeLeaf(c *Condition, n *yaml.Node, at map[string]*yaml.Node) {
	if n := at["n"]; n != nil && c.N == 0 && c.Word != AtMost {
		d.fail(n, "%s 0 always holds", c.Word)
	}
	if c.A != nil && c.A == c.B {
		d.fail(at["b"], "%s compares %q with itself", c.Word, c.A.Name)
	}
	if n := at["within"]; n != nil && c.Within >= 1 {
		d.fail(n, "paired within %g of the larger number always holds", c.Within)
	}
	if c.Sum != "" {
		for _, s := range c.uses() {
			if col, ok := s.Table.column(c.Sum); !ok || col.Type() != "int" {
				d.fail(at["sum"], "%s has no whole-number column %q to sum%s", s.Table.Name, c.Sum, didYouMean(c.Sum, s.Table.columnNames()))
			}
		}
	}
	switch c.Word {
	case Joined:
		d.agreeJoined(c, at)
	case Within:
		d.needsTimes(at["a"], c.A)
		d.needsTimes(at["b"], c.B)
	case Sequence:
		if list := at["of"]; list != nil && list.Kind == yaml.SequenceNode {
			if n := len(list.Content); n < 2 || n > maxSteps {
				d.fail(list, "a sequence has 2 to %d selections", maxSteps)
			}
			for i, s := range c.Steps {
				d.needsTimes(list.Content[i], s)
				if s != nil && slices.Index(c.Steps, s) < i {
					d.fail(list.Content[i], "%q stands already in the sequence: an event would follow itself", s.Name)
				}
			}
		}
		c.Steps = slices.DeleteFunc(c.Steps, func(s *Selection) bool { return s == nil })
	case Periodic:
		if n := at["n"]; n != nil && c.N < 3 && c.N > 0 {
			d.fail(n, "a period needs at least 3 events: two gaps that agree")
		}
		d.needsTimes(at["of"], c.Of)
		d.needsTimes(at["covers"], c.Covers)
	case Grows:
		d.needsTable(at["of"], c, samplesTable)
	case Version:
		if c.From == "" && c.Before == "" {
			d.fail(n, "version needs from or before")
		}
		d.needsTable(at["of"], c, daemonsTable)
	}
}

func (d *document) needsTable(n *yaml.Node, c *Condition, table *Schema) {
	if c.Of != nil && c.Of.Table != table {
		d.fail(n, "%s judges rows of %s, not of %s", c.Word, table.Name, c.Of.Table.Name)
	}
}

func (d *document) needsTimes(n *yaml.Node, s *Selection) {
	if s != nil && s.Table.times == nil {
		d.fail(n, "rows of %s are no events with exact times", s.Table.Name)
	}
}

// agreeJoined checks the two columns: with is by where it is not given.
func (d *document) agreeJoined(c *Condition, at map[string]*yaml.Node) {
	node := at["with"]
	if node == nil {
		c.With, node = c.By, at["by"]
	}
	column := func(s *Selection, name string, n *yaml.Node) string {
		if s == nil || name == "" {
			return ""
		}
		col, ok := s.Table.column(name)
		switch {
		case !ok:
			d.fail(n, "%s has no column %q%s", s.Table.Name, name, didYouMean(name, s.Table.columnNames()))
			return ""
		case col.Type() != "string" && col.Type() != "int":
			d.fail(n, "only text and whole numbers join, column %q of %s is a %s", name, s.Table.Name, col.Type())
			return ""
		}
		return col.Type()
	}
	by, with := column(c.A, c.By, at["by"]), column(c.B, c.With, node)
	if by != "" && with != "" && by != with {
		d.fail(node, "column %q is a %s, column %q a %s", c.By, by, c.With, with)
	}
}

// duration is a positive time span: "10s", "2m30s".
func (d *document) duration(n *yaml.Node, what string) time.Duration {
	v, err := time.ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || v <= 0 || v > maxWindow {
		d.fail(n, `%s must be a time span such as "10s" or "2m", this is %s`, what, kindName(n))
		return 0
	}
	return v
}

// tolerance is a share of the period below a quarter, from which on any event lies
// near the grid, or a time span.
func (d *document) tolerance(n *yaml.Node) tolerance {
	percent, ok := strings.CutSuffix(n.Value, "%")
	if !ok {
		return tolerance{fixed: d.duration(n, "tolerance")}
	}
	v, err := strconv.ParseFloat(percent, 64)
	if n.Kind != yaml.ScalarNode || err != nil || !(v > 0 && v <= 25) {
		d.fail(n, `tolerance must be a share up to "25%%" or a time span, this is %s`, kindName(n))
	}
	return tolerance{share: v / 100}
}
