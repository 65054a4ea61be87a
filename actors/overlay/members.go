package overlay

import (
	"slices"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

// add makes a neighbor, unless it is one already, or this node itself, or there is no room for it.
func (o *overlay) add(ctx actor.Context, e p2p.Endpoint, configured bool) {
	if e.Same(o.options.Self) {
		return
	}
	if n := o.same(e); n != nil {
		n.configured = n.configured || configured
		return
	}
	if configured || o.room(e) {
		o.make(ctx, &neighborInfo{endpoint: e, configured: configured}, false)
	}
}

// make makes a neighbor's actor. invited says that the other side has asked for a link.
func (o *overlay) make(ctx actor.Context, n *neighborInfo, invited bool) {
	n.tally = &tally{}
	p := o.env.Make("neighbor", func() actor.Actor {
		return &neighbor{
			env: o.env, routes: o.routes, endpoint: n.endpoint, self: o.options.Self, started: o.options.Started, config: o.options.Config,
			invited: invited, tally: n.tally, meters: o.meters,
		}
	})
	pid, err := ctx.SpawnNamed(p, "neighbor/"+n.endpoint.String())
	if err != nil {
		// The one of that name is still on its way out; a later discovery may find it again.
		o.env.Log.WithField("neighbor", n.endpoint.String()).WithError(err).Debug("neighbor not added")
		return
	}
	n.pid = pid
	o.neighbors = append(o.neighbors, n)
}

// room says whether another neighbor may be had that was not configured. One that is lost gives its place away.
func (o *overlay) room(e p2p.Endpoint) bool {
	d := o.rules()
	here, near := 0, 0
	for _, n := range o.neighbors {
		if n.lost {
			continue
		}
		if here++; !n.configured && p2p.SubnetOf(n.endpoint.Host()) == p2p.SubnetOf(e.Host()) {
			near++
		}
	}
	switch {
	case d.Max > 0 && here >= d.Max:
		o.full.Hit("neighbor", e, "limit", d.Max)
		return false
	case d.PerSubnet > 0 && near >= d.PerSubnet && !e.Host().Unmap().IsLoopback():
		o.subnet.Hit("neighbor", e, "limit", d.PerSubnet)
		return false
	}
	return true
}

func (o *overlay) find(e p2p.Endpoint) *neighborInfo {
	return o.where(func(n *neighborInfo) bool { return n.endpoint == e })
}

// same is the neighbor that may be the node at e.
func (o *overlay) same(e p2p.Endpoint) *neighborInfo {
	return o.where(func(n *neighborInfo) bool { return n.endpoint.Same(e) })
}

func (o *overlay) where(f func(*neighborInfo) bool) *neighborInfo {
	if i := slices.IndexFunc(o.neighbors, f); i >= 0 {
		return o.neighbors[i]
	}
	return nil
}

// onLinkAsked has the neighbor answer that asks for a link, a new one if there is room.
func (o *overlay) onLinkAsked(ctx actor.Context, m *message.LinkAsked) {
	refuse := func(code int, reason string) {
		ctx.Send(m.ReplyTo, &message.LinkAnswered{Ref: m.Ref, Refused: &message.LinkRefused{Code: code, Reason: reason}})
	}
	if m.Endpoint.Same(o.options.Self) {
		refuse(message.NackConflict, "that is this node")
		return
	}
	n := o.same(m.Endpoint)
	if n == nil {
		if !o.room(m.Endpoint) {
			refuse(message.NackFull, "no room for another neighbor")
			return
		}
		n = &neighborInfo{endpoint: m.Endpoint}
		if o.make(ctx, n, true); n.pid == nil {
			refuse(message.NackConflict, "the link before this one is still ending")
			return
		}
	}
	if n.lost && !n.configured {
		refuse(message.NackConflict, "the neighbor that you were is still being forgotten")
		return
	}
	ctx.Send(n.pid, m)
}

// onStanding notes how a neighbor is. One that was found and is lost is forgotten.
func (o *overlay) onStanding(ctx actor.Context, m *standing) {
	n := o.find(m.by)
	if n == nil {
		return
	}
	o.learn(m)
	was, now := n.kind != unreached, m.kind != unreached
	o.report(n, m)
	if now && !was {
		n.since = o.env.Clock.Now()
	}
	if m.kind != byLink {
		n.fed = nil
		o.starve(ctx)
	}
	n.kind, n.lost = m.kind, m.lost || m.refused
	if m.uptime > 0 {
		n.uptime = m.uptime
	}
	if m.load != nil {
		n.rtt, n.sessions, n.files = m.rtt, m.load.Sessions, m.load.Files
	}
	if now && !was && !o.env.Clock.Now().Before(o.until) {
		o.discover(ctx) // the first that can be reached knows others
	}
	if n.lost && !n.configured {
		ctx.Stop(n.pid)
	}
	o.count()
}

// report logs that a neighbor can be reached or cannot any more, and why. One of the configuration that never could be has
// its line the first time: its address may be wrong.
func (o *overlay) report(n *neighborInfo, m *standing) {
	was, now := n.kind != unreached, m.kind != unreached
	first := n.configured && !n.missed
	if n.missed = !now; was == now && (now || !first) {
		return
	}
	switch log := o.news(n); {
	case log == nil:
	case now:
		log.WithField("kind", string(m.kind)).Info("neighbor can be reached")
	case was:
		log.WithError(m.why).Info("neighbor cannot be reached any more")
	default:
		log.WithError(m.why).Warn("neighbor cannot be reached")
	}
}

// news gives a logger for what has become of a neighbor; nil where others that nobody has configured have had a line in the
// last second: they may come and go as often as they like.
func (o *overlay) news(n *neighborInfo) logrus.FieldLogger {
	log := o.env.Log
	if !n.configured {
		log = o.changes.Log(o.env)
	}
	if log == nil {
		return nil
	}
	return log.WithField("neighbor", n.endpoint.String())
}

func (o *overlay) count() { o.level.Set(o.reachable()) }

// reachable is how many neighbors can be reached.
func (o *overlay) reachable() int {
	up := 0
	for _, n := range o.neighbors {
		if n.kind != unreached {
			up++
		}
	}
	return up
}

// onTerminated forgets a neighbor that was given up, or brings back one of the configuration.
func (o *overlay) onTerminated(ctx actor.Context, who *actor.PID) {
	n := o.where(func(n *neighborInfo) bool { return n.pid.Id == who.Id })
	if n == nil {
		return
	}
	o.neighbors = slices.DeleteFunc(o.neighbors, func(x *neighborInfo) bool { return x == n })
	o.starve(ctx)
	ctx.Send(o.routes.Queries, &message.Abandoned{By: n.endpoint}) // what was in its mailbox is lost
	if log := o.news(n); log != nil {
		log.Info("neighbor dropped")
	}
	if n.configured {
		o.env.Clock.After(maxBackoff, ctx.Self(), &again{n.endpoint})
	}
	o.count()
}

func (o *overlay) status() *message.OverlayStatus {
	s := &message.OverlayStatus{Neighbors: []message.NeighborStatus{}}
	for _, n := range o.neighbors {
		st := message.NeighborStatus{
			Endpoint: n.endpoint, Configured: n.configured, Up: n.kind != unreached, Kind: string(n.kind),
			Sent: int(n.tally.sent.Load()), Failed: int(n.tally.failed.Load()),
			Uptime: n.uptime, RTT: n.rtt, Sessions: n.sessions, Files: n.files,
		}
		if st.Up {
			st.Seen = o.env.Clock.Now().Sub(n.since)
		}
		s.Neighbors = append(s.Neighbors, st)
	}
	return s
}
