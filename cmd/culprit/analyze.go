package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"culprit/analyze"
	"culprit/analyze/bucket"
	"culprit/analyze/bundle"
	"culprit/analyze/fact"
	"culprit/analyze/render"
	"culprit/rules"
	"culprit/tui"
)

// analyzeFlags are the flags of `culprit analyze` as typed.
type analyzeFlags struct {
	format, out, color, failOn string
	rules                      []string
	strict, together, full     bool
	timeLimit                  time.Duration
}

func analyzeCommand(code *int) *cobra.Command {
	var f analyzeFlags
	c := &cobra.Command{
		Use:   "analyze PATH...",
		Short: "name the root cause of what a bundle shows",
		Long: `Analyze reads each PATH, a folder, an archive (tar, zip, 7z or rar, compressed
or not), one loose file, the URL of an object (s3://bucket/key, gs://, file://), or
- for standard input, and writes one report each; with
--together all of them are one incident.

Exit status: 0 done, whatever was found; 1 usage or an internal error; 2 a bundle
cannot be read or is not recognised; 3 a finding at or above --fail-on; 5 evidence
is missing or damaged and --strict is given. With several PATHs the highest.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, paths []string) error {
			if err := f.check(paths); err != nil {
				return err
			}
			return f.run(c.Context(), paths, c.InOrStdin(), c.OutOrStdout(), c.ErrOrStderr(), code)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.format, "format", formatNames()[0], formatUsage())
	flags.BoolVar(&f.full, "full", false, "list everything in text and md, which are short otherwise; json always does")
	flags.StringVarP(&f.out, "output", "o", "", "write the report to `FILE`")
	flags.StringArrayVar(&f.rules, "rules", nil, "add the rules, signatures and ids in `DIR`")
	flags.StringVar(&f.failOn, "fail-on", "", "exit 3 on a finding of at least this `SEVERITY`: critical, warning or info")
	flags.BoolVar(&f.strict, "strict", false, "exit 5 when evidence is missing or damaged")
	flags.BoolVar(&f.together, "together", false, "take all PATHs as one incident")
	flags.DurationVar(&f.timeLimit, "time-limit", 0, "stop to read after this `DURATION` (90s, 10m) and report on what was read; 0 never")
	flags.StringVar(&f.color, "color", "auto", "`WHEN` to use color: auto, always or never")
	return c
}

// onceStdin refuses paths of which more than one is standard input.
func onceStdin(paths []string) error {
	if i := slices.Index(paths, "-"); i >= 0 && slices.Contains(paths[i+1:], "-") {
		return errors.New("standard input can be read only once")
	}
	return nil
}

func (f *analyzeFlags) check(paths []string) error {
	if err := onceStdin(paths); err != nil {
		return err
	}
	for _, choice := range []struct {
		flag, value string
		choices     []string
	}{
		{"--format", f.format, formatNames()},
		{"--color", f.color, []string{"auto", "always", "never"}},
		{"--fail-on", f.failOn, append([]string{""}, rules.Severities...)},
	} {
		if !slices.Contains(choice.choices, choice.value) {
			return fmt.Errorf("%s %q: want one of %v", choice.flag, choice.value, slices.DeleteFunc(choice.choices, func(s string) bool { return s == "" }))
		}
	}
	return nil
}

// run analyses and writes; a path that cannot be read does not keep the others
// from their report.
func (f *analyzeFlags) run(ctx context.Context, paths []string, stdin io.Reader, stdout, stderr io.Writer, code *int) error {
	set, err := loadRules(f.rules, rules.Load)
	if err != nil {
		return err
	}
	options := analyze.Options{Rules: set, Version: version, Limits: bundle.DefaultLimits(), Stdin: stdin, Open: openURL(&bucket.Stores{})}
	incidents := [][]string{paths}
	if !f.together {
		incidents = nil
		for _, p := range paths {
			incidents = append(incidents, []string{p})
		}
	}
	format, _ := render.FormatNamed(f.format)
	layout := render.Options{Color: f.useColor(stdout), Full: f.full}
	var out bytes.Buffer
	for _, incident := range incidents {
		report, err := f.incident(ctx, options, incident)
		if ctx.Err() != nil {
			return ctx.Err() // nobody waits for what could be said so far
		}
		if err != nil {
			fmt.Fprintf(stderr, "culprit: %v\n", err)
			*code = max(*code, codeOf(err))
			continue
		}
		if out.Len() > 0 {
			out.WriteString(format.Separator)
		}
		quote := func(refs []fact.Ref) error { return report.Quote(ctx, options, refs, incident...) }
		if err := write(&out, report, quote, format, layout); err != nil {
			return err
		}
		*code = max(*code, f.verdictCode(report))
	}
	if f.out != "" {
		return os.WriteFile(f.out, out.Bytes(), 0o644)
	}
	_, err = stdout.Write(out.Bytes())
	return err
}

// incident analyses paths that belong together, within the time limit.
func (f *analyzeFlags) incident(ctx context.Context, o analyze.Options, paths []string) (*analyze.Report, error) {
	if f.timeLimit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.timeLimit)
		defer cancel()
	}
	return analyze.Bundles(ctx, o, paths...)
}

// write renders the report; quote reads the lines that the format shows.
func write(w io.Writer, r *analyze.Report, quote func([]fact.Ref) error, f render.Format, o render.Options) error {
	if f.Cited != nil {
		if err := quote(f.Cited(r, o)); err != nil {
			return err
		}
	}
	return f.Write(w, r, o)
}

// formatNames are what --format takes, the default first.
func formatNames() (names []string) {
	for _, f := range render.Formats() {
		names = append(names, f.Name)
	}
	return names
}

// formatUsage is the help of --format.
func formatUsage() string {
	var forms []string
	for _, f := range render.Formats() {
		forms = append(forms, f.Name+", "+f.Title)
	}
	return "`FORMAT` of the report: " + strings.Join(forms, "; ")
}

// useColor follows --color; auto means a terminal that is not dumb, and NO_COLOR
// (no-color.org) unset or empty.
func (f *analyzeFlags) useColor(stdout io.Writer) bool {
	if f.color != "auto" {
		return f.color == "always"
	}
	return f.out == "" && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb" && tui.IsTerminal(stdout)
}

func (f *analyzeFlags) verdictCode(r *analyze.Report) int {
	code := exitOK
	if worst := r.Worst(); f.failOn != "" && worst != "" && slices.Index(rules.Severities, worst) <= slices.Index(rules.Severities, f.failOn) {
		code = exitFound
	}
	if f.strict && r.Incomplete() {
		code = exitIncomplete
	}
	return code
}

// loadRules reads the built-in pack and the packs in dirs.
func loadRules(dirs []string, load func(...fs.FS) (*rules.Set, error)) (*rules.Set, error) {
	var packs []fs.FS
	for _, dir := range dirs {
		if st, err := os.Stat(dir); err != nil {
			return nil, fmt.Errorf("--rules: %v", err)
		} else if !st.IsDir() {
			return nil, fmt.Errorf("--rules %s: not a folder", dir)
		}
		packs = append(packs, os.DirFS(dir))
	}
	return load(packs...)
}
