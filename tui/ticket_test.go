package tui

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"culprit/analyze"
	"culprit/analyze/fact"
	"culprit/analyze/render"
)

// What is pinned goes into the ticket with its notes, beside what is there, never over
// it; where it cannot be written that is said and nothing is lost.
func TestExport(t *testing.T) {
	t.Chdir(t.TempDir())
	m := opened(t, "dstate-stop-18.09.2", 80, 24)
	press(m, "6")
	until(t, m, " 507 ")
	press(m, "o", "m", "m")
	if len(m.ticket.pins) != 1 || m.ticket.pins[0].Ref.String() != "proc/507/stack:1" {
		t.Fatalf("pins %+v", m.ticket.pins)
	}
	press(m, "t", "i", "ctrl+u", "the writer", "enter", "x", "md", "enter", "enter")
	press(m, "x", "md", "enter", "enter")
	for _, name := range []string{"culprit-node-a17-20261122T034928Z.md", "culprit-node-a17-20261122T034928Z-2.md"} {
		text, err := os.ReadFile(name)
		if err != nil || !strings.HasPrefix(string(text), "## Root cause (certain): ") || !strings.Contains(string(text), "the writer") {
			t.Errorf("%s: %v, %.60q", name, err, text)
		}
	}
	if !strings.Contains(m.foot(), "written to culprit-node-a17-20261122T034928Z-2.md") {
		t.Errorf("foot %q", m.foot())
	}
	press(m, "x", "text", "enter", "ctrl+u", "no/such/folder/x.txt", "enter")
	if !strings.Contains(m.foot(), "not written, no such file or directory: no/such/folder/x.txt_") || len(m.ticket.pins) != 1 {
		t.Errorf("foot %q", m.foot())
	}
	press(m, "esc", "x", "json", "enter", "ctrl+u", "culprit-node-a17-20261122T034928Z.md", "enter")
	if text, _ := os.ReadFile("culprit-node-a17-20261122T034928Z.md"); !strings.Contains(m.foot(), "exists") || !strings.HasPrefix(string(text), "## ") {
		t.Errorf("foot %q, %.60q", m.foot(), text)
	}
	press(m, "esc", "x", "clip", "enter")
	if !strings.Contains(m.foot(), "sent to the terminal") {
		t.Errorf("foot %q", m.foot())
	}
	press(m, "m")
	if len(m.ticket.pins) != 0 {
		t.Errorf("m leaves %d pins", len(m.ticket.pins))
	}
}

// A range is copied and pinned as a whole; what is too large for a terminal goes to a
// file.
func TestRange(t *testing.T) {
	t.Chdir(t.TempDir())
	m := opened(t, "dstate-stop-18.09.2", 80, 24)
	press(m, "6", "o", "V", "down", "down", "m")
	if len(m.ticket.pins) != 3 {
		t.Errorf("%d pins", len(m.ticket.pins))
	}
	m.copy(strings.Repeat("x", maxOSC52))
	run(m, m.copy(strings.Repeat("x", maxOSC52)))
	if !strings.Contains(m.note, "written to culprit-copy.txt") {
		t.Errorf("note %q", m.note)
	}
	press(m, "V", "up", "Y")
	if !strings.Contains(m.note, "sent to the terminal") || m.history.here.from >= 0 {
		t.Errorf("note %q", m.note)
	}
}

// Pins outlive the program, also one that is killed, and are those of one bundle.
func TestPinsAreKept(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	in := answers(t, "dstate-stop-18.09.2")
	in.pins = &pinFile{paths: in.paths}
	m := started(t, in, 80, 24)
	press(m, "1")
	until(t, m, "because     1 ")
	press(m, "m", "t", "i", "ctrl+u", "look here", "enter")
	// no close: it was killed
	in.pins = &pinFile{paths: in.paths}
	m = started(t, in, 80, 24)
	if len(m.ticket.pins) != 1 || m.ticket.pins[0].Note != "look here" || !strings.Contains(m.note, "of an earlier run") || strings.Contains(m.note, "changed") {
		t.Fatalf("pins %+v, note %q", m.ticket.pins, m.note)
	}
	other := answers(t, "healthy-20.10.24")
	other.pins = &pinFile{paths: other.paths}
	if m := started(t, other, 80, 24); len(m.ticket.pins) != 0 {
		t.Errorf("another bundle has them: %+v", m.ticket.pins)
	}
	press(m, "t", "m")
	in.pins = &pinFile{paths: in.paths}
	if m := started(t, in, 80, 24); len(m.ticket.pins) != 0 {
		t.Errorf("a pin that was taken out is back: %+v", m.ticket.pins)
	}
}

// In a filter that keeps nothing there is nothing to take out.
func TestNothingPointed(t *testing.T) {
	m := opened(t, "dstate-stop-18.09.2", 80, 24)
	press(m, "6", "m", "t", "/", "zzz", "enter", "m", "i", "W", "y", "enter", "o", "z", "V")
	if len(m.ticket.pins) != 1 || m.prompt != nil {
		t.Errorf("%d pins, prompt %v", len(m.ticket.pins), m.prompt)
	}
}

// Two runs on one bundle keep each other's pins, and take out their own.
func TestTwoRuns(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	in := answers(t, "dstate-stop-18.09.2")
	run := func() *model {
		in.pins = &pinFile{paths: in.paths}
		return started(t, in, 80, 24)
	}
	a, b := run(), run()
	press(a, "6", "m", "down", "m")
	press(b, "3", "m")
	if c := run(); len(c.ticket.pins) != 3 {
		t.Errorf("%d pins are kept: %+v", len(c.ticket.pins), c.ticket.pins)
	}
	press(a, "t", "m")
	if c := run(); len(c.ticket.pins) != 2 {
		t.Errorf("%d pins are kept: %+v", len(c.ticket.pins), c.ticket.pins)
	}
}

func TestPinFile(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	bundle := filepath.Join(t.TempDir(), "b.tar")
	if err := os.WriteFile(bundle, []byte("a"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := &pinFile{paths: []string{bundle}}
	pins := []render.Pin{{Ref: fact.Ref{Source: "x", Line: 3, EndLine: 5}, Text: "\x1b[31m", Note: "a"}}
	if err := p.save(2, pins); err != nil {
		t.Fatal(err)
	}
	if err := p.save(1, nil); err != nil { // comes late
		t.Fatal(err)
	}
	got, stale, err := p.load()
	if err != nil || stale || len(got) != 1 || got[0] != pins[0] {
		t.Errorf("%+v, %t, %v", got, stale, err)
	}
	if err := os.WriteFile(bundle, []byte("other"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, stale, _ = p.load(); !stale {
		t.Error("a bundle that changed is not said to have")
	}
	file, _, err := p.name()
	if err != nil {
		t.Fatal(err)
	}
	for _, damaged := range []string{"", "{", `{"format":"other"}`, "null"} {
		if err := os.WriteFile(file, []byte(damaged), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, _, err := p.load(); err == nil {
			t.Errorf("%q is taken for a file of pins", damaged)
		}
	}
	t.Setenv("XDG_CACHE_HOME", filepath.Join(bundle, "no"))
	if err := p.save(3, pins); err == nil {
		t.Error("saving where nothing can be saved is no error")
	}
}

func TestReportName(t *testing.T) {
	r := &analyze.Report{Nodes: []analyze.NodeReport{{Name: "../a b;c"}}}
	if got := reportName(r); got != "culprit-.._a_b_c" {
		t.Error(got)
	}
}
