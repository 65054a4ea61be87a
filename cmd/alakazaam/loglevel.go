package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"alakazaam/config"
	"alakazaam/gateway/admin"
)

func (a *app) logLevelCommand() *cobra.Command {
	levels := config.LogLevels()
	cmd := &cobra.Command{
		Use:     "log-level [LEVEL] [flags]",
		GroupID: groupUse,
		Short:   "Show or change how much the node logs",
		Long: fmt.Sprintf(`Show how much the node logs, or change it to LEVEL: %s. A change lasts until the node
ends, or reads a configuration in which log.level has changed.`,
			strings.Join(levels, ", ")),
		Example: `  alakazaam log-level
  alakazaam log-level debug`,
		ValidArgs: levels,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 || len(args) == 1 && !slices.Contains(levels, args[0]) {
				return usagef("LEVEL has to be one of %s", strings.Join(levels, ", "))
			}
			return nil
		},
	}
	asJSON := addJSON(cmd)
	reach := addReach(cmd, false)
	cmd.RunE = action(func(_ *cobra.Command, args []string) error { return a.logLevel(args, reach, *asJSON) })
	return cmd
}

// logLevel prints the node's level once it is that of args, if there is one.
func (a *app) logLevel(args []string, reach *reachFlags, asJSON bool) error {
	ctx, stop := interruptible()
	defer stop()
	l, err := a.connect(ctx, reach)
	if err != nil {
		return err
	}
	defer l.close()
	var log *admin.Log
	if len(args) == 0 {
		log, err = l.LogLevel(ctx)
	} else {
		log, err = l.SetLogLevel(ctx, args[0])
	}
	if err != nil {
		return l.explain(err)
	}
	if asJSON {
		return a.printJSON(log)
	}
	_, err = fmt.Fprintln(a.out, log.Level)
	return err
}
