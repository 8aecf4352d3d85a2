package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"culprit/analyze"
	"culprit/rules"
)

func rulesCommand(code *int) *cobra.Command {
	var dirs []string
	c := &cobra.Command{Use: "rules", Short: "list, show, check and test the rules", Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	c.PersistentFlags().StringArrayVar(&dirs, "rules", nil, "add the rules, signatures and ids in `DIR`")
	sub := func(use, short string, args cobra.PositionalArgs, do func(w io.Writer, set *rules.Set, args []string) error) {
		c.AddCommand(&cobra.Command{Use: use, Short: short, Args: args, RunE: func(c *cobra.Command, args []string) error {
			set, err := loadRules(dirs, rules.LoadTested)
			if err != nil {
				return err
			}
			return do(c.OutOrStdout(), set, args)
		}})
	}
	sub("list", "list the rules: id, role, layer, severity, title", cobra.NoArgs, listRules)
	sub("show RULE", "show a rule: what it needs, judges, rules out and explains", cobra.ExactArgs(1), showRule)
	sub("lint", "check the rules against one another; exit 1 on a mistake", cobra.NoArgs, func(w io.Writer, set *rules.Set, _ []string) error {
		return lintRules(w, set, code)
	})
	sub("test", "run the rules' tests; exit 1 when one fails", cobra.NoArgs, func(w io.Writer, set *rules.Set, _ []string) error {
		return testRules(w, set, code)
	})
	c.AddCommand(explainCommand(&dirs))
	return c
}

func listRules(w io.Writer, set *rules.Set, _ []string) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, r := range set.Rules {
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\n", r.ID.ID, r.ID.Role, r.ID.Layer, r.Severity, r.Title)
	}
	return tw.Flush()
}

// findRule finds a rule by its id or an alias; nil where there is an id and no rule yet.
func findRule(set *rules.Set, name string) (*rules.Rule, rules.ID, error) {
	r, id, ok := set.Find(name)
	if !ok {
		return nil, id, fmt.Errorf("there is no rule %q%s", name, set.Suggest(name))
	}
	return r, id, nil
}

func showRule(w io.Writer, set *rules.Set, args []string) error {
	r, id, err := findRule(set, args[0])
	if err != nil {
		return err
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(label, value string) {
		if value != "" {
			fmt.Fprintf(tw, "%s\t%s\n", label, value)
		}
	}
	line("id", id.ID)
	line("aliases", strings.Join(id.Aliases, ", "))
	line("meaning", id.Meaning)
	line("role", fmt.Sprintf("%s, layer %s, per %s", id.Role, id.Layer, id.Per))
	line("explained by", strings.Join(id.ExplainedBy, ", "))
	line("looks like", strings.Join(id.Rivals, ", "))
	if r == nil {
		line("rule", "no rule yet")
		return tw.Flush()
	}
	line("file", r.File)
	line("severity", r.Severity)
	for _, s := range r.Select {
		text := "rows of " + s.Table.Name
		if s.Signature != nil {
			text += " with signature " + s.Signature.ID
		}
		if s.Where != nil {
			text += " where " + s.Where.String()
		}
		if s.On != "" {
			text += ", by " + string(s.On)
		}
		line("  "+s.Name, text)
	}
	for _, group := range []struct {
		label      string
		conditions []*rules.Condition
	}{{"cause", r.Cause}, {"effect", r.Effect}, {"for certain", r.Certain}, {"supported by", r.Support}} {
		for _, c := range group.conditions {
			line(group.label, c.String())
		}
	}
	for _, o := range r.RulesOut {
		line("rules out", o.Rival+": "+o.Cond.String())
	}
	line("no rival", r.NoRival)
	line("at most", string(r.Ceiling))
	for _, ref := range r.Refs {
		line("see", ref)
	}
	return tw.Flush()
}

func lintRules(w io.Writer, set *rules.Set, code *int) error {
	errs, notes := set.Lint()
	for _, note := range notes {
		fmt.Fprintln(w, note)
	}
	for _, e := range errs {
		fmt.Fprintln(w, "error:", e)
	}
	fmt.Fprintf(w, "%d rules, %d signatures, %d tests: %d errors\n", len(set.Rules), len(set.Signatures), len(set.Tests), len(errs))
	if len(errs) > 0 {
		*code = exitError
	}
	return nil
}

func testRules(w io.Writer, set *rules.Set, code *int) error {
	tester, err := analyze.NewTester(set)
	if err != nil {
		return err
	}
	failed := 0
	for _, t := range set.Tests {
		mismatch, err := tester.Run(t)
		if err != nil {
			mismatch = err.Error()
		}
		if mismatch != "" {
			failed++
			fmt.Fprintf(w, "FAIL %s:%d: %s (%s): %s\n", t.File, t.Line, t.Rule, t.Name, mismatch)
		}
	}
	fmt.Fprintf(w, "%d tests, %d failed\n", len(set.Tests), failed)
	if failed > 0 {
		*code = exitError
	}
	return nil
}
