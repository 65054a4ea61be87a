package overlay

import (
	"bytes"
	"math/rand/v2"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
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
	o.keep()
	o.discover(ctx)
}

// discover floods a SUPE if neighbors are missing.
func (o *overlay) discover(ctx actor.Context) {
	d := o.rules()
	if o.missing() <= 0 || o.reachable() == 0 {
		return // the first that can be reached brings it back here
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
	o.refresh(ctx)
	if limit := o.options.Config.Get().Limits.Sessions; welcomes(o.census.sessions, limit, rand.New(o.env.Rand).Float64()) {
		o.answerSupe(ctx, m)
	} else {
		o.shy.Hit("sessions", o.census.sessions, "limit", limit)
	}
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

// onAsup notes a supernode that answers our SUPE. Soon, when others have answered as well, the best of those that are
// known become neighbors.
func (o *overlay) onAsup(ctx actor.Context, m *message.Asup) {
	now := o.env.Clock.Now()
	if m.ID != o.searching || now.After(o.until) || m.Supernode.Same(o.options.Self) {
		return
	}
	if !o.book.Hear(m.Supernode, now) {
		o.unknown.Hit("supernode", m.Supernode)
		return
	}
	o.fillSoon(ctx)
}

const (
	// noteName is where the known supernodes outlast the process.
	noteName = "supernodes"
	// gather is how long other supernodes may take to answer, once one has, to be compared with it.
	gather = 500 * time.Millisecond
)

// fill is when neighbors are taken out of the book.
type fill struct{}

func (o *overlay) fillSoon(ctx actor.Context) {
	if o.filling == nil && o.missing() > 0 {
		o.filling = o.env.Clock.After(gather, ctx.Self(), &fill{})
	}
}

// onFill makes the best supernodes that are known neighbors while some are missing. One counts once it has been reached;
// until then it is a neighbor that is down.
func (o *overlay) onFill(ctx actor.Context) {
	o.filling = nil
	for _, s := range o.book.Best(-1, o.env.Clock.Now()) {
		if o.missing() <= 0 {
			return
		}
		o.add(ctx, s.Endpoint, false)
	}
}

// onRecalled takes in the supernodes of an earlier run.
func (o *overlay) onRecalled(ctx actor.Context, m *port.Recalled) {
	if damaged := o.book.Read(m.Value, o.env.Clock.Now()); damaged > 0 {
		o.env.Log.WithField("lines", damaged).Warn("known supernodes: lines that make no sense are skipped")
	}
	o.recalled, o.kept = true, m.Value
	if o.book.Len() > 0 {
		o.fillSoon(ctx)
	}
}

// keep has the known supernodes outlast the process. Before those of an earlier run are there they would be lost.
func (o *overlay) keep() {
	if !o.recalled {
		return
	}
	if text := o.book.Text(); !bytes.Equal(text, o.kept) {
		o.kept = text
		o.options.Notes.Keep(noteName, text)
	}
}

// learn notes how a neighbor is, for the choice of later ones.
func (o *overlay) learn(m *standing) {
	now := o.env.Clock.Now()
	switch {
	case m.load != nil:
		o.book.Tell(m.by, m.uptime, m.load.Sessions, m.load.Files, m.rtt, now)
	case m.kind == base:
		o.book.Reach(m.by, 0, now)
		o.book.IsBase(m.by, now)
	case m.kind == byLink:
		o.book.Reach(m.by, 0, now)
	case !m.refused:
		o.book.Fail(m.by)
	}
}
