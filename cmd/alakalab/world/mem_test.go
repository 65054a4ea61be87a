package world_test

import (
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

// TestMem: with goroutines everything of the laboratory works, under the race detector too, and nothing of a node is left
// when all of them have ended.
func TestMem(t *testing.T) {
	links := experiment.LinkSet{From: all(true, false), To: all(false, true)}
	r := run(t, 1, small(tiny, mem, func(e *experiment.Experiment) {
		every := e.Workload[0].From
		e.Workload = append(e.Workload,
			experiment.Operation{Rate: 1, From: every, OpenLoop: true, Do: &experiment.Download{After: "find", Sources: 3}},
			experiment.Operation{Rate: 1, From: every, OpenLoop: true, Do: &experiment.Publish{Fresh: 0.5}},
			experiment.Operation{Rate: 1, From: every, OpenLoop: true, Do: &experiment.Withdraw{}},
		)
		e.Churn.Peers = &experiment.Churning{Session: experiment.Exponential(40e9), Absence: experiment.Exponential(5e9), Leave: "logout"}
		at := func(at time.Duration, id string, do experiment.Action) {
			e.Faults = append(e.Faults, experiment.Fault{ID: id, At: at, For: 5 * time.Second, Do: do})
		}
		at(5*time.Second, "crash", &experiment.Kill{Targets: supernode(1), RestartAfter: 5 * time.Second, Data: "keep"})
		at(6*time.Second, "panics", &experiment.Actor{
			Targets: all(true, true), Action: "panic", Match: experiment.Match{Actor: "connection", Probability: 0.05},
		})
		at(6*time.Second, "panic", &experiment.Actor{
			Targets: all(false, true), Action: "panic", Match: experiment.Match{Actor: "queries", Message: "Quer", Nth: 5, Probability: 1},
		})
		at(8*time.Second, "drops", &experiment.Actor{Targets: all(false, true), Action: "drop", Match: experiment.Match{Message: "Quer", Probability: 0.1}})
		at(12*time.Second, "off", &experiment.Isolate{Targets: supernode(2), Direction: experiment.Both})
		at(15*time.Second, "slices", &experiment.Toxic{
			Type: "slicer", Stream: "both", Toxicity: 1, Links: links, Attributes: experiment.Attributes{AverageSize: 100, Delay: time.Millisecond},
		})
		at(18*time.Second, "disk", &experiment.Disk{
			Targets: all(false, true), Point: "store.fsync", Terms: experiment.Terms{{Percent: 100, Action: "sleep", Sleep: 50 * time.Millisecond}},
		})
		at(20*time.Second, "clock", &experiment.Clock{Targets: supernode(3), Jump: time.Minute, Speed: 1})
		at(20*time.Second, "loris", &experiment.Byzantine{Script: "slow-loris", Count: 1, Rate: 2})
	}))
	for _, f := range r.Faults {
		require.Positive(t, f.Hit, f.ID)
	}
	for _, kind := range []string{"find", "download", "publish", "withdraw", "login", "logout"} {
		n := 0
		for _, o := range r.of(kind) {
			if o.Outcome == record.OK {
				n++
			}
		}
		require.Positive(t, n, kind)
	}
	for _, name := range check.Names() {
		v := r.verdict(t, name)
		require.NotEqual(t, record.False, v.Verdict, "%s: %s %v", name, v.Why, v.Evidence)
	}
	for _, name := range []string{"ttl-and-dup", "no-phantoms", "no-crosstalk", "message-accounting", "restarts"} {
		require.Equal(t, record.True, r.verdict(t, name).Verdict, name)
	}
	bounded, _ := check.Judge(&check.Case{Run: r.Run, Ops: r.ops}, []experiment.Check{{Name: "bounded", With: &experiment.Bounded{}}})
	require.Equal(t, record.True, bounded[len(bounded)-1].Verdict, bounded)
	require.Empty(t, r.Trace)
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
