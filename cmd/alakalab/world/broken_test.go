//go:build !race

// A simulation is one goroutine in which the race detector finds nothing and takes ten times as long.

package world

import (
	"context"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/store"
	"alakazaam/cmd/alakalab/check"
	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
)

// forgetful runs nobody.
type forgetful struct{ actor.Dispatcher }

func (forgetful) Schedule(func()) {}

// TestBrokenWorlds: what would have to break in the node, or below it, is broken here by hand, and the checks find it.
func TestBrokenWorlds(t *testing.T) {
	for _, c := range []struct {
		check string
		wreck func(w *World)
	}{
		{"durability", func(w *World) { // a disk that has kept nothing
			w.sim.Do(25*time.Second, func() { w.hosts[1].store = store.NewMemory(w.sim.System) })
		}},
		{"download-integrity", func(w *World) { // a node that takes what came for what it asked for
			w.sim.Do(25*time.Second, func() {
				h := w.hosts[w.supers]
				h.disk.Keep(w.files[0].id, "../"+string(w.files[0].name), nil)
			})
		}},
		{"session-isolation", func(w *World) { // a directory of which something is lost before it is counted
			w.sim.Do(25*time.Second, func() {
				for _, h := range w.hosts[:w.supers] {
					clear(h.held)
					for id := range h.sessions {
						h.held[id] = nil
					}
				}
			})
		}},
		{"no-crosstalk", func(w *World) { // a node that gives the answer to another search
			w.sim.Do(25*time.Second, func() {
				w.find(w.upPeers[0], 0, false, nil)
				w.sim.System.Root.Send(w.clerk.pid, &message.Found{Ref: message.Ref(w.ops), Results: []message.Result{
					{File: w.files[1].id, Name: w.files[1].name, Owners: []p2p.Endpoint{w.upPeers[0].self}},
				}})
			})
		}},
		{"message-accounting", func(w *World) { // a dispatcher that forgets an actor
			env := w.sim.Env(1)
			env.Mailbox, env.Dispatcher = w.mail.box, forgetful{w.sim}
			pid := w.sim.System.Root.Spawn(env.Make("one", func() actor.Actor { return actor.ReceiveFunc(func(actor.Context) {}) }))
			w.sim.System.Root.Send(pid, "hello")
		}},
	} {
		e := experiment.Default()
		e.Name = "broken"
		e.Time = experiment.Time{Warmup: 20 * time.Second, Run: 20 * time.Second, Heal: 10 * time.Second}
		e.Topology.Supernodes = experiment.Supernodes{Count: 3, Graph: &experiment.Total{}}
		e.Topology.Peers = experiment.Peers{Count: 10, Attach: "even", Parents: 1}
		e.Content.Files, e.Content.Copies, e.Content.Size = 20, experiment.Constant(2), experiment.Constant(10_000)
		e.Workload = nil
		e.Churn.Peers = &experiment.Churning{Session: experiment.Exponential(40e9), Absence: experiment.Exponential(10e9), Leave: "logout"}
		e.Faults = []experiment.Fault{{ID: "crash", At: 3 * time.Second, Do: &experiment.Kill{
			Targets: experiment.Targets{Supernodes: &experiment.Selector{Names: []string{experiment.SupernodeName(1)}}}, RestartAfter: 4 * time.Second, Data: "keep",
		}}}
		for _, broken := range []bool{false, true} {
			var ops []record.Op
			w, err := build(&e, Options{Seed: 1, Op: func(o record.Op) { ops = append(ops, o) }}, newSimulated(1))
			require.NoError(t, err)
			if broken {
				c.wreck(w)
			}
			w.run(context.Background())
			out, _ := check.Judge(&check.Case{Run: w.record(), Ops: ops}, []experiment.Check{{Name: c.check}})
			v := out[len(out)-1]
			require.Equal(t, broken, v.Verdict == record.False, "%s: %s %v", c.check, v.Why, v.Evidence)
		}
	}
}
