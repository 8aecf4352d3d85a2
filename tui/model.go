package tui

import (
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	tea "charm.land/bubbletea/v2"

	"culprit/analyze"
	"culprit/analyze/fact"
)

// model is the whole program: one history of places, each with its cursor, and what
// the screen shows of the place where one is. Reading is done in commands.
type model struct {
	incident
	report *analyze.Report
	read   progress
	err    error // of reading the bundle

	w, h    int
	history history
	rows    rows // of the place where one is, filtered
	spools  map[string]*spool
	// wait is the source that is being read, "" none.
	wait string

	asking bool // the filter is being typed
	typed  string
	mouse  bool
	note   string // one line of what happened, until the next key
}

// incident is what the program asks of the outside. Everything in it reads, and is
// called in commands.
type incident struct {
	paths []string
	// open analyses the paths and says which source it reads.
	open func(progress func(source string)) (*analyze.Report, error)
	// source is the content of one source.
	source func(name string) (*spool, error)
	// comment writes the comment for a ticket and says where.
	comment func(*analyze.Report) (file string, err error)
}

// progress is how far the reading of the bundle is. It is written by the reader.
type progress struct {
	sources atomic.Int64
	last    atomic.Pointer[string]
}

func (p *progress) source(name string) {
	p.sources.Add(1)
	p.last.Store(&name)
}

// What commands bring: the report, the content of a source, where the comment lies,
// and that it is time to show how far the reading is.
type (
	loaded struct {
		report *analyze.Report
		err    error
	}
	arrived struct {
		ref  fact.Ref
		text *spool
		err  error
	}
	written struct {
		file string
		err  error
	}
	tick struct{}
)

func newModel(in incident) *model {
	return &model{incident: in, mouse: true, rows: lines(nil), spools: map[string]*spool{}, history: history{here: route{view: "summary"}}}
}

// Init starts to read the bundle; the screen is there at once.
func (m *model) Init() tea.Cmd {
	return tea.Batch(func() tea.Msg {
		r, err := m.open(m.read.source)
		return loaded{r, err}
	}, again())
}

// again asks for a tick.
func again() tea.Cmd {
	const often = 100 * time.Millisecond
	return tea.Tick(often, func(time.Time) tea.Msg { return tick{} })
}

// Update takes one message. It does no reading of its own.
func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.w, m.h = msg.Width, msg.Height
		m.refresh()
	case loaded:
		if msg.err != nil {
			m.err = msg.err
			return m, tea.Quit
		}
		m.report = msg.report
		m.refresh()
	case tick:
		if m.report == nil {
			return m, again()
		}
	case arrived:
		m.arrive(msg)
	case written:
		if m.note = "written to " + msg.file; msg.err != nil {
			m.note = msg.err.Error()
		}
	case tea.KeyPressMsg:
		m.note = ""
		if m.asking {
			m.typing(msg)
			return m, nil
		}
		return m, m.press(msg.String())
	case tea.PasteMsg:
		if m.asking {
			m.typed += msg.Content
		}
	case tea.MouseWheelMsg:
		if msg.Button == tea.MouseWheelUp {
			return m, m.move(-3)
		}
		return m, m.move(3)
	case tea.MouseClickMsg:
		return m, m.click(msg.Y)
	}
	return m, nil
}

// height is how many rows the body has.
func (m *model) height() int {
	h := m.h - 3 // head, tabs or titles, foot
	if m.head() != "" {
		h--
	}
	return max(h, 1)
}

// refresh makes the rows of the place where one is, after it or the size changed.
func (m *model) refresh() {
	here := &m.history.here
	switch {
	case m.report == nil && here.view != helpView:
		m.rows = lines(nil)
	case here.view == sourceView:
		m.rows = lines(nil)
		if s := m.spools[here.ref.Source]; s != nil {
			m.rows = raw{s, here.ref}
		}
	case here.view == helpView:
		m.rows = filter(help(), here.find)
	case here.view == placesView:
		m.rows = filter(places(here.refs), here.find)
	default:
		m.rows = filter(viewOf(here.view).rows(m.report, m.w), here.find)
	}
	here.list.settle(m.rows.Len(), m.height())
}

// show goes to a place.
func (m *model) show(r route) tea.Cmd {
	m.history.push(r)
	m.refresh()
	return m.fetch()
}

// fetch reads the source of the place where one is, if it is not here yet.
func (m *model) fetch() tea.Cmd {
	here := m.history.here
	if here.view != sourceView || m.spools[here.ref.Source] != nil || m.wait == here.ref.Source {
		return nil
	}
	m.wait = here.ref.Source
	return func() tea.Msg {
		s, err := m.source(here.ref.Source)
		return arrived{here.ref, s, err}
	}
}

// arrive takes the content of a source; the cursor goes to the line that was asked
// for, if one is still there.
func (m *model) arrive(msg arrived) {
	if m.wait == msg.ref.Source {
		m.wait = ""
	}
	if msg.err != nil {
		m.note = fmt.Sprintf("%s: %v", msg.ref.Source, msg.err)
		if errors.Is(msg.err, analyze.ErrNoSource) {
			m.note += " (a pipe can be read only once)"
		}
		return
	}
	m.spools[msg.ref.Source] = msg.text
	here := &m.history.here
	if here.view == sourceView && here.ref.Source == msg.ref.Source {
		here.list = list{cur: here.ref.Line - 1, top: here.ref.Line - 1 - m.height()/3}
		m.refresh()
	}
}

