package main

import (
	"context"

	"github.com/spf13/cobra"

	"alakazaam/actors/p2p"
	"alakazaam/gateway/admin"
)

func (a *app) unshareCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "unshare PATH…|MD5… [flags]",
		GroupID: groupUse,
		Short:   "Stop sharing files and folders",
		Long: `Stop sharing files and folders, named by path or by MD5. The files themselves stay where they are. A path that looks like
an MD5 is written with its folder, as ./900150983cd24fb0d6963f7d28e17f72.`,
		Example: `  alakazaam unshare ~/music
  alakazaam unshare 900150983cd24fb0d6963f7d28e17f72`,
		Args: atLeastOne("PATH or MD5"),
	}
	asJSON := addJSON(cmd)
	reach := addReach(cmd, false)
	cmd.RunE = action(func(_ *cobra.Command, args []string) error {
		names, files := splitFiles(args)
		paths, err := absolutePaths(names)
		if err != nil {
			return err
		}
		return a.editShares(reach, *asJSON, "no longer shared", func(ctx context.Context, l *link) (*admin.ShareAnswer, error) {
			answer, err := inParts(paths, func(part []string) (*admin.ShareAnswer, error) { return l.Unshare(ctx, part, nil) })
			if err != nil || len(files) == 0 {
				return answer, err
			}
			more, err := l.Unshare(ctx, nil, files)
			if err != nil {
				return answer, err
			}
			answer.Paths, answer.Unknown = append(answer.Paths, more.Paths...), append(answer.Unknown, more.Unknown...)
			return answer, nil
		})
	})
	return cmd
}

// splitFiles tells MD5s from paths.
func splitFiles(args []string) (paths []string, files []p2p.FileID) {
	for _, arg := range args {
		if id, err := p2p.ParseFileID([]byte(arg)); err == nil {
			files = append(files, id)
			continue
		}
		paths = append(paths, arg)
	}
	return paths, files
}
