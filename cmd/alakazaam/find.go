package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/text"
	"alakazaam/config"
	"alakazaam/gateway/admin"
)

func (a *app) findCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "find TEXT [flags]",
		GroupID: groupUse,
		Short:   "Search the network for files by name",
		Long: fmt.Sprintf(`Search the network for files whose name contains TEXT, in capitals or small letters; '*' finds everything. The network
carries search texts of at most %d bytes.

The results are numbered, those with the most copies first, and 'alakazaam get NUMBER' downloads one. Where the output
is no terminal each result is a line of number, copies, name and MD5 with tabs between them. The exit code is 1 when
nothing was found. With --json, "complete" says that every answer there is has come, which only a supernode can know.`, p2p.TextLen),
		Example: `  alakazaam find "blue train"
  alakazaam find --supernode 192.0.2.11:3000 train
  alakazaam find --strategy flood --max 20 train
  alakazaam find --json train | jq -r '.results[].name'`,
		Args: atLeastOne("TEXT"),
	}
	asJSON := addJSON(cmd)
	var request admin.FindRequest
	strategies := strings.Join(config.Strategies(), ", ")
	cmd.Flags().StringVar(&request.Strategy, "strategy", "", "how a supernode `searches`: "+strategies+" (default: as it is configured)")
	cmd.Flags().IntVar(&request.Max, "max", 0, "the most `files` that are wanted (default: as many as the supernode gives)")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("strategy", cobra.FixedCompletions(config.Strategies(), cobra.ShellCompDirectiveNoFileComp)))
	reach := addReach(cmd, true)
	cmd.RunE = action(func(_ *cobra.Command, args []string) error {
		request.Text = strings.TrimSpace(strings.Join(args, " "))
		switch {
		case request.Strategy != "" && !slices.Contains(config.Strategies(), request.Strategy):
			return usagef("--strategy has to be one of %s", strategies)
		case request.Max < 0:
			return usagef("--max %d is less than none", request.Max)
		}
		return a.find(request, reach, *asJSON)
	})
	return cmd
}

func (a *app) find(request admin.FindRequest, reach *reachFlags, asJSON bool) error {
	what := request.Text
	if _, err := p2p.NewSearchText(what); err != nil {
		return usagef("%q has %d bytes, but the network's protocol carries only %d of a search text: look for a shorter part of the name",
			text.Display(what), len(what), p2p.TextLen)
	}
	if what == "" {
		return usagef("the search text is empty; '*' finds everything")
	}
	found, err := a.search(request, reach)
	if err != nil {
		return err
	}
	a.remember(found)
	if asJSON {
		err = a.printJSON(found)
	} else if len(found.Results) > 0 {
		a.list(foundColumns, foundRows(found.Results))
	}
	if err == nil && len(found.Results) == 0 {
		why := ""
		if found.Complete {
			why = ": every supernode that could be reached has answered"
		}
		fmt.Fprintf(a.err, "nothing was found for %q%s\n", text.Display(what), why)
		return errSaid
	}
	return err
}

// search has a node search, and shows that something happens meanwhile.
func (a *app) search(request admin.FindRequest, reach *reachFlags) (*admin.FindAnswer, error) {
	ctx, stop := interruptible()
	defer stop()
	s := a.spin("searching for " + strconv.Quote(request.Text))
	defer s.stop()
	l, err := a.connect(ctx, reach)
	if err != nil {
		return nil, err
	}
	defer l.close()
	found, err := l.Find(ctx, request)
	return found, l.explain(err)
}

// remember keeps the results for 'get'. That it cannot is no reason not to show them.
func (a *app) remember(found *admin.FindAnswer) {
	path, err := lastSearchPath()
	if err == nil {
		err = (&lastSearch{Text: found.Text, Time: time.Now(), Results: found.Results}).save(path)
	}
	if err != nil {
		fmt.Fprintf(a.err, "warning: 'alakazaam get NUMBER' will not know these results: %v\n", err)
	}
}

var foundColumns = []column{
	{title: "NUMBER", right: true}, {title: "COPIES", right: true}, {title: "NAME", cut: true}, {title: "MD5"},
}

func foundRows(results []message.Result) [][]string {
	rows := make([][]string, len(results))
	for i, r := range results {
		rows[i] = []string{
			strconv.Itoa(i + 1), strconv.Itoa(len(r.Owners)), text.Display(string(r.Name)), r.File.String(),
		}
	}
	return rows
}
