package rules

import (
	"maps"
	"regexp"
	"slices"
	"sync"

	"go.yaml.in/yaml/v4"

	"culprit/analyze/fact"
)

var kebab = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

var ruleKeys = []string{"id", "title", "layer", "severity", "per", "select", "effect", "cause", "certain", "support", "rules_out", "no_rival",
	"ceiling", "explained_by", "explains", "fixed_in", "summary", "next", "refs"}

// loader reads rule files against the ids and signatures known so far.
type loader struct {
	ids        map[string]ID
	signatures map[string]*fact.Signature
	seen       map[string]string // rules by id: their files
	envs       envs
	compiled   map[sieve]*predicate
}

// maxSelections and maxConditions are how many a rule may have; ours stay below a
// quarter.
const (
	maxSelections = 64
	maxConditions = 128
	maxNesting    = 8 // of all, any, not
)

// rule reads one rule file.
func (l *loader) rule(file string, text []byte, builtin bool) (*Rule, error) {
	d := parse(file, text)
	if d.root == nil {
		return nil, d.err()
	}
	r := &Rule{File: file, Line: d.root.Line, Builtin: builtin}
	at := map[string]*yaml.Node{}
	for _, f := range d.mapping(d.root, "a rule", ruleKeys) {
		at[f.key.Value] = f.value
	}
	for _, key := range []string{"id", "title", "layer", "severity", "per", "select", "summary", "next"} {
		if at[key] == nil {
			d.fail(d.root, "the rule has no %s", key)
		}
	}
	l.heading(d, r, at)
	if n := at["select"]; n != nil {
		if len(n.Content) > 2*maxSelections {
			d.fail(n, "a rule has at most %d selections", maxSelections)
			return nil, d.err()
		}
		for _, f := range d.mapping(n, "select", nil) {
			if s := l.selection(d, f); s != nil {
				s.Rule = r.ID.ID
				r.Select = append(r.Select, s)
			} else {
				d.broken[f.key.Value] = true
			}
		}
	}
	l.judgements(d, r, at)
	l.text(d, r, at)
	l.agree(d, r, at)
	return r, d.err()
}

// heading reads what the rule is.
func (l *loader) heading(d *document, r *Rule, at map[string]*yaml.Node) {
	if n := at["id"]; n != nil {
		name := d.str(n, "id")
		id, ok := l.ids[name]
		if name != "" && !ok {
			d.fail(n, "id %q is not in ids.yaml%s", name, didYouMean(name, slices.Collect(maps.Keys(l.ids))))
		}
		if first := l.seen[name]; first != "" && name != "" {
			d.fail(n, "rule %s stands already in %s", name, first)
		}
		l.seen[name] = d.file
		id.ID = name
		r.ID = id
	}
	if n := at["title"]; n != nil {
		r.Title = d.str(n, "title")
	}
	if n := at["layer"]; n != nil {
		if layer := d.oneOf(n, "layer", Layers); layer != "" && r.ID.Layer != "" && layer != r.ID.Layer {
			d.fail(n, "ids.yaml says layer %s", r.ID.Layer)
		}
	}
	if n := at["severity"]; n != nil {
		r.Severity = d.oneOf(n, "severity", Severities)
	}
	if n := at["per"]; n != nil {
		r.Per = fact.KeyKind(d.oneOf(n, "per", keyKinds()))
		if r.ID.Per != "" && r.Per != "" && r.Per != r.ID.Per {
			d.fail(n, "ids.yaml says per %s", r.ID.Per)
		}
	}
	if n := at["ceiling"]; n != nil {
		r.Ceiling = Confidence(d.oneOf(n, "ceiling", []string{string(Likely), string(Suspected)}))
	}
}

