package main

import (
	"github.com/spf13/cobra"

	"alakazaam/actors/node"
)

func (a *app) supernodeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "supernode [flags]",
		GroupID: groupNode,
		Short:   "Run a supernode, at which peers log in",
		Long: `Run a supernode until a signal ends it. Peers log in at it, publish what they share and search through it; it passes
searches on to its neighbors. It needs no configuration, but one that knows no other supernode is on its own.`,
		Example: `  alakazaam supernode
  alakazaam supernode --neighbors 192.0.2.11:3000,192.0.2.12:3000
  alakazaam supernode --config /etc/alakazaam.yaml --log.format json`,
		Args: cobra.NoArgs,
	}
	s := addSettings(cmd)
	cmd.RunE = action(func(*cobra.Command, []string) error { return a.serve(node.Supernode, s) })
	return cmd
}
