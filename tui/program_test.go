package tui

import (
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
	"github.com/charmbracelet/x/exp/teatest/v2"
)

// program runs the whole program, its commands in goroutines of their own, without a
// terminal.
func program(t *testing.T, w, h int) *teatest.TestModel {
	t.Helper()
	m := newModel(answers(t, "dstate-stop-18.09.2"))
	t.Cleanup(m.close)
	return teatest.NewTestModel(t, m, teatest.WithInitialTermSize(w, h), teatest.WithProgramOptions(tea.WithColorProfile(colorprofile.NoTTY)))
}

// ask sends a question to the program until the answer is yes: what commands bring
// comes at some time.
func ask(t *testing.T, tm *teatest.TestModel, what string, yes func(m *model) bool) {
	t.Helper()
	answer := make(chan bool, 1)
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		tm.Send(question(func(m *model) { answer <- yes(m) }))
		if <-answer {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

// leave quits and is the program as it was then.
func leave(t *testing.T, tm *teatest.TestModel) *model {
	t.Helper()
	tm.Type("q")
	m, ok := tm.FinalModel(t, teatest.WithFinalTimeout(20*time.Second)).(*model)
	if !ok {
		t.Fatal("no model is left")
	}
	return m
}

// The report comes, Enter leads to the raw lines, which are read meanwhile, and back.
func TestProgram(t *testing.T) {
	tm := program(t, 80, 24)
	ask(t, tm, "the report", func(m *model) bool { return m.report != nil })
	tm.Type("6")
	tm.Type("o")
	ask(t, tm, "the raw lines", func(m *model) bool { return m.history.here.view == sourceView && m.shown().Len() > 0 })
	tm.Send(tea.KeyPressMsg(tea.Key{Code: tea.KeyEscape}))
	if m := leave(t, tm); m.history.here.view != "processes" || m.err != nil {
		t.Errorf("left in %s, %v", m.history.here.view, m.err)
	}
}

// The logs are merged while keys are taken; a filter runs over them.
func TestProgramTimeline(t *testing.T) {
	tm := program(t, 160, 45)
	ask(t, tm, "the report", func(m *model) bool { return m.report != nil })
	tm.Type("4B")
	ask(t, tm, "the timeline", func(m *model) bool { return m.onTimeline() && m.shown().Len() > 0 })
	tm.Type("/failed to exit")
	tm.Send(tea.KeyPressMsg(tea.Key{Code: tea.KeyEnter}))
	ask(t, tm, "the filter's end", func(m *model) bool { return m.sift != nil && m.sift.done })
	if m := leave(t, tm); m.shown().Len() != 1605 {
		t.Errorf("%d lines are left", m.shown().Len())
	}
}

// The rules are asked while the rest goes on, and quitting does not wait for anything.
func TestProgramRules(t *testing.T) {
	tm := program(t, 40, 10)
	ask(t, tm, "the report", func(m *model) bool { return m.report != nil })
	tm.Type("W")
	ask(t, tm, "the rules", func(m *model) bool { return m.book != nil })
	if m := leave(t, tm); m.history.here.view != "rules" {
		t.Errorf("left in %s", m.history.here.view)
	}
}
