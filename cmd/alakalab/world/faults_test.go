package world_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
)

func supernode(i int) experiment.Targets {
	return experiment.Targets{Supernodes: &experiment.Selector{Names: []string{experiment.SupernodeName(i)}}}
}

func all(peers, supernodes bool) (t experiment.Targets) {
	if peers {
		t.Peers = &experiment.Selector{Mode: experiment.All}
	}
	if supernodes {
		t.Supernodes = &experiment.Selector{Mode: experiment.All}
	}
	return t
}

// during runs the small experiment with a fault from 10 to 25 seconds after its warm-up.
func during(t *testing.T, do experiment.Action, change ...func(*experiment.Experiment)) *result {
	r := run(t, 1, small(append(change, func(e *experiment.Experiment) {
		e.Faults = []experiment.Fault{{ID: "it", At: 10 * time.Second, For: 15 * time.Second, Do: do}}
	})...))
	require.Len(t, r.Faults, 1)
	f := r.Faults[0]
	require.Equal(t, "it", f.ID)
	require.Positive(t, f.Due)
	require.Positive(t, f.Applied)
	require.Positive(t, f.Hit)
	require.Equal(t, 30*time.Second, f.Started)
	require.Equal(t, 45*time.Second, f.Ended)
	require.Equal(t, 1.0, r.figure(t, "recall", record.Before))
	return r
}

// TestFaultsShow: each kind of fault changes what it is about while it lasts.
func TestFaultsShow(t *testing.T) {
	onlyWithoutRace(t)
	links := experiment.LinkSet{From: all(true, false), To: all(false, true)}
	between := experiment.LinkSet{From: all(false, true), To: all(false, true)}
	half := experiment.Groups{
		{Name: "a", Nodes: experiment.Targets{Supernodes: &experiment.Selector{Mode: experiment.FixedPercent, Value: 50}}},
		{Name: "b", Nodes: experiment.Targets{Rest: true}},
	}
	t.Run("partition", func(t *testing.T) {
		r := during(t, &experiment.Partition{Groups: half, Direction: experiment.Both})
		require.Less(t, r.figure(t, "recall", record.During), 0.7)
		require.Less(t, r.figure(t, "overlay_largest", record.During), 0.8)
	})
	t.Run("isolate", func(t *testing.T) {
		r := during(t, &experiment.Isolate{Targets: supernode(3), Direction: experiment.From})
		require.Less(t, r.figure(t, "recall", record.During), 0.95)
	})
	t.Run("flap", func(t *testing.T) {
		r := during(t, &experiment.Flap{Links: between, Share: 1, Up: experiment.Constant(1e9), Down: experiment.Exponential(4e9)})
		require.Greater(t, r.figure(t, "find_p99", record.During), 2*r.figure(t, "find_p99", record.Before))
	})
	t.Run("hold", func(t *testing.T) {
		r := during(t, &experiment.Hold{Links: links, Direction: experiment.To})
		require.Greater(t, r.figure(t, "find_max", record.During), 5.0)
		require.Equal(t, r.figure(t, "find_p50", record.Before), r.figure(t, "find_p50", record.After))
	})
	t.Run("network", func(t *testing.T) {
		slow := during(t, &experiment.Network{Links: between, Direction: experiment.Both, Delay: experiment.Constant(50e6), Burst: 1})
		require.InDelta(t, slow.figure(t, "find_p50", record.Before)+0.2, slow.figure(t, "find_p50", record.During), 0.12)
		lossy := during(t, &experiment.Network{Links: links, Direction: experiment.Both, Loss: 0.2, Burst: 2, Jitter: 5 * time.Millisecond})
		require.Greater(t, lossy.figure(t, "find_p90", record.During), lossy.figure(t, "find_p90", record.Before)+0.2)
		thin := during(t, &experiment.Network{Links: links, Direction: experiment.Both, Rate: 8_000, Burst: 1, Duplication: 0.5, Reordering: 0.1})
		require.Greater(t, thin.figure(t, "find_p50", record.During), thin.figure(t, "find_p50", record.Before)+0.1)
		wrong := during(t, &experiment.Network{Links: links, Direction: experiment.Both, Corruption: 0.2, Burst: 1})
		require.Less(t, wrong.figure(t, "recall", record.During), 0.95)
		require.Greater(t, wrong.figure(t, "recall", record.After), wrong.figure(t, "recall", record.During))
	})
	t.Run("disk", func(t *testing.T) {
		publishing := func(e *experiment.Experiment) {
			e.Workload = append(e.Workload, experiment.Operation{Rate: 5, From: all(true, false), OpenLoop: true, Do: &experiment.Publish{}})
		}
		slow := during(t, &experiment.Disk{
			Targets: all(false, true), Point: "store.fsync", Terms: experiment.Terms{{Percent: 100, Action: "sleep", Sleep: 300 * time.Millisecond}},
		}, publishing)
		require.GreaterOrEqual(t, slow.figure(t, "publish_p50", record.During), 0.3)
		bad := during(t, &experiment.Disk{
			Targets: all(false, true), Point: "store.fsync", Terms: experiment.Terms{{Percent: 50, Action: "return", Errno: "EIO"}},
		}, publishing)
		require.Less(t, bad.figure(t, "published", record.During), slow.figure(t, "published", record.During))
	})
	t.Run("clock", func(t *testing.T) {
		r := during(t, &experiment.Clock{Targets: all(false, true), Jump: time.Hour, Speed: 1})
		require.Equal(t, 1.0, r.figure(t, "recall", record.After))
	})
	t.Run("shuffle", func(t *testing.T) {
		r := during(t, &experiment.Shuffle{Targets: all(true, true)})
		require.Equal(t, 1.0, r.figure(t, "recall", record.During))
		require.NotEqual(t, run(t, 1, small()).Trace, r.Trace)
	})
	t.Run("actor", func(t *testing.T) {
		r := during(t, &experiment.Actor{
			Targets: all(false, true), Action: "panic", Match: experiment.Match{Actor: "queries", Message: "Quer", Probability: 0.02},
		})
		require.EqualValues(t, r.Faults[0].Hit, r.figure(t, "panics", record.Whole))
		lost := during(t, &experiment.Actor{
			Targets: all(false, true), Action: "drop", Match: experiment.Match{Message: "Quer", Probability: 0.5},
		})
		require.Less(t, lost.figure(t, "recall", record.During), 0.9)
	})
}

