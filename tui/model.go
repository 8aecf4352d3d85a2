package tui

import (
	"context"
	"errors"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"culprit/analyze"
	"culprit/analyze/fact"
	"culprit/analyze/render"
)

// model is the whole program: one history of places, each with its cursors, and what
// the screen shows of the place where one is. Reading is done in commands.
type model struct {
	incident
	report  *analyze.Report // one of what was read so far, or the whole
	reading bool
	stopped bool               // by the user
	stop    context.CancelFunc // ends the reading of the bundle
	read    progress
	err     error  // of reading the bundle
	changed string // what became of the bundle on disk, "" nothing

	w, h    int
	history history
	page    page
	sift    *sift // the filter of the page, nil none
	// sifts and seeks tell filters and searches from those that are stale.
	sifts, seeks int
	seeking      bool // a search goes on in the background
	texts        map[string]*source
	// wait is the source that is being read, "" none; leave ends that.
	wait    string
	leave   context.CancelFunc
	aside   aside
	line    *timeline // all logs by time, nil not made yet
	merging merging
	book    []judged // how the rules stand, nil not asked yet
	asked   *analyze.Report
	rowsBy  *lookup // of report, nil not made yet

	prompt  *prompt
	overlay *overlay
	zoom    bool
	mouse   bool
	ascii   bool
	osc52   bool // the terminal can be asked to copy
	theme   theme
	ticket  ticket
	// after is a message that comes after a while.
	after func(time.Duration, func() tea.Msg) tea.Cmd
	shelf shelf
	// drawn are the rows of the list that the lines of the screen show.
	drawn []int
	note  string // one line of what happened, until the next key
}

// incident is what the program asks of the outside. Everything in it reads, and is
// called in commands.
type incident struct {
	paths []string
	// open analyses the paths; it says which source it reads, and now and then what it
	// would say so far.
	open func(ctx context.Context, progress func(source string), early func(*analyze.Report)) (*analyze.Report, error)
	// source is the content of one source.
	source func(ctx context.Context, name string) (*source, error)
	// merge makes the timeline of all logs.
	merge func(ctx context.Context, r *analyze.Report, progress func(done, total int64)) (*timeline, error)
	// explain says how all rules stand.
	explain func(r *analyze.Report) []judged
	// export renders the report.
	export func(r *analyze.Report, format string, pins []render.Pin) (string, error)
	// look says what became of the paths since they were opened, "" nothing.
	look func() string
	// pins keeps what is pinned from one run to the next.
	pins *pinFile
	// signature says whether a line is one that a signature knows, isError whether it
	// calls itself an error.
	signature, isError func(line string) bool
}

// What commands bring: the report, the content of a source, a file that was written,
// and that it is time to show how far the reading is.
type (
	loaded struct {
		report *analyze.Report
		err    error
	}
	arrived struct {
		source string
		text   *source
		err    error
	}
	written struct {
		file   string
		format string // of a report, "" of something else
		err    error
	}
	looked   struct{ changed string }
	question func(m *model) // asks the program itself
	tick     struct{}
)

func newModel(in incident) *model {
	m := &model{incident: in, mouse: true, texts: map[string]*source{}, theme: themes[0], osc52: true, reading: true, stop: func() {}, leave: func() {}, after: after}
	m.history.here = newRoute("summary")
	m.page = page{rows: lines(nil)}
	return m
}

func newRoute(view string) route { return route{view: view, from: -1} }

// Init starts to read the bundle; the screen is there at once.
func (m *model) Init() tea.Cmd {
	ctx, stop := context.WithCancel(context.Background())
	m.stop = stop
	m.read.began = time.Now()
	early := make(chan *analyze.Report, 1)
	m.read.early = early
	return tea.Batch(func() tea.Msg {
		r, err := m.open(ctx, m.read.source, func(r *analyze.Report) {
			select { // one that nobody took yet is out of date
			case <-early:
			default:
			}
			early <- r
		})
		return loaded{report: r, err: err}
	}, m.again(), m.recover(), tea.RequestBackgroundColor)
}

// again asks for a tick.
func (m *model) again() tea.Cmd {
	const often = 100 * time.Millisecond
	return m.after(often, func() tea.Msg { return tick{} })
}

// watch asks in a while what became of the bundle.
func (m *model) watch() tea.Cmd {
	const seldom = 5 * time.Second
	return m.after(seldom, func() tea.Msg { return looked{m.look()} })
}

// after is a message that comes after a while.
func after(d time.Duration, msg func() tea.Msg) tea.Cmd {
	return tea.Tick(d, func(time.Time) tea.Msg { return msg() })
}

// Update takes one message. It does no reading of its own.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	return m, tea.Batch(m.update(msg), m.prepare())
}

