package rules

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// maxFileSize bounds one rule file: the largest of ours has 8 KiB.
const maxFileSize = 1 << 20

// LoadError is one mistake in a rule file, with its place.
type LoadError struct {
	File         string
	Line, Column int
	Text         string
	// Source is the line itself, "" when there is none to show.
	Source string
}

// Error is "file:line:column: text", then the line with a caret under the place.
func (e *LoadError) Error() string {
	s := fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Text)
	if e.Source == "" {
		return s
	}
	var pad strings.Builder
	for i, r := range []rune(e.Source) {
		if i >= e.Column-1 {
			break
		}
		if r == '\t' {
			pad.WriteRune('\t')
		} else {
			pad.WriteRune(' ')
		}
	}
	return s + "\n\t" + e.Source + "\n\t" + pad.String() + "^"
}

// document reads one YAML file strictly: unknown and duplicate keys, wrong types
// and missing values are all reported, each with its place.
type document struct {
	file  string
	lines []string
	root  *yaml.Node
	errs  []error
}

// parse reads the file's one YAML document.
func parse(file string, text []byte) *document {
	d := &document{file: file, lines: strings.Split(string(text), "\n")}
	if len(text) > maxFileSize {
		d.errs = append(d.errs, &LoadError{File: file, Line: 1, Column: 1, Text: fmt.Sprintf("the file is larger than %d bytes", maxFileSize)})
		return d
	}
	var node yaml.Node
	if err := yaml.Unmarshal(text, &node); err != nil {
		d.errs = append(d.errs, d.syntaxErrors(err)...)
		return d
	}
	if node.Kind != yaml.DocumentNode || len(node.Content) != 1 {
		d.errs = append(d.errs, &LoadError{File: file, Line: 1, Column: 1, Text: "the file holds no YAML document"})
		return d
	}
	d.root = node.Content[0]
	return d
}

// syntaxErrors keeps the place that the YAML library names.
func (d *document) syntaxErrors(err error) []error {
	var one *yaml.LoadError
	if errors.As(err, &one) {
		return []error{d.at(max(1, one.Mark.Line), max(1, one.Mark.Column), one.Message)}
	}
	return []error{d.at(1, 1, strings.TrimPrefix(err.Error(), "yaml: "))}
}

func (d *document) at(line, column int, text string) error {
	e := &LoadError{File: d.file, Line: line, Column: column, Text: text}
	if line >= 1 && line <= len(d.lines) {
		e.Source = strings.TrimRight(d.lines[line-1], "\r")
	}
	return e
}

// fail notes a mistake at n.
func (d *document) fail(n *yaml.Node, format string, args ...any) {
	d.errs = append(d.errs, d.at(n.Line, n.Column, fmt.Sprintf(format, args...)))
}

// err is all mistakes of the file, in order of their places.
func (d *document) err() error {
	slices.SortStableFunc(d.errs, func(a, b error) int {
		x, xok := a.(*LoadError)
		y, yok := b.(*LoadError)
		if !xok || !yok {
			return 0
		}
		return cmp.Or(cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column))
	})
	return errors.Join(d.errs...)
}

// field is a key of a mapping with its value.
type field struct{ key, value *yaml.Node }

// mapping returns the fields of n in order. Keys not in allowed, and duplicates,
// are mistakes; allowed nil takes any key.
func (d *document) mapping(n *yaml.Node, what string, allowed []string) []field {
	if n.Kind != yaml.MappingNode {
		d.fail(n, "%s must be a mapping, this is %s", what, kindName(n))
		return nil
	}
	var fields []field
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if first, dup := seen[key.Value]; dup {
			d.fail(key, "%s: key %q stands already in line %d", what, key.Value, first)
			continue
		}
		seen[key.Value] = key.Line
		if allowed != nil && !slices.Contains(allowed, key.Value) {
			d.fail(key, "%s: unknown key %q%s", what, key.Value, didYouMean(key.Value, allowed))
			continue
		}
		if value.Kind == yaml.AliasNode {
			d.fail(value, "aliases are not used in rule files")
			continue
		}
		fields = append(fields, field{key, value})
	}
	return fields
}

func (d *document) sequence(n *yaml.Node, what string) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		d.fail(n, "%s must be a list, this is %s", what, kindName(n))
		return nil
	}
	return n.Content
}

func (d *document) str(n *yaml.Node, what string) string {
	if n.Kind != yaml.ScalarNode || n.Tag == "!!null" || n.Value == "" {
		d.fail(n, "%s must be text, this is %s", what, kindName(n))
		return ""
	}
	return strings.TrimSpace(n.Value)
}

// oneOf is a text that must be one of the choices.
func (d *document) oneOf(n *yaml.Node, what string, choices []string) string {
	s := d.str(n, what)
	if s != "" && !slices.Contains(choices, s) {
		d.fail(n, "%s %q is none of %s%s", what, s, strings.Join(choices, ", "), didYouMean(s, choices))
		return ""
	}
	return s
}

func (d *document) strs(n *yaml.Node, what string) []string {
	var out []string
	for _, item := range d.sequence(n, what) {
		if s := d.str(item, "an entry of "+what); s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (d *document) integer(n *yaml.Node, what string) int64 {
	v, err := strconv.ParseInt(n.Value, 10, 64)
	if n.Kind != yaml.ScalarNode || err != nil || v < 0 {
		d.fail(n, "%s must be a whole number, this is %s", what, kindName(n))
	}
	return v
}

func (d *document) number(n *yaml.Node, what string) float64 {
	v, err := strconv.ParseFloat(n.Value, 64)
	if n.Kind != yaml.ScalarNode || err != nil || !(v >= 0) {
		d.fail(n, "%s must be a number, this is %s", what, kindName(n))
	}
	return v
}

func (d *document) boolean(n *yaml.Node, what string) bool {
	if n.Kind != yaml.ScalarNode || n.Tag != "!!bool" {
		d.fail(n, "%s must be true or false, this is %s", what, kindName(n))
	}
	return n.Value == "true"
}

func kindName(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.Tag == "!!null" || n.Value == "":
		return "empty"
	}
	return strconv.Quote(n.Value)
}

// didYouMean is `; did you mean "x"?` for the nearest choice, or "".
func didYouMean(word string, choices []string) string {
	best, at := "", len(word)/3+2
	for _, c := range choices {
		if n := editDistance(word, c); n < at {
			best, at = c, n
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean %q?", best)
}

// editDistance is Levenshtein's.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
