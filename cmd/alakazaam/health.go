package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"alakazaam/actors/text"
)

func (a *app) healthCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "health [flags]",
		GroupID: groupUse,
		Short:   "Say with the exit code whether the node is alive",
		Long: `Say with the exit code whether the node is alive, or with --ready whether it serves: 0 when it does, 1 when it does not.
This is for whatever looks after a node and has no HTTP client, such as the health check of a container. A node that is
degraded, because it cannot write its directory, is alive: a restart would not help it.`,
		Example: `  alakazaam health
  alakazaam health --ready --config /etc/alakazaam/alakazaam.yaml`,
		Args: cobra.NoArgs,
	}
	ready := cmd.Flags().Bool("ready", false, "say whether the node serves: it has started and is not about to end")
	reach := addReach(cmd, false)
	cmd.RunE = action(func(*cobra.Command, []string) error {
		ctx, stop := interruptible()
		defer stop()
		l, err := a.connect(ctx, reach)
		if err != nil {
			return err
		}
		defer l.close()
		ask := l.Health
		if *ready {
			ask = l.Ready
		}
		says, err := ask(ctx)
		if err != nil {
			return l.explain(err)
		}
		_, err = fmt.Fprintln(a.out, text.Display(says))
		return err
	})
	return cmd
}
