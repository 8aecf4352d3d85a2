// Package tui shows a report on a terminal: the verdict first, and from every claim
// the way to the raw lines that prove it and back. Nothing of a bundle reaches the
// terminal but through plain.
package tui

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"

	"culprit/analyze"
	"culprit/analyze/render"
	"culprit/rules"
)

// IsTerminal reports whether a stream is a terminal. The null device is none.
func IsTerminal(stream any) bool {
	file, ok := stream.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(file.Fd())
}

// Options say how the program looks.
type Options struct {
	// ASCII draws without other signs, as it does where the locale names no UTF-8.
	ASCII bool
}

// spoolLimit is how much of a bundle is kept at hand in a file of the temporary folder.
// Sources beyond it are looked for in the bundle again.
const spoolLimit = 2 << 30

// Run shows the paths, one incident, until the user quits. It needs a terminal. The
// rules are loaded while the first screen is there already. The error is that of
// reading, or of the terminal.
func Run(ctx context.Context, look Options, o analyze.Options, load func() (*rules.Set, error), paths ...string) error {
	spool, err := analyze.NewSpool(spoolLimit)
	if err == nil { // without one sources are read from the bundle again
		defer spool.Close()
		o.Spool = spool
	}
	c := newCase(o, load, paths...)
	m := newModel(c.incident(ctx))
	m.ascii = look.ASCII || !utf8Locale(os.Getenv)
	m.osc52 = canCopy(os.Getenv)
	if os.Getenv("NO_COLOR") != "" {
		m.theme = themes[len(themes)-1]
	}
	defer m.close()
	// Signals end ctx. The program is then asked to quit, as one that is killed does not
	// give the terminal back, and by us alone: two that ask at once wait for one another.
	program := tea.NewProgram(m, tea.WithoutSignalHandler())
	defer context.AfterFunc(ctx, program.Quit)()
	if _, err := program.Run(); err != nil {
		return err
	}
	return m.err
}

// bundleCase answers the model's questions out of a bundle.
type bundleCase struct {
	o     analyze.Options // without Rules: others read it while these are loaded
	load  func() (*rules.Set, error)
	paths []string
	// set are the rules and known says which signature knows a line, once loaded.
	set   atomic.Pointer[rules.Set]
	known atomic.Pointer[func(string) string]
}

func newCase(o analyze.Options, load func() (*rules.Set, error), paths ...string) *bundleCase {
	return &bundleCase{o: o, load: load, paths: paths}
}

func (c *bundleCase) incident(ctx context.Context) incident {
	state := stateOf(absolute(c.paths))
	return incident{
		paths: c.paths,
		open:  c.open,
		source: func(ctx context.Context, name string) (*source, error) {
			return openSource(ctx, c.o, name, c.paths)
		},
		merge:   c.merge,
		explain: c.explain,
		export:  c.export(ctx),
		look: func() string {
			switch now := stateOf(absolute(c.paths)); {
			case now == state:
				return ""
			case gone(c.paths):
				return "vanished"
			}
			return "changed on disk"
		},
		pins:      &pinFile{paths: c.paths},
		signature: c.signature,
		isError:   analyze.IsError,
	}
}

func (c *bundleCase) open(ctx context.Context, progress func(string), early func(*analyze.Report)) (*analyze.Report, error) {
	set, err := c.load()
	if err != nil {
		return nil, err
	}
	known, err := analyze.Signature(set)
	if err != nil {
		return nil, err
	}
	c.set.Store(set)
	c.known.Store(&known)
	o := c.o
	o.Rules, o.Progress, o.Early = set, progress, early
	return analyze.Bundles(ctx, o, c.paths...)
}

func (c *bundleCase) signature(text string) bool {
	known := c.known.Load()
	return known != nil && (*known)(text) != ""
}

// merge makes the timeline of the logs, out of the spool or, for what it does not hold,
// of copies.
func (c *bundleCase) merge(ctx context.Context, r *analyze.Report, progress func(done, total int64)) (*timeline, error) {
	contents := map[string]*io.SectionReader{}
	out := &timeline{}
	line, err := analyze.Merge(ctx, r, func(source string) (*io.SectionReader, bool) {
		content, closer, err := contentOf(ctx, c.o, source, c.paths)
		if err != nil {
			return nil, false
		}
		contents[source] = content
		out.files = append(out.files, closer)
		return content, true
	}, progress)
	if out.Timeline = line; err != nil {
		out.Close()
		return nil, err
	}
	for _, s := range line.Streams {
		var content io.ReaderAt
		if held := contents[s.Source]; held != nil {
			content = held
		}
		out.contents = append(out.contents, content)
	}
	return out, nil
}

func (c *bundleCase) explain(r *analyze.Report) (all []judged) {
	set := c.set.Load()
	for _, rule := range set.Rules {
		all = append(all, judged{rule, set.Explain(r.Tables, rule)})
	}
	return all
}

// absolute are paths that stay the same wherever one is; one that cannot be made so
// stays as it is.
func absolute(paths []string) (out []string) {
	for _, path := range paths {
		if abs, err := filepath.Abs(path); err == nil {
			path = abs
		}
		out = append(out, path)
	}
	return out
}

func gone(paths []string) bool {
	for _, path := range paths {
		if _, err := os.Stat(path); err != nil {
			return true
		}
	}
	return false
}

// export renders a format with what is pinned. The lines that it quotes are read again.
func (c *bundleCase) export(ctx context.Context) func(*analyze.Report, string, []render.Pin) (string, error) {
	return func(r *analyze.Report, name string, pins []render.Pin) (string, error) {
		f, ok := render.FormatNamed(name)
		if !ok {
			return "", errors.New("there is no format " + name)
		}
		o := render.Options{Pins: pins}
		quoted := *r // the report on the screen is not touched
		if f.Cited != nil {
			if err := quoted.Quote(ctx, c.o, f.Cited(&quoted, o), c.paths...); err != nil {
				return "", err
			}
		}
		var text strings.Builder
		err := f.Write(&text, &quoted, o)
		return text.String(), err
	}
}
