package overlay

import (
	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/config"
)

// rules are those of discovery as they are now.
func (o *overlay) rules() config.Discovery { return o.options.Config.Get().Discovery }

// onDiscover looks from time to time whether neighbors are missing.
func (o *overlay) onDiscover(ctx actor.Context) {
	if o.timer != nil {
		o.timer.Stop() // a look that was due when an instance failed must not become a second series of them
	}
	o.timer = o.env.Clock.After(o.rules().Every, ctx.Self(), &discover{})
	o.discover(ctx)
}

// discover floods a SUPE if neighbors are missing.
func (o *overlay) discover(ctx actor.Context) {
	d := o.rules()
	if o.missing() <= 0 {
		return
	}
	o.searching = p2p.NewPacketID(o.env.Rand)
	o.until = o.env.Clock.Now().Add(d.Window)
	o.seen.Add(o.searching)
	supe := &message.Supe{ID: o.searching, Origin: o.options.Self, TTL: d.TTL}
	for _, n := range o.neighbors {
		ctx.Send(n.pid, &pass{packet: supe})
	}
}

// missing is how many neighbors this node lacks. Those that are lost do not count.
func (o *overlay) missing() int {
	n := o.rules().Target
	for _, nb := range o.neighbors {
		if !nb.lost {
			n--
		}
	}
	return n
}

// onSupe answers another node's SUPE, once, and passes it on.
func (o *overlay) onSupe(ctx actor.Context, m *message.Supe) {
	if !o.seen.Add(m.ID) || m.Origin.Same(o.options.Self) {
		o.duplicates.Add(1)
		return
	}
	o.answerSupe(ctx, m)
	ttl, ok := min(m.TTL, o.rules().TTL).Lowered()
	if !ok {
		return
	}
	on := &message.Supe{ID: m.ID, Origin: m.Origin, TTL: ttl}
	for _, n := range o.others(m.From, m.Link, m.Origin) {
		ctx.Send(n.pid, &pass{packet: on})
	}
}

// answerSupe says that this node is here, over the link where it is the other side that asks.
func (o *overlay) answerSupe(ctx actor.Context, m *message.Supe) {
	asup := &message.Asup{ID: m.ID, Supernode: o.options.Self}
	if n := o.same(m.Origin); n != nil && m.Link != nil && n.pid.Id == m.Link.Id {
		ctx.Send(n.pid, &message.Carry{Packet: asup})
		return
	}
	ctx.Send(o.routes.Gateway, &message.Send{To: m.Origin, Packet: asup})
}

// onAsup takes a supernode that answers our SUPE as a neighbor while some are missing. It counts once it has been
// reached; until then it is a neighbor that is down.
func (o *overlay) onAsup(ctx actor.Context, m *message.Asup) {
	if m.ID != o.searching || o.env.Clock.Now().After(o.until) || o.missing() <= 0 {
		return
	}
	o.add(ctx, m.Supernode, false)
}
