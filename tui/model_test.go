package tui

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"culprit/analyze"
	"culprit/analyze/bundle"
	"culprit/rules"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// samples are analysed once.
var samples = struct {
	sync.Mutex
	reports map[string]*analyze.Report
}{reports: map[string]*analyze.Report{}}

var ruleSet = sync.OnceValues(func() (*rules.Set, error) { return rules.Load() })

func options(t testing.TB) analyze.Options {
	t.Helper()
	set, err := ruleSet()
	if err != nil {
		t.Fatal(err)
	}
	return analyze.Options{Rules: set, Version: "test", Limits: bundle.DefaultLimits()}
}

// opened is the program with a sample read, at a size.
func opened(t testing.TB, sample string, w, h int) *model {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "samples", sample, "bundle.tar.zst"))
	if err != nil {
		t.Fatal(err)
	}
	samples.Lock()
	defer samples.Unlock()
	if samples.reports[sample] == nil {
		r, err := analyze.Bundles(context.Background(), options(t), path)
		if err != nil {
			t.Fatal(err)
		}
		samples.reports[sample] = r
	}
	m := newModel(incident{
		paths: []string{path},
		open:  func(func(string)) (*analyze.Report, error) { return samples.reports[sample], nil },
		source: func(name string) (*spool, error) {
			return openSource(context.Background(), options(t), name, []string{path})
		},
		comment: func(r *analyze.Report) (string, error) {
			return comment(context.Background(), options(t), r, []string{path})
		},
	})
	t.Cleanup(m.close)
	send(m, tea.WindowSizeMsg{Width: w, Height: h})
	run(m, m.Init())
	return m
}

// send gives the model a message and runs what it asks for.
func send(m *model, msg tea.Msg) {
	_, cmd := m.Update(msg)
	run(m, cmd)
}

func run(m *model, cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case tea.BatchMsg:
		for _, c := range msg {
			run(m, c)
		}
	case loaded, arrived, written:
		send(m, msg)
	}
}

// press types keys, by the names that Bubble Tea gives them.
func press(m *model, keys ...string) {
	codes := map[string]rune{"enter": tea.KeyEnter, "esc": tea.KeyEscape, "down": tea.KeyDown, "up": tea.KeyUp, "pgdown": tea.KeyPgDown, "tab": tea.KeyTab,
		"end": tea.KeyEnd, "home": tea.KeyHome, "right": tea.KeyRight, "backspace": tea.KeyBackspace}
	for _, k := range keys {
		key := tea.Key{Text: k, Code: []rune(k)[0]}
		if code, ok := codes[k]; ok {
			key = tea.Key{Code: code}
		}
		send(m, tea.KeyPressMsg(key))
	}
}

func shown(m *model) string { return ansi.Strip(strings.Join(m.screen(), "\n")) + "\n" }

// until moves the cursor down to the first row with the text.
func until(t *testing.T, m *model, text string) {
	t.Helper()
	for i := range m.rows.Len() {
		if strings.Contains(m.rows.Row(i).text, text) {
			m.history.here.list.cur = i
			m.move(0)
			return
		}
	}
	t.Fatalf("no row with %q", text)
}

// TestViews holds every view at three sizes to its golden.
func TestViews(t *testing.T) {
	for _, size := range [][2]int{{40, 10}, {80, 24}, {160, 45}} {
		for _, v := range views {
			m := opened(t, "dstate-stop-18.09.2", size[0], size[1])
			press(m, v.key, "down")
			golden(t, fmt.Sprintf("%s-%dx%d", v.name, size[0], size[1]), shown(m))
		}
		m := opened(t, "dstate-stop-18.09.2", size[0], size[1])
		press(m, "?")
		golden(t, fmt.Sprintf("help-%dx%d", size[0], size[1]), shown(m))
	}
	m := opened(t, "healthy-20.10.24", 80, 24)
	golden(t, "healthy-80x24", shown(m))
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		os.MkdirAll("testdata", 0o755)
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs (-update rewrites it); got:\n%s", file, got)
	}
}

