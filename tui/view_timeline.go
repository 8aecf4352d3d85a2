package tui

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"path"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"culprit/analyze"
	"culprit/analyze/fact"
)

// timeline is all lines of all logs by time.
type timeline struct {
	*analyze.Timeline
	// contents are the sources of its streams, nil where one is not there.
	contents []io.ReaderAt
	files    []io.Closer
}

// Close gives the files back.
func (t *timeline) Close() {
	for _, f := range t.files {
		f.Close()
	}
	if t.Timeline != nil {
		t.Timeline.Close()
	}
}

// merging is how far the making of the timeline is.
type merging struct {
	busy        bool
	done, total *atomic.Int64
	err         error
	leave       context.CancelFunc
}

// merged brings the timeline.
type merged struct {
	line *timeline
	err  error
}

// mergeLogs begins to make the timeline, once.
func (m *model) mergeLogs() tea.Cmd {
	if m.line != nil || m.merging.busy || m.merging.err != nil || m.reading {
		return nil
	}
	ctx, leave := context.WithCancel(context.Background())
	at := merging{busy: true, done: &atomic.Int64{}, total: &atomic.Int64{}, leave: leave}
	m.merging = at
	r := m.report
	return tea.Batch(func() tea.Msg {
		line, err := m.merge(ctx, r, func(done, total int64) {
			at.done.Store(done)
			at.total.Store(total)
		})
		return merged{line, err}
	}, m.again())
}

// takeLine takes the timeline.
func (m *model) takeLine(msg merged) tea.Cmd {
	m.merging.busy = false
	if m.line, m.merging.err = msg.line, msg.err; msg.err != nil {
		m.note = "the logs are not merged: " + msg.err.Error()
	}
	if m.history.here.view == "logs" {
		return m.here()
	}
	return nil
}

// byTime is the page of all logs by time.
func (m *model) byTime() page {
	if m.line == nil {
		why := "merging the logs by time ..."
		switch {
		case m.merging.err != nil:
			why = m.merging.err.Error()
		case m.reading:
			why = "the logs are merged when the bundle is read"
		case m.merging.busy:
			if total := m.merging.total.Load(); total > 0 {
				why += fmt.Sprintf(" %d%%", m.merging.done.Load()*100/total)
			}
		}
		return page{rows: lines(nil), empty: why}
	}
	empty := "no log has a line with a time"
	return page{rows: newMoments(m.line), head: headOfMoments, above: m.sparks, empty: empty}
}

// moments are the lines of the timeline.
type moments struct {
	line    *timeline
	windows []*window // by stream
}

func newMoments(line *timeline) moments {
	t := moments{line: line}
	for _, content := range line.contents {
		t.windows = append(t.windows, &window{content: content})
	}
	return t
}

func (t moments) Len() int { return t.line.Len() }

// A row has the date from 100 columns on, and who wrote the line from 60 on.
const (
	momentClock = "15:04:05.000"
	momentDate  = "01-02 " + momentClock
)

func headOfMoments(w int) string {
	title := pad("TIME", len(momentDate))
	if w < 100 {
		title = pad("", len(momentDate)-len(momentClock)) + pad("TIME", len(momentClock))
	}
	return momentOf(w, title, "WRITER", " ", "LINE")
}

// momentOf puts the columns of a row together.
func momentOf(w int, date, writer, level, text string) string {
	out := date
	if w < 100 {
		out = date[len(momentDate)-len(momentClock):]
	}
	if w >= 60 {
		out += " " + pad(fit(plain(writer), 10), 10)
	}
	return out + " " + level + " " + text
}

func (t moments) Row(i, w int) row {
	at := t.line.At(i)
	if at.Line == 0 {
		return row{text: "cannot be read any more"}
	}
	stream := t.line.Streams[at.Stream]
	r := row{refs: []fact.Ref{{Source: stream.Source, Line: at.Line, Offset: at.Offset}}}
	level := " "
	switch at.Level {
	case fact.LevelError:
		level, r.tone = "E", bad
	case fact.LevelWarning:
		level = "W"
	}
	writer := stream.Daemon
	if writer == "" {
		writer = path.Base(stream.Source)
	}
	r.line = t.read(at)
	r.text = momentOf(w, at.Time.Format(momentDate), writer, level, analyze.Message(r.line))
	return r
}

func (t moments) text(i int) string { return t.read(t.line.At(i)) }

func (t moments) private() rows { return newMoments(t.line) }

// read reads one line.
func (t moments) read(at analyze.Moment) string { return t.windows[at.Stream].line(at.Offset) }

