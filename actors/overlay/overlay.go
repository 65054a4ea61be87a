// Package overlay is a supernode's place among supernodes: its neighbors, how it finds more of them, and the passing on
// of floods. Each neighbor is an actor that keeps a link to it, or, where it knows none, sends each packet on a connection
// of its own; it knows whether the neighbor can be reached and for how long it could be.
//
// A neighbor that fails is restarted, and dropped if it goes on failing; what was under way there ends with an outcome
// that is not known. The overlay itself is restarted with the neighbors of the configuration.
package overlay

import (
	"net/netip"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/acquaint"
	"alakazaam/actors/digest"
	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/config"
)

// Options are the rules of the overlay.
type Options struct {
	Self      p2p.Endpoint
	Neighbors []p2p.Endpoint // of the configuration
	Started   time.Time      // of the node
	Known     []p2p.Endpoint // supernodes that were found before, to begin with
	Config    *config.Live
	Notes     port.Notes // where the known supernodes are kept for the next start
}

// Props makes the overlay actor.
func Props(env *props.Env, o Options, routes *message.Routes) *actor.Props {
	return env.Make("overlay", func() actor.Actor { return newOverlay(env, o, routes) },
		props.Rule{Kind: "neighbor", Action: props.Restart, Restarts: 10, Within: 10 * time.Second, Last: props.LastStop})
}

type overlay struct {
	env     *props.Env
	options Options
	routes  *message.Routes

	neighbors []*neighborInfo // in the order in which they came
	seen      *props.Seen     // Pktids of SUPEs
	searching p2p.PacketID    // of the discovery whose answers are waited for
	until     time.Time
	timer     port.Timer // of the next look for neighbors
	census    census
	book      *acquaint.Book // supernodes that are neighbors, were, or could be
	own       *digest.Filter // a copy of the catalog's
	digesting bool           // the catalog makes one
	recalled  bool           // the supernodes of an earlier run are in it
	kept      []byte         // of the book, in the notes
	filling   port.Timer     // soon it takes neighbors out of the book

	level        port.Gauge
	duplicates   port.Counter
	full, subnet *props.Limit
	shy          *props.Limit // SUPEs that were not answered because this node fills up
	unknown      *props.Limit // supernodes for which there is no room in the book
	changes      props.Gate   // of log lines about neighbors that are not configured
	meters       *meters
}

// neighborInfo is what the overlay knows of a neighbor.
type neighborInfo struct {
	pid        *actor.PID
	endpoint   p2p.Endpoint
	configured bool
	kind       kind
	lost       bool      // it has failed too often; another one may take its place
	missed     bool      // it could not be reached the last time, as the log has it
	since      time.Time // when it could be reached first, without a break since then
	uptime     time.Duration
	rtt        time.Duration
	sessions   int
	files      int
	tally      *tally
	fed        *actor.PID // its link that gets this node's filter; nil: none does
}

// discover is when the overlay looks whether it needs more neighbors.
type discover struct{}

// again brings back a neighbor of the configuration whose actor failed for good, or which did not want this node.
type again struct{ endpoint p2p.Endpoint }

// rttBuckets are classes of round-trip times in seconds, from this machine to the other side of the earth.
var rttBuckets = []float64{0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5}

func newOverlay(env *props.Env, o Options, routes *message.Routes) *overlay {
	m, limits := env.Metrics, o.Config.Get().Limits
	return &overlay{
		env: env, options: o, routes: routes,
		seen:       props.NewSeen(env, limits.Pktids),
		census:     newCensus(env),
		own:        digest.NewFilter(int(o.Config.Get().Search.FilterMax)),
		book:       acquaint.New(limits.KnownSupernodes, limits.KnownPerSubnet),
		level:      m.Gauge("neighbors", "Neighbors that could be reached last time."),
		duplicates: m.Counter("dropped_total", "Packets dropped, by command and reason.", "command", "SUPE", "reason", "duplicate"),
		full:       env.Refusing("discovery_max", "neighbor refused: discovery.max"),
		shy:        env.Refusing("supe_unanswered", "a SUPE is not answered: more than half of limits.sessions are there").Quietly(),
		unknown:    env.Refusing("known_supernodes", "supernode not remembered: limits.known_supernodes or limits.known_per_subnet").Quietly(),
		subnet:     env.Refusing("discovery_per_subnet", "neighbor refused: discovery.per_subnet"),
		meters: &meters{
			dropped:  m.Counter("neighbor_drops_total", "Packets not passed on because a neighbor was down or too slow."),
			late:     m.Counter("dropped_total", "Packets dropped, by command and reason.", "command", "AQUE", "reason", "not_asked"),
			needless: m.Counter("searches_routed_total", "Searches that were not sent to a neighbor on their last hop because nothing there can match."),
			links:    m.Gauge("links", "Neighbors with a link."),
			lost:     m.Counter("links_lost_total", "Links that ended."),
			rtt:      m.Histogram("ping_seconds", "How long neighbors took to answer a PING over their link.", rttBuckets),
			slow:     env.Refusing("packets_per_neighbor", "packet not passed on: limits.packets_per_neighbor"),
			tardy:    env.Refusing("tardy_neighbor", "no search waits for a neighbor that has not finished one within search.window: discovery.link_again"),
		},
	}
}

