package render

import (
	"io"
	"slices"

	"culprit/analyze"
	"culprit/analyze/fact"
)

// Options say how a report is written, whatever its format; JSON heeds none.
type Options struct {
	// Width of the text in columns; 0 means 80.
	Width int
	// Color marks headings and confidence of the text; they read the same without.
	Color bool
	// Full lifts the bounds of what text and Markdown list.
	Full bool
	// Pins are shown below the verdicts, in this order.
	Pins []Pin
}

// Pin is a line that somebody found worth showing, with what they say of it.
type Pin struct {
	Ref fact.Ref
	// Text is the line, control bytes intact; of a longer one 512 bytes are shown.
	Text string
	// Note may be empty.
	Note string
}

// Format is one form of a report.
type Format struct {
	// Name is what --format takes, Ext the end of a file's name, Title says in a few
	// words what the form is for.
	Name, Ext, Title string
	// Separator stands between the reports of several bundles in one file.
	Separator string
	// Cited are the refs whose lines the report quotes: Report.Quote reads them. Nil
	// where it quotes none.
	Cited func(*analyze.Report, Options) []fact.Ref
	// Write writes the report, ending in a newline. The only errors are the writer's.
	Write func(io.Writer, *analyze.Report, Options) error
}

// Formats are all forms of a report, the default first.
func Formats() []Format {
	return []Format{
		{Name: "text", Ext: ".txt", Title: "for a terminal", Separator: "\n", Write: Text},
		{Name: "md", Ext: ".md", Title: "a comment for a ticket (Markdown)", Separator: "\n---\n\n", Cited: Cited, Write: Markdown},
		{Name: "json", Ext: ".json", Title: "everything, for programs", Write: func(w io.Writer, r *analyze.Report, _ Options) error { return JSON(w, r) }},
	}
}

// FormatNamed is the format with that name.
func FormatNamed(name string) (Format, bool) {
	all := Formats()
	i := slices.IndexFunc(all, func(f Format) bool { return f.Name == name })
	if i < 0 {
		return Format{}, false
	}
	return all[i], true
}
