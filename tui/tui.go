// Package tui shows a report on a terminal: the verdict first, and from every claim
// the way to the raw lines that prove it and back. Nothing of a bundle reaches the
// terminal but through plain.
package tui

import (
	"context"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/term"

	"culprit/analyze"
	"culprit/rules"
)

// IsTerminal reports whether a stream is a terminal. The null device is none.
func IsTerminal(stream any) bool {
	file, ok := stream.(interface{ Fd() uintptr })
	return ok && term.IsTerminal(file.Fd())
}

// Run shows the paths, one incident, until the user quits. It needs a terminal. The
// rules are loaded while the first screen is there already. The error is that of
// reading, or of the terminal.
func Run(ctx context.Context, o analyze.Options, load func() (*rules.Set, error), paths ...string) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	m := newModel(incident{
		paths: paths,
		open: func(progress func(string)) (*analyze.Report, error) {
			var err error
			if o.Rules, err = load(); err != nil {
				return nil, err
			}
			o := o
			o.Progress = progress
			return analyze.Bundles(ctx, o, paths...)
		},
		source:  func(name string) (*spool, error) { return openSource(ctx, o, name, paths) },
		comment: func(r *analyze.Report) (string, error) { return comment(ctx, o, r, paths) },
	})
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
