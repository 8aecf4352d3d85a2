package tui

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	tea "charm.land/bubbletea/v2"

	"culprit/analyze"
	"culprit/analyze/render"
)

// pinBytes is how much of a line is pinned, as much as excerpts have.
const pinBytes = 512

// ticket is what was pinned, in the order in which it was.
type ticket struct {
	pins []render.Pin
	// known is set when those of earlier runs have come; before that nothing is saved.
	known bool
	// saves counts what was asked to be saved, so that an older save never comes last.
	saves int
}

// recovered are the pins of an earlier run.
type recovered struct {
	pins  []render.Pin
	stale bool // the bundle was another one then
	err   error
}

// recover reads what an earlier run has left.
func (m *model) recover() tea.Cmd {
	if m.pins == nil {
		return nil
	}
	return func() tea.Msg {
		pins, stale, err := m.pins.load()
		return recovered{pins, stale, err}
	}
}

func (m *model) takePins(msg recovered) tea.Cmd {
	again := len(m.ticket.pins) > 0 && !m.ticket.known // pinned meanwhile
	m.ticket.known = true
	switch {
	case msg.err != nil:
		m.note = "pins are not kept: " + msg.err.Error()
	case len(msg.pins) > 0:
		m.ticket.pins = append(msg.pins, m.ticket.pins...)
		m.note = fmt.Sprintf("%d pinned lines of an earlier run are back, see view t", len(msg.pins))
		if msg.stale {
			m.note += "; the bundle has changed since"
		}
	}
	m.aside.stale()
	if again {
		return m.keep()
	}
	return m.refreshPins()
}

// keep saves the pins after a change.
func (m *model) keep() tea.Cmd {
	cmd := m.refreshPins()
	if m.pins == nil || !m.ticket.known {
		return cmd
	}
	m.ticket.saves++
	turn, pins := m.ticket.saves, append([]render.Pin(nil), m.ticket.pins...)
	return tea.Batch(cmd, func() tea.Msg {
		if err := m.pins.save(turn, pins); err != nil {
			return recovered{err: err}
		}
		return nil
	})
}

// refreshPins shows a change of the pins where they are looked at.
func (m *model) refreshPins() tea.Cmd {
	if m.history.here.view == ticketView {
		return m.refresh()
	}
	return nil
}

// pin puts the rows of the cursor or the range into the ticket; in the ticket it takes
// them out.
func (m *model) pin(string) tea.Cmd {
	here := &m.history.here
	if here.view == ticketView {
		if i := m.index(); i >= 0 && i < len(m.ticket.pins) {
			m.ticket.pins = append(m.ticket.pins[:i:i], m.ticket.pins[i+1:]...)
			m.note = "taken out of the ticket"
			return m.keep()
		}
		return nil
	}
	added := 0
	for _, r := range m.selected() {
		if p, ok := m.pinOf(r); ok {
			m.ticket.pins = append(m.ticket.pins, p)
			added++
		}
	}
	if added == 0 {
		m.note = "nothing that leads to a place in the bundle, or pinned already"
		return nil
	}
	here.from = -1
	wanted := tea.Cmd(nil)
	if p := m.ticket.pins[len(m.ticket.pins)-1]; p.Text == "" {
		wanted = m.fetch(p.Ref.Source)
	}
	m.note += fmt.Sprintf("%d in the ticket (view t): i there writes a note", len(m.ticket.pins))
	return tea.Batch(wanted, m.keep())
}

// pinOf is a row as evidence; false where it has no place or is pinned already.
func (m *model) pinOf(r row) (render.Pin, bool) {
	if len(r.refs) == 0 {
		return render.Pin{}, false
	}
	p := render.Pin{Ref: r.refs[0], Text: r.line}
	if r.line == "" { // the program's own words
		p.Note = strings.Join(strings.Fields(plain(r.text)), " ")
	}
	if t := m.texts[p.Ref.Source]; t != nil && p.Ref.Line > 0 && p.Ref.Line <= t.Len() {
		p.Text = t.Line(p.Ref.Line - 1)
	}
	p.Text, p.Note = cut(p.Text, pinBytes), cut(p.Note, pinBytes)
	for _, o := range m.ticket.pins {
		if o.Ref.Source == p.Ref.Source && o.Ref.Line == p.Ref.Line {
			return p, false
		}
	}
	return p, true
}

// cut is text without what lies beyond most bytes, a broken letter included.
func cut(text string, most int) string {
	if len(text) <= most {
		return text
	}
	return strings.ToValidUTF8(text[:most], "")
}

// completePins gives pins of a source that has arrived their lines.
func (m *model) completePins(source string) tea.Cmd {
	t, changed := m.texts[source], false
	for i := range m.ticket.pins {
		p := &m.ticket.pins[i]
		if p.Ref.Source == source && p.Text == "" && p.Ref.Line > 0 && p.Ref.Line <= t.Len() {
			p.Text, changed = cut(t.Line(p.Ref.Line-1), pinBytes), true
		}
	}
	if !changed {
		return nil
	}
	return m.keep()
}

// selected are the rows between the ends of the range, else that of the cursor.
func (m *model) selected() (out []row) {
	const most = 10_000 // so that a slip of the finger copies no gigabytes
	here := &m.history.here
	if here.aside || here.from < 0 {
		if r, ok := m.pointed(); ok {
			out = append(out, r)
		}
		return out
	}
	from, to := min(here.from, here.list.cur), max(here.from, here.list.cur)
	for i := from; i <= to && i < m.shown().Len() && len(out) < most; i++ {
		out = append(out, m.shown().Row(i, wide))
	}
	if n := to - from + 1; n > most {
		m.note = fmt.Sprintf("only the first %d of %d lines: ", most, n)
	}
	return out
}

