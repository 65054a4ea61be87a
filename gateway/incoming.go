package gateway

import (
	"errors"
	"net/netip"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/gateway/wire"
)

// answerTimeout bounds the wait for an actor of this node where nothing else does. It only passes when that actor has
// crashed over the request.
const answerTimeout = 10 * time.Second

// publishTimeout is the same for publications, which have no answer that somebody waits for: where many peers publish much at
// once, or the disk is slow, they take their time, and to give them up would have everything published again.
const publishTimeout = 2 * time.Minute

// incoming is the actor of a connection that somebody opened to this node, or of a link, whoever opened it.
type incoming struct {
	*shared
	opening *job  // of a link that this node opens and that is none yet; nil otherwise
	linking bool  // the other side has asked for a link and is not answered yet
	link    *link // nil: it is none
	conn    port.Conn
	from    netip.Addr
	budget  *budget // of the address
	decoder *wire.Decoder
	held    wire.Packet    // decoded, and waiting for a search that was asked for before it
	pieces  []*port.Bytes  // received and not decoded yet, oldest first
	piece   [1]*port.Bytes // where pieces begins, for most of the time one is all there is
	reading bool           // pieces[0] has been given to the decoder

	slots   []*slot // open requests in the order in which they came
	lastRef message.Ref
	batch   *message.Publish // ADFFs and DEFFs of one piece, not sent yet
	batched *slot            // its slot
	open    int              // publications in slots

	packetsDue, bytesDue int           // what has come from the address and is not paid for
	under                p2p.SessionID // the session of the last packet, and what came under it and is not paid for
	underPackets         int
	underBytes           int
	resting              port.Timer    // ends the rest of a connection that has sent too much
	rest                 time.Duration // how long the last rest is that no packet has followed: it is no silence of the other side
	restsUntil           time.Time
	full                 bool // no room for another request, which has been counted

	touched   time.Time // when the last packet was complete or the last answer left
	packets   int
	streamEnd bool // the other side will send nothing more
	ended     bool // nothing more is read: the stream's end has been dealt with, or it made no sense
	advancing bool
	draining  bool
	timer     port.Timer
}

// tick is what the connection's timer sends.
type tick struct{}

// Receive implements actor.Actor.
func (c *incoming) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *admitted:
		c.onAdmitted(ctx, m)
	case *shunned:
		c.abort(ctx)
	case *actor.Started:
		c.onStarted(ctx)
	case *port.Dialed:
		c.onDialed(ctx, m)
	case *message.LinkAnswered:
		c.onLinkAnswered(ctx, m)
	case *message.Carry:
		c.carry(ctx, m.Packet)
	case *pump:
		c.pumpFilter(ctx)
	case *message.CloseLink:
		c.conn.Close()
	case *message.Pong:
		c.onPong(ctx, m)
	case *message.Reloaded:
		if c.conn != nil && !c.Config.Get().Access.Peer(c.from) {
			c.abort(ctx)
		}
	case *rested:
		c.resting = nil
		c.advance(ctx)
	case *port.Bytes:
		c.pieces = append(c.pieces, m)
		c.advance(ctx)
	case *port.Ended:
		c.streamEnd = true
		c.advance(ctx)
	case *port.Closed:
		c.onClosed(ctx, m)
	case *tick:
		c.onTick(ctx)
	case *message.LoggedIn:
		c.onLoggedIn(ctx, m)
	case *message.LoggedOut:
		c.onLoggedOut(ctx, m)
	case *message.Published:
		c.onPublished(ctx, m)
	case *message.Found:
		c.onFound(ctx, m)
	case *message.Handled:
		c.onHandled(ctx, m)
	case *message.Serve:
		c.onServe(ctx, m)
	case *port.FileSent:
		c.onFileSent(ctx, m)
	case *message.Drain:
		c.draining = true
		c.reportIdle(ctx)
	case *actor.Stopping:
		c.onStopping(ctx)
	case *actor.Stopped:
	default:
		c.env.Log.Warnf("connection: unexpected %T", m)
	}
}

func (c *incoming) onAdmitted(ctx actor.Context, m *admitted) {
	c.conn, c.budget, c.pieces = m.conn, m.budget, c.piece[:0]
	c.from = m.conn.Remote().Addr().Unmap()
	c.decoder = wire.NewDecoder(wire.Requests)
	c.touched = c.env.Clock.Now()
	c.timer = c.env.Clock.After(c.limits().FirstPacket, ctx.Self(), &tick{})
	c.conn.Attach(ctx.Self())
	c.packetsDue++ // so that connecting again and again is not free
	c.pay(ctx)
}

