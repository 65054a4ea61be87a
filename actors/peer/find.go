package peer

import (
	"cmp"
	"maps"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

// finds are the searches under way, by the ref under which the supernode is asked.
type finds map[message.Ref]*asking

// asking is a search of this node's user.
type asking struct {
	find *message.Find
	// retried says that the supernode closed the connection once already. It does that where it does not know the
	// session; after a new login it is asked again, and no more than that.
	retried bool
	waiting bool // for the new login
}

// onFind searches through the supernode.
func (p *peer) onFind(ctx actor.Context, m *message.Find) {
	if p.state != online {
		ctx.Send(m.ReplyTo, &message.Found{Ref: m.Ref, Err: message.ErrNoSupernode})
		return
	}
	p.ask(ctx, &asking{find: m})
}

func (p *peer) ask(ctx actor.Context, a *asking) {
	ref := p.ref()
	p.finds[ref] = a
	ctx.Send(p.routes.Gateway, &message.Ask{
		Ref: ref, To: p.supernode, Packet: &message.Find{Session: p.session, Text: a.find.Text},
		Timeout: p.options.FindWindow, ReplyTo: ctx.Self(),
	})
}

// onFoundOrNot takes the outcome of a search. Where the supernode closed without an answer the session may be unknown
// to it: the peer logs in again, which brings a session or shows that the supernode is gone, and asks once more.
func (p *peer) onFoundOrNot(ctx actor.Context, m *message.Answered) {
	a := p.finds[m.Ref]
	if a == nil {
		return
	}
	if m.Err != nil && !a.retried && (p.state == online || p.state == searching || p.state == loggingIn) {
		a.retried, a.waiting = true, true
		if p.state == online {
			p.sendLogin(ctx)
		}
		return
	}
	delete(p.finds, m.Ref)
	answer := &message.Found{Ref: a.find.Ref, Err: m.Err}
	if found, ok := m.Reply.(*message.Found); ok {
		answer.Results = found.Results
	}
	ctx.Send(a.find.ReplyTo, answer)
}

// retry asks again what waited for a login.
func (f finds) retry(ctx actor.Context, p *peer) {
	for _, ref := range sortedRefs(f) {
		if a := f[ref]; a.waiting {
			a.waiting = false
			delete(f, ref)
			p.ask(ctx, a)
		}
	}
}

// giveUp answers those who wait for a login: there is nobody to log in at.
func (f finds) giveUp(ctx actor.Context) {
	for _, ref := range sortedRefs(f) {
		if a := f[ref]; a.waiting {
			ctx.Send(a.find.ReplyTo, &message.Found{Ref: a.find.Ref, Err: message.ErrNoSupernode})
			delete(f, ref)
		}
	}
}

// fail answers everybody who waits.
func (f finds) fail(ctx actor.Context, err error) {
	for _, ref := range sortedRefs(f) {
		ctx.Send(f[ref].find.ReplyTo, &message.Found{Ref: f[ref].find.Ref, Err: err})
		delete(f, ref)
	}
}

func sortedRefs(f finds) []message.Ref {
	return slices.SortedFunc(maps.Keys(f), cmp.Compare[message.Ref])
}

func sortedKeys(m map[p2p.FileID]p2p.FileName) []p2p.FileID {
	return slices.SortedFunc(maps.Keys(m), p2p.FileID.Compare)
}
