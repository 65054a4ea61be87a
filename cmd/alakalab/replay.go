package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"runtime"

	"github.com/spf13/cobra"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
	"alakazaam/cmd/alakalab/report"
	"alakazaam/cmd/alakalab/world"
)

func (a *app) replayCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "replay FOLDER [flags]", GroupID: groupRun, Short: "Run what is in a folder again, and see whether it comes out the same",
		Long: `Run the experiment in a folder of results again, with the same seeds, and compare: the trace, which is a hash of all that
happened on the network, and then every figure and verdict. Only the engine sim comes out the same twice.

The exit code is 0 where all is the same, and 1 where something is not. It is 2 where a difference proves nothing, because
the results were made with another version of this program, or because a run was cut short.`,
		Example: `  alakalab replay store/crash/latest
  alakalab replay store/crash/20260504T010203Z-10-runs --run 3`,
		Args: folders(1), ValidArgsFunction: completeFolders(1),
	}
	f := cmd.Flags()
	jobs := f.Int("jobs", runtime.GOMAXPROCS(0), "`N` runs go on at a time")
	only := f.Int("run", 0, "only the run with this `NUMBER`, from 1")
	quiet := f.BoolP("quiet", "q", false, "do not say how far it is")
	cmd.RunE = action(func(_ *cobra.Command, args []string) error {
		pairs, err := recorded(args[0])
		switch {
		case err != nil:
			return err
		case *jobs < 1:
			return usagef("--jobs has to be 1 at least")
		case *only < 0 || *only > len(pairs):
			return usagef("--run has to be a number from 1 to %d", len(pairs))
		case *only > 0:
			pairs = pairs[*only-1 : *only]
		}
		ctx, stop := a.interruptible()
		defer stop()
		return a.replay(ctx, pairs, *jobs, *quiet)
	})
	return cmd
}

// recordedRun is a run that was made, and how to make it again.
type recordedRun struct {
	number int
	was    *record.Run
	run    experiment.Run
}

// recorded gives the runs in a folder.
func recorded(dir string) ([]recordedRun, error) {
	folder, results, err := report.Open(dir)
	if err != nil {
		return nil, &exitError{code: exitData, err: err}
	}
	suite, err := experiment.Load(experiment.Options{Path: folder.Experiment()})
	if err != nil {
		return nil, err
	}
	var out []recordedRun
	for i, r := range results.Runs {
		x, ok := runOf(suite, r.Record)
		if !ok {
			return nil, &exitError{code: exitData, err: fmt.Errorf("%s has no run with seed %d and the values of run %d", folder.Experiment(), r.Record.Seed, i+1)}
		}
		x.Set = r.Record.Set
		out = append(out, recordedRun{number: i + 1, was: r.Record, run: x})
	}
	if len(out) == 0 {
		return nil, &exitError{code: exitData, err: fmt.Errorf("%s has no run", dir)}
	}
	return out, nil
}

// runOf finds the run that a record is of: that with its seed and its values of the matrix.
func runOf(s *experiment.Suite, r *record.Run) (experiment.Run, bool) {
	for _, x := range s.Runs {
		same := x.Seed == r.Seed
		for path, value := range x.Set {
			same = same && r.Set[path] == value
		}
		if same {
			return x, true
		}
	}
	return experiment.Run{}, false
}

// replay runs everything again, and says of each run whether it is the same.
func (a *app) replay(ctx context.Context, pairs []recordedRun, jobs int, quiet bool) error {
	for _, p := range pairs {
		if p.run.Experiment.Engine != experiment.Sim {
			return usagef("only runs on engine sim come out the same twice, not those on %s", p.run.Experiment.Engine)
		}
	}
	progress := a.progress(pairs[0].was.Experiment, len(pairs), quiet)
	said, codes := make([]string, len(pairs)), make([]int, len(pairs))
	err := inParallel(ctx, jobs, len(pairs), func(ctx context.Context, i int) error {
		r, err := judged(ctx, pairs[i].run, world.Options{Progress: progress.Of(i)})
		if err != nil || r.Partial {
			return err
		}
		said[i], codes[i] = again(pairs[i].was, r)
		progress.Done(i, "")
		return nil
	})
	progress.Clear()
	if err != nil {
		return err
	}
	worst := 0
	for i, p := range pairs {
		if said[i] == "" {
			continue // it was interrupted
		}
		fmt.Fprintf(a.out, "run %d, seed %d: %s\n", p.number, p.was.Seed, said[i])
		if codes[i] == 1 || worst == 0 {
			worst = codes[i]
		}
	}
	if err := interruption(ctx); err != nil {
		return err
	}
	if worst == 0 {
		return nil
	}
	return &exitError{code: worst}
}

// again compares a run with what it was, and gives the exit code of that.
func again(was, is *record.Run) (said string, code int) {
	if was.Partial {
		return "unknown: it was cut short, and this time it was not", 2
	}
	var difference string
	switch {
	case was.Trace != is.Trace:
		difference = fmt.Sprintf("the trace was %.16s, and is %.16s", was.Trace, is.Trace)
	case !bytes.Equal(withoutVersions(was), withoutVersions(is)):
		difference = "the trace is the same, and the figures or verdicts are not"
	default:
		return fmt.Sprintf("the same, trace %.16s, %s", is.Trace, is.Verdict), 0
	}
	before, now := was.Versions, is.Versions
	if [3]string{before.Program, before.Commit, before.Go} != [3]string{now.Program, now.Commit, now.Go} {
		return fmt.Sprintf("unknown: %s; it was made with %s %s (%s), and this is %s %s (%s)", difference,
			before.Program, before.Commit, before.Go, now.Program, now.Commit, now.Go), 2
	}
	return "different: " + difference, 1
}

// withoutVersions is all of a run that is the same each time.
func withoutVersions(r *record.Run) []byte {
	kept := *r
	kept.Versions, kept.Set = record.Versions{}, maps.Clone(r.Set)
	b, _ := json.Marshal(&kept) // it has been written before
	return b
}
