package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"alakazaam/config"
)

func (a *app) configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "config", GroupID: groupOther, Short: "Check and print configurations", Args: cobra.NoArgs,
		Long: `Check and print configurations. A value comes from a flag, else from an environment variable, else from the file that
--config or ALAKAZAAM_CONFIG names, else it is the default.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return help(cmd) },
	}
	cmd.AddCommand(a.configCheck(), a.configDefault(), a.configShow(), a.configFaults())
	return cmd
}

func (a *app) configCheck() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "check FILE [flags]",
		Short: "Say everything that is wrong with a configuration file",
		Long: `Say everything that is wrong with a configuration file, or with the standard input where FILE is -. Environment variables
are left out of account. The exit code is 2 when something is wrong.`,
		Example: `  alakazaam config check alakazaam.yaml
  alakazaam config default | alakazaam config check -`,
		Args: oneFile,
	}
	asJSON := addJSON(cmd)
	cmd.RunE = action(func(_ *cobra.Command, args []string) error {
		c, warnings, err := config.Load(config.Options{Path: args[0], Stdin: a.in})
		if err == nil {
			if _, _, unread := c.Admin.ReadToken(); unread != nil { // Load leaves it to those who need it
				err = config.Errors{{File: args[0], Key: "admin.token_file", Message: unread.Error()}}
			}
		}
		if *asJSON {
			return a.reportJSON(warnings, err)
		}
		for _, w := range warnings {
			a.warn(w)
		}
		if err != nil {
			return &exitError{code: exitUsage, err: err}
		}
		_, err = fmt.Fprintf(a.out, "%s: ok\n", args[0])
		return err
	})
	return cmd
}

func oneFile(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("one FILE has to be named, or - for the standard input")
	}
	return nil
}

// report is the outcome of a check.
type report struct {
	OK       bool             `json:"ok"`
	Problems []config.Problem `json:"problems"`
	Warnings []config.Problem `json:"warnings"`
}

func (a *app) reportJSON(warnings []config.Problem, err error) error {
	r := report{OK: err == nil, Problems: []config.Problem{}, Warnings: append([]config.Problem{}, warnings...)}
	var wrong config.Errors
	if errors.As(err, &wrong) {
		r.Problems = wrong
	}
	if printed := a.printJSON(r); printed != nil {
		return printed
	}
	if err != nil {
		return &exitError{code: exitUsage}
	}
	return nil
}

func (a *app) configDefault() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "default [flags]",
		Short:   "Print a file with every key, its meaning and its default",
		Long:    "Print a file with every key, its meaning and its default; with --json a description of the keys.",
		Example: "  alakazaam config default > alakazaam.yaml",
		Args:    cobra.NoArgs,
	}
	asJSON := addJSON(cmd)
	cmd.RunE = action(func(*cobra.Command, []string) error {
		if *asJSON {
			return a.printJSON(config.Keys())
		}
		return config.WriteDefault(a.out)
	})
	return cmd
}

func (a *app) configShow() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show [flags]",
		Short: "Print the configuration in effect",
		Long:  "Print the configuration in effect: what a node that is started with the same flags and environment would use.",
		Example: `  alakazaam config show --config alakazaam.yaml
  ALAKAZAAM_SEARCH_TTL=3 alakazaam config show --json | jq .search`,
		Args: cobra.NoArgs,
	}
	asJSON := addJSON(cmd)
	s := addSettings(cmd)
	cmd.RunE = action(func(*cobra.Command, []string) error {
		c, err := a.load(s, a.warn)
		if err != nil {
			return err
		}
		if *asJSON {
			return writeConfigJSON(a.out, c)
		}
		return config.Write(a.out, c)
	})
	return cmd
}

func (a *app) configFaults() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "faults [flags]",
		Short: "List the faults that a node can do to itself",
		Long: `List the faults that a node can do to itself, for experiments, each with what happens to whoever waits and with the keys
that it takes beside those of all faults. 'alakazaam config default' explains the keys.`,
		Example: `  alakazaam config faults
  alakazaam supernode --faults '{id: p, kind: actor, action: panic, match: {actor: query, probability: 5%}}'`,
		Args: cobra.NoArgs,
	}
	asJSON := addJSON(cmd)
	cmd.RunE = action(func(*cobra.Command, []string) error {
		if *asJSON {
			return a.printJSON(config.FaultKinds())
		}
		return writeFaultKinds(a.out)
	})
	return cmd
}

// writeFaultKinds lists the faults, and the names by which they can be aimed.
func writeFaultKinds(w io.Writer) error {
	var err error
	paragraph := func(start, text string) {
		if err == nil {
			err = config.Wrap(w, start, text)
		}
	}
	titles := map[string]string{
		config.FaultActor: "Of actors (kind: actor), by action:", config.FaultToxic: "Of connections (kind: toxic), by type:",
	}
	kind := ""
	for _, k := range config.FaultKinds() {
		if k.Kind != kind {
			kind = k.Kind
			paragraph("", titles[kind])
		}
		paragraph("  "+k.Name+":", "")
		paragraph("    ", k.Doc)
		if len(k.Needs)+len(k.Takes) > 0 {
			paragraph("    ", "Needs "+cmp.Or(strings.Join(k.Needs, ", "), "nothing")+"; takes "+cmp.Or(strings.Join(k.Takes, ", "), "nothing more")+".")
		}
	}
	paragraph("", "Kinds of actors (match.actor):")
	paragraph("    ", strings.Join(config.ActorKinds(), " "))
	paragraph("", "Messages (match.message):")
	paragraph("    ", strings.Join(config.Messages(), " "))
	return err
}

// writeConfigJSON writes the keys as config.Write does, in JSON.
func writeConfigJSON(w io.Writer, c config.Config) error {
	var text, out bytes.Buffer
	if err := config.Write(&text, c); err != nil {
		return err
	}
	b, err := yaml.YAMLToJSON(text.Bytes())
	if err != nil {
		return err
	}
	if err := json.Indent(&out, bytes.TrimSpace(b), "", "  "); err != nil {
		return err
	}
	_, err = w.Write(append(escape(out.Bytes()), '\n'))
	return err
}
