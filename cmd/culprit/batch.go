package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"culprit/analyze"
	"culprit/analyze/bucket"
	"culprit/analyze/bundle"
	"culprit/analyze/fleet"
	"culprit/rules"
	"culprit/tui"
)

// batchFlags are the flags of `culprit batch` as typed.
type batchFlags struct {
	store, format string
	rules         []string
	workers       int
	rehash, wait  bool
	rescan        bool
	noFacts       bool
	// Of a shard.
	plan, shard, results string

	stores bucket.Stores
}

func batchCommand() *cobra.Command {
	var f batchFlags
	c := &cobra.Command{
		Use:   "batch SRC... | batch --rescan --store FILE | batch --plan FILE --shard I --results DIR",
		Short: "analyse many bundles into a store, which fleet asks",
		Long: `Batch analyses every bundle that the SRCs name: an archive, a folder that is a bundle
or holds bundles at any depth, a pattern, the URL of objects (s3://bucket/prefix, gs://,
file://; credentials come from the environment), or @FILE with one of these a line. Results go
into the store, one SQLite file, keyed by what the bundle holds, the version and the
rules: a second run reads only what changed. A bundle that cannot be read is a result
too. Without --store each result is printed as one line of JSON.

What was read of a bundle is kept in the store beside its result. Where other rules are
given later, or come with another version that reads bundles alike, and their signatures
are the same, that is judged and the bundle not read.
With --rescan all that is in the store is, whether the bundles are still there or not.

With --plan it reads one shard of what plan shared out, for culprit merge. It exits with 0
when the shard is done, whatever its bundles are like; with 42 when trying again is no use:
the plan cannot be read or is of another version, has no such shard, or the rules do not
load; with anything else when it is: what was done is not done again.`,
		RunE: func(c *cobra.Command, sources []string) error {
			switch {
			case f.plan != "":
				return f.runShard(c, sources)
			case f.shard != "" || f.results != "":
				return errors.New("--shard and --results belong to --plan")
			case f.wait && f.store == "":
				return errors.New("--wait waits for a --store")
			case f.rescan && (len(sources) > 0 || f.store == "" || f.rehash):
				return errors.New("--rescan judges what --store FILE has again: no SRC and no --rehash")
			case len(sources) == 0 && !f.rescan:
				return errors.New("a SRC is needed: see --help")
			}
			return f.run(c, sources)
		},
	}
	flags := c.Flags()
	flags.StringVar(&f.store, "store", "", "keep the results in `FILE`")
	flags.StringVar(&f.format, "format", "", "`FORMAT` of what is printed: jsonl, or nothing with --store")
	flags.IntVar(&f.workers, "workers", runtime.GOMAXPROCS(0), "read `N` bundles at once")
	flags.BoolVar(&f.rehash, "rehash", false, "read bundles whose size and time did not change too")
	flags.BoolVar(&f.wait, "wait", false, "wait while another run writes into the store")
	flags.BoolVar(&f.rescan, "rescan", false, "judge all of the store by the rules of now, from what was read before; says how many bundles have to be read")
	flags.BoolVar(&f.noFacts, "no-facts", false, "do not keep what was read of bundles: a smaller store, and other rules read them again")
	flags.StringVar(&f.plan, "plan", "", "read one shard of the plan in `FILE`, or at a URL")
	flags.StringVar(&f.shard, "shard", "", "which shard, from 0: `I`; else $JOB_COMPLETION_INDEX, $SLURM_ARRAY_TASK_ID or $AWS_BATCH_JOB_ARRAY_INDEX")
	flags.StringVar(&f.results, "results", "", "put the results of the shard below `DIR`, or a URL, which all shards may share")
	flags.StringArrayVar(&f.rules, "rules", nil, "add the rules, signatures and ids in `DIR`")
	return c
}

func (f *batchFlags) run(c *cobra.Command, sources []string) error {
	if f.format != "" && f.format != "jsonl" {
		return fmt.Errorf("--format %q: want jsonl", f.format)
	}
	set, err := loadRules(f.rules, rules.Load)
	if err != nil {
		return err
	}
	places, err := fleet.Find(c.Context(), &f.stores, sources)
	if err != nil {
		return err
	}
	var store *fleet.Store
	if f.store != "" {
		waited := false
		if store, waited, err = openStore(c.Context(), c.ErrOrStderr(), f.store, f.wait); err != nil {
			return err
		}
		defer store.Close()
		if waited {
			if places, err = fleet.Find(c.Context(), &f.stores, sources); err != nil {
				return err
			}
		}
	}
	var unread int64
	if f.rescan {
		if places, unread, err = store.Stale(c.Context(), version, set.Hash, readerOf(set)); err != nil {
			return fmt.Errorf("--store %s: %w", f.store, err)
		}
	}
	tally := newBatchTally(c.ErrOrStderr(), len(places))
	b, err := f.batch(c.Context(), set, store)
	if err != nil {
		return err
	}
	b.Done = func(o fleet.Outcome) error {
		if err := f.keep(c.Context(), c.OutOrStdout(), store, o); err != nil {
			return err
		}
		tally.add(o)
		if f.rescan && o.Skipped { // what is kept of it cannot be read
			unread++
		}
		return nil
	}
	err = b.Run(c.Context(), places)
	tally.end()
	if unread > 0 {
		fmt.Fprintf(c.ErrOrStderr(), "%d results cannot be judged again: what was read of them is not kept, or a version that reads otherwise or other signatures read it. Give their bundles to batch\n", unread)
	}
	if errors.Is(err, context.Canceled) && store != nil {
		return fmt.Errorf("%w: what is done is kept, and the same command goes on", err)
	}
	return err
}

