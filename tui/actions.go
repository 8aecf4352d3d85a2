package tui

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	tea "charm.land/bubbletea/v2"
)

// action is what keys do. The footer, the help, the palette and the table of keys in
// the README come from here.
type action struct {
	keys  []string
	title string
	// foot is its word in the footer of the views in which it does something, "" not
	// there; only are these views, nil all.
	foot string
	only []string
	do   func(m *model, key string) tea.Cmd
}

// reason says why an action does nothing here, "" it does.
func (m *model) reason(a action) string {
	if a.only != nil && !slices.Contains(a.only, m.history.here.view) {
		return a.keys[0] + " is for " + strings.Join(a.only, " and ")
	}
	return ""
}

// onReport is an action that needs a report.
func onReport(do func(*model, string) tea.Cmd) func(*model, string) tea.Cmd {
	return func(m *model, key string) tea.Cmd {
		if m.report == nil {
			m.note = "the bundle is not read yet"
			return nil
		}
		return do(m, key)
	}
}

// actions are in the order in which help lists them. They are made by a function, as
// help refers to them.
func actions() []action {
	trees := []string{"mounts", "processes"}
	return []action{
		{[]string{"enter"}, "go on to the detail, to the evidence, to the raw lines", "open", nil, (*model).enter},
		{[]string{"o"}, "go to the raw lines at once", "", nil, (*model).openRaw},
		{[]string{"esc", "backspace"}, "leave the innermost: reading, range, detail, filter, place", "back", nil, (*model).back},
		{[]string{"[", "]"}, "back and forward in the history", "", nil, func(m *model, key string) tea.Cmd {
			if key == "[" {
				return m.backward(key)
			}
			return m.forward(key)
		}},
		{viewKeys(), "the views, by their key", "", nil, (*model).goTo},
		{[]string{"tab", "shift+tab"}, "from the list to the detail and back", "", nil, (*model).pane},
		{[]string{"+", "_"}, "the pane of the cursor alone, and both again", "", nil, (*model).zoomed},
		{[]string{"down", "j", "up", "k"}, "next and previous line", "", nil, (*model).moved},
		{[]string{"pgdown", "space", "pgup", "b"}, "next and previous page", "", nil, (*model).moved},
		{[]string{"ctrl+d", "ctrl+u"}, "half a page down and up", "", nil, (*model).moved},
		{[]string{"home", "g", "end", "G"}, "first and last line", "", nil, (*model).moved},
		{[]string{"left", "h", "right", "l"}, "scroll sideways", "", nil, (*model).scroll},
		{[]string{"w"}, "wrap long lines", "", nil, (*model).wrapped},
		{[]string{"/"}, "filter a list, search the raw lines; ! in front turns a filter around", "filter", nil, (*model).ask},
		{[]string{"n", "N"}, "next and previous match", "", nil, (*model).match},
		{[]string{"F"}, "make a filter of what is searched in the raw lines, and back", "filter", []string{sourceView}, (*model).searchToFilter},
		{[]string{"ctrl+f"}, "filter off and on", "", nil, (*model).filterOff},
		{[]string{"z", "Z"}, "more and fewer lines around what a filter keeps", "", nil, (*model).contextLines},
		{[]string{"s"}, "sort by another column", "sort", viewsThat(func(v view) bool { return len(v.sorts) > 1 }), onReport((*model).sortNext)},
		{[]string{"B"}, "list in another way: tree, sums, timeline", "list", viewsThat(func(v view) bool { return len(v.groups) > 1 }), onReport((*model).groupNext)},
		{[]string{"f"}, "fold and unfold a branch of a tree", "fold", trees, onReport((*model).fold)},
		{[]string{"}", "{"}, "next and previous signature hit; part of the report", "next", []string{"summary", "logs", sourceView}, (*model).hit},
		{[]string{"e", "E"}, "next and previous error", "error", []string{"logs", sourceView}, (*model).errorLine},
		{[]string{"<", ">"}, "a minute back and on", "minute", []string{"logs"}, (*model).minute},
		{[]string{"T"}, "go to a time", "", []string{"logs"}, (*model).askTime},
		{[]string{"L"}, "the raw line among the lines of all logs by time", "timeline", []string{sourceView}, (*model).inTimeline},
		{[]string{"W"}, "why the rule that a line speaks of holds, or does not", "why", []string{"summary", "findings"}, onReport((*model).why)},
		{[]string{"m"}, "pin to the ticket; in the ticket take out", "pin", nil, onReport((*model).pin)},
		{[]string{"i"}, "write a note on a pinned line", "note", []string{ticketView}, (*model).writeNote},
		{[]string{"V"}, "begin and end a range for m, y and Y", "", nil, (*model).mark},
		{[]string{"y", "Y"}, "copy the lines; with their places (OSC 52, large ones to a file)", "", nil, (*model).yank},
		{[]string{"x"}, "write the ticket: the report and what is pinned", "export", nil, onReport((*model).exports)},
		{[]string{"M"}, "mouse on and off, to select text with it", "", nil, (*model).toggleMouse},
		{[]string{"C"}, "other colors: " + themeNames(), "", nil, (*model).nextTheme},
		{[]string{"A"}, "ASCII on and off", "", nil, (*model).toggleASCII},
		{[]string{":", "ctrl+p"}, "everything that can be done or gone to, by name", "", nil, (*model).palette},
		{[]string{"?"}, "help: the keys; type to search, enter does it", "help", nil, (*model).help},
		{[]string{"q", "ctrl+c"}, "quit", "quit", nil, func(*model, string) tea.Cmd { return tea.Quit }},
	}
}

