package tui

import (
	"strings"

	"github.com/charmbracelet/x/ansi"

	"culprit/analyze/fact"
	"culprit/analyze/render"
)

// rows are what a view lists. Only the rows on the screen are asked for.
type rows interface {
	Len() int
	// Row is valid for 0 <= i < Len.
	Row(i int) row
}

// row is one line of a view.
type row struct {
	// text may hold anything that a bundle holds; it is drawn through plain.
	text string
	// refs are the places that it rests on: Enter goes there.
	refs []fact.Ref
}

// list is the cursor in rows, and the row at the top of the window.
type list struct {
	cur, top int
	// left is how many columns are scrolled away.
	left int
}

// settle brings the cursor into n rows and the window of height h around it.
func (l *list) settle(n, h int) {
	l.cur = max(min(l.cur, n-1), 0)
	l.top = max(min(l.top, l.cur), l.cur-h+1, 0)
	l.left = max(l.left, 0)
}

// draw returns h lines of at most w columns. The row of the cursor has a mark and is
// in reverse video, so that neither is needed.
func (l *list) draw(rs rows, w, h int) []string {
	l.settle(rs.Len(), h)
	out := make([]string, 0, h)
	for y := range h {
		i := l.top + y
		if i >= rs.Len() {
			out = append(out, "")
			continue
		}
		text := plain(rs.Row(i).text)
		if l.left > 0 {
			text = ansi.Cut(text, l.left, l.left+w)
		}
		mark := "  "
		if i == l.cur {
			mark = "> "
		}
		text = fit(mark+text, w)
		if i == l.cur {
			text = reverse(text)
		}
		out = append(out, text)
	}
	return out
}

// plain makes text of a bundle safe to draw: whatever would move the cursor, change
// the terminal or not be seen is shown as an escape.
func plain(s string) string { return render.Clean(s) }

// fit cuts text to w columns.
func fit(text string, w int) string { return ansi.Truncate(text, w, "…") }

// spread puts right at the end of w columns behind left, which gives way.
func spread(left, right string, w int) string {
	gap := w - ansi.StringWidth(left) - ansi.StringWidth(right)
	if gap < 1 {
		return fit(left, w)
	}
	return left + strings.Repeat(" ", gap) + right
}

func reverse(s string) string { return "\x1b[7m" + s + "\x1b[0m" }

func bold(s string) string { return "\x1b[1m" + s + "\x1b[0m" }

// found is a filtered view of rows.
type found struct {
	rows
	at []int
}

func (f found) Len() int      { return len(f.at) }
func (f found) Row(i int) row { return f.rows.Row(f.at[i]) }

// filter keeps the rows that hold text, whatever its case.
func filter(rs rows, text string) rows {
	if text == "" {
		return rs
	}
	text = strings.ToLower(text)
	f := found{rows: rs}
	for i := range rs.Len() {
		if strings.Contains(strings.ToLower(rs.Row(i).text), text) {
			f.at = append(f.at, i)
		}
	}
	return f
}

// lines are rows that are all there.
type lines []row

func (l lines) Len() int      { return len(l) }
func (l lines) Row(i int) row { return l[i] }
