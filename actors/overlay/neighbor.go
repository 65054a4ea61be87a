package overlay

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/actors/text"
	"alakazaam/config"
)

const (
	// lostAfter is how many failures in a row lose a neighbor that was found by discovery.
	lostAfter = 3
	// estrangedAfter is how many failures in a row, a good minute, turn one that had a link and does not understand LINK any
	// more into a base node: another program runs there now. Until then it may be ending, or starting.
	estrangedAfter = 6
)

// neighbor is the actor of one neighbor. It keeps a link to it where it knows links; else it sends packets each on a
// connection of its own. It backs off while the neighbor cannot be reached.
type neighbor struct {
	env      *props.Env
	routes   *message.Routes
	endpoint p2p.Endpoint
	self     p2p.Endpoint
	started  time.Time // of this node
	config   *config.Live
	invited  bool // the other side has asked for a link, which is in the mailbox
	tally    *tally
	meters   *meters

	kind    kind
	opening message.Ref // of the OpenLink, or of the look whether it can be reached, that is under way; 0: neither is
	looking bool        // it is the latter
	again   time.Time   // when one that knows no links is asked for one again
	waiting []*pass     // until it is known how to send
	under   map[message.Ref]*pass
	lastRef message.Ref
	linked  linked
	knows   bool      // it has had a link with this node: it is no base node
	tardy   time.Time // until when no search waits for its DONEs
	kept    int       // DONEs since there was one that it had not said
	proof   int       // as many make searches wait for it again

	failures int        // in a row
	retry    port.Timer // ends a rest, or asks for a link again
	resting  bool
}

// kind is how packets get to a neighbor.
type kind string

const (
	unreached kind = ""     // not at the moment, or not yet
	byLink    kind = "link" // over its link
	base      kind = "base" // each on a connection of its own
)

// tally counts what was sent to a neighbor. Both its actor and the overlay's look at it.
type tally struct{ sent, failed atomic.Int64 }

// meters are what all neighbors of a node count.
type meters struct {
	dropped  port.Counter   // packets that a neighbor was too slow for, or could not be reached for
	late     port.Counter   // answers to no search
	needless port.Counter   // searches that were not sent because nothing can match
	links    port.Gauge     // neighbors with a link
	lost     port.Counter   // links
	rtt      port.Histogram // of pings
	slow     *props.Limit   // packets that a neighbor was too slow for
	tardy    *props.Limit   // neighbors that did not say when they had finished
}

// pass asks a neighbor to send a packet: a QUER, after which replyTo gets what message.Flood says, or a SUPE.
type pass struct {
	packet  any
	ref     message.Ref
	replyTo *actor.PID // nil: nobody
	at      time.Time  // when it left
	watched bool       // its end is noticed
	gone    bool       // it has ended: nobody waits for answers
}

// standing tells the overlay how a neighbor is.
type standing struct {
	by      p2p.Endpoint
	kind    kind
	lost    bool  // it has failed too often
	refused bool  // it knows links and wants none with this node
	why     error // it cannot be reached, or refused
	uptime  time.Duration
	rtt     time.Duration
	load    *message.Pong // nil: it has not told
}

// Timers of a neighbor.
type (
	rested   struct{} // a backoff ends
	pingTime struct{ link *actor.PID }
	pongDue  struct {
		link *actor.PID
		id   p2p.PacketID
	}
)

// Receive implements actor.Actor.
func (n *neighbor) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		n.start(ctx)
	case *pass:
		n.onPass(ctx, m)
	case *message.Sent:
		n.onSent(ctx, m)
	case *message.LinkAsked:
		n.onAsked(ctx, m)
	case *message.Linked:
		n.onLinked(ctx, m)
	case *message.LinkLost:
		n.onLost(ctx, m)
	case *actor.Terminated:
		n.onTerminated(ctx, m.Who)
	case *rested:
		n.resting, n.retry = false, nil
		n.open(ctx)
	case *pingTime:
		n.onPingTime(ctx, m)
	case *pongDue:
		n.onPongDue(ctx, m)
	case *message.Supe, *message.Asup, *message.Quer, *message.Aque, *message.Done, *message.Ping, *message.Pong,
		*message.FilterPart, *message.FilterDelta:
		n.onPacket(ctx, m)
	case *feed:
		n.onFeed(ctx, m)
	case *message.FilterCut:
		n.onFilterCut(ctx, m)
	case *feedAgain:
		if m.link.Equal(n.linked.pid) {
			n.ask(ctx)
		}
	case *message.Handled:
		n.onHandled(ctx, m)
	case *message.Carry:
		n.onCarry(ctx, m.Packet)
	case *actor.Stopping, *actor.Restarting:
		n.fail(ctx)
	case *actor.Stopped:
	default:
		n.env.Log.Warnf("neighbor: unexpected %T", m)
	}
}

