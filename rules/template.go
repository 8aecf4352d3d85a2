package rules

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"culprit/analyze/fact"
)

// template is a text with places for what was found:
//
//	{scope}            the names of the finding's scope, comma separated
//	{stuck.comm}       a column of the first row of selection stuck
//	{killers.total}    what the rows of the selection weigh together
//	{tasks.total task} the same with its word: "1 task", "5 tasks"
//	{{ and }}          braces
//
// A place whose value the evidence does not state prints as "?".
type template struct {
	text  []string // text[i] stands before place[i]; one more than places
	place []placeholder
}

type placeholder struct {
	selection *Selection // nil: the scope
	path      []string   // column, or column and field of a record
	word      string     // what a total counts, "" none
}

// parseTemplate checks every place against the rule's selections; it passes over
// places of those that are broken themselves.
func parseTemplate(text string, find func(string) *Selection, broken map[string]bool) (*template, []error) {
	t := &template{}
	var errs []error
	var lit strings.Builder
	for i := 0; i < len(text); i++ {
		switch {
		case strings.HasPrefix(text[i:], "{{"), strings.HasPrefix(text[i:], "}}"):
			lit.WriteByte(text[i])
			i++
		case text[i] == '{':
			end := strings.IndexByte(text[i:], '}')
			if end < 0 {
				return t, append(errs, fmt.Errorf("%q has a { without }", text))
			}
			place := text[i+1 : i+end]
			p, err := parsePlace(place, find)
			if name, _, _ := strings.Cut(place, "."); err != nil && !broken[name] {
				errs = append(errs, err)
			}
			t.text, t.place = append(t.text, lit.String()), append(t.place, p)
			lit.Reset()
			i += end
		default:
			lit.WriteByte(text[i])
		}
	}
	t.text = append(t.text, lit.String())
	return t, errs
}

func parsePlace(place string, find func(string) *Selection) (placeholder, error) {
	if place == "scope" {
		return placeholder{}, nil
	}
	name, word, _ := strings.Cut(place, " ")
	path := strings.Split(name, ".")
	sel := find(path[0])
	if sel == nil || len(path) < 2 {
		return placeholder{}, fmt.Errorf("{%s} names no selection and column of this rule", place)
	}
	if path[1] == "total" && len(path) == 2 {
		return placeholder{sel, path[1:], word}, nil
	}
	if word != "" {
		return placeholder{}, fmt.Errorf("{%s}: only a total takes a word", place)
	}
	schema := sel.Table
	for _, name := range path[1:] {
		if schema == nil {
			return placeholder{}, fmt.Errorf("{%s}: %s has no fields", place, path[1])
		}
		c, ok := schema.column(name)
		if !ok {
			return placeholder{}, fmt.Errorf("{%s}: %s has no column %q%s", place, schema.Name, name, didYouMean(name, schema.columnNames()))
		}
		schema = c.Record
	}
	if schema != nil {
		return placeholder{}, fmt.Errorf("{%s} is a record, name one of its fields: %s", place, strings.Join(schema.columnNames(), ", "))
	}
	return placeholder{sel, path[1:], ""}, nil
}

// expand fills the places from what was picked for the finding.
func (t *template) expand(scope []fact.Key, pick func(*Selection) picked) string {
	var b strings.Builder
	for i, p := range t.place {
		b.WriteString(t.text[i])
		b.WriteString(p.value(scope, pick))
	}
	b.WriteString(t.text[len(t.place)])
	return b.String()
}

func (p placeholder) value(scope []fact.Key, pick func(*Selection) picked) string {
	if p.selection == nil {
		return ScopeNames(scope)
	}
	rows := pick(p.selection)
	if p.path[0] == "total" {
		n := rows.weigh("").lo
		switch {
		case p.word == "":
			return Thousands(n)
		case n == 1:
			return "1 " + p.word
		}
		return Thousands(n) + " " + p.word + "s"
	}
	if len(rows.passed) == 0 {
		return "?"
	}
	schema, value := p.selection.Table, rows.passed[0].Value
	for _, name := range p.path {
		c, _ := schema.column(name)
		v, known := c.get(value)
		if !known {
			return "?"
		}
		if c.Record == nil {
			return printValue(v)
		}
		schema, value = c.Record, c.inside(value)
	}
	return "?"
}

func printValue(v any) string {
	switch v := v.(type) {
	case string:
		if v == "" {
			return "?"
		}
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	case bool:
		return strconv.FormatBool(v)
	case time.Duration:
		return Age(v)
	case []string:
		return strings.Join(v, " < ")
	}
	return fmt.Sprint(v)
}

// ScopeNames is how people call the keys: names where they have one, else short
// ids; the first few, and how many more.
func ScopeNames(keys []fact.Key) string {
	const shown = 3
	var names []string
	for i, k := range keys {
		if i == shown {
			names = append(names, fmt.Sprintf("%d more", len(keys)-shown))
			break
		}
		names = append(names, KeyName(k))
	}
	return strings.Join(names, ", ")
}

// KeyName is how people call one key.
func KeyName(k fact.Key) string {
	switch {
	case k.Kind == fact.KeyPID && k.Name != "":
		return k.Name + " (" + k.ID + ")"
	case k.Name != "":
		return k.Name
	case k.Kind == fact.KeyContainer && len(k.ID) > 12:
		return k.ID[:12]
	}
	return k.ID
}

// Thousands prints n with commas: 1,572,822.
func Thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Age prints a duration in the two largest units that matter: "31 min", "2 h 5 min".
func Age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h %d min", int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%d days", int(d.Hours()/24))
}