// From the verdict to the raw line and back to the same place.
func TestThereAndBack(t *testing.T) {
	m := opened(t, "dstate-stop-18.09.2", 80, 24)
	until(t, m, "because     1 ")
	at := m.history.here.list
	press(m, "enter")
	if m.history.here.view != placesView || m.rows.Len() < 2 {
		t.Fatalf("in %s with %d rows, want several places", m.history.here.view, m.rows.Len())
	}
	press(m, "enter")
	here := m.history.here
	if here.view != sourceView || here.ref.Source != "proc/507/stack" {
		t.Fatalf("in %s of %s", here.view, here.ref)
	}
	if text := m.rows.Row(here.list.cur).text; !strings.Contains(text, "percpu_rwsem_wait") || !strings.Contains(text, "1* ") {
		t.Errorf("the cursor is on %q", text)
	}
	press(m, "esc", "esc")
	if got := m.history.here; got.view != "summary" || got.list != at {
		t.Errorf("back in %s at %+v, was at %+v", got.view, got.list, at)
	}
	press(m, "]", "]")
	if m.history.here.view != sourceView {
		t.Errorf("forward leads to %s", m.history.here.view)
	}
	press(m, "[", "[", "[")
	if m.history.here.view != "summary" || !strings.Contains(m.note, "where you began") {
		t.Errorf("at the beginning: %s, %q", m.history.here.view, m.note)
	}
}

// A filter keeps rows; in raw lines it is a search, and context stays.
func TestFind(t *testing.T) {
	m := opened(t, "dstate-stop-18.09.2", 80, 24)
	press(m, "6")
	all := m.rows.Len()
	press(m, "/", "f", "r", "o", "z", "enter")
	if n := m.rows.Len(); n == 0 || n >= all {
		t.Errorf("%d of %d rows are left", n, all)
	}
	for i := range m.rows.Len() {
		if !strings.Contains(m.rows.Row(i).text, "froz") {
			t.Errorf("row %q", m.rows.Row(i).text)
		}
	}
	press(m, "9", "/", "d", "o", "c", "k", "e", "r", "d", ".", "l", "o", "g", "enter", "enter")
	all = m.rows.Len()
	press(m, "/", "f", "i", "f", "o", "x", "backspace", "enter")
	first := m.history.here.list.cur
	if m.rows.Len() != all || !strings.Contains(m.rows.Row(first).text, "fifo") {
		t.Errorf("%d of %d rows, on %q", m.rows.Len(), all, m.rows.Row(first).text)
	}
	press(m, "n")
	if m.history.here.list.cur <= first {
		t.Error("n does not go on")
	}
	press(m, "N")
	if m.history.here.list.cur != first {
		t.Error("N does not come back")
	}
}

// The screen has exactly h lines of at most w columns, whatever the size.
func TestEverySize(t *testing.T) {
	m := opened(t, "dstate-stop-18.09.2", 80, 24)
	for _, keys := range [][]string{{"1"}, {"6", "down"}, {"3", "enter"}, {"?"}} {
		press(m, keys...)
		for w := 1; w <= 200; w += 3 {
			for h := 1; h <= 60; h++ {
				send(m, tea.WindowSizeMsg{Width: w, Height: h})
				lines := m.screen()
				if len(lines) != h {
					t.Fatalf("%v at %dx%d: %d lines", keys, w, h, len(lines))
				}
				for _, l := range lines {
					if n := ansi.StringWidth(l); n > w {
						t.Fatalf("%v at %dx%d: %d columns: %q", keys, w, h, n, l)
					}
				}
			}
		}
	}
}