// Errors of links.
var (
	errLinkStopped = errors.New("its actor stopped")
	errSilent      = errors.New("no PONG came in time (discovery.ping_timeout)")
)

func (n *neighbor) start(ctx actor.Context) {
	n.under = make(map[message.Ref]*pass)
	n.lastRef = message.Ref(n.env.Rand.Uint64()) // so that answers to an instance that failed are not taken for ours
	if n.invited {
		n.rest(ctx, firstBackoff) // in case the invitation is lost
		return
	}
	n.open(ctx)
}

func (n *neighbor) rules() config.Discovery { return n.config.Get().Discovery }

func (n *neighbor) ref() message.Ref {
	n.lastRef++
	return n.lastRef
}

// open asks for a link, or looks whether one that knows no links can be reached: it counts once it has been.
func (n *neighbor) open(ctx actor.Context) {
	if n.opening != 0 || n.kind == byLink {
		return
	}
	n.opening = n.ref()
	d := n.rules()
	if n.looking = !d.Links || n.env.Clock.Now().Before(n.again); !n.looking {
		ctx.Send(n.routes.Gateway, &message.OpenLink{Ref: n.opening, To: n.endpoint, Timeout: d.LinkTimeout, ReplyTo: ctx.Self()})
		return
	}
	ctx.Send(n.routes.Gateway, &message.Send{Ref: n.opening, To: n.endpoint, ReplyTo: ctx.Self()})
}

// onLinked takes the outcome of the attempt to open a link.
func (n *neighbor) onLinked(ctx actor.Context, m *message.Linked) {
	if m.Ref != n.opening {
		if m.Link != nil {
			ctx.Send(m.Link, &message.CloseLink{}) // the other side's link came first
		}
		return
	}
	n.opening = 0
	var refused *message.LinkRefused
	switch {
	case m.Err == nil:
		n.join(ctx, m.Link, m.Version, m.Uptime)
	case errors.Is(m.Err, message.ErrBase) && (!n.knows || n.failures >= estrangedAfter):
		n.knows = false
		n.again = n.env.Clock.Now().Add(n.rules().LinkAgain)
		n.reached(ctx)
	case errors.As(m.Err, &refused):
		n.onRefused(ctx, refused)
	default:
		n.unreached(ctx, m.Err)
	}
}

// onRefused leaves one alone that wants no link with this node, unless it is opening one from its side.
func (n *neighbor) onRefused(ctx actor.Context, m *message.LinkRefused) {
	if m.Code == message.NackConflict {
		n.rest(ctx, firstBackoff)
		return
	}
	n.down(ctx)
	ctx.Send(ctx.Parent(), &standing{by: n.endpoint, refused: true, why: fmt.Errorf("it refuses a link: %d %s", m.Code, text.Display(m.Reason))})
}

// reached notes that a neighbor without a link can be reached, and sends what has waited for it.
func (n *neighbor) reached(ctx actor.Context) {
	n.failures = 0
	if n.kind != base {
		n.kind = base
		ctx.Send(ctx.Parent(), &standing{by: n.endpoint, kind: base})
	}
	n.stopRetry()
	if n.rules().Links {
		n.retry = n.env.Clock.After(n.again.Sub(n.env.Clock.Now()), ctx.Self(), &rested{})
	}
	n.flush(ctx)
}

// unreached leaves a neighbor alone for a while that could not be reached.
func (n *neighbor) unreached(ctx actor.Context, err error) {
	if n.resting {
		return // one of several packets that were under way together
	}
	if errors.Is(err, message.ErrBusy) {
		if n.kind == unreached { // this node had no time to look, and looks again
			n.rest(ctx, firstBackoff)
		}
		return
	}
	n.down(ctx)
	ctx.Send(ctx.Parent(), &standing{by: n.endpoint, lost: n.failures >= lostAfter, why: err})
}

