package tui

import (
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"culprit/analyze"
)

// progress is how far the reading of the bundle is. It is written by the reader.
type progress struct {
	sources atomic.Int64
	last    atomic.Pointer[string]
	began   time.Time
	early   chan *analyze.Report
}

func (p *progress) source(name string) {
	p.sources.Add(1)
	p.last.Store(&name)
}

// loading is the screen while nothing is known yet.
func (m *model) loading(h int) []string {
	out := make([]string, h)
	text := lines{{text: "reading " + strings.Join(m.paths, " ")}}
	if last := m.read.last.Load(); last != nil {
		text = append(text, row{text: fmt.Sprintf("%d sources, %s", m.read.sources.Load(), *last)})
	}
	if !m.read.began.IsZero() {
		text = append(text, row{text: fmt.Sprintf("for %.1f s", time.Since(m.read.began).Seconds())})
	}
	text = append(text, row{}, row{text: "a verdict is shown as soon as what was read allows one, marked EARLY;"},
		row{text: "esc ends the reading and judges what is there, q quits"})
	for i, r := range text[:min(len(text), h)] {
		out[i] = fit("  "+plain(r.text), m.w)
	}
	return out
}