// The mouse scrolls, points, and opens what it points at.
func TestMouse(t *testing.T) {
	m := opened(t, "dstate-stop-18.09.2", 80, 24)
	press(m, "6")
	send(m, tea.MouseWheelMsg{Button: tea.MouseWheelDown})
	if m.history.here.list.cur != 3 {
		t.Errorf("the wheel leads to row %d", m.history.here.list.cur)
	}
	lines := strings.Split(shown(m), "\n")
	for y, l := range lines {
		if strings.Contains(l, " 511 ") {
			send(m, tea.MouseClickMsg{X: 5, Y: y, Button: tea.MouseLeft})
			if text := m.rows.Row(m.history.here.list.cur).text; !strings.Contains(text, " 511 ") {
				t.Errorf("a click on %q chose %q", l, text)
			}
			send(m, tea.MouseClickMsg{X: 5, Y: y, Button: tea.MouseLeft})
		}
	}
	if m.history.here.view != placesView {
		t.Errorf("a second click leads to %s", m.history.here.view)
	}
	for _, y := range []int{0, 1, 2, 23, 99} {
		send(m, tea.MouseClickMsg{Y: y}) // beside the rows: nothing happens
	}
}

// The comment for a ticket is written beside what is there, never over it; where it
// cannot be written that is said.
func TestExport(t *testing.T) {
	m := opened(t, "dstate-stop-18.09.2", 80, 24)
	t.Chdir(t.TempDir())
	press(m, "x")
	press(m, "x")
	for _, name := range []string{"culprit-node-a17-20261122T034928Z.md", "culprit-node-a17-20261122T034928Z-2.md"} {
		text, err := os.ReadFile(name)
		if err != nil || !strings.HasPrefix(string(text), "## Root cause (certain): ") || !strings.Contains(string(text), "[<0>] percpu_rwsem_wait") {
			t.Errorf("%s: %v, %.60q", name, err, text)
		}
	}
	if !strings.Contains(m.foot(), "written to culprit-node-a17-20261122T034928Z-2.md") {
		t.Errorf("foot %q", m.foot())
	}
	m.comment = func(*analyze.Report) (string, error) { return "", os.ErrPermission }
	press(m, "x")
	if !strings.Contains(m.foot(), "permission denied") || m.rows.Len() == 0 {
		t.Errorf("foot %q", m.foot())
	}
}

// What cannot be read is said, and the program stays usable.
func TestGone(t *testing.T) {
	m := opened(t, "healthy-20.10.24", 80, 24)
	m.source = func(string) (*spool, error) { return nil, analyze.ErrNoSource }
	press(m, "9", "enter")
	if !strings.Contains(m.foot(), analyze.ErrNoSource.Error()) {
		t.Errorf("foot %q", m.foot())
	}
	press(m, "esc", "1")
	if m.history.here.view != "summary" || m.rows.Len() == 0 {
		t.Errorf("in %s with %d rows", m.history.here.view, m.rows.Len())
	}
}

// Before the bundle is read there is a screen, and keys do no harm.
func TestReading(t *testing.T) {
	m := newModel(incident{paths: []string{"case.tar.zst"}})
	send(m, tea.WindowSizeMsg{Width: 60, Height: 10})
	m.read.source("proc/1/stat")
	m.read.source("proc/1/status")
	for _, a := range actions() {
		for _, k := range a.keys {
			if k != "q" && k != "ctrl+c" {
				press(m, k)
			}
		}
	}
	press(m, "esc", "esc", "1")
	if s := shown(m); !strings.Contains(s, "reading case.tar.zst: 2 sources, proc/1/status") {
		t.Errorf("screen:\n%s", s)
	}
}

func BenchmarkFrame(b *testing.B) {
	m := opened(b, "dstate-stop-18.09.2", 160, 45)
	for _, n := range []int{100, 1_000_000} {
		s := &spool{}
		f, err := os.CreateTemp(b.TempDir(), "lines")
		if err != nil {
			b.Fatal(err)
		}
		s.file = f
		line := []byte("2026-11-22T04:10:52Z some line of a log that is neither short nor very long\n")
		for range n {
			s.Write(line)
		}
		m.rows = raw{spool: s}
		m.history.here.list = list{cur: n / 2}
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for i := range b.N {
				m.move(1 - i%2*2)
				m.View()
			}
		})
	}
}
