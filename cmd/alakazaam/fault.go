package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"alakazaam/actors/fault"
	"alakazaam/actors/message"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/config"
	"alakazaam/gateway/admin"
	"alakazaam/gateway/toxic"
)

func (a *app) faultCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "fault", GroupID: groupUse, Short: "Have the node harm itself, for experiments", Args: cobra.NoArgs,
		Long: `Show and change the faults that the node does to itself, for experiments. They can be changed in a node that was started
with admin.faults; what is changed here lasts until the node ends. 'alakazaam config faults' lists what faults there are.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return help(cmd) },
	}
	cmd.AddCommand(a.faultList(), a.faultAdd(), a.faultRemove(), a.faultClear())
	return cmd
}

// faultAction is a subcommand that does something to the faults and prints those that are on then.
func (a *app) faultAction(cmd *cobra.Command, do func(ctx context.Context, l *link, args []string) (*admin.FaultList, error)) *cobra.Command {
	asJSON := addJSON(cmd)
	reach := addReach(cmd, false)
	cmd.RunE = action(func(_ *cobra.Command, args []string) error {
		ctx, stop := interruptible()
		defer stop()
		l, err := a.connect(ctx, reach)
		if err != nil {
			return err
		}
		defer l.close()
		list, err := do(ctx, l, args)
		if err != nil {
			return l.explain(err)
		}
		if *asJSON {
			return a.printJSON(list)
		}
		a.list(faultColumns, faultRows(list.Faults))
		return nil
	})
	return cmd
}

func (a *app) faultList() *cobra.Command {
	return a.faultAction(&cobra.Command{
		Use: "list [flags]", Short: "List the faults that are on, and what came of them", Args: cobra.NoArgs,
		Long: `List the faults that are on: how often each was due, applied, and made a difference to anybody. Where the output is no
terminal each is a line with tabs between id, what it does, state, due, applied, hit, and rule.`,
	}, func(ctx context.Context, l *link, _ []string) (*admin.FaultList, error) { return l.Faults(ctx) })
}

func (a *app) faultAdd() *cobra.Command {
	var parsed []config.Fault
	return a.faultAction(&cobra.Command{
		Use: "add RULE… [flags]", Short: "Add faults, each written as in the configuration",
		Example: `  alakazaam fault add '{id: p, kind: actor, action: panic, match: {actor: query, probability: 5%}}'
  alakazaam fault add '{id: lag, kind: toxic, type: latency, for: 1m, attributes: {latency: 200ms, jitter: 50ms}}'`,
		Args: func(_ *cobra.Command, args []string) (err error) {
			if len(args) == 0 {
				return usagef("a RULE is missing")
			}
			if parsed, err = config.ParseFaults(strings.Join(args, ",")); err != nil {
				return &exitError{code: exitUsage, err: err}
			}
			return nil
		},
	}, func(ctx context.Context, l *link, _ []string) (list *admin.FaultList, err error) {
		for _, f := range parsed {
			if list, err = l.AddFault(ctx, f); err != nil {
				return nil, err
			}
		}
		if list == nil {
			return nil, errors.New("RULE is an empty list")
		}
		return list, nil
	})
}

func (a *app) faultRemove() *cobra.Command {
	return a.faultAction(&cobra.Command{
		Use: "remove ID… [flags]", Short: "Take faults away", Args: atLeastOne("an ID"), Example: "  alakazaam fault remove lag",
	}, func(ctx context.Context, l *link, args []string) (list *admin.FaultList, err error) {
		for _, id := range args {
			if list, err = l.RemoveFault(ctx, id); err != nil {
				return nil, err
			}
		}
		return list, nil
	})
}

func (a *app) faultClear() *cobra.Command {
	return a.faultAction(&cobra.Command{Use: "clear [flags]", Short: "Take all faults away", Args: cobra.NoArgs},
		func(ctx context.Context, l *link, _ []string) (*admin.FaultList, error) { return l.ClearFaults(ctx) })
}

var faultColumns = []column{
	{title: "ID"}, {title: "DOES"}, {title: "STATE"}, {title: "DUE", right: true}, {title: "APPLIED", right: true},
	{title: "HIT", right: true}, {title: "RULE", cut: true},
}

func faultRows(all []message.FaultStatus) [][]string {
	rows := make([][]string, len(all))
	for i, f := range all {
		state := "idle"
		if f.Active {
			state = "active"
		}
		rows[i] = []string{f.ID, f.Strikes, state, fmt.Sprint(f.Due), fmt.Sprint(f.Applied), fmt.Sprint(f.Hit), string(f.Rule)}
	}
	return rows
}

// faultsText says for the status that faults are on, and which made a difference.
func faultsText(all []message.FaultStatus) string {
	texts := make([]string, len(all))
	for i, f := range all {
		texts[i] = fmt.Sprintf("%s (%s) hit %s", f.ID, f.Strikes, plural(f.Hit, "time", "times"))
	}
	return fmt.Sprintf("%d on: %s", len(all), strings.Join(texts, ", "))
}

// newFaults makes the faults of a node that has some, or may be given some while it runs; nil for any other, which does
// without all that they take.
func newFaults(c config.Config, env *props.Env) *fault.Faults {
	if len(c.Faults) == 0 && !c.Admin.Faults {
		return nil
	}
	f := fault.New(fault.Options{Clock: env.Clock, Rand: env.Rand, Metrics: env.Metrics, Log: env.Log})
	f.Load(c.Faults, c.FaultSeed)
	env.Faults = f
	return f
}

// connections is the transport, with faults around it where the node has any.
func (r *running) connections(env *props.Env, c config.Config) port.Transport {
	if r.faults == nil {
		return r.transport
	}
	return toxic.Wrap(r.transport, toxic.Options{System: r.system, Clock: env.Clock, Faults: r.faults, WriteQueue: int(c.Limits.WriteQueue)})
}
