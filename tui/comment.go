package tui

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"culprit/analyze"
	"culprit/analyze/render"
)

// comment writes the comment for a ticket into the working folder and says what the
// file is called. It never overwrites one.
func comment(ctx context.Context, o analyze.Options, r *analyze.Report, paths []string) (string, error) {
	var md render.Options
	quoted := *r // the report on the screen is not touched
	if err := quoted.Quote(ctx, o, render.Cited(&quoted, md), paths...); err != nil {
		return "", err
	}
	var text strings.Builder
	if err := render.Markdown(&text, &quoted, md); err != nil {
		return "", err
	}
	f, err := newFile(commentName(r))
	if err != nil {
		return "", err
	}
	if _, err := f.WriteString(text.String()); err != nil {
		f.Close()
		os.Remove(f.Name())
		return "", err
	}
	return f.Name(), f.Close()
}

// commentName is made of the node and the moment of the collection.
func commentName(r *analyze.Report) string {
	name := "culprit"
	if len(r.Nodes) > 0 {
		if n := r.Nodes[0]; n.Name != "" {
			name += "-" + n.Name
		}
		if at := r.Nodes[0].Collected; !at.IsZero() {
			name += at.UTC().Format("-20060102T150405Z")
		}
	}
	return strings.Map(func(c rune) rune {
		if c == '-' || c == '.' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' {
			return c
		}
		return '_'
	}, name)
}

// newFile makes NAME.md, or NAME-2.md where that is there already, and so on.
func newFile(name string) (*os.File, error) {
	for i := 1; ; i++ {
		file := name + ".md"
		if i > 1 {
			file = fmt.Sprintf("%s-%d.md", name, i)
		}
		f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}
