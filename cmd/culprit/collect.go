package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"culprit/collect"
)

// collectCommand becomes the embedded script, so that signals, exit status and
// standard output are those of collect.sh run by hand.
func collectCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "collect [--script] [option of collect.sh]...",
		Short: "collect a bundle on this node (--script prints the collector)",
		Long: "collect runs the collector, a POSIX-sh script, on this node. --script prints it, to\n" +
			"copy it elsewhere or to run it over ssh:\n\n" +
			"  culprit collect --script | ssh root@node sh -s -- -o - >node.tar.gz\n\n" +
			"All other options are the script's; collect --help lists them.",
		DisableFlagParsing: true,
		RunE: func(c *cobra.Command, args []string) error {
			if slices.Contains(args, "--script") {
				_, err := fmt.Fprint(c.OutOrStdout(), collect.Script)
				return err
			}
			return becomeScript(args)
		},
	}
}
