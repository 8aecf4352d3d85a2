package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"culprit/analyze/fact"
	"culprit/analyze/render"
	"culprit/rules"
)

// view is one of the views that a key leads to.
type view struct {
	key, name string
	// short is the name where the screen has no room for all names.
	short string
	// sorts and groups are what s and B go through, nil nothing.
	sorts, groups []string
	open          func(m *model, r *route) page
}

// Views that are no list of the report's, or that no key leads to.
const (
	sourceView = "source"
	placesView = "places"
	ticketView = "ticket"
)

// views stand in the order of their keys. It is filled below, as the views refer to the
// model and the model to them.
var views []view

func init() {
	views = []view{
		{key: "1", name: "summary", short: "sum", open: summary},
		{key: "2", name: "findings", short: "find", open: findings},
		{key: "3", name: "goroutines", short: "gor", open: goroutines, sorts: []string{"count", "longest wait", "daemon"}, groups: stackGroups},
		{key: "4", name: "logs", short: "logs", open: logs, sorts: []string{"first", "last", "lines"}, groups: logLists},
		{key: "5", name: "mounts", short: "mnt", open: mounts, groups: []string{"tree", "list"}},
		{key: "6", name: "processes", short: "proc", open: processes, sorts: []string{"standing still first", "pid", "age", "memory"}, groups: []string{"list", "tree"}},
		{key: "7", name: "sockets", short: "sock", open: sockets, sorts: []string{"daemons first", "queue", "state"}},
		{key: "8", name: "containers", short: "cont", open: containers},
		{key: "9", name: "rules", short: "rule", open: ruleBook},
		{key: "0", name: "bundle", short: "bndl", open: sources},
		{key: "t", name: ticketView, short: "tick"},
	}
}

func viewOf(name string) view {
	for _, v := range views {
		if v.name == name {
			return v
		}
	}
	return view{name: name}
}

// sortNext sorts by the next column.
func (m *model) sortNext(string) tea.Cmd {
	return m.cycle(viewOf(m.history.here.view).sorts, &m.history.here.sort, "sorted by ")
}

// groupNext lists in the next way.
func (m *model) groupNext(string) tea.Cmd {
	return m.cycle(viewOf(m.history.here.view).groups, &m.history.here.group, "by ")
}

func (m *model) cycle(names []string, at *int, words string) tea.Cmd {
	if len(names) < 2 {
		m.note = "there is one way only"
		return nil
	}
	*at = (*at + 1) % len(names)
	m.note = words + names[*at]
	here := &m.history.here
	here.list, here.side, here.from = list{}, list{}, -1
	return m.refresh()
}

// fold closes or opens the node of the cursor.
func (m *model) fold(string) tea.Cmd {
	here := &m.history.here
	r, ok := m.row()
	if !ok || r.fold == "" {
		m.note = "this has no branches"
		return nil
	}
	shut := map[string]bool{}
	for k := range here.shut { // a copy: the history has the other
		shut[k] = true
	}
	if shut[r.fold] {
		delete(shut, r.fold)
	} else {
		shut[r.fold] = true
	}
	here.shut = shut
	return m.refresh()
}

// summary is the text report: what is pasted into a ticket and what is seen here are
// the same words.
func summary(m *model, _ *route) page {
	w := lay(m.w, m.h-3, 0, 0, 0, false, false, false, m.zoom).listW
	var out lines
	if m.report.Early {
		out = lines{{text: "EARLY       the bundle is still being read: this is what it says so far, and it may change", tone: warn}, {}}
	}
	for _, l := range render.Lines(m.report, render.Options{Width: min(w-2, 120), Full: true}) {
		out = append(out, row{text: l.Text, refs: l.Refs, tone: headingTone(l.Text), begins: l.Begins, rule: l.Rule})
	}
	return page{rows: out, reflow: true}
}

// part goes to the next statement of the report, by 1 or -1.
func (m *model) part(by int) tea.Cmd {
	rs, l := m.shown(), &m.history.here.list
	for i := l.cur + by; i >= 0 && i < rs.Len(); i += by {
		if rs.Row(i, wide).begins {
			return m.move(i - l.cur)
		}
	}
	m.note = "no more of the report"
	return nil
}

