package peer

import (
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/acquaint"
	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

const (
	// pingTimeout is how long to wait for PONG.
	pingTimeout = 3 * time.Second
	// probeOverdue is how long the outcome of a probe may take: longer than any dial and its answer.
	probeOverdue = 2 * time.Minute
	// misses is how many probes of the active supernode in a row may fail until it is left.
	misses = 2
	// silences is how often one that has answered PING before may be silent until it counts as one that does not know it.
	silences = 10
	// askAgain is the least time between two searches for more standbys.
	askAgain = 5 * time.Minute
)

// errStrange is a PONG that answers another PING.
var errStrange = errors.New("PING was answered with the PONG of another one")

// probe is a look at a supernode that is under way.
type probe struct {
	to    p2p.Endpoint
	began time.Time
	id    p2p.PacketID // of the PING; zero where it is only looked whether it can be reached
}

// probe looks at a supernode: it asks what it carries, or only connects where it is known not to understand that. It does
// so on a connection of its own, because one that does not understand PING may close the connection.
func (p *peer) probe(ctx actor.Context, e p2p.Endpoint) {
	now := p.env.Clock.Now()
	maps.DeleteFunc(p.probes, func(_ message.Ref, pr probe) bool { return now.Sub(pr.began) >= probeOverdue })
	for _, pr := range p.probes {
		if pr.to.Same(e) {
			return
		}
	}
	ref, pr := p.ref(), probe{to: e, began: now}
	s, known := p.book.Get(e)
	if known && !s.Base.IsZero() && now.Sub(s.Base) < p.options.Config.Get().Session.BaseAgain {
		p.probes[ref] = pr
		ctx.Send(p.routes.Gateway, &message.Send{Ref: ref, To: e, ReplyTo: ctx.Self()})
		return
	}
	pr.id = p2p.NewPacketID(p.env.Rand)
	p.probes[ref] = pr
	ctx.Send(p.routes.Gateway, &message.Ask{
		Ref: ref, To: e, Packet: &message.Ping{ID: pr.id}, Timeout: pingTimeout, ReplyTo: ctx.Self(),
	})
}

// onProbed takes the outcome of a probe; ok is false where it is that of something else.
func (p *peer) onProbed(ctx actor.Context, ref message.Ref, reply any, err error) (ok bool) {
	pr, ok := p.probes[ref]
	if !ok {
		return false
	}
	delete(p.probes, ref)
	now := p.env.Clock.Now()
	took := now.Sub(pr.began)
	var gone *message.Unreachable
	var silent *message.Unanswered
	switch pong, _ := reply.(*message.Pong); {
	case pong != nil && pong.ID == pr.id:
		// Half of it: one round trip to connect, and one for the answer.
		p.book.Tell(pr.to, pong.Uptime, pong.Sessions, pong.Files, took/2, now)
	case err == nil && pong == nil:
		p.book.Reach(pr.to, took, now)
	case errors.As(err, &gone), errors.Is(err, message.ErrNotServed): // not there, or no supernode
		p.onMissed(ctx, pr.to, errors.Is(err, port.ErrRefused) || errors.Is(err, message.ErrNotServed), err)
		return true
	case err == nil:
		err = errStrange
		fallthrough
	case errors.As(err, &silent):
		if s, _ := p.book.Get(pr.to); !s.Started.IsZero() && s.Failures < silences {
			p.onMissed(ctx, pr.to, false, err)
			return true
		}
		p.book.Reach(pr.to, 0, now)
		p.book.IsBase(pr.to, now)
	default:
		return true // this node could not look
	}
	if pr.to.Same(p.supernode) {
		p.missed, p.noticed = 0, time.Time{}
	} else if p.state == online {
		p.farewell(ctx, pr.to)
	}
	p.changed(ctx)
	return true
}

// onMissed notes that a supernode could not be reached or did not answer. The active one is looked at again at once, and
// left where it refused or that is no better.
func (p *peer) onMissed(ctx actor.Context, e p2p.Endpoint, refused bool, err error) {
	if p.state != online || !e.Same(p.supernode) {
		p.fail(ctx, e)
		return
	}
	if p.missed++; p.missed == 1 {
		p.noticed = p.env.Clock.Now()
	}
	if refused || p.missed >= misses {
		p.lost(ctx, err.Error())
		return
	}
	p.probe(ctx, e)
}

// onCheck looks at the active supernode.
func (p *peer) onCheck(ctx actor.Context) {
	if p.state == online {
		p.probe(ctx, p.supernode)
		p.watch(ctx)
	}
}

// watch sets the timers of the looks at the active supernode and the standbys, where they are wanted and not set.
func (p *peer) watch(ctx actor.Context) {
	if p.guest() {
		return
	}
	c := p.options.Config.Get().Session
	if c.CheckEvery > 0 && !p.armed(check) {
		p.arm(ctx, check, c.CheckEvery)
	}
	if c.Standbys > 0 && !p.armed(review) {
		p.arm(ctx, review, c.StandbyEvery)
	}
}

// onReview looks at the standbys, and where there are too few of them at others that may become some.
func (p *peer) onReview(ctx actor.Context) {
	c := p.options.Config.Get().Session
	if p.state != online || c.Standbys == 0 || p.guest() {
		return
	}
	have := p.standbys()
	for _, s := range have {
		p.probe(ctx, s.Endpoint)
	}
	if missing := c.Standbys - len(have); missing > 0 {
		p.findStandbys(ctx, missing)
	}
	p.watch(ctx)
}

// findStandbys looks at the best of those that are known and no standbys, and asks around for more from time to time.
func (p *peer) findStandbys(ctx actor.Context, missing int) {
	now, have := p.env.Clock.Now(), p.standbys()
	looks := missing + 2
	for _, s := range p.book.Best(-1, now) {
		is := slices.ContainsFunc(have, func(h acquaint.Supernode) bool { return h.Endpoint == s.Endpoint })
		if is || p.rests(s) || s.Endpoint.Same(p.supernode) || s.Endpoint.Same(p.options.Self) {
			continue
		}
		p.probe(ctx, s.Endpoint)
		if looks--; looks == 0 {
			break
		}
	}
	if now.Sub(p.askedAt) >= askAgain {
		p.askAround(ctx)
	}
}
