package props_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/props"
)

// child counts its lives and panics when it is told to.
type child struct {
	born    *int
	panicIn *string
}

type (
	boom     struct{}
	lastBoom struct{} // has it end and fail
)

func (c *child) Receive(ctx actor.Context) {
	name := fmt.Sprintf("%T", ctx.Message())
	switch ctx.Message().(type) {
	case *actor.Started:
		*c.born++
	case *boom:
		panic("boom")
	case *lastBoom:
		ctx.Stop(ctx.Self())
		panic("boom")
	}
	if c.panicIn != nil && name == *c.panicIn {
		panic("in " + name)
	}
}

// family is a parent with one child under a rule.
type family struct {
	sim     *actortest.Sim
	metrics actortest.Metrics
	parent  *actor.PID
	child   *actor.PID
	born    int
	ended   int
	fatal   error
	panicIn string // the message in which the child panics
}

func newFamily(t *testing.T, rule props.Rule, panicIn string) *family {
	f := &family{sim: actortest.NewSim(1), metrics: actortest.Metrics{}, panicIn: panicIn}
	env := f.sim.Env(1)
	env.Metrics = f.metrics
	env.Fatal = func(err error) { f.fatal = err }
	kid := env.Make("kid", func() actor.Actor { return &child{born: &f.born, panicIn: &f.panicIn} })
	var err error
	f.parent, err = f.sim.System.Root.SpawnNamed(env.Make("parent", func() actor.Actor {
		return actor.ReceiveFunc(func(ctx actor.Context) {
			switch ctx.Message().(type) {
			case *actor.Started:
				f.child, err = ctx.SpawnNamed(kid, "kid/1")
			case *actor.Terminated:
				f.ended++
			}
		})
	}, rule), "node/parent")
	require.NoError(t, err)
	f.sim.Run(0)
	require.Equal(t, 1, f.born)
	return f
}

func (f *family) boom() {
	f.sim.System.Root.Send(f.child, &boom{})
	f.sim.Run(0)
}

func (f *family) count(name string) int { return f.metrics[actortest.Series(name, "kind", "kid")] }

func TestStoppedChild(t *testing.T) {
	f := newFamily(t, props.Rule{Kind: "kid", Action: props.Stop}, "")
	f.boom()
	require.Equal(t, 1, f.born)
	require.Equal(t, 1, f.ended)
	require.Equal(t, []int{1, 0, 1, 0}, []int{
		f.count("actor_panics_total"), f.count("actor_restarts_total"), f.count("actor_failure_stops_total"), f.count("actors"),
	})
}

func TestRestartBudget(t *testing.T) {
	rule := props.Rule{Kind: "kid", Action: props.Restart, Restarts: 3, Within: 10 * time.Second, Last: props.LastFatal}
	f := newFamily(t, rule, "")
	for range 20 { // slowly: the window forgets
		f.boom()
		f.sim.Run(4 * time.Second)
	}
	require.Equal(t, 21, f.born)
	require.NoError(t, f.fatal)
	f.sim.Run(time.Minute)
	for range 4 {
		f.boom()
	}
	require.Equal(t, 24, f.born)
	require.Equal(t, 1, f.ended)
	require.ErrorContains(t, f.fatal, "node/parent/kid/1 failed 4 times within 10s, the last time with: kid panicked: boom")
}

// TestPanicsOnTheWayOut: a panic in Stopping, Stopped or Restarting does not keep an actor from ending, nor its parent.
func TestPanicsOnTheWayOut(t *testing.T) {
	rule := props.Rule{Kind: "kid", Action: props.Restart, Restarts: 3, Within: 10 * time.Second}
	for _, in := range []string{"*actor.Stopping", "*actor.Stopped", "*actor.Restarting"} {
		t.Run(in, func(t *testing.T) {
			f := newFamily(t, rule, in)
			if in == "*actor.Restarting" {
				f.boom()
				require.Equal(t, 2, f.born)
			}
			f.sim.System.Root.Stop(f.parent)
			f.sim.Run(0)
			require.NotZero(t, f.count("actor_panics_total"))
			require.Zero(t, f.count("actors"))
			_, alive := f.sim.System.ProcessRegistry.Get(f.parent)
			require.False(t, alive)
		})
	}
}

