package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"alakazaam/config"
)

// The exit codes beside those of a verdict, out of their way; as in sysexits.h.
const (
	exitUsage  = 64
	exitData   = 65
	exitFailed = 70
)

// app is the program with the world around it, which tests replace.
type app struct {
	in       io.Reader
	out, err io.Writer
	signals  chan os.Signal // those to end; nil: the process's own
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
		fmt.Fprintf(a.err, "alakalab: %s\nRun '%s --help' for usage.\n", strings.TrimSpace(err.Error()), cmd.CommandPath())
	default:
		fmt.Fprintf(a.err, "alakalab: %s\n", err)
	}
	return exit.code
}

// action is what a command does. A wrong experiment and any other error without a code of its own have theirs.
func action(f func(cmd *cobra.Command, args []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		err := f(cmd, args)
		var exit *exitError
		var wrong config.Errors
		switch {
		case err == nil || errors.As(err, &exit):
			return err
		case errors.As(err, &wrong):
			return &exitError{code: exitData, err: err}
		}
		return &exitError{code: exitFailed, err: err}
	}
}

// The groups of commands in the help.
const (
	groupRun   = "run"
	groupWrite = "write"
	groupOther = "other"
)

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "alakalab",
		Short: "Fault-injection experiments on the node's own code",
		Long: `Alakalab runs experiments on networks of alakazaam's nodes: a file says which nodes there are, what they do and
what goes wrong, and what has to hold all the same. The same file and seed give the same run again.

Exit codes: 0 all checks hold, 1 one does not, 2 one could not be decided, 64 wrong usage, 65 a wrong experiment, 70 failed,
130 interrupted.`,
		Example: `  alakalab new my-experiment
  alakalab plan my-experiment.yaml
  alakalab run my-experiment.yaml
  alakalab compare store/my-experiment/20260504T010203Z-10-runs store/my-experiment/latest`,
		SilenceErrors: true, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SetOut(cmd.ErrOrStderr())
			_ = cmd.Help()
			return &exitError{code: exitUsage}
		},
	}
	root.AddGroup(
		&cobra.Group{ID: groupRun, Title: "Experiments:"},
		&cobra.Group{ID: groupWrite, Title: "Write experiments:"},
		&cobra.Group{ID: groupOther, Title: "Other commands:"},
	)
	root.AddCommand(
		a.runCommand(), a.planCommand(), a.compareCommand(), a.replayCommand(), a.shrinkCommand(), a.reportCommand(),
		a.newCommand(), a.faultsCommand(), a.validateCommand(),
		a.versionCommand(), a.completionCommand(),
	)
	root.CompletionOptions.DisableDefaultCmd = true
	root.SetHelpCommandGroupID(groupOther)
	return root
}

// addJSON gives a command the flag --json.
func addJSON(cmd *cobra.Command) *bool {
	return cmd.Flags().Bool("json", false, "print JSON")
}

// printJSON prints v over several lines. Nothing that strangers wrote gets into it.
func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.out)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}
