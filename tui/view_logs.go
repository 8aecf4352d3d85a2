package tui

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"culprit/analyze"
	"culprit/analyze/fact"
	"culprit/rules"
)

// logLists are the ways to list logs: what the signatures found, all lines by time, the
// files.
var logLists = []string{"signatures", "timeline", "files"}

func logs(m *model, r *route) page {
	switch logLists[r.group] {
	case "timeline":
		return m.byTime()
	case "files":
		return m.logFiles()
	}
	hits := sorted(m.report.Tables.Hits, func(a, b *fact.Hit) int {
		switch r.sort {
		case 1:
			return b.Last.Compare(a.Last)
		case 2:
			return cmp.Compare(b.Count, a.Count)
		}
		return a.First.Compare(b.First)
	})
	t := table[fact.Hit]{items: hits, columns: []column[fact.Hit]{
		{title: "LINES", width: 7, narrow: 5, right: true, text: func(h *fact.Hit) string { return strconv.FormatInt(h.Count, 10) }},
		{title: "FIRST", width: 14, drop: 70, text: func(h *fact.Hit) string { return shortClock(h.First) }},
		{title: "LAST", width: 14, drop: 130, text: func(h *fact.Hit) string { return shortClock(h.Last) }},
		{title: "DAEMON", width: 10, drop: 100, text: func(h *fact.Hit) string { return h.Daemon }},
		{title: "SIGNATURE", width: 30, narrow: 14, text: func(h *fact.Hit) string { return h.Signature }},
		{title: "TEXT", text: func(h *fact.Hit) string { return analyze.Message(h.Text) }},
	}, refs: func(h *fact.Hit) []fact.Ref { return h.Refs }}
	return page{rows: t, head: t.head, above: m.sparks, empty: "no line of a log says what a signature knows", detail: func(i, w int) lines {
		return m.hitSheet(hits[i], w)
	}}
}

// hitSheet tells of the lines of one signature.
func (m *model) hitSheet(h *fact.Hit, w int) lines {
	s := sheet{w: w, refs: h.Refs}
	s.title(fmt.Sprintf("%s: %s", h.Signature, counted(h.Count, "line")))
	if !h.First.IsZero() {
		s.field("from", clock(h.First)+" to "+clock(h.Last))
	}
	s.field("first line", h.Text, h.Refs[:min(1, len(h.Refs))]...)
	s.field("container", h.Container)
	for _, name := range sortedKeys(h.Fields) {
		s.field(name, h.Fields[name])
	}
	for i, f := range m.report.Findings {
		if shows(f, h) {
			to := newRoute("findings")
			to.list.cur = i
			s.link("shows", f.Summary, to)
		}
	}
	s.title("in the bundle")
	s.places("", h.Refs)
	return s.rows
}

// shows reports whether a hit is evidence of a finding.
func shows(f *rules.Finding, h *fact.Hit) bool {
	return slices.ContainsFunc(f.Evidence, func(e rules.Evidence) bool {
		return slices.ContainsFunc(e.Rows, func(r rules.Row) bool { return r.Value == any(h) })
	})
}

func counted(n int64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

// logFiles lists the logs and what they cover.
func (m *model) logFiles() page {
	all := pointers(m.report.Tables.Logs)
	t := table[fact.Log]{items: all, columns: []column[fact.Log]{
		{title: "LINES", width: 9, right: true, text: func(l *fact.Log) string { return strconv.FormatInt(l.Lines, 10) }},
		{title: "FIRST", width: 19, drop: 60, text: func(l *fact.Log) string { return clock(l.First) }},
		{title: "LAST", width: 19, drop: 90, text: func(l *fact.Log) string { return clock(l.Last) }},
		{title: "DAEMON", width: 10, drop: 70, text: func(l *fact.Log) string { return l.Daemon }},
		{title: "FORMAT", width: 7, drop: 110, text: func(l *fact.Log) string { return l.Format }},
		{title: "CUT", width: 9, drop: 100, text: cutOf},
		{title: "SOURCE", text: func(l *fact.Log) string { return l.Source }},
	}, refs: func(l *fact.Log) []fact.Ref { return []fact.Ref{lineRef(l.Source, 1)} }}
	return page{rows: t, head: t.head, empty: "there is no log in the bundle"}
}

// cutOf says at which end a log is not whole.
func cutOf(l *fact.Log) string {
	switch {
	case l.CutHead && l.CutTail:
		return "both ends"
	case l.CutHead:
		return "head"
	case l.CutTail:
		return "tail"
	}
	return ""
}
