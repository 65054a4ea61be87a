// Package overlay is a supernode's place among supernodes: its neighbors, how it finds more of them, and the passing on
// of floods. Each neighbor is an actor that sends one packet a connection and knows whether it can be reached.
//
// A neighbor that fails is restarted, and dropped if it goes on failing; the packets in its hands are counted as not
// delivered. The overlay itself is restarted with the neighbors of the configuration.
package overlay

import (
	"maps"
	"net/netip"
	"slices"
	"time"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/config"
	"github.com/asynkron/protoactor-go/actor"
)

// Options are the rules of the overlay.
type Options struct {
	Self      p2p.Endpoint
	Neighbors []p2p.Endpoint // of the configuration
	Config    *config.Live
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
	floods    map[message.Ref]*flood
	lastRef   message.Ref

	level      port.Gauge
	duplicates port.Counter
	full       *props.Limit
	dropped    port.Counter
	slow       *props.Limit
}

// neighborInfo is what the overlay knows of a neighbor.
type neighborInfo struct {
	pid        *actor.PID
	endpoint   p2p.Endpoint
	configured bool
	up         bool
	sent       int
	failed     int
}

// flood is a Flood under way.
type flood struct {
	ref     message.Ref
	replyTo *actor.PID
	waiting []*actor.PID // neighbors that have not said what became of it
	reached int
}

// discover is when the overlay looks whether it needs more neighbors.
type discover struct{}

// again brings back a neighbor of the configuration whose actor failed for good.
type again struct{ endpoint p2p.Endpoint }

func newOverlay(env *props.Env, o Options, routes *message.Routes) *overlay {
	return &overlay{
		env: env, options: o, routes: routes,
		seen: props.NewSeen(env, o.Config.Get().Limits.Pktids), floods: make(map[message.Ref]*flood),
		lastRef:    message.Ref(env.Rand.Uint64()), // so that answers to an instance that failed are not taken for ours
		level:      env.Metrics.Gauge("neighbors", "Neighbors that could be reached last time."),
		duplicates: env.Metrics.Counter("dropped_total", "Packets dropped, by command and reason.", "command", "SUPE", "reason", "duplicate"),
		dropped:    env.Metrics.Counter("neighbor_drops_total", "Packets not passed on because a neighbor was down or too slow."),
		full:       env.Refusing("discovery_max", "neighbor refused: discovery.max"),
		slow:       env.Refusing("packets_per_neighbor", "packet not passed on: limits.packets_per_neighbor"),
	}
}

// Receive implements actor.Actor.
func (o *overlay) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		for _, e := range o.options.Neighbors {
			o.add(ctx, e, true)
		}
		o.onDiscover(ctx)
	case *message.Flood:
		o.onFlood(ctx, m)
	case *passed:
		o.onPassed(ctx, m)
	case *standing:
		o.onStanding(ctx, m)
	case *message.Supe:
		o.onSupe(ctx, m)
		ctx.Send(m.ReplyTo, &message.Handled{Ref: m.Ref})
	case *message.Asup:
		o.onAsup(ctx, m)
		ctx.Send(m.ReplyTo, &message.Handled{Ref: m.Ref})
	case *again:
		o.add(ctx, m.endpoint, true)
	case *discover:
		o.onDiscover(ctx)
	case *actor.Terminated:
		o.onTerminated(ctx, m.Who)
	case *message.Inspect:
		ctx.Send(m.ReplyTo, o.status())
	case *actor.Stopping, *actor.Restarting:
		if o.timer != nil {
			o.timer.Stop()
		}
		o.level.Set(0)
	case *actor.Stopped:
	default:
		o.env.Log.Warnf("overlay: unexpected %T", m)
	}
}

// add makes a neighbor, unless it is one already or this node itself.
func (o *overlay) add(ctx actor.Context, e p2p.Endpoint, configured bool) {
	if e.Same(o.options.Self) {
		return
	}
	for _, n := range o.neighbors {
		if n.endpoint.Same(e) {
			n.configured = n.configured || configured
			return
		}
	}
	cfg := o.options.Config.Get()
	if limit := cfg.Discovery.Max; limit > 0 && len(o.neighbors) >= limit {
		o.full.Hit("neighbor", e, "limit", limit)
		return
	}
	p := o.env.Make("neighbor", func() actor.Actor {
		return &neighbor{env: o.env, routes: o.routes, endpoint: e, config: o.options.Config, dropped: o.dropped, slow: o.slow}
	})
	pid, err := ctx.SpawnNamed(p, "neighbor/"+e.String())
	if err != nil {
		// The one of that name is still on its way out; a later discovery may find it again.
		o.env.Log.WithField("neighbor", e.String()).WithError(err).Debug("neighbor not added")
		return
	}
	o.neighbors = append(o.neighbors, &neighborInfo{pid: pid, endpoint: e, configured: configured})
}