// writeNote asks for the note of the pin of the cursor.
func (m *model) writeNote(string) tea.Cmd {
	i := m.index()
	if i < 0 || i >= len(m.ticket.pins) {
		return nil
	}
	m.prompt = &prompt{"note: ", m.ticket.pins[i].Note, func(m *model, typed string) tea.Cmd {
		if i < len(m.ticket.pins) {
			m.ticket.pins[i].Note = typed
		}
		return m.keep()
	}}
	return nil
}

// pinned is the page of the ticket.
func (m *model) pinned() page {
	pins := m.ticket.pins
	return page{rows: table[render.Pin]{items: pointers(pins), columns: []column[render.Pin]{
		{title: "NOTE", width: 24, drop: 50, text: func(p *render.Pin) string { return p.Note }},
		{title: "PLACE", width: 30, drop: 100, text: func(p *render.Pin) string { return p.Ref.String() }},
		{title: "LINE", text: func(p *render.Pin) string { return p.Text }},
	}}, empty: "nothing is pinned yet: m pins the line of the cursor, x writes the ticket", detail: func(i, w int) lines {
		s := sheet{w: w}
		s.field("note", pins[i].Note)
		s.field("place", pins[i].Ref.String(), pins[i].Ref)
		s.field("line", pins[i].Text, pins[i].Ref)
		return append(append(s.rows, row{}), m.context(pins[i].Ref)...)
	}}
}

// exports lists what can be written where.
func (m *model) exports(string) tea.Cmd {
	m.overlay = &overlay{title: "write the report and what is pinned", items: func(m *model, typed string) []item {
		var out []item
		formats := render.Formats()
		if i := slices.IndexFunc(formats, func(f render.Format) bool { return f.Name == "md" }); i > 0 {
			formats[0], formats[i] = formats[i], formats[0] // what a ticket wants comes first
		}
		for _, f := range formats {
			out = append(out, item{key: f.Name, text: "to a file: " + titleOf(f), do: func(m *model) tea.Cmd { return m.askFile(f, freeName(reportName(m.report), f.Ext)) }})
		}
		for _, f := range formats {
			out = append(out, item{key: f.Name, text: "to the clipboard: " + titleOf(f), do: func(m *model) tea.Cmd { return m.exportCopy(f) }})
		}
		return matching(out, typed)
	}}
	return nil
}

// askFile asks where a format goes and writes it there.
func (m *model) askFile(f render.Format, name string) tea.Cmd {
	m.prompt = &prompt{"write to: ", name, func(m *model, file string) tea.Cmd {
		m.note = "writing ..."
		r, pins := m.report, slices.Clone(m.ticket.pins)
		return func() tea.Msg {
			file := expanded(file)
			text, err := m.export(r, f.Name, pins)
			if err == nil {
				err = writeNew(file, text)
			}
			return written{file, f.Name, err}
		}
	}}
	return nil
}

// titleOf says what a format is for, and whether it shows what is pinned.
func titleOf(f render.Format) string {
	if f.Name == "json" {
		return f.Title + " (without what is pinned)"
	}
	return f.Title
}

// expanded is a path with the home folder in place of ~, as shells have it.
func expanded(path string) string {
	if rest, ok := strings.CutPrefix(path, "~/"); ok {
		if home, err := os.UserHomeDir(); err == nil {
			return filepath.Join(home, rest)
		}
	}
	return path
}

// took says where something was written; where it could not be the path is asked for
// again.
func (m *model) took(msg written) {
	if msg.err == nil {
		m.note = "written to " + msg.file
		return
	}
	m.note = "not written: " + msg.err.Error()
	if f, ok := render.FormatNamed(msg.format); ok && m.prompt == nil && m.overlay == nil {
		m.askFile(f, msg.file)
		m.prompt.label = "not written, " + lastError(msg.err) + ": "
	}
}

// lastError is the reason without the names in front of it.
func lastError(err error) string {
	text := err.Error()
	if i := strings.LastIndex(text, ": "); i >= 0 {
		return text[i+2:]
	}
	return text
}

// exportCopy renders a format for the clipboard.
func (m *model) exportCopy(f render.Format) tea.Cmd {
	m.note = "rendering ..."
	r, pins := m.report, slices.Clone(m.ticket.pins)
	return func() tea.Msg {
		text, err := m.export(r, f.Name, pins)
		return rendered{text, err}
	}
}

// rendered is a report for the clipboard.
type rendered struct {
	text string
	err  error
}

// reportName is made of the node and the moment of the collection.
func reportName(r *analyze.Report) string {
	name := "culprit"
	if len(r.Nodes) > 0 {
		if n := r.Nodes[0]; n.Name != "" {
			name += "-" + n.Name
		}
		if at := r.Nodes[0].Collected; !at.IsZero() {
			name += at.UTC().Format("-20060102T150405Z")
		}
	}
	return strings.Map(func(c rune) rune {
		if c == '-' || c == '.' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
			return c
		}
		return '_'
	}, name)
}

// freeName is NAME and the extension, or NAME-2 where that is there already, and so on.
func freeName(name, ext string) string {
	for i := 1; ; i++ {
		file := name + ext
		if i > 1 {
			file = fmt.Sprintf("%s-%d%s", name, i, ext)
		}
		if _, err := os.Lstat(file); errors.Is(err, fs.ErrNotExist) || i > 999 {
			return file
		}
	}
}

// writeNew writes a file that is not there yet. One that cannot be written whole is
// taken away.
func writeNew(file, text string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Close()); err != nil {
		os.Remove(file)
	}
	return err
}
