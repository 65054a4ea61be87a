package peer

import (
	"errors"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

const (
	// answerTimeout is how long to wait for the answer to a login or logout.
	answerTimeout = 10 * time.Second
	// overdueAfter is how long the outcome of a login or logout may take: longer than any dial and its answer, so that it
	// only passes when an actor has failed over it.
	overdueAfter = 15 * time.Minute
)

// Outcomes of a login that are no session.
var (
	errOverdue = errors.New("the login was never answered")
	errRefused = errors.New("the supernode refused the login")
)

func (p *peer) sendLogin(ctx actor.Context) {
	p.login = p.ref()
	ctx.Send(p.routes.Gateway, &message.Ask{
		Ref: p.login, To: p.supernode, Packet: &message.Login{Endpoint: p.options.Self}, Timeout: answerTimeout, ReplyTo: ctx.Self(),
	})
	p.arm(ctx, overdue, overdueAfter)
}

// onOverdue gives up on a login or logout whose outcome was lost with an actor that failed.
func (p *peer) onOverdue(ctx actor.Context, ref message.Ref) {
	if ref == p.login {
		p.onAnswered(ctx, &message.Answered{Ref: ref, Err: errOverdue})
	}
}

// onAnswered takes the outcome of a login, a logout, a probe or a search.
func (p *peer) onAnswered(ctx actor.Context, m *message.Answered) {
	if m.Ref != p.login || p.login == 0 {
		if !p.onProbed(ctx, m.Ref, m.Reply, m.Err) {
			p.onFoundOrNot(ctx, m)
		}
		return
	}
	p.login = 0
	p.disarm(overdue)
	if p.state == loggingOut {
		p.depart(ctx)
		return
	}
	id, err := sessionOf(m)
	switch {
	case p.draining != nil && err == nil:
		p.session = id
		p.logout(ctx)
	case p.draining != nil:
		p.depart(ctx)
	case err == nil:
		p.onLoggedIn(ctx, id)
	default:
		p.onNoSession(ctx, err)
	}
}

// sessionOf is the session that a login has brought.
func sessionOf(m *message.Answered) (p2p.SessionID, error) {
	in, ok := m.Reply.(*message.LoggedIn)
	switch {
	case m.Err != nil:
		return p2p.SessionID{}, m.Err
	case !ok:
		return p2p.SessionID{}, fmt.Errorf("the login was answered with %T", m.Reply)
	case in.Session.Refused():
		return p2p.SessionID{}, errRefused
	}
	return in.Session, nil
}

// onNoSession goes on to the next supernode after a login that brought nothing. One that refused lives, and is left alone
// for a while.
func (p *peer) onNoSession(ctx actor.Context, err error) {
	busy := errors.Is(err, message.ErrBusy)
	if busy && p.state == online {
		p.arm(ctx, refresh, p.options.Config.Get().Session.Refresh)
		return
	}
	refused := errors.Is(err, errRefused)
	if refused {
		p.refusals.Add(1)
		p.book.Refuse(p.supernode, p.env.Clock.Now())
		p.env.Log.WithField("supernode", p.supernode.String()).Warn("the supernode refused the login: it is left alone for a while")
	}
	if p.state == online {
		p.lost(ctx, fmt.Sprintf("the session could not be renewed: %v", err))
		return
	}
	if refused {
		p.changed(ctx)
	} else if !busy {
		p.fail(ctx, p.supernode)
	}
	p.supernode = p2p.Endpoint{}
	p.enter(searching)
	p.roundOver(ctx)
}

// onLoggedIn begins a session, or goes on with it. A new session means that the supernode knows nothing of us.
func (p *peer) onLoggedIn(ctx actor.Context, id p2p.SessionID) {
	was, now := p.state, p.env.Clock.Now()
	p.account(id, was == online)
	p.book.Reach(p.supernode, 0, now)
	p.book.Accept(p.supernode, now)
	p.rounds, p.missed, p.trouble, p.hasty = 0, 0, "", false
	p.untried, p.tried = nil, nil
	p.disarm(compared)
	p.disarm(tryAgain)
	p.enter(online)
	p.changed(ctx)
	if !p.noticed.IsZero() {
		p.failover.Observe(now.Sub(p.noticed).Seconds())
		p.noticed = time.Time{}
	}
	p.arm(ctx, refresh, p.options.Config.Get().Session.Refresh)
	p.watch(ctx)
	if was != online {
		p.onReview(ctx)
	}
	p.publish(ctx)
	p.finds.retry(ctx, p)
}

// account takes up the account at the supernode: the one that there was, also if the supernode was away meanwhile, or one
// that was left, or a new one.
func (p *peer) account(id p2p.SessionID, renewed bool) {
	switch left, ok := p.takeLeft(p.supernode); {
	case id == p.session && p.supernode.Same(p.at):
		if !renewed {
			p.publisher.resume()
		}
		return
	case p.supernode.Same(p.at):
		p.publisher.adopt(nil) // it has forgotten us
	case ok && left.session == id:
		p.leave()
		p.publisher.adopt(left.published)
	default:
		p.leave()
		p.publisher.adopt(nil)
	}
	p.session, p.at = id, p.supernode
}

// onRefresh logs in again: the answer is the same session as long as the supernode lives and knows us.
func (p *peer) onRefresh(ctx actor.Context) {
	if p.state == online {
		p.sendLogin(ctx)
	}
}

// onDrain logs out, so that nobody is sent here in vain.
func (p *peer) onDrain(ctx actor.Context, m *message.Drain) {
	p.draining = m.ReplyTo
	switch p.state {
	case online:
		p.logout(ctx)
	case loggingIn: // onAnswered sees to a session that comes of it
	default:
		p.depart(ctx)
	}
}

func (p *peer) logout(ctx actor.Context) {
	p.enter(loggingOut)
	p.login = p.ref()
	ctx.Send(p.routes.Gateway, &message.Ask{
		Ref: p.login, To: p.supernode, Packet: &message.Logout{Session: p.session}, Timeout: answerTimeout, ReplyTo: ctx.Self(),
	})
	p.farewells(ctx)
	p.disarmAll()
	p.arm(ctx, overdue, overdueAfter)
}

func (p *peer) depart(ctx actor.Context) {
	p.enter(offline)
	p.disarmAll()
	p.keep()
	p.finds.fail(ctx, message.ErrNoSupernode)
	ctx.Send(p.draining, &message.Drained{Who: ctx.Self()})
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
