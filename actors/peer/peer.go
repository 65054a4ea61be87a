// Package peer is an ordinary peer's standing with its supernode: it finds supernodes through the bootstrap nodes and
// those that it knows from before, logs in at the best, publishes what the node shares and searches through it. It keeps
// others in readiness, looks at them and at its own from time to time, and goes over to the best of them when its own is
// gone; while it works it stays, even if a better one comes along.
//
// It keeps trying as long as the node runs. When it fails it is restarted and begins anew; a supernode gives whoever
// logs in again the session that is there already.
package peer

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/acquaint"
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
	// Known is for a peer that lives as long as one command: the supernodes to log in at. It takes the first that lets it
	// in, keeps none in readiness, and leaves no trace.
	Known  []p2p.Endpoint
	Config *config.Live
	Notes  port.Notes // where the known supernodes are kept for the next start
	// FindWindow is how long to wait for the answer to a search.
	FindWindow time.Duration
}

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
	state   string
	timers  timers

	supernode p2p.Endpoint  // logged in there, or trying to
	at        p2p.Endpoint  // the supernode of the last session, which may be gone
	session   p2p.SessionID // that one
	left      []account     // at supernodes that were left because they were gone, the latest last
	missed    int           // probes of the active supernode in a row
	noticed   time.Time     // when the loss of a supernode was noticed; zero: there is none to make good

	book      *acquaint.Book // the supernodes that are known
	recalled  bool           // those of the last run are in it
	unwritten bool           // it has changed since it was written down
	written   time.Time
	probes    map[message.Ref]probe

	search  p2p.PacketID         // of the SUPE whose answers are waited for
	asked   map[message.Ref]bool // SUPEs of which none is known to have arrived
	askedAt time.Time
	untried []p2p.Endpoint // candidates of this round
	tried   []p2p.Endpoint // those of this round that were tried
	hasty   bool           // the round tries the standbys only
	rounds  int            // without success
	trouble string         // why there is no supernode

	publisher publisher
	finds     finds
	seen      *props.Seen
	lastRef   message.Ref
	login     message.Ref // of the login or logout under way
	draining  *actor.PID

	level, standing     port.Gauge
	failovers, refusals port.Counter
	failover            port.Histogram
	full                *props.Limit
}

func newPeer(env *props.Env, o Options, routes *message.Routes) *peer {
	limits, m := o.Config.Get().Limits, env.Metrics
	p := &peer{
		env: env, options: o, routes: routes, state: offline, book: acquaint.New(limits.KnownSupernodes, limits.KnownPerSubnet),
		publisher: newPublisher(), finds: make(finds), seen: props.NewSeen(env, limits.Pktids), probes: make(map[message.Ref]probe),
		lastRef:   message.Ref(env.Rand.Uint64()), // so that answers to an instance that failed are not taken for ours
		level:     m.Gauge("peer_online", "1 while logged in at a supernode."),
		standing:  m.Gauge("peer_standbys", "Supernodes that can take the place of the active one."),
		failovers: m.Counter("peer_failovers_total", "Times that the supernode was lost and another one was looked for."),
		refusals:  m.Counter("peer_refused_total", "Logins that a supernode refused."),
		failover: m.Histogram("peer_failover_seconds", "Time from noticing that the supernode is gone to the next session.",
			[]float64{.01, .1, .5, 1, 2, 5, 10, 20, 60, 300}),
		full: env.Refusing("known_supernodes", "supernode not remembered: limits.known_supernodes or limits.known_per_subnet").Quietly(),
	}
	for _, e := range o.Known {
		p.book.Hear(e, env.Clock.Now())
	}
	return p
}

// guest says whether this is the peer of one command.
func (p *peer) guest() bool { return len(p.options.Known) > 0 }

// Receive implements actor.Actor.
func (p *peer) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		p.onStarted(ctx)
	case *message.Asup:
		p.onAsup(ctx, m)
		ctx.Send(m.ReplyTo, &message.Handled{Ref: m.Ref})
	case *message.Supe:
		p.onSupe(ctx, m)
		ctx.Send(m.ReplyTo, &message.Handled{Ref: m.Ref})
	case *alarm:
		p.onAlarm(ctx, m)
	case *port.Recalled:
		p.onRecalled(ctx, m)
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
		ctx.Send(m.ReplyTo, p.status())
	case *actor.Stopping, *actor.Restarting:
		p.onStopping(ctx)
	case *actor.Stopped:
	default:
		p.env.Log.Warnf("peer: unexpected %T", m)
	}
}

func (p *peer) onStarted(ctx actor.Context) {
	ctx.Send(p.routes.Share, &message.Subscribe{ReplyTo: ctx.Self()})
	if !p.guest() {
		p.options.Notes.Recall(note, ctx.Self())
	}
	p.seek(ctx)
}

func (p *peer) onStopping(ctx actor.Context) {
	p.level.Set(0)
	p.standing.Set(0)
	p.disarmAll()
	p.keep()
	p.finds.fail(ctx, message.ErrNoSupernode)
}

func (p *peer) ref() message.Ref {
	p.lastRef++
	return p.lastRef
}

// onSent takes the outcome of a SUPE, a probe or a publication.
func (p *peer) onSent(ctx actor.Context, m *message.Sent) {
	switch {
	case p.asked[m.Ref]:
		p.onAsked(ctx, m)
	case p.onProbed(ctx, m.Ref, nil, m.Err):
	default:
		p.onPublished(ctx, m)
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
