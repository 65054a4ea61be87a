package main

import (
	"context"
	"slices"

	"alakazaam/cmd/alakalab/check"
	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
	"alakazaam/cmd/alakalab/world"
)

// perform carries out a run and judges it. The check determinism has it carried out twice.
func perform(ctx context.Context, x experiment.Run, progress func(record.Progress), op func(record.Op)) (*record.Run, error) {
	var ops []record.Op
	out, err := world.Run(ctx, x.Experiment, world.Options{
		Seed: x.Seed, Set: x.Set, Progress: progress,
		Op: func(o record.Op) {
			ops = append(ops, o)
			op(o)
		},
	})
	if err != nil {
		return nil, err
	}
	v := buildVersion()
	out.Versions.Program, out.Versions.Commit = v.Version, v.commit()
	c := &check.Case{Run: out, Ops: ops, SLO: x.Experiment.Measure.SLO}
	if asksFor(x.Experiment, "determinism") && !out.Partial {
		again, err := world.Run(ctx, x.Experiment, world.Options{Seed: x.Seed, Progress: progress})
		if err != nil {
			return nil, err
		}
		if !again.Partial {
			c.Again = again.Trace
		}
	}
	out.Checks, out.Verdict = check.Judge(c, x.Experiment.Checks)
	if out.Partial && out.Verdict == record.True {
		out.Verdict = record.Unknown // of what it did not come to
	}
	return out, nil
}

func asksFor(e *experiment.Experiment, name string) bool {
	return slices.ContainsFunc(e.Checks, func(c experiment.Check) bool { return c.Name == name })
}
