package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/spf13/cobra"
	"github.com/vbauerster/mpb/v8"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/text"
	"alakazaam/gateway/admin"
)

// cancelTimeout is how long a node may take to cancel the downloads of a user who has lost patience.
const cancelTimeout = 3 * time.Second

// target is a file to download.
type target struct {
	file   p2p.FileID
	name   p2p.FileName // empty: not known
	owners []p2p.Endpoint
}

func (a *app) getCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "get MD5|NUMBER… [flags]",
		GroupID: groupUse,
		Short:   "Download files",
		Long: `Download files into the node's download_dir: by their NUMBER in the last search, or by their MD5. The owners are those
that the last search found, and those that --from names, which are asked first. Each file is checked against its MD5.

Prints the path of each file. Ctrl-C cancels the downloads.`,
		Example: `  alakazaam find "blue train" && alakazaam get 1
  alakazaam get 2 3 5
  alakazaam get 900150983cd24fb0d6963f7d28e17f72 --from 192.0.2.20:3000
  alakazaam get 1 --supernode 192.0.2.11:3000 --download_dir ~/music`,
		Args: atLeastOne("MD5 or NUMBER"),
	}
	asJSON := addJSON(cmd)
	from := cmd.Flags().StringSlice("from", nil, "ask the peer at `HOST:PORT` for the file; may be repeated")
	reach := addReach(cmd, true)
	reach.downloads = true
	cmd.RunE = action(func(_ *cobra.Command, args []string) error {
		return a.get(args, *from, reach, *asJSON)
	})
	return cmd
}

func (a *app) get(args, from []string, reach *reachFlags, asJSON bool) error {
	ctx, stop := interruptible()
	defer stop()
	targets, err := chooseTargets(ctx, args, from)
	if err != nil {
		return err
	}
	l, err := a.connect(ctx, reach)
	if err != nil {
		return err
	}
	defer l.close()
	ok := true
	for _, d := range a.download(ctx, l, targets, asJSON) {
		switch {
		case asJSON:
			err = a.printJSONLine(d.state)
		case d.err == nil:
			_, err = fmt.Fprintln(a.out, d.state.Path)
		}
		if d.err != nil {
			ok = false
			fmt.Fprintf(a.err, "alakazaam: %s: %v\n", labelOf(d.target), d.err)
		}
		if err != nil {
			return err
		}
	}
	if !ok {
		return errSaid
	}
	return nil
}

// chooseTargets says what the arguments mean.
func chooseTargets(ctx context.Context, args, from []string) ([]target, error) {
	var first []p2p.Endpoint
	for _, f := range from {
		e, err := machine().named(ctx, "from", f)
		if err != nil {
			return nil, err
		}
		first = append(first, e)
	}
	path, err := lastSearchPath()
	var last *lastSearch
	if err == nil {
		last, err = loadLastSearch(path)
	}
	var out []target
	for _, arg := range args {
		t, wrong := chooseTarget(arg, last, err)
		if wrong != nil {
			return nil, wrong
		}
		t.owners = append(slices.Clone(first), slices.DeleteFunc(t.owners, func(e p2p.Endpoint) bool { return slices.Contains(first, e) })...)
		if len(t.owners) == 0 {
			return nil, fmt.Errorf("nobody is known to have %s, because the last search did not find it: "+
				"search for its name first, or name an owner with --from HOST:PORT", t.file)
		}
		if !slices.ContainsFunc(out, func(o target) bool { return o.file == t.file }) {
			out = append(out, t)
		}
	}
	return out, nil
}

// chooseTarget says what one argument means. noLast is why there is no last search.
func chooseTarget(arg string, last *lastSearch, noLast error) (target, error) {
	if file, err := p2p.ParseFileID([]byte(arg)); err == nil {
		t := target{file: file}
		if last != nil {
			if i := slices.IndexFunc(last.Results, func(r message.Result) bool { return r.File == file }); i >= 0 {
				t.name, t.owners = last.Results[i].Name, slices.Clone(last.Results[i].Owners)
			}
		}
		return t, nil
	}
	n, err := strconv.Atoi(arg)
	switch {
	case err != nil:
		return target{}, usagef("%q is neither an MD5 in 32 hex digits nor a number of the last search", arg)
	case last == nil:
		return target{}, noLast
	case n < 1 || n > len(last.Results):
		return target{}, usagef("there is no number %d: the last search, for %q, found %s", n, text.Display(last.Text),
			plural(len(last.Results), "file", "files"))
	}
	r := last.Results[n-1]
	return target{file: r.File, name: r.Name, owners: slices.Clone(r.Owners)}, nil
}

// downloaded is how a download ended.
type downloaded struct {
	target
	state message.DownloadState
	err   error
}

// download fetches all targets at once; the node decides how many of them run.
func (a *app) download(ctx context.Context, l *link, targets []target, quiet bool) []downloaded {
	show, done := a.progress(quiet)
	out := make([]downloaded, len(targets))
	var all sync.WaitGroup
	for i, t := range targets {
		p := show(t)
		all.Go(func() {
			out[i] = fetch(ctx, l, t, p)
		})
	}
	all.Wait()
	done()
	return out
}

// progress says how downloads are shown: as bars on a terminal, as lines elsewhere, or not at all. done is called last.
func (a *app) progress(quiet bool) (show func(target) progress, done func()) {
	width, ok := terminal(a.err)
	switch {
	case quiet:
		return func(target) progress { return noProgress{} }, func() {}
	case !ok:
		return func(t target) progress { return &lines{w: a.err, label: labelOf(t)} }, func() {}
	}
	bars := mpb.New(mpb.WithOutput(a.err), mpb.WithWidth(min(width, 100)), mpb.WithRefreshRate(100*time.Millisecond))
	return func(t target) progress { return newBar(bars, labelOf(t), width) }, bars.Wait
}

// fetch has the node download one file. Where the user gives up the node cancels it.
func fetch(ctx context.Context, l *link, t target, p progress) downloaded {
	state, err := l.Download(ctx, admin.DownloadRequest{File: t.file, Name: string(t.name), Owners: t.owners}, p.update)
	if ctx.Err() != nil {
		cancelCtx, stop := context.WithTimeout(context.Background(), cancelTimeout)
		defer stop()
		if s, lost := l.Cancel(cancelCtx, t.file); lost == nil {
			state, err = s, nil
		}
	}
	p.end(state)
	if err = l.explain(err); err == nil && state.Error != "" {
		err = errors.New(oneLine(state.Error))
	}
	return downloaded{target: t, state: state, err: err}
}
