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
	// Row is valid for 0 <= i < Len. w is how many columns there are for it; rows with
	// columns leave out some where w is small.
	Row(i, w int) row
}

// row is one line of a view.
type row struct {
	// text may hold anything that a bundle holds; it is drawn through plain.
	text string
	// line is the line of the bundle that text shows, "" where it shows none.
	line string
	tone tone
	// fixed is how many columns do not scroll sideways.
	fixed int
	// refs are the places that it rests on: Enter goes there.
	refs []fact.Ref
	// to is where Enter goes instead, nil to the places.
	to *route
	// begins is set for the first line of a statement of the report.
	begins bool
	// rule is the id of the rule that it speaks of, "" none.
	rule string
	// fold names the node of a tree that f opens and closes, "" none.
	fold string
}

// said is the line of the bundle, else what is shown without its margins.
func (r row) said() string {
	if r.line != "" {
		return r.line
	}
	return strings.TrimSpace(r.text)
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

// settleWrapped is settle where row i takes lines(i) lines of the screen.
func (l *list) settleWrapped(n, h int, lines func(i int) int) {
	l.settle(n, h)
	used := 0
	for i := l.cur; i >= l.top; i-- {
		if used += lines(i); used > h {
			l.top = min(i+1, l.cur)
			return
		}
	}
}

// plain makes text of a bundle safe to draw: whatever would move the cursor, change
// the terminal or not be seen is shown as an escape.
func plain(s string) string { return render.Clean(s) }

// fit cuts text to w columns.
func fit(text string, w int) string { return ansi.Truncate(text, w, "…") }

// pad fills text up to w columns.
func pad(text string, w int) string {
	return text + strings.Repeat(" ", max(w-ansi.StringWidth(text), 0))
}

// tail cuts text to its last w columns.
func tail(text string, w int) string {
	if n := ansi.StringWidth(text); n > w {
		return "…" + ansi.Cut(text, n-w+1, n)
	}
	return text
}

// spread puts right at the end of w columns behind left, which gives way.
func spread(left, right string, w int) string {
	gap := w - ansi.StringWidth(left) - ansi.StringWidth(right)
	if gap < 1 {
		return fit(left, w)
	}
	return left + strings.Repeat(" ", gap) + right
}

// wrap breaks text into lines of at most w columns, at blanks where there are any.
func wrap(text string, w int) []string {
	return strings.Split(ansi.Wrap(text, max(w, 1), ""), "\n")
}

// lines are rows that are all there.
type lines []row

func (l lines) Len() int         { return len(l) }
func (l lines) Row(i, w int) row { return l[i] }

func (l lines) text(i int) string { return l[i].text }
