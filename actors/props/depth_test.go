package props_test

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"alakazaam/actors/actortest"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
)

func TestMailboxDepth(t *testing.T) {
	f := newFamily(t, props.Rule{Kind: "kid", Action: props.Stop}, "")
	root := f.sim.System.Root
	require.Zero(t, f.count("mailbox_depth"))
	for range 3 {
		root.Send(f.child, "work")
	}
	require.Equal(t, 3, f.count("mailbox_depth"))
	f.sim.Run(0)
	require.Zero(t, f.count("mailbox_depth"))

	process, _ := f.sim.System.ProcessRegistry.Get(f.child)
	root.Send(f.child, &boom{})
	for range 3 {
		root.Send(f.child, "left behind")
	}
	f.sim.Run(0)
	require.Equal(t, 1, f.ended)
	require.Zero(t, f.count("mailbox_depth"), "what is left behind is not waiting")
	process.SendUserMessage(f.child, "sent before the end, and posted behind it")
	f.sim.Run(0)
	require.Zero(t, f.count("mailbox_depth"))
}

// TestKindsOfChildrenAreKnown: the series of a kind are there before the first actor of it.
func TestKindsOfChildrenAreKnown(t *testing.T) {
	asked := make(names)
	env := actortest.NewSim(1).Env(1)
	env.Metrics = asked
	env.Make("parent", func() actor.Actor { return nil }, props.Rule{Kind: "kid"}, props.Rule{})
	for _, name := range []string{"actors", "mailbox_depth", "actor_panics_total", "actor_restarts_total", "actor_failure_stops_total"} {
		require.True(t, asked[actortest.Series(name, "kind", "kid")], name)
		require.True(t, asked[actortest.Series(name, "kind", "parent")], name)
		require.False(t, asked[actortest.Series(name, "kind", "")], name)
	}
}

// names notes which series were asked for.
type names map[string]bool

func (n names) Counter(name, _ string, labels ...string) port.Counter {
	n[actortest.Series(name, labels...)] = true
	return actortest.NoMetrics{}.Counter(name, "")
}

func (n names) Gauge(name, _ string, labels ...string) port.Gauge {
	n[actortest.Series(name, labels...)] = true
	return actortest.NoMetrics{}.Gauge(name, "")
}

func (n names) Histogram(name, _ string, _ []float64, labels ...string) port.Histogram {
	n[actortest.Series(name, labels...)] = true
	return actortest.NoMetrics{}.Histogram(name, "", nil)
}

// TestMailboxDepthComesBackToZero does to an actor whatever can be done to it, in any order.
func TestMailboxDepthComesBackToZero(t *testing.T) {
	deaths := []string{"", "*actor.Started", "*actor.Stopping", "*actor.Stopped", "*actor.Restarting"}
	rapid.Check(t, func(rt *rapid.T) {
		action := rapid.SampledFrom([]props.Action{props.Stop, props.Restart}).Draw(rt, "action")
		f := newFamily(t, props.Rule{Kind: "kid", Action: action, Restarts: 2, Within: 10 * time.Second}, "")
		f.panicIn = rapid.SampledFrom(deaths).Draw(rt, "panics in")
		root := f.sim.System.Root
		do := []func(){
			func() { root.Send(f.child, "work") },
			func() { root.Send(f.child, &boom{}) },
			func() { root.Stop(f.child) },
			func() { root.Poison(f.child) },
			func() { root.Stop(f.parent) },
			func() { f.sim.Run(time.Second) },
			func() { root.Send(f.child, &lastBoom{}) },
		}
		for _, i := range rapid.SliceOf(rapid.SampledFrom([]int{0, 0, 0, 0, 1, 1, 2, 3, 4, 5, 5, 6})).Draw(rt, "do") {
			do[i]()
		}
		f.sim.Run(time.Minute)
		if n := f.count("mailbox_depth"); n != 0 {
			rt.Fatalf("%d messages are left", n)
		}
	})
}

// level is a gauge for several goroutines.
type level struct {
	actortest.NoMetrics
	n *atomic.Int64
}

func (l level) Gauge(name, _ string, labels ...string) port.Gauge {
	if actortest.Series(name, labels...) == actortest.Series("mailbox_depth", "kind", "kid") {
		return gauge{l.n}
	}
	return l.NoMetrics.Gauge(name, "")
}

type gauge struct{ n *atomic.Int64 }

func (g gauge) Add(n int) { g.n.Add(int64(n)) }
func (g gauge) Set(n int) { g.n.Store(int64(n)) }

// TestMailboxDepthOfManySenders has actors fail and end while several goroutines go on sending to them.
func TestMailboxDepthOfManySenders(t *testing.T) {
	sim := actortest.NewSim(1)
	env := sim.Env(1)
	n := &atomic.Int64{}
	env.Dispatcher, env.Metrics = nil, level{n: n}
	const kids = 200
	ended := make(chan *actor.PID, kids)
	born := make(chan *actor.PID, kids)
	kid := env.Make("kid", func() actor.Actor { return &child{born: new(int)} })
	parent := sim.System.Root.Spawn(env.Make("parent", func() actor.Actor {
		return actor.ReceiveFunc(func(ctx actor.Context) {
			switch m := ctx.Message().(type) {
			case *actor.Started:
				for i := range kids {
					pid, err := ctx.SpawnNamed(kid, fmt.Sprintf("kid/%d", i))
					if err == nil {
						born <- pid
					}
				}
			case *actor.Terminated:
				ended <- m.Who
			}
		})
	}, props.Rule{Kind: "kid", Action: props.Stop}))
	for range kids {
		pid := <-born
		var senders sync.WaitGroup
		for sender := range 4 {
			senders.Go(func() {
				for i := range 50 {
					if sender == 0 && i == 25 {
						sim.System.Root.Send(pid, &boom{})
					}
					sim.System.Root.Send(pid, "work")
				}
			})
		}
		senders.Wait()
		<-ended
	}
	require.NoError(t, sim.System.Root.StopFuture(parent).Wait())
	require.Eventually(t, func() bool { return n.Load() == 0 }, 30*time.Second, time.Millisecond, "%d are left", n.Load())
}

// posts counts what is put into mailboxes and what is taken out.
type posts struct{ posted, taken []any }

func (p *posts) MailboxStarted()       {}
func (p *posts) MailboxEmpty()         {}
func (p *posts) MessagePosted(m any)   { p.posted = append(p.posted, m) }
func (p *posts) MessageReceived(m any) { p.taken = append(p.taken, m) }

// TestMailbox: whoever experiments can look at the mailboxes of actors, by kind.
func TestMailbox(t *testing.T) {
	sim := actortest.NewSim(1)
	env := sim.Env(1)
	seen := map[string]*posts{}
	env.Mailbox = func(kind string) actor.MailboxMiddleware {
		seen[kind] = &posts{}
		return seen[kind]
	}
	pid := sim.System.Root.Spawn(env.Make("one", func() actor.Actor { return actor.ReceiveFunc(func(actor.Context) {}) }))
	sim.System.Root.Send(pid, "hello")
	sim.Run(0)
	require.Equal(t, []any{&actor.Started{}, "hello"}, seen["one"].posted)
	require.Equal(t, seen["one"].posted, seen["one"].taken)
}
