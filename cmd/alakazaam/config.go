package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"

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
	cmd.AddCommand(a.configCheck(), a.configDefault(), a.configShow())
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
