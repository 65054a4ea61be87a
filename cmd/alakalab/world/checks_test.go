package world_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/cmd/alakalab/check"
	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
)

// verdict is what a check says of a run.
func (r *result) verdict(t testing.TB, name string) record.Check {
	t.Helper()
	kinds := check.Names()
	require.Contains(t, kinds, name)
	out, _ := check.Judge(&check.Case{Run: r.Run, Ops: r.ops}, []experiment.Check{{Name: name}})
	return out[len(out)-1]
}

// TestMailIsAccountedFor: whatever faults do to messages, and nodes to their actors, every message that was put into a
// mailbox is found again.
func TestMailIsAccountedFor(t *testing.T) {
	busy := func(e *experiment.Experiment) {
		every := e.Workload[0].From
		e.Workload = append(e.Workload,
			experiment.Operation{Rate: 2, From: every, OpenLoop: true, Do: &experiment.Download{After: "find", Sources: 3}},
			experiment.Operation{Rate: 2, From: every, OpenLoop: true, Do: &experiment.Publish{Fresh: 0.5}},
		)
		e.Churn.Peers = &experiment.Churning{Session: experiment.Exponential(20e9), Absence: experiment.Exponential(10e9), Leave: "logout"}
	}
	for _, c := range []struct {
		name     string
		do       experiment.Action
		counters []string // that are more than 0
	}{
		{"panic", &experiment.Actor{Targets: all(true, true), Action: "panic", Match: experiment.Match{Probability: 0.002}},
			[]string{record.MessagesPanicked, record.PanicsInjected, record.ActorRestarts}},
		{"drop", &experiment.Actor{Targets: all(true, true), Action: "drop", Match: experiment.Match{Probability: 0.1}},
			[]string{record.MessagesDropped}},
		{"duplicate", &experiment.Actor{Targets: all(true, true), Action: "duplicate", Match: experiment.Match{Probability: 0.1}}, nil},
		{"delay", &experiment.Actor{Targets: all(true, true), Action: "delay", Delay: time.Second, Match: experiment.Match{Probability: 0.1}}, nil},
		{"reorder", &experiment.Actor{Targets: all(true, true), Action: "reorder", Match: experiment.Match{Probability: 0.1}}, nil},
		{"slow", &experiment.Actor{Targets: all(false, true), Action: "slow", Delay: 10 * time.Millisecond, Match: experiment.Match{Actor: "queries", Probability: 1}}, nil},
		{"stop", &experiment.Actor{Targets: all(true, true), Action: "stop", Match: experiment.Match{Actor: "connection", Probability: 0.02}},
			[]string{record.MessagesDiscarded}},
		{"kill", &experiment.Kill{Targets: supernode(4), RestartAfter: 5 * time.Second, Data: "keep"}, []string{record.MessagesDiscarded}},
		{"shuffle", &experiment.Shuffle{Targets: all(true, true)}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := run(t, 1, small(busy, func(e *experiment.Experiment) {
				e.Faults = []experiment.Fault{{ID: "it", At: 10 * time.Second, For: 15 * time.Second, Do: c.do}}
			}))
			require.Positive(t, r.Faults[0].Hit)
			v := r.verdict(t, "message-accounting")
			require.Equal(t, record.True, v.Verdict, v.Why)
			for _, name := range c.counters {
				require.Positive(t, r.Counters[name], name)
			}
			v = r.verdict(t, "restarts")
			require.Zero(t, r.Counters[record.PanicsUnsupervised])
			require.Equal(t, r.Counters[record.PanicsInjected], r.Counters[record.ActorRestarts], v.Why)
		})
	}
}
