package tui

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"
)

// The smallest screen on which anything is shown.
const (
	minWidth  = 20
	minHeight = 5
)

// View draws the screen: exactly h lines of at most w columns.
func (m *model) View() tea.View {
	v := tea.NewView(strings.Join(m.screen(), "\n"))
	v.AltScreen = true
	if m.mouse {
		v.MouseMode = tea.MouseModeCellMotion
	}
	return v
}

func (m *model) screen() []string {
	if m.w < minWidth || m.h < minHeight {
		out := make([]string, max(m.h, 1))
		out[0] = fit(fmt.Sprintf("too small: %dx%d are needed", minWidth, minHeight), m.w)
		return out
	}
	out := []string{m.title(), m.tabs()}
	if head := m.head(); head != "" {
		out = append(out, bold(fit("  "+head, m.w)))
	}
	out = append(out, m.body(m.h-len(out)-1)...)
	return append(out, m.foot())
}

// body says why there is nothing where there is nothing.
func (m *model) body(h int) []string {
	if m.rows.Len() > 0 {
		return m.history.here.list.draw(m.rows, m.w, h)
	}
	why := "nothing"
	switch {
	case m.report == nil:
		why = "reading " + strings.Join(m.paths, " ")
		if last := m.read.last.Load(); last != nil {
			why += fmt.Sprintf(": %d sources, %s", m.read.sources.Load(), *last)
		}
	case m.wait != "":
		why = "reading " + m.wait + " ..."
	case m.history.here.find != "":
		why = "nothing with " + m.history.here.find
	case viewOf(m.history.here.view).rows != nil:
		why = "the bundle says nothing of " + m.history.here.view
	}
	out := make([]string, h)
	out[0] = fit("  "+plain(why), m.w)
	return out
}

// head is the line of titles of a table, "" where there is none.
func (m *model) head() string {
	rs := m.rows
	if f, ok := rs.(found); ok {
		rs = f.rows
	}
	if t, ok := rs.(headed); ok {
		return t.head()
	}
	return ""
}

// title is the node, what was read, and where one is.
func (m *model) title() string {
	left, right := "culprit", ""
	if m.report != nil {
		left = m.report.Bundle
		if len(m.report.Nodes) > 0 && m.report.Nodes[0].Name != "" {
			left = m.report.Nodes[0].Name + "  " + left
		}
		right = fmt.Sprintf("%d/%d", min(m.history.here.list.cur+1, m.rows.Len()), m.rows.Len())
		if find := m.history.here.find; find != "" {
			right = "/" + find + "  " + right
		}
	}
	if m.history.here.view == sourceView {
		left = m.history.here.ref.Source
	}
	return bold(spread(plain(left), plain(right), m.w))
}

// tabs names the views, as long as there is room for.
func (m *model) tabs() string {
	line := ""
	for _, name := range []func(view) string{
		func(v view) string { return v.key + " " + v.name },
		func(v view) string { return v.key + " " + v.short },
		func(v view) string { return v.key },
	} {
		var out []string
		for _, v := range views {
			if v.name == m.history.here.view {
				out = append(out, "["+v.key+" "+v.name+"]")
			} else {
				out = append(out, name(v))
			}
		}
		line = strings.Join(out, "  ")
		if ansi.StringWidth(line) <= m.w {
			break
		}
	}
	return fit(line, m.w)
}

func (m *model) foot() string {
	switch {
	case m.asking:
		return fit("/"+plain(m.typed)+"_", m.w)
	case m.note != "":
		return fit(plain(m.note), m.w)
	}
	return fit(footer(), m.w)
}
