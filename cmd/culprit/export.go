package main

import (
	"context"
	"fmt"
	"io"
	"iter"
	"os"

	"github.com/spf13/cobra"

	"culprit/analyze/fleet"
)

// exportFlags are the flags of `culprit fleet export` as typed.
type exportFlags struct {
	parquet    string
	csv, jsonl bool
}

func (e *exportFlags) add(c *cobra.Command) {
	c.Long = `Export writes every result that the filters leave: as JSON lines, all that is kept of a
result on one; or as a table with one row a finding, and one for a bundle without. Its
columns are hash, paths, status; nodes, and of the first node node, kernel, os, daemons
(name to version), collected; of the finding rule, role, severity, confidence, verdict,
finding_status, summary, since; culprit_version and rules_hash. What is not known is null.

In CSV paths and daemons are joined by "; ", characters that are not printed are replaced,
and what a spreadsheet would take for a formula begins with an apostrophe: names and texts
come from the bundles.`
	flags := c.Flags()
	flags.StringVar(&e.parquet, "parquet", "", "write the table as Parquet to `FILE`, in one step; - is standard output")
	flags.BoolVar(&e.csv, "csv", false, "print the table as CSV")
	flags.BoolVar(&e.jsonl, "jsonl", false, "print JSON lines: so it does without a flag")
	c.MarkFlagsMutuallyExclusive("parquet", "csv", "jsonl")
}

func (f *fleetFlags) export(ctx context.Context, w io.Writer, s *fleet.Store, _ []string) error {
	results := s.All(ctx, f.filter)
	switch e := f.exported; {
	case e.csv:
		return fleet.WriteCSV(w, results)
	case e.parquet == "-":
		return fleet.WriteParquet(w, results)
	case e.parquet != "":
		return f.exportParquet(results)
	}
	return fleet.WriteLines(w, results)
}

func (f *fleetFlags) exportParquet(results iter.Seq2[fleet.Kept, error]) error {
	file := f.exported.parquet
	if sameFile(file, f.store) {
		return fmt.Errorf("--parquet %s is the store", file)
	}
	return inOneStep(file, func(w io.Writer) error { return fleet.WriteParquet(w, results) })
}

func sameFile(a, b string) bool {
	x, err := os.Stat(a)
	y, err2 := os.Stat(b)
	return err == nil && err2 == nil && os.SameFile(x, y)
}
