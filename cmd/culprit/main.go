// Command culprit names the root cause of a sick container node from a bundle of
// what the node could still tell.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"culprit/analyze/bundle"
	"culprit/analyze/plan"
)

// version is set by the linker: -ldflags "-X main.version=...".
var version = "devel"

// reader is set by the linker: the hash of the sources that read bundles. Versions that
// have it in common differ in what they judge and show; "" none is like another.
var reader string

// Exit codes. With several paths the highest counts.
const (
	exitOK         = 0
	exitError      = 1              // usage or an internal error
	exitUnreadable = 2              // the bundle cannot be read or is not recognised
	exitFound      = 3              // a finding at or above --fail-on
	exitIncomplete = 5              // --strict, and evidence is missing or damaged
	exitNever      = plan.ExitNever // 42: a shard need not be tried again, see batch --plan
)

// grace is how long an interrupted run may take to end by itself.
const grace = 2 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// A read of a terminal or pipe does not end with ctx, nor does a parser in the
	// middle of a source: the second signal does, or the end of grace.
	context.AfterFunc(ctx, func() {
		stop()
		time.AfterFunc(grace, func() { os.Exit(exitError) })
	})
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is the command with everything it touches as arguments.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	code := exitOK
	root := &cobra.Command{
		Use:           "culprit",
		Short:         "names the root cause of a sick container node",
		Long:          "culprit reads a bundle of what a sick node could still tell and names the root\ncause, with the lines that prove it. It needs no network.",
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	pathCommand(root, &code)
	root.AddCommand(analyzeCommand(&code), tuiCommand(&code), batchCommand(), planCommand(), mergeCommand(), fleetCommand(), collectCommand(), rulesCommand(&code), versionCommand())
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	if err := root.ExecuteContext(ctx); err != nil {
		fmt.Fprintf(stderr, "culprit: %v%s\n", err, advice(err))
		return max(code, codeOf(err))
	}
	return code
}

func codeOf(err error) int {
	if errors.As(err, &neverAgain{}) {
		return exitNever
	}
	if errors.Is(err, bundle.ErrUnrecognised) || errors.Is(err, os.ErrNotExist) || errors.Is(err, os.ErrPermission) {
		return exitUnreadable
	}
	return exitError
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "print the version",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			_, err := fmt.Fprintln(c.OutOrStdout(), "culprit", version)
			return err
		},
	}
}
