package world_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"

	"alakazaam/cmd/alakalab/check"
	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
)

// tiny makes the small experiment one that takes little time even where time is made by goroutines.
func tiny(e *experiment.Experiment) {
	e.Time = experiment.Time{Warmup: 10 * time.Second, Run: 30 * time.Second, Heal: 15 * time.Second}
	e.Topology.Supernodes = experiment.Supernodes{Count: 6, Graph: &experiment.RandomRegular{Degree: 3}}
	e.Topology.Peers.Count = 12
	e.Content.Files = 20
}

func mem(e *experiment.Experiment) { e.Engine = experiment.Mem }

// crowded is the tiny experiment with goroutines in which peers do all that they can do, and something goes wrong.
func crowded(faults ...experiment.Fault) *experiment.Experiment {
	return small(tiny, mem, func(e *experiment.Experiment) {
		every := e.Workload[0].From
		e.Workload = append(e.Workload,
			experiment.Operation{Rate: 1, From: every, OpenLoop: true, Do: &experiment.Download{After: "find", Sources: 3}},
			experiment.Operation{Rate: 1, From: every, OpenLoop: true, Do: &experiment.Publish{Fresh: 0.5}},
			experiment.Operation{Rate: 1, From: every, OpenLoop: true, Do: &experiment.Withdraw{}},
		)
		e.Churn.Peers = &experiment.Churning{Session: experiment.Exponential(40e9), Absence: experiment.Exponential(5e9), Leave: "logout"}
		e.Faults = faults
		for i := range e.Faults {
			f := &e.Faults[i]
			f.ID, f.At, f.For = fmt.Sprint(i, f.Kind()), time.Duration(3+i)*time.Second, 5*time.Second
		}
	})
}

// bounded is what the check of that name says where nothing may be left.
func (r *result) bounded() record.Check {
	out, _ := check.Judge(&check.Case{Run: r.Run, Ops: r.ops}, []experiment.Check{{Name: "bounded", With: &experiment.Bounded{}}})
	return out[len(out)-1]
}

// TestMem: with goroutines everything of the laboratory works, under the race detector too; nodes that crash, actors that
// panic and connections that are cut into pieces do no harm that lasts; and nothing of a node is left when all have ended.
func TestMem(t *testing.T) {
	e := crowded(
		experiment.Fault{Do: &experiment.Kill{Targets: supernode(1), RestartAfter: 5 * time.Second, Data: "lose"}},
		experiment.Fault{Do: &experiment.Actor{
			Targets: all(true, true), Action: "panic", Match: experiment.Match{Actor: "connection", Probability: 0.05},
		}},
		experiment.Fault{Do: &experiment.Toxic{
			Type: "slicer", Stream: "both", Toxicity: 1, Links: experiment.LinkSet{From: all(true, false), To: all(false, true)},
			Attributes: experiment.Attributes{AverageSize: 100, Delay: time.Millisecond},
		}},
	)
	e.Churn.Peers.Leave = "crash" // who is cut off from a supernode does not log out there
	r := run(t, 1, e)
	for _, f := range r.Faults {
		require.Positive(t, f.Hit, f.ID)
	}
	for _, kind := range []string{"find", "download", "publish", "withdraw", "login"} {
		require.True(t, slices.ContainsFunc(r.of(kind), func(o record.Op) bool { return o.Outcome == record.OK }), kind)
	}
	for _, name := range check.Names() {
		v := r.verdict(t, name)
		require.NotEqual(t, record.False, v.Verdict, "%s: %s %v", name, v.Why, v.Evidence)
	}
	for _, name := range []string{"ttl-and-dup", "no-phantoms", "no-crosstalk", "message-accounting", "restarts"} {
		require.Equal(t, record.True, r.verdict(t, name).Verdict, name)
	}
	require.Equal(t, record.True, r.bounded().Verdict, r.bounded())
	require.Empty(t, r.Trace)
}

// TestMemFaults: the other faults hit there too.
func TestMemFaults(t *testing.T) {
	between := experiment.LinkSet{From: all(false, true), To: all(false, true)}
	e := crowded(
		experiment.Fault{Do: &experiment.Isolate{Targets: supernode(2), Direction: experiment.Both}},
		experiment.Fault{Do: &experiment.Network{Links: between, Direction: experiment.Both, Loss: 0.1, Burst: 1}},
		experiment.Fault{Do: &experiment.Hold{Links: between, Direction: experiment.To}},
		experiment.Fault{Do: &experiment.Actor{Targets: all(false, true), Action: "drop", Match: experiment.Match{Message: "Quer", Probability: 0.2}}},
		experiment.Fault{Do: &experiment.Disk{
			Targets: all(false, true), Point: "store.fsync", Terms: experiment.Terms{{Percent: 100, Action: "sleep", Sleep: 50 * time.Millisecond}},
		}},
		experiment.Fault{Do: &experiment.Clock{Targets: supernode(3), Jump: time.Minute, Speed: 1}},
		experiment.Fault{Do: &experiment.Byzantine{Script: "slow-loris", Count: 1, Rate: 5}},
	)
	e.Time.Run, e.Time.Heal = 15*time.Second, 0
	r := run(t, 1, e)
	for _, f := range r.Faults {
		require.Positive(t, f.Hit, f.ID)
	}
	require.NotEmpty(t, r.of("logout"))
	for _, name := range []string{"message-accounting", "restarts"} {
		v := r.verdict(t, name)
		require.Equal(t, record.True, v.Verdict, "%s: %s", name, v.Why)
	}
	require.Equal(t, record.True, r.bounded().Verdict, r.bounded())
}

// TestAgreement: the same seed gives both engines the same world, and they agree on what searches find and cost in it: where
// a TTL is short, latencies differ, and peers come and go.
func TestAgreement(t *testing.T) {
	metrics := []string{"recall", "quer_per_find", "aque_per_find", "duplicates_per_find", "staleness", "find_p50"}
	of := func(engine experiment.Engine, seed uint64) *result {
		return run(t, seed, small(tiny, func(e *experiment.Experiment) {
			e.Engine, e.Time.Run, e.Time.Heal = engine, 20*time.Second, 0
			e.Topology.Supernodes = experiment.Supernodes{Count: 12, Graph: &experiment.RandomRegular{Degree: 3}}
			e.Topology.Links.Supernodes.Latency = experiment.Dist{Kind: experiment.KindLognormal, Median: 40e6, P95: 150e6}
			e.Workload[0].Do.(*experiment.Find).TTL = 2
			e.Churn.Peers = &experiment.Churning{Session: experiment.Exponential(20e9), Absence: experiment.Exponential(10e9), Leave: "crash"}
		}))
	}
	between := map[string][]float64{}
	for seed := range uint64(3) {
		sim, mem := of(experiment.Sim, seed), of(experiment.Mem, seed)
		require.Len(t, mem.of("find"), len(sim.of("find")))
		require.Less(t, sim.figure(t, "recall", record.Whole), 0.9, "there is something to agree on")
		for _, m := range metrics {
			between[m] = append(between[m], mem.figure(t, m, record.Whole)/sim.figure(t, m, record.Whole))
		}
	}
	for _, m := range metrics {
		require.InDelta(t, 1, stat.Mean(between[m], nil), 0.05, "%s: %v", m, between[m])
	}
}
