package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"alakazaam/config"
)

// usage writes how a command is used. Unlike cobra's own it keeps the few flags of a command apart from those of the
// configuration, of which there are many: a node's command lists them below, section by section, and the others do not.
func usage(cmd *cobra.Command) error {
	w := cmd.OutOrStderr()
	fmt.Fprintln(w, "Usage:")
	switch {
	case cmd.HasAvailableSubCommands():
		fmt.Fprintf(w, "  %s COMMAND [flags]\n", cmd.CommandPath())
	default:
		fmt.Fprintf(w, "  %s\n", cmd.UseLine())
	}
	if cmd.HasExample() {
		fmt.Fprintf(w, "\nExamples:\n%s\n", cmd.Example)
	}
	writeCommands(w, cmd)
	own, settings := splitFlags(cmd)
	if own.HasAvailableFlags() {
		fmt.Fprintf(w, "\nFlags:\n%s", own.FlagUsages())
	}
	if cmd.HasAvailableSubCommands() {
		fmt.Fprintf(w, "\nRun '%s COMMAND --help' for more about a command.\n", cmd.CommandPath())
	}
	switch {
	case !settings:
		return nil
	case cmd.GroupID == groupNode:
		fmt.Fprintln(w)
		return config.WriteFlags(w)
	}
	fmt.Fprintln(w, "\nEvery key of the configuration is a flag as well; 'alakazaam peer --help' lists them.")
	return nil
}

// writeCommands lists the subcommands by group.
func writeCommands(w io.Writer, cmd *cobra.Command) {
	width := 0
	for _, c := range cmd.Commands() {
		width = max(width, len(synopsis(c)))
	}
	list := func(title, group string) {
		fmt.Fprintf(w, "\n%s\n", title)
		for _, c := range cmd.Commands() {
			if c.GroupID == group && (c.IsAvailableCommand() || c.Name() == "help") {
				fmt.Fprintf(w, "  %-*s  %s\n", width, synopsis(c), c.Short)
			}
		}
	}
	switch groups := cmd.Groups(); {
	case !cmd.HasAvailableSubCommands():
	case len(groups) == 0:
		list("Commands:", "")
	default:
		for _, g := range groups {
			list(g.Title, g.ID)
		}
	}
}

// synopsis is a command with its arguments.
func synopsis(c *cobra.Command) string {
	return strings.TrimSuffix(strings.ReplaceAll(c.Use, " [flags]", ""), " ")
}

// setting marks the flags of the configuration.
const setting = "alakazaam-setting"

// splitFlags gives a command's flags without those of the configuration, and says whether it has any of those.
func splitFlags(cmd *cobra.Command) (own *pflag.FlagSet, settings bool) {
	own = pflag.NewFlagSet("", pflag.ContinueOnError)
	own.SortFlags = false
	cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Annotations[setting] != nil {
			settings = true
			return
		}
		own.AddFlag(f)
	})
	return own, settings
}
