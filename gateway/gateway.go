// Package gateway turns bytes into messages and messages into bytes. The gateway actor owns the listening socket and
// decides which connections are let in and which are opened when; each connection is an actor below it. It does no
// I/O of its own: port.Transport carries the bytes.
//
// The path of a request: (1) the transport reads a piece of the stream, (2) the connection actor cuts it into packets,
// (3) sends each as a message to the actor whose business it is, (4) keeps a slot for the answer, (5) writes answers in
// the order of the requests, and (6) gives the piece back to the transport once its packets are on their way, which
// lets the transport read on.
//
// A connection that fails is stopped: its socket is gone with it. A gateway that fails is restarted, loses its
// connections and listens again.
package gateway

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	lru "github.com/hashicorp/golang-lru/v2"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/config"
)

// Options are what the gateway is told by the composition.
type Options struct {
	Listen netip.AddrPort
	Self   p2p.Endpoint // never dialed
	Config *config.Live
	// FindWindow is how long a search may take before its connection gives up on the answer.
	FindWindow time.Duration
	// Listening is called with the bound address each time the gateway begins to listen. It must not block. May be nil.
	Listening func(netip.AddrPort)
}

// Props makes the gateway actor of a node. It asks the node (message.Starting) when to open its doors.
func Props(env *props.Env, transport port.Transport, o Options, routes *message.Routes) *actor.Props {
	limits := &o.Config.Get().Limits
	sessions, err := lru.New[p2p.SessionID, *budget](max(limits.Addresses, 1))
	if err != nil {
		panic(err) // only for a size below 1
	}
	s := &shared{env: env, transport: transport, Options: o, routes: routes, metrics: newMetrics(env), sessions: sessions}
	incoming := env.Make("connection", func() actor.Actor { return &incoming{shared: s} })
	kept := &memory{visitors: newVisitors(limits.Addresses)}
	return env.Make("gateway", func() actor.Actor { return newGateway(s, incoming, kept) },
		props.Rule{Kind: "connection", Action: props.Stop})
}

// shared is what the gateway and all its connections have in common; it does not change.
type shared struct {
	Options
	env       *props.Env
	transport port.Transport
	routes    *message.Routes
	metrics   *metrics
	sessions  *lru.Cache[p2p.SessionID, *budget] // what may be sent under each
}

// limits are those that count now.
func (s *shared) limits() *config.Limits { return &s.Config.Get().Limits }

// transfer are the rules of transfers that count now.
func (s *shared) transfer() *config.Transfer { return &s.Config.Get().Transfer }

// memory is what outlives a restart of the gateway.
type memory struct {
	next     uint64 // number of the last connection (see spawn)
	visitors *visitors
	visited  time.Time // the role was told of one
}

// gateway is the actor.
type gateway struct {
	*shared
	incoming *actor.Props

	*memory
	listener port.Listener
	admitted map[string]*visitor // incoming connections, by name of their actor
	dials    dialQueue
	dialing  map[string]job          // outgoing connections, by name of their actor
	fetches  map[fetchKey]*actor.PID // those that fetch a file
	draining *actor.PID              // who waits for Drained
	busy     map[string]bool         // incoming connections with open answers, while draining
}

type fetchKey struct {
	owner string
	ref   message.Ref
}

func newGateway(s *shared, incoming *actor.Props, kept *memory) *gateway {
	kept.visitors.emptied()
	return &gateway{
		shared: s, incoming: incoming, memory: kept,
		admitted: make(map[string]*visitor), dials: newDialQueue(s.limits),
		dialing: make(map[string]job), fetches: make(map[fetchKey]*actor.PID),
	}
}

