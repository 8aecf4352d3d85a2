// Command accuracy analyses every capture below a folder and holds the verdict
// against its truth.json:
//
//	accept                  rule ids of which one must be the first verdict
//	tier                    the least confidence that is acceptable
//	must_explain            rules that must stand under that verdict
//	must_not_conclude_rules rules that must not be a verdict
//	healthy                 no verdict at all
//	latent_expected         rules that must be found latent
//
// Folders without truth.json are public data of other projects: those named
// noise-*, formats-* or *-healthy-* must give no verdict, of the others the
// verdict is printed and not judged. It exits 1 on a wrong or forbidden verdict and
// on nothing else: what is missing is printed, and where no rule for an accepted id
// exists yet it says so. With -strict whatever is not "ok" is wrong, a bundle that is
// not read without a problem too: that is for captures that the project makes itself
// (samples/lab).
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"culprit/analyze"
	"culprit/analyze/bundle"
	"culprit/rules"
)

type truth struct {
	Accept         []string `json:"accept"`
	Tier           string   `json:"tier"`
	MustExplain    []string `json:"must_explain"`
	MustNot        []string `json:"must_not_conclude_rules"`
	Healthy        bool     `json:"healthy"`
	LatentExpected []string `json:"latent_expected"`
}

func main() {
	strict := flag.Bool("strict", false, "whatever is not ok is wrong")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: accuracy [-strict] DIR")
		os.Exit(1)
	}
	bad, err := table(flag.Arg(0), *strict)
	if err != nil {
		fmt.Fprintln(os.Stderr, "accuracy:", err)
		os.Exit(1)
	}
	if bad > 0 {
		os.Exit(1)
	}
}

// table prints a line a capture and a closing line; it returns how many are wrong.
// A strict one without captures is wrong too.
func table(dir string, strict bool) (bad int, err error) {
	set, err := rules.Load()
	if err != nil {
		return 0, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return 0, err
	}
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "capture\tverdict\tjudgement\tseconds")
	good := 0
	for _, e := range entries {
		if !e.IsDir() {
			continue
		}
		start := time.Now()
		path := filepath.Join(dir, e.Name())
		report, err := analyze.Bundles(context.Background(), analyze.Options{Rules: set, Limits: bundle.DefaultLimits()}, path)
		verdict, judgement := "-", ""
		switch {
		case errors.Is(err, bundle.ErrUnrecognised):
			judgement = "not recognised"
		case err != nil:
			return bad, err
		default:
			verdict = verdictOf(report)
			if judgement, err = judge(set, path, e.Name(), report); err != nil {
				return bad, err
			}
		}
		if strict && judgement == "ok" && len(report.Problems) > 0 {
			judgement = "WRONG: " + report.Problems[0].Text
		}
		switch {
		case judgement == "ok":
			good++
		case strict, strings.HasPrefix(judgement, "WRONG"):
			bad++
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%.2f\n", e.Name(), verdict, judgement, time.Since(start).Seconds())
	}
	if err := w.Flush(); err != nil {
		return bad, err
	}
	fmt.Printf("%d passed, %d failed\n", good, bad)
	if strict && good == 0 && bad == 0 {
		return 0, fmt.Errorf("no captures in %s", dir)
	}
	return bad, nil
}

func verdictOf(r *analyze.Report) string {
	if len(r.Verdicts) == 0 {
		return "none"
	}
	var out []string
	for _, i := range r.Verdicts {
		f := r.Findings[i]
		out = append(out, fmt.Sprintf("%s (%s)", f.Rule.ID.ID, f.Confidence))
	}
	return strings.Join(out, ", ")
}

// judge compares the report with the truth: "ok", "WRONG: ..." for a verdict that
// must not be, "MISSED: ..." for what is not there, or why it is not judged.
func judge(set *rules.Set, path, name string, r *analyze.Report) (string, error) {
	text, err := os.ReadFile(filepath.Join(path, "truth.json"))
	if errors.Is(err, os.ErrNotExist) {
		silent := strings.HasPrefix(name, "noise-") || strings.HasPrefix(name, "formats-") || strings.Contains(name, "-healthy")
		switch {
		case !silent:
			return "not judged", nil
		case len(r.Verdicts) > 0:
			return "WRONG: must give no verdict", nil
		}
		return "ok", nil
	}
	if err != nil {
		return "", err
	}
	var want truth
	if err := json.Unmarshal(text, &want); err != nil {
		return "", fmt.Errorf("%s: %w", path, err)
	}
	return want.judge(set, r), nil
}

func (t truth) judge(set *rules.Set, r *analyze.Report) string {
	for _, i := range r.Verdicts {
		if id := r.Findings[i].Rule.ID.ID; slices.Contains(t.MustNot, id) {
			return "WRONG: " + id + " is forbidden"
		}
	}
	if t.Healthy {
		if len(r.Verdicts) > 0 {
			return "WRONG: must give no verdict"
		}
		return t.latent(set, r)
	}
	known := slices.ContainsFunc(t.Accept, func(id string) bool { rule, _, _ := set.Find(id); return rule != nil })
	switch {
	case len(r.Verdicts) == 0 && !known:
		return "no rule yet"
	case len(r.Verdicts) == 0:
		return "MISSED: want one of " + strings.Join(t.Accept, ", ")
	}
	first := r.Findings[r.Verdicts[0]]
	switch {
	case !slices.Contains(t.Accept, first.Rule.ID.ID):
		return "WRONG: want one of " + strings.Join(t.Accept, ", ")
	case t.Tier == string(rules.Certain) && first.Confidence != rules.Certain:
		return "MISSED: want it " + t.Tier
	}
	for _, id := range t.MustExplain {
		if !under(r, r.Verdicts[0], id) {
			return "MISSED: " + id + " does not stand under it"
		}
	}
	return "ok"
}

// latent judges a healthy capture that holds something dangerous.
func (t truth) latent(set *rules.Set, r *analyze.Report) string {
	for _, id := range t.LatentExpected {
		if rule, _, _ := set.Find(id); rule == nil {
			return "ok, but no rule yet for latent " + id
		}
		if !slices.ContainsFunc(r.Findings, func(f *rules.Finding) bool { return f.Rule.ID.ID == id && f.Status == rules.Latent }) {
			return "MISSED: latent " + id + " is not found"
		}
	}
	return "ok"
}

// under reports whether rule id is explained, over any number of steps, by
// finding root.
func under(r *analyze.Report, root int, id string) bool {
	seen := map[int]bool{}
	var visit func(i int) bool
	visit = func(i int) bool {
		for _, j := range r.Findings[i].Explains {
			if r.Findings[j].Rule.ID.ID == id {
				return true
			}
			if !seen[j] {
				seen[j] = true
				if visit(j) {
					return true
				}
			}
		}
		return false
	}
	return visit(root)
}
