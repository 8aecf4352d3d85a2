package render

import (
	"strings"

	"culprit/analyze/fact"
)

const (
	// pinBytes is how much of a pinned line is shown, as much as Report.Quote reads: it
	// was chosen by hand, and what matters may stand behind a long prefix.
	pinBytes = 512
	// briefPins keeps a comment that is not full below the 65,536 characters that
	// GitHub takes.
	briefPins = 40
)

// line is the pinned line in one row, its columns narrow; "" where it says nothing.
func (p Pin) line() string {
	return strings.Join(strings.Fields(Clean(cutTo(p.Text, pinBytes))), " ")
}

// pins lists what was pinned: the note with the place, the line below.
func (t *page) pins(pins []Pin) {
	if len(pins) == 0 {
		return
	}
	t.b.WriteString(t.mark(bold, "PINNED") + "\n")
	for _, p := range pins {
		refs := []fact.Ref{p.Ref}
		says := p.line()
		if strings.TrimSpace(p.Note) == "" {
			t.cited("-", says, refText(refs), refs)
			continue
		}
		t.cited("-", Clean(p.Note), refText(refs), refs)
		if says != "" {
			t.cited("", says, "", refs)
		}
	}
	t.b.WriteByte('\n')
}

// pins lists what was pinned: the note, the place, the line.
func (m *ticket) pins(pins []Pin) {
	m.list("Pinned", len(pins), briefPins, func(i int) string {
		p := pins[i]
		var parts []string
		if note := inline(p.Note); note != "" {
			parts = append(parts, note)
		}
		if p.Ref.Source != "" {
			parts = append(parts, code(p.Ref.String()))
		}
		if says := p.line(); says != "" {
			parts = append(parts, code(says))
		}
		return strings.Join(parts, ": ")
	})
}