func (m *model) update(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		rewrap := m.w != msg.Width && m.page.reflow
		keep := m.anchor()
		m.w, m.h = msg.Width, msg.Height
		if rewrap {
			cmd := m.refresh()
			keep()
			return cmd
		}
		m.settle()
	case tea.BackgroundColorMsg:
		if m.theme.name == themes[0].name && msg.Color != nil {
			m.theme = themes[1]
			if !msg.IsDark() {
				m.theme = themes[2]
			}
		}
	case loaded:
		return m.load(msg)
	case tick:
		select {
		case r := <-m.read.early:
			return tea.Batch(m.load(loaded{report: r}), m.again())
		default:
		}
		if m.reading || m.merging.busy {
			return tea.Batch(m.progressed(), m.again())
		}
	case arrived:
		return m.arrive(msg)
	case sifted:
		return m.siftMore(msg)
	case sought:
		return m.seekMore(msg)
	case merged:
		return m.takeLine(msg)
	case book:
		return m.takeBook(msg)
	case rendered:
		return m.copied(msg)
	case question:
		msg(m)
	case looked:
		if m.changed = msg.changed; m.changed != "" {
			m.note = "the bundle has " + m.changed + "; what was read of it stays"
			return nil
		}
		return m.watch()
	case recovered:
		return m.takePins(msg)
	case written:
		m.took(msg)
	default:
		return m.input(msg)
	}
	return nil
}

// input takes keys, pasted text and the mouse.
func (m *model) input(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.KeyPressMsg:
		m.note = ""
		switch {
		case m.prompt != nil:
			return m.prompt.key(m, msg)
		case m.overlay != nil:
			return m.overlay.key(m, msg)
		}
		return m.press(msg.String())
	case tea.PasteMsg:
		text := strings.Join(strings.Fields(msg.Content), " ") // of several lines one is made
		switch {
		case m.prompt != nil:
			m.prompt.typed += text
		case m.overlay != nil:
			m.overlay.typed += text
		}
	case tea.MouseWheelMsg:
		return m.wheel(msg)
	case tea.MouseClickMsg:
		return m.click(msg.X, msg.Y)
	}
	return nil
}

// load takes the report, or one of what was read so far.
func (m *model) load(msg loaded) tea.Cmd {
	switch {
	case msg.err != nil && m.report != nil: // what was read so far stays
		m.reading = false
		m.note = "the reading failed: " + msg.err.Error()
		return nil
	case msg.err != nil && m.stopped:
		m.reading = false
		m.note = "nothing was read yet; q quits"
		return nil
	case msg.err != nil:
		m.err = msg.err
		return tea.Quit
	case msg.report.Early && !m.reading:
		return nil
	}
	keep := m.anchor()
	m.report = msg.report
	m.book, m.asked = nil, nil
	cmd := m.refresh()
	keep()
	if m.report.Early {
		return cmd
	}
	m.reading = false
	return tea.Batch(cmd, m.watch())
}

// fetch reads a source that is not here yet.
func (m *model) fetch(source string) tea.Cmd {
	if source == "" || m.texts[source] != nil || m.wait == source {
		return nil
	}
	m.leave()
	ctx, leave := context.WithCancel(context.Background())
	m.wait, m.leave = source, leave
	return func() tea.Msg {
		t, err := m.source(ctx, source)
		return arrived{source, t, err}
	}
}

// arrive takes the content of a source; the cursor goes to the line that was asked
// for, if one is still there.
func (m *model) arrive(msg arrived) tea.Cmd {
	if m.wait == msg.source {
		m.wait = ""
	}
	if msg.err != nil {
		if errors.Is(msg.err, context.Canceled) {
			return nil
		}
		m.aside.missing = append(m.aside.missing, msg.source)
		m.note = msg.source + ": " + msg.err.Error()
		if errors.Is(msg.err, analyze.ErrNoSource) && m.changed == "" {
			m.note += " (a pipe can be read only once)"
		}
		return nil
	}
	m.texts[msg.source] = msg.text
	m.aside.stale()
	return tea.Batch(m.completePins(msg.source), m.showText(msg.source))
}

// showText shows a source that has arrived, if one is still there.
func (m *model) showText(source string) tea.Cmd {
	here := &m.history.here
	if here.view == sourceView && here.ref.Source == source {
		cmd := m.refresh()
		m.toCited()
		return cmd
	}
	return nil
}

// progressed shows how far the merging of the logs is.
func (m *model) progressed() tea.Cmd {
	if here := &m.history.here; here.view == "logs" && logLists[here.group] == "timeline" && m.line == nil && m.report != nil {
		return m.refresh()
	}
	return nil
}

// close gives back what was opened.
func (m *model) close() {
	m.stop()
	m.leave()
	for _, t := range m.texts {
		t.Close()
	}
	if m.merging.busy {
		m.merging.leave()
	}
	if m.line != nil {
		m.line.Close()
	}
}

// lineRef is the place of one line.
func lineRef(source string, line int) fact.Ref { return fact.Ref{Source: source, Line: line} }
