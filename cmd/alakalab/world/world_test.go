package world_test

import (
	"context"
	"encoding/json"
	"runtime"
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
	require.InDelta(t, 180, len(r.of("find")), 60)
	for _, o := range r.of("find") {
		if o.Outcome == record.Info {
			continue // the run ended before it did
		}
		require.Equal(t, record.OK, o.Outcome)
		require.Equal(t, 3, o.Expected)
		require.Equal(t, []int{3, 3, 3, 0, 0}, []int{o.Found, o.Reachable, o.Reached, o.Phantoms, o.Stale})
	}
	require.Equal(t, 1.0, r.figure(t, "recall", record.Whole))
	require.Equal(t, 31.0, r.figure(t, "quer_per_find", record.Whole), "2E - N + 1")
	require.Equal(t, 22.0, r.figure(t, "duplicates_per_find", record.Whole))
	require.Len(t, r.of("publish"), 150)
	require.Len(t, r.of("login"), 30)
	for _, o := range append(r.of("publish"), r.of("login")...) {
		require.Equal(t, record.OK, o.Outcome)
	}
	for _, metric := range []string{"panics", "restarts", "deaths", "flood_twice", "flood_ttl"} {
		require.Zero(t, r.figure(t, metric, record.Whole), metric)
	}
	full := r.Counters[record.FloodsFull]
	require.InDelta(t, 120, full, 40, "of those that began 20 s before the end at least")
	require.Equal(t, []int64{31 * full, 31 * full}, []int64{r.Counters[record.FloodsFullSent], r.Counters[record.FloodsFullLaw]})
	require.Empty(t, r.Cases)
	require.Equal(t, 4.0, r.figure(t, "overlay_degree", record.Whole))
	require.Len(t, r.Overlay.Edges, 20)
	require.Len(t, r.Windows, 16)
}

// TestReach: on a line a search finds what is within its TTL and nothing else, and the oracle knows it.
func TestReach(t *testing.T) {
	r := run(t, 1, small(func(e *experiment.Experiment) {
		e.Topology.Supernodes.Graph = &experiment.Line{}
		e.Workload[0].Do.(*experiment.Find).TTL = 2
	}))
	require.Equal(t, 1.0, r.figure(t, "recall_reachable", record.Whole))
	require.InDelta(t, 0.44, r.figure(t, "recall", record.Whole), 0.1) // 4.4 of 10 are within two hops on average
}

func TestMetricsAreDescribed(t *testing.T) {
	r := run(t, 1, small(func(e *experiment.Experiment) {
		e.Faults = []experiment.Fault{{ID: "crash", At: 10 * time.Second, Do: &experiment.Kill{Targets: supernode(1), RestartAfter: 5 * time.Second, Data: "keep"}}}
		e.Workload = append(e.Workload,
			experiment.Operation{Rate: 1, From: e.Workload[0].From, OpenLoop: true, Do: &experiment.Download{After: "find", Sources: 3}})
	}))
	known := map[string]bool{}
	for _, m := range record.Metrics() {
		known[m.Name] = true
		require.NotEmpty(t, m.Help, m.Name)
	}
	measured := map[string]bool{}
	for _, f := range r.Figures {
		require.True(t, known[f.Metric], f.Metric)
		measured[f.Metric] = true
	}
	for _, w := range r.Windows {
		for name := range w.Values {
			require.True(t, known[name], name)
		}
	}
	delete(known, "recall_mttr") // where there was one
	for name := range known {
		require.True(t, measured[name], name)
	}
}

func TestWorkload(t *testing.T) {
	r := run(t, 2, small(func(e *experiment.Experiment) {
		all := e.Workload[0].From
		e.Workload = append(e.Workload,
			experiment.Operation{Rate: 2, From: all, OpenLoop: true, Do: &experiment.Download{After: "find", Sources: 3}},
			experiment.Operation{Rate: 2, From: all, OpenLoop: true, Do: &experiment.Publish{Fresh: 0.5}},
			experiment.Operation{Rate: 1, From: all, OpenLoop: true, Do: &experiment.Withdraw{}},
		)
	}))
	ended := map[string]map[record.Outcome]int{}
	for _, o := range r.ops {
		if ended[o.Kind] == nil {
			ended[o.Kind] = map[record.Outcome]int{}
		}
		ended[o.Kind][o.Outcome]++
		if o.Kind == "download" && o.Outcome == record.OK {
			require.EqualValues(t, 100_000, o.Bytes)
		}
	}
	require.Greater(t, ended["download"][record.OK], 60)
	require.Greater(t, ended["publish"][record.OK], 220)
	require.Greater(t, ended["withdraw"][record.OK], 30)
	require.Zero(t, ended["publish"][record.Fail]+ended["withdraw"][record.Fail])
	require.Equal(t, 1.0, r.figure(t, "recall", record.Whole), "also of what comes and goes")
	require.Zero(t, r.figure(t, "wrong_files", record.Whole))
}

