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
	if len(o.neighbors) >= d.Target {
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

// onSupe answers another node's SUPE, once, and passes it on.
func (o *overlay) onSupe(ctx actor.Context, m *message.Supe) {
	if !o.seen.Add(m.ID) || m.Origin.Same(o.options.Self) {
		o.duplicates.Add(1)
		return
	}
	ctx.Send(o.routes.Gateway, &message.Send{
		To: m.Origin, Packet: &message.Asup{ID: m.ID, Supernode: o.options.Self},
	})
	ttl, ok := min(m.TTL, o.rules().TTL).Lowered()
	if !ok {
		return
	}
	on := &message.Supe{ID: m.ID, Origin: m.Origin, TTL: ttl}
	for _, n := range o.others(m.From, m.Origin) {
		ctx.Send(n.pid, &pass{packet: on})
	}
}

// onAsup takes a supernode that answers our SUPE as a neighbor while some are missing. It counts once it has been
// reached; until then it is a neighbor that is down.
func (o *overlay) onAsup(ctx actor.Context, m *message.Asup) {
	if m.ID != o.searching || o.env.Clock.Now().After(o.until) || len(o.neighbors) >= o.rules().Target {
		return
	}
	o.add(ctx, m.Supernode, false)
}
