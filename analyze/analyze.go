// Package analyze takes a bundle the whole way: open, extract facts, join them,
// evaluate the rules, rank what was found.
package analyze

import (
	"context"
	"fmt"
	"io"
	"strings"

	"culprit/analyze/bundle"
	"culprit/analyze/fact"
	"culprit/analyze/join"
	"culprit/analyze/logs"
	"culprit/rules"
)

// Options say how to analyse.
type Options struct {
	Rules *rules.Set
	// Version of the tool, for the report.
	Version string
	Limits  bundle.Limits
	// Stdin is what the path "-" stands for.
	Stdin io.Reader
	// Progress, if set, is told of each source as its reading begins.
	Progress func(source string)
}

// Bundles analyses one incident: one path, or several that belong together. A
// path is a folder, an archive, one file, or "-". The deadline of ctx ends the
// reading and what was read is analysed. The error wraps bundle.ErrUnrecognised when
// a path holds nothing that can be read.
func Bundles(ctx context.Context, o Options, paths ...string) (*Report, error) {
	set, err := logs.Compile(o.Rules.Signatures)
	if err != nil {
		return nil, err
	}
	var all []*parts
	for i, path := range paths {
		p, err := read(ctx, func(parse func(fact.Source, io.Reader)) (bundle.Bundle, error) {
			visit := func(src fact.Source, r io.Reader) {
				if o.Progress != nil {
					o.Progress(prefix(i, len(paths)) + src.Path)
				}
				parse(src, r)
			}
			if path == "-" {
				return bundle.WalkReader(ctx, "stdin", o.Stdin, o.Limits, visit)
			}
			return bundle.Walk(ctx, path, o.Limits, visit)
		}, set, prefix(i, len(paths)))
		if err != nil {
			return nil, err
		}
		all = append(all, p.nodes()...)
	}
	return o.judge(together(all)), nil
}

// prefix stands before the sources of the i-th of n bundles.
func prefix(i, n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf("%d/", i+1)
}

// judge assembles the parts, joins, evaluates and reports.
func (o Options) judge(all []*parts) *Report {
	t := &fact.Tables{}
	r := &Report{Version: o.Version, Rules: o.Rules.Hash, Tables: t, clocks: map[fact.Place]clock{}}
	var names, formats []string
	for i, p := range all {
		// Nodes without a name must not become one.
		fallback := ""
		if len(all) > 1 {
			fallback = fmt.Sprintf("%d/%s", i+1, p.bundle.Name)
		}
		p.assemble(t, fallback)
		r.clocks[p.node.At] = p.clock
		r.Problems = append(r.Problems, p.problems...)
		if p.bundle.Name != "" { // not another node of a pasted text
			names, formats = append(names, p.bundle.Name), append(formats, p.bundle.Format)
		}
	}
	join.Join(t)
	found := o.Rules.Evaluate(t)
	r.Bundle, r.Format = strings.Join(names, " + "), strings.Join(formats, " + ")
	r.Findings, r.Verdicts = found.Findings, found.Verdicts
	r.Problems = append(r.Problems, found.Problems...)
	r.Gaps = gaps(t, found.Findings)
	if len(r.Verdicts) == 0 {
		r.Unusual = unusual(t)
	}
	r.Seen = seen(t)
	for _, s := range t.Sources {
		r.Sources++
		r.Bytes += s.Size
	}
	for _, n := range t.Nodes {
		node := NodeReport{Name: n.At.Node, Boot: n.At.Boot, Kernel: n.Kernel, OS: n.OS, Collected: n.Collected}
		for _, d := range t.Daemons {
			if d.At == n.At {
				node.Daemons = append(node.Daemons, d)
			}
		}
		r.Nodes = append(r.Nodes, node)
	}
	return r
}
