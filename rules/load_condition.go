package rules

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

var leafWords = []string{string(AtLeast), string(AtMost), string(None), string(AtLeastAsMany), string(Paired), string(Version)}
var words = append(slices.Clone(leafWords), string(All), string(Any), string(Not))

// condition reads `{name: ..., WORD: ...}`.
func (d *document) condition(r *Rule, n *yaml.Node, named bool) *Condition {
	c := &Condition{}
	for _, f := range d.mapping(n, "a condition", append([]string{"name"}, words...)) {
		if f.key.Value == "name" {
			c.Name = d.str(f.value, "name")
			continue
		}
		if c.Word != "" {
			d.fail(f.key, "a condition has one word, this one has %s already", c.Word)
			continue
		}
		c.Word = Word(f.key.Value)
		switch c.Word {
		case All, Any:
			for _, item := range d.sequence(f.value, f.key.Value) {
				if sub := d.condition(r, item, false); sub != nil {
					c.Sub = append(c.Sub, sub)
				}
			}
		case Not:
			if sub := d.condition(r, f.value, false); sub != nil {
				c.Sub = append(c.Sub, sub)
			}
		case None:
			c.Of = d.selectionRef(r, f.value)
		default:
			d.leaf(r, c, f.value)
		}
	}
	if c.Word == "" {
		d.fail(n, "the condition has none of the words %s", strings.Join(words, ", "))
		return nil
	}
	if named && c.Name == "" {
		d.fail(n, "the condition has no name: it is what the report says")
	}
	return c
}

// leafKeys are the keys that each word takes.
var leafKeys = map[Word][]string{
	AtLeast: {"of", "sum", "n"}, AtMost: {"of", "sum", "n"},
	AtLeastAsMany: {"a", "b", "sum", "slack"}, Paired: {"a", "b", "sum", "slack", "within"},
	Version: {"of", "from", "before"},
}

func (d *document) leaf(r *Rule, c *Condition, n *yaml.Node) {
	at := map[string]bool{}
	for _, f := range d.mapping(n, string(c.Word), leafKeys[c.Word]) {
		at[f.key.Value] = true
		switch f.key.Value {
		case "of":
			c.Of = d.selectionRef(r, f.value)
		case "a":
			c.A = d.selectionRef(r, f.value)
		case "b":
			c.B = d.selectionRef(r, f.value)
		case "sum":
			c.Sum = d.str(f.value, "sum")
		case "n":
			c.N = d.integer(f.value, "n")
		case "slack":
			c.Slack = d.integer(f.value, "slack")
		case "within":
			c.Within = d.number(f.value, "within")
		case "from":
			c.From = d.str(f.value, "from")
		case "before":
			c.Before = d.str(f.value, "before")
		}
	}
	need := map[Word][]string{AtLeast: {"of", "n"}, AtMost: {"of", "n"}, AtLeastAsMany: {"a", "b"}, Paired: {"a", "b"}, Version: {"of"}}
	for _, key := range need[c.Word] {
		if !at[key] {
			d.fail(n, "%s needs %s", c.Word, key)
		}
	}
	if c.Word == AtLeast && at["n"] && c.N == 0 {
		d.fail(n, "at_least 0 always holds")
	}
	if c.Word == Version {
		if c.From == "" && c.Before == "" {
			d.fail(n, "version needs from or before")
		}
		if c.Of != nil && c.Of.Table != daemonsTable {
			d.fail(n, "version judges rows of daemons, not of %s", c.Of.Table.Name)
		}
	}
	if c.Sum != "" {
		for _, s := range c.uses() {
			if col, ok := s.Table.column(c.Sum); !ok || col.Type() != "int" {
				d.fail(n, "%s has no whole-number column %q to sum", s.Table.Name, c.Sum)
			}
		}
	}
}

func (d *document) selectionRef(r *Rule, n *yaml.Node) *Selection {
	name := d.str(n, "selection")
	s := r.selection(name)
	if s == nil && name != "" {
		var names []string
		for _, s := range r.Select {
			names = append(names, s.Name)
		}
		d.fail(n, "there is no selection %q%s", name, didYouMean(name, names))
	}
	return s
}
