package gateway

import (
	"net/netip"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// admitted is how a connection begins: with what its address may send.
type admitted struct {
	conn   port.Conn
	budget *budget
}

// offense is what a connection says of an address that misbehaves.
type offense struct {
	from netip.Addr
	what string
}

// unban is when a ban ends.
type unban struct{}

// shunned is what a connection hears whose address is banned.
type shunned struct{}

// onAccepted lets a connection in, unless its address is refused. A refusal costs a close and nothing else.
func (g *gateway) onAccepted(ctx actor.Context, m *port.Accepted) {
	from := m.Conn.Remote().Addr().Unmap()
	cfg := g.Config.Get()
	trusted := cfg.Access.Trusts(from)
	w := g.visitors.find(p2p.HostOf(from))
	switch limit := cfg.Limits.ConnectionsPerAddress; {
	case g.listener == nil:
		m.Conn.Abort()
		return
	case !cfg.Access.Peer(from):
		g.metrics.denied.Hit("from", from)
		m.Conn.Abort()
		return
	case !trusted && w.banned(g.env.Clock.Now()):
		g.metrics.banned.Hit("from", from, "until", w.until.Format(timeFormat))
		m.Conn.Abort()
		return
	case !trusted && limit > 0 && w.open >= limit:
		g.metrics.refused.Hit("from", from, "limit", limit)
		m.Conn.Abort()
		return
	}
	g.visitors.enter(w)
	g.onVisit(ctx, from)
	pid := g.spawn(ctx, g.incoming)
	g.admitted[pid.Id] = w
	ctx.Send(pid, &admitted{conn: m.Conn, budget: w.budget})
}

// timeFormat is how a time is written in the log.
const timeFormat = "2006-01-02T15:04:05Z07:00"

// onOffense bans an address that offends too often, and closes its connections.
func (g *gateway) onOffense(ctx actor.Context, m *offense) {
	g.metrics.offenses[m.what].Add(1)
	cfg := g.Config.Get()
	if m.from.IsLoopback() || cfg.Access.Trusts(m.from) {
		return
	}
	w := g.visitors.find(p2p.HostOf(m.from))
	d := w.offend(g.env.Clock.Now(), &cfg.Limits)
	if w.open == 0 && g.visitors.remember(w) {
		g.metrics.forgotten.Hit()
	}
	if d == 0 {
		return
	}
	g.metrics.bansBegun.Add(1)
	g.metrics.bans.Add(1)
	g.env.Clock.After(d, ctx.Self(), &unban{})
	if log := g.metrics.banLog.Log(g.env); log != nil {
		log.WithFields(logrus.Fields{"address": w.at.String(), "for": d.String(), "offense": m.what, "in_a_row": w.bans}).
			Warn("address banned: limits.offenses")
	}
	g.tellAll(ctx, &shunned{}, func(v *visitor) bool { return v == w })
}

// tellAll sends a message to the connections of visitors, and to the links that this node has opened to them.
func (g *gateway) tellAll(ctx actor.Context, m any, who func(*visitor) bool) {
	for _, child := range ctx.Children() {
		w := g.admitted[child.Id]
		if j, ok := g.dialing[child.Id]; ok && j.kind == jobLink {
			w = g.visitors.find(p2p.HostOf(j.to.Host()))
		}
		if w != nil && who(w) {
			ctx.Send(child, m)
		}
	}
}