// Receive implements actor.Actor.
func (o *overlay) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		o.options.Notes.Recall(noteName, ctx.Self())
		for _, e := range o.options.Neighbors {
			o.add(ctx, e, true)
		}
		for _, e := range o.options.Known {
			o.book.Hear(e, o.env.Clock.Now())
		}
		o.fillSoon(ctx)
		o.onDiscover(ctx)
	case *message.Flood:
		o.onFlood(ctx, m)
	case *message.LinkAsked:
		o.onLinkAsked(ctx, m)
	case *standing:
		o.onStanding(ctx, m)
	case *message.Supe:
		o.onSupe(ctx, m)
		ctx.Send(m.ReplyTo, &message.Handled{Ref: m.Ref})
	case *message.Asup:
		o.onAsup(ctx, m)
		ctx.Send(m.ReplyTo, &message.Handled{Ref: m.Ref})
	case *message.Ping:
		o.onPing(ctx, m)
	case *message.SessionsStatus:
		o.census.sessions = m.Sessions
		o.counted(ctx)
	case *message.CatalogStatus:
		o.census.files = m.Files
		o.counted(ctx)
	case *port.Recalled:
		o.onRecalled(ctx, m)
	case *fill:
		o.onFill(ctx)
	case *hungry:
		o.onHungry(ctx, m)
	case *message.FilterPart, *message.FilterDelta:
		o.feedAll(ctx, m)
	case *message.Undigested:
		o.onUndigested(ctx)
	case *again:
		o.add(ctx, m.endpoint, true)
	case *discover:
		o.onDiscover(ctx)
	case *actor.Terminated:
		o.onTerminated(ctx, m.Who)
	case *message.Inspect:
		ctx.Send(m.ReplyTo, o.status())
	case *actor.Stopping, *actor.Restarting:
		for _, t := range []port.Timer{o.timer, o.filling} {
			if t != nil {
				t.Stop()
			}
		}
		o.keep()
		o.tellCensus(ctx)
		o.level.Set(0)
		ctx.Send(o.routes.Queries, &message.Abandoned{})
	case *actor.Stopped:
	default:
		o.env.Log.Warnf("overlay: unexpected %T", m)
	}
}

// onFlood passes a QUER on.
func (o *overlay) onFlood(ctx actor.Context, m *message.Flood) {
	out := &message.Flooded{Ref: m.Ref}
	to := o.others(m.Packet.From, m.Packet.Link, m.Packet.Origin)
	if m.Only != nil {
		to = slices.DeleteFunc(to, func(n *neighborInfo) bool { return !slices.Contains(m.Only, n.endpoint) })
	}
	for _, n := range to {
		out.Branches = append(out.Branches, n.endpoint)
	}
	if m.ReplyTo != nil {
		ctx.Send(m.ReplyTo, out)
	}
	for _, n := range to {
		ctx.Send(n.pid, &pass{packet: m.Packet, ref: m.Ref, replyTo: m.ReplyTo})
	}
}

// others are the neighbors to which a packet goes on that came over a neighbor's link, or else from an address.
func (o *overlay) others(from netip.Addr, link *actor.PID, origin p2p.Endpoint) []*neighborInfo {
	if link != nil {
		from = netip.Addr{}
	}
	all := make([]p2p.Endpoint, len(o.neighbors))
	for i, n := range o.neighbors {
		all[i] = n.endpoint
	}
	var out []*neighborInfo
	for i, ok := range onward(all, from, origin) {
		if n := o.neighbors[i]; ok && (link == nil || n.pid.Id != link.Id) {
			out = append(out, n)
		}
	}
	return out
}