// down backs off.
func (n *neighbor) down(ctx actor.Context) {
	n.failures++
	n.kind = unreached
	n.drop(ctx)
	n.rest(ctx, backoff(n.failures, rand.New(n.env.Rand).Float64()))
}

// rest leaves the neighbor alone for a while.
func (n *neighbor) rest(ctx actor.Context, d time.Duration) {
	n.stopRetry()
	n.resting = true
	n.retry = n.env.Clock.After(d, ctx.Self(), &rested{})
}

func (n *neighbor) stopRetry() {
	if n.retry != nil {
		n.retry.Stop()
		n.retry = nil
	}
	n.resting = false
}

// onPass sends a packet, or has it wait while it is not known how.
func (n *neighbor) onPass(ctx actor.Context, m *pass) {
	switch limit := n.config.Get().Limits.PacketsPerNeighbor; {
	case n.kind == byLink:
		n.overLink(ctx, m)
	case n.kind == unreached && (n.resting || n.opening == 0):
		n.refuse(ctx, m, message.Unreached)
	case len(n.under)+len(n.waiting) >= limit: // one that is slow to accept must not fill this node's memory
		n.refuse(ctx, m, message.Unknown)
		n.meters.slow.Hit("neighbor", n.endpoint, "limit", limit)
	case n.kind == unreached:
		n.waiting = append(n.waiting, m)
	default:
		n.alone(ctx, m)
	}
}

// alone sends a packet on a connection of its own.
func (n *neighbor) alone(ctx actor.Context, m *pass) {
	ref := n.ref()
	n.under[ref] = m
	ctx.Send(n.routes.Gateway, &message.Send{Ref: ref, To: n.endpoint, Packet: m.packet, ReplyTo: ctx.Self()})
}

func (n *neighbor) onSent(ctx actor.Context, m *message.Sent) {
	if m.Ref == n.opening && m.Ref != 0 {
		if n.opening = 0; m.Err != nil {
			n.unreached(ctx, m.Err)
			return
		}
		n.reached(ctx)
		return
	}
	p, ok := n.under[m.Ref]
	if !ok {
		return // sent by an instance that failed
	}
	delete(n.under, m.Ref)
	if m.Err != nil {
		n.refuse(ctx, p, n.withheld(m.Err))
		if n.kind != byLink {
			n.unreached(ctx, m.Err)
		}
		return
	}
	n.tally.sent.Add(1)
	n.answer(ctx, p, message.Unknown)
	if n.kind != byLink {
		n.failures = 0
	}
}

// flush sends what has waited.
func (n *neighbor) flush(ctx actor.Context) {
	waiting := n.waiting
	n.waiting = nil
	for _, p := range waiting {
		n.onPass(ctx, p)
	}
}

// drop gives up what has waited.
func (n *neighbor) drop(ctx actor.Context) {
	for _, p := range n.waiting {
		n.refuse(ctx, p, message.Unreached)
	}
	n.waiting = nil
}

// refuse does not send a packet, and says what that means for the search: a neighbor that cannot be reached takes nothing
// away from it, and one that may well be there does.
func (n *neighbor) refuse(ctx actor.Context, m *pass, o message.Outcome) {
	n.tally.failed.Add(1)
	n.meters.dropped.Add(1)
	n.answer(ctx, m, o)
}

// withheld is what it means that a packet was not sent: where this node had no time for it, or the neighbor has come up
// meanwhile, it is there and was not asked.
func (n *neighbor) withheld(err error) message.Outcome {
	var gone *message.Unreachable
	if errors.As(err, &gone) && n.kind != byLink {
		return message.Unreached
	}
	return message.Unknown
}

func (n *neighbor) answer(ctx actor.Context, m *pass, o message.Outcome) {
	if m.replyTo != nil {
		ctx.Send(m.replyTo, &message.Branch{Ref: m.ref, By: n.endpoint, Outcome: o})
	}
}

// fail ends the link and has the queries know that nobody will say what became of what is under way, or of what this
// instance has failed over.
func (n *neighbor) fail(ctx actor.Context) {
	n.stopRetry()
	n.part(ctx)
	ctx.Send(n.routes.Queries, &message.Abandoned{By: n.endpoint})
}
