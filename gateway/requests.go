package gateway

import (
	"errors"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/gateway/wire"
)

// maxBatch is how many publications travel to a session in one message.
const maxBatch = 512

// errCut is what an upload ends with whose connection is gone.
var errCut = errors.New("the connection was cut")

// request sends a packet to the actor whose business it is.
func (c *incoming) request(ctx actor.Context, p wire.Packet) {
	switch p := p.(type) {
	case *wire.Adff:
		c.publish(ctx, p.Session, message.Publication{File: p.File, Name: p.Name})
		return
	case *wire.Deff:
		c.publish(ctx, p.Session, message.Publication{File: p.File, Withdraw: true})
		return
	}
	c.flush(ctx)
	if c.link != nil {
		c.onLinkPacket(ctx, p)
		return
	}
	switch p := p.(type) {
	case *wire.Logi:
		c.login(ctx, p)
	case *wire.Logo:
		c.logout(ctx, p)
	case *wire.Find:
		c.find(ctx, p)
	case *wire.Retr:
		s := c.newSlot(wire.RETR, c.transfer().UploadWait+answerTimeout)
		ctx.Send(c.routes.Share, &message.Retrieve{Ref: s.ref, File: p.File, From: c.from, ReplyTo: ctx.Self()})
	case *wire.Supe:
		c.flood(ctx, c.routes.Discovery(), wire.SUPE, func(ref message.Ref) any {
			return &message.Supe{Ref: ref, ID: p.ID, Origin: p.Origin, TTL: p.TTL, From: c.from, ReplyTo: ctx.Self()}
		})
	case *wire.Asup:
		c.flood(ctx, c.routes.Discovery(), wire.ASUP, func(ref message.Ref) any {
			return &message.Asup{Ref: ref, ID: p.ID, Supernode: p.Supernode, From: c.from, ReplyTo: ctx.Self()}
		})
	case *wire.Quer:
		c.flood(ctx, c.queries(), wire.QUER, func(ref message.Ref) any {
			return &message.Quer{Ref: ref, ID: p.ID, Origin: p.Origin, TTL: p.TTL, Text: p.Text, From: c.from, ReplyTo: ctx.Self()}
		})
	case *wire.Aque:
		c.flood(ctx, c.queries(), wire.AQUE, func(ref message.Ref) any {
			hit := message.Hit{File: p.File, Name: p.Name, Owner: p.Owner}
			return &message.Aque{Ref: ref, ID: p.ID, Hit: hit, From: c.from, ReplyTo: ctx.Self()}
		})
	case *wire.Link:
		c.onLink(ctx, p)
	case *wire.Ping:
		c.onPing(ctx, p)
	}
}

// queries is who deals with QUER and AQUE: nobody at a peer.
func (c *incoming) queries() *actor.PID {
	if c.routes.Serving() {
		return c.routes.Queries
	}
	return nil
}

// flood passes a packet on that is not answered here. What this node's role has no use for is dropped.
func (c *incoming) flood(ctx actor.Context, to *actor.PID, cmd wire.Command, m func(message.Ref) any) {
	if to == nil {
		c.metrics.ended(cmd, resultRefused, 1)
		return
	}
	s := c.newSlot(cmd, answerTimeout)
	ctx.Send(to, m(s.ref))
}

func (c *incoming) login(ctx actor.Context, p *wire.Logi) {
	s := c.newSlot(wire.LOGI, answerTimeout)
	if !c.routes.Serving() {
		c.settle(ctx, s.ref, failureOf(wire.LOGI).because(message.ErrUnknownSession))
		return
	}
	ctx.Send(c.routes.Sessions, &message.Login{Ref: s.ref, Endpoint: p.Endpoint, From: c.from, ReplyTo: ctx.Self()})
}

func (c *incoming) logout(ctx actor.Context, p *wire.Logo) {
	s := c.newSlot(wire.LOGO, answerTimeout)
	if !c.routes.Serving() {
		c.onLoggedOut(ctx, &message.LoggedOut{Ref: s.ref})
		return
	}
	ctx.Send(c.routes.Sessions, &message.Logout{Ref: s.ref, Session: p.Session, ReplyTo: ctx.Self()})
}

func (c *incoming) find(ctx actor.Context, p *wire.Find) {
	// It may have to wait for its turn behind other searches of its session.
	s := c.newSlot(wire.FIND, 10*c.FindWindow)
	s.session = p.Session
	if !c.routes.Serving() {
		c.onFound(ctx, &message.Found{Ref: s.ref, Err: message.ErrUnknownSession})
		return
	}
	ctx.Send(c.routes.Sessions, &message.Find{
		Ref: s.ref, Session: p.Session, For: p2p.HostOf(c.from), Text: p.Text, ReplyTo: ctx.Self(),
	})
}

// publish gathers what arrived together, so that it is kept together: one message and one write to the store instead
// of hundreds.
func (c *incoming) publish(ctx actor.Context, session p2p.SessionID, change message.Publication) {
	if !c.routes.Serving() {
		c.countUnknown(message.ErrUnknownSession)
		c.metrics.ended(commandOf(change), resultRefused, 1)
		return
	}
	if c.batch != nil && (c.batch.Session != session || len(c.batch.Changes) >= maxBatch) {
		c.flush(ctx)
	}
	if c.batch == nil {
		c.batched = c.newSlot(wire.ADFF, publishTimeout)
		c.batch = &message.Publish{Ref: c.batched.ref, Session: session, ReplyTo: ctx.Self()}
	}
	c.batched.weight++
	if change.Withdraw {
		c.batched.withdrawals++
	}
	c.open++
	c.batch.Changes = append(c.batch.Changes, change)
}

// flush sends what publish has gathered.
func (c *incoming) flush(ctx actor.Context) {
	if c.batch == nil {
		return
	}
	ctx.Send(c.routes.Sessions, c.batch)
	c.batch, c.batched = nil, nil
}

// commandOf is the packet that brings a publication.
func commandOf(change message.Publication) wire.Command {
	if change.Withdraw {
		return wire.DEFF
	}
	return wire.ADFF
}

// refusal says whether an error is an ordinary answer to a request rather than trouble of this node.
func refusal(err error) bool {
	return errors.Is(err, message.ErrUnknownSession) || errors.Is(err, message.ErrLimit) || errors.Is(err, message.ErrForeign)
}

// countUnknown counts and logs requests under an unknown session.
func (c *incoming) countUnknown(err error) {
	if !errors.Is(err, message.ErrUnknownSession) {
		return
	}
	c.metrics.unknown.Add(1)
	if log := c.metrics.sessions.Log(c.env); log != nil {
		log.WithFields(logrus.Fields{"from": c.from.String()}).Info("request under an unknown session")
	}
}