// readerOf is what reads bundles: where only rules differ, it is the same.
func readerOf(set *rules.Set) fleet.Reader {
	return fleet.Reader{Code: cmp.Or(reader, version), Signatures: set.SignaturesHash}
}

// batch asks the store what is there already, where there is one.
func (f *batchFlags) batch(ctx context.Context, set *rules.Set, store *fleet.Store) (fleet.Batch, error) {
	b := fleet.Batch{Objects: &f.stores, Options: analyze.Options{Rules: set, Version: version, Limits: bundle.DefaultLimits()}, Workers: f.workers}
	if !f.noFacts && (store != nil || f.plan != "") {
		var err error
		if b.Pack, err = fleet.Packer(readerOf(set)); err != nil {
			return b, err
		}
	}
	if store == nil {
		return b, nil
	}
	if !f.rehash {
		b.KnownPlace = func(p fleet.Place) (bool, error) { return store.Known(ctx, p, version, set.Hash) }
		b.Facts = func(p fleet.Place) (string, *analyze.Facts, error) {
			return store.Facts(ctx, p, readerOf(set))
		}
	}
	b.Unread = f.rescan
	b.KnownContent = func(hash string) (bool, error) { return store.KnownContent(ctx, hash, version, set.Hash) }
	return b, nil
}

// keep stores an outcome, or prints it.
func (f *batchFlags) keep(ctx context.Context, w io.Writer, store *fleet.Store, o fleet.Outcome) error {
	if store != nil {
		if err := store.Keep(ctx, o); err != nil {
			return fmt.Errorf("--store %s: %w", f.store, err)
		}
	}
	if o.Skipped || store != nil && f.format == "" {
		return nil
	}
	return json.NewEncoder(w).Encode(printed{o.Place.Path, o.Result})
}

// printed is one line of JSON: a result and where its bundle lies.
type printed struct {
	Path string `json:"path"`
	fleet.Result
}

// batchTally counts outcomes and now and then says how far a run is.
type batchTally struct {
	w           io.Writer
	every       time.Duration
	began, said time.Time
	total, done int
	skipped     int
	again       int // judged by what was read before
	unreadable  int
	silent      int // without a verdict
	verdictsOf  map[string]int
}

func newBatchTally(w io.Writer, total int) *batchTally {
	t := &batchTally{w: w, total: total, began: time.Now(), said: time.Now(), every: 10 * time.Second, verdictsOf: map[string]int{}}
	if tui.IsTerminal(w) {
		t.every = time.Second
	}
	return t
}

func (t *batchTally) add(o fleet.Outcome) {
	t.done++
	if o.Again {
		t.again++
	}
	switch {
	case o.Skipped:
		t.skipped++
	case o.Result.Status == fleet.Unreadable:
		t.unreadable++
	default:
		causes := map[string]bool{}
		for _, f := range o.Result.Findings {
			if f.Verdict && !causes[f.Rule] {
				causes[f.Rule] = true
				t.verdictsOf[f.Rule]++
			}
		}
		if len(causes) == 0 {
			t.silent++
		}
	}
	if time.Since(t.said) >= t.every {
		t.said = time.Now()
		fmt.Fprintf(t.w, "%d of %d bundles, %.1f/s, %s left%s\n", t.done, t.total, t.rate(), t.left(), t.found())
	}
}

func (t *batchTally) rate() float64 {
	return float64(t.done) / max(time.Since(t.began).Seconds(), 1e-3)
}

func (t *batchTally) left() time.Duration {
	return time.Duration(float64(t.total-t.done) / max(t.rate(), 1e-3) * float64(time.Second)).Round(time.Second)
}

// found names the commonest verdicts so far.
func (t *batchTally) found() string {
	text := ""
	for _, rule := range commonest(t.verdictsOf, 3) {
		text += fmt.Sprintf("; %s %d", rule, t.verdictsOf[rule])
	}
	return text
}

func (t *batchTally) end() {
	again := ""
	if t.again > 0 {
		again = fmt.Sprintf(", %d judged again", t.again)
	}
	fmt.Fprintf(t.w, "%d of %d bundles in %s: %d known already%s, %d unreadable, %d without a verdict%s\n",
		t.done, t.total, time.Since(t.began).Round(time.Millisecond), t.skipped, again, t.unreadable, t.silent, t.found())
}

var errNoStore = errors.New("--store FILE is needed: batch makes it")
