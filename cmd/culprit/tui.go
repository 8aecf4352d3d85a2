package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"culprit/analyze"
	"culprit/analyze/bucket"
	"culprit/analyze/bucket/address"
	"culprit/analyze/bundle"
	"culprit/rules"
	"culprit/tui"
)

func tuiCommand(code *int) *cobra.Command {
	var packs []string
	var look tui.Options
	c := &cobra.Command{
		Use:   "tui PATH...",
		Short: "go from the verdict to the raw lines on a terminal (also: culprit PATH)",
		Long: `Tui reads the PATHs as one incident and shows the report on a terminal: Enter goes
from a line to what it rests on, Esc comes back, ? lists the keys. Where there is no
terminal it prints the report of analyze.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, paths []string) error { return showTUI(c, look, packs, paths, code) },
	}
	c.Flags().BoolVar(&look.ASCII, "ascii", false, "draw with ASCII alone, as where the locale names no UTF-8")
	c.Flags().StringArrayVar(&packs, "rules", nil, "add the rules, signatures and ids in `DIR`")
	return c
}

// showTUI falls back to the text report where standard input or output is no terminal.
func showTUI(c *cobra.Command, look tui.Options, packs, paths []string, code *int) error {
	if !tui.IsTerminal(c.InOrStdin()) || !tui.IsTerminal(c.OutOrStdout()) {
		f := analyzeFlags{format: "text", color: "auto", rules: packs, together: true}
		return f.run(c.Context(), paths, c.InOrStdin(), c.OutOrStdout(), c.ErrOrStderr(), code)
	}
	for _, path := range paths {
		if path == "-" {
			return errors.New("standard input is the keyboard here; analyze reads -")
		}
	}
	load := func() (*rules.Set, error) { return loadRules(packs, rules.Load) }
	return tui.Run(c.Context(), look, analyze.Options{Version: version, Limits: bundle.DefaultLimits(), Open: openURL(&bucket.Stores{})}, load, paths...)
}

// pathCommand makes `culprit PATH` the same as `culprit tui PATH`.
func pathCommand(root *cobra.Command, code *int) {
	root.Args = cobra.ArbitraryArgs
	root.RunE = func(c *cobra.Command, paths []string) error {
		if len(paths) == 0 {
			return c.Help()
		}
		if _, err := os.Stat(paths[0]); err != nil && !address.IsURL(paths[0]) {
			return fmt.Errorf("%q is neither a command nor a path that can be read; culprit --help lists the commands", paths[0])
		}
		return showTUI(c, tui.Options{}, nil, paths, code)
	}
}
