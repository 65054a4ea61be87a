package main

import (
	"github.com/spf13/cobra"

	"alakazaam/actors/node"
)

func (a *app) peerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "peer [flags]",
		GroupID: groupNode,
		Short:   "Run a peer, which shares files and logs in at a supernode",
		Long: `Run a peer until a signal ends it. It finds a supernode through the bootstrap nodes, logs in, publishes what is in the
shared folder, serves those files, and searches on behalf of 'alakazaam find'. When its supernode is gone it looks for
another. With promotion.enabled it becomes a supernode itself where one is missing, and a peer again when it is not needed.`,
		Example: `  alakazaam peer --bootstrap 192.0.2.11:3000
  alakazaam peer --config peer.yaml
  alakazaam peer --listen 0.0.0.0:3001 --admin.listen 127.0.0.1:8081 --bootstrap supernode.example:3000`,
		Args: cobra.NoArgs,
	}
	s := addSettings(cmd)
	cmd.RunE = action(func(*cobra.Command, []string) error { return a.serve(node.Peer, s) })
	return cmd
}
