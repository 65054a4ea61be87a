package gateway

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/digest"
	"alakazaam/actors/message"
	"alakazaam/gateway/wire"
)

// filterPacket is the packet that says what a message about a filter says; nil for any other message.
func filterPacket(m any) wire.Packet {
	switch m := m.(type) {
	case *message.FilterPart:
		return &wire.Filt{Generation: m.Generation, LogBits: m.LogBits, Offset: m.Offset, Data: m.Data}
	case *message.FilterDelta:
		return &wire.Delt{Generation: m.Generation, Set: m.Set, Clear: m.Clear}
	}
	return nil
}

// filterMessage is the message for the neighbor that says what a packet about a filter says, which came over the link
// replyTo; nil for any other packet.
func filterMessage(p wire.Packet, ref message.Ref, replyTo *actor.PID) any {
	switch p := p.(type) {
	case *wire.Filt:
		part := digest.Part{Generation: p.Generation, LogBits: p.LogBits, Offset: p.Offset, Data: p.Data}
		return &message.FilterPart{Ref: ref, Part: part, ReplyTo: replyTo}
	case *wire.Delt:
		delta := digest.Delta{Generation: p.Generation, Set: p.Set, Clear: p.Clear}
		return &message.FilterDelta{Ref: ref, Delta: delta, ReplyTo: replyTo}
	}
	return nil
}

const (
	// filterAhead is how many bytes of a link's queue a whole filter takes at most: the rest is for what is in a hurry.
	filterAhead = 32 << 10
	// pumpEvery is how soon the next piece of a whole filter follows where one waits in the link's queue.
	pumpEvery = 20 * time.Millisecond
	// filterVersion is the version of links from which on they know filters.
	filterVersion = 2
)

// filterSize is about how many bytes a packet takes.
func filterSize(p wire.Packet) int {
	n := p.Command().Size()
	switch p := p.(type) {
	case *wire.Filt:
		n += len(p.Data)
	case *wire.Delt:
		const position = 8
		n += position * (len(p.Set) + len(p.Clear))
	}
	return n
}

// pump is when the next piece of a filter follows.
type pump struct{}

// isFilter says whether a packet tells of a filter.
func isFilter(p wire.Packet) bool { return p.Command() == wire.FILT || p.Command() == wire.DELT }

// carryFilter sends something of this node's filter. Nothing of a filter may be missed: where the link cannot keep up, the
// other side is told to know nothing, and gets the whole later.
func (c *incoming) carryFilter(ctx actor.Context, p wire.Packet) {
	l := c.link
	if l.version < filterVersion {
		return
	}
	l.filter = append(l.filter, p)
	l.filterWaiting += filterSize(p)
	if limit := 4 * int(c.Config.Get().Search.FilterMax); l.filterWaiting > limit {
		c.cutFilter(ctx, l.filterWaiting, limit)
		return
	}
	if l.pumping == nil {
		c.pumpFilter(ctx)
	}
}

// cutFilter has the other side know nothing, because of so many bytes that wait where there is room for no more than limit.
func (c *incoming) cutFilter(ctx actor.Context, waiting, limit int) {
	c.metrics.filters.Hit("to", c.from, "waiting", waiting, "limit", limit)
	c.link.filter, c.link.filterWaiting = nil, 0
	c.emit(filterPacket(&message.FilterPart{Part: digest.Unknown(0)}))
	ctx.Send(c.link.neighbor, &message.FilterCut{Link: ctx.Self()})
}

// pumpFilter sends what there is room for, and comes back if there is more. Only the pieces of a whole filter have time:
// until the last of them is there the other side turns no search away. A change goes out at once, because until it is there
// searches are turned away that would find what is new.
func (c *incoming) pumpFilter(ctx actor.Context) {
	l := c.link
	if l == nil || c.ended {
		return
	}
	l.pumping = nil
	for len(l.filter) > 0 {
		p := l.filter[0]
		queued, limit := c.conn.Queued(), int(c.limits().LinkQueue)
		change := p.Command() == wire.DELT
		if change && queued >= limit {
			c.cutFilter(ctx, queued, limit)
			return
		}
		if !change && queued >= filterAhead {
			break
		}
		l.filter[0] = nil
		l.filter = l.filter[1:]
		l.filterWaiting -= filterSize(p)
		c.emit(p)
	}
	if len(l.filter) == 0 {
		l.filter = nil
		return
	}
	l.pumping = c.env.Clock.After(pumpEvery, ctx.Self(), &pump{})
}
