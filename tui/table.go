package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"culprit/analyze/fact"
)

// column is one column of a table.
type column[T any] struct {
	title string
	width int  // columns it takes; the last one takes what is left
	right bool // numbers stand at the right
	// drop is the screen width below which the column is left out, 0 never.
	drop int
	text func(*T) string
}

// table lists facts of one kind.
type table[T any] struct {
	items   []T
	columns []column[T]
	refs    func(*T) []fact.Ref
	width   int
}

func (t table[T]) Len() int { return len(t.items) }

func (t table[T]) Row(i int) row {
	item := &t.items[i]
	return row{text: t.line(func(c column[T]) string { return c.text(item) }), refs: t.refs(item)}
}

// head is the line of titles.
func (t table[T]) head() string { return t.line(func(c column[T]) string { return c.title }) }

func (t table[T]) line(cell func(column[T]) string) string {
	var b strings.Builder
	shown := t.shown()
	for i, c := range shown {
		text := plain(cell(c))
		if i == len(shown)-1 {
			b.WriteString(text)
			break
		}
		text = fit(text, c.width)
		pad := strings.Repeat(" ", c.width-ansi.StringWidth(text))
		if c.right {
			b.WriteString(pad + text + " ")
		} else {
			b.WriteString(text + pad + " ")
		}
	}
	return b.String()
}

func (t table[T]) shown() (out []column[T]) {
	for _, c := range t.columns {
		if t.width >= c.drop {
			out = append(out, c)
		}
	}
	return out
}

// headed are rows with a line of titles that does not scroll.
type headed interface {
	rows
	head() string
}
