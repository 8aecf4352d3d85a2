package render

import (
	"strings"
	"unicode/utf8"

	"culprit/analyze/fact"
)

// page is the text under way.
type page struct {
	b     strings.Builder
	width int
	color bool
	full  bool
	// links are the places that lines rest on; here counts lines up to counted bytes.
	links map[int][]fact.Ref
	// begins are the lines with which a statement begins, and the rule it speaks of.
	begins        map[int]string
	line, counted int
	rule          string // what is written now speaks of
}

func newPage(o Options) *page {
	if o.Width == 0 {
		o.Width = 80
	}
	return &page{width: max(o.Width, minWidth), color: o.Color, full: o.Full}
}

// lines is the page line by line, each with the places that it rests on.
func (t *page) lines() []Line {
	var lines []Line
	about := ""
	for i, text := range strings.Split(strings.TrimSuffix(t.b.String(), "\n"), "\n") {
		rule, begins := t.begins[i]
		if begins || strings.TrimSpace(text) == "" {
			about = rule
		}
		lines = append(lines, Line{text, t.links[i], begins, about})
	}
	return lines
}

// here is the number of the line that is written next, from 0.
func (t *page) here() int {
	t.line += strings.Count(t.b.String()[t.counted:], "\n")
	t.counted = t.b.Len()
	return t.line
}

// cited is field with the places that all its lines rest on, of which tail shows
// some.
func (t *page) cited(label, text, tail string, refs []fact.Ref) {
	from := t.here()
	t.field(label, text, tail)
	t.link(from, refs)
}

// begin notes that a statement begins with the line that is written next.
func (t *page) begin() {
	if t.begins == nil {
		t.begins = map[int]string{}
	}
	t.begins[t.here()] = t.rule
}

// link says what the lines written since from rest on.
func (t *page) link(from int, refs []fact.Ref) {
	if t.links == nil {
		t.links = map[int][]fact.Ref{}
	}
	for i := from; i < t.here(); i++ {
		t.links[i] = refs
	}
}

// The SGR codes that mark words; none carries meaning alone.
const (
	bold   = "1"
	red    = "1;31"
	yellow = "33"
	dim    = "2"
)

func (t *page) mark(code, s string) string {
	if !t.color || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// field writes a labelled paragraph; tail, a ref, stands at the right of its last
// line, or on a line of its own where it does not fit.
func (t *page) field(label, text, tail string) {
	t.begin()
	color := dim
	if label == "now" {
		color = yellow
	}
	pad := max(indent-utf8.RuneCountInString(label)-2, 0)
	t.b.WriteString("  " + t.mark(color, label) + strings.Repeat(" ", pad))
	lines := wrap(text, t.width-indent)
	for i, line := range lines {
		if i > 0 {
			t.b.WriteString(strings.Repeat(" ", indent))
		}
		t.b.WriteString(line)
		if i < len(lines)-1 {
			t.b.WriteByte('\n')
		}
	}
	if tail != "" {
		t.tail(tail, indent+utf8.RuneCountInString(lines[len(lines)-1]))
	}
	t.b.WriteByte('\n')
}

// tail puts a ref at the right margin, used being the columns taken.
func (t *page) tail(ref string, used int) {
	const gap = 2
	free := t.width - used - utf8.RuneCountInString(ref)
	if free < gap {
		for _, line := range wrap(ref, t.width-indent-gap) {
			t.b.WriteString("\n" + strings.Repeat(" ", max(indent+gap, t.width-utf8.RuneCountInString(line))) + t.mark(dim, line))
		}
		return
	}
	t.b.WriteString(strings.Repeat(" ", free) + t.mark(dim, ref))
}

// flow writes text that starts at column used and goes on at column hang.
func (t *page) flow(text string, used, hang int) {
	text = strings.Join(strings.Fields(text), " ")
	first := wrap(text, t.width-used)
	t.b.WriteString(first[0] + "\n")
	if len(first) > 1 {
		rest := strings.TrimPrefix(text, first[0])
		for _, line := range wrap(strings.TrimSpace(rest), t.width-hang) {
			t.b.WriteString(strings.Repeat(" ", hang) + line + "\n")
		}
	}
}

// wrap breaks text at blanks into lines of at most width columns; a word that is
// longer is cut. It gives at least one line.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		for utf8.RuneCountInString(word) > width {
			if line != "" {
				lines = append(lines, line)
				line = ""
			}
			cut := string([]rune(word)[:width])
			lines = append(lines, cut)
			word = word[len(cut):]
		}
		switch {
		case line == "":
			line = word
		case utf8.RuneCountInString(line)+1+utf8.RuneCountInString(word) <= width:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}
