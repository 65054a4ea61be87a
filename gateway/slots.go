package gateway

import (
	"errors"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/gateway/wire"
)

// slot is an open request. Its answer is written when all requests before it have been answered: the protocol's
// answers do not say to which request they belong. Those on a link do, and wait for nothing.
type slot struct {
	ref         message.Ref
	command     wire.Command
	session     p2p.SessionID // of a FIND
	deadline    time.Time
	weight      int     // publications in it
	withdrawals int     // how many of them are DEFFs
	answer      *answer // kept, once it has come
	kept        answer
	served      bool // an upload slot is held
	sending     bool // the file is on its way
}

// answer is what a request gets.
type answer struct {
	result  result       // of the request
	command wire.Command // what is counted as sent; zero for what is no packet
	packet  []byte       // nil: nothing is written
	file    *port.FileSend
	last    bool // the connection closes behind it
}

// because is the answer with the result of a request that an error ended.
func (a answer) because(err error) answer {
	a.result = resultOf(err)
	return a
}

// newSlot makes a slot for a request.
func (c *incoming) newSlot(cmd wire.Command, timeout time.Duration) *slot {
	c.lastRef++
	s := &slot{ref: c.lastRef, command: cmd, deadline: c.env.Clock.Now().Add(timeout)}
	c.slots = append(c.slots, s)
	return s
}

func (c *incoming) slot(ref message.Ref) *slot {
	for _, s := range c.slots {
		if s.ref == ref {
			return s
		}
	}
	return nil
}

// settle takes the answer to a request and writes all answers whose turn has come. An answer that nobody waits for any
// more is ignored.
func (c *incoming) settle(ctx actor.Context, ref message.Ref, a answer) {
	s := c.slot(ref)
	if s == nil || s.answer != nil {
		return
	}
	s.kept = a
	s.answer = &s.kept
	if c.linked() && s.command != (wire.Command{}) {
		i := slices.Index(c.slots, s)
		copy(c.slots[1:i+1], c.slots[:i])
		c.slots[0] = s
	}
	c.write(ctx)
}

// write sends what can be sent, in order.
func (c *incoming) write(ctx actor.Context) {
	for len(c.slots) > 0 && c.slots[0].answer != nil {
		s := c.slots[0]
		a := s.answer
		if s.sending {
			return
		}
		c.touched = c.env.Clock.Now()
		if a.packet != nil {
			c.send(a)
		}
		if a.file != nil {
			s.sending = true
			c.conn.SendFile(*a.file)
			return
		}
		c.pop()
		if a.last {
			c.shut(ctx)
			return
		}
	}
	c.reportIdle(ctx)
	c.advance(ctx)
}

// send writes an answer that is no file.
func (c *incoming) send(a *answer) {
	if a.command != (wire.Command{}) {
		c.metrics.out[a.command].sent.Add(1)
	}
	c.conn.Send(a.packet)
}

// pop takes the first slot out, which has been answered.
func (c *incoming) pop() {
	c.metrics.settled(c.slots[0], c.slots[0].answer.result)
	c.open -= c.slots[0].weight
	c.slots = slices.Delete(c.slots, 0, 1)
}

// shut closes the connection behind its last answer and gives up what is still open.
func (c *incoming) shut(ctx actor.Context) {
	c.ended = true
	c.drop()
	for _, s := range c.slots {
		s.abandon(ctx, c)
	}
	c.slots = nil
	c.conn.Close()
	c.reportIdle(ctx)
}

// abandon tells whoever works on a request that nobody waits for it any more.
func (s *slot) abandon(ctx actor.Context, c *incoming) {
	c.metrics.settled(s, resultFailed)
	s.withdraw(ctx, c)
}

// withdraw is abandon without the count.
func (s *slot) withdraw(ctx actor.Context, c *incoming) {
	if s.sending {
		c.metrics.out[wire.ARET].failed.Add(1)
	}
	switch {
	case s.command == wire.RETR && s.served:
		ctx.Send(c.routes.Share, &message.UploadEnded{Ref: s.ref, ReplyTo: ctx.Self(), Err: errCut})
	case s.command == wire.RETR && s.answer == nil:
		ctx.Send(c.routes.Share, &message.RetrieveGone{Ref: s.ref, ReplyTo: ctx.Self()})
	case s.command == wire.FIND && s.answer == nil && c.routes.Serving():
		ctx.Send(c.routes.Sessions, &message.CancelFind{Ref: s.ref, Session: s.session, ReplyTo: ctx.Self()})
	}
}