// TestRootThatFails: it ends with its children, and the node is told why. Nobody restarts it.
func TestRootThatFails(t *testing.T) {
	sim, metrics, born := actortest.NewSim(1), actortest.Metrics{}, 0
	env := sim.Env(1)
	env.Metrics = metrics
	var fatal []error
	env.Fatal = func(err error) { fatal = append(fatal, err) }
	kid := env.Make("kid", func() actor.Actor { return &child{born: new(int)} })
	root := sim.System.Root.Spawn(env.Root("top", func() actor.Actor {
		return actor.ReceiveFunc(func(ctx actor.Context) {
			switch ctx.Message().(type) {
			case *actor.Started:
				born++
				ctx.Spawn(kid)
			case *boom:
				panic("boom")
			}
		})
	}))
	for range 2 { // the second one finds it gone
		sim.System.Root.Send(root, &boom{})
	}
	sim.Run(time.Second)
	require.Len(t, fatal, 1)
	require.EqualError(t, fatal[0], "top panicked: boom")
	require.Equal(t, 1, born)
	require.Equal(t, []int{1, 0, 1, 0, 0}, []int{
		metrics[actortest.Series("actor_panics_total", "kind", "top")], metrics[actortest.Series("actor_restarts_total", "kind", "top")],
		metrics[actortest.Series("actor_failure_stops_total", "kind", "top")],
		metrics[actortest.Series("actors", "kind", "top")], metrics[actortest.Series("actors", "kind", "kid")],
	})
}

// TestGivingUpIsNoticed: a simulated node that gives up ends the test.
func TestGivingUpIsNoticed(t *testing.T) {
	sim := actortest.NewSim(1)
	root := sim.System.Root.Spawn(sim.Env(1).Root("top", func() actor.Actor { return &child{born: new(int)} }))
	sim.System.Root.Send(root, &boom{})
	require.PanicsWithError(t, "top panicked: boom", func() { sim.Run(0) })
}

// TestWhoeverWaitsIsTold: the message that an actor panics over is lost, and whoever waits for its answer hears of it.
func TestWhoeverWaitsIsTold(t *testing.T) {
	sim := actortest.NewSim(1)
	asker := sim.Probe("asker")
	clumsy := sim.Env(1).Make("clumsy", func() actor.Actor {
		return actor.ReceiveFunc(func(ctx actor.Context) {
			if _, ok := ctx.Message().(*message.Find); ok {
				panic("boom")
			}
		})
	})
	sim.System.Root.Send(sim.System.Root.Spawn(clumsy), &message.Find{Ref: 7, ReplyTo: asker.PID})
	sim.Run(0)
	require.Equal(t, []any{&message.Found{Ref: 7, Err: message.ErrFailed}}, asker.Messages)
}

func TestPanicTellsWhere(t *testing.T) {
	var err error = &props.Panic{Kind: "session", Value: "why"}
	var p *props.Panic
	require.True(t, errors.As(err, &p))
	require.EqualError(t, err, "session panicked: why")
}

func TestSeen(t *testing.T) {
	sim := actortest.NewSim(1)
	const limit = 5000
	s := props.NewSeen(sim.Env(1), limit)
	r := sim.Rand(1)
	first := p2p.NewPacketID(r)
	require.True(t, s.Add(first))
	require.False(t, s.Add(first))
	sim.Run(props.SeenFor - time.Second)
	require.False(t, s.Add(first))
	sim.Run(time.Second)
	require.True(t, s.Add(first), "forgotten, although it came again meanwhile")
	for range limit {
		require.True(t, s.Add(p2p.NewPacketID(r)))
	}
	require.Equal(t, limit, s.Len())
	require.True(t, s.Add(first), "pushed out")
}

func TestGate(t *testing.T) {
	sim := actortest.NewSim(1)
	env := sim.Env(1)
	var g props.Gate
	require.NotNil(t, g.Log(env))
	require.Nil(t, g.Log(env))
	require.Nil(t, g.Log(env))
	sim.Run(time.Second)
	require.NotNil(t, g.Log(env))
}
