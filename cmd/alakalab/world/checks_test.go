package world_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
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

// busy has peers do everything that there is to do.
func busy(e *experiment.Experiment) {
	every := e.Workload[0].From
	e.Workload = append(e.Workload,
		experiment.Operation{Rate: 2, From: every, OpenLoop: true, Do: &experiment.Download{After: "find", Sources: 3}},
		experiment.Operation{Rate: 2, From: every, OpenLoop: true, Do: &experiment.Publish{Fresh: 0.5}},
	)
	e.Churn.Peers = &experiment.Churning{Session: experiment.Exponential(20e9), Absence: experiment.Exponential(10e9), Leave: "logout"}
}

// TestEveryCheckDecides: a run in which a node dies and comes back, and peers come and go, passes all checks.
func TestEveryCheckDecides(t *testing.T) {
	onlyWithoutRace(t)
	e := small(busy, func(e *experiment.Experiment) {
		e.Time = experiment.Time{Warmup: 20 * time.Second, Run: 60 * time.Second, Heal: 45 * time.Second}
		e.Workload[0].Rate = 8
		e.Churn.Peers.Session, e.Churn.Peers.Absence = experiment.Exponential(100e9), experiment.Exponential(20e9)
		e.Faults = []experiment.Fault{
			{ID: "crash", At: 25 * time.Second, Do: &experiment.Kill{Targets: supernode(4), RestartAfter: 20 * time.Second, Data: "keep"}},
		}
	})
	r, again := run(t, 1, e), run(t, 1, e)
	var asked []experiment.Check
	for _, name := range check.Names() {
		asked = append(asked, experiment.Check{Name: name})
	}
	checks, _ := check.Judge(&check.Case{Run: r.Run, Ops: r.ops, Again: again.Trace, SLO: experiment.SLO{{Metric: "recall", Text: ">= 0.9", Op: ">=", Value: 0.9}}}, asked)
	for _, c := range checks {
		t.Logf("%s: %s %s %v", c.Name, c.Verdict, c.Why, c.Evidence)
		assert.Equal(t, record.True, c.Verdict, c.Name)
	}
}

// TestMailIsAccountedFor: whatever faults do to messages, and nodes to their actors, every message that was put into a
// mailbox is found again.
func TestMailIsAccountedFor(t *testing.T) {
	onlyWithoutRace(t)
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
				e.Time = experiment.Time{Warmup: 10 * time.Second, Run: 15 * time.Second, Heal: 5 * time.Second}
				e.Faults = []experiment.Fault{{ID: "it", At: time.Second, For: 12 * time.Second, Do: c.do}}
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

// TestEveryCheckCanFail: what each check is there to find, it finds. Those of what no fault and no foul node can bring about
// are in TestBrokenWorlds.
func TestEveryCheckCanFail(t *testing.T) {
	onlyWithoutRace(t)
	actors := func(action, kind, message string) *experiment.Actor {
		return &experiment.Actor{Targets: all(true, true), Action: action, Match: experiment.Match{Actor: kind, Message: message, Probability: 1}}
	}
	foul := func(script string) *experiment.Byzantine {
		return &experiment.Byzantine{Script: script, Count: 2, Rate: 20, Args: experiment.Args{"victim": "peer-3"}}
	}
	flood := actors("flood", "queries", "Quer")
	flood.Copies, flood.Match.Probability = 1500, 0.01
	links := experiment.LinkSet{From: all(true, false), To: all(false, true)}
	for _, c := range []struct {
		do     experiment.Action
		checks []string
		change func(*experiment.Experiment)
	}{
		{do: actors("duplicate", "overlay", "Flood"), checks: []string{"flood-law", "ttl-and-dup"}},
		{do: actors("drop", "catalog", "Update"), checks: []string{"index-set", "session-isolation"}},
		{do: actors("panic", "node", ""), checks: []string{"restarts"}},
		{do: flood, checks: []string{"bounded"}},
		{do: foul("first-answer"), checks: []string{"no-phantoms"}},
		{do: foul("spoofed-reply"), checks: []string{"reflection"}},
		{do: &experiment.Hold{Links: links, Direction: experiment.To}, checks: []string{"quota"}, change: func(e *experiment.Experiment) {
			e.Workload[0].Rate, e.Workload = 30, e.Workload[:1]
		}},
		{do: &experiment.Kill{Targets: supernode(4), Data: "lose"}, checks: []string{"recovery"}, change: func(e *experiment.Experiment) {
			e.Topology.Supernodes.Graph = &experiment.Line{}
			e.Time.Heal = 40 * time.Second
		}},
	} {
		r := run(t, 1, small(busy, func(e *experiment.Experiment) {
			e.Time = experiment.Time{Warmup: 10 * time.Second, Run: 20 * time.Second, Heal: 10 * time.Second}
			e.Faults = []experiment.Fault{{ID: "it", At: 5 * time.Second, For: 12 * time.Second, Do: c.do}}
			if c.change != nil {
				c.change(e)
			}
		}))
		require.Positive(t, r.Faults[0].Hit)
		for _, name := range c.checks {
			v := r.verdict(t, name)
			assert.Equal(t, record.False, v.Verdict, "%s: %s", name, v.Why)
		}
	}
}

// TestForeignLogin: who logs in as somebody else is found out, and gets no session where supernodes ask the address.
func TestForeignLogin(t *testing.T) {
	onlyWithoutRace(t)
	for verify, verdict := range map[string]record.Verdict{"true": record.True, "false": record.False} {
		r := run(t, 1, small(busy, func(e *experiment.Experiment) {
			e.Config.Supernodes["session.verify_address"] = verify
			e.Faults = []experiment.Fault{{ID: "it", At: 5 * time.Second, For: 10 * time.Second, Do: &experiment.Byzantine{
				Script: "forged-login", Count: 1, Rate: 5, Args: experiment.Args{"victim": "peer-3"},
			}}}
		}))
		v := r.verdict(t, "session-isolation")
		assert.Equal(t, verdict, v.Verdict, "%s %v", v.Why, v.Evidence)
	}
}

// TestSequence: the packets of the first search after the warm-up, from its question to its answer.
func TestSequence(t *testing.T) {
	r := run(t, 1, small())
	var kinds = map[string]int{}
	for i, p := range r.Sequence {
		kinds[p.What[:4]]++
		require.GreaterOrEqual(t, p.Sent, r.Warmup)
		require.Greater(t, p.Arrived, p.Sent, "%d: %v", i, p)
	}
	find, answer := r.Sequence[0], r.Sequence[len(r.Sequence)-1]
	require.Equal(t, []string{"FIND", "AFIN 1 files"}, []string{find.What[:4], answer.What})
	require.Equal(t, []string{find.From, find.To}, []string{answer.To, answer.From})
	require.Equal(t, 31, kinds["QUER"], "2E - N + 1")
	require.Positive(t, kinds["DONE"])
}
