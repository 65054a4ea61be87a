package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"alakazaam/cmd/alakalab/check"
	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
	"alakazaam/cmd/alakalab/report"
	"alakazaam/cmd/alakalab/world"
)

// batch carries out the runs of an experiment and writes them into one folder.
type batch struct {
	app   *app
	jobs  int      // runs at a time
	logs  []string // the nodes whose logs are kept
	quiet bool

	runs     []experiment.Run
	folder   *report.Folder
	progress *report.Progress
	varied   report.Names
}

// run carries out all runs, or those that have begun before the context ends.
func (b *batch) run(ctx context.Context, s *experiment.Suite, store string) (*report.Results, error) {
	b.runs = s.Runs
	sets := make([]map[string]string, len(s.Runs))
	for i, x := range s.Runs {
		sets[i] = x.Set
	}
	b.varied = report.Varied(sets)
	what, resolved := fmt.Sprintf("%d-runs", len(s.Runs)), s.Experiment
	if len(s.Runs) == 1 {
		what, resolved = fmt.Sprintf("seed%d", s.Runs[0].Seed), s.Runs[0].Experiment
	}
	var file bytes.Buffer
	if err := resolved.Write(&file); err != nil {
		return nil, err
	}
	var err error
	if b.folder, err = report.Create(store, resolved.Name, time.Now(), what, file.Bytes()); err != nil {
		return nil, err
	}
	b.progress = b.app.progress(resolved.Name, len(s.Runs), b.quiet)
	done := make([]*report.Run, len(s.Runs))
	err = inParallel(ctx, b.jobs, len(s.Runs), func(ctx context.Context, i int) (err error) {
		done[i], err = b.one(ctx, i)
		return err
	})
	b.progress.Clear()
	var runs []report.Run
	for _, r := range done {
		if r != nil {
			runs = append(runs, *r)
		}
	}
	if err != nil && len(runs) == 0 {
		return nil, errors.Join(err, os.RemoveAll(b.folder.Dir))
	}
	results, unwritten := b.folder.Finish(runs, report.Output{
		HTML: resolved.Report.HTML, Plots: resolved.Report.Plots, Planned: len(s.Runs),
	})
	if err := errors.Join(err, unwritten); err != nil {
		return nil, err
	}
	return results, nil
}

// one carries out a run, judges it and leaves its history.
func (b *batch) one(ctx context.Context, i int) (*report.Run, error) {
	x, which := b.runs[i], ""
	if len(b.runs) > 1 {
		which = fmt.Sprintf("%03d", i+1)
	}
	history, err := b.folder.History(which)
	if err != nil {
		return nil, err
	}
	logs := b.folder.Logs(which)
	ctx, cancel := context.WithCancel(ctx) // there is no sense in going on when nothing can be written
	defer cancel()
	began := time.Now()
	r, err := judged(ctx, x, world.Options{
		Progress: b.progress.Of(i),
		Op: func(op record.Op) {
			if history.Add(op) != nil {
				cancel()
			}
		},
		Log: func(node string) io.Writer {
			if !wanted(b.logs, node) {
				return nil
			}
			return logs.Node(node)
		},
	})
	if err := errors.Join(err, history.Close(), logs.Close()); err != nil {
		return nil, err
	}
	b.progress.Done(i, b.about(i, r, time.Since(began)))
	out := history.Run(r)
	return &out, nil
}

// about is a line about a run that has ended; of a single one the summary tells.
func (b *batch) about(i int, r *record.Run, took time.Duration) string {
	if len(b.runs) == 1 {
		return ""
	}
	var not []string
	if r.Partial {
		not = append(not, "cut short")
	}
	for _, c := range r.Checks {
		if !r.Partial && c.Verdict == r.Verdict && c.Verdict != record.True {
			not = append(not, c.Name)
		}
	}
	return fmt.Sprintf("%s: %s (%s)", b.varied.Name(i, r), r.Verdict, strings.Join(append(not, took.Round(100*time.Millisecond).String()), ", "))
}

// judged carries out one run and judges it. A check that wants to see it come out the same makes it run once more.
func judged(ctx context.Context, x experiment.Run, o world.Options) (*record.Run, error) {
	c := &check.Case{SLO: x.Experiment.Measure.SLO}
	o.Seed, o.Set = x.Seed, x.Set
	tell := o.Op
	o.Op = func(op record.Op) {
		c.Ops = append(c.Ops, op)
		if tell != nil {
			tell(op)
		}
	}
	var err error
	if c.Run, err = world.Run(ctx, x.Experiment, o); err != nil {
		return nil, err
	}
	v := buildVersion()
	c.Run.Versions.Program, c.Run.Versions.Commit = "alakalab "+v.Version, v.Commit()
	if slices.ContainsFunc(x.Experiment.Checks, func(k experiment.Check) bool { return k.Name == "determinism" }) && !c.Run.Partial {
		again, err := world.Run(ctx, x.Experiment, world.Options{Seed: x.Seed, Set: x.Set})
		if err != nil {
			return nil, err
		}
		if !again.Partial {
			c.Again = again.Trace
		}
	}
	c.Run.Checks, c.Run.Verdict = check.Judge(c, x.Experiment.Checks)
	return c.Run, nil
}

// inParallel calls f for 0 to n-1, so many at a time and beginning in that order, until all are done, the context ends, or
// one fails. The error is that of the first of them, by number.
func inParallel(ctx context.Context, jobs, n int, f func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	next := make(chan int)
	errs := make([]error, n)
	var workers sync.WaitGroup
	for range min(jobs, n) {
		workers.Go(func() {
			for i := range next {
				if errs[i] = f(ctx, i); errs[i] != nil {
					cancel()
				}
			}
		})
	}
	for i := range n {
		if ctx.Err() != nil {
			break
		}
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	workers.Wait()
	return cmp.Or(errs...)
}

// wanted says whether a node is among those that were named.
func wanted(names []string, node string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return name == "all" || name == node || strings.TrimSuffix(name, "s")+"-" == strings.TrimRight(node, "0123456789")
	})
}

// knownNodes refuses names of nodes that an experiment does not have.
func knownNodes(names []string, e *experiment.Experiment) error {
	for _, name := range names {
		known := name == "all" || name == "supernodes" || name == "peers"
		for i := 0; i < e.Topology.Supernodes.Count && !known; i++ {
			known = name == experiment.SupernodeName(i)
		}
		for i := 0; i < e.Topology.Peers.Count && !known; i++ {
			known = name == experiment.PeerName(i)
		}
		if !known {
			return usagef("--log: there is no node %q in this experiment", name)
		}
	}
	return nil
}

// progress shows how far runs are, on the error output.
func (a *app) progress(name string, runs int, quiet bool) *report.Progress {
	to := a.err
	if quiet {
		to = io.Discard
	}
	return report.NewProgress(to, name, runs, a.width, time.Now)
}

// width is that of the terminal which shows the error output; 0 where none does.
func (a *app) width() int {
	f, ok := a.err.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}
