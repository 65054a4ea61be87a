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
	// together is how many AQUEs of one query are on their way at once, where each takes a connection of its own.
	together = 4
	// patience is how many AQUEs in a row may fail to arrive before the rest is left unsent: their address is wrong,
	// forged, or nobody listens there any more.
	patience = 2
)

// reply answers another supernode's QUER and passes it on. One AQUE for each matching copy, and those that come back from
// further on, go to the link that the QUER came over, and behind them one DONE. Where it came another way they go to the
// address that the QUER names. How many that are is bounded, so that a forged address gets no more than that.
//
// A neighbor that may not say when its last answer has come is waited for until nothing has come for the quiet time.
//
// It gives up what is still open after a time that is shorter the fewer hops the QUER had left, so that of those that wait for
// each other the deepest gives up first and the others hear of it.
type reply struct {
	*common
	quer     *message.Quer
	ref      message.Ref
	branches branches
	matched  bool // the catalog has answered
	lost     bool // there are answers that are not told
	relayed  int
	queue    []*message.Aque // for connections of their own, not sent yet
	under    int             // under way
	failed   int             // failures in a row
	begun    time.Time
	heard    time.Time  // when something last came from further on
	silence  port.Timer // ends the wait for what may still come
	late     bool       // nothing is waited for any more but what is under way
	ended    bool
	timer    port.Timer
}

func newReply(c *common, m *message.Quer) *reply {
	return &reply{common: c, quer: m, ref: message.Ref(c.env.Rand.Uint64())}
}

// Receive implements actor.Actor.
func (r *reply) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		r.start(ctx)
	case *tick:
		r.onTick(ctx)
	case *quiet:
		r.silence = nil
		r.check(ctx)
	case *message.Matched:
		r.onMatched(ctx, m)
	case *message.Flooded:
		if m.Ref == r.ref {
			r.branches.flooded(m.Branches)
			r.check(ctx)
		}
	case *message.Branch:
		if m.Ref == r.ref {
			if r.branches.end(m.By, m.Outcome) && m.Outcome == message.Unsaid {
				r.heard = r.env.Clock.Now() // it may have been asked only now
			}
			r.check(ctx)
		}
	case *message.Abandoned:
		r.branches.abandon(m.By)
		r.check(ctx)
	case *message.Aque:
		r.onAque(ctx, m)
		ctx.Send(m.ReplyTo, &message.Handled{Ref: m.Ref})
	case *message.Sent:
		r.onSent(ctx, m)
	case *actor.Stopping:
		for _, t := range []port.Timer{r.timer, r.silence} {
			if t != nil {
				t.Stop()
			}
		}
		if !r.matched {
			ctx.Send(r.routes.Catalog, &message.Unmatch{ReplyTo: ctx.Self()})
		}
		r.done(ctx, false)
	case *actor.Stopped:
	default:
		r.env.Log.Warnf("reply: unexpected %T", m)
	}
}

// start passes the QUER on and has the catalog look.
func (r *reply) start(ctx actor.Context) {
	rules := r.rules()
	ttl := min(r.quer.TTL, rules.TTL)
	r.begun = r.env.Clock.Now()
	r.heard = r.begun
	r.timer = r.env.Clock.After(deadline(rules.Window, ttl, rules.TTL), ctx.Self(), &tick{})
	ctx.Send(r.routes.Catalog, &message.Match{
		Text: r.quer.Text, Limit: rules.MaxResults, For: p2p.HostOf(r.quer.From), ReplyTo: ctx.Self(),
	})
	lowered, ok := ttl.Lowered()
	if !ok {
		r.branches.flooded(nil)
		return
	}
	on := *r.quer
	on.Ref, on.TTL, on.ReplyTo = 0, lowered, nil
	ctx.Send(r.routes.Overlay, &message.Flood{Ref: r.ref, Packet: &on, ReplyTo: ctx.Self()})
}

// deadline is how long answers from further on are waited for, where a QUER came with ttl hops left of longest.
func deadline(window time.Duration, ttl, longest p2p.TTL) time.Duration {
	return window * time.Duration(max(1, ttl)) / time.Duration(longest+1)
}

