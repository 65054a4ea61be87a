package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
	"alakazaam/cmd/alakalab/report"
)

// progress shows how far the runs of a suite are: in one line on a terminal, else with a line for each that has ended.
type progress struct {
	mu    sync.Mutex
	out   io.Writer // nil: nobody looks
	name  string
	line  *report.Line // nil: it is no terminal
	runs  []record.Progress
	sets  []map[string]string
	done  int
	total time.Duration
}

func newProgress(a *app, s *experiment.Suite, quiet bool) *progress {
	p := &progress{name: s.Experiment.Name, runs: make([]record.Progress, len(s.Runs))}
	for _, x := range s.Runs {
		p.sets = append(p.sets, x.Set)
		p.total += x.Experiment.Time.Total()
	}
	if quiet {
		return p
	}
	p.out = a.err
	if f, ok := a.err.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		width, _, err := term.GetSize(int(f.Fd()))
		if err != nil {
			width = 80
		}
		p.line = report.NewLine(a.err, p.label(), width, time.Now)
	}
	return p
}

func (p *progress) label() string {
	if len(p.runs) == 1 {
		return p.name
	}
	return fmt.Sprintf("%s, %d of %d runs done", p.name, p.done, len(p.runs))
}

// of is what the engine of a run tells how far it is.
func (p *progress) of(i int) func(record.Progress) {
	return func(now record.Progress) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.runs[i] = now; p.line == nil {
			return
		}
		sum := record.Progress{Total: p.total}
		for _, r := range p.runs {
			sum.At += r.At
			sum.Events += r.Events
			sum.PerSecond += r.PerSecond
		}
		p.line.Show(sum)
	}
}

// ended takes note of a run that is over.
func (p *progress) ended(i int, r *record.Run, took time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done++
	p.runs[i] = record.Progress{At: r.Total(), Total: r.Total(), Events: r.Events}
	if p.line != nil {
		p.line.Name(p.label())
	} else if p.out != nil {
		label := report.Label(p.sets[i])
		if label != "" {
			label = ", " + label
		}
		fmt.Fprintf(p.out, "run %d of %d, seed %d%s: %s after %s\n", i+1, len(p.runs), r.Seed, label, r.Verdict, took.Round(time.Millisecond))
	}
}

func (p *progress) clear() {
	if p.line != nil {
		p.line.Clear()
	}
}
