package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"culprit/analyze/fleet"
	"culprit/analyze/render"
)

const byUsage = "tell them apart by `DIMENSION`: kernel, os, node, week, version (of --daemon, else dockerd), or a part of the path that is named so: archive/{cluster}/"

// topBy counts the causes by a dimension.
func (f *fleetFlags) topBy(ctx context.Context, w io.Writer, s *fleet.Store) error {
	by, err := fleet.NewDimension(f.by, cmp.Or(f.filter.Daemon, "dockerd"))
	if err != nil {
		return fmt.Errorf("--by %q: %w", f.by, err)
	}
	groups, err := s.TopBy(ctx, f.filter, by)
	if err != nil {
		return err
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "BUNDLES\tNODES\tFIRST\tLAST\t%s\tROOT CAUSE\n", strings.ToUpper(render.Clean(by.Name)))
	for _, g := range groups[:min(len(groups), f.limit)] {
		fmt.Fprintf(tw, "%d\t%d\t%s\t%s\t%s\t%s\n", g.Bundles, g.Nodes, day(g.First), day(g.Last), render.Clean(cmp.Or(g.Value, "?")), render.Clean(g.Rule))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	f.more(w, len(groups))
	return nil
}
