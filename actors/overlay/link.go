package overlay

import (
	"net/netip"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/digest"
	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// linked is what a neighbor has while it has a link.
type linked struct {
	pid     *actor.PID
	version int                    // the lower of both sides'
	filter  *digest.Filter         // of the other side's names
	open    map[p2p.PacketID]*pass // QUERs sent over it that the other side has not finished
	order   []p2p.PacketID         // of open, as they were sent; some may have been finished
	told    map[message.Ref]told   // answers that whoever asked has not dealt with yet
	owed    map[p2p.PacketID]int   // QUERs that came over it and have had no DONE yet
	heard   time.Time              // something has come
	since   time.Time
	ping    p2p.PacketID // that is not answered; zero: none
	asked   time.Time    // when it was sent
	timer   port.Timer
}

// told is an answer that came over the link and was given to whoever asked.
type told struct {
	to  *actor.PID
	ref message.Ref // the link's
}

// onAsked takes the link that the other side has opened. Where both sides open one at the same time, that of the side
// with the smaller endpoint counts; where there is one already, the other side has lost it.
func (n *neighbor) onAsked(ctx actor.Context, m *message.LinkAsked) {
	refuse := func(reason string) {
		ctx.Send(m.ReplyTo, &message.LinkAnswered{Ref: m.Ref, Refused: &message.LinkRefused{Code: message.NackConflict, Reason: reason}})
	}
	switch {
	case n.opening != 0 && !n.looking && n.self.Compare(m.Endpoint) < 0:
		refuse("this node is opening a link to you")
		return
	case n.kind == byLink && !n.provenBy(m.From):
		refuse("there is a link to that node")
		return
	}
	n.opening = 0
	ctx.Send(m.ReplyTo, &message.LinkAnswered{Ref: m.Ref, Neighbor: ctx.Self(), Uptime: n.env.Clock.Now().Sub(n.started)})
	n.join(ctx, m.Link, m.Version, 0)
}

// provenBy says whether it must be this neighbor who speaks from an address. Somebody else may name its IPv4 address
// beside an IPv6 address of his own, or the other way round, and must not take its link's place.
func (n *neighbor) provenBy(from netip.Addr) bool {
	c := n.config.Get()
	return n.endpoint.At(from) || !c.Session.VerifyAddress || c.Access.Trusts(from)
}

// join begins a link.
func (n *neighbor) join(ctx actor.Context, pid *actor.PID, version int, uptime time.Duration) {
	n.part(ctx)
	n.stopRetry()
	now := n.env.Clock.Now()
	n.kind, n.failures, n.knows = byLink, 0, true
	n.linked = linked{pid: pid, version: version, filter: n.newFilter(), open: make(map[p2p.PacketID]*pass), told: make(map[message.Ref]told), owed: make(map[p2p.PacketID]int), heard: now, since: now}
	ctx.Watch(pid)
	n.meters.links.Add(1)
	ctx.Send(ctx.Parent(), &standing{by: n.endpoint, kind: byLink, uptime: uptime})
	n.ask(ctx)
	n.ping(ctx)
	n.flush(ctx)
}

// part ends a link, if there is one. What was not finished over it is not known.
func (n *neighbor) part(ctx actor.Context) {
	l := n.linked
	if l.pid == nil {
		return
	}
	n.linked, n.kind = linked{}, unreached
	if l.timer != nil {
		l.timer.Stop()
	}
	ctx.Unwatch(l.pid)
	ctx.Send(l.pid, &message.CloseLink{})
	n.meters.links.Add(-1)
	for _, id := range l.order {
		if p := l.open[id]; p != nil {
			n.answer(ctx, p, message.Unknown)
		}
	}
}

// onLost looks for another link when there is none any more: soon, but not at the same moment as the other side.
func (n *neighbor) onLost(ctx actor.Context, m *message.LinkLost) {
	if n.linked.pid == nil || !n.linked.pid.Equal(m.Link) {
		return
	}
	n.meters.lost.Add(1)
	n.part(ctx)
	ctx.Send(ctx.Parent(), &standing{by: n.endpoint, why: m.Err})
	n.rest(ctx, n.soon())
}

// soon is a moment within the first backoff.
func (n *neighbor) soon() time.Duration {
	return time.Duration(n.env.Rand.Uint64() % uint64(firstBackoff))
}

// overLink sends a packet over the link.
func (n *neighbor) overLink(ctx actor.Context, m *pass) {
	if q, ok := m.packet.(*message.Quer); ok && m.replyTo != nil {
		if n.needless(q) {
			n.meters.needless.Add(1)
			n.answer(ctx, m, message.Complete)
			return
		}
		m.at = n.env.Clock.Now()
		n.lookForTardiness(ctx, m.at)
		n.makeRoom(ctx)
		n.linked.open[q.ID] = m
		n.linked.order = append(n.linked.order, q.ID)
		if m.at.Before(n.tardy) {
			n.answer(ctx, m, message.Unsaid)
		}
	}
	n.tally.sent.Add(1)
	n.carry(ctx, m.packet)
}

// lookForTardiness notes that the other side does not say when it has finished a QUER, so that searches do not wait for it
// any more, and gives such QUERs up. An honest one has given up by then whatever it waits for itself.
func (n *neighbor) lookForTardiness(ctx actor.Context, now time.Time) {
	l := &n.linked
	for ; len(l.order) > 0; l.order = l.order[1:] {
		p := l.open[l.order[0]]
		if p == nil {
			continue
		}
		if now.Sub(p.at) <= n.config.Get().Search.Window {
			return
		}
		if !now.Before(n.tardy) {
			n.meters.tardy.Hit("neighbor", n.endpoint, "for", n.rules().LinkAgain)
			n.proof = min(max(punctual, 2*n.proof), mostProof)
			if now.Sub(n.tardy) > n.rules().LinkAgain {
				n.proof = punctual // it has behaved for long
			}
		}
		n.forget(ctx, l.order[0])
		n.unfinished(now)
	}
}

// A neighbor has to finish punctual QUERs in a row until searches wait for it again, and each time twice as many, up to
// mostProof, so that it cannot have searches wait again and again.
const (
	punctual  = 16
	mostProof = 4096
)

// unfinished notes that a QUER was not finished.
func (n *neighbor) unfinished(now time.Time) { n.tardy, n.kept = now.Add(n.rules().LinkAgain), 0 }

// makeRoom forgets the oldest QUERs where twice as many are open as searches may be under way: nobody waits for those.
func (n *neighbor) makeRoom(ctx actor.Context) {
	l := &n.linked
	for limit := 2 * n.config.Get().Limits.PendingQueries; limit > 0 && len(l.order) >= limit; l.order = l.order[1:] {
		n.forget(ctx, l.order[0])
	}
}

// forget gives up a QUER that the other side has not finished, if it is open.
func (n *neighbor) forget(ctx actor.Context, id p2p.PacketID) {
	if p := n.linked.open[id]; p != nil {
		delete(n.linked.open, id)
		n.answer(ctx, p, message.Unknown)
	}
}

func (n *neighbor) carry(ctx actor.Context, packet any) {
	if n.linked.pid != nil {
		ctx.Send(n.linked.pid, &message.Carry{Packet: packet})
	}
}

// onCarry sends what somebody has to say over the link. Answers to what was asked over an earlier one are not sent: the
// other side has given them up, and did not ask for them over this one.
func (n *neighbor) onCarry(ctx actor.Context, packet any) {
	owed := n.linked.owed
	switch p := packet.(type) {
	case *message.Aque:
		if owed[p.ID] == 0 {
			return
		}
	case *message.Done:
		if owed[p.ID] == 0 {
			return
		}
		if owed[p.ID]--; owed[p.ID] == 0 {
			delete(owed, p.ID)
		}
	}
	n.carry(ctx, packet)
}

// onPacket deals with what has come over the link. Whoever deals with it in the end tells the link so. What comes late from
// a link that was given up is not wanted any more.
func (n *neighbor) onPacket(ctx actor.Context, packet any) {
	link, ref := sender(packet)
	if n.linked.pid == nil || !n.linked.pid.Equal(link) {
		ctx.Send(link, &message.Handled{Ref: ref})
		return
	}
	if ref != 0 { // the link itself says DONE for a QUER that it did not send
		n.linked.heard = n.env.Clock.Now()
	}
	switch m := packet.(type) {
	case *message.Supe, *message.Asup, *message.Ping:
		ctx.Send(n.routes.Overlay, m)
		return
	case *message.Quer:
		n.linked.owed[m.ID]++
		ctx.Send(n.routes.Queries, m)
		return
	case *message.Aque:
		if p := n.linked.open[m.ID]; p != nil && !p.gone {
			n.tell(ctx, p, m)
			return
		}
		n.meters.late.Add(1)
	case *message.Done:
		n.onDone(ctx, m)
	case *message.FilterPart, *message.FilterDelta:
		n.onFilter(m)
	case *message.Pong:
		n.onPong(ctx, m)
	}
	ctx.Send(link, &message.Handled{Ref: ref})
}

// sender is the link that something has come over, and its name for it.
func sender(packet any) (link *actor.PID, ref message.Ref) {
	switch m := packet.(type) {
	case *message.Supe:
		return m.ReplyTo, m.Ref
	case *message.Asup:
		return m.ReplyTo, m.Ref
	case *message.Quer:
		return m.ReplyTo, m.Ref
	case *message.Aque:
		return m.ReplyTo, m.Ref
	case *message.Done:
		return m.ReplyTo, m.Ref
	case *message.Ping:
		return m.ReplyTo, m.Ref
	case *message.Pong:
		return m.ReplyTo, m.Ref
	case *message.FilterPart:
		return m.ReplyTo, m.Ref
	case *message.FilterDelta:
		return m.ReplyTo, m.Ref
	}
	return nil, 0
}

// tell gives an answer to whoever asked, who may have ended by now: the link, which waits to hear that it was handled, hears
// that in any case.
func (n *neighbor) tell(ctx actor.Context, p *pass, m *message.Aque) {
	if !p.watched {
		p.watched = true
		ctx.Watch(p.replyTo)
	}
	ref := n.ref()
	n.linked.told[ref] = told{to: p.replyTo, ref: m.Ref}
	ctx.Send(p.replyTo, &message.Aque{Ref: ref, ID: m.ID, Hit: m.Hit, From: m.From, ReplyTo: ctx.Self()})
}

// onHandled lets the link know that an answer was dealt with.
func (n *neighbor) onHandled(ctx actor.Context, m *message.Handled) {
	if t, ok := n.linked.told[m.Ref]; ok {
		delete(n.linked.told, m.Ref)
		ctx.Send(n.linked.pid, &message.Handled{Ref: t.ref})
	}
}

// onTerminated deals with the end of the link, or of whoever asked for something: what was in its mailbox is lost, and
// nobody is told what still comes.
func (n *neighbor) onTerminated(ctx actor.Context, who *actor.PID) {
	if n.linked.pid != nil && n.linked.pid.Equal(who) {
		ctx.Send(ctx.Self(), &message.LinkLost{Link: who, Err: errLinkStopped}) // behind what it has said last
		return
	}
	for _, p := range n.linked.open {
		p.gone = p.gone || p.replyTo.Equal(who)
	}
	var lost []message.Ref
	for ref, t := range n.linked.told {
		if t.to.Equal(who) {
			lost = append(lost, ref)
		}
	}
	slices.Sort(lost)
	for _, ref := range lost {
		n.onHandled(ctx, &message.Handled{Ref: ref})
	}
}

// onDone ends this neighbor's part of a flood.
func (n *neighbor) onDone(ctx actor.Context, m *message.Done) {
	p := n.linked.open[m.ID]
	if p == nil {
		return
	}
	delete(n.linked.open, m.ID)
	if m.Ref != 0 { // else the link itself says it of a QUER that it did not send
		n.kept++
		if now := n.env.Clock.Now(); n.kept >= n.proof && now.Before(n.tardy) {
			n.tardy = now
		}
	}
	outcome := message.Unknown
	if m.Complete {
		outcome = message.Complete
	}
	n.answer(ctx, p, outcome)
}

// ping asks the other side whether it is there.
func (n *neighbor) ping(ctx actor.Context) {
	l := &n.linked
	l.ping, l.asked = p2p.NewPacketID(n.env.Rand), n.env.Clock.Now()
	n.carry(ctx, &message.Ping{ID: l.ping})
	l.timer = n.env.Clock.After(n.rules().PingTimeout, ctx.Self(), &pongDue{l.pid, l.ping})
}

// onPingTime asks again.
func (n *neighbor) onPingTime(ctx actor.Context, m *pingTime) {
	if !m.link.Equal(n.linked.pid) {
		return
	}
	n.lookForTardiness(ctx, n.env.Clock.Now())
	n.ping(ctx)
}

// onPongDue gives up a link on which nothing has come since it was asked, or asks again after a while.
func (n *neighbor) onPongDue(ctx actor.Context, m *pongDue) {
	l := &n.linked
	switch {
	case !m.link.Equal(l.pid) || l.ping != m.id:
	case l.heard.Before(l.asked):
		n.onLost(ctx, &message.LinkLost{Link: l.pid, Err: errSilent})
	default: // it is busy, but there
		n.pause(ctx)
	}
}

func (n *neighbor) onPong(ctx actor.Context, m *message.Pong) {
	l := &n.linked
	if m.ID != l.ping || l.ping == (p2p.PacketID{}) {
		return
	}
	l.ping = p2p.PacketID{}
	rtt := n.env.Clock.Now().Sub(l.asked)
	n.meters.rtt.Observe(rtt.Seconds())
	ctx.Send(ctx.Parent(), &standing{by: n.endpoint, kind: byLink, uptime: m.Uptime, rtt: rtt, load: m})
	n.pause(ctx)
}

// pause waits until it is time to ask again.
func (n *neighbor) pause(ctx actor.Context) {
	l := &n.linked
	l.timer.Stop() // the one that would give it up
	l.timer = n.env.Clock.After(n.rules().PingEvery, ctx.Self(), &pingTime{l.pid})
}
