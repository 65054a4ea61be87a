package query

import (
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

const (
	// together is how many AQUEs of one query are on their way at once.
	together = 4
	// patience is how many AQUEs in a row may fail to arrive before the rest is left unsent: their address is wrong,
	// forged, or nobody listens there any more.
	patience = 2
)

// reply answers another supernode's QUER: one AQUE for each matching copy, to the address that the QUER names. How many
// that are is bounded, so that a forged address gets no more than that.
type reply struct {
	*common
	quer    *message.Quer
	hits    []message.Hit // not sent yet
	under   int           // under way
	failed  int           // failures in a row
	matched bool          // the catalog has answered
	begun   time.Time
	timer   port.Timer // for the case that an answer is lost with an actor that failed
}

// Receive implements actor.Actor.
func (r *reply) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		r.begun = r.env.Clock.Now()
		ctx.Send(r.routes.Catalog, &message.Match{
			Text: r.quer.Text, Limit: r.rules().MaxResults, For: p2p.HostOf(r.quer.From), ReplyTo: ctx.Self(),
		})
		r.arm(ctx)
	case *tick:
		ctx.Stop(ctx.Self())
	case *message.Matched:
		r.matched = true
		r.arm(ctx)
		r.hits = slices.DeleteFunc(m.Hits, func(h message.Hit) bool { return !r.welcome(h) })
		if limit := r.rules().MaxResults; limit > 0 && len(r.hits) > limit {
			r.metrics.cut.Add(len(r.hits) - limit)
			r.hits = r.hits[:limit]
		}
		r.advance(ctx)
	case *message.Sent:
		r.onSent(ctx, m)
	case *actor.Stopping:
		if r.timer != nil {
			r.timer.Stop()
		}
		if !r.matched {
			ctx.Send(r.routes.Catalog, &message.Unmatch{ReplyTo: ctx.Self()})
		}
	case *actor.Stopped:
	default:
		r.env.Log.Warnf("reply: unexpected %T", m)
	}
}

// arm begins the wait for the next answer of the catalog or the gateway. After a search window nobody waits for
// what is still to be sent.
func (r *reply) arm(ctx actor.Context) {
	if r.timer != nil {
		r.timer.Stop()
	}
	r.timer = r.env.Clock.After(r.rules().Window, ctx.Self(), &tick{})
}

func (r *reply) onSent(ctx actor.Context, m *message.Sent) {
	r.arm(ctx)
	r.under--
	if m.Err == nil {
		r.failed = 0
	} else if r.failed++; r.failed >= patience {
		r.hits = nil
	}
	r.advance(ctx)
}

// advance sends what may be sent now, and ends when all has been.
func (r *reply) advance(ctx actor.Context) {
	for r.under < together && len(r.hits) > 0 {
		h := r.hits[0]
		r.hits = r.hits[1:]
		r.under++
		ctx.Send(r.routes.Gateway, &message.Send{
			To: r.quer.Origin, Packet: &message.Aque{ID: r.quer.ID, Hit: h}, ReplyTo: ctx.Self(),
		})
	}
	if r.under == 0 {
		r.metrics.elsewhere.Observe(r.env.Clock.Now().Sub(r.begun).Seconds())
		ctx.Stop(ctx.Self())
	}
}
