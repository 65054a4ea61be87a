package gateway

import (
	"errors"
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/port"
	"alakazaam/gateway/wire"
)

// outgoing is the actor of a connection that this node opens for one job: to bring a packet, to ask for something, or
// to fetch a file. It tells its outcome once, whatever happens, and ends.
type outgoing struct {
	*shared
	job
	conn    port.Conn
	decoder *wire.Decoder // jobAsk
	asked   wire.Command  // jobAsk
	timer   port.Timer
	moved   int64 // jobFetch: bytes when the timer was last set
	bytes   int64
	told    bool
}

// Receive implements actor.Actor.
func (o *outgoing) Receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *actor.Started:
		o.transport.Dial(o.to.Dialable(), o.limits().DialTimeout, ctx.Self())
	case *port.Dialed:
		o.onDialed(ctx, m)
	case *port.Bytes:
		o.onBytes(ctx, m)
	case *port.Ended:
		o.onEnded(ctx)
	case *port.Closed:
		if m.Err == nil {
			m = &port.Closed{Err: errNoAnswer}
		}
		o.end(ctx, m.Err)
	case *port.FileProgress:
		o.bytes = m.Bytes
		ctx.Send(o.replyTo, &message.FetchProgress{Ref: o.ref, Bytes: m.Bytes, Expected: m.Expected})
	case *port.FileReceived:
		o.onReceived(ctx, m)
	case *message.CancelFetch:
		o.end(ctx, errCancelled)
	case *tick:
		o.onTick(ctx)
	case *actor.Stopping:
		o.onStopping(ctx)
	case *actor.Stopped:
	default:
		o.env.Log.Warnf("connection: unexpected %T", m)
	}
}

// Errors of jobs.
var (
	errNoAnswer  = errors.New("the connection ended without an answer")
	errTimeout   = errors.New("no answer came in time")
	errStalled   = errors.New("nothing came for too long (transfer.stall_timeout)")
	errCancelled = errors.New("cancelled")
	errMD5       = errors.New("the bytes that came are not the file: wrong MD5")
)

func (o *outgoing) onDialed(ctx actor.Context, m *port.Dialed) {
	if m.Err != nil {
		o.end(ctx, &message.Unreachable{Err: m.Err})
		return
	}
	o.conn = m.Conn
	switch o.kind {
	case jobSend:
		o.send(ctx)
	case jobAsk:
		o.ask(ctx)
	case jobFetch:
		o.fetch(ctx)
	}
}

// send writes the packet alone on its connection, as nodes in the field expect it, or nothing where only the way there
// is in question.
func (o *outgoing) send(ctx actor.Context) {
	if o.packet != nil && !o.put(ctx) {
		return
	}
	o.end(ctx, nil)
}

// put writes the job's packet.
func (o *outgoing) put(ctx actor.Context) bool {
	p, err := packetOf(o.packet)
	if err != nil {
		o.end(ctx, err)
		return false
	}
	o.asked = p.Command()
	o.metrics.out[p.Command()].sent.Add(1)
	o.conn.Send(p.Append(nil))
	return true
}

func (o *outgoing) ask(ctx actor.Context) {
	o.decoder = wire.NewDecoder(wire.Answers)
	o.conn.Attach(ctx.Self())
	if !o.put(ctx) {
		return
	}
	o.timer = o.env.Clock.After(o.timeout, ctx.Self(), &tick{})
	ctx.Send(ctx.Parent(), &delivered{who: ctx.Self()})
}

func (o *outgoing) fetch(ctx actor.Context) {
	o.conn.ReceiveFile(port.FileReceive{
		Path: o.path, Frames: wire.NewAretReader(), Limit: int64(o.transfer().MaxFileSize),
	})
	o.conn.Attach(ctx.Self())
	o.metrics.out[wire.RETR].sent.Add(1)
	o.conn.Send((&wire.Retr{File: o.file}).Append(nil))
	o.timer = o.env.Clock.After(o.stall(), ctx.Self(), &tick{})
}

// stall is how long a fetch may stand still: also as long as an owner may let us wait for an upload slot.
func (o *outgoing) stall() time.Duration {
	return max(o.transfer().StallTimeout, o.transfer().UploadWait+answerTimeout)
}

func (o *outgoing) onBytes(ctx actor.Context, m *port.Bytes) {
	if o.kind != jobAsk || o.told {
		o.conn.Consumed(m)
		return
	}
	o.decoder.Write(m.Data)
	p, err := o.decoder.Next()
	o.conn.Consumed(m)
	o.onAnswer(ctx, p, err)
}

func (o *outgoing) onEnded(ctx actor.Context) {
	if o.kind != jobAsk {
		return // a fetch hears of it by its FileReceived
	}
	p, err := o.decoder.End()
	if p == nil && err == nil {
		o.end(ctx, errNoAnswer)
		return
	}
	o.onAnswer(ctx, p, err)
}

// onAnswer takes the first packet that comes: one is asked, one answers.
func (o *outgoing) onAnswer(ctx actor.Context, p wire.Packet, err error) {
	switch {
	case err != nil:
		o.metrics.undecodable(err)
		o.end(ctx, err)
	case p != nil:
		reply, err := replyOf(p, o.asked, o.ref)
		o.metrics.in[p.Command()][resultOf(err)].Add(1)
		if err != nil {
			o.end(ctx, err)
			return
		}
		o.told = true
		ctx.Send(o.replyTo, &message.Answered{Ref: o.ref, Reply: reply})
		o.end(ctx, nil)
	}
}

func (o *outgoing) onReceived(ctx actor.Context, m *port.FileReceived) {
	err := m.Err
	if err == nil && m.File != o.file {
		err = fmt.Errorf("%w: %s", errMD5, m.File)
	}
	if err == nil || m.Bytes > 0 {
		o.metrics.in[wire.ARET][resultOf(err)].Add(1)
	}
	o.told = true
	ctx.Send(o.replyTo, &message.Fetched{Ref: o.ref, Bytes: m.Bytes, Err: err})
	o.end(ctx, nil)
}

func (o *outgoing) onTick(ctx actor.Context) {
	switch {
	case o.kind == jobAsk:
		o.end(ctx, errTimeout)
	case o.moved == o.bytes:
		o.end(ctx, errStalled)
	default:
		o.moved = o.bytes
		o.timer = o.env.Clock.After(o.transfer().StallTimeout, ctx.Self(), &tick{})
	}
}

// end tells the outcome, closes and stops.
func (o *outgoing) end(ctx actor.Context, err error) {
	o.tell(ctx, err)
	ctx.Stop(ctx.Self())
}

// tell tells the outcome, if it has not been told.
func (o *outgoing) tell(ctx actor.Context, err error) {
	if o.told {
		return
	}
	o.told = true
	switch {
	case o.conn == nil:
		o.metrics.unsent(o.job)
	case o.kind == jobAsk && err != nil && !errors.Is(err, errCrashed):
		err = &message.Unanswered{Err: err}
	}
	o.answer(ctx, err)
}

func (o *outgoing) onStopping(ctx actor.Context) {
	if o.timer != nil {
		o.timer.Stop()
	}
	o.tell(ctx, errCrashed)
	if o.conn == nil {
		return
	}
	if o.kind == jobFetch {
		o.conn.Abort() // whatever still comes is not wanted
		return
	}
	o.conn.Close()
}