func (c *incoming) onLoggedIn(ctx actor.Context, m *message.LoggedIn) {
	a := answer{command: wire.ALGI, packet: (&wire.Algi{Session: m.Session}).Append(nil)}
	if m.Err != nil {
		a.result, a.last = resultOf(m.Err), true
	}
	if errors.Is(m.Err, message.ErrForeign) {
		c.offend(ctx, offenseForeign)
	}
	c.settle(ctx, m.Ref, a)
}

func (c *incoming) onLoggedOut(ctx actor.Context, m *message.LoggedOut) {
	if m.Err != nil {
		c.settle(ctx, m.Ref, failureOf(wire.LOGO).because(m.Err))
		return
	}
	c.settle(ctx, m.Ref, answer{command: wire.ALGO, packet: (&wire.Algo{Deleted: m.Deleted}).Append(nil)})
}

// onHandled takes the word that a packet was dealt with that has no answer. A PING has one, and whoever should have given
// it has failed.
func (c *incoming) onHandled(ctx actor.Context, m *message.Handled) {
	if s := c.slot(m.Ref); s != nil && s.command == wire.PING {
		c.settle(ctx, m.Ref, failureOf(wire.PING))
		return
	}
	c.settle(ctx, m.Ref, answer{})
}

// onPublished has nothing to write. But where files could not be kept the connection ends, so that no later answer on
// it is taken for a sign that they were.
func (c *incoming) onPublished(ctx actor.Context, m *message.Published) {
	c.countUnknown(m.Err)
	c.settle(ctx, m.Ref, answer{last: m.Err != nil && !refusal(m.Err)}.because(m.Err))
}

func (c *incoming) onFound(ctx actor.Context, m *message.Found) {
	c.countUnknown(m.Err)
	if m.Err != nil {
		c.settle(ctx, m.Ref, failureOf(wire.FIND).because(m.Err))
		return
	}
	afin, dropped := afinOf(m.Results).Fit()
	if cut := dropped.Copies; cut > 0 {
		c.metrics.afinCut.Add(cut)
		if log := c.metrics.cutAnswers.Log(c.env); log != nil {
			log.WithFields(logrus.Fields{"from": c.from.String(), "files": dropped.Entries, "copies": dropped.Copies}).
				Info("an AFIN has no room for all results")
		}
	}
	c.settle(ctx, m.Ref, answer{command: wire.AFIN, packet: afin.Append(nil)})
}

func (c *incoming) onServe(ctx actor.Context, m *message.Serve) {
	s := c.slot(m.Ref)
	if s == nil || s.answer != nil {
		if m.Err == nil {
			ctx.Send(c.routes.Share, &message.UploadEnded{Ref: m.Ref, ReplyTo: ctx.Self(), Err: errCut})
		}
		return
	}
	if errors.Is(m.Err, message.ErrFailed) {
		c.settle(ctx, m.Ref, failureOf(wire.RETR))
		return
	}
	if m.Err != nil {
		c.settle(ctx, m.Ref, answer{result: resultRefused, packet: []byte(m.Err.Error() + "\n"), last: true})
		return
	}
	s.served = true
	file, err := fileSend(m.File)
	if err != nil {
		c.settle(ctx, m.Ref, answer{result: resultFailed, packet: []byte(err.Error() + "\n"), last: true})
		return
	}
	c.settle(ctx, m.Ref, answer{file: file})
}

// fileSend is how a shared file goes out: as ARET.
func fileSend(f port.SharedFile) (*port.FileSend, error) {
	chunk, chunks, err := wire.ChunkPlan(f.Size)
	if err != nil {
		return nil, err
	}
	return &port.FileSend{
		Path: f.Path, Length: f.Size, Head: wire.AretHead(chunks), Chunk: chunk, Header: wire.AppendChunkHeader,
	}, nil
}

func (c *incoming) onFileSent(ctx actor.Context, m *port.FileSent) {
	if len(c.slots) == 0 || !c.slots[0].sending {
		return
	}
	s := c.slots[0]
	ctx.Send(c.routes.Share, &message.UploadEnded{Ref: s.ref, ReplyTo: ctx.Self(), Bytes: m.Bytes, Err: m.Err})
	if m.Err != nil {
		// What has been sent cannot be completed.
		s.answer.result = resultFailed
		c.metrics.out[wire.ARET].failed.Add(1)
		c.pop()
		c.shut(ctx)
		return
	}
	c.metrics.out[wire.ARET].sent.Add(1)
	c.pop()
	c.touched = c.env.Clock.Now()
	c.write(ctx)
}