// onTick gives up: at first what has not come, and in the end what is not sent. After a search window nobody waits for it.
func (r *reply) onTick(ctx actor.Context) {
	now := r.env.Clock.Now()
	if end := r.begun.Add(r.rules().Window); !r.late && now.Before(end) {
		r.timer = r.env.Clock.After(end.Sub(now), ctx.Self(), &tick{})
	} else {
		r.queue, r.under = nil, 0
	}
	r.late = true
	r.check(ctx)
}

// quiet is what the timer of the silence sends.
type quiet struct{}

// silent says whether nothing comes any more of neighbors that may not say so, or has itself asked again when that could be.
func (r *reply) silent(ctx actor.Context) bool {
	if r.branches.finished() {
		return true
	}
	left := r.heard.Add(r.rules().Quiet).Sub(r.env.Clock.Now())
	if left > 0 && r.silence == nil {
		r.silence = r.env.Clock.After(left, ctx.Self(), &quiet{})
	}
	return left <= 0
}

func (r *reply) onMatched(ctx actor.Context, m *message.Matched) {
	r.matched = true
	hits := slices.DeleteFunc(slices.Clone(m.Hits), func(h message.Hit) bool { return !r.welcome(h) })
	if limit := r.rules().MaxResults; len(hits) > limit {
		r.metrics.cut.Add(len(hits) - limit)
		r.lost = true
		hits = hits[:limit]
	}
	r.lost = r.lost || m.More || m.Err != nil
	for _, h := range hits {
		r.pass(ctx, &message.Aque{ID: r.quer.ID, Hit: h})
	}
	r.check(ctx)
}

// onAque passes on what comes back from further on.
func (r *reply) onAque(ctx actor.Context, m *message.Aque) {
	limit := r.options.Config.Get().Limits.AnswersPerQuery
	switch {
	case r.late || r.ended:
		r.metrics.late.Add(1)
	case !r.welcome(m.Hit):
		r.metrics.denied.Add(1)
	case limit > 0 && r.relayed >= limit:
		r.lost = true
		r.metrics.full.Hit("from", p2p.HostOf(r.quer.From), "limit", limit)
	default:
		r.relayed++
		r.heard = r.env.Clock.Now()
		r.pass(ctx, &message.Aque{ID: r.quer.ID, Hit: m.Hit})
	}
}

// pass tells one answer.
func (r *reply) pass(ctx actor.Context, a *message.Aque) {
	if r.quer.Link != nil {
		ctx.Send(r.quer.Link, &message.Carry{Packet: a})
		return
	}
	if r.failed < patience {
		r.queue = append(r.queue, a)
		r.send(ctx)
	}
}

// send sends what may be sent now.
func (r *reply) send(ctx actor.Context) {
	for r.under < together && len(r.queue) > 0 {
		a := r.queue[0]
		r.queue[0] = nil
		r.queue = r.queue[1:]
		r.under++
		ctx.Send(r.routes.Gateway, &message.Send{To: r.quer.Origin, Packet: a, ReplyTo: ctx.Self()})
	}
}

func (r *reply) onSent(ctx actor.Context, m *message.Sent) {
	if r.ended {
		return
	}
	r.under--
	if m.Err == nil {
		r.failed = 0
	} else if r.failed++; r.failed >= patience {
		r.queue = nil
	}
	r.send(ctx)
	r.check(ctx)
}

// check ends the reply when everything has been told that there is, or that is waited for.
func (r *reply) check(ctx actor.Context) {
	if r.ended || r.under > 0 || len(r.queue) > 0 {
		return
	}
	if all := r.matched && r.branches.ended() && r.silent(ctx); !all && !r.late {
		return
	}
	if !r.late {
		r.metrics.elsewhere.Observe(r.env.Clock.Now().Sub(r.begun).Seconds())
	}
	r.done(ctx, r.matched && r.branches.complete() && !r.lost)
	ctx.Send(ctx.Parent(), &over{r.quer.ID})
}

// done says, once, that nothing more comes.
func (r *reply) done(ctx actor.Context, complete bool) {
	if !r.ended {
		r.ended = true
		finish(ctx, r.quer, complete)
	}
}

// finish sends the DONE for a QUER, if it came over a link.
func finish(ctx actor.Context, m *message.Quer, complete bool) {
	if m.Link != nil {
		ctx.Send(m.Link, &message.Carry{Packet: &message.Done{ID: m.ID, Complete: complete}})
	}
}
