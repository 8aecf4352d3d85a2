package tui

import (
	"encoding/base64"
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
)

func (m *model) mark(string) tea.Cmd {
	here := &m.history.here
	if here.from >= 0 {
		here.from = -1
		return nil
	}
	here.from = here.list.cur
	m.note = "a range begins: m pins it, y copies it, esc ends it"
	return nil
}

// yank copies the rows of the range or the cursor, with Y also their places.
func (m *model) yank(key string) tea.Cmd {
	var out []string
	for _, r := range m.selected() {
		text := plain(r.said())
		if key == "Y" && len(r.refs) > 0 {
			text = plain(r.refs[0].String()) + ": " + text
		}
		out = append(out, text)
	}
	if len(out) == 0 {
		return nil
	}
	m.history.here.from = -1
	return m.copy(strings.Join(out, "\n"))
}

// maxOSC52 is how many bytes of base64 are sent to a terminal: longer sequences are cut
// or dropped by some (the default of K9S_OSC52_MAX is the same).
const maxOSC52 = 74_994

// copy sends text to the clipboard of the terminal, which never says whether it took
// it; what is too large for that goes to a file.
func (m *model) copy(text string) tea.Cmd {
	if base64.StdEncoding.EncodedLen(len(text)) <= maxOSC52 && m.osc52 {
		m.note += fmt.Sprintf("%d bytes sent to the terminal's clipboard (OSC 52)", len(text))
		return tea.SetClipboard(text)
	}
	return func() tea.Msg {
		file := freeName("culprit-copy", ".txt")
		return written{file: file, err: writeNew(file, text+"\n")}
	}
}

// copied takes a report for the clipboard.
func (m *model) copied(msg rendered) tea.Cmd {
	if msg.err != nil {
		m.note = "not copied: " + msg.err.Error()
		return nil
	}
	return m.copy(msg.text)
}

// canCopy reports whether a terminal of that name takes OSC 52 at all.
func canCopy(getenv func(string) string) bool {
	term := getenv("TERM")
	return term != "dumb" && term != "linux" && term != ""
}