// Receive implements actor.Actor.
func (g *gateway) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		ctx.Send(g.routes.Node, &message.Starting{Who: ctx.Self()})
	case *actor.Stopping, *actor.Restarting:
		g.onStopping(ctx)
	case *actor.Terminated:
		g.onTerminated(ctx, m.Who)
	case *message.Open:
		g.onOpen(ctx)
	case *port.Accepted:
		g.onAccepted(ctx, m)
	case *message.Send:
		g.enqueue(ctx, job{kind: jobSend, to: m.To, packet: m.Packet, ref: m.Ref, replyTo: m.ReplyTo})
	case *message.Ask:
		g.enqueue(ctx, job{kind: jobAsk, to: m.To, packet: m.Packet, timeout: m.Timeout, ref: m.Ref, replyTo: m.ReplyTo})
	case *message.Fetch:
		g.enqueue(ctx, job{kind: jobFetch, to: m.From, file: m.File, path: m.Path, ref: m.Ref, replyTo: m.ReplyTo})
	case *message.OpenLink:
		g.enqueue(ctx, job{kind: jobLink, to: m.To, timeout: m.Timeout, ref: m.Ref, replyTo: m.ReplyTo})
	case *message.CancelFetch:
		if pid, ok := g.fetches[fetchKey{m.ReplyTo.Id, m.Ref}]; ok {
			ctx.Send(pid, m)
		}
	case *delivered:
		g.release(ctx, m.who)
	case *offense:
		g.onOffense(ctx, m)
	case *unban:
		g.metrics.bans.Add(-1)
	case *message.Reloaded:
		g.tellAll(ctx, m, func(*visitor) bool { return true })
	case *message.Drain:
		g.onDrain(ctx, m)
	case *idle:
		g.onIdle(ctx, m)
	case *message.Inspect:
		ctx.Send(m.ReplyTo, &message.GatewayStatus{
			Incoming: len(g.admitted), Outgoing: len(g.dialing), Waiting: g.dials.queued,
		})
	case *actor.Stopped:
	default:
		g.env.Log.Warnf("gateway: unexpected %T", m)
	}
}

func (g *gateway) onOpen(ctx actor.Context) {
	if g.listener != nil || g.draining != nil {
		return
	}
	l, err := g.transport.Listen(g.Listen, g.limits().Connections, ctx.Self())
	if err != nil {
		err = fmt.Errorf("listen on %s: %w", g.Listen, err)
	} else {
		g.listener = l
		if g.Listening != nil {
			g.Listening(l.Addr())
		}
		g.env.Log.WithField("address", l.Addr().String()).Info("listening")
	}
	ctx.Send(g.routes.Node, &message.Opened{Err: err})
}

// spawn makes a connection actor under a name that tells its kind. No name comes twice, also after a restart: a late
// answer to a connection that is gone would reach the new one of its name.
func (g *gateway) spawn(ctx actor.Context, p *actor.Props) *actor.PID {
	g.next++
	pid, err := ctx.SpawnNamed(p, "connection/"+strconv.FormatUint(g.next, 10))
	if err != nil {
		panic(err) // numbers do not come twice
	}
	return pid
}

func (g *gateway) onTerminated(ctx actor.Context, who *actor.PID) {
	if from, ok := g.admitted[who.Id]; ok {
		delete(g.admitted, who.Id)
		if g.visitors.leave(from) {
			g.metrics.forgotten.Hit()
		}
		g.onIdle(ctx, &idle{who: who})
		return
	}
	if j, ok := g.dialing[who.Id]; ok {
		g.release(ctx, who)
		delete(g.dialing, who.Id)
		delete(g.fetches, j.key())
	}
}

// onDrain stops listening and waits until no incoming connection has an open answer. Outgoing ones go on: whoever
// drains may need them.
func (g *gateway) onDrain(ctx actor.Context, m *message.Drain) {
	g.draining = m.ReplyTo
	if g.listener != nil {
		g.listener.Close()
		g.listener = nil
	}
	g.busy = make(map[string]bool, len(g.admitted))
	for _, child := range ctx.Children() {
		if _, ok := g.admitted[child.Id]; ok {
			g.busy[child.Id] = true
			ctx.Send(child, m)
		}
	}
	g.onIdle(ctx, &idle{})
}

// idle is what a connection says when it has written its last answer while the gateway drains.
type idle struct{ who *actor.PID }

func (g *gateway) onIdle(ctx actor.Context, m *idle) {
	if m.who != nil {
		delete(g.busy, m.who.Id)
	}
	if g.draining != nil && len(g.busy) == 0 {
		ctx.Send(g.draining, &message.Drained{Who: ctx.Self()})
	}
}

func (g *gateway) onStopping(ctx actor.Context) {
	if g.listener != nil {
		g.listener.Close()
		g.listener = nil
	}
	g.dials.each(func(j job) {
		g.metrics.unsent(j)
		j.answer(ctx, errStopped)
	})
}

// Errors of outgoing connections.
var (
	errSelf    = errors.New("that is this node")
	errDenied  = errors.New("that address is refused (access.deny or access.allow)")
	errQueue   = fmt.Errorf("too many dials wait already (limits.dials_queued): %w", message.ErrBusy)
	errCrashed = errors.New("the connection's actor failed")
	errStopped = errors.New("the gateway stopped")

	errLinkEnded = errors.New("the link ended")
)
