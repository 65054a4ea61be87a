package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
	"alakazaam/cmd/alakalab/report"
)

// exitInterrupted is the code of a suite that was cut short: 128 and the number of SIGINT, as shells have it.
const exitInterrupted = 130

func (a *app) runCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "run FILE [flags]", GroupID: groupRun, Short: "Run an experiment and judge it",
		Long: `Run an experiment: every line of its matrix with every seed. Each run is judged by the checks that the experiment asks for.
What came of all of them is in one folder, STORE/NAME/TIME: the experiment as it was run, results.json with verdicts and
every figure, history.jsonl with every operation of the workload, faults.jsonl, metrics.csv, bench.txt for benchstat, plots, and
report.html, which needs nothing but itself. STORE/NAME/latest points at the last one.

Runs share nothing, so that as many go on at once as there are processors; what comes of them is the same. An interrupt ends those
under way, and they are judged as far as they have come; a second one ends the program.

The exit code is 1 where a check does not hold in one of the runs, 2 where one could not be decided, 130 after an
interrupt, else 0.`,
		Example: `  alakalab run crash.yaml
  alakalab run crash.yaml --seed 7 --set 'faults[crash].restart_after=60s'
  alakalab run crash.yaml --json | jq '.runs[].record.verdict'`,
		Args: oneFile,
	}
	asJSON := addJSON(cmd)
	r := runner{app: a}
	f := cmd.Flags()
	f.StringVar(&r.store, "store", "store", "the `FOLDER` in which the results get one of their own")
	f.IntVar(&r.jobs, "jobs", runtime.GOMAXPROCS(0), "how many runs go on at once: `N`")
	f.BoolVar(&r.quiet, "quiet", false, "say nothing while runs go on")
	o := addChoice(cmd)
	cmd.RunE = action(func(_ *cobra.Command, args []string) error {
		if r.jobs < 1 {
			return usagef("--jobs is %d, and at least one run has to go on at a time", r.jobs)
		}
		suite, err := a.load(*o, args[0])
		if err != nil {
			return err
		}
		ctx, stop := interruptible()
		defer stop()
		results, err := r.run(ctx, suite)
		if err != nil {
			return err
		}
		if *asJSON {
			if err := a.printJSON(results); err != nil {
				return err
			}
		} else {
			r.folder.Summary(a.out, results)
		}
		return exitOf(results.Verdict, ctx.Err() != nil)
	})
	return cmd
}

// interruptible ends with the first interrupt; a second one ends the program, as if nobody listened.
func interruptible() (context.Context, context.CancelFunc) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx, stop
}

// exitOf is the exit code of what was run.
func exitOf(v record.Verdict, interrupted bool) error {
	switch {
	case interrupted:
		return &exitError{code: exitInterrupted}
	case v == record.False:
		return &exitError{code: 1}
	case v != record.True:
		return &exitError{code: 2}
	}
	return nil
}

// runner carries out the runs of an experiment.
type runner struct {
	*app
	store string
	jobs  int
	quiet bool

	folder   *report.Folder
	progress *progress
}

// run leaves the folder with everything, of the runs that have begun. Where one of them could not be carried out there is
// that of the others as well.
func (r *runner) run(ctx context.Context, s *experiment.Suite) (*report.Results, error) {
	what := fmt.Sprintf("%druns", len(s.Runs))
	if len(s.Runs) == 1 {
		what = fmt.Sprintf("seed%d", s.Runs[0].Seed)
	}
	var err error
	if r.folder, err = report.Create(r.store, s.Experiment.Name, time.Now(), what); err != nil {
		return nil, err
	}
	r.progress = newProgress(r.app, s, r.quiet)
	runs, failed := r.all(ctx, s)
	r.progress.clear()
	var file bytes.Buffer
	if err := s.Experiment.Write(&file); err != nil {
		return nil, err
	}
	results, err := r.folder.Finish(runs, report.Output{
		Experiment: file.Bytes(), HTML: s.Experiment.Report.HTML, Plots: s.Experiment.Report.Plots,
	})
	return results, errors.Join(failed, err)
}

// all carries out the runs, several at once, and gives them in their order.
func (r *runner) all(ctx context.Context, s *experiment.Suite) ([]report.Run, error) {
	type result struct {
		report.Run
		err error
	}
	results := make([]result, len(s.Runs))
	free := make(chan struct{}, r.jobs)
	done := make(chan int)
	go func() {
		for i := range s.Runs {
			free <- struct{}{}
			go func() {
				if ctx.Err() == nil {
					results[i].Run, results[i].err = r.one(ctx, s, i)
				}
				<-free
				done <- i
			}()
		}
	}()
	for range s.Runs {
		<-done
	}
	var out []report.Run
	var errs []error
	for _, one := range results {
		errs = append(errs, one.err)
		if one.Record != nil {
			out = append(out, one.Run)
		}
	}
	return out, errors.Join(errs...)
}

// one carries out one run.
func (r *runner) one(ctx context.Context, s *experiment.Suite, i int) (report.Run, error) {
	x, which := s.Runs[i], ""
	if len(s.Runs) > 1 {
		which = fmt.Sprintf("%03d-seed%d", i+1, x.Seed)
	}
	history, err := r.folder.History(which)
	if err != nil {
		return report.Run{}, err
	}
	began := time.Now()
	out, err := perform(ctx, x, r.progress.of(i), history.Add)
	if err := errors.Join(err, history.Close()); err != nil {
		return report.Run{}, err
	}
	r.progress.ended(i, out, time.Since(began))
	return history.Run(out), nil
}
