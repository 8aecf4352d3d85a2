package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"culprit/analyze/bucket"
	"culprit/analyze/bucket/address"
	"culprit/analyze/fleet"
	"culprit/analyze/plan"
)

// planFlags are the flags of `culprit plan` as typed.
type planFlags struct {
	out      string
	printJob bool
	job      fleet.Job

	stores bucket.Stores
}

func planCommand() *cobra.Command {
	var f planFlags
	c := &cobra.Command{
		Use:   "plan SRC... --shards N -o FILE | plan --job --image IMAGE --shards N",
		Short: "share out many bundles to workers on many machines",
		Long: `Plan finds bundles as batch does and packs them by size into shards. A worker reads its
own: culprit batch --plan FILE --shard I --results DIR. It is started by whatever starts
programs on your machines: a loop, Slurm, a Kubernetes Job, which --job prints. In the end
culprit merge puts the results into a store.

Paths are written as they are found: start plan and workers in the same folder, or name
the SRCs by absolute paths.`,
		RunE: func(c *cobra.Command, sources []string) error { return f.run(c, sources) },
	}
	flags := c.Flags()
	flags.IntVar(&f.job.Shards, "shards", 0, "make `N` shards")
	flags.StringVarP(&f.out, "output", "o", "", "write the plan to `FILE`, or a URL")
	flags.BoolVar(&f.printJob, "job", false, "print a Kubernetes Job that works off a plan of --shards; it reads plan.jsonl from the volume of --results")
	flags.StringVar(&f.job.Image, "image", "", "--job: the `IMAGE`, made by cmd/culprit/Dockerfile")
	flags.StringVar(&f.job.Name, "name", "culprit", "--job: its `NAME`")
	flags.IntVar(&f.job.Parallelism, "parallelism", 8, "--job: work on `N` shards at once")
	flags.StringVar(&f.job.Bundles, "bundles", "bundles", "--job: the volume `CLAIM` with the bundles, which is mounted to be read only")
	flags.StringVar(&f.job.Results, "results", "culprit", "--job: the volume `CLAIM` with plan.jsonl and the results, which may be that of --bundles; with --plan their URL")
	flags.StringVar(&f.job.Plan, "plan", "", "--job: the `URL` of the plan, where bundles and results are objects too: there are no volumes then")
	flags.StringVar(&f.job.Secret, "secret", "", "--job: the Secret `NAME` whose keys are environment variables, AWS_ACCESS_KEY_ID and the like")
	flags.StringVar(&f.job.ServiceAccount, "service-account", "", "--job: the service account `NAME` whose identity the object store knows")
	flags.StringVar(&f.job.Mount, "mount", "/bundles", "--job: mount the bundles at `PATH`, to which the plan's paths are relative")
	flags.StringVar(&f.job.Rules, "rules", "", "--job: add the rules in `DIR` of the image, or /shards/DIR of the volume of --results")
	flags.BoolVar(&f.job.NoFacts, "no-facts", false, "--job: do not keep what was read of bundles")
	flags.StringVar(&f.job.CPU, "cpu", "2", "--job: what a shard asks for and may use")
	flags.StringVar(&f.job.Memory, "memory", "2Gi", "--job: what a shard asks for and may use")
	return c
}

func (f *planFlags) run(c *cobra.Command, sources []string) error {
	switch {
	case f.printJob && (len(sources) > 0 || f.out != ""):
		return errors.New("--job prints a Job and makes no plan: give it no SRC and no -o")
	case f.printJob:
		return f.job.Write(c.OutOrStdout())
	case len(sources) == 0:
		return errors.New("a SRC is needed: see --help")
	}
	places, err := fleet.Find(c.Context(), &f.stores, sources)
	if err != nil {
		return err
	}
	p, err := plan.New(places, f.job.Shards)
	if err != nil {
		return err
	}
	if err := f.write(c.Context(), c.OutOrStdout(), p); err != nil {
		return err
	}
	largest, all := p.Load()
	_, err = fmt.Fprintf(c.ErrOrStderr(), "%d bundles of %d bytes in %d shards, the largest of %d bytes\n", len(p.Places), all, p.Shards, largest)
	return err
}

// write writes a plan to -o in one step, so that no worker reads half of it.
func (f *planFlags) write(ctx context.Context, stdout io.Writer, p plan.Plan) error {
	switch {
	case f.out == "":
		return p.Write(stdout)
	case address.IsURL(f.out):
		var text bytes.Buffer
		if err := p.Write(&text); err != nil {
			return err
		}
		return f.stores.Put(ctx, f.out, text.Bytes())
	}
	return inOneStep(f.out, p.Write)
}
