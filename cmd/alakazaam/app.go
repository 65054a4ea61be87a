package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"golang.org/x/term"

	"alakazaam/config"
)

// The exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

// app is the program with the world around it, which tests replace.
type app struct {
	in       io.Reader
	out, err io.Writer
	env      []string
	// host keeps a node until ctx ends, and says why it ended before.
	host func(context.Context, order) error
}

// exitError ends the program with a code. err is nil where everything has been said already.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit code %d", e.code)
	}
	return e.err.Error()
}

func (e *exitError) Unwrap() error { return e.err }

// errSaid ends the program after a failure that the user has been told of.
var errSaid = &exitError{code: exitFailed}

// usagef is an error of whoever typed the command.
func usagef(format string, args ...any) error {
	return &exitError{code: exitUsage, err: fmt.Errorf(format, args...)}
}

// run carries out one command line and returns the exit code.
func (a *app) run(args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	cobra.EnableCommandSorting = false // the help has them in the order of use
	cmd, err := root.ExecuteC()
	if err == nil {
		return 0
	}
	exit := &exitError{code: exitUsage, err: err} // from cobra itself: an unknown command or flag, a wrong number of arguments
	errors.As(err, &exit)
	var wrong config.Errors
	switch {
	case exit.err == nil:
	case errors.As(err, &wrong):
		fmt.Fprintln(a.err, wrong.Error())
	case exit.code == exitUsage:
		fmt.Fprintf(a.err, "alakazaam: %s\nRun '%s --help' for usage.\n", strings.TrimSpace(err.Error()), cmd.CommandPath())
	default:
		fmt.Fprintf(a.err, "alakazaam: %s\n", oneLine(err.Error()))
	}
	return exit.code
}

// action is what a command does. Every error that it returns without a code of its own is a failure.
func action(f func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := f(cmd, args)
		var exit *exitError
		if err != nil && !errors.As(err, &exit) {
			return &exitError{code: exitFailed, err: err}
		}
		return err
	}
}

// atLeastOne refuses a command without arguments; what says what they are.
func atLeastOne(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return usagef("%s is missing", what)
		}
		return nil
	}
}

// The groups of commands in the help.
const (
	groupNode  = "node"
	groupUse   = "use"
	groupOther = "other"
)

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "alakazaam",
		Short: "A node of a hierarchical peer-to-peer file-sharing network",
		Long: `Alakazaam is a node of a hierarchical peer-to-peer file-sharing network. Peers publish what they share at a
supernode and search through it; supernodes pass searches on among themselves; files go straight from peer to peer.

A node runs with no configuration at all: 'alakazaam supernode' or 'alakazaam peer' starts one, and the other commands
speak to it.`,
		Example: `  alakazaam supernode
  alakazaam peer --bootstrap 192.0.2.11:3000 --share_dir ~/music
  alakazaam find "blue train"
  alakazaam get 1`,
		SilenceErrors: true, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error { return help(cmd) },
	}
	root.AddGroup(
		&cobra.Group{ID: groupNode, Title: "Run a node:"},
		&cobra.Group{ID: groupUse, Title: "Use the network:"},
		&cobra.Group{ID: groupOther, Title: "Other commands:"},
	)
	root.AddCommand(
		a.supernodeCommand(), a.peerCommand(),
		a.findCommand(), a.getCommand(), a.shareCommand(), a.unshareCommand(), a.statusCommand(), a.healthCommand(),
		a.logLevelCommand(), a.faultCommand(),
		a.benchCommand(), a.bareCommand(),
		a.directoryCommand(), a.configCommand(), a.versionCommand(), a.completionCommand(),
	)
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommandGroupID(groupOther)
	root.SetUsageFunc(usage)
	// Keys are written with "_"; whoever types "-" in a flag, as in most programs, means the same.
	root.SetGlobalNormalizationFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
		return pflag.NormalizedName(strings.ReplaceAll(name, "-", "_"))
	})
	return root
}

// help is what a command does that needs a subcommand and got none.
func help(cmd *cobra.Command) error {
	cmd.SetOut(cmd.ErrOrStderr())
	_ = cmd.Help()
	return &exitError{code: exitUsage}
}

// interruptible gives a context that ends with the first signal to end the program. The second one ends the program.
func interruptible() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// terminal says whether w is a terminal on which the cursor can move, and how wide it is.
func terminal(w io.Writer) (width int, ok bool) {
	f, isFile := w.(*os.File)
	if !isFile || !term.IsTerminal(int(f.Fd())) || os.Getenv("TERM") == "dumb" {
		return 0, false
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		width = 80
	}
	return width, true
}
