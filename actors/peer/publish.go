package peer

import (
	"errors"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

const (
	// together is how many publications are on their way at once, each on a connection of its own.
	together = 4
	// patience is how many in a row may fail before the supernode counts as gone.
	patience = 3
	// busyPause is when a publication is tried again for which this node had no time.
	busyPause = time.Second
)

// publisher brings the supernode's knowledge of what is shared into line with what is shared. It is pure: it says what
// to send, and is told what became of it. Changes of one file are sent one after the other, so that none can overtake.
type publisher struct {
	shared    map[p2p.FileID]p2p.FileName
	published map[p2p.FileID]p2p.FileName // as the supernode has been told
	queue     []p2p.FileID                // files to look at, oldest first; a file may stand here in vain
	under     map[message.Ref]sending
	busy      map[p2p.FileID]bool // files with a change under way
	failed    int                 // in a row
}

// sending is a change under way.
type sending struct {
	change message.Publication
	stale  bool // sent in an earlier session: its outcome says nothing
}

func newPublisher() publisher {
	return publisher{
		shared: make(map[p2p.FileID]p2p.FileName), published: make(map[p2p.FileID]p2p.FileName),
		under: make(map[message.Ref]sending), busy: make(map[p2p.FileID]bool),
	}
}

// update takes in a change of what is shared.
func (p *publisher) update(m *message.ShareUpdate) {
	if m.Reset {
		p.queue = append(p.queue, sortedKeys(p.shared)...)
		clear(p.shared)
	}
	for _, c := range m.Changes {
		if c.Withdraw {
			delete(p.shared, c.File)
		} else {
			p.shared[c.File] = c.Name
		}
		p.queue = append(p.queue, c.File)
	}
}

// resume goes on in a session that has been interrupted: the supernode still knows what it was told, and whatever has
// changed since has to be sent.
func (p *publisher) resume() {
	p.failed = 0
	p.queue = append(sortedKeys(p.shared), sortedKeys(p.published)...)
}

// leave gives what the supernode was told. What was on its way stands there without a name: nobody knows whether it has
// arrived.
func (p *publisher) leave() map[p2p.FileID]p2p.FileName {
	told := p.published
	p.published = make(map[p2p.FileID]p2p.FileName)
	for ref, s := range p.under {
		if !s.stale {
			told[s.change.File] = ""
		}
		s.stale = true
		p.under[ref] = s
	}
	return told
}

// adopt begins a session in which the supernode has been told this, nothing if it is nil.
func (p *publisher) adopt(told map[p2p.FileID]p2p.FileName) {
	p.leave()
	if told != nil {
		p.published = told
	}
	p.resume()
}

// next says what to send next. ok is false where there is nothing, or enough is under way.
func (p *publisher) next() (c message.Publication, ok bool) {
	if len(p.under) >= together {
		return c, false
	}
	for i := 0; i < len(p.queue); i++ {
		id := p.queue[i]
		if p.busy[id] {
			continue
		}
		copy(p.queue[1:i+1], p.queue[:i]) // only the few that are busy stand before it
		p.queue = p.queue[1:]
		i--
		name, want := p.shared[id]
		told, has := p.published[id]
		switch {
		case want && (!has || name != told):
			return message.Publication{File: id, Name: name}, true
		case !want && has:
			return message.Publication{File: id, Withdraw: true}, true
		}
	}
	return c, false
}

func (p *publisher) sent(ref message.Ref, c message.Publication) {
	p.under[ref] = sending{change: c}
	p.busy[c.File] = true
}

// done takes the outcome of a change. gone says that too many in a row have failed.
func (p *publisher) done(ref message.Ref, err error) (gone bool) {
	s, ok := p.under[ref]
	if !ok {
		return false
	}
	delete(p.under, ref)
	delete(p.busy, s.change.File)
	switch {
	case s.stale:
		p.queue = append(p.queue, s.change.File)
		return false
	case errors.Is(err, message.ErrBusy): // this node had no time for it: that says nothing about the supernode
		p.queue = append(p.queue, s.change.File)
		return false
	case err != nil:
		p.failed++
		p.queue = append([]p2p.FileID{s.change.File}, p.queue...)
		return p.failed >= patience
	case s.change.Withdraw:
		delete(p.published, s.change.File)
	default:
		p.published[s.change.File] = s.change.Name
	}
	p.failed = 0
	p.queue = append(p.queue, s.change.File) // it may have changed while the queue was not kept
	return false
}

// publish sends what may be sent now.
func (p *peer) publish(ctx actor.Context) {
	if p.state != online {
		p.publisher.queue = nil // a session begins with a look at everything; what changes until then must not pile up
	}
	for p.state == online {
		c, ok := p.publisher.next()
		if !ok {
			return
		}
		ref := p.ref()
		p.publisher.sent(ref, c)
		ctx.Send(p.routes.Gateway, &message.Send{
			Ref: ref, To: p.supernode, Packet: &message.PublishOne{Session: p.session, Change: c}, ReplyTo: ctx.Self(),
		})
	}
}

// onPublished takes the outcome of a publication.
func (p *peer) onPublished(ctx actor.Context, m *message.Sent) {
	if p.publisher.done(m.Ref, m.Err) && p.state == online {
		p.lost(ctx, m.Err.Error())
		return
	}
	if errors.Is(m.Err, message.ErrBusy) {
		p.arm(ctx, publishing, busyPause)
		return
	}
	p.publish(ctx)
}
