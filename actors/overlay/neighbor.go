package overlay

import (
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/config"
)

// lostAfter is how many failures in a row lose a neighbor that was found by discovery.
const lostAfter = 3

// neighbor is the actor of one neighbor: it sends packets, each on a connection of its own, and backs off while the
// neighbor cannot be reached.
type neighbor struct {
	env      *props.Env
	routes   *message.Routes
	endpoint p2p.Endpoint
	config   *config.Live
	dropped  port.Counter // packets that it was too slow for, or could not be reached for
	slow     *props.Limit // those that it was too slow for

	under    map[message.Ref]message.Ref // own ref → the overlay's, for packets under way
	lastRef  message.Ref
	up       bool
	failures int        // in a row
	resting  bool       // backing off
	timer    port.Timer // ends the rest
}

// pass asks a neighbor to send a packet. Answered by passed.
type pass struct {
	ref    message.Ref // 0: no answer is wanted
	packet any
}

// passed answers pass.
type passed struct {
	ref message.Ref
	by  p2p.Endpoint
	pid *actor.PID // of by
	ok  bool
}

// standing tells the overlay whether a neighbor can be reached.
type standing struct {
	by   p2p.Endpoint
	up   bool
	lost bool // it has failed too often
}

// rested ends a neighbor's backoff.
type rested struct{}

// Receive implements actor.Actor.
func (n *neighbor) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		n.under = make(map[message.Ref]message.Ref)
		n.lastRef = message.Ref(n.env.Rand.Uint64()) // so that answers to an instance that failed are not taken for ours
		n.probe(ctx)
	case *pass:
		n.onPass(ctx, m)
	case *message.Sent:
		n.onSent(ctx, m)
	case *rested:
		n.resting = false
		n.probe(ctx)
	case *actor.Stopping, *actor.Restarting:
		n.fail(ctx)
	case *actor.Stopped:
	default:
		n.env.Log.Warnf("neighbor: unexpected %T", m)
	}
}

// probe looks whether the neighbor can be reached: it counts once it has been.
func (n *neighbor) probe(ctx actor.Context) { n.send(ctx, &pass{}) }

func (n *neighbor) onPass(ctx actor.Context, m *pass) {
	// A neighbor that is slow to accept must not fill this node's memory.
	limit := n.config.Get().Limits.PacketsPerNeighbor
	full := !n.resting && len(n.under) >= limit
	if n.resting || full {
		n.answer(ctx, m.ref, false)
		n.dropped.Add(1)
		if full {
			n.slow.Hit("neighbor", n.endpoint, "limit", limit)
		}
		return
	}
	n.send(ctx, m)
}

func (n *neighbor) send(ctx actor.Context, m *pass) {
	n.lastRef++
	n.under[n.lastRef] = m.ref
	ctx.Send(n.routes.Gateway, &message.Send{Ref: n.lastRef, To: n.endpoint, Packet: m.packet, ReplyTo: ctx.Self()})
}

func (n *neighbor) onSent(ctx actor.Context, m *message.Sent) {
	ref, ok := n.under[m.Ref]
	if !ok {
		return // sent by an instance that failed
	}
	delete(n.under, m.Ref)
	n.answer(ctx, ref, m.Err == nil)
	if m.Err == nil {
		n.failures = 0
		if !n.up {
			n.up = true
			ctx.Send(ctx.Parent(), &standing{by: n.endpoint, up: true})
		}
		return
	}
	if n.resting {
		return // one of several that were under way together
	}
	if errors.Is(m.Err, message.ErrBusy) {
		if !n.up { // this node had no time to look, and looks again
			n.rest(ctx, firstBackoff)
		}
		return
	}
	n.failures++
	n.up = false
	n.rest(ctx, backoff(n.failures, rand.New(n.env.Rand).Float64()))
	ctx.Send(ctx.Parent(), &standing{by: n.endpoint, lost: n.failures >= lostAfter})
}

// rest leaves the neighbor alone for a while.
func (n *neighbor) rest(ctx actor.Context, d time.Duration) {
	n.resting = true
	n.timer = n.env.Clock.After(d, ctx.Self(), &rested{})
}

func (n *neighbor) answer(ctx actor.Context, ref message.Ref, ok bool) {
	if ref != 0 {
		ctx.Send(ctx.Parent(), &passed{ref: ref, by: n.endpoint, pid: ctx.Self(), ok: ok})
	}
}

// fail answers for what is under way: nobody will know what became of it.
func (n *neighbor) fail(ctx actor.Context) {
	if n.timer != nil {
		n.timer.Stop()
	}
	for _, ref := range slices.Sorted(maps.Keys(n.under)) {
		n.answer(ctx, n.under[ref], false)
	}
}
