package shrink

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/cmd/alakalab/experiment"
)

// big has something of everything that can be made smaller.
const big = `version: 1
name: big
time: { run: 4m, warmup: 30s, heal: 1m }
topology:
  supernodes: { count: 60, graph: { kind: random-regular, degree: 3 } }
  peers: { count: 100, parents: 2 }
  links: { default: { latency: { dist: lognormal, median: 40ms, p95: 150ms }, loss: 1% } }
content: { files: 20, copies: { dist: zipf, s: 1, mean: 4 } }
churn: { peers: { session: 10m, absence: 10m } }
workload: [ { kind: find, rate: 1/s }, { kind: publish, rate: 1/s } ]
faults:
  - { id: bad, kind: byzantine, script: spoofed-reply, count: 2, at: 10s, for: 20s, args: { victim: peer-17 } }
  - { id: crash, kind: kill, at: 20s, targets: supernode-1, restart_after: 5s }
  - { id: panics, kind: actor, action: panic, at: 30s, for: 1m, every: 10s }
config: { supernodes: { search: { ttl: 5 } } }
measure: { slo: { recall: ">= 0.95" } }
checks: [ recovery, no-phantoms: { except: bad } ]
`

func large(t *testing.T) *experiment.Experiment {
	s, err := experiment.Load(experiment.Options{Path: "-", Stdin: strings.NewReader(big)})
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
		Tries: 20,
		Fails: func(_ context.Context, e *experiment.Experiment) bool {
			return fault(e, "kill") != nil && e.Topology.Supernodes.Count >= 37 && e.Time.Run >= 45*time.Second && e.Topology.Peers.Count >= 3
		},
		Tried: func(s Step) { first = append(first, s) },
	})
	require.NoError(t, err)
	require.Equal(t, steps[:20], first, "the same way each time")
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