// selection reads `name: {from, where, signature, on}`.
func (l *loader) selection(d *document, f field) *Selection {
	s := &Selection{Name: f.key.Value, File: d.file, Line: f.key.Line}
	at := map[string]*yaml.Node{}
	for _, v := range d.mapping(f.value, "selection "+s.Name, []string{"from", "where", "signature", "on"}) {
		at[v.key.Value] = v.value
	}
	if at["from"] == nil {
		d.fail(f.key, "selection %s has no from", s.Name)
		return nil
	}
	s.Table = tables[d.oneOf(at["from"], "table", slices.Sorted(maps.Keys(tables)))]
	if s.Table == nil {
		return nil
	}
	if n := at["on"]; n != nil {
		s.On = fact.KeyKind(d.oneOf(n, "on", keyKinds()))
		if s.On != "" && s.Table.keys[s.On] == nil {
			d.fail(n, "rows of %s have no %s", s.Table.Name, s.On)
		}
	}
	if n := at["signature"]; n != nil {
		name := d.str(n, "signature")
		s.Signature = l.signatures[name]
		switch {
		case s.Table != hitsTable:
			d.fail(n, "only rows of hits have a signature")
		case s.Signature == nil:
			d.fail(n, "there is no signature %q%s", name, didYouMean(name, slices.Collect(maps.Keys(l.signatures))))
		}
	} else if s.Table == hitsTable {
		d.fail(f.key, "selection %s is from hits and needs a signature", s.Name)
	}
	if n := at["where"]; n != nil {
		s.Where = l.where(d, s.Table, n)
	} else if s.Table != hitsTable {
		d.fail(f.key, "selection %s has no where", s.Name)
	}
	s.lacking = sync.OnceValue(s.absence)
	return s
}

// sieve is the text of a predicate on a table.
type sieve struct {
	table *Schema
	text  string
}

// where compiles a predicate, unless another selection has the same, and puts CEL's
// mistakes where they stand in the file.
func (l *loader) where(d *document, s *Schema, n *yaml.Node) *predicate {
	text := d.str(n, "where")
	if text == "" {
		return nil
	}
	if p := l.compiled[sieve{s, text}]; p != nil {
		return p
	}
	p, issues, err := compilePredicate(l.envs, s, text)
	if err == nil {
		l.compiled[sieve{s, text}] = p
	}
	if issues == nil && err != nil {
		d.fail(n, "%v", err)
		return nil
	}
	if issues != nil {
		for _, e := range issues.Errors() {
			place := *n
			if e.Location.Line() < 1 {
				// A limit has no place in the text.
			} else if e.Location.Line() == 1 && n.Style&(yaml.LiteralStyle|yaml.FoldedStyle) == 0 {
				place.Column += e.Location.Column()
				if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
					place.Column++
				}
			} else {
				place.Line += e.Location.Line()
				place.Column = e.Location.Column() + 1
			}
			d.fail(&place, "%s%s", e.Message, fieldHint(s, e.Message))
		}
	}
	return p
}

var undefinedField = regexp.MustCompile(`undefined field '(\w+)'`)

// fieldHint names the column that a mistyped field may mean.
func fieldHint(s *Schema, message string) string {
	m := undefinedField.FindStringSubmatch(message)
	if m == nil {
		return ""
	}
	names := s.columnNames()
	for _, c := range s.Columns {
		if c.Record != nil {
			names = append(names, c.Record.columnNames()...)
		}
	}
	return didYouMean(m[1], names)
}

// judgements reads effect, cause, certain, support and rules_out.
func (l *loader) judgements(d *document, r *Rule, at map[string]*yaml.Node) {
	for _, list := range []struct {
		key  string
		into *[]*Condition
	}{{"effect", &r.Effect}, {"cause", &r.Cause}, {"certain", &r.Certain}, {"support", &r.Support}} {
		if n := at[list.key]; n != nil {
			for _, item := range d.sequence(n, list.key) {
				if c := d.condition(r, item, true); c != nil {
					*list.into = append(*list.into, c)
				}
			}
		}
	}
	if n := at["rules_out"]; n != nil {
		for _, f := range d.mapping(n, "rules_out", nil) {
			l.known(d, f.key)
			if c := d.condition(r, f.value, false); c != nil {
				if c.Name == "" {
					c.Name = "not " + f.key.Value
				}
				r.RulesOut = append(r.RulesOut, RuleOut{f.key.Value, c})
			}
		}
	}
	if n := at["no_rival"]; n != nil {
		r.NoRival = d.str(n, "no_rival")
	}
}

