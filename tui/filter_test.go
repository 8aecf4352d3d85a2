package tui

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// many are rows of which every tenth says so.
type many int

func (n many) Len() int { return int(n) }
func (n many) Row(i, _ int) row {
	if i%10 == 0 {
		return row{text: fmt.Sprintf("row %d TENTH", i)}
	}
	return row{text: fmt.Sprintf("row %d", i)}
}

// A filter keeps what a slow one keeps, whatever the chunks.
func TestSift(t *testing.T) {
	for _, find := range []string{"tenth", "!tenth", "7", "nothing"} {
		for _, context := range []int{0, 2} {
			m := newTestModel(incident{})
			m.w, m.h = 80, 24
			m.page = page{rows: many(200_000)}
			m.history.here.find, m.history.here.context = find, context
			run(m, m.filter())
			var want []int32
			p := newPattern(find)
			for i := range m.page.Len() {
				near := false
				for j := max(i-context, 0); j <= min(i+context, m.page.Len()-1); j++ {
					near = near || p.matches(m.page.Row(j, wide).said())
				}
				if near {
					want = append(want, int32(i))
				}
			}
			if !m.sift.done || !slices.Equal(m.sift.found.at, want) {
				t.Errorf("%q with %d lines around: done %t, %d rows, want %d", find, context, m.sift.done, len(m.sift.found.at), len(want))
			}
		}
	}
}

// Results of a filter that is no more are dropped.
func TestStaleFilter(t *testing.T) {
	m := newTestModel(incident{})
	m.w, m.h = 80, 24
	m.page = page{rows: many(200_000)}
	m.history.here.find = "tenth"
	old := m.filter()
	if old == nil || m.sift.done {
		t.Fatal("the filter is done at once")
	}
	m.history.here.find = "row 7"
	next := m.filter()
	n := m.sift.found.Len()
	send(m, old())
	if m.sift.found.Len() != n {
		t.Error("a stale chunk was taken")
	}
	run(m, next)
	for i := range m.sift.found.Len() {
		if !strings.Contains(m.sift.found.Row(i, wide).text, "row 7") {
			t.Fatalf("row %q", m.sift.found.Row(i, wide).text)
		}
	}
	m.seeks++
	send(m, sought{seek{gen: m.seeks - 1, at: 5, rows: m.page.rows}, true})
	if m.history.here.list.cur != 0 {
		t.Error("a stale search moves the cursor")
	}
}

// Where a filter is still looking when one comes back, the cursor waits for its row.
func TestPlaceWaits(t *testing.T) {
	m := newTestModel(incident{})
	m.w, m.h = 80, 24
	m.page = page{rows: many(200_000)}
	m.history.here.find = "tenth"
	run(m, m.filter())
	press(m, "end")
	saved := m.history.here.list
	next := m.filter() // as coming back does
	m.settle()
	m.restore(saved)
	if m.history.here.list == saved {
		t.Fatal("the filter is done at once")
	}
	run(m, next)
	if m.history.here.list != saved {
		t.Errorf("at %+v, was at %+v", m.history.here.list, saved)
	}
	next = m.filter()
	m.cursorTo(150_000)
	run(m, next)
	if m.index() != 150_000 {
		t.Errorf("at row %d", m.index())
	}
	next = m.filter()
	m.cursorTo(150_000)
	press(m, "down") // another place is wanted now
	at := m.history.here.list.cur
	run(m, next)
	if m.history.here.list.cur != at {
		t.Errorf("the cursor leaves row %d for %d", at, m.history.here.list.cur)
	}
}

// A filter keeps rows; in raw lines it is a search, and context stays.
func TestFind(t *testing.T) {
	m := opened(t, "dstate-stop-18.09.2", 80, 24)
	press(m, "6")
	all := m.shown().Len()
	press(m, "/", "froz", "enter")
	n := m.shown().Len()
	if n == 0 || n >= all {
		t.Errorf("%d of %d rows are left", n, all)
	}
	press(m, "down", "ctrl+f")
	if r, _ := m.row(); m.shown().Len() != all || !strings.Contains(r.text, "froz") {
		t.Errorf("%d rows with the filter off, on %q", m.shown().Len(), r.text)
	}
	press(m, "ctrl+f", "z")
	if m.shown().Len() <= n {
		t.Error("z shows no more lines")
	}
	press(m, "Z", "esc")
	if m.shown().Len() != all || m.history.here.view != "processes" {
		t.Errorf("esc leaves %d rows in %s", m.shown().Len(), m.history.here.view)
	}
	press(m, "0", "/", "dockerd.log", "enter", "o")
	all = m.shown().Len()
	press(m, "/", "fifox", "backspace", "enter")
	r, _ := m.row()
	first := m.history.here.list.cur
	if m.shown().Len() != all || !strings.Contains(r.text, "fifo") {
		t.Errorf("%d of %d rows, on %q", m.shown().Len(), all, r.text)
	}
	press(m, "n")
	if m.history.here.list.cur <= first {
		t.Error("n does not go on")
	}
	press(m, "N")
	if m.history.here.list.cur != first {
		t.Error("N does not come back")
	}
	press(m, "F")
	if r2, _ := m.row(); m.shown().Len() >= all || r2.text != r.text {
		t.Errorf("F keeps %d of %d rows, on %q", m.shown().Len(), all, r2.text)
	}
	press(m, "enter")
	if r2, _ := m.row(); m.shown().Len() != all || !strings.HasSuffix(r2.text, r.text[9:]) {
		t.Errorf("enter shows %d rows, on %q", m.shown().Len(), r2.text)
	}
	press(m, "/", "no such thing", "enter")
	if !strings.Contains(m.note, "no more of") {
		t.Errorf("note %q", m.note)
	}
}

func TestUnderline(t *testing.T) {
	if got := underline("a Fifo and a fifo", "fifo"); got != "a \x1b[4mFifo\x1b[24m and a \x1b[4mfifo\x1b[24m" {
		t.Errorf("%q", got)
	}
	if got := underline("İx", "x"); got != "İx" { // its lower case is longer
		t.Errorf("%q", got)
	}
}
