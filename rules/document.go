package rules

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Limits of what a rule file may hold: ours stay far below. What goes beyond is no
// rule that a person wrote.
const (
	maxFileSize = 1 << 20 // bytes; tests hold whole dumps
	maxText     = 4096    // bytes of one text, predicate or pattern
	maxMistakes = 50      // shown of one file, the first in it
	maxKept     = 1000    // kept of one file until they are sorted
	maxShown    = 160     // characters of a line shown around a mistake
)

// LoadError is one mistake in a rule file, with its place.
type LoadError struct {
	File         string
	Line, Column int
	Text         string
	// Source is the line itself, or the part of it around the mistake; "" when there
	// is none to show. Caret is the mistake's place in it, from 0.
	Source string
	Caret  int
}

// Error is "file:line:column: text", then the line with a caret under the place.
func (e *LoadError) Error() string {
	s := fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Text)
	if e.Source == "" {
		return s
	}
	var pad strings.Builder
	for i, r := range []rune(e.Source) {
		if i >= e.Caret {
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
	// broken are selections with a mistake of their own: what refers to them is none.
	broken map[string]bool
	// nested and conditions count what is being read, against their limits; lost is
	// set when a condition was not read.
	nested, conditions int
	lost               bool
	// more are mistakes beyond maxKept.
	more int
}

// parse reads the file's one YAML document.
func parse(file string, text []byte) *document {
	d := &document{file: file, lines: strings.Split(string(text), "\n"), broken: map[string]bool{}}
	if len(text) > maxFileSize {
		d.errs = append(d.errs, &LoadError{File: file, Line: 1, Column: 1, Text: fmt.Sprintf("the file is larger than %d bytes", maxFileSize)})
		return d
	}
	if bad := d.unreadable(); bad != nil {
		d.errs = append(d.errs, bad)
		return d
	}
	var node, next yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	err := decoder.Decode(&node)
	switch {
	case errors.Is(err, io.EOF), err == nil && (node.Kind != yaml.DocumentNode || len(node.Content) != 1):
		d.errs = append(d.errs, d.at(1, 1, "the file holds no YAML document"))
		return d
	case err != nil:
		d.errs = append(d.errs, d.syntaxErrors(err)...)
		return d
	}
	d.root = node.Content[0]
	if err := decoder.Decode(&next); err == nil {
		d.fail(&next, "a file holds one document, here begins another")
	} else if !errors.Is(err, io.EOF) {
		d.errs = append(d.errs, d.syntaxErrors(err)...)
	}
	return d
}

// unreadable finds the first byte that is no text: the YAML library does not say where
// it stands.
func (d *document) unreadable() error {
	for i, line := range d.lines {
		column := 0
		for at, r := range line {
			column++
			switch {
			case r == utf8.RuneError && !strings.HasPrefix(line[at:], "\uFFFD"):
				return d.at(i+1, column, "this is not UTF-8")
			case unicode.IsControl(r) && r != '\t' && r != '\r' && r != '\u0085':
				return d.at(i+1, column, fmt.Sprintf("a control character (%U)", r))
			}
		}
	}
	return nil
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
	if len(text) > maxText/4 {
		text = strings.ToValidUTF8(text[:maxText/4], "") + " ..."
	}
	e := &LoadError{File: printable(d.file), Line: line, Column: column, Text: printable(text)}
	if line >= 1 && line <= len(d.lines) && len(d.lines[line-1]) <= 4*maxText {
		e.Source, e.Caret = around(printable(strings.TrimRight(d.lines[line-1], "\r")), column-1)
	}
	return e
}

// around cuts a long line to what stands around the caret.
func around(line string, caret int) (string, int) {
	runes := []rune(line)
	from := 0
	if len(runes) > maxShown {
		from = max(0, min(caret-maxShown/2, len(runes)-maxShown))
		runes = runes[from : from+maxShown]
	}
	return string(runes), caret - from
}

// printable is text without control characters: a rule file is not trusted with the
// terminal. A newline stays: CEL's messages have them.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if (unicode.IsControl(r) || r == utf8.RuneError) && r != '\t' && r != '\n' {
			return '\uFFFD'
		}
		return r
	}, text)
}

// fail notes a mistake at n.
func (d *document) fail(n *yaml.Node, format string, args ...any) {
	if len(d.errs) >= maxKept {
		d.more++
		return
	}
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
	shown := d.errs
	if more := len(d.errs) + d.more - maxMistakes; more > 0 {
		shown = append(slices.Clone(shown[:maxMistakes]), fmt.Errorf("%s: and %d more", printable(d.file), more))
	}
	return errors.Join(shown...)
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
		if key.Kind != yaml.ScalarNode || key.Value == "" {
			d.fail(key, "%s: a key must be text, this is %s", what, kindName(key))
			continue
		}
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
	if len(n.Value) > maxText {
		d.fail(n, "%s is longer than %d bytes", what, maxText)
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
	if n.Kind == yaml.AliasNode {
		return "an alias"
	}
	if len(n.Value) > maxShown {
		return "a long text"
	}
	return strconv.Quote(n.Value)
}

// didYouMean is `; did you mean "x"?` for the nearest choice, or "".
func didYouMean(word string, choices []string) string {
	if len(word) > maxShown {
		return ""
	}
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
