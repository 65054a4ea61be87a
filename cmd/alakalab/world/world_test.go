package world_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
	"alakazaam/cmd/alakalab/world"
)

// small is an experiment of a few nodes in which nothing goes wrong.
func small(change ...func(*experiment.Experiment)) *experiment.Experiment {
	e := experiment.Default()
	e.Name = "small"
	e.Time = experiment.Time{Warmup: 20 * time.Second, Run: 40 * time.Second, Heal: 20 * time.Second}
	e.Topology.Supernodes = experiment.Supernodes{Count: 10, Graph: &experiment.RandomRegular{Degree: 4}}
	e.Topology.Peers = experiment.Peers{Count: 30, Attach: "even", Parents: 1}
	e.Content.Files, e.Content.Copies = 50, experiment.Constant(3)
	e.Content.Size = experiment.Constant(100_000)
	e.Config.Supernodes = experiment.NodeConfig{"search.strategy": "flood"}
	all := experiment.Targets{Peers: &experiment.Selector{Mode: experiment.All}}
	e.Workload = []experiment.Operation{
		{Rate: 3, From: all, OpenLoop: true, Do: &experiment.Find{Terms: experiment.Dist{Kind: experiment.KindZipf, S: 0.8}, TTL: 9}},
	}
	for _, c := range change {
		c(&e)
	}
	return &e
}

// result is a run with its operations.
type result struct {
	*record.Run
	ops []record.Op
}

func run(t testing.TB, seed uint64, e *experiment.Experiment) *result {
	r := &result{}
	var err error
	r.Run, err = world.Run(context.Background(), e, world.Options{Seed: seed, Op: func(o record.Op) { r.ops = append(r.ops, o) }})
	require.NoError(t, err)
	return r
}

// figure is a measurement of a phase; it has to be there.
func (r *result) figure(t testing.TB, metric, phase string) float64 {
	t.Helper()
	for _, f := range r.Figures {
		if f.Metric == metric && f.Phase == phase {
			return f.Value
		}
	}
	require.Fail(t, "no figure "+metric+" of phase "+phase)
	return 0
}

func (r *result) of(kind string) (out []record.Op) {
	for _, o := range r.ops {
		if o.Kind == kind {
			out = append(out, o)
		}
	}
	return out
}

func TestNothingGoesWrong(t *testing.T) {
	r := run(t, 1, small())
	for _, f := range r.Figures {
		if f.Phase == record.Whole {
			t.Log(f.Metric, f.Value)
		}
	}
	require.InDelta(t, 180, len(r.of("find")), 60)
	require.Equal(t, 1.0, r.figure(t, "recall", record.Whole))
}
