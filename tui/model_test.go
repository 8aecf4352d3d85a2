package tui

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"culprit/analyze"
	"culprit/analyze/bundle"
	"culprit/rules"
)

// cases are samples that were read once, with what was spooled of them.
var cases = struct {
	sync.Mutex
	read map[string]*opening
}{read: map[string]*opening{}}

type opening struct {
	*bundleCase
	report *analyze.Report
}

var ruleSet = sync.OnceValues(func() (*rules.Set, error) { return rules.Load() })

func samplePath(t testing.TB, sample string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "samples", sample, "bundle.tar.zst"))
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// read analyses a sample, once for all tests.
func read(t testing.TB, sample string) *opening {
	t.Helper()
	cases.Lock()
	defer cases.Unlock()
	if c := cases.read[sample]; c != nil {
		return c
	}
	c := &opening{bundleCase: caseOf(t, samplePath(t, sample))}
	var err error
	if c.report, err = c.open(context.Background(), func(string) {}, nil); err != nil {
		t.Fatal(err)
	}
	cases.read[sample] = c
	return c
}

// caseOf is what answers for a bundle. Its spool goes with the process.
func caseOf(t testing.TB, path string) *bundleCase {
	t.Helper()
	spool, err := analyze.NewSpool(spoolLimit)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("XDG_CACHE_HOME", t.TempDir()) // where pins are kept
	return newCase(analyze.Options{Version: "test", Limits: bundle.DefaultLimits(), Spool: spool}, func() (*rules.Set, error) { return ruleSet() }, path)
}

// answers are those of a sample that is read already; pins are kept nowhere.
func answers(t testing.TB, sample string) incident {
	c := read(t, sample)
	in := c.incident(context.Background())
	in.open = func(context.Context, func(string), func(*analyze.Report)) (*analyze.Report, error) {
		return c.report, nil
	}
	in.pins = nil
	return in
}

// opened is the program with a sample read, at a size.
func opened(t testing.TB, sample string, w, h int) *model {
	t.Helper()
	return started(t, answers(t, sample), w, h)
}

func started(t testing.TB, in incident, w, h int) *model {
	t.Helper()
	m := newTestModel(in)
	t.Cleanup(m.close)
	send(m, tea.WindowSizeMsg{Width: w, Height: h})
	run(m, m.Init())
	return m
}

// newTestModel is a program for which no time passes.
func newTestModel(in incident) *model {
	m := newModel(in)
	m.after = func(time.Duration, func() tea.Msg) tea.Cmd { return nil }
	return m
}

// send gives the model a message and runs what it asks for.
func send(m *model, msg tea.Msg) {
	_, cmd := m.Update(msg)
	run(m, cmd)
}

// run does what a command asks for.
func run(m *model, cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case tea.BatchMsg:
		for _, c := range msg {
			run(m, c)
		}
	case loaded, arrived, written, sifted, sought, merged, book, rendered, recovered:
		send(m, msg)
	}
}

// press types keys, by the names that Bubble Tea gives them; other words are typed
// letter by letter.
func press(m *model, keys ...string) {
	codes := map[string]tea.Key{"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "down": {Code: tea.KeyDown}, "up": {Code: tea.KeyUp},
		"pgdown": {Code: tea.KeyPgDown}, "pgup": {Code: tea.KeyPgUp}, "tab": {Code: tea.KeyTab}, "shift+tab": {Code: tea.KeyTab, Mod: tea.ModShift},
		"end": {Code: tea.KeyEnd}, "home": {Code: tea.KeyHome}, "left": {Code: tea.KeyLeft}, "right": {Code: tea.KeyRight}, "backspace": {Code: tea.KeyBackspace},
		"space": {Code: tea.KeySpace, Text: " "}}
	for _, k := range keys {
		if key, ok := codes[k]; ok {
			send(m, tea.KeyPressMsg(key))
			continue
		}
		if c, ok := strings.CutPrefix(k, "ctrl+"); ok {
			send(m, tea.KeyPressMsg(tea.Key{Code: []rune(c)[0], Mod: tea.ModCtrl}))
			continue
		}
		for _, c := range k {
			send(m, tea.KeyPressMsg(tea.Key{Text: string(c), Code: c}))
		}
	}
}