// enter goes to what the line of the cursor rests on.
func (m *model) enter() tea.Cmd {
	if m.history.here.view == sourceView {
		return nil
	}
	i := m.history.here.list.cur
	if i >= m.rows.Len() {
		return nil
	}
	refs := m.rows.Row(i).refs
	switch len(refs) {
	case 0:
		m.note = "this line rests on nothing in the bundle"
		return nil
	case 1:
		ref := refs[0]
		if s := m.spools[ref.Source]; s != nil {
			return m.show(route{view: sourceView, ref: ref, list: list{cur: ref.Line - 1, top: ref.Line - 1 - m.height()/3}})
		}
		return m.show(route{view: sourceView, ref: ref})
	}
	return m.show(route{view: placesView, refs: refs})
}

func (m *model) back() tea.Cmd {
	if !m.history.back() {
		m.note = "this is where you began; q quits"
	}
	m.refresh()
	return m.fetch()
}

func (m *model) forward() tea.Cmd {
	m.history.forward()
	m.refresh()
	return m.fetch()
}

// next goes to a neighbour of the view.
func (m *model) next(by int) tea.Cmd {
	at := 0
	for i, v := range views {
		if v.name == m.history.here.view {
			at = i
		}
	}
	return m.show(route{view: views[(at+by+len(views))%len(views)].name})
}

func (m *model) move(by int) tea.Cmd {
	l := &m.history.here.list
	l.cur += by
	l.settle(m.rows.Len(), m.height())
	return nil
}

// click puts the cursor where the mouse is; on the line of the cursor it is Enter.
func (m *model) click(y int) tea.Cmd {
	l := &m.history.here.list
	i := l.top + y - (m.h - 1 - m.height())
	if i < l.top || i >= min(l.top+m.height(), m.rows.Len()) {
		return nil
	}
	if i == l.cur {
		return m.enter()
	}
	l.cur = i
	return nil
}

func (m *model) scroll(by int) tea.Cmd {
	m.history.here.list.left = max(m.history.here.list.left+by, 0)
	return nil
}

func (m *model) ask() tea.Cmd {
	m.asking, m.typed = true, m.history.here.find
	return nil
}

// typing edits the filter. In the raw lines it is what is searched for: context stays.
func (m *model) typing(key tea.KeyPressMsg) {
	switch key.String() {
	case "enter":
		m.asking = false
		m.history.here.find = m.typed
		if m.history.here.view == sourceView {
			m.match(1)
			return
		}
		m.history.here.list = list{}
		m.refresh()
	case "esc", "ctrl+c":
		m.asking = false
	case "backspace":
		if r := []rune(m.typed); len(r) > 0 {
			m.typed = string(r[:len(r)-1])
		}
	default:
		m.typed += key.Text
	}
}

// match goes to the next line that holds what is searched for, by 1 or -1.
func (m *model) match(by int) tea.Cmd {
	here := &m.history.here
	if here.find == "" {
		m.note = "nothing is searched for: / does"
		return nil
	}
	for i := here.list.cur + by; i >= 0 && i < m.rows.Len(); i += by {
		if strings.Contains(strings.ToLower(m.rows.Row(i).text), strings.ToLower(here.find)) {
			here.list.cur = i
			here.list.settle(m.rows.Len(), m.height())
			return nil
		}
	}
	m.note = "no more of " + here.find
	return nil
}

// yank copies the line of the cursor and the places that it rests on.
func (m *model) yank() tea.Cmd {
	here := m.history.here
	if here.list.cur >= m.rows.Len() {
		return nil
	}
	r := m.rows.Row(here.list.cur)
	text := strings.TrimSpace(plain(r.text))
	if here.view == sourceView {
		text = fmt.Sprintf("%s:%d: %s", plain(here.ref.Source), here.list.cur+1, plain(m.spools[here.ref.Source].Line(here.list.cur)))
	}
	for i, ref := range r.refs {
		if i == 3 {
			break
		}
		text += "  " + plain(ref.String())
	}
	m.note = "copied"
	return tea.SetClipboard(text)
}

// export writes the comment for a ticket.
func (m *model) export() tea.Cmd {
	if m.report == nil {
		m.note = "the bundle is not read yet"
		return nil
	}
	m.note = "writing ..."
	return func() tea.Msg {
		file, err := m.comment(m.report)
		return written{file, err}
	}
}

func (m *model) toggleMouse() tea.Cmd {
	m.mouse = !m.mouse
	m.note = map[bool]string{true: "the mouse scrolls", false: "the mouse selects text"}[m.mouse]
	return nil
}

func (m *model) help() tea.Cmd { return m.show(route{view: helpView}) }

// close gives back what was spooled.
func (m *model) close() {
	for _, s := range m.spools {
		s.Close()
	}
}
