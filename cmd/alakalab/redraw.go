package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/report"
)

func (a *app) reportCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "report FOLDER [flags]", GroupID: groupRun, Short: "Draw the report of a run once more",
		Long: `Write everything in a folder of results that is made of its results.json once more: report.html, the plots, metrics.csv,
faults.jsonl and bench.txt. This brings results of an older version up to date, or draws all plots where the experiment asks
for a few.`,
		Example: `  alakalab report store/crash/latest
  alakalab report store/crash/latest --all-plots`,
		Args: folders(1), ValidArgsFunction: completeFolders(1),
	}
	all := cmd.Flags().Bool("all-plots", false, "draw every plot, not those alone for which the experiment asks")
	cmd.RunE = action(func(_ *cobra.Command, args []string) error {
		folder, results, err := report.Open(args[0])
		if err != nil {
			return &exitError{code: exitData, err: err}
		}
		suite, err := experiment.Load(experiment.Options{Path: folder.Experiment()})
		if err != nil {
			return err
		}
		o := report.Output{HTML: true, Plots: suite.Experiment.Report.Plots}
		if *all {
			o.Plots = nil
		}
		if err := folder.Draw(results, o); err != nil {
			return err
		}
		_, err = fmt.Fprintln(a.out, filepath.Join(folder.Dir, "report.html"))
		return err
	})
	return cmd
}

// folders refuses anything but so many arguments.
func folders(n int) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) == n:
			return nil
		case n == 1:
			return usagef("one FOLDER has to be named, such as store/crash/latest")
		}
		return usagef("%d folders have to be named, not %d", n, len(args))
	}
}