func shown(m *model) string { return ansi.Strip(strings.Join(m.screen(), "\n")) + "\n" }

// until moves the cursor down to the first row with the text.
func until(t *testing.T, m *model, text string) {
	t.Helper()
	rs := m.shown()
	for i := range rs.Len() {
		if strings.Contains(rs.Row(i, wide).text, text) {
			m.history.here.list.cur = i
			m.move(0)
			run(m, m.prepare())
			return
		}
	}
	t.Fatalf("no row with %q", text)
}

// untilAside moves the cursor of the detail to the first line with the text.
func untilAside(t *testing.T, m *model, text string) {
	t.Helper()
	i := slices.IndexFunc(m.detail(m.layout().sideW), func(r row) bool { return strings.Contains(r.text, text) })
	if i < 0 {
		t.Fatalf("no line with %q in the detail:\n%s", text, shown(m))
	}
	m.history.here.aside = true
	m.history.here.side.cur = i
}

// From the verdict to the raw line and back to the same place.
func TestThereAndBack(t *testing.T) {
	m := opened(t, "dstate-stop-18.09.2", 80, 24)
	until(t, m, "because     1 ")
	at := m.history.here.list
	press(m, "enter")
	if m.history.here.view != placesView || m.page.Len() < 2 {
		t.Fatalf("in %s with %d rows, want several places", m.history.here.view, m.page.Len())
	}
	press(m, "enter")
	here := m.history.here
	if here.view != sourceView || here.ref.Source != "proc/507/stack" {
		t.Fatalf("in %s of %s", here.view, here.ref)
	}
	if r, _ := m.row(); !strings.Contains(r.text, "percpu_rwsem_wait") || !strings.Contains(r.text, "1* ") {
		t.Errorf("the cursor is on %q", r.text)
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

// Enter leads from a row to its detail and from there to the raw lines; Esc comes back
// step by step, also where there is room for one pane only.
func TestDetail(t *testing.T) {
	for _, size := range [][2]int{{160, 45}, {80, 24}, {40, 10}} {
		m := opened(t, "dstate-stop-18.09.2", size[0], size[1])
		press(m, "6")
		until(t, m, " 507 ")
		at := m.history.here.list
		press(m, "enter")
		if !m.history.here.aside || !strings.Contains(shown(m), "507 sh") {
			t.Fatalf("%v: enter does not lead to the detail:\n%s", size, shown(m))
		}
		untilAside(t, m, "percpu_rwsem_wait")
		side := m.history.here.side
		press(m, "enter")
		if here := m.history.here; here.view != sourceView || here.ref.String() != "proc/507/stack:1" {
			t.Errorf("%v: in %s of %s", size, here.view, here.ref)
		}
		press(m, "esc")
		if here := m.history.here; !here.aside || here.side.cur != side.cur {
			t.Errorf("%v: back at %+v", size, here.side)
		}
		press(m, "esc")
		if here := m.history.here; here.aside || here.view != "processes" || here.list.cur != at.cur {
			t.Errorf("%v: back in %s at %+v", size, here.view, here.list)
		}
		press(m, "o")
		if m.history.here.view != sourceView {
			t.Errorf("%v: o leads to %s", size, m.history.here.view)
		}
	}
}

// The mouse scrolls, points, and opens what it points at.
func TestMouse(t *testing.T) {
	m := opened(t, "dstate-stop-18.09.2", 160, 45)
	press(m, "6")
	send(m, tea.MouseWheelMsg{Button: tea.MouseWheelDown})
	if m.history.here.list.cur != 3 {
		t.Errorf("the wheel leads to row %d", m.history.here.list.cur)
	}
	click := func(text string) {
		for y, l := range strings.Split(shown(m), "\n") {
			if before, _, ok := strings.Cut(l, text); ok {
				send(m, tea.MouseClickMsg{X: ansi.StringWidth(before), Y: y, Button: tea.MouseLeft})
				return
			}
		}
		t.Fatalf("no %q on the screen:\n%s", text, shown(m))
	}
	click("    511 ")
	if r, _ := m.row(); !strings.Contains(r.text, " 511 ") || m.history.here.aside {
		t.Errorf("a click chose %q", r.text)
	}
	click("    511 ")
	if !m.history.here.aside {
		t.Error("a second click does not lead to the detail")
	}
	click("percpu_rwsem_wait")
	click("percpu_rwsem_wait")
	if m.history.here.ref.String() != "proc/511/stack:1" {
		t.Errorf("clicks in the detail lead to %s", m.history.here.ref)
	}
	click("8 containers")
	if m.history.here.view != "containers" {
		t.Errorf("a click on a tab leads to %s", m.history.here.view)
	}
	for _, y := range []int{0, 44, 99} {
		send(m, tea.MouseClickMsg{Y: y}) // beside the rows: nothing happens
	}
	press(m, "M")
	if m.View().MouseMode != tea.MouseModeNone {
		t.Error("M leaves the mouse on")
	}
}

// What cannot be read is said, and the program stays usable.
func TestGone(t *testing.T) {
	in := answers(t, "healthy-20.10.24")
	in.source = func(context.Context, string) (*source, error) { return nil, analyze.ErrNoSource }
	m := started(t, in, 80, 24)
	press(m, "0", "o")
	if !strings.Contains(m.foot(), analyze.ErrNoSource.Error()) {
		t.Errorf("foot %q", m.foot())
	}
	press(m, "esc", "1")
	if m.history.here.view != "summary" || m.page.Len() == 0 {
		t.Errorf("in %s with %d rows", m.history.here.view, m.page.Len())
	}
}

// A bundle that changes or vanishes on disk is said to, once, and stays on the screen.
func TestChangedOnDisk(t *testing.T) {
	dir := t.TempDir()
	raw, err := os.ReadFile(samplePath(t, "healthy-20.10.24"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "b.tar.zst")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	in := caseOf(t, file).incident(context.Background())
	in.pins = nil
	m := started(t, in, 80, 24)
	if changed := m.look(); changed != "" {
		t.Fatalf("before anything: %q", changed)
	}
	if err := os.WriteFile(file, raw[:100], 0o600); err != nil {
		t.Fatal(err)
	}
	send(m, looked{m.look()})
	if s := shown(m); !strings.Contains(s, "CHANGED ON DISK") || !strings.Contains(s, "what was read of it stays") {
		t.Errorf("screen:\n%s", s)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	send(m, looked{m.look()})
	press(m, "0", "o")
	if s := shown(m); !strings.Contains(s, "VANISHED") || m.shown().Len() == 0 || m.history.here.view != sourceView {
		t.Errorf("screen:\n%s", s)
	}
}

// Before the bundle is read there is a screen, and keys do no harm.
func TestReading(t *testing.T) {
	m := newTestModel(incident{paths: []string{"case.tar.zst"}})
	send(m, tea.WindowSizeMsg{Width: 60, Height: 10})
	m.read.source("proc/1/stat")
	m.read.source("proc/1/status")
	for _, a := range actions() {
		for _, k := range a.keys {
			if k != "q" && k != "ctrl+c" {
				m.history = history{here: newRoute("summary")}
				press(m, k)
				press(m, "esc", "enter")
			}
		}
	}
	m.history = history{here: newRoute("summary")}
	if s := shown(m); !strings.Contains(s, "reading case.tar.zst") || !strings.Contains(s, "2 sources, proc/1/status") {
		t.Errorf("screen:\n%s", s)
	}
}

// A reading that is ended before there was anything stays on the screen.
func TestNothingRead(t *testing.T) {
	in := answers(t, "healthy-20.10.24")
	in.open = func(ctx context.Context, _ func(string), _ func(*analyze.Report)) (*analyze.Report, error) {
		return nil, context.Canceled
	}
	m := newTestModel(in)
	t.Cleanup(m.close)
	send(m, tea.WindowSizeMsg{Width: 80, Height: 24})
	press(m, "esc")
	send(m, loaded{err: context.Canceled})
	if m.err != nil || !strings.Contains(m.foot(), "nothing was read yet") {
		t.Errorf("%v, foot %q", m.err, m.foot())
	}
}

// What fails after a part was read leaves that part.
func TestFailsLate(t *testing.T) {
	m := newTestModel(answers(t, "healthy-20.10.24"))
	t.Cleanup(m.close)
	send(m, tea.WindowSizeMsg{Width: 80, Height: 24})
	early := *read(t, "healthy-20.10.24").report
	early.Early = true
	send(m, loaded{report: &early})
	send(m, loaded{err: os.ErrPermission})
	if m.err != nil || m.report == nil || !strings.Contains(m.foot(), "the reading failed") {
		t.Errorf("%v, foot %q", m.err, m.foot())
	}
}

// How the rules stand is asked again for another report.
func TestStaleBook(t *testing.T) {
	m := opened(t, "dstate-stop-18.09.2", 80, 24)
	other := *m.report
	send(m, book{&other, []judged{}})
	if m.book != nil {
		t.Error("the rules of another report are taken")
	}
	press(m, "9")
	if len(m.book) == 0 {
		t.Error("the rules are not asked")
	}
}

// With long lines wrapped a click chooses the line that is under the mouse.
func TestClickWrapped(t *testing.T) {
	m := opened(t, "dstate-stop-18.09.2", 80, 24)
	press(m, "0", "/", "dockerd.log", "enter", "o", "w", "pgdown")
	drawn := strings.Split(shown(m), "\n")
	for y, l := range drawn[2:22] {
		if number := strings.Fields(l); strings.Contains(l, " time=") && len(number) > 1 && !strings.HasPrefix(l, ">") {
			send(m, tea.MouseClickMsg{X: 10, Y: y + 2, Button: tea.MouseLeft})
			if r, _ := m.row(); !strings.HasPrefix(strings.TrimSpace(r.text), number[0]+" ") {
				t.Fatalf("a click on %q chose %q", l, r.text)
			}
			return
		}
	}
	t.Fatal("nothing to click on")
}

// A verdict on what was read so far is marked as that, and Esc ends the reading.
func TestEarly(t *testing.T) {
	c := read(t, "dstate-stop-18.09.2")
	in := answers(t, "dstate-stop-18.09.2")
	m := newTestModel(in)
	t.Cleanup(m.close)
	send(m, tea.WindowSizeMsg{Width: 80, Height: 24})
	stopped := false
	m.stop = func() { stopped = true }
	press(m, "esc")
	if !stopped || !strings.Contains(m.note, "reading ends") {
		t.Errorf("esc while reading: stopped %t, %q", stopped, m.note)
	}
	early := *c.report
	early.Early = true
	send(m, loaded{report: &early})
	if s := shown(m); !strings.Contains(s, "EARLY") || !strings.Contains(s, "ROOT CAUSE") {
		t.Errorf("screen:\n%s", s)
	}
	press(m, "3", "down", "down")
	send(m, loaded{report: c.report})
	if s := shown(m); strings.Contains(s, "EARLY") || m.history.here.view != "goroutines" || m.history.here.list.cur != 2 {
		t.Errorf("in %s at %+v:\n%s", m.history.here.view, m.history.here.list, s)
	}
	send(m, loaded{report: &early}) // comes too late
	if m.report.Early {
		t.Error("an early report replaces the report")
	}
}