func TestToxic(t *testing.T) {
	r := during(t, &experiment.Toxic{
		Type: "latency", Stream: "both", Toxicity: 1, Attributes: experiment.Attributes{Latency: 300 * time.Millisecond},
		Links: experiment.LinkSet{From: all(true, false), To: all(false, true)},
	})
	require.InDelta(t, r.figure(t, "find_p50", record.Before)+0.6, r.figure(t, "find_p50", record.During), 0.1)
	require.Equal(t, r.figure(t, "find_p50", record.Before), r.figure(t, "find_p50", record.After))
	one := during(t, &experiment.Toxic{
		Type: "refuse", Stream: "both", Toxicity: 1, Links: experiment.LinkSet{From: all(true, false), To: supernode(4)},
	})
	refused := one.figure(t, "finds_failed", record.During)
	require.Greater(t, refused, 0.0)
	require.Less(t, refused, 0.4, "of the peers of one supernode")
}

func TestKill(t *testing.T) {
	kill := func(data string, restart time.Duration) *result {
		return run(t, 1, small(func(e *experiment.Experiment) {
			e.Faults = []experiment.Fault{{
				ID: "crash", At: 10 * time.Second, Do: &experiment.Kill{Targets: supernode(4), RestartAfter: restart, Data: data},
			}}
		}))
	}
	whole := run(t, 1, small())
	for _, data := range []string{"keep", "lose"} {
		r := kill(data, 7*time.Second)
		f := r.Faults[0]
		require.Equal(t, []int{1, 1, 1}, []int{f.Due, f.Applied, f.Hit})
		require.Equal(t, []string{"supernode-4"}, f.Targets)
		require.Positive(t, r.figure(t, "links_lost", record.During))
		require.Less(t, r.figure(t, "supernodes_up", record.During), 10.0)
		require.True(t, r.Overlay.Nodes[4].Up)
		require.Equal(t, whole.Overlay.Nodes[4].Files, r.Overlay.Nodes[4].Files, "published again, or kept")
		last := r.Windows[len(r.Windows)-2].Values
		require.Equal(t, 1.0, last["recall"])
	}
	r := kill("keep", 0)
	require.False(t, r.Overlay.Nodes[4].Up)
	require.Positive(t, r.figure(t, "failovers", record.Whole))
}

// TestFoulNodes: each script reaches honest nodes, and these go on finding what there is.
func TestFoulNodes(t *testing.T) {
	onlyWithoutRace(t)
	for _, s := range experiment.Scripts() {
		t.Run(s.Name, func(t *testing.T) {
			r := run(t, 1, small(func(e *experiment.Experiment) {
				e.Faults = []experiment.Fault{{ID: "bad", At: 10 * time.Second, For: 20 * time.Second, Do: &experiment.Byzantine{
					Script: s.Name, Count: 2, Rate: 5, Args: experiment.Args{"victim": "peer-3"},
				}}}
			}))
			f := r.Faults[0]
			require.Positive(t, f.Applied)
			require.Positive(t, f.Hit)
			require.Zero(t, r.figure(t, "panics", record.Whole))
			require.Zero(t, r.figure(t, "deaths", record.Whole))
			require.Zero(t, r.figure(t, "flood_ttl", record.Whole), "of honest nodes")
			require.Equal(t, s.Name == "spoofed-reply", r.figure(t, "stranger_bytes", record.Whole) > 0)
			switch s.Name {
			case "invented-answers", "bad-names", "publish-flood", "first-answer":
				require.Positive(t, r.figure(t, "phantoms", record.During))
			case "query-flood", "ttl-keeper":
				require.Greater(t, r.figure(t, "quer_per_find", record.During), 40.0)
			}
			require.Equal(t, 1.0, r.figure(t, "recall", record.After))
		})
	}
}

// onlyWithoutRace skips what takes long under the race detector. A simulation is one goroutine in which it finds nothing,
// and make test runs the laboratory's tests without it, too.
func onlyWithoutRace(t *testing.T) {
	t.Helper()
	if raceEnabled {
		t.Skip("one goroutine: it runs without the race detector")
	}
}