func (o *overlay) find(e p2p.Endpoint) *neighborInfo {
	i := slices.IndexFunc(o.neighbors, func(n *neighborInfo) bool { return n.endpoint == e })
	if i < 0 {
		return nil
	}
	return o.neighbors[i]
}

// onFlood passes a QUER on to every neighbor but the one it came from and the one that began it.
func (o *overlay) onFlood(ctx actor.Context, m *message.Flood) {
	to := o.others(m.Packet.From, m.Packet.Origin)
	if len(to) == 0 {
		if m.ReplyTo != nil {
			ctx.Send(m.ReplyTo, &message.Flooded{Ref: m.Ref})
		}
		return
	}
	o.lastRef++
	if m.ReplyTo != nil {
		f := &flood{ref: m.Ref, replyTo: m.ReplyTo}
		for _, n := range to {
			f.waiting = append(f.waiting, n.pid)
		}
		o.floods[o.lastRef] = f
	}
	for _, n := range to {
		ctx.Send(n.pid, &pass{ref: o.lastRef, packet: m.Packet})
	}
}

// others are the neighbors to which a packet from an address goes on.
func (o *overlay) others(from netip.Addr, origin p2p.Endpoint) []*neighborInfo {
	all := make([]p2p.Endpoint, len(o.neighbors))
	for i, n := range o.neighbors {
		all[i] = n.endpoint
	}
	var out []*neighborInfo
	for i, ok := range onward(all, from, origin) {
		if ok {
			out = append(out, o.neighbors[i])
		}
	}
	return out
}

// onPassed counts one neighbor's part of a flood.
func (o *overlay) onPassed(ctx actor.Context, m *passed) {
	if n := o.find(m.by); n != nil {
		if m.ok {
			n.sent++
		} else {
			n.failed++
		}
	}
	o.settle(ctx, m.ref, m.pid, m.ok)
}

// onStanding notes whether a neighbor can be reached. One that was found and is lost is forgotten.
func (o *overlay) onStanding(ctx actor.Context, m *standing) {
	n := o.find(m.by)
	if n == nil {
		return
	}
	if n.up != m.up {
		what := map[bool]string{true: "neighbor can be reached", false: "neighbor cannot be reached any more"}[m.up]
		o.env.Log.WithField("neighbor", m.by.String()).Info(what)
	}
	if m.up && !n.up && !o.env.Clock.Now().Before(o.until) {
		o.discover(ctx) // the first that can be reached knows others
	}
	n.up = m.up
	if m.lost && !n.configured {
		ctx.Stop(n.pid)
	}
	o.count()
}

func (o *overlay) count() {
	up := 0
	for _, n := range o.neighbors {
		if n.up {
			up++
		}
	}
	o.level.Set(up)
}

// settle takes a neighbor's part of a flood, once.
func (o *overlay) settle(ctx actor.Context, ref message.Ref, by *actor.PID, ok bool) {
	f := o.floods[ref]
	if f == nil {
		return
	}
	i := slices.IndexFunc(f.waiting, func(p *actor.PID) bool { return p.Id == by.Id })
	if i < 0 {
		return
	}
	if f.waiting = slices.Delete(f.waiting, i, i+1); ok {
		f.reached++
	}
	if len(f.waiting) == 0 {
		delete(o.floods, ref)
		ctx.Send(f.replyTo, &message.Flooded{Ref: f.ref, Reached: f.reached})
	}
}

// onTerminated forgets a neighbor that was given up, or brings back one of the configuration.
func (o *overlay) onTerminated(ctx actor.Context, who *actor.PID) {
	i := slices.IndexFunc(o.neighbors, func(n *neighborInfo) bool { return n.pid.Id == who.Id })
	if i < 0 {
		return
	}
	n := o.neighbors[i]
	o.neighbors = slices.Delete(o.neighbors, i, i+1)
	for _, ref := range slices.Sorted(maps.Keys(o.floods)) {
		o.settle(ctx, ref, who, false) // what was in its mailbox is lost
	}
	o.env.Log.WithField("neighbor", n.endpoint.String()).Info("neighbor dropped")
	if n.configured {
		o.env.Clock.After(maxBackoff, ctx.Self(), &again{n.endpoint})
	}
	o.count()
}

func (o *overlay) status() *message.OverlayStatus {
	s := &message.OverlayStatus{Neighbors: []message.NeighborStatus{}}
	for _, n := range o.neighbors {
		s.Neighbors = append(s.Neighbors, message.NeighborStatus{
			Endpoint: n.endpoint, Configured: n.configured, Up: n.up, Sent: n.sent, Failed: n.failed,
		})
	}
	return s
}
