package tui

import (
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"culprit/analyze/fact"
)

// column is one column of a table.
type column[T any] struct {
	title string
	width int  // columns it takes; the last one takes what is left
	right bool // numbers stand at the right
	// drop is the width of the table below which the column is left out, 0 never; narrow
	// is its own width in a table of less than narrowTable columns, 0 the same.
	drop, narrow int
	text         func(*T) string
}

// narrowTable is the width below which columns are as narrow as they can be.
const narrowTable = 60

// table lists facts of one kind.
type table[T any] struct {
	items   []*T
	columns []column[T]
	refs    func(*T) []fact.Ref
	// tone of a row, nil none.
	tone func(*T) tone
}

func (t table[T]) Len() int { return len(t.items) }

func (t table[T]) Row(i, w int) row {
	item := t.items[i]
	r := row{text: t.line(w, func(c column[T]) string { return c.text(item) })}
	if t.refs != nil {
		r.refs = t.refs(item)
	}
	if t.tone != nil {
		r.tone = t.tone(item)
	}
	return r
}

// head is the line of titles.
func (t table[T]) head(w int) string {
	return t.line(w, func(c column[T]) string { return c.title })
}

func (t table[T]) line(w int, cell func(column[T]) string) string {
	var b strings.Builder
	last := len(t.columns) - 1
	for i, c := range t.columns {
		if w < c.drop {
			continue
		}
		if w < narrowTable && c.narrow > 0 {
			c.width = c.narrow
		}
		text := plain(cell(c))
		if i == last {
			b.WriteString(text)
			break
		}
		text = fit(text, c.width)
		if c.right {
			b.WriteString(pad("", c.width-ansi.StringWidth(text)) + text)
		} else {
			b.WriteString(pad(text, c.width))
		}
		b.WriteByte(' ')
	}
	return b.String()
}

// pointers are those of items, in their order.
func pointers[T any](items []T) []*T {
	out := make([]*T, len(items))
	for i := range items {
		out[i] = &items[i]
	}
	return out
}

// sorted are pointers of items in the order of a comparison.
func sorted[T any](items []T, by func(a, b *T) int) []*T {
	out := pointers(items)
	slices.SortStableFunc(out, by)
	return out
}
