// Package peer is an ordinary peer's standing with its supernode: it finds supernodes through the bootstrap nodes,
// logs in at one, publishes what the node shares, searches through it, and looks for another when it is gone.
//
// It keeps trying as long as the node runs. When it fails it is restarted and begins anew; a supernode gives whoever
// logs in again the session that is there already.
package peer

import (
	"errors"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/config"
)

// Options are the rules of a peer.
type Options struct {
	Self      p2p.Endpoint
	Bootstrap []p2p.Endpoint // nodes to ask for supernodes
	Known     []p2p.Endpoint // supernodes to try first, the last one before the others
	Config    *config.Live
	Notes     port.Notes // where the known supernodes are kept for the next start
	// FindWindow is how long to wait for the answer to a search.
	FindWindow time.Duration
}

const (
	// answerTimeout is how long to wait for the answer to a login or logout.
	answerTimeout = 10 * time.Second
	// overdueAfter is how long the outcome of a login or logout may take: longer than any dial and its answer, so that it
	// only passes when an actor has failed over it.
	overdueAfter = 15 * time.Minute
	// maxKnown is how many supernodes are remembered.
	maxKnown = 32
)

// The states.
const (
	searching  = "searching"
	loggingIn  = "logging in"
	online     = "online"
	loggingOut = "logging out"
	offline    = "offline"
)

// Props makes the peer actor.
func Props(env *props.Env, o Options, routes *message.Routes) *actor.Props {
	return env.Make("peer", func() actor.Actor { return newPeer(env, o, routes) })
}

type peer struct {
	env     *props.Env
	options Options
	routes  *message.Routes

	state     string
	supernode p2p.Endpoint // logged in there, or trying to
	session   p2p.SessionID
	known     []p2p.Endpoint       // supernodes that answered, the latest last
	untried   []p2p.Endpoint       // of this round: those to try, the best first
	search    p2p.PacketID         // of the SUPE whose answers are waited for
	asked     map[message.Ref]bool // SUPEs to bootstrap nodes of which none is known to have arrived
	rounds    int                  // without success
	timer     port.Timer           // of the state

	publisher publisher
	finds     finds
	seen      *props.Seen
	lastRef   message.Ref
	login     message.Ref // of the login or logout under way
	limit     port.Timer  // of it
	draining  *actor.PID

	level port.Gauge
}

func newPeer(env *props.Env, o Options, routes *message.Routes) *peer {
	return &peer{
		env: env, options: o, routes: routes, state: offline, known: slices.Clone(o.Known),
		publisher: newPublisher(), finds: make(finds), seen: props.NewSeen(env, o.Config.Get().Limits.Pktids),
		lastRef: message.Ref(env.Rand.Uint64()), // so that answers to an instance that failed are not taken for ours
		level:   env.Metrics.Gauge("peer_online", "1 while logged in at a supernode."),
	}
}

// The timers. A message of one that was stopped too late does no harm: each looks at the state first.
type (
	windowOver struct{}
	tryAgain   struct{}
	refresh    struct{}
	overdue    struct{ ref message.Ref } // of a login or logout
)

// errOverdue is the outcome of a login whose real one was lost.
var errOverdue = errors.New("the login was never answered")

// Receive implements actor.Actor.
func (p *peer) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		ctx.Send(p.routes.Share, &message.Subscribe{ReplyTo: ctx.Self()})
		p.seek(ctx)
	case *message.Asup:
		p.onAsup(ctx, m)
		ctx.Send(m.ReplyTo, &message.Handled{Ref: m.Ref})
	case *message.Supe:
		p.onSupe(ctx, m)
		ctx.Send(m.ReplyTo, &message.Handled{Ref: m.Ref})
	case *windowOver:
		p.onWindowOver(ctx)
	case *tryAgain:
		p.onTryAgain(ctx)
	case *refresh:
		p.onRefresh(ctx)
	case *overdue:
		p.onOverdue(ctx, m)
	case *message.Answered:
		p.onAnswered(ctx, m)
	case *message.ShareUpdate:
		p.publisher.update(m)
		p.publish(ctx)
	case *message.Sent:
		p.onSent(ctx, m)
	case *message.Find:
		p.onFind(ctx, m)
	case *message.Drain:
		p.onDrain(ctx, m)
	case *message.Inspect:
		ctx.Send(m.ReplyTo, &message.PeerStatus{
			State: p.state, Supernode: p.supernode, Published: len(p.publisher.published), Known: slices.Clone(p.known),
		})
	case *actor.Stopping, *actor.Restarting:
		p.level.Set(0)
		p.stopTimer()
		if p.limit != nil {
			p.limit.Stop()
		}
		p.finds.fail(ctx, message.ErrNoSupernode)
	case *actor.Stopped:
	default:
		p.env.Log.Warnf("peer: unexpected %T", m)
	}
}

func (p *peer) ref() message.Ref {
	p.lastRef++
	return p.lastRef
}

// after arms the state's timer in place of the one before.
func (p *peer) after(ctx actor.Context, d time.Duration, m any) {
	p.stopTimer()
	p.timer = p.env.Clock.After(d, ctx.Self(), m)
}

func (p *peer) stopTimer() {
	if p.timer != nil {
		p.timer.Stop()
	}
}

func (p *peer) enter(state string) {
	if p.state == state {
		return
	}
	p.state = state
	p.level.Set(0)
	if state == online {
		p.level.Set(1)
	}
	log := p.env.Log
	if !p.supernode.IsZero() {
		log = log.WithField("supernode", p.supernode.String())
	}
	log.Info("peer: " + state)
}

// onDrain logs out, so that nobody is sent here in vain.
func (p *peer) onDrain(ctx actor.Context, m *message.Drain) {
	p.draining = m.ReplyTo
	switch p.state {
	case online:
		p.logout(ctx)
	case loggingIn: // onAnswered sees to a session that comes of it
	default:
		p.depart(ctx)
	}
}

func (p *peer) logout(ctx actor.Context) {
	p.enter(loggingOut)
	p.stopTimer()
	p.login = p.ref()
	ctx.Send(p.routes.Gateway, &message.Ask{
		Ref: p.login, To: p.supernode, Packet: &message.Logout{Session: p.session}, Timeout: answerTimeout, ReplyTo: ctx.Self(),
	})
	p.watchLogin(ctx)
}

func (p *peer) depart(ctx actor.Context) {
	p.enter(offline)
	p.stopTimer()
	p.finds.fail(ctx, message.ErrNoSupernode)
	ctx.Send(p.draining, &message.Drained{Who: ctx.Self()})
}
