package peer

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

const (
	firstPause = time.Second
	maxPause   = time.Minute
)

// pause is how long to wait after so many rounds without success: a second, then twice as long each time, up to a
// minute, less up to a quarter by spread from 0 to 1, so that peers that lost a supernode together do not come back
// together.
func pause(rounds int, spread float64) time.Duration {
	d := maxPause
	if rounds < 7 {
		d = min(firstPause<<max(0, rounds-1), maxPause)
	}
	return d - time.Duration(spread*float64(d)/4)
}

// seek begins a round: it tries the supernodes that are known, and asks the bootstrap nodes for others meanwhile.
func (p *peer) seek(ctx actor.Context) {
	if p.draining != nil {
		return
	}
	p.enter(searching)
	p.session = p2p.SessionID{}
	p.supernode = p2p.Endpoint{}
	p.search = p2p.NewPacketID(p.env.Rand)
	p.seen.Add(p.search)
	supe := &message.Supe{ID: p.search, Origin: p.options.Self, TTL: p.options.Config.Get().Discovery.TTL}
	p.asked = make(map[message.Ref]bool, len(p.options.Bootstrap))
	for _, b := range p.options.Bootstrap {
		ref := p.ref()
		p.asked[ref] = true
		ctx.Send(p.routes.Gateway, &message.Send{Ref: ref, To: b, Packet: supe, ReplyTo: ctx.Self()})
	}
	p.untried = slices.Clone(p.known)
	slices.Reverse(p.untried)
	p.after(ctx, p.options.Config.Get().Discovery.Window, &windowOver{})
	p.tryNext(ctx)
}

// onAsked notes whether a bootstrap node has taken the SUPE. Where none has, nobody will answer it.
func (p *peer) onAsked(ctx actor.Context, m *message.Sent) {
	if m.Err == nil {
		clear(p.asked)
		return
	}
	if delete(p.asked, m.Ref); len(p.asked) == 0 {
		p.onWindowOver(ctx)
	}
}

// tryNext logs in at the best supernode that has not been tried, if there is one.
func (p *peer) tryNext(ctx actor.Context) {
	if p.state != searching || len(p.untried) == 0 {
		return
	}
	p.supernode = p.untried[0]
	p.untried = p.untried[1:]
	p.enter(loggingIn)
	p.sendLogin(ctx)
}

func (p *peer) sendLogin(ctx actor.Context) {
	p.login = p.ref()
	ctx.Send(p.routes.Gateway, &message.Ask{
		Ref: p.login, To: p.supernode, Packet: &message.Login{Endpoint: p.options.Self}, Timeout: answerTimeout, ReplyTo: ctx.Self(),
	})
	p.watchLogin(ctx)
}

// watchLogin arms the time limit of p.login.
func (p *peer) watchLogin(ctx actor.Context) {
	if p.limit != nil {
		p.limit.Stop()
	}
	p.limit = p.env.Clock.After(overdueAfter, ctx.Self(), &overdue{p.login})
}

// onOverdue gives up on a login or logout whose outcome was lost with an actor that failed.
func (p *peer) onOverdue(ctx actor.Context, m *overdue) {
	if m.ref == p.login {
		p.onAnswered(ctx, &message.Answered{Ref: m.ref, Err: errOverdue})
	}
}

// onAsup notes a supernode that answered our SUPE. The one that answers first is the nearest and is tried first.
func (p *peer) onAsup(ctx actor.Context, m *message.Asup) {
	if p.search == (p2p.PacketID{}) || m.ID != p.search || m.Supernode.Same(p.options.Self) {
		return
	}
	p.remember(m.Supernode)
	if len(p.untried) < maxKnown && !slices.Contains(p.untried, m.Supernode) && m.Supernode != p.supernode {
		p.untried = append(p.untried, m.Supernode)
	}
	p.tryNext(ctx)
}

func (p *peer) remember(e p2p.Endpoint) {
	if slices.Contains(p.known, e) {
		return
	}
	if len(p.known) >= maxKnown {
		p.known = slices.Delete(p.known, 0, 1)
	}
	p.known = append(p.known, e)
}

