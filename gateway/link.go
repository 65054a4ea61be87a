package gateway

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/hashicorp/golang-lru/v2/simplelru"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/gateway/wire"
)

// link is what a connection has that is a link.
type link struct {
	neighbor *actor.PID // whose link it is: what comes goes there
	version  int        // the lower of both sides'
	// cut are the queries of the other side of which an answer was not sent.
	cut *simplelru.LRU[p2p.PacketID, struct{}]
	// filter is what waits to be told of this node's filter, and how many bytes that are.
	filter        []wire.Packet
	filterWaiting int
	pumping       port.Timer
}

// cutQueries is how many queries a link remembers of which an answer was not sent. They end within a search window, so
// that only a link on which nothing gets through at all has more; the other side then takes such a query for complete.
const cutQueries = 4096

func newLink(neighbor *actor.PID, version int) *link {
	cut, err := simplelru.NewLRU[p2p.PacketID, struct{}](cutQueries, nil)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &link{neighbor: neighbor, version: min(version, wire.Version), cut: cut}
}

// linked says whether the connection is a link by now.
func (c *incoming) linked() bool { return c.link != nil && c.link.neighbor != nil }

// onStarted dials, where this node is to open a link.
func (c *incoming) onStarted(ctx actor.Context) {
	if j := c.opening; j != nil {
		c.transport.Dial(j.to.Dialable(), c.limits().DialTimeout, ctx.Self())
	}
}

// onDialed asks for a link.
func (c *incoming) onDialed(ctx actor.Context, m *port.Dialed) {
	if m.Err != nil {
		c.fail(ctx, m.Err)
		return
	}
	c.conn, c.from = m.Conn, m.Conn.Remote().Addr().Unmap()
	c.decoder = wire.NewDecoder(wire.LinkAnswers)
	c.touched = c.env.Clock.Now()
	c.timer = c.env.Clock.After(c.opening.timeout, ctx.Self(), &tick{})
	c.conn.Attach(ctx.Self())
	c.emit(&wire.Link{Version: wire.Version, Endpoint: c.Self})
	ctx.Send(ctx.Parent(), &delivered{who: ctx.Self()})
}

// emit sends a packet that answers nothing.
func (c *incoming) emit(p wire.Packet) {
	c.metrics.out[p.Command()].sent.Add(1)
	if aque, ok := p.(*wire.Aque); ok {
		c.conn.Send(aque.AppendOnLink(nil))
		return
	}
	c.conn.Send(p.Append(nil))
}

// onLinkAnswer takes the answer to LINK.
func (c *incoming) onLinkAnswer(ctx actor.Context, p wire.Packet) {
	switch p := p.(type) {
	case *wire.Alnk:
		c.metrics.in[wire.ALNK][resultOK].Add(1)
		if p.Endpoint.Same(c.Self) {
			c.fail(ctx, errSelf)
			return
		}
		j := c.opening
		c.opening, c.link = nil, newLink(j.replyTo, p.Version)
		c.decoder.Accept(wire.Links)
		ctx.Send(j.replyTo, &message.Linked{Ref: j.ref, Link: ctx.Self(), Version: c.link.version, Uptime: p.Uptime})
	case *wire.Nack:
		c.metrics.in[wire.NACK][resultOK].Add(1)
		c.fail(ctx, &message.LinkRefused{Code: p.Code, Reason: p.Reason})
	}
}

// fail tells whoever wanted a link that there is none.
func (c *incoming) fail(ctx actor.Context, err error) {
	if j := c.opening; j != nil {
		c.opening, c.ended = nil, true
		if c.conn == nil {
			c.metrics.unsent(*j)
		}
		j.answer(ctx, err)
	}
	c.drop()
	ctx.Stop(ctx.Self())
}

// onLink deals with the other side's wish for a link. Nothing behind it is read until that is answered.
func (c *incoming) onLink(ctx actor.Context, p *wire.Link) {
	s := c.newSlot(wire.LINK, answerTimeout)
	var refused *message.LinkRefused
	cfg := c.Config.Get()
	switch {
	case c.packets > 1, !cfg.Discovery.Links:
		c.settle(ctx, s.ref, failureOf(wire.LINK)) // behind other packets nobody could tell what is meant for the link
		return
	case !c.routes.Serving():
		refused = &message.LinkRefused{Code: message.NackFull, Reason: "this node is no supernode"}
	case !cfg.Access.Endpoint(p.Endpoint), cfg.Session.VerifyAddress && !p.Endpoint.At(c.from) && !cfg.Access.Trusts(c.from):
		refused = &message.LinkRefused{Code: message.NackForbidden, Reason: "that is not your address, or it is refused here"}
	}
	if c.linking = true; refused != nil {
		c.onLinkAnswered(ctx, &message.LinkAnswered{Ref: s.ref, Refused: refused})
		return
	}
	c.link = newLink(nil, p.Version)
	ctx.Send(c.routes.Overlay, &message.LinkAsked{
		Ref: s.ref, Link: ctx.Self(), Version: c.link.version, Endpoint: p.Endpoint, From: c.from, ReplyTo: ctx.Self(),
	})
}

