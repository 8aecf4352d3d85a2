package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"

	"github.com/spf13/cobra"

	"culprit/analyze/bucket"
	"culprit/analyze/fleet"
	"culprit/analyze/plan"
	"culprit/rules"
)

// shardIndexes are the variables in which schedulers say which shard a worker is:
// Kubernetes' Indexed Jobs, Slurm's arrays, AWS Batch's arrays.
var shardIndexes = []string{"JOB_COMPLETION_INDEX", "SLURM_ARRAY_TASK_ID", "AWS_BATCH_JOB_ARRAY_INDEX"}

// neverAgain is an error that another try would meet too.
type neverAgain struct{ error }

func (e neverAgain) Unwrap() error { return e.error }

// runShard reads one shard of a plan. What is wrong with the plan, the rules or the
// command is neverAgain.
func (f *batchFlags) runShard(c *cobra.Command, sources []string) error {
	set, places, err := f.shardOf(c.Context(), sources)
	if errors.Is(err, bucket.ErrStore) || c.Context().Err() != nil {
		return err
	}
	if err != nil {
		return neverAgain{err}
	}
	results, err := fleet.OpenResults(&f.stores, f.results)
	if err != nil {
		return neverAgain{fmt.Errorf("--results: %w", err)}
	}
	tally := newBatchTally(c.ErrOrStderr(), len(places))
	b, err := f.batch(c.Context(), set, nil)
	if err != nil {
		return err
	}
	b.Done = func(o fleet.Outcome) error { tally.add(o); return nil }
	err = fleet.RunShard(c.Context(), b, places, results)
	tally.end()
	return err
}

func (f *batchFlags) shardOf(ctx context.Context, sources []string) (*rules.Set, []fleet.Place, error) {
	switch {
	case len(sources) > 0 || f.store != "" || f.format != "" || f.rehash || f.wait:
		return nil, nil, errors.New("--plan names the bundles and --results takes what is found: no SRC, --store, --format, --rehash or --wait")
	case f.results == "":
		return nil, nil, errors.New("--plan needs --results DIR")
	}
	shard, err := f.shardIndex()
	if err != nil {
		return nil, nil, err
	}
	in, err := openFile(ctx, &f.stores, f.plan)
	if err != nil {
		return nil, nil, fmt.Errorf("--plan: %w", err)
	}
	defer in.Close()
	p, err := plan.Read(in)
	if err != nil {
		return nil, nil, fmt.Errorf("--plan %s: %w", f.plan, err)
	}
	places, err := p.Of(shard)
	if err != nil {
		return nil, nil, fmt.Errorf("--plan %s: %w", f.plan, err)
	}
	set, err := loadRules(f.rules, rules.Load)
	return set, places, err
}

// shardIndex is --shard, or what a scheduler says.
func (f *batchFlags) shardIndex() (int, error) {
	name, text := "--shard", f.shard
	for _, variable := range shardIndexes {
		if text == "" {
			name, text = variable, os.Getenv(variable)
		}
	}
	if text == "" {
		return 0, fmt.Errorf("--plan needs --shard I, or one of the variables %q", shardIndexes)
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%s %q: want a number", name, text)
	}
	return n, nil
}
