package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"culprit/analyze/bucket"
	"culprit/analyze/fleet"
	"culprit/analyze/render"
	"culprit/rules"
)

// mergeFlags are the flags of `culprit merge` as typed.
type mergeFlags struct {
	store string
	rules []string
	all   bool
	wait  bool

	stores bucket.Stores
}

func mergeCommand() *cobra.Command {
	var f mergeFlags
	c := &cobra.Command{
		Use:   "merge DIR... --store FILE",
		Short: "put the results of shards into a store, which fleet asks",
		Long: `Merge puts what batch --plan wrote into its --results, DIR or URL, into a store, as batch --store
would have done by itself. Doing it again changes nothing, so it can be done while shards
still run. Results that cannot be read are said and left out, and the exit code is 1:
remove them, and start their shards again.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, dirs []string) error { return f.run(c, dirs) },
	}
	flags := c.Flags()
	flags.StringVar(&f.store, "store", "", "put the results into `FILE`")
	flags.BoolVar(&f.wait, "wait", false, "wait while another run writes into the store")
	flags.BoolVar(&f.all, "all", false, "take the results of other versions of culprit and other rules too")
	flags.StringArrayVar(&f.rules, "rules", nil, "the rules, signatures and ids in `DIR` were added")
	return c
}

func (f *mergeFlags) run(c *cobra.Command, dirs []string) error {
	if f.store == "" {
		return errors.New("--store FILE is needed")
	}
	set, err := loadRules(f.rules, rules.Load)
	if err != nil {
		return err
	}
	var from []fleet.Results
	for _, dir := range dirs {
		results, err := fleet.OpenResults(&f.stores, dir)
		if err != nil {
			return err
		}
		if folder, ok := results.(fleet.Folder); ok {
			if _, err := os.Stat(string(folder)); err != nil {
				return err
			}
		}
		from = append(from, results)
	}
	store, _, err := openStore(c.Context(), c.ErrOrStderr(), f.store, f.wait)
	if err != nil {
		return err
	}
	defer store.Close()
	m := fleet.Merge{Version: version, Rules: set.Hash, All: f.all, Broken: func(name string, err error) {
		fmt.Fprintf(c.ErrOrStderr(), "culprit: %s: %s\n", render.Clean(name), render.Clean(err.Error()))
	}}
	done, err := m.Into(c.Context(), store, from...)
	if err != nil {
		return fmt.Errorf("merge into %s: %w", f.store, err)
	}
	fmt.Fprintf(c.ErrOrStderr(), "%d results are in the store, %d cannot be read, %d of other versions or rules are left out\n", done.Put, done.Broken, done.Other)
	if done.Broken > 0 {
		return fmt.Errorf("%d results cannot be read", done.Broken)
	}
	return nil
}