// onWindowOver tries the bootstrap nodes themselves where nobody answered: they may be supernodes that do not say so.
func (p *peer) onWindowOver(ctx actor.Context) {
	if p.state != searching && p.state != loggingIn {
		return
	}
	for _, b := range p.options.Bootstrap {
		if !slices.Contains(p.untried, b) && b != p.supernode && !slices.Contains(p.known, b) {
			p.untried = append(p.untried, b)
		}
	}
	p.search = p2p.PacketID{}
	if p.state == searching {
		p.roundOver(ctx)
	}
}

// roundOver tries what is left of a round, or begins another one after a pause.
func (p *peer) roundOver(ctx actor.Context) {
	p.tryNext(ctx)
	if p.state != searching {
		return
	}
	p.finds.giveUp(ctx)
	p.rounds++
	wait := pause(p.rounds, rand.New(p.env.Rand).Float64())
	p.env.Log.WithField("retry", wait.Round(time.Millisecond).String()).Warn("no supernode can be reached")
	p.after(ctx, wait, &tryAgain{})
}

func (p *peer) onTryAgain(ctx actor.Context) {
	if p.state == searching {
		p.seek(ctx)
	}
}

// onAnswered takes the outcome of a login, a logout or a search.
func (p *peer) onAnswered(ctx actor.Context, m *message.Answered) {
	if m.Ref != p.login {
		p.onFoundOrNot(ctx, m)
		return
	}
	p.login = 0
	if p.state == loggingOut {
		p.depart(ctx)
		return
	}
	in, _ := m.Reply.(*message.LoggedIn)
	switch {
	case p.draining != nil && m.Err == nil && in != nil && !in.Session.Refused():
		p.session = in.Session
		p.logout(ctx)
	case p.draining != nil:
		p.depart(ctx)
	case m.Err == nil && in != nil && !in.Session.Refused():
		p.onLoggedIn(ctx, in.Session)
	case p.state == online:
		p.lost(ctx, "the session could not be renewed")
	default:
		p.forget(p.supernode)
		p.supernode = p2p.Endpoint{}
		p.enter(searching)
		p.tryNext(ctx)
		if p.state == searching && p.search == (p2p.PacketID{}) {
			p.roundOver(ctx)
		}
	}
}

func (p *peer) forget(e p2p.Endpoint) {
	p.known = slices.DeleteFunc(p.known, func(k p2p.Endpoint) bool { return k == e })
}

// onLoggedIn begins a session, or goes on with it. A new session means that the supernode knows nothing of us.
func (p *peer) onLoggedIn(ctx actor.Context, id p2p.SessionID) {
	p.remember(p.supernode)
	if id != p.session {
		p.session = id
		p.publisher.reset()
	}
	p.rounds = 0
	p.search = p2p.PacketID{}
	p.enter(online)
	p.after(ctx, p.options.Config.Get().Session.Refresh, &refresh{})
	p.publish(ctx)
	p.finds.retry(ctx, p)
}

// onRefresh logs in again: the answer is the same session as long as the supernode lives and knows us.
func (p *peer) onRefresh(ctx actor.Context) {
	if p.state == online {
		p.sendLogin(ctx)
	}
}

// lost leaves a supernode that is gone and looks for another.
func (p *peer) lost(ctx actor.Context, why string) {
	p.env.Log.WithField("supernode", p.supernode.String()).Warnf("supernode lost: %s", why)
	p.forget(p.supernode)
	p.publisher.reset()
	p.seek(ctx)
}

// onSupe passes another's SUPE on to our supernode and does not answer it: a peer is none.
func (p *peer) onSupe(ctx actor.Context, m *message.Supe) {
	if !p.seen.Add(m.ID) || p.state != online || m.Origin.Same(p.options.Self) {
		return
	}
	ttl, ok := min(m.TTL, p.options.Config.Get().Discovery.TTL).Lowered()
	if !ok || p.supernode == m.Origin {
		return
	}
	ctx.Send(p.routes.Gateway, &message.Send{To: p.supernode, Packet: &message.Supe{ID: m.ID, Origin: m.Origin, TTL: ttl}})
}
