package shrink

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/cmd/alakalab/experiment"
)

// large is an experiment of every kind of thing.
func large(t *testing.T) *experiment.Experiment {
	s, err := experiment.Load(experiment.Options{Path: "../experiment/testdata/full.yaml", Seeds: "7"})
	require.NoError(t, err)
	return s.Runs[0].Experiment
}

func fault(e *experiment.Experiment, kind string) *experiment.Fault {
	for i := range e.Faults {
		if e.Faults[i].Kind() == kind {
			return &e.Faults[i]
		}
	}
	return nil
}

// TestShrinkFindsTheCause fails for reasons that a test knows, and looks whether they are what is left.
func TestShrinkFindsTheCause(t *testing.T) {
	var steps []Step
	r, err := Shrink(context.Background(), large(t), Options{
		Tries: 2000,
		Fails: func(_ context.Context, e *experiment.Experiment) bool {
			k := fault(e, "kill")
			return k != nil && e.Topology.Supernodes.Count >= 37 && e.Time.Run >= 45*time.Second && e.Topology.Peers.Count >= 3
		},
		Tried: func(s Step) { steps = append(steps, s) },
	})
	require.NoError(t, err)
	require.True(t, r.Done)
	e := r.Experiment
	require.Len(t, e.Faults, 1)
	require.Equal(t, "kill", e.Faults[0].Kind())
	require.Empty(t, e.Workload)
	require.Empty(t, e.Measure.SLO)
	require.Nil(t, e.Churn.Peers)
	require.Empty(t, e.Config.Supernodes)
	require.Zero(t, e.Time.Heal)
	require.Zero(t, e.Content.Files)
	require.InDelta(t, 43, e.Topology.Supernodes.Count, 6, "a quarter more at most")
	require.InDelta(t, 3.5, e.Topology.Peers.Count, 0.5)
	require.GreaterOrEqual(t, e.Time.Run, 45*time.Second)
	require.LessOrEqual(t, e.Time.Run, 57*time.Second)
	require.Len(t, steps, r.Tries)
	kept := 0
	for i, s := range steps {
		require.Equal(t, i+1, s.Number)
		if s.Fails {
			kept++
		}
	}
	require.Equal(t, r.Kept, kept)
	require.Less(t, r.Tries, 250)

	var first []Step
	_, err = Shrink(context.Background(), large(t), Options{
		Tries: 40,
		Fails: func(_ context.Context, e *experiment.Experiment) bool {
			return fault(e, "kill") != nil && e.Topology.Supernodes.Count >= 37 && e.Time.Run >= 45*time.Second && e.Topology.Peers.Count >= 3
		},
		Tried: func(s Step) { first = append(first, s) },
	})
	require.NoError(t, err)
	require.Equal(t, steps[:40], first, "the same way each time")
}

// TestShrinkKeepsToItsBudget never gives more than what still fails.
func TestShrinkKeepsToItsBudget(t *testing.T) {
	tries := 0
	all := func(context.Context, *experiment.Experiment) bool { tries++; return true }
	r, err := Shrink(context.Background(), large(t), Options{Tries: 3, Fails: all})
	require.NoError(t, err)
	require.Equal(t, 3, tries)
	require.Equal(t, 3, r.Kept)
	require.False(t, r.Done)

	ctx, cancel := context.WithCancelCause(context.Background())
	r, err = Shrink(ctx, large(t), Options{Tries: 100, Fails: func(context.Context, *experiment.Experiment) bool {
		cancel(errors.New("enough"))
		return false
	}})
	require.NoError(t, err)
	require.Equal(t, 1, r.Tries)
	require.False(t, r.Done)
	before := large(t)
	require.Empty(t, experiment.Differences(before, r.Experiment), "nothing smaller failed")
}

// TestShrinkTakesEverything where everything fails.
func TestShrinkTakesEverything(t *testing.T) {
	always := func(context.Context, *experiment.Experiment) bool { return true }
	r, err := Shrink(context.Background(), large(t), Options{Tries: 1000, Fails: always})
	require.NoError(t, err)
	require.True(t, r.Done)
	require.Equal(t, []Size{
		{"supernodes", "1"}, {"peers", "0"}, {"files", "0"}, {"streams of work", "0"}, {"faults", "1"}, // recovery has no sense without one
		{"warm-up", "1s"}, {"run", "5s"}, {"healing", "0s"},
	}, Sizes(r.Experiment))
}