// advance decodes as long as there are bytes and the window has room, and gives pieces back that are used up. What it
// does may settle requests at once, which would come back here.
func (c *incoming) advance(ctx actor.Context) {
	if c.advancing {
		return
	}
	c.advancing = true
	for !c.ended && !c.linking && (len(c.pieces) > 0 || c.held != nil) && c.resting == nil && c.room() && !c.mustWait(c.held) {
		c.step(ctx)
	}
	c.flush(ctx)
	c.pay(ctx)
	if c.streamEnd && !c.ended && len(c.pieces) == 0 && c.held == nil {
		c.atEnd(ctx)
	}
	c.advancing = false
}

// room says whether another request may be open. Publications travel in batches, which count as one request each.
func (c *incoming) room() bool {
	l := c.limits()
	requests, publications := len(c.slots) < l.RequestsPerConnection, c.open < l.PublicationsPerConnection
	was := c.full
	if c.full = !requests || !publications; c.full && !was {
		if requests {
			c.metrics.publications.Hit("from", c.from)
		} else {
			c.metrics.requests.Hit("from", c.from)
		}
	}
	return !c.full
}

// step decodes one packet, or gives back a piece that holds no whole one any more.
func (c *incoming) step(ctx actor.Context) {
	if p := c.held; p != nil {
		c.held = nil
		c.take(ctx, p)
		return
	}
	if !c.reading {
		c.decoder.Write(c.pieces[0].Data)
		c.bytesDue += len(c.pieces[0].Data)
		c.reading = true
	}
	p, err := c.decoder.Next()
	switch {
	case err != nil:
		c.onGarbage(ctx, err)
	case p != nil && c.mustWait(p):
		c.held = p
	case p != nil:
		c.take(ctx, p)
	default:
		c.conn.Consumed(c.pieces[0])
		c.pieces[0], c.reading = nil, false
		if c.pieces = c.pieces[1:]; len(c.pieces) == 0 {
			c.pieces = c.piece[:0]
		}
	}
}

// mustWait says whether a packet would change what a search sees that was asked for before it on this connection. Such a
// packet waits for the search's answer, as it does at nodes that serve one packet at a time.
func (c *incoming) mustWait(p wire.Packet) bool {
	switch p.(type) {
	case *wire.Adff, *wire.Deff, *wire.Logo:
		return slices.ContainsFunc(c.slots, func(s *slot) bool { return s.command == wire.FIND })
	}
	return false
}

// take deals with one packet.
func (c *incoming) take(ctx actor.Context, p wire.Packet) {
	if c.packets++; c.opening != nil {
		c.onLinkAnswer(ctx, p)
		return
	}
	c.touched, c.rest = c.env.Clock.Now(), 0
	c.metrics.open.Add(1)
	c.owe(ctx, p)
	c.request(ctx, p)
}

// atEnd deals with the end of the stream: one kind of packet ends with it, and what is open is still answered.
func (c *incoming) atEnd(ctx actor.Context) {
	p, err := c.decoder.End()
	if err != nil {
		c.onGarbage(ctx, err)
		return
	}
	if p != nil {
		c.take(ctx, p)
		c.flush(ctx)
	}
	c.ended = true
	c.finish(ctx, answer{})
}

// onGarbage ends the reading: what was asked before is still answered, then what the broken packet's command earns
// goes out, and the connection closes.
func (c *incoming) onGarbage(ctx actor.Context, err error) {
	c.flush(ctx)
	c.metrics.undecodable(err)
	if c.opening != nil {
		c.fail(ctx, message.ErrBase)
		return
	}
	if log := c.metrics.decodes.Log(c.env); log != nil {
		log.WithFields(logrus.Fields{"from": c.from.String(), "reason": wire.Reason(err)}).Infof("connection closed: %v", err)
	}
	if !carried[c.decoder.Partial()] {
		c.offend(ctx, offenseGarbage)
	}
	c.ended = true
	c.drop()
	c.finish(ctx, failureOf(c.decoder.Partial()))
}

// carried are the packets in which a node passes on what others have said: that they make no sense is not its fault.
var carried = map[wire.Command]bool{wire.SUPE: true, wire.ASUP: true, wire.QUER: true, wire.AQUE: true}

// failureOf is the protocol's answer to a request of this command that cannot be served.
func failureOf(cmd wire.Command) answer {
	switch cmd {
	case wire.LOGI:
		return answer{result: resultFailed, command: wire.ALGI, packet: (&wire.Algi{}).Append(nil), last: true}
	case wire.RETR:
		return answer{result: resultFailed, packet: []byte("Invalid packet. Unable to reply.\n"), last: true}
	default:
		return answer{result: resultFailed, last: true}
	}
}