// known checks an id that a rule names.
func (l *loader) known(d *document, n *yaml.Node) {
	if _, ok := l.ids[n.Value]; !ok {
		d.fail(n, "id %q is not in ids.yaml%s", n.Value, didYouMean(n.Value, slices.Collect(maps.Keys(l.ids))))
	}
}

func (d *document) template(r *Rule, n *yaml.Node) *template {
	t, errs := parseTemplate(d.str(n, "a sentence"), r.selection, d.broken)
	for _, err := range errs {
		d.fail(n, "%v", err)
	}
	return t
}

// text reads what the report says.
func (l *loader) text(d *document, r *Rule, at map[string]*yaml.Node) {
	if n := at["summary"]; n != nil {
		r.Summary = d.template(r, n)
	}
	if n := at["next"]; n != nil {
		for _, f := range d.mapping(n, "next", []string{"now", "for_good", "collect"}) {
			var lines []*template
			for _, item := range d.sequence(f.value, f.key.Value) {
				if t := d.template(r, item); t != nil {
					lines = append(lines, t)
				}
			}
			switch f.key.Value {
			case "now":
				r.Next.Now = lines
			case "for_good":
				r.Next.ForGood = lines
			case "collect":
				r.Next.Collect = lines
			}
		}
	}
	if n := at["refs"]; n != nil {
		r.Refs = d.strs(n, "refs")
	}
	if n := at["fixed_in"]; n != nil {
		for _, item := range d.sequence(n, "fixed_in") {
			var fix Fix
			for _, f := range d.mapping(item, "fixed_in", []string{"component", "version", "ref"}) {
				switch f.key.Value {
				case "component":
					fix.Component = d.str(f.value, "component")
				case "version":
					fix.Version = d.str(f.value, "version")
				case "ref":
					fix.Ref = d.str(f.value, "ref")
				}
			}
			r.FixedIn = append(r.FixedIn, fix)
		}
	}
	for key, into := range map[string]*[]string{"explains": &r.Explains, "explained_by": &r.ExplainedBy} {
		if n := at[key]; n != nil {
			*into = d.strs(n, key)
			for _, item := range n.Content {
				l.known(d, item)
			}
		}
	}
}

// agree checks the parts of the rule against one another.
func (l *loader) agree(d *document, r *Rule, at map[string]*yaml.Node) {
	used := map[*Selection]bool{}
	for _, c := range r.conditions() {
		for _, s := range c.uses() {
			used[s] = true
		}
	}
	for _, s := range r.Select {
		if !used[s] && !d.lost {
			d.fail(&yaml.Node{Line: s.Line, Column: 3}, "selection %q is used by no condition", s.Name)
		}
		if s.On != "" && r.Per != "" && s.On != r.Per {
			d.fail(&yaml.Node{Line: s.Line, Column: 3}, "selection %q is on %s, the rule is per %s", s.Name, s.On, r.Per)
		}
	}
	switch {
	case d.lost: // what there is of conditions is not all
	case len(r.Cause) == 0 && len(r.Effect) == 0:
		d.fail(d.root, "the rule has neither cause nor effect")
	case len(r.Cause) == 0 && r.ID.Role == RoleCause && r.Ceiling != Suspected:
		d.fail(d.root, "a cause without cause-level evidence is only suspected: give it a cause, or ceiling: suspected")
	case len(r.RulesOut) == 0 && r.NoRival == "" && (r.ID.Role == RoleCause || r.ID.Role == RoleMechanism):
		d.fail(d.root, "the rule rules out no rival: give rules_out, or no_rival with the reason")
	}
}