// onLinkAnswered agrees to a link or refuses it.
func (c *incoming) onLinkAnswered(ctx actor.Context, m *message.LinkAnswered) {
	s := c.slot(m.Ref)
	if s == nil || s.answer != nil || !c.linking {
		if m.Neighbor != nil {
			ctx.Send(m.Neighbor, &message.LinkLost{Link: ctx.Self(), Err: errCrashed})
		}
		return
	}
	if c.linking = false; m.Refused != nil {
		c.link = nil
		nack := &wire.Nack{Code: m.Refused.Code, Reason: m.Refused.Reason}
		c.settle(ctx, m.Ref, answer{result: resultRefused, command: wire.NACK, packet: nack.Append(nil), last: true})
		return
	}
	c.link.neighbor = m.Neighbor
	c.decoder.Accept(wire.Links)
	alnk := &wire.Alnk{Version: wire.Version, Endpoint: c.Self, Uptime: m.Uptime}
	c.settle(ctx, m.Ref, answer{command: wire.ALNK, packet: alnk.Append(nil)})
}

// onLinkPacket gives the neighbor what has come over its link.
func (c *incoming) onLinkPacket(ctx actor.Context, p wire.Packet) {
	to, self := c.link.neighbor, ctx.Self()
	s := c.newSlot(p.Command(), answerTimeout)
	switch p := p.(type) {
	case *wire.Supe:
		ctx.Send(to, &message.Supe{Ref: s.ref, ID: p.ID, Origin: p.Origin, TTL: p.TTL, From: c.from, Link: to, ReplyTo: self})
	case *wire.Asup:
		ctx.Send(to, &message.Asup{Ref: s.ref, ID: p.ID, Supernode: p.Supernode, From: c.from, ReplyTo: self})
	case *wire.Quer:
		ctx.Send(to, &message.Quer{Ref: s.ref, ID: p.ID, Origin: p.Origin, TTL: p.TTL, Text: p.Text, From: c.from, Link: to, ReplyTo: self})
	case *wire.Aque:
		hit := message.Hit{File: p.File, Name: p.Name, Owner: p.Owner}
		ctx.Send(to, &message.Aque{Ref: s.ref, ID: p.ID, Hit: hit, From: c.from, ReplyTo: self})
	case *wire.Done:
		ctx.Send(to, &message.Done{Ref: s.ref, ID: p.ID, Complete: p.Complete, ReplyTo: self})
	case *wire.Ping:
		ctx.Send(to, &message.Ping{Ref: s.ref, ID: p.ID, ReplyTo: self})
	case *wire.Pong:
		ctx.Send(to, &message.Pong{Ref: s.ref, ID: p.ID, Uptime: p.Uptime, Sessions: p.Sessions, Files: p.Files, ReplyTo: self})
	default:
		ctx.Send(to, filterMessage(p, s.ref, self))
	}
}

// carry sends a packet over the link. Where the other side is too slow, what can be missed is not sent; that a search
// misses something it is told.
func (c *incoming) carry(ctx actor.Context, packet any) {
	p, err := packetOf(packet)
	if err != nil || c.link == nil || c.ended {
		return // the neighbor hears that its link is lost
	}
	if isFilter(p) {
		c.carryFilter(ctx, p)
		return
	}
	full := c.conn.Queued() >= int(c.limits().LinkQueue)
	switch p := p.(type) {
	case *wire.Quer:
		if full {
			ctx.Send(c.link.neighbor, &message.Done{ID: p.ID, ReplyTo: ctx.Self()})
		}
	case *wire.Aque:
		if full {
			c.link.cut.Add(p.ID, struct{}{})
		}
	case *wire.Supe, *wire.Asup:
	case *wire.Done:
		if full = false; c.link.cut.Remove(p.ID) {
			p.Complete = false
		}
	default:
		full = false
	}
	if full {
		c.metrics.out[p.Command()].failed.Add(1)
		c.metrics.links.Hit("to", c.from, "waiting", c.conn.Queued())
		return
	}
	c.emit(p)
}

// onPing says how this node is, if it is a supernode.
func (c *incoming) onPing(ctx actor.Context, p *wire.Ping) {
	s := c.newSlot(wire.PING, answerTimeout)
	if !c.routes.Serving() {
		nack := &wire.Nack{Code: message.NackFull, Reason: "this node is no supernode"}
		c.settle(ctx, s.ref, answer{result: resultRefused, command: wire.NACK, packet: nack.Append(nil)})
		return
	}
	ctx.Send(c.routes.Overlay, &message.Ping{Ref: s.ref, ID: p.ID, ReplyTo: ctx.Self()})
}

func (c *incoming) onPong(ctx actor.Context, m *message.Pong) {
	p := &wire.Pong{ID: m.ID, Uptime: m.Uptime, Sessions: m.Sessions, Files: m.Files}
	c.settle(ctx, m.Ref, answer{command: wire.PONG, packet: p.Append(nil)})
}

// patience is how long the other side may be silent. That of a link is pinged by its neighbor's actor, which would have
// ended it long before.
func (c *incoming) patience() time.Duration {
	switch {
	case c.link != nil:
		d := c.Config.Get().Discovery
		return max(c.limits().IdleTimeout, 2*(d.PingEvery+d.PingTimeout))
	case c.packets == 0:
		return c.limits().FirstPacket
	}
	return c.limits().IdleTimeout
}

// endLink tells the neighbor that its link has ended.
func (c *incoming) endLink(ctx actor.Context) {
	if c.opening != nil {
		c.opening.answer(ctx, errCrashed)
		c.opening = nil
	}
	if c.link != nil && c.link.pumping != nil {
		c.link.pumping.Stop()
	}
	if c.link != nil && c.link.neighbor != nil {
		ctx.Send(c.link.neighbor, &message.LinkLost{Link: ctx.Self(), Err: errLinkEnded})
	}
}
