package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"alakazaam/actors/text"
	"alakazaam/cmd/alakalab/compare"
	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
	"alakazaam/cmd/alakalab/report"
)

// compared is what compare prints as JSON.
type compared struct {
	*compare.Comparison
	Differences []experiment.Difference `json:"differences"` // between the experiments
	Warnings    []string                `json:"warnings"`
}

func (a *app) compareCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "compare A B [flags]", GroupID: groupRun, Short: "Compare the results in two folders",
		Long: `Compare the figures in two folders of results: medians over seeds, how much B differs from A, and whether that is more than
chance, by the test that benchstat uses. That takes four seeds or more on each side; ten are better. Of the phases of a run
(before, during and after the faults) only what differs is printed; the page and JSON have all.

With --out, the plots of both sides over each other, and all tables as a page. Where the experiments are not the same, it is
said in what they differ.`,
		Example: `  alakalab run crash.yaml --seed 1..10 --set config.supernodes.search.strategy=flood
  alakalab run crash.yaml --seed 1..10 --set config.supernodes.search.strategy=dynamic
  alakalab compare store/crash/20260504T010203Z-10-runs store/crash/latest --out comparison`,
		Args: folders(2), ValidArgsFunction: completeFolders(2),
	}
	asJSON := addJSON(cmd)
	to := cmd.Flags().StringP("out", "o", "", "the `FOLDER` for compare.html and the plots; it is made if it is not there")
	_ = cmd.MarkFlagDirname("out") // it is there
	cmd.RunE = action(func(_ *cobra.Command, args []string) error {
		c, err := compareFolders(args[0], args[1])
		if err != nil {
			return err
		}
		switch {
		case *asJSON:
			err = a.printJSON(c)
		default:
			if err = c.Text(a.out); err == nil {
				c.tell(a.out)
			}
		}
		if err == nil && *to != "" {
			err = c.draw(*to)
		}
		if err == nil && *to != "" && !*asJSON {
			_, err = fmt.Fprintf(a.out, "\n%s\n", filepath.Join(*to, "compare.html"))
		}
		return err
	})
	return cmd
}

func compareFolders(paths ...string) (*compared, error) {
	var sides [2]compare.Side
	var experiments [2]*experiment.Experiment
	for i, path := range paths {
		folder, results, err := report.Open(path)
		if err != nil {
			return nil, &exitError{code: exitData, err: err}
		}
		if len(results.Runs) == 0 {
			return nil, &exitError{code: exitData, err: fmt.Errorf("%s has no run", path)}
		}
		s, err := experiment.Load(experiment.Options{Path: folder.Experiment()})
		if err != nil {
			return nil, err
		}
		sides[i], experiments[i] = compare.Side{Name: path, Runs: results.Runs}, s.Experiment
	}
	out := &compared{
		Comparison:  compare.Compare(sides[0], sides[1]),
		Differences: experiment.Differences(experiments[0], experiments[1]),
		Warnings:    warnings(sides[0].Runs, sides[1].Runs),
	}
	out.Notes = slices.Concat(out.differ(), out.Warnings)
	return out, nil
}

// warnings are what besides the experiments may make a difference.
func warnings(a, b []report.Run) []string {
	out := []string{}
	seeds := func(runs []report.Run) (out []uint64) {
		for _, r := range runs {
			out = append(out, r.Record.Seed)
		}
		slices.Sort(out)
		return slices.Compact(out)
	}
	built := func(r *record.Run) string { return r.Versions.Program + " " + r.Versions.Commit + " " + r.Versions.Go }
	if !slices.Equal(seeds(a), seeds(b)) {
		out = append(out, "The seeds are not the same.")
	}
	if x, y := built(a[0].Record), built(b[0].Record); x != y {
		out = append(out, fmt.Sprintf("A was made with %s, B with %s.", x, y))
	}
	for i, runs := range [][]report.Run{a, b} {
		if slices.ContainsFunc(runs, func(r report.Run) bool { return r.Record.Partial }) {
			out = append(out, fmt.Sprintf("Of %c, a run was cut short.", 'A'+i))
		}
	}
	return out
}

// mostTold is how many differences are told; JSON has all of them.
const mostTold = 12

// tell says in what the experiments differ, and what else there is to mind.
func (c *compared) tell(w io.Writer) {
	if len(c.Differences) > 0 {
		fmt.Fprintln(w, "\nThe experiments differ:")
	}
	for _, line := range c.differ() {
		fmt.Fprintf(w, "  %s\n", text.Display(line))
	}
	for _, warning := range c.Warnings {
		fmt.Fprintf(w, "\n%s\n", text.Display(warning))
	}
}

// differ are the differences in words.
func (c *compared) differ() (out []string) {
	for i, d := range c.Differences {
		if i == mostTold {
			return append(out, fmt.Sprintf("and in %d more", len(c.Differences)-mostTold))
		}
		out = append(out, fmt.Sprintf("%s: %s in A, %s in B", d.Path, orNothing(d.A), orNothing(d.B)))
	}
	return out
}

func orNothing(value string) string {
	if value == "" {
		return "nothing"
	}
	return value
}

// draw writes the page and the plots.
func (c *compared) draw(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	page, err := os.Create(filepath.Join(folder, "compare.html"))
	if err != nil {
		return err
	}
	return errors.Join(c.HTML(page), page.Close(), c.Plots(filepath.Join(folder, "plots")))
}
