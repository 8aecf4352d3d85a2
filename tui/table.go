package tui

import (
	"slices"
	"strings"

	"culprit/analyze/fact"
)

// column is one column of a table.
type column[T any] struct {
	title string
	width int  // columns it takes; the last one takes what is left
	right bool // numbers stand at the right
	// drop is the width of the table below which the column is left out, 0 never.
	drop int
	text func(*T) string
}

// table lists facts of one kind.
type table[T any] struct {
	items   []T
	columns []column[T]
	refs    func(*T) []fact.Ref
	// tone of a row, nil none.
	tone func(*T) tone
}

func (t table[T]) Len() int { return len(t.items) }

func (t table[T]) Row(i, w int) row {
	item := &t.items[i]
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
		text := plain(cell(c))
		if i == last {
			b.WriteString(text)
			break
		}
		text = fit(text, c.width)
		if c.right {
			b.WriteString(strings.Repeat(" ", c.width-len([]rune(text))))
			b.WriteString(text)
		} else {
			b.WriteString(pad(text, c.width))
		}
		b.WriteByte(' ')
	}
	return b.String()
}

// sorted is a copy of items in the order of the first comparison that tells.
func sorted[T any](items []T, by func(a, b *T) int) []T {
	out := slices.Clone(items)
	slices.SortStableFunc(out, func(a, b T) int { return by(&a, &b) })
	return out
}
