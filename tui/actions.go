package tui

import (
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// action is what a key does. The footer, the help and the table of keys in the README
// come from here.
type action struct {
	keys  []string
	title string
	// foot is its word in the footer, "" not there.
	foot string
	do   func(*model) tea.Cmd
}

// actions are in the order in which help lists them. They are made by a function, as
// help refers to them.
func actions() []action {
	return []action{
		{[]string{"enter"}, "go to the evidence; in a list of places, to the raw lines", "evidence", (*model).enter},
		{[]string{"esc", "backspace"}, "back to where you came from", "back", (*model).back},
		{[]string{"["}, "back in the history", "", (*model).back},
		{[]string{"]"}, "forward in the history", "", (*model).forward},
		{[]string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}, "the views, by number", "", nil},
		{[]string{"tab", "shift+tab"}, "next and previous view", "", nil},
		{[]string{"down", "j", "up", "k"}, "next and previous line", "", nil},
		{[]string{"pgdown", "space", "pgup", "b"}, "next and previous page", "", nil},
		{[]string{"home", "g", "end", "G"}, "first and last line", "", nil},
		{[]string{"left", "h", "right", "l"}, "scroll sideways", "", nil},
		{[]string{"/"}, "filter a view; search the raw lines", "filter", (*model).ask},
		{[]string{"n", "N"}, "next and previous match in the raw lines", "", nil},
		{[]string{"y"}, "copy the line with its place (OSC 52)", "copy", (*model).yank},
		{[]string{"x"}, "write the comment for a ticket (analyze --format md) to a file here", "export", (*model).export},
		{[]string{"M"}, "mouse on and off, to select text with it", "", (*model).toggleMouse},
		{[]string{"?"}, "help: the keys", "help", (*model).help},
		{[]string{"q", "ctrl+c"}, "quit", "quit", func(*model) tea.Cmd { return tea.Quit }},
	}
}

// press does what the key stands for.
func (m *model) press(key string) tea.Cmd {
	switch key {
	case "tab":
		return m.next(1)
	case "shift+tab":
		return m.next(-1)
	case "down", "j":
		return m.move(1)
	case "up", "k":
		return m.move(-1)
	case "pgdown", "space":
		return m.move(m.height())
	case "pgup", "b":
		return m.move(-m.height())
	case "home", "g":
		return m.move(-m.rows.Len())
	case "end", "G":
		return m.move(m.rows.Len())
	case "left", "h":
		return m.scroll(-20)
	case "right", "l":
		return m.scroll(20)
	case "n":
		return m.match(1)
	case "N":
		return m.match(-1)
	}
	for _, v := range views {
		if v.key == key {
			return m.show(route{view: v.name})
		}
	}
	for _, a := range actions() {
		if a.do != nil && slices.Contains(a.keys, key) {
			return a.do(m)
		}
	}
	return nil
}

// footer names the keys that matter most.
func footer() string {
	var out []string
	for _, a := range actions() {
		if a.foot != "" {
			out = append(out, a.keys[0]+" "+a.foot)
		}
	}
	return strings.Join(out, "  ")
}

// Keys are the rows of the table of keys: the keys, and what they do.
func Keys() (rows [][2]string) {
	for _, a := range actions() {
		rows = append(rows, [2]string{strings.Join(a.keys, " "), a.title})
	}
	return rows
}

// help lists the keys.
func help() rows {
	var out lines
	for _, k := range Keys() {
		out = append(out, row{text: fitLeft(k[0], 26) + k[1]})
	}
	return out
}

func fitLeft(s string, w int) string { return s + strings.Repeat(" ", max(w-len(s), 1)) }
