package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"culprit/analyze/fleet"
	"culprit/analyze/page"
	"culprit/rules"
)

// reportFlags are the flags that `culprit fleet report` has of its own.
type reportFlags struct {
	out       string
	incidents int
	rules     []string
}

func (r *reportFlags) add(c *cobra.Command) {
	c.Long = `Report writes one HTML file that needs neither network nor script: the root causes over
time, and the incidents behind each bar and cause. It lists some incidents of each and says
which command lists all of them.`
	c.Flags().StringVarP(&r.out, "output", "o", "", "write the page to `FILE`")
	c.Flags().IntVar(&r.incidents, "incidents", page.PerBar, "list at most `N` incidents of a cause and week; of a large store fewer are")
	c.Flags().StringArrayVar(&r.rules, "rules", nil, "say what the rules in `DIR` mean too")
}

// page writes the report.
func (f *fleetFlags) page(ctx context.Context, w io.Writer, s *fleet.Store, _ []string) error {
	if f.report.incidents < 1 {
		return errors.New("--incidents: want 1 or more")
	}
	set, err := loadRules(f.report.rules, rules.Load)
	if err != nil {
		return err
	}
	report, err := page.Ask(ctx, s, f.filter, f.report.incidents)
	if err != nil {
		return err
	}
	report.Meaning = map[string]string{}
	for _, c := range report.Causes {
		_, id, _ := set.Find(c.Rule)
		report.Meaning[c.Rule] = id.Meaning
	}
	if f.report.out == "" {
		return report.Write(w)
	}
	return inOneStep(f.report.out, report.Write)
}