// press does what the key stands for, or says why it cannot be done here.
func (m *model) press(key string) tea.Cmd {
	for _, a := range actions() {
		if slices.Contains(a.keys, key) {
			if m.note = m.reason(a); m.note != "" {
				return nil
			}
			return a.do(m, key)
		}
	}
	return nil
}

// footer names the keys that matter most where one is, those of the view first, as many
// as there is room for.
func (m *model) footer() string {
	if m.report == nil {
		return "esc end reading  ? help  q quit"
	}
	var own, all []string
	here := m.history.here.view
	for _, a := range actions() {
		switch {
		case a.foot == "":
		case a.only == nil:
			all = append(all, a.keys[0]+" "+a.foot)
		case slices.Contains(a.only, here):
			own = append(own, a.keys[0]+" "+a.foot)
		}
	}
	out := "? help"
	for _, word := range append(all[:min(2, len(all))], append(own, all[min(2, len(all)):]...)...) {
		if word != "? help" && len(out)+2+len(word) <= m.w {
			out += "  " + word
		}
	}
	return out
}

// viewsThat are the names of some views.
func viewsThat(are func(view) bool) (names []string) {
	for _, v := range views {
		if are(v) {
			names = append(names, v.name)
		}
	}
	return names
}

// Keys are the rows of the table of keys: the keys, and what they do.
func Keys() (rows [][2]string) {
	for _, a := range actions() {
		rows = append(rows, [2]string{strings.Join(a.keys, " "), a.title})
	}
	return rows
}

// doable are the actions as items; those that do nothing here say so.
func (m *model) doable() (out []item) {
	for _, a := range actions() {
		out = append(out, item{text: a.title, key: strings.Join(a.keys, " "), off: m.reason(a), do: func(m *model) tea.Cmd { return a.do(m, a.keys[0]) }})
	}
	return out
}

func (m *model) help(string) tea.Cmd {
	m.overlay = &overlay{title: "the keys, and what they do:", items: func(m *model, typed string) []item { return matching(m.doable(), typed) }}
	return nil
}

// palette offers whatever can be done, and the views, rules and sources by name; a
// number is a line of the raw lines.
func (m *model) palette(string) tea.Cmd {
	const enough = 2 // letters, before sources and rules are listed
	m.overlay = &overlay{title: "do or go to:", items: func(m *model, typed string) []item {
		var out []item
		if n, err := strconv.Atoi(typed); err == nil && m.history.here.view == sourceView {
			out = append(out, item{text: fmt.Sprintf("line %d", n), do: func(m *model) tea.Cmd {
				m.history.here.list.cur = n - 1
				m.settle()
				m.center()
				return nil
			}})
		}
		for _, v := range views {
			out = append(out, item{text: "view " + v.name, key: v.key, do: func(m *model) tea.Cmd { return m.show(newRoute(v.name)) }})
		}
		out = append(out, m.doable()...)
		if len(typed) >= enough && m.report != nil {
			out = append(out, m.named()...)
		}
		return matching(out, typed)
	}}
	return nil
}