// window is a part of a source that is read at once, as rows near one another are.
type window struct {
	content io.ReaderAt // nil where the source is not there
	start   int64
	held    []byte
}

// line reads the line that begins at an offset; of a long one the end is left out, and
// that is marked.
func (w *window) line(offset int64) string {
	const size, most = 64 << 10, 16 << 10
	if w.content == nil {
		return "(not kept)"
	}
	cut := func() ([]byte, bool) {
		if offset < w.start || offset >= w.start+int64(len(w.held)) {
			return nil, false
		}
		rest := w.held[offset-w.start:]
		line, _, whole := bytes.Cut(rest[:min(len(rest), most)], []byte{'\n'})
		return line, whole || len(rest) >= most
	}
	line, whole := cut()
	if !whole {
		if w.held == nil {
			w.held = make([]byte, size)
		}
		n, err := w.content.ReadAt(w.held[:size], offset)
		if n == 0 && err != nil {
			return "cannot be read any more: " + err.Error()
		}
		w.start, w.held = offset, w.held[:n]
		line, _ = cut()
	}
	if len(line) == most {
		return string(line) + " …"
	}
	return string(bytes.TrimRight(line, "\r"))
}

// lineSeries are all lines and the errors by minute, where the logs are merged.
func (m *model) lineSeries() []series {
	if m.line == nil {
		return nil
	}
	lines := series{name: "all lines", perMinute: map[int64]int64{}}
	errors := series{name: "errors", perMinute: map[int64]int64{}}
	for _, at := range m.line.Minutes() {
		lines.perMinute[at.Minute], errors.perMinute[at.Minute] = at.Lines, at.Errors
		lines.count += at.Lines
		errors.count += at.Errors
	}
	return []series{lines, errors}
}

// here reports whether the timeline is what is shown.
func (m *model) onTimeline() bool {
	here := &m.history.here
	return here.view == "logs" && logLists[here.group] == "timeline" && m.line != nil
}

// minute goes a minute back or on.
func (m *model) minute(key string) tea.Cmd {
	if !m.onTimeline() || m.line.Len() == 0 {
		m.note = "that is for the timeline: B leads there"
		return nil
	}
	by := time.Minute
	if key == "<" {
		by = -by
	}
	return m.toTime(m.line.At(m.index()).Time.Truncate(time.Minute).Add(by))
}

func (m *model) toTime(at time.Time) tea.Cmd {
	m.cursorTo(min(m.line.Find(at), m.line.Len()-1))
	m.history.here.side = list{}
	return nil
}

// askTime asks for a time of the day, or a date and a time.
func (m *model) askTime(string) tea.Cmd {
	if !m.onTimeline() || m.line.Len() == 0 {
		m.note = "that is for the timeline: B leads there"
		return nil
	}
	here := m.line.At(m.index()).Time
	m.prompt = &prompt{"time: ", here.Format("2006-01-02 15:04:05"), func(m *model, typed string) tea.Cmd {
		for _, form := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04:05", "15:04:05", "15:04"} {
			at, err := time.ParseInLocation(form, typed, here.Location())
			if err != nil {
				continue
			}
			if at.Year() == 0 {
				at = time.Date(here.Year(), here.Month(), here.Day(), at.Hour(), at.Minute(), at.Second(), 0, here.Location())
			}
			return m.toTime(at)
		}
		m.note = "no time: " + typed
		return nil
	}}
	return nil
}

// hit goes to the next line that a signature knows.
func (m *model) hit(key string) tea.Cmd {
	by := 1
	if key == "{" {
		by = -1
	}
	if m.history.here.view == "summary" {
		return m.part(by)
	}
	return m.find("a signature", by, m.signature)
}

// errorLine goes to the next line that calls itself an error.
func (m *model) errorLine(key string) tea.Cmd {
	by := 1
	if key == "E" {
		by = -1
	}
	return m.find("an error", by, m.isError)
}

// inTimeline goes from a raw line to the same line among those of the other logs.
func (m *model) inTimeline(string) tea.Cmd {
	here := &m.history.here
	to := newRoute("logs")
	to.group = 1
	to.ref = lineRef(here.ref.Source, m.index()+1)
	return m.show(to)
}

// placeInTimeline puts the cursor where the place is that one came from.
func (m *model) placeInTimeline() {
	here := &m.history.here
	if here.ref.Source == "" || !m.onTimeline() || here.list != (list{}) {
		return
	}
	if i, ok := m.line.Place(here.ref.Source, here.ref.Line); ok {
		m.cursorTo(i)
		return
	}
	m.note = here.ref.Source + " has no line with a time"
}
