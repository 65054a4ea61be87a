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
	// maxCandidates is how many supernodes are tried in a round at most.
	maxCandidates = 32
	// askKnown is how many of the supernodes that are known are asked for others, beside the bootstrap nodes.
	askKnown = 3
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

// seek begins a round: it tries the supernodes that are known, and asks the bootstrap nodes and the best of the known ones
// for others meanwhile.
func (p *peer) seek(ctx actor.Context) {
	if p.draining != nil {
		return
	}
	p.supernode = p2p.Endpoint{}
	p.enter(searching)
	p.hasty, p.untried = false, nil
	p.askAround(ctx)
	p.addKnown(ctx)
	if p.search == (p2p.PacketID{}) {
		p.onWindowOver(ctx) // there is nobody to ask
	}
}

// askAround asks for supernodes. p.search stays zero where there is nobody to ask.
func (p *peer) askAround(ctx actor.Context) {
	now := p.env.Clock.Now()
	to := slices.Clone(p.options.Bootstrap)
	if !p.guest() {
		for _, s := range p.book.Best(askKnown, now) {
			if !slices.ContainsFunc(to, s.Endpoint.Same) {
				to = append(to, s.Endpoint)
			}
		}
	}
	p.search, p.asked, p.askedAt = p2p.PacketID{}, make(map[message.Ref]bool, len(to)), now
	p.disarm(windowOver)
	if len(to) == 0 {
		return
	}
	c := p.options.Config.Get().Discovery
	p.search = p2p.NewPacketID(p.env.Rand)
	p.seen.Add(p.search)
	supe := &message.Supe{ID: p.search, Origin: p.options.Self, TTL: c.TTL}
	for _, e := range to {
		ref := p.ref()
		p.asked[ref] = true
		ctx.Send(p.routes.Gateway, &message.Send{Ref: ref, To: e, Packet: supe, ReplyTo: ctx.Self()})
	}
	p.arm(ctx, windowOver, c.Window)
}

// onAsked notes whether somebody has taken the SUPE. Where nobody has, nobody will answer it.
func (p *peer) onAsked(ctx actor.Context, m *message.Sent) {
	if m.Err == nil {
		clear(p.asked)
		return
	}
	if delete(p.asked, m.Ref); len(p.asked) == 0 {
		p.onWindowOver(ctx)
	}
}

// onAsup notes a supernode that answered our SUPE.
func (p *peer) onAsup(ctx actor.Context, m *message.Asup) {
	if p.search == (p2p.PacketID{}) || m.ID != p.search || m.Supernode.Same(p.options.Self) || !p.hear(ctx, m.Supernode) {
		return
	}
	p.candidate(ctx, m.Supernode)
}

// addKnown makes candidates of the supernodes that are known.
func (p *peer) addKnown(ctx actor.Context) {
	for _, s := range p.book.Best(maxCandidates, p.env.Clock.Now()) {
		p.candidate(ctx, s.Endpoint)
	}
}

// candidate adds a supernode to those that are tried in this round, unless it has been or refused lately. From the first
// one on they are compared for a moment.
func (p *peer) candidate(ctx actor.Context, e p2p.Endpoint) {
	if p.state != searching && p.state != loggingIn || e.Same(p.options.Self) || e.Same(p.supernode) || p.restsAt(e) ||
		len(p.untried)+len(p.tried) >= maxCandidates ||
		slices.ContainsFunc(p.untried, e.Same) || slices.ContainsFunc(p.tried, e.Same) {
		return
	}
	p.untried = append(p.untried, e)
	if p.state != searching {
		return
	}
	compare := p.options.Config.Get().Session.Compare
	if compare == 0 || p.guest() {
		p.tryNext(ctx)
		return
	}
	p.probe(ctx, e)
	if !p.armed(compared) {
		p.arm(ctx, compared, compare)
	}
}

// tryNext logs in at the best supernode that has not been tried, if there is one and they have been compared.
func (p *peer) tryNext(ctx actor.Context) {
	if p.state != searching || len(p.untried) == 0 || p.armed(compared) {
		return
	}
	p.supernode = p.bestUntried()
	p.untried = slices.DeleteFunc(p.untried, p.supernode.Same)
	p.tried = append(p.tried, p.supernode)
	p.enter(loggingIn)
	p.sendLogin(ctx)
}

// bestUntried is the best of the candidates; of those of which nothing is known the first.
func (p *peer) bestUntried() p2p.Endpoint {
	for _, s := range p.book.Best(-1, p.env.Clock.Now()) {
		if i := slices.IndexFunc(p.untried, s.Endpoint.Same); i >= 0 {
			return p.untried[i]
		}
	}
	return p.untried[0]
}

// onWindowOver tries the bootstrap nodes themselves as well: they may be supernodes that do not say so.
func (p *peer) onWindowOver(ctx actor.Context) {
	p.disarm(windowOver)
	p.search, p.asked = p2p.PacketID{}, nil
	switch p.state {
	case searching, loggingIn:
		if !p.hasty {
			for _, b := range p.options.Bootstrap {
				p.candidate(ctx, b)
			}
		}
		p.roundOver(ctx)
	case online:
		p.onReview(ctx) // those that have answered may become standbys
	}
}

// roundOver tries what is left of a round, or begins another one after a pause.
func (p *peer) roundOver(ctx actor.Context) {
	p.tryNext(ctx)
	if p.state != searching || p.armed(compared) || p.search != (p2p.PacketID{}) {
		return
	}
	if p.hasty {
		p.seek(ctx)
		return
	}
	p.finds.giveUp(ctx)
	p.rounds++
	p.tried = nil
	p.trouble = "no supernode can be reached"
	if n := len(p.refused()); n > 0 {
		p.trouble = "every supernode that can be reached refuses the login"
	}
	wait := pause(p.rounds, rand.New(p.env.Rand).Float64())
	p.env.Log.WithField("retry", wait.Round(time.Millisecond).String()).Warn(p.trouble)
	p.arm(ctx, tryAgain, wait)
}

func (p *peer) onTryAgain(ctx actor.Context) {
	if p.state == searching {
		p.seek(ctx)
	}
}

// lost leaves a supernode that is gone for the best standby. Only where none takes it a new round begins.
func (p *peer) lost(ctx actor.Context, why string) {
	now := p.env.Clock.Now()
	p.env.Log.WithField("supernode", p.supernode.String()).Warnf("supernode lost: %s", why)
	if p.missed == 0 {
		p.noticed = now
	}
	p.missed = 0
	p.failovers.Add(1)
	gone := p.supernode
	p.fail(ctx, gone)
	p.disarm(refresh)
	p.disarm(check)
	p.disarm(review)
	p.login, p.tried, p.untried = 0, []p2p.Endpoint{gone}, nil
	standbys := p.standbys()
	p.supernode = p2p.Endpoint{}
	if len(standbys) == 0 {
		p.seek(ctx)
		return
	}
	p.enter(searching)
	p.hasty = true
	for _, s := range standbys {
		p.untried = append(p.untried, s.Endpoint)
	}
	p.tryNext(ctx)
}