// named are the sources.
func (m *model) named() (out []item) {
	for _, s := range m.report.Tables.Sources {
		out = append(out, item{text: "source " + s.Path, do: func(m *model) tea.Cmd {
			to := newRoute(sourceView)
			to.ref.Source, to.ref.Line = s.Path, 1
			return m.show(to)
		}})
	}
	return out
}

func viewKeys() (keys []string) {
	for _, v := range views {
		keys = append(keys, v.key)
	}
	return keys
}

func (m *model) goTo(key string) tea.Cmd {
	for _, v := range views {
		if v.key == key {
			return m.show(newRoute(v.name))
		}
	}
	return nil
}

func (m *model) zoomed(key string) tea.Cmd {
	m.zoom = key == "+" && !m.zoom
	m.settle()
	return nil
}

func (m *model) wrapped(string) tea.Cmd {
	here := &m.history.here
	here.wrap = !here.wrap
	here.list.left = 0
	return nil
}

// ask asks for a filter; in the raw lines it is what is searched for: context stays.
func (m *model) ask(string) tea.Cmd {
	label := "filter: "
	searches := m.history.here.view == sourceView && !m.history.here.only
	if searches {
		label = "search: "
	}
	m.prompt = &prompt{label, m.history.here.find, func(m *model, typed string) tea.Cmd {
		here := &m.history.here
		here.find, here.off = typed, false
		if searches {
			return m.match("n")
		}
		here.list, here.side, here.aside = list{}, list{}, false
		return m.refresh()
	}}
	return nil
}

// match goes to the next or previous row that holds what is searched for.
func (m *model) match(key string) tea.Cmd {
	p := newPattern(m.history.here.find)
	if p.empty() {
		m.note = "nothing is searched for: / does"
		return nil
	}
	by := 1
	if key == "N" {
		by = -1
	}
	return m.find(m.history.here.find, by, p.matches)
}

func (m *model) searchToFilter(string) tea.Cmd {
	here := &m.history.here
	if here.find == "" {
		m.note = "nothing is searched for: / does"
		return nil
	}
	return m.refilter(func() { here.only = !here.only })
}

// refilter changes how the page is filtered; the cursor stays on its row.
func (m *model) refilter(change func()) tea.Cmd {
	at := max(m.index(), 0)
	change()
	cmd := m.refresh()
	m.cursorTo(at)
	return cmd
}

// cursorTo puts the cursor on a row of the page, or where it would be in the filter: once
// that was looked at so far.
func (m *model) cursorTo(at int) {
	put := func() bool {
		cur := at
		if m.sift != nil {
			if at >= m.sift.next && !m.sift.done {
				return false
			}
			cur, _ = slices.BinarySearch(m.sift.found.at, int32(at))
		}
		m.history.here.list.cur = cur
		m.settle()
		m.center()
		return true
	}
	if !put() {
		m.sift.place = put
	}
}

// restore puts the cursor of a filtered list back where it was, once it is there again.
func (m *model) restore(saved list) {
	put := func() bool {
		if saved.cur >= m.shown().Len() && !m.sift.done {
			return false
		}
		m.history.here.list = saved
		m.settle()
		return true
	}
	if m.sift != nil && !put() {
		m.sift.place = put
	}
}

func (m *model) filterOff(string) tea.Cmd {
	here := &m.history.here
	if here.find == "" {
		m.note = "there is no filter: / makes one"
		return nil
	}
	return m.refilter(func() { here.off = !here.off })
}

func (m *model) contextLines(key string) tea.Cmd {
	here := &m.history.here
	if m.sift == nil {
		m.note = "nothing is filtered: every line is there"
		return nil
	}
	cmd := m.refilter(func() {
		if here.context++; key == "Z" {
			here.context = max(here.context-2, 0)
		}
	})
	m.note = fmt.Sprintf("%d lines around each match", here.context)
	return cmd
}

func themeNames() string {
	var names []string
	for _, t := range themes {
		names = append(names, t.name)
	}
	return strings.Join(names, ", ")
}

func (m *model) nextTheme(string) tea.Cmd {
	i := slices.IndexFunc(themes, func(t theme) bool { return t.name == m.theme.name })
	m.theme = themes[(i+1)%len(themes)]
	m.note = "colors: " + m.theme.name
	return nil
}

func (m *model) toggleASCII(string) tea.Cmd {
	m.ascii = !m.ascii
	return nil
}
