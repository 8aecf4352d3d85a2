package tui

import (
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// ours are the sequences that the program itself draws with.
var ours = regexp.MustCompile("\x1b\\[(?:0|1|2|4|7|24|1;31)m")

// FuzzDraw: whatever a line holds, no byte of it reaches the terminal as more than
// text, and no row is wider than the window.
func FuzzDraw(f *testing.F) {
	for _, s := range []string{"plain", "\x1b[31mred\x1b[0m", "\x1b]52;c;ZXZpbA==\a", "\x9b2J", "a\tb", "界界界", "e\u0301\u0301", "\xff\xfe", "\u202egnp.exe", "a\rb\b\b", strings.Repeat("x", 300)} {
		f.Add(s, "r", 20, 0, false)
		f.Add(s, "e", 20, 0, true)
	}
	f.Fuzz(func(t *testing.T, text, find string, w, left int, wrapped bool) {
		w, left = 1+abs(w)%200, abs(left)%400
		m := newTestModel(incident{})
		m.history.here.find, m.history.here.wrap = find, wrapped
		l := &m.history.here.list
		l.left = left
		for _, line := range m.draw(lines{{text: text, tone: bad}, {text: text}}, l, w, 4, true) {
			bare := ours.ReplaceAllString(line, "")
			if strings.ContainsFunc(bare, func(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }) {
				t.Errorf("control characters in %q", line)
			}
			if !utf8.ValidString(bare) {
				t.Errorf("no UTF-8: %q", line)
			}
			if n := ansi.StringWidth(bare); n > w {
				t.Errorf("%d columns of %d: %q", n, w, line)
			}
		}
	})
}

func abs(n int) int {
	if n < 0 {
		return -(n + 1)
	}
	return n
}

func TestListStaysInside(t *testing.T) {
	for _, tt := range []struct{ cur, top, n, h, wantCur, wantTop int }{
		{0, 0, 0, 10, 0, 0},
		{5, 0, 3, 10, 2, 0},
		{-4, 7, 100, 10, 0, 0},
		{50, 0, 100, 10, 50, 41},
		{50, 49, 100, 10, 50, 49},
		{99, 0, 100, 10, 99, 90},
	} {
		l := list{cur: tt.cur, top: tt.top}
		l.settle(tt.n, tt.h)
		if l.cur != tt.wantCur || l.top != tt.wantTop {
			t.Errorf("%+v: cursor %d, top %d", tt, l.cur, l.top)
		}
	}
}

func TestHistory(t *testing.T) {
	h := history{here: route{view: "a"}}
	if h.back() || h.forward() {
		t.Error("moved where there is nothing")
	}
	h.push(route{view: "b"})
	h.push(route{view: "c"})
	h.back()
	h.back()
	if h.here.view != "a" || !h.forward() || h.here.view != "b" {
		t.Errorf("in %s", h.here.view)
	}
	h.push(route{view: "d"}) // what lay ahead is gone
	if h.forward() || h.here.view != "d" || !h.back() || h.here.view != "b" {
		t.Errorf("in %s", h.here.view)
	}
}
