// Package shrink makes a failing experiment small: it takes away faults, nodes, work and time for as long as the same check
// stays false. It is delta debugging over the values of the experiment itself, so that each step is an experiment which the
// loader takes, and which another person can read. The same experiment shrinks the same way each time.
package shrink

import (
	"bytes"
	"context"
	"fmt"
	"slices"

	"alakazaam/cmd/alakalab/experiment"
)

// Options say how an experiment is made small.
type Options struct {
	// Tries is how many runs may be made at most.
	Tries int
	// Fails runs an experiment and says whether the check is still false. One that cannot be run at all does not fail.
	Fails func(ctx context.Context, e *experiment.Experiment) bool
	// Tried is told of every run. May be nil.
	Tried func(Step)
}

// Step is one try.
type Step struct {
	Number int    // from 1
	What   string // as in "peers: 200 → 25"
	Fails  bool   // and so it was kept
}

// Result is what came of it.
type Result struct {
	Experiment *experiment.Experiment
	Tries      int
	Kept       int  // tries that made it smaller
	Done       bool // nothing more can be taken away; otherwise the tries or the time came to their end
}

// shrinker is the work under way.
type shrinker struct {
	Options
	ctx    context.Context
	now    *experiment.Experiment // the smallest one that fails
	text   string                 // the same as a file
	seen   map[string]bool        // files that were tried
	result Result
}

// Shrink makes a failing experiment small. It has one seed and no matrix.
func Shrink(ctx context.Context, e *experiment.Experiment, o Options) (*Result, error) {
	s := &shrinker{Options: o, ctx: ctx, seen: make(map[string]bool)}
	text, err := write(e)
	if err != nil {
		return nil, err
	}
	if s.now, err = read(text); err != nil {
		return nil, fmt.Errorf("the experiment is not what it is read as: %w", err)
	}
	s.text, s.seen[text] = text, true
	for kept := -1; kept < s.result.Kept && !s.over(); {
		kept = s.result.Kept
		s.numbers(nodes)
		s.lists()
		s.numbers(times)
		s.numbers(work)
		s.plain()
	}
	s.result.Experiment, s.result.Done = s.now, !s.over()
	return &s.result, nil
}

func (s *shrinker) over() bool { return s.ctx.Err() != nil || s.result.Tries >= s.Tries }

// try changes a copy of the experiment, and keeps it if it still fails. What the loader refuses costs no try.
func (s *shrinker) try(what string, change func(*experiment.Experiment)) bool {
	if s.over() {
		return false
	}
	next, err := read(s.text)
	if err != nil {
		return false // it has been read before
	}
	change(next)
	forget(next)
	text, err := write(next)
	if err != nil || s.seen[text] {
		return false
	}
	s.seen[text] = true
	if next, err = read(text); err != nil {
		return false
	}
	s.result.Tries++
	fails := s.Fails(s.ctx, next)
	if fails {
		s.now, s.text = next, text
		s.result.Kept++
	}
	if s.Tried != nil {
		s.Tried(Step{Number: s.result.Tries, What: what, Fails: fails})
	}
	return fails
}

// forget takes faults that are no more out of what checks except.
func forget(e *experiment.Experiment) {
	for _, c := range e.Checks {
		if x, ok := c.With.(*experiment.Exemption); ok {
			x.Except = slices.DeleteFunc(x.Except, func(id string) bool {
				return !slices.ContainsFunc(e.Faults, func(f experiment.Fault) bool { return f.ID == id })
			})
		}
	}
}

func write(e *experiment.Experiment) (string, error) {
	var out bytes.Buffer
	err := e.Write(&out)
	return out.String(), err
}

func read(text string) (*experiment.Experiment, error) {
	s, err := experiment.Load(experiment.Options{Path: "-", Stdin: bytes.NewBufferString(text)})
	if err != nil {
		return nil, err
	}
	return s.Runs[0].Experiment, nil
}
