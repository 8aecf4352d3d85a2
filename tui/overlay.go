package tui

import (
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// overlay is a list of what can be done, over the view: typing narrows it, Enter does
// it.
type overlay struct {
	title string
	items func(m *model, typed string) []item
	typed string
	list  list
}

// item is one line of an overlay.
type item struct {
	text, key string
	// off says why it cannot be done here, "" it can.
	off string
	do  func(*model) tea.Cmd
}

// matching keeps the items that hold every word that is typed.
func matching(items []item, typed string) []item {
	words := strings.Fields(strings.ToLower(typed))
	var out []item
	for _, it := range items {
		text := strings.ToLower(it.key + " " + it.text)
		held := true
		for _, w := range words {
			held = held && strings.Contains(text, w)
		}
		if held {
			out = append(out, it)
		}
	}
	return out
}

func (o *overlay) shown(m *model) []item { return o.items(m, o.typed) }

// key takes a key while the overlay is open.
func (o *overlay) key(m *model, key tea.KeyPressMsg) tea.Cmd {
	items := o.shown(m)
	o.list.cur = min(o.list.cur, max(len(items)-1, 0))
	switch key.String() {
	case "esc", "ctrl+c":
		m.overlay = nil
	case "enter":
		if len(items) == 0 {
			return nil
		}
		it := items[o.list.cur]
		if m.overlay = nil; it.off != "" {
			m.note = it.off
			return nil
		}
		return it.do(m)
	case "down", "tab", "ctrl+n":
		o.list.cur++
	case "up", "shift+tab", "ctrl+p":
		o.list.cur--
	case "pgdown":
		o.list.cur += m.h
	case "pgup":
		o.list.cur -= m.h
	default:
		o.typed = edit(o.typed, key)
		o.list = list{}
	}
	o.list.settle(len(items), m.h)
	return nil
}

// draw fills h lines of w columns.
func (o *overlay) draw(m *model, w, h int) []string {
	items := o.shown(m)
	rows := make(lines, 0, len(items))
	for _, it := range items {
		r := row{text: pad(it.key, min(24, w/3)) + " " + it.text}
		if it.off != "" {
			r.text, r.tone = r.text+" ("+it.off+")", faint
		}
		rows = append(rows, r)
	}
	out := []string{m.theme.paint(strong, fit("  "+o.title+"  "+plain(o.typed)+"_", w))}
	if len(rows) == 0 {
		rows = lines{{text: "nothing with that"}}
	}
	var whole []string // of the chosen one, where it does not fit
	if text := plain(rows[min(o.list.cur, len(rows)-1)].text); ansi.StringWidth(text) > w-2 && h > 5 {
		whole = wrap(strings.Join(strings.Fields(text), " "), w)
		whole = whole[:min(len(whole), 3)]
	}
	out = append(out, m.draw(rows, &o.list, w, h-1-len(whole), true)...)
	return append(out, whole...)
}

// edit is text after a key was typed.
func edit(text string, key tea.KeyPressMsg) string {
	switch key.String() {
	case "backspace":
		if r := []rune(text); len(r) > 0 {
			return string(r[:len(r)-1])
		}
		return text
	case "ctrl+u":
		return ""
	case "ctrl+w":
		return text[:strings.LastIndexByte(strings.TrimRight(text, " "), ' ')+1]
	}
	return text + key.Text
}

// prompt is a line that is typed, such as a filter or a note.
type prompt struct {
	label, typed string
	// done takes what was typed.
	done func(m *model, typed string) tea.Cmd
}

func (p *prompt) key(m *model, key tea.KeyPressMsg) tea.Cmd {
	switch key.String() {
	case "enter":
		m.prompt = nil
		return p.done(m, p.typed)
	case "esc", "ctrl+c":
		m.prompt = nil
	default:
		p.typed = edit(p.typed, key)
	}
	return nil
}