// headingTone is that of the lines that begin a part of the report.
func headingTone(text string) tone {
	switch {
	case strings.HasPrefix(text, "ROOT CAUSE"), strings.HasPrefix(text, "CAUSE OPEN"):
		return bad
	case strings.HasPrefix(text, "NO ROOT CAUSE"):
		return warn
	case text != "" && text[0] >= 'A' && text[0] <= 'Z':
		return strong
	case strings.HasPrefix(text, "  now "), strings.HasPrefix(text, "  for good "):
		return good
	}
	return normal
}

// signs stand before severities, so that they can be told without colors.
var signs = map[string]string{"critical": "✖", "warning": "▲", "info": "●"}

func findings(m *model, _ *route) page {
	r := m.report
	t := table[*rules.Finding]{items: pointers(r.Findings), columns: []column[*rules.Finding]{
		{title: "STANDING", width: 9, text: func(f **rules.Finding) string { return render.Standing(*f) }},
		{title: "SEVERITY", width: 10, drop: 60, text: func(f **rules.Finding) string { return signs[(*f).Rule.Severity] + " " + (*f).Rule.Severity }},
		{title: "RULE", width: 34, drop: 110, text: func(f **rules.Finding) string { return (*f).Rule.ID.ID }},
		{title: "WHAT", text: func(f **rules.Finding) string { return (*f).Summary }},
	}, refs: func(f **rules.Finding) (refs []fact.Ref) {
		for _, e := range (*f).Evidence {
			refs = fact.AppendRefs(refs, e.Refs(3)...)
		}
		return refs
	}, tone: func(f **rules.Finding) tone {
		switch {
		case (*f).Verdict() && len((*f).ExplainedBy) == 0:
			return bad
		case (*f).Rule.Severity == "info":
			return faint
		}
		return normal
	}}
	return page{rows: t, head: t.head, empty: "no rule holds", detail: func(i, w int) lines {
		var out lines
		for _, l := range render.Finding(r, i, w) {
			out = append(out, row{text: l.Text, refs: l.Refs, tone: headingTone(l.Text), rule: l.Rule})
		}
		to := newRoute("rules")
		to.arg = r.Findings[i].Rule.ID.ID
		return append(out, row{}, row{text: "  rule        " + to.arg + ": why it holds", to: &to})
	}}
}

// why leads from a line to the rule that it speaks of, else to all rules.
func (m *model) why(string) tea.Cmd {
	r, _ := m.pointed()
	to := newRoute("rules")
	to.arg = r.rule
	if i := m.index(); to.arg == "" && m.history.here.view == "findings" && i >= 0 {
		to.arg = m.report.Findings[i].Rule.ID.ID
	}
	return m.show(to)
}

// places lists refs, for a line that rests on several.
func places(refs []fact.Ref) page {
	var out lines
	for _, ref := range refs {
		out = append(out, row{text: ref.String(), refs: []fact.Ref{ref}})
	}
	return page{rows: out, preview: true}
}

func number[T int | int64](v fact.Opt[T]) string {
	if !v.Known {
		return "?"
	}
	return fmt.Sprint(v.V)
}

// yesNo is a truth in a word, "" unknown.
func yesNo(v fact.Opt[bool]) string {
	switch {
	case !v.Known:
		return ""
	case v.V:
		return "yes"
	}
	return "no"
}

// age is a duration as reports word it, "" unknown.
func age(d fact.Opt[time.Duration]) string {
	if !d.Known {
		return ""
	}
	return rules.Age(d.V)
}

func clock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("2006-01-02 15:04:05")
}

// shortClock is clock without the year.
func shortClock(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Format("01-02 15:04:05")
}

// known orders unknown values behind known ones, larger ones first.
func known[T cmp.Ordered](a, b fact.Opt[T]) int {
	switch {
	case a.Known != b.Known:
		if a.Known {
			return -1
		}
		return 1
	}
	return cmp.Compare(b.V, a.V)
}

// join joins what is not empty.
func joined(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), sep)
}