// finish puts an answer behind all that are open and lets nothing follow.
func (c *incoming) finish(ctx actor.Context, a answer) {
	a.last = true
	s := c.newSlot(wire.Command{}, answerTimeout)
	c.settle(ctx, s.ref, a)
}

// abort closes at once: the other side is not welcome any more.
func (c *incoming) abort(ctx actor.Context) {
	if c.opening != nil {
		c.fail(ctx, errDenied)
		return
	}
	c.conn.Abort()
}

// drop forgets what was received and not decoded.
func (c *incoming) drop() {
	for _, p := range c.pieces {
		c.conn.Consumed(p)
	}
	clear(c.pieces)
	c.pieces, c.held, c.reading = nil, nil, false
}

func (c *incoming) onClosed(ctx actor.Context, m *port.Closed) {
	if c.opening != nil {
		c.fail(ctx, message.ErrBase)
		return
	}
	if errors.Is(m.Err, port.ErrSlowReader) {
		c.cut(ctx, "it does not read its answers (limits.write_queue, write_queues or write_timeout)")
	}
	ctx.Stop(ctx.Self())
}

// onTick looks whether the connection has been silent, or an answer been missing, for too long, and otherwise comes
// back when that could be the case next.
func (c *incoming) onTick(ctx actor.Context) {
	now := c.env.Clock.Now()
	limit := c.patience()
	next := c.touched.Add(limit + c.rest)
	switch {
	case c.opening != nil:
		c.fail(ctx, message.ErrBase)
		return
	case len(c.slots) > 0:
		s := c.slots[0]
		if s.sending || now.Before(s.deadline) {
			next = now.Add(limit) // it may be answered long before its deadline
			if s.deadline.After(now) && s.deadline.Before(next) {
				next = s.deadline
			}
			break
		}
		for len(c.slots) > 0 && !c.slots[0].sending && !now.Before(c.slots[0].deadline) {
			c.onOverdue(ctx, c.slots[0])
		}
		if !c.linked() {
			return // it is closed
		}
		next = now
	case now.Before(next):
	case c.packets == 0:
		c.cut(ctx, "its first packet did not come in time (limits.first_packet)")
		c.ended = true
		c.drop()
		c.finish(ctx, failureOf(c.decoder.Partial()))
		return
	default:
		c.conn.Close()
		return
	}
	if !next.After(now) {
		next = now.Add(time.Second)
	}
	if soon := now.Add(answerTimeout); c.linked() && soon.Before(next) {
		next = soon // a request that comes after this one may be lost
	}
	c.timer = c.env.Clock.After(next.Sub(now), ctx.Self(), &tick{})
}

// onOverdue gives a request up that this node should have answered long ago.
func (c *incoming) onOverdue(ctx actor.Context, s *slot) {
	c.env.Log.WithFields(logrus.Fields{"from": c.from.String(), "command": s.command.String()}).
		Warn("a request was not answered in time")
	s.withdraw(ctx, c) // write counts it
	a := failureOf(s.command)
	a.last = !c.linked() // a link is more than one request
	c.settle(ctx, s.ref, a)
}

// cut counts and logs a connection that ends because of its other side's slowness.
func (c *incoming) cut(ctx actor.Context, why string) {
	c.metrics.slow.Hit("from", c.from, "because", why)
	c.offend(ctx, offenseSlow)
}

// offend tells the gateway of an offense.
func (c *incoming) offend(ctx actor.Context, what string) {
	ctx.Send(ctx.Parent(), &offense{from: c.from, what: what})
}

// reportIdle tells a draining gateway when no answer is open.
func (c *incoming) reportIdle(ctx actor.Context) {
	if c.draining && len(c.slots) == 0 {
		ctx.Send(ctx.Parent(), &idle{who: ctx.Self()})
	}
}

// onStopping takes back what is still open at others, and gives whoever waits for the first of the open answers the
// protocol's failure answer. The requests behind it have no other answer than the connection's end.
func (c *incoming) onStopping(ctx actor.Context) {
	c.endLink(ctx)
	if c.conn == nil {
		return
	}
	defer c.conn.Close()
	for _, t := range []port.Timer{c.timer, c.resting} {
		if t != nil {
			t.Stop()
		}
	}
	for _, s := range c.slots {
		s.abandon(ctx, c)
	}
	if len(c.slots) == 0 || c.slots[0].answer != nil {
		return
	}
	if a := failureOf(c.slots[0].command); a.packet != nil {
		if a.command != (wire.Command{}) {
			c.metrics.out[a.command].sent.Add(1)
		}
		c.conn.Send(a.packet)
	}
}
