package main

import (
	"cmp"
	"fmt"

	"github.com/spf13/cobra"

	"culprit/analyze"
	"culprit/analyze/bundle"
	"culprit/analyze/render"
	"culprit/rules"
)

// explainCommand is `culprit rules explain`; dirs are the packs of --rules.
func explainCommand(dirs *[]string) *cobra.Command {
	o := render.Options{}
	c := &cobra.Command{
		Use:   "explain RULE PATH...",
		Short: "say why a rule fires or does not: each condition with its truth",
		Long: `Explain takes the PATHs as one incident and judges RULE, an id or an alias, for
each of its scopes: the containers, filesystems or daemons that it may hold for.
Those for which it holds come first, then those that come closest. Each condition
is true, false or unknown, with the lines that show it or what is missing.`,
		Args: cobra.MinimumNArgs(2),
		RunE: func(c *cobra.Command, args []string) error {
			if err := onceStdin(args[1:]); err != nil {
				return err
			}
			set, err := loadRules(*dirs, rules.Load)
			if err != nil {
				return err
			}
			rule, id, err := findRule(set, args[0])
			if err != nil {
				return err
			}
			if rule == nil {
				return fmt.Errorf("%s has no rule yet", id.ID)
			}
			report, err := analyze.Bundles(c.Context(), analyze.Options{Rules: set, Version: version, Limits: bundle.DefaultLimits(), Stdin: c.InOrStdin()}, args[1:]...)
			if err := cmp.Or(c.Context().Err(), err); err != nil {
				return err
			}
			return render.Explain(c.OutOrStdout(), set.Explain(report.Tables, rule), o)
		},
	}
	c.Flags().BoolVar(&o.Full, "full", false, "list all scopes, of which the first 5 are shown otherwise")
	return c
}
