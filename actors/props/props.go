// Package props is the one way in which actors are made. Every actor made here has its panics contained, counted and
// logged with their stack, runs on the dispatcher that the composition chose, and is supervised by a strategy whose
// windows are measured on port.Clock, so that the same actors run on virtual time.
package props

import (
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/message"
	"alakazaam/actors/port"
)

// Env is what every actor of one node has in common. It does not change once the first actor runs.
type Env struct {
	System     *actor.ActorSystem
	Dispatcher actor.Dispatcher // nil: the framework's, a goroutine for each actor that has work
	Clock      port.Clock
	Rand       port.Rand
	Metrics    port.Metrics
	Log        logrus.FieldLogger
	// Fatal is called when the node cannot go on: an actor without a parent has failed, or the restarts of one that must
	// live are used up. It must not block.
	Fatal func(error)
	// Faults injects faults, for experiments; nil in an ordinary node.
	Faults Faults
	// Mailbox gives what else looks at the mailbox of each new actor of a kind, for experiments; nil in an ordinary node.
	Mailbox func(kind string) actor.MailboxMiddleware

	kinds sync.Map // kind → *kind
}

// kind counts what happens to all actors of one kind.
type kind struct {
	name                    string
	live, waiting           port.Gauge
	panics, restarts, stops port.Counter
}

func (e *Env) kind(name string) *kind {
	if k, ok := e.kinds.Load(name); ok {
		return k.(*kind)
	}
	k, _ := e.kinds.LoadOrStore(name, &kind{
		name:     name,
		live:     e.Metrics.Gauge("actors", "Living actors.", "kind", name),
		waiting:  e.Metrics.Gauge("mailbox_depth", "Messages in mailboxes, those that are being dealt with among them.", "kind", name),
		panics:   e.Metrics.Counter("actor_panics_total", "Panics in actors.", "kind", name),
		restarts: e.Metrics.Counter("actor_restarts_total", "Restarts of actors after a failure.", "kind", name),
		stops:    e.Metrics.Counter("actor_failure_stops_total", "Actors stopped because of a failure.", "kind", name),
	})
	return k.(*kind)
}

// Make gives the Props of actors of one kind. producer must not panic; children says how failing children of such an
// actor are treated.
func (e *Env) Make(kindName string, producer func() actor.Actor, children ...Rule) *actor.Props {
	return e.props(kindName, false, producer, children)
}

// Root is Make for an actor without a parent. Nobody is above it to treat its failures, and the framework would restart
// it with everything below it: so the first one ends the actor and the node.
func (e *Env) Root(kindName string, producer func() actor.Actor, children ...Rule) *actor.Props {
	return e.props(kindName, true, producer, children)
}

func (e *Env) props(kindName string, root bool, producer func() actor.Actor, children []Rule) *actor.Props {
	k := e.kind(kindName)
	for _, c := range children {
		if c.Kind != "" {
			e.kind(c.Kind) // so that its series are there before the first of them
		}
	}
	s := newStrategy(e, children)
	opts := []actor.PropsOption{
		actor.WithMailbox(func() actor.Mailbox { return e.mailbox(k) }),
		actor.WithSupervisor(s),
	}
	if e.Dispatcher != nil {
		opts = append(opts, actor.WithDispatcher(e.Dispatcher))
	}
	return actor.PropsFromProducer(func() actor.Actor {
		g := &guard{inner: producer(), env: e, kind: k, children: s, root: root}
		if e.Faults != nil {
			g.faults = e.Faults.Of(kindName)
		}
		return g
	}, opts...)
}

// mailbox makes one for an actor of a kind.
func (e *Env) mailbox(k *kind) actor.Mailbox {
	m := &mailbox{depth: depth{level: k.waiting}}
	if e.Mailbox != nil {
		m.more = e.Mailbox(k.name)
	}
	return m
}

// Panic is the reason of a failure: what an actor panicked with, and where.
type Panic struct {
	Kind  string
	Value any
	Stack []byte
}

func (p *Panic) Error() string { return fmt.Sprintf("%s panicked: %v", p.Kind, p.Value) }

// guard stands between the framework and an actor. A panic in real work goes on to the supervisor as a *Panic, or ends
// the node where there is no supervisor; the message is lost, and who waits for its answer is told so. One in Stopping, Stopped or Restarting, or after Stopping, ends here: there the framework would bring the actor back to
// life, or leave its parent waiting for ever.
type guard struct {
	inner    actor.Actor
	env      *Env
	kind     *kind
	children *strategy
	faults   Injector // nil in an ordinary node
	root     bool     // it has no parent
	stopping bool
	leaving  bool // Stopping or Restarting has been seen
}

// Receive is the actor's Receive with containment around it.
func (g *guard) Receive(ctx actor.Context) {
	defer g.contain(&ctx)
	switch ctx.Message().(type) {
	case *actor.Started:
		g.kind.live.Add(1)
		g.children.leaving(ctx.Self().Id, false)
	case *actor.Restarting:
		g.leaving = true
		g.children.leaving(ctx.Self().Id, true)
		g.kind.live.Add(-1)
		if g.faults != nil {
			g.faults.Leave(ctx)
		}
	case *actor.Stopping:
		g.stopping, g.leaving = true, true
		g.children.leaving(ctx.Self().Id, true)
	case *actor.Stopped:
		defer func() { g.inner = nil }() // a parent's set of children may keep this value for long
		g.kind.live.Add(-1)
	default:
		if g.leaving {
			// It only waits for its children, which the framework has told to stop: that they end says nothing about
			// them, and a child made now would never be told.
			return
		}
		if g.faults != nil {
			var now bool
			if ctx, now = g.faults.Next(ctx); !now {
				return
			}
		}
	}
	g.inner.Receive(ctx)
}

// contain is deferred before it is known which message the actor gets at last.
func (g *guard) contain(last *actor.Context) {
	v := recover()
	if v == nil {
		return
	}
	ctx := *last
	p := &Panic{Kind: g.kind.name, Value: v, Stack: debug.Stack()}
	g.kind.panics.Add(1)
	log := g.env.Log.WithFields(logrus.Fields{
		"actor": ctx.Self().Id, "message": fmt.Sprintf("%T", ctx.Message()), "panic": fmt.Sprint(v), "stack": string(p.Stack),
	})
	if i, ok := v.(Injected); ok {
		log = log.WithField("fault", i.Fault)
	}
	log.Error("actor panicked")
	_, restarting := ctx.Message().(*actor.Restarting)
	if g.stopping || restarting {
		return
	}
	if to, answer := message.Failed(ctx.Message(), message.ErrFailed); to != nil {
		ctx.Send(to, answer)
	}
	if g.root {
		g.kind.stops.Add(1)
		ctx.Stop(ctx.Self())
		g.env.Fatal(p)
		return
	}
	panic(p)
}
