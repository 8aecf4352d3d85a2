package rules

import (
	"strings"

	"go.yaml.in/yaml/v4"
)

// words are all words, in the order of README.md.
var words = []string{string(AtLeast), string(AtMost), string(None), string(AtLeastAsMany), string(Paired), string(Joined), string(Within),
	string(Sequence), string(Periodic), string(Grows), string(Version), string(All), string(Any), string(Not)}

// condition reads `{name: ..., WORD: ...}`.
func (d *document) condition(r *Rule, n *yaml.Node, named bool) *Condition {
	d.nested++
	defer func() { d.nested-- }()
	if d.conditions++; d.nested > maxNesting || d.conditions > maxConditions {
		if !d.lost {
			d.fail(n, "a rule has at most %d conditions, %d deep", maxConditions, maxNesting)
		}
		d.lost = true
		return nil
	}
	c := &Condition{Line: n.Line}
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
		d.lost = true
		return nil
	}
	if named && c.Name == "" {
		d.fail(n, "the condition has no name: it is what the report says")
	}
	return c
}

func (d *document) selectionRef(r *Rule, n *yaml.Node) *Selection {
	name := d.str(n, "selection")
	s := r.selection(name)
	if s == nil {
		d.lost = true
	}
	if s == nil && name != "" && !d.broken[name] {
		var names []string
		for _, s := range r.Select {
			names = append(names, s.Name)
		}
		d.fail(n, "there is no selection %q%s", name, didYouMean(name, names))
	}
	return s
}
