package tui

import (
	"cmp"
	"strings"

	tea "charm.land/bubbletea/v2"

	"culprit/analyze"
	"culprit/analyze/render"
	"culprit/rules"
)

// judged is a rule and how it stands.
type judged struct {
	rule *rules.Rule
	all  []rules.Explanation
}

// book is what explain brings: all rules, in the order of their ids.
type book struct {
	report *analyze.Report
	rules  []judged
}

// ruleBook lists all rules, those that hold first, then those of which something holds.
func ruleBook(m *model, _ *route) page {
	if m.book == nil {
		return page{rows: lines(nil), empty: "asking the rules ..."}
	}
	all := sorted(m.book, func(a, b *judged) int {
		return cmp.Or(rankOf(a)-rankOf(b), strings.Compare(a.rule.ID.ID, b.rule.ID.ID))
	})
	t := table[judged]{items: all, columns: []column[judged]{
		{title: "STANDING", width: 9, text: standingOf},
		{title: "LAYER", width: 10, drop: 100, text: func(j *judged) string { return j.rule.ID.Layer }},
		{title: "RULE", width: 34, narrow: 20, text: func(j *judged) string { return j.rule.ID.ID }},
		{title: "TITLE", text: func(j *judged) string { return j.rule.Title }},
	}, tone: func(j *judged) tone {
		switch {
		case rankOf(j) > 1:
			return faint
		case rankOf(j) == 1:
			return normal
		}
		return strong
	}}
	return page{rows: t, head: t.head, detail: func(i, w int) lines {
		var out lines
		for _, l := range render.ExplainLines(all[i].all, render.Options{Width: w, Full: true}) {
			out = append(out, row{text: l.Text, refs: l.Refs, tone: headingTone(l.Text)})
		}
		return out
	}}
}

// standingOf is how a rule stands in a word.
func standingOf(j *judged) string {
	if len(j.all) > 0 && j.all[0].Finding != nil {
		return render.Standing(j.all[0].Finding)
	}
	if rankOf(j) == 1 {
		return "in part"
	}
	return "no"
}

// rankOf orders rules: those that hold, those with a condition that does, the others.
func rankOf(j *judged) int {
	if len(j.all) == 0 {
		return 3
	}
	first := j.all[0]
	if first.Finding != nil {
		return 0
	}
	for _, c := range first.Conditions {
		if c.Truth == rules.True && (c.Part == "cause" || c.Part == "effect") {
			return 1
		}
	}
	return 2
}

// askRules has all rules explained, once a report.
func (m *model) askRules() tea.Cmd {
	if m.book != nil || m.asked == m.report {
		return nil
	}
	m.asked = m.report
	r := m.report
	return func() tea.Msg { return book{r, m.explain(r)} }
}

// takeBook takes the rules.
func (m *model) takeBook(msg book) tea.Cmd {
	if msg.report != m.report {
		return nil // of what was read before
	}
	m.book = msg.rules
	if m.history.here.view == "rules" {
		return m.here()
	}
	return nil
}

// openRule puts the cursor on the rule that the place is about.
func (m *model) openRule() {
	here := &m.history.here
	t, ok := m.page.rows.(table[judged])
	if !ok || here.arg == "" || here.list != (list{}) {
		return
	}
	for i := range t.items {
		if t.items[i].rule.ID.ID == here.arg {
			m.cursorTo(i)
			here.aside = m.layout().side > 0
		}
	}
}
