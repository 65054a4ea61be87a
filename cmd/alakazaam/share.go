package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"alakazaam/actors/text"
	"alakazaam/gateway/admin"
)

func (a *app) shareCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "share [PATH…] [flags]",
		GroupID: groupUse,
		Short:   "Share files and folders, or list what is shared",
		Long: `Share files and folders, beside those in the node's share_dir, until 'alakazaam unshare'. The node looks through them and
publishes each file as soon as it knows its MD5.

Without PATH: list the shared files. Where the output is no terminal each is a line of name, size in bytes and MD5 with
tabs between them.`,
		Example: `  alakazaam share ~/music "notes.txt"
  alakazaam share`,
	}
	asJSON := addJSON(cmd)
	reach := addReach(cmd, false)
	cmd.RunE = action(func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return a.listShares(reach, *asJSON)
		}
		paths, err := absolutePaths(args)
		if err != nil {
			return err
		}
		return a.editShares(reach, *asJSON, "shared", func(ctx context.Context, l *link) (*admin.ShareAnswer, error) {
			return inParts(paths, func(part []string) (*admin.ShareAnswer, error) { return l.Share(ctx, part) })
		})
	})
	return cmd
}

// absolutePaths makes the paths mean the same to the node, which runs somewhere else.
func absolutePaths(args []string) ([]string, error) {
	out := make([]string, len(args))
	for i, p := range args {
		if p == "" {
			return nil, usagef("a path is empty")
		}
		abs, err := filepath.Abs(p)
		if err != nil {
			return nil, err
		}
		out[i] = abs
	}
	return out, nil
}

// inParts makes one request for some of the paths after the other: a shell makes more of a '*' than one can hold.
func inParts(paths []string, edit func([]string) (*admin.ShareAnswer, error)) (*admin.ShareAnswer, error) {
	const most = 16 << 10 // bytes, of the 64 KiB of a request: each may take several in JSON
	all := &admin.ShareAnswer{Paths: []string{}, Unknown: []string{}}
	for len(paths) > 0 {
		n, size := 0, 0
		for n < len(paths) && (n == 0 || size+len(paths[n]) <= most) {
			size += len(paths[n])
			n++
		}
		answer, err := edit(paths[:n])
		if err != nil {
			return all, err
		}
		all.Paths, all.Unknown = append(all.Paths, answer.Paths...), append(all.Unknown, answer.Unknown...)
		paths = paths[n:]
	}
	return all, nil
}

// editShares changes what is shared and tells what came of it. What was named and is not there makes it fail.
func (a *app) editShares(reach *reachFlags, asJSON bool, what string, edit func(context.Context, *link) (*admin.ShareAnswer, error)) error {
	ctx, stop := interruptible()
	defer stop()
	l, err := a.connect(ctx, reach)
	if err != nil {
		return err
	}
	defer l.close()
	answer, err := edit(ctx, l)
	if err != nil {
		return l.explain(err)
	}
	if asJSON {
		err = a.printJSON(answer)
	} else {
		for _, p := range answer.Paths {
			fmt.Fprintf(a.out, "%s: %s\n", what, text.Display(p))
		}
	}
	if len(answer.Unknown) == 0 {
		return err
	}
	for _, p := range answer.Unknown {
		fmt.Fprintf(a.err, "alakazaam: %s is not there\n", text.Display(p))
	}
	return errSaid
}

var shareColumns = []column{{title: "NAME", cut: true}, {title: "SIZE", right: true}, {title: "MD5"}}

func (a *app) listShares(reach *reachFlags, asJSON bool) error {
	ctx, stop := interruptible()
	defer stop()
	l, err := a.connect(ctx, reach)
	if err != nil {
		return err
	}
	defer l.close()
	shares, err := l.Shares(ctx)
	if err != nil {
		return l.explain(err)
	}
	if asJSON {
		return a.printJSON(shares)
	}
	_, people := terminal(a.out)
	if people && len(shares.Files) == 0 {
		fmt.Fprintln(a.err, "nothing is shared")
		return nil
	}
	a.list(shareColumns, shareRows(shares.Files, people))
	return nil
}

// shareRows gives sizes as people read them, or as programs do.
func shareRows(files []admin.SharedFile, people bool) [][]string {
	rows := make([][]string, len(files))
	for i, f := range files {
		size := strconv.FormatInt(f.Size, 10)
		if people {
			size = bytesText(f.Size)
		}
		rows[i] = []string{text.Display(string(f.Name)), size, f.File.String()}
	}
	return rows
}
