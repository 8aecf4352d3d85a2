package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"culprit/analyze"
	"culprit/analyze/bucket"
	"culprit/analyze/bundle"
	"culprit/analyze/fleet"
	"culprit/analyze/render"
	"culprit/rules"
)

// fleetFlags are the flags of `culprit fleet` as typed.
type fleetFlags struct {
	store, since, until string
	filter              fleet.Filter
	rules               []string
	limit               int
	report              reportFlags
	by                  string
	exported            exportFlags
	stores              bucket.Stores
}

func fleetCommand() *cobra.Command {
	var f fleetFlags
	c := &cobra.Command{Use: "fleet", Short: "ask a store of results: top, trend, show, unknown, similar, report, export", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	flags := c.PersistentFlags()
	flags.StringVar(&f.store, "store", "", "ask the store in `FILE`")
	flags.StringVar(&f.filter.Daemon, "daemon", "", "only bundles with this daemon, with --version of it: `NAME`")
	flags.StringVar(&f.filter.Version, "version", "", "only bundles with a daemon whose version begins with `VERSION`")
	flags.StringVar(&f.filter.Kernel, "kernel", "", "only bundles whose kernel release begins with `RELEASE`")
	flags.StringVar(&f.filter.Node, "node", "", "only bundles whose node's name begins with `NAME`")
	flags.StringVar(&f.filter.Path, "path", "", "only bundles whose path begins with `PATH`")
	flags.StringVar(&f.filter.Cause, "cause", "", "only bundles with this root cause: `RULE`")
	flags.StringVar(&f.since, "since", "", "only bundles collected on or after `DATE` (2026-11-03)")
	flags.StringVar(&f.until, "until", "", "only bundles collected before `DATE`")
	flags.IntVar(&f.limit, "limit", 20, "list at most `N`")
	sub := func(use, short string, args cobra.PositionalArgs, do func(context.Context, io.Writer, *fleet.Store, []string) error) *cobra.Command {
		s := &cobra.Command{Use: use, Short: short, Args: args, RunE: func(c *cobra.Command, args []string) error {
			store, err := f.open()
			if err != nil {
				return err
			}
			defer store.Close()
			return do(c.Context(), c.OutOrStdout(), store, args)
		}}
		c.AddCommand(s)
		return s
	}
	top := sub("top", "the root causes by how many bundles they were found in", cobra.NoArgs, f.top)
	top.Flags().StringVar(&f.by, "by", "", byUsage)
	sub("trend", "the root causes by week", cobra.NoArgs, f.trend)
	sub("show BUNDLE", "what is kept of a bundle, by its path or hash", cobra.ExactArgs(1), f.show)
	sub("unknown", "bundles without a verdict, those that are alike together, and what they share", cobra.NoArgs, f.unknown)
	similar := sub("similar BUNDLE", "stored bundles like this one: was it seen before, and what was it", cobra.ExactArgs(1), f.similar)
	similar.Flags().StringArrayVar(&f.rules, "rules", nil, "add the rules, signatures and ids in `DIR`")
	f.report.add(sub("report", "all of it as one HTML file: causes over time, and the incidents behind them", cobra.NoArgs, f.page))
	f.exported.add(sub("export", "every result, as JSON lines, Parquet or CSV", cobra.NoArgs, f.export))
	return c
}

func (f *fleetFlags) open() (*fleet.Store, error) {
	if f.store == "" {
		return nil, errNoStore
	}
	if f.limit < 0 {
		return nil, fmt.Errorf("--limit %d: want 0 or more", f.limit)
	}
	for _, d := range []struct {
		flag, text string
		at         *time.Time
	}{{"--since", f.since, &f.filter.Since}, {"--until", f.until, &f.filter.Until}} {
		if d.text == "" {
			continue
		}
		at, err := time.Parse(time.DateOnly, d.text)
		if err != nil {
			return nil, fmt.Errorf("%s %q: want a date such as 2026-11-03", d.flag, d.text)
		}
		*d.at = at
	}
	store, err := fleet.Open(f.store)
	if err != nil {
		return nil, fmt.Errorf("--store: %w", err)
	}
	return store, nil
}

func (f *fleetFlags) top(ctx context.Context, w io.Writer, s *fleet.Store, _ []string) error {
	if f.by != "" {
		return f.topBy(ctx, w, s)
	}
	causes, err := s.Top(ctx, f.filter)
	if err != nil {
		return err
	}
	tally, err := s.Tally(ctx, f.filter)
	if err != nil {
		return err
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "BUNDLES\tNODES\tFIRST\tLAST\tROOT CAUSE")
	for _, c := range causes[:min(len(causes), f.limit)] {
		fmt.Fprintf(tw, "%d\t%d\t%s\t%s\t%s\n", c.Bundles, c.Nodes, day(c.First), day(c.Last), render.Clean(c.Rule))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	f.more(w, len(causes))
	_, err = fmt.Fprintf(w, "%d bundles: %d whole, %d damaged, %d unreadable; %d without a verdict\n",
		tally.Whole+tally.Damaged+tally.Unreadable, tally.Whole, tally.Damaged, tally.Unreadable, tally.Silent)
	return err
}

// more says how many of all are beyond --limit.
func (f *fleetFlags) more(w io.Writer, all int) {
	if n := all - f.limit; n > 0 {
		fmt.Fprintf(w, "%d more: --limit\n", n)
	}
}

func day(t time.Time) string {
	if t.IsZero() {
		return "?"
	}
	return t.Format(time.DateOnly)
}

func (f *fleetFlags) trend(ctx context.Context, w io.Writer, s *fleet.Store, _ []string) error {
	weeks, err := s.Trend(ctx, f.filter)
	if err != nil {
		return err
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "WEEK OF\tBUNDLES\tROOT CAUSE")
	for _, week := range weeks {
		fmt.Fprintf(tw, "%s\t%d\t%s\n", day(week.Start), week.Bundles, render.Clean(week.Rule))
	}
	return tw.Flush()
}

func (f *fleetFlags) show(ctx context.Context, w io.Writer, s *fleet.Store, args []string) error {
	k, err := s.Show(ctx, cleanPath(args[0]))
	if err != nil {
		return err
	}
	writeKept(w, k)
	for _, d := range k.Damage {
		fmt.Fprintf(w, "  damage      %s\n", render.Clean(d))
	}
	return nil
}

// writeKept says what is kept of a bundle, a few lines.
func writeKept(w io.Writer, k fleet.Kept) {
	fmt.Fprintf(w, "%.12s  %s\n", render.Clean(k.Hash), render.Clean(strings.Join(k.Places, ", ")))
	for _, n := range k.Nodes {
		var daemons []string
		for _, name := range slices.Sorted(maps.Keys(n.Daemons)) {
			daemons = append(daemons, name+" "+n.Daemons[name])
		}
		fmt.Fprintf(w, "  node        %s, kernel %s, %s, collected %s\n", render.Clean(n.Name), render.Clean(cmp.Or(n.Kernel, "?")), render.Clean(strings.Join(daemons, ", ")), day(n.Collected))
	}
	verdicts := 0
	for _, fd := range k.Findings {
		if fd.Verdict {
			verdicts++
			fmt.Fprintf(w, "  %-10s  %s [%s]\n", render.Clean(fd.Confidence), render.Clean(fd.Summary), render.Clean(fd.Rule))
		}
	}
	if verdicts == 0 {
		fmt.Fprintf(w, "  no verdict  %s, %d findings\n", k.Status, len(k.Findings))
	}
}

func (f *fleetFlags) unknown(ctx context.Context, w io.Writer, s *fleet.Store, _ []string) error {
	clusters, err := s.Unknown(ctx, f.filter, 0)
	if err != nil {
		return err
	}
	const shown, members = 10, 5 // features, bundles
	for i, c := range clusters[:min(len(clusters), f.limit)] {
		word := "bundles that are alike"
		if len(c.Bundles) == 1 {
			word = "bundle like no other"
		}
		fmt.Fprintf(w, "cluster %d: %d %s\n", i+1, len(c.Bundles), word)
		for _, k := range c.Bundles[:min(len(c.Bundles), members)] {
			fmt.Fprintf(w, "  %.12s  %s\n", render.Clean(k.Hash), render.Clean(strings.Join(k.Places, ", ")))
		}
		if n := len(c.Bundles) - members; n > 0 {
			fmt.Fprintf(w, "  and %d more\n", n)
		}
		fmt.Fprintln(w, "  in common, the rarest first:")
		for _, name := range c.Common[:min(len(c.Common), shown)] {
			fmt.Fprintf(w, "    %s\n", render.Clean(name))
		}
	}
	f.more(w, len(clusters))
	return nil
}

func (f *fleetFlags) similar(ctx context.Context, w io.Writer, s *fleet.Store, args []string) error {
	set, err := loadRules(f.rules, rules.Load)
	if err != nil {
		return err
	}
	b := fleet.Batch{Objects: &f.stores, Options: analyze.Options{Rules: set, Version: version, Limits: bundle.DefaultLimits()}}
	r, err := b.Result(ctx, args[0])
	if err != nil {
		return err
	}
	matches, err := s.Similar(ctx, r, f.limit)
	if err != nil {
		return err
	}
	if len(matches) == 0 {
		fmt.Fprintln(w, "nothing like it is in the store")
	}
	const shown = 5 // features
	for _, m := range matches {
		word := ""
		if m.Same {
			word = ", the same findings"
		}
		fmt.Fprintf(w, "%.0f %%%s  ", m.Score*100, word)
		writeKept(w, m.Kept)
		for _, part := range []struct {
			label string
			names []string
		}{{"both", m.Shared}, {"only this", m.New}, {"only that", m.Missing}} {
			if len(part.names) > 0 {
				fmt.Fprintf(w, "  %-10s  %s\n", part.label, render.Clean(strings.Join(part.names[:min(len(part.names), shown)], "; ")))
			}
		}
	}
	return nil
}

// commonest are the names with the highest counts, at most n.
func commonest(counts map[string]int, n int) []string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b))
	})
	return names[:min(len(names), n)]
}
