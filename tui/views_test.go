package tui

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// update says whether the goldens are rewritten: teatest brings the flag.
func update() bool { return flag.Lookup("update").Value.String() == "true" }

// TestViews holds every view at three sizes to its golden.
func TestViews(t *testing.T) {
	const sample = "dstate-stop-18.09.2"
	for _, size := range [][2]int{{40, 10}, {80, 24}, {160, 45}} {
		for _, tt := range []struct {
			name string
			keys []string
		}{
			{"summary", []string{"1", "down"}},
			{"findings", []string{"2", "down"}},
			{"goroutines", []string{"3", "down"}},
			{"goroutines-state", []string{"3", "B", "B"}},
			{"logs", []string{"4", "down", "down", "down"}},
			{"timeline", []string{"4", "B", "end"}},
			{"log-files", []string{"4", "B", "B"}},
			{"mounts", []string{"5", "down"}},
			{"processes", []string{"6", "down", "down"}},
			{"process-tree", []string{"6", "B", "down"}},
			{"sockets", []string{"7", "down"}},
			{"containers", []string{"8", "down"}},
			{"rules", []string{"9", "down"}},
			{"bundle", []string{"0", "down"}},
			{"ticket", []string{"1", "down", "m", "6", "m", "t"}},
			{"source", []string{"3", "down", "o"}},
			{"help", []string{"?"}},
			{"palette", []string{":", "gor"}},
			{"export", []string{"x"}},
		} {
			m := opened(t, sample, size[0], size[1])
			press(m, tt.keys...)
			golden(t, fmt.Sprintf("%s-%dx%d", tt.name, size[0], size[1]), shown(m))
		}
	}
	for _, tt := range []struct {
		name, sample string
		keys         []string
	}{
		{"healthy", "healthy-20.10.24", nil},
		{"mount-held", "mount-leak-privatetmp-18.06.3", []string{"5", "/", "overlay2", "enter"}},
		{"latent", "mount-leak-privatetmp-18.06.3", []string{"2"}},
		{"client-leak", "client-conn-leak-18.09.2", []string{"3"}},
		{"client-sockets", "client-conn-leak-18.09.2", []string{"7"}},
		{"kubelet-timeline", "exec-eof-kubelet-18.09.2", []string{"4", "B", "e", "e"}},
		{"why-not", "exec-eof-kubelet-18.09.2", []string{"9", "/", "filesystem-frozen", "enter"}},
		{"frozen-container", "cgroup-frozen-20.10.24", []string{"8", "/", "frz", "enter"}},
		{"timed-out", "containerd-stopped-20.10.24", []string{"0"}},
	} {
		m := opened(t, tt.sample, 80, 24)
		press(m, tt.keys...)
		golden(t, tt.name+"-80x24", shown(m))
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if update() {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
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

// The screens that the README shows are those that are drawn.
func TestReadmeScreens(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		w, h int
		keys []string
	}{{130, 24, nil}, {100, 28, []string{"3", "j"}}} {
		m := opened(t, "dstate-kubelet-18.09.2", tt.w, tt.h)
		press(m, tt.keys...)
		var screen []string
		for _, l := range strings.Split(strings.TrimSpace(shown(m)), "\n") {
			screen = append(screen, strings.TrimRight(l, " "))
		}
		if text := strings.Join(screen, "\n"); !strings.Contains(string(readme), "```\n"+text+"\n```") {
			t.Errorf("README.md does not show:\n%s", text)
		}
	}
}

// The keys for the next and previous part of the report lead from one to another.
func TestParts(t *testing.T) {
	m := opened(t, "dstate-stop-18.09.2", 80, 24)
	var parts []string
	for {
		at := m.history.here.list.cur
		press(m, "}")
		r, _ := m.row()
		if m.history.here.list.cur == at {
			break
		}
		parts = append(parts, strings.TrimSpace(r.text[:min(len(r.text), 16)]))
	}
	if got := strings.Join(parts, "|"); !strings.Contains(got, "->|because     1|2|3|4|5|6|7") || !strings.Contains(got, "|ruled out   cg|") || !strings.Contains(got, "|now         th|") {
		t.Errorf("parts %s", got)
	}
	press(m, "{")
	if r, _ := m.row(); !strings.HasPrefix(r.text, "  for good") {
		t.Errorf("{ leads to %q", r.text)
	}
}

// What a place cites is seen beside the list of places, however small that pane is.
func TestPlacesShowLines(t *testing.T) {
	m := opened(t, "exec-eof-kubelet-18.09.2", 80, 24)
	until(t, m, "because     1 ")
	press(m, "enter")
	if s := shown(m); m.history.here.view != placesView || !strings.Contains(s, "188* time=") {
		t.Errorf("screen:\n%s", s)
	}
}

// A bundle that is cut opens, and says so.
func TestDamaged(t *testing.T) {
	raw, err := os.ReadFile(samplePath(t, "dstate-stop-18.09.2"))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "cut.tar.zst")
	if err := os.WriteFile(file, raw[:len(raw)/2], 0o600); err != nil {
		t.Fatal(err)
	}
	m := started(t, caseOf(t, file).incident(context.Background()), 80, 24)
	until(t, m, "PROBLEMS WITH THE INPUT")
	until(t, m, "cut after")
	if m.err != nil || len(m.report.Problems) == 0 {
		t.Errorf("%v, problems %v", m.err, m.report.Problems)
	}
}

// The screen has exactly h lines of at most w columns, whatever the size and wherever one
// is: every size is drawn, by one place after the other.
func TestEverySize(t *testing.T) {
	var places []*model
	for _, keys := range [][]string{{"1"}, {"2", "tab"}, {"3", "down"}, {"4", "B"}, {"5", "f"}, {"6", "B", "tab"}, {"9", "down"}, {"1", "m", "t"}, {"3", "o", "w"}, {"?"}, {":", "x"}, {"x"}, {"/", "filter"}} {
		m := opened(t, "dstate-stop-18.09.2", 80, 24)
		press(m, keys...)
		places = append(places, m)
	}
	for w := 1; w <= 200; w++ {
		for h := 1; h <= 60; h++ {
			m := places[(w+h)%len(places)]
			send(m, tea.WindowSizeMsg{Width: w, Height: h})
			lines := m.screen()
			if len(lines) != h {
				t.Fatalf("%s at %dx%d: %d lines", m.history.here.view, w, h, len(lines))
			}
			for _, l := range lines {
				if n := ansi.StringWidth(l); n > w {
					t.Fatalf("%s at %dx%d: %d columns: %q", m.history.here.view, w, h, n, l)
				}
			}
		}
	}
}

// Colors say nothing that is not there without them, and ASCII is ASCII of the same
// width.
func TestThemes(t *testing.T) {
	m := opened(t, "dstate-stop-18.09.2", 160, 45)
	for _, key := range []string{"1", "2", "3", "4", "5", "6", "9", "0"} {
		m.theme, m.ascii = themes[0], false
		press(m, key)
		plain := shown(m)
		for range themes {
			press(m, "C")
			m.note = ""
			if s := shown(m); s != plain {
				t.Errorf("view %s differs in %s:\n%s", key, m.theme.name, s)
			}
			if colored := strings.Join(m.screen(), "\n"); m.theme.name == "mono" && strings.Contains(colored, "\x1b[3") {
				t.Errorf("view %s has colors in mono", key)
			}
		}
		press(m, "A")
		for i, l := range m.screen() {
			if n := ansi.StringWidth(l); n != ansi.StringWidth(strings.Split(plain, "\n")[i]) {
				t.Errorf("view %s, line %d: %d columns in ASCII: %q", key, i, n, l)
			}
			if strings.ContainsFunc(l, func(r rune) bool { return r > 0x7e }) {
				t.Errorf("view %s: not ASCII: %q", key, l)
			}
		}
	}
}

func TestLocale(t *testing.T) {
	for _, tt := range []struct {
		env  map[string]string
		want bool
	}{
		{nil, false},
		{map[string]string{"LANG": "en_US.UTF-8"}, true},
		{map[string]string{"LANG": "de_DE.utf8"}, true},
		{map[string]string{"LANG": "C"}, false},
		{map[string]string{"LC_ALL": "C", "LANG": "C.UTF-8"}, false},
		{map[string]string{"LC_CTYPE": "C.UTF-8", "LANG": "C"}, true},
	} {
		if got := utf8Locale(func(k string) string { return tt.env[k] }); got != tt.want {
			t.Errorf("%v: %t", tt.env, got)
		}
	}
}

// The tree of mounts folds; folding is forgotten by none of the other places.
func TestFold(t *testing.T) {
	m := opened(t, "dstate-stop-18.09.2", 80, 24)
	press(m, "5")
	all := m.page.Len()
	press(m, "f")
	if n := m.page.Len(); n >= all {
		t.Errorf("%d of %d rows after folding", n, all)
	}
	press(m, "o", "6", "esc")
	press(m, "f")
	if n := m.page.Len(); n != all {
		t.Errorf("%d rows after unfolding, %d before", n, all)
	}
	until(t, m, "/proc")
	press(m, "f")
	if !strings.Contains(m.note, "no branches") {
		t.Errorf("note %q", m.note)
	}
}

// Sums of goroutines lead to their stacks.
func TestGroups(t *testing.T) {
	m := opened(t, "dstate-stop-18.09.2", 80, 24)
	press(m, "3", "B")
	r, _ := m.row()
	if !strings.Contains(r.text, "State).Wait.func1") && !strings.Contains(r.text, ").Kill") {
		t.Errorf("the largest function is %q", r.text)
	}
	press(m, "enter")
	if m.history.here.arg == "" || m.page.Len() == 0 || m.page.Len() > 5 {
		t.Errorf("%q with %d stacks", m.history.here.arg, m.page.Len())
	}
	press(m, "esc")
	if viewOf("goroutines").groups[m.history.here.group] != "function" {
		t.Error("esc does not come back to the sums")
	}
}

// The raw lines of a log lead to the timeline and come back.
func TestTimeline(t *testing.T) {
	m := opened(t, "dstate-stop-18.09.2", 160, 45)
	press(m, "4")
	until(t, m, "dockerd-failed-to-exit")
	press(m, "o")
	source, line := m.history.here.ref.Source, m.index()+1
	press(m, "L")
	if !m.onTimeline() {
		t.Fatalf("L leads to %s", m.history.here.view)
	}
	r, _ := m.row()
	if len(r.refs) != 1 || r.refs[0].Source != source || r.refs[0].Line != line {
		t.Errorf("L leads to %v, not to %s:%d", r.refs, source, line)
	}
	before := m.line.At(m.index()).Time
	press(m, ">")
	if after := m.line.At(m.index()).Time; !after.After(before) {
		t.Errorf("> leads from %v to %v", before, after)
	}
	press(m, "T", "ctrl+u", before.Format("15:04:05"), "enter")
	if at := m.line.At(m.index()).Time; at.Sub(before).Abs().Seconds() > 1 {
		t.Errorf("T leads to %v, not to %v", at, before)
	}
	press(m, "home", "e")
	if r, _ := m.row(); r.tone != bad {
		t.Errorf("e leads to %q", r.text)
	}
	press(m, "home", "}")
	if r, _ := m.row(); !m.signature(r.said()) {
		t.Errorf("} leads to %q", r.text)
	}
}
