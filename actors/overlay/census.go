package overlay

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
)

// fresh is how old the figures in a PONG may be.
const fresh = time.Second

// census is what this node carries, as PONG tells it: asked for when somebody wants to know, and not more often than
// once a second.
type census struct {
	sessions, files int
	at              time.Time       // when it was asked for
	missing         int             // answers
	waiting         []*message.Ping // for them
	pings           port.Counter
}

func newCensus(env *props.Env) census {
	return census{pings: env.Metrics.Counter("pings_answered_total", "PINGs answered.")}
}

// onPing answers a PING, at once where the figures are fresh.
func (o *overlay) onPing(ctx actor.Context, m *message.Ping) {
	o.refresh(ctx)
	o.census.waiting = append(o.census.waiting, m)
	o.pong(ctx)
}

// refresh asks for the figures where they are not fresh.
func (o *overlay) refresh(ctx actor.Context) {
	now := o.env.Clock.Now()
	if now.Sub(o.census.at) < fresh {
		return
	}
	o.census.at, o.census.missing = now, 2
	ctx.Send(o.routes.Sessions, &message.Inspect{ReplyTo: ctx.Self()})
	ctx.Send(o.routes.Catalog, &message.Inspect{ReplyTo: ctx.Self()})
}

// counted takes one figure.
func (o *overlay) counted(ctx actor.Context) {
	o.census.missing = max(0, o.census.missing-1)
	o.pong(ctx)
}

// pong answers those who wait, if the figures are there.
func (o *overlay) pong(ctx actor.Context) {
	if o.census.missing == 0 {
		o.tellCensus(ctx)
	}
}

// tellCensus answers those who wait with the figures as they are known.
func (o *overlay) tellCensus(ctx actor.Context) {
	c := &o.census
	uptime := o.env.Clock.Now().Sub(o.options.Started)
	for _, m := range c.waiting {
		c.pings.Add(1)
		ctx.Send(m.ReplyTo, &message.Pong{Ref: m.Ref, ID: m.ID, Uptime: uptime, Sessions: c.sessions, Files: c.files})
	}
	c.waiting = nil
}
