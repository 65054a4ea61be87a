package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"alakazaam/cmd/alakalab/check"
	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
	"alakazaam/cmd/alakalab/report"
)

// replayed is one run that was made again.
type replayed struct {
	Run   int               `json:"run"`
	Seed  uint64            `json:"seed"`
	Set   map[string]string `json:"set,omitempty"`
	Was   string            `json:"was"`
	Is    string            `json:"is"`
	Same  record.Verdict    `json:"same"` // unknown where the run had no trace, or was cut short
	Check record.Check      `json:"-"`
}

func (a *app) replayCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "replay FOLDER [flags]", GroupID: groupRun, Short: "Make the runs of a folder again and compare their traces",
		Long: `Make the runs of a folder again, with the experiment and the seeds that are in it, and compare the hash of everything that
happened on the network with the one that is in its results. Only the engine sim has traces.

The exit code is 0 where all are the same, 1 where one is not, 2 where one cannot be compared because it was cut short or its
engine has no traces. Another version of the program may act in another way: it says so.`,
		Example: `  alakalab replay store/crash/latest
  alakalab replay store/crash/latest --run 3`,
		Args: cobra.ExactArgs(1),
	}
	asJSON := addJSON(cmd)
	only := cmd.Flags().Int("run", 0, "only the `N`th run (default all)")
	cmd.RunE = action(func(_ *cobra.Command, args []string) error {
		all, results, err := a.replay(args[0], *only)
		if err != nil {
			return err
		}
		verdict := record.True
		for _, r := range all {
			if r.Same == record.False || r.Same == record.Unknown && verdict == record.True {
				verdict = r.Same
			}
			if !*asJSON {
				fmt.Fprintf(a.out, "run %d, seed %d: %s\n", r.Run, r.Seed, r.Check.Why)
			}
		}
		if *asJSON {
			if err := a.printJSON(all); err != nil {
				return err
			}
		}
		if was, is := results.Runs[0].Record.Versions, buildVersion(); verdict == record.False && (was.Program != is.Version || was.Commit != is.commit()) {
			fmt.Fprintf(a.err, "alakalab: the runs were made by version %s %s, and this is %s %s\n", was.Program, was.Commit, is.Version, is.commit())
		}
		return exitOf(verdict, false)
	})
	return cmd
}

// replay makes the runs of a folder again.
func (a *app) replay(dir string, only int) ([]replayed, *report.Results, error) {
	results, err := report.Load(dir)
	if err != nil {
		return nil, nil, err
	}
	suite, err := a.load(experiment.Options{}, filepath.Join(dir, "experiment.yaml"))
	if err != nil {
		return nil, nil, err
	}
	if len(results.Runs) == 0 {
		return nil, nil, fmt.Errorf("there is no run in %s", dir)
	}
	if only < 0 || only > len(results.Runs) {
		return nil, nil, usagef("--run is %d, and there are %d runs in %s", only, len(results.Runs), dir)
	}
	ctx, stop := interruptible()
	defer stop()
	var out []replayed
	for i, was := range results.Runs {
		if only > 0 && only != i+1 {
			continue
		}
		x, err := runOf(suite, was.Record)
		if err != nil {
			return nil, nil, fmt.Errorf("run %d in %s: %w", i+1, dir, err)
		}
		p := newProgress(a, &experiment.Suite{Experiment: suite.Experiment, Runs: []experiment.Run{x}}, false)
		again, err := perform(ctx, x, p.of(0), func(record.Op) {})
		p.clear()
		if err != nil {
			return nil, nil, err
		}
		if again.Partial {
			return out, results, &exitError{code: exitInterrupted}
		}
		r := replayed{Run: i + 1, Seed: x.Seed, Set: x.Set, Was: was.Record.Trace, Is: again.Trace}
		if was.Record.Partial {
			r.Was = ""
		}
		r.Check = check.Determinism(r.Was, r.Is)
		r.Same = r.Check.Verdict
		out = append(out, r)
	}
	return out, results, nil
}

// runOf finds the run of a record among those of its experiment. What --set said when it was made is in the experiment now.
func runOf(s *experiment.Suite, r *record.Run) (experiment.Run, error) {
	for _, x := range s.Runs {
		same := x.Seed == r.Seed
		for path, value := range x.Set {
			same = same && r.Set[path] == value
		}
		if same {
			return x, nil
		}
	}
	return experiment.Run{}, fmt.Errorf("the experiment has no run with seed %d and %q", r.Seed, report.Label(r.Set))
}