// TestTopics: a search for a word finds all files whose names have it.
func TestTopics(t *testing.T) {
	r := run(t, 1, small(func(e *experiment.Experiment) {
		e.Content.Topics = 5
		e.Workload[0].Do = &experiment.Find{Terms: experiment.Dist{Kind: experiment.KindZipf, S: 0.8}, By: "topic", TTL: 9}
	}))
	require.InDelta(t, 1, r.figure(t, "recall", record.Whole), 0)
	for _, o := range r.ops {
		if o.Kind == "find" {
			require.Equal(t, 30, o.Expected, "ten files of three owners")
			require.Len(t, o.Results, 30)
		}
	}
}

func TestChurn(t *testing.T) {
	for _, leave := range []string{"crash", "logout"} {
		r := run(t, 3, small(func(e *experiment.Experiment) {
			e.Churn.Peers = &experiment.Churning{
				Session: experiment.Exponential(20e9), Absence: experiment.Exponential(10e9), Leave: leave,
			}
		}))
		require.Greater(t, len(r.of("login")), 60)
		require.InDelta(t, 20, r.figure(t, "peers_up", record.Before), 8)
		for _, o := range r.of("find") {
			if o.Outcome == record.OK { // others have come and not found a supernode yet, or are gone
				require.Equal(t, o.Expected, o.Found, "of those who are there")
			}
		}
		stale := r.figure(t, "staleness", record.Whole)
		if leave == "crash" {
			require.Greater(t, stale, 0.1, "supernodes do not know at once")
			require.Empty(t, r.of("logout"))
			require.Positive(t, r.figure(t, "unsure", record.Whole))
		} else {
			require.Less(t, stale, 0.02)
			require.Greater(t, len(r.of("logout")), 20)
		}
	}
}

// TestSameSeed: the same seed gives the same record, whatever the number of processors, and another one another.
func TestSameSeed(t *testing.T) {
	busy := func() *experiment.Experiment {
		return small(func(e *experiment.Experiment) {
			e.Churn.Peers = &experiment.Churning{
				Session: experiment.Exponential(20e9), Absence: experiment.Exponential(10e9), Leave: "crash",
			}
			e.Topology.Links.Peers.Loss = 0.05
			e.Topology.Links.Supernodes.Latency = experiment.Dist{Kind: experiment.KindLognormal, Median: 40e6, P95: 150e6}
			e.Faults = []experiment.Fault{
				{ID: "crash", At: 10 * time.Second, Do: &experiment.Kill{Targets: supernode(2), RestartAfter: 5 * time.Second, Data: "lose"}},
				{ID: "bad", At: 5 * time.Second, For: 20 * time.Second, Do: &experiment.Byzantine{Script: "ttl-keeper", Count: 2, Rate: 1}},
			}
		})
	}
	text := func(r *result) string {
		r.Versions = record.Versions{}
		b, err := json.Marshal([]any{r.Run, r.ops})
		require.NoError(t, err)
		return string(b)
	}
	before := runtime.GOMAXPROCS(1)
	one := run(t, 7, busy())
	runtime.GOMAXPROCS(2)
	two := run(t, 7, busy())
	runtime.GOMAXPROCS(before)
	require.Equal(t, one.Trace, two.Trace)
	require.Equal(t, text(one), text(two))
	require.NotEqual(t, one.Trace, run(t, 8, busy()).Trace)
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ops := 0
	r, err := world.Run(ctx, small(), world.Options{Seed: 1, Op: func(o record.Op) {
		if ops++; ops == 250 {
			cancel()
		}
	}})
	require.NoError(t, err)
	require.True(t, r.Partial)
	require.NotEmpty(t, r.Windows)
	require.Less(t, len(r.Windows), 16)
}

func TestWhatTheSimulationCannotDo(t *testing.T) {
	for _, c := range []struct {
		change func(*experiment.Experiment)
		want   string
	}{
		{func(e *experiment.Experiment) { e.Faults = []experiment.Fault{{ID: "x", Do: &experiment.Freeze{}}} }, "freeze"},
		{func(e *experiment.Experiment) {
			e.Workload = append(e.Workload, experiment.Operation{Rate: 1, From: e.Workload[0].From, Do: &experiment.Find{TTL: 3}})
		}, "workload[1].ttl"},
		{func(e *experiment.Experiment) { e.Topology.Supernodes.Graph = &experiment.RandomRegular{Degree: 10} }, "graph"},
		{func(e *experiment.Experiment) { e.Topology.Peers.Count = 20_000_000 }, "address"},
	} {
		_, err := world.Run(t.Context(), small(c.change), world.Options{})
		require.ErrorContains(t, err, c.want)
	}
}
