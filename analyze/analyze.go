// Package analyze takes a bundle the whole way: open, extract facts, join them,
// evaluate the rules, rank what was found.
package analyze

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
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
	// Open, if set, opens the paths that the file system does not have; nil, and no error,
	// of one that it has.
	Open func(ctx context.Context, path string) (*Opened, error)
	// Progress, if set, is told of each source as its reading begins.
	Progress func(source string)
	// Spool, if set, keeps what Bundles reads; Raw and Quote look there first.
	Spool *Spool
	// Early, if set, is told now and then, by the goroutine that calls Bundles, what
	// can be said of the sources read so far: first after 300 ms, then so that it takes at most
	// a tenth of the time, its own part included. Nothing that is not read yet counts as
	// absent, and no finding is certain. The report is the callee's to keep, and the
	// one that Bundles returns is the same without it.
	Early func(*Report)

	// scan is what Prepared made of the signatures of scanned.
	scan    *logs.Set
	scanned *rules.Set
	// earlyDue, if set, says instead of the clock when it is time for Early; for tests.
	earlyDue func() bool
}

// Prepared are the options with what all bundles have in common made once, for those who
// analyse many. The error is that of a signature.
func (o Options) Prepared() (Options, error) {
	if o.scan != nil && o.scanned == o.Rules {
		return o, nil
	}
	set, err := logs.Compile(o.Rules.Signatures)
	o.scan, o.scanned = set, o.Rules
	return o, err
}

// Bundles analyses one incident: one path, or several that belong together. A
// path is a folder, an archive, one file, "-", or what o.Open opens. The end of ctx, its deadline or that
// it is cancelled, ends the reading: what was read is analysed, and a Problem says so. The
// error wraps bundle.ErrUnrecognised when a path holds nothing that can be read, and
// is that of ctx when it was cancelled before anything was.
func Bundles(ctx context.Context, o Options, paths ...string) (*Report, error) {
	o, err := o.Prepared()
	if err != nil {
		return nil, err
	}
	e := newEarly(ctx, o)
	for i, path := range paths {
		p := newParts(o.scan, prefix(i, len(paths)))
		err := e.read(path, p)
		// Where ctx ends the reading, a path of which nothing was read is no error
		// behind one of which something was.
		if late := len(e.done) > 0 && p.bundle.Partial && ctx.Err() != nil; err != nil && !late {
			return nil, err
		}
		e.done = append(e.done, p.nodes()...)
	}
	return o.judge(together(e.done)), nil
}

// read reads one path into p.
func (e *early) read(path string, p *parts) error {
	w := &bundle.Walker{Limits: e.Limits}
	e.now, e.soFar = p, w.SoFar
	return p.read(func(parse func(fact.Source, io.Reader)) (bundle.Bundle, error) {
		w.Visit = func(src fact.Source, r io.Reader) {
			name := p.prefix + src.Path
			if e.Progress != nil {
				e.Progress(name)
			}
			e.look()
			e.Spool.keep(name, e.during(r), func(r io.Reader) { parse(src, r) })
		}
		return e.walk(e.ctx, path, w)
	})
}

// Opened is a bundle that is read as a stream, under its base name.
type Opened struct {
	Name string
	io.ReadCloser
}

// walk walks what a path stands for.
func (o Options) walk(ctx context.Context, path string, w *bundle.Walker) (bundle.Bundle, error) {
	if path == "-" {
		return w.WalkReader(ctx, "stdin", o.Stdin)
	}
	if o.Open != nil {
		switch in, err := o.Open(ctx, path); {
		case err != nil:
			return bundle.Bundle{}, err
		case in != nil:
			defer in.Close()
			return w.WalkReader(ctx, in.Name, in)
		}
	}
	return w.Walk(ctx, path)
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
	var noSpool error
	f := Facts{Tables: &fact.Tables{}}
	t, clocks := f.Tables, map[fact.Place]clock{}
	for _, p := range all {
		t.Partial = t.Partial || p.bundle.Partial
		noSpool = cmp.Or(noSpool, p.bundle.NoSpool)
	}
	var names, formats []string
	for i, p := range all {
		// Nodes without a name must not become one.
		fallback := ""
		if len(all) > 1 {
			fallback = fmt.Sprintf("%d/%s", i+1, p.bundle.Name)
		}
		p.assemble(t, fallback)
		clocks[p.node.At] = p.clock
		f.Problems = append(f.Problems, p.problems...)
		if p.bundle.Name != "" { // not another node of a pasted text
			names, formats = append(names, p.bundle.Name), append(formats, p.bundle.Format)
		}
	}
	join.Join(t)
	f.Bundle, f.Format = strings.Join(names, " + "), strings.Join(formats, " + ")
	r := o.Judge(f)
	r.clocks, r.NoSpool = clocks, noSpool
	return r
}

// Facts are what was read of an incident: enough to judge it, now or later by other
// rules. They depend on the bundle, the code that read it and rules.Set.Signatures.
type Facts struct {
	Bundle, Format string // as in Report
	Tables         *fact.Tables
	Problems       []fact.Problem // of the reading
}

// Facts are those that the report's rules judged.
func (r *Report) Facts() Facts {
	return Facts{r.Bundle, r.Format, r.Tables, r.Problems[:r.readingProblems]}
}

// Judge evaluates the rules over facts and reports.
func (o Options) Judge(f Facts) *Report {
	t := f.Tables
	found := o.Rules.Evaluate(t)
	r := &Report{Version: o.Version, Rules: o.Rules.Hash, Bundle: f.Bundle, Format: f.Format, Tables: t,
		Findings: found.Findings, Verdicts: found.Verdicts, readingProblems: len(f.Problems)}
	r.Problems = append(slices.Clip(f.Problems), found.Problems...)
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
