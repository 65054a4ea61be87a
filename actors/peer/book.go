package peer

import (
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/acquaint"
	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

const (
	// note is the name under which the known supernodes are kept.
	note = "supernodes"
	// keepEvery is how often they are written down at most.
	keepEvery = 30 * time.Second
	// refusedRest is how long a supernode that refused a login is left alone.
	refusedRest = time.Minute
)

// changed has what is known of supernodes written down: at once, but not more often than keepEvery.
func (p *peer) changed(ctx actor.Context) {
	p.standing.Set(len(p.standbys()))
	if p.guest() {
		return
	}
	p.unwritten = true
	if p.armed(keepBook) {
		return
	}
	if now := p.env.Clock.Now(); p.written.IsZero() || now.Sub(p.written) >= keepEvery {
		p.keep()
		return
	}
	p.arm(ctx, keepBook, keepEvery)
}

// keep writes down what is known of supernodes.
func (p *peer) keep() {
	if !p.unwritten || !p.recalled {
		return // before the last run's have been read they would be lost
	}
	p.unwritten, p.written = false, p.env.Clock.Now()
	p.options.Notes.Keep(note, p.book.Text())
}

// onRecalled takes the supernodes of the last run.
func (p *peer) onRecalled(ctx actor.Context, m *port.Recalled) {
	p.recalled = true
	damaged := p.book.Read(m.Value, p.env.Clock.Now())
	log := p.env.Log.WithField("known", p.book.Len())
	if damaged > 0 {
		log.WithField("damaged", damaged).Warn("known supernodes of the last run: some lines made no sense and are left out")
	}
	if m.Value == nil {
		return
	}
	log.Debug("known supernodes of the last run")
	if p.state == searching {
		p.addKnown(ctx)
	}
}

// hear notes a supernode of which somebody has told. ok is false where there is no room for it.
func (p *peer) hear(ctx actor.Context, e p2p.Endpoint) (ok bool) {
	if ok = p.book.Hear(e, p.env.Clock.Now()); !ok {
		p.full.Hit("supernode", e)
		return false
	}
	p.changed(ctx)
	return true
}

// fail notes that a supernode could not be reached.
func (p *peer) fail(ctx actor.Context, e p2p.Endpoint) {
	p.book.Fail(e)
	p.changed(ctx)
}

// rests says whether a supernode has refused a login a short while ago.
func (p *peer) rests(s acquaint.Supernode) bool {
	return !s.Refused.IsZero() && p.env.Clock.Now().Sub(s.Refused) < refusedRest
}

func (p *peer) restsAt(e p2p.Endpoint) bool {
	s, ok := p.book.Get(e)
	return ok && p.rests(s)
}

// standbys are the supernodes that can take the place of the active one: they have been reached lately, and have not
// refused a login. The best is first.
func (p *peer) standbys() []acquaint.Supernode {
	c := p.options.Config.Get().Session
	if p.guest() || c.Standbys == 0 {
		return nil
	}
	now := p.env.Clock.Now()
	var out []acquaint.Supernode
	for _, s := range p.book.Best(-1, now) {
		lately := !s.Reached.IsZero() && now.Sub(s.Reached) < 3*c.StandbyEvery
		if lately && s.Failures == 0 && s.Refused.IsZero() && !s.Endpoint.Same(p.supernode) && !s.Endpoint.Same(p.options.Self) {
			if out = append(out, s); len(out) == c.Standbys {
				break
			}
		}
	}
	return out
}

// refused are the supernodes that have refused a login lately.
func (p *peer) refused() (out []p2p.Endpoint) {
	for _, s := range p.book.Best(-1, p.env.Clock.Now()) {
		if p.rests(s) {
			out = append(out, s.Endpoint)
		}
	}
	return out
}

func (p *peer) status() *message.PeerStatus {
	s := &message.PeerStatus{
		State: p.state, Supernode: p.supernode, Standbys: []message.SupernodeStatus{}, Published: len(p.publisher.published),
		Refused: p.refused(), Trouble: p.trouble,
	}
	now := p.env.Clock.Now()
	for _, k := range p.book.Best(-1, now) {
		s.Known = append(s.Known, k.Endpoint)
	}
	for _, k := range p.standbys() {
		s.Standbys = append(s.Standbys, statusOf(k, now))
	}
	if k, ok := p.book.Get(p.supernode); ok && p.state == online {
		active := statusOf(k, now)
		s.Active = &active
	}
	return s
}

// statusOf is how a supernode is that is up as far as is known.
func statusOf(s acquaint.Supernode, now time.Time) message.SupernodeStatus {
	up := s.Observed
	if !s.Started.IsZero() {
		up = max(0, now.Sub(s.Started))
	}
	return message.SupernodeStatus{
		Endpoint: s.Endpoint, Base: !s.Base.IsZero(), Uptime: up, Sessions: s.Sessions, Files: s.Files, RTT: s.RTT,
	}
}

// account is what a supernode knows of this node: a session and what was published in it.
type account struct {
	at        p2p.Endpoint
	session   p2p.SessionID
	published map[p2p.FileID]p2p.FileName
}

// maxLeft is how many accounts are remembered at supernodes that were left because they were gone.
const maxLeft = 4

// leave remembers the account at a supernode for when it is back: there is a session of ours still.
func (p *peer) leave() {
	published := p.publisher.leave()
	if p.session.Refused() {
		return
	}
	if p.left = append(p.left, account{at: p.at, session: p.session, published: published}); len(p.left) > maxLeft {
		p.left = slices.Delete(p.left, 0, 1)
	}
}

// takeLeft gives the account at a supernode that was left, and forgets it.
func (p *peer) takeLeft(e p2p.Endpoint) (a account, ok bool) {
	i := slices.IndexFunc(p.left, func(a account) bool { return a.at.Same(e) })
	if i < 0 {
		return a, false
	}
	a = p.left[i]
	p.left = slices.Delete(p.left, i, i+1)
	return a, true
}

// farewells logs out wherever a session was left, as far as somebody is there.
func (p *peer) farewells(ctx actor.Context) {
	for _, a := range slices.Clone(p.left) {
		p.farewell(ctx, a.at)
	}
}

// farewell logs out at a supernode that was left and is back: it would offer what this node may not share any more.
// Nobody waits for the answer.
func (p *peer) farewell(ctx actor.Context, e p2p.Endpoint) {
	if a, ok := p.takeLeft(e); ok {
		ctx.Send(p.routes.Gateway, &message.Ask{
			Ref: p.ref(), To: a.at, Packet: &message.Logout{Session: a.session}, Timeout: answerTimeout, ReplyTo: ctx.Self(),
		})
	}
}
