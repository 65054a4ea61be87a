package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"alakazaam/cmd/alakalab/check"
	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
	"alakazaam/cmd/alakalab/world"
)

func (a *app) runCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "run FILE [flags]", GroupID: groupRun, Short: "Run an experiment and judge it",
		Long: `Run an experiment: every line of its matrix with every seed, one after the other. Each run is judged by the checks that the
experiment asks for, and leaves a folder with the experiment as it was run, all figures (results.json) and every operation of
the workload (history.jsonl). An interrupt ends the run under way, which is judged as far as it has come.

The exit code is 1 where a check does not hold in one of the runs, 2 where one could not be decided, else 0.`,
		Example: `  alakalab run crash.yaml
  alakalab run crash.yaml --seed 7 --set 'faults[crash].restart_after=60s'
  alakalab run crash.yaml --json | jq '.[].verdict'`,
		Args: oneFile,
	}
	asJSON := addJSON(cmd)
	store := cmd.Flags().String("store", "store", "the `FOLDER` in which each run gets one of its own")
	o := addChoice(cmd)
	cmd.RunE = action(func(_ *cobra.Command, args []string) error {
		suite, err := a.load(*o, args[0])
		if err != nil {
			return err
		}
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		runs, err := a.runAll(ctx, suite, *store, *asJSON)
		if err != nil {
			return err
		}
		if *asJSON {
			if err := a.printJSON(runs); err != nil {
				return err
			}
		}
		return exitOf(runs)
	})
	return cmd
}

// exitOf is the exit code of what was run: that of the worst verdict.
func exitOf(runs []*record.Run) error {
	code := 0
	for _, r := range runs {
		switch {
		case r.Verdict == record.False:
			return &exitError{code: 1}
		case r.Verdict != record.True:
			code = 2
		}
	}
	if code == 0 {
		return nil
	}
	return &exitError{code: code}
}

// runAll carries out the runs of an experiment. A run that was interrupted is the last.
func (a *app) runAll(ctx context.Context, s *experiment.Suite, store string, quiet bool) ([]*record.Run, error) {
	var done []*record.Run
	for i, x := range s.Runs {
		folder := filepath.Join(store, x.Experiment.Name, fmt.Sprintf("%s-%03d-seed%d", time.Now().UTC().Format("20060102T150405Z"), i+1, x.Seed))
		r, err := a.runOne(ctx, x, folder)
		if err != nil {
			return nil, err
		}
		done = append(done, r)
		if !quiet {
			writeVerdict(a.out, r, folder)
		}
		if r.Partial {
			break
		}
	}
	return done, nil
}

// runOne carries out one run and leaves its folder.
func (a *app) runOne(ctx context.Context, x experiment.Run, folder string) (*record.Run, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, err
	}
	history, err := os.Create(filepath.Join(folder, "history.jsonl"))
	if err != nil {
		return nil, err
	}
	defer history.Close()
	lines := bufio.NewWriter(history)
	to := json.NewEncoder(lines)
	var ops []record.Op
	var unwritten error
	r, err := world.Run(ctx, x.Experiment, world.Options{
		Seed: x.Seed, Set: x.Set, Progress: a.progress(x),
		Op: func(op record.Op) {
			ops = append(ops, op)
			if unwritten == nil {
				unwritten = to.Encode(op)
			}
		},
	})
	a.clearProgress()
	if err != nil {
		return nil, err
	}
	r.Checks, r.Verdict = check.Judge(&check.Case{Run: r, Ops: ops, SLO: x.Experiment.Measure.SLO}, x.Experiment.Checks)
	for _, f := range []func() error{
		func() error { return unwritten }, lines.Flush, history.Close,
		func() error { return writeFile(filepath.Join(folder, "experiment.yaml"), x.Experiment.Write) },
		func() error {
			return writeFile(filepath.Join(folder, "results.json"), func(w io.Writer) error {
				e := json.NewEncoder(w)
				e.SetIndent("", "  ")
				return e.Encode(r)
			})
		},
	} {
		if err := f(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func writeFile(path string, write func(io.Writer) error) error {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if err := write(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// watched says whether somebody looks at the error output.
func (a *app) watched() bool {
	f, ok := a.err.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// progress is what the engine tells how far it is; nil where nobody looks.
func (a *app) progress(x experiment.Run) func(world.Progress) {
	if !a.watched() {
		return nil
	}
	began := time.Now()
	return func(p world.Progress) {
		left := "?"
		if p.At > 0 {
			left = (time.Duration(float64(time.Since(began)) * float64(p.Total-p.At) / float64(p.At))).Round(time.Second).String()
		}
		fmt.Fprintf(a.err, "\r\x1b[K%s, seed %d: %v of %v, %.0f events/s, %s left",
			x.Experiment.Name, x.Seed, p.At.Round(time.Second), p.Total, p.PerSecond, left)
	}
}

func (a *app) clearProgress() {
	if a.watched() {
		fmt.Fprint(a.err, "\r\x1b[K")
	}
}

// shownFigures are those that are printed after a run. All of them are in its folder.
var shownFigures = []string{"recall", "recall_reachable", "find_p50", "find_p99", "finds", "finds_failed", "quer_per_find", "bytes_per_find"}

// writeVerdict prints what became of a run.
func writeVerdict(w io.Writer, r *record.Run, folder string) {
	fmt.Fprintf(w, "%s, seed %d: %s\n", r.Experiment, r.Seed, r.Verdict)
	for _, c := range r.Checks {
		fmt.Fprintf(w, "  %-8s %-20s %s\n", c.Verdict, c.Name, c.Why)
	}
	for _, m := range shownFigures {
		if v, ok := r.Figure(m, record.Whole); ok {
			fmt.Fprintf(w, "  %-29s %.6g\n", m, v)
		}
	}
	fmt.Fprintf(w, "  %s\n", folder)
}
