package main

import (
	"github.com/spf13/cobra"

	"alakazaam/cmd/alakalab/experiment"
)

// addChoice gives a command the flags that change an experiment, and gives what they say.
func addChoice(cmd *cobra.Command) *experiment.Options {
	o := &experiment.Options{}
	f := cmd.Flags()
	f.StringArrayVar(&o.Sets, "set", nil, "a value that counts more than the file: `PATH=VALUE`, such as 'faults[0].for=90s'")
	f.StringVar(&o.Seeds, "seed", "", "the `SEEDS` instead of the file's: 7, 1..10 or 1,3,5")
	f.StringVar(&o.Engine, "engine", "", "the `ENGINE` instead of the file's: sim, mem or net")
	for flag, values := range map[string][]string{
		"engine": {string(experiment.Sim), string(experiment.Mem), string(experiment.Net)}, "seed": nil, "set": nil,
	} {
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // they are there
	}
	return o
}

// load reads the experiment in a file, - for the standard input.
func (a *app) load(o experiment.Options, path string) (*experiment.Suite, error) {
	o.Path, o.Stdin = path, a.in
	return experiment.Load(o)
}

// oneFile refuses anything but one argument.
func oneFile(_ *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("one FILE has to be named, or - for the standard input")
	}
	return nil
}

// completeFiles completes the names of experiments.
func completeFiles(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return []string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt
}

// completeFolders completes the names of so many folders with results.
func completeFolders(n int) cobra.CompletionFunc {
	return func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) >= n {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
}
