package actortest

import (
	"crypto/md5"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// ahead is how many pieces are delivered before the first of them is consumed, as on real sockets.
const ahead = 4

// conn is one side of a simulated connection.
type conn struct {
	net           *Net
	local, remote netip.AddrPort
	other         *conn
	owner         *actor.PID
	gone          func() // called once when the side is done; may be nil

	flight  []any // what this side has sent and has not arrived, oldest first
	due     int   // how many of those would have arrived if nothing kept them back
	last    time.Time
	held    bool      // something keeps them back
	since   time.Time // it does
	pending int       // bytes that were sent and have not been consumed
	arrive  func()
	site    *site
	index   int // of this side in site's conns; -1: it is not there any more

	inbox      []any // what has arrived and not been delivered: []byte, then port.Ended or port.Closed
	unconsumed int
	receive    *port.FileReceive
	received   []byte
	ended      bool // this side sends nothing more
	heardEnd   bool // the other side sends nothing more
	closed     bool // Closed has been delivered, or nobody will hear it
}

func newPair(n *Net, a, b netip.AddrPort) (dialer, accepted *conn) {
	dialer, accepted = newConn(n, a, b), newConn(n, b, a)
	dialer.other, accepted.other = accepted, dialer
	return dialer, accepted
}

func newConn(n *Net, local, remote netip.AddrPort) *conn {
	c := &conn{net: n, local: local, remote: remote, site: n.site(local.Addr())}
	c.arrive = func() {
		if len(c.flight) == 0 {
			return
		}
		if c.due++; !c.held {
			c.land(RTO)
		}
	}
	c.index = len(c.site.conns)
	c.site.conns = append(c.site.conns, c)
	return c
}

// leave takes the side off its site.
func (c *conn) leave() {
	if c.index < 0 {
		return
	}
	all := c.site.conns
	last := all[len(all)-1]
	all[c.index], last.index = last, c.index
	all[len(all)-1] = nil
	c.site.conns = all[:len(all)-1]
	c.index = -1
}

// Remote implements port.Conn.
func (c *conn) Remote() netip.AddrPort { return c.remote }

// Attach implements port.Conn.
func (c *conn) Attach(owner *actor.PID) {
	c.owner = owner
	c.deliver()
}

// Consumed implements port.Conn.
func (c *conn) Consumed(b *port.Bytes) {
	c.unconsumed--
	c.other.pending -= len(b.Data)
	c.deliver()
}

// Send implements port.Conn.
func (c *conn) Send(packet []byte) {
	if c.ended {
		return
	}
	if c.net.Sent != nil {
		c.net.Sent(c.local, c.remote, packet)
	}
	c.net.sim.record('s', c.ends(), packet)
	if c.net.Change != nil {
		packet = c.net.Change(c.local, c.remote, packet)
	}
	if size := c.net.Piece; size > 0 {
		for len(packet) > size {
			c.post(packet[:size:size])
			packet = packet[size:]
		}
	}
	c.post(packet)
}

// Queued implements port.Conn.
func (c *conn) Queued() int {
	switch n := c.net; {
	case n.Queued != nil:
		return n.Queued(c.local.Addr(), c.remote.Addr())
	case n.WriteQueue > 0:
		return c.pending
	}
	return 0
}

func (c *conn) ends() [2]netip.AddrPort { return [2]netip.AddrPort{c.local, c.remote} }

// post puts something on its way to the other side.
func (c *conn) post(m any) {
	n, size := c.net, 0
	if b, ok := m.([]byte); ok {
		size = len(b)
	}
	if c.pending += size; n.WriteQueue > 0 && c.pending > n.WriteQueue && size > 0 && c.pending > size {
		c.giveUp(port.ErrSlowReader)
		return
	}
	c.flight = append(c.flight, m)
	at := n.sim.now.Add(max(0, n.transit(c.local.Addr(), c.remote.Addr(), size)))
	if at.Before(c.last) {
		at = c.last
	}
	c.last = at
	n.sim.schedule(at, &event{f: c.arrive})
}

// land brings what is due to the other side, or has it tried again after rto.
func (c *conn) land(rto time.Duration) {
	n := c.net
	for c.held = false; c.due > 0 && len(c.flight) > 0; c.due-- {
		down := n.down(c.local.Addr(), c.remote.Addr())
		if down && n.Retransmit {
			c.hold(rto)
			return
		}
		m := c.flight[0]
		c.flight[0] = nil
		c.flight = c.flight[1:]
		if down || c.other.closed {
			continue
		}
		c.other.inbox = append(c.other.inbox, m)
		c.other.deliver()
	}
}

// hold waits until what was kept back is sent again.
func (c *conn) hold(rto time.Duration) {
	if c.held = true; rto == RTO {
		c.since = c.net.sim.now
	}
	c.net.sim.Do(rto, func() {
		switch {
		case len(c.flight) == 0:
		case c.net.Patience > 0 && c.net.sim.now.Sub(c.since) >= c.net.Patience:
			c.giveUp(ErrTimeout)
		default:
			c.land(min(2*rto, maxRTO))
		}
	})
}

// giveUp ends this side, and drops what has not arrived. Whoever was to read it hears so if it is there.
func (c *conn) giveUp(err error) {
	c.flight, c.due, c.ended = nil, 0, true
	if !c.net.down(c.local.Addr(), c.remote.Addr()) {
		c.post(port.Closed{Err: ErrReset})
	}
	c.close(err)
}

// deliver gives the owner what has arrived, as far as it keeps up.
func (c *conn) deliver() {
	if c.owner == nil {
		return
	}
	for len(c.inbox) > 0 && !c.closed && c.unconsumed < ahead {
		m := c.inbox[0]
		c.inbox = c.inbox[1:]
		switch m := m.(type) {
		case []byte:
			c.take(m)
		case port.Ended:
			c.heardEnd = true
			if c.receive != nil {
				c.finish(endError(c.receive.Frames))
			} else {
				c.tell(&port.Ended{})
			}
			if c.ended {
				c.close(nil)
			}
		case port.Closed:
			c.close(m.Err)
		}
	}
}

func (c *conn) take(b []byte) {
	if c.net.Arrived != nil {
		c.net.Arrived(c.remote, c.local, b)
	}
	if c.receive != nil {
		c.file(b)
		return
	}
	c.unconsumed++
	c.tell(&port.Bytes{Data: b})
}

func (c *conn) tell(m any) { c.net.sim.System.Root.Send(c.owner, m) }

// CloseWrite ends this side's stream and goes on reading, as other programs do.
func (c *conn) CloseWrite() {
	c.ended = true
	c.post(port.Ended{})
}

// Close implements port.Conn: what was sent before still arrives.
func (c *conn) Close() {
	if !c.ended {
		c.CloseWrite()
	}
	c.close(nil)
}

// Abort implements port.Conn.
func (c *conn) Abort() {
	if c.closed {
		return
	}
	c.ended = true
	c.post(port.Closed{Err: ErrReset})
	c.close(nil)
}

func (c *conn) close(err error) {
	if c.closed {
		return
	}
	c.closed = true
	c.leave()
	c.net.sim.record('c', c.ends(), nil)
	if c.net.Closed != nil {
		c.net.Closed(c.local, c.remote)
	}
	if c.receive != nil {
		c.finish(io.ErrUnexpectedEOF)
	}
	if c.owner != nil {
		c.tell(&port.Closed{Err: err})
	}
	if c.gone != nil {
		c.gone()
	}
}

// SendFile implements port.Conn.
func (c *conn) SendFile(f port.FileSend) {
	data, ok := c.net.Files[f.Path]
	if !ok && c.net.Read != nil {
		data, ok = c.net.Read(f.Path)
	}
	if !ok || int64(len(data)) < f.Offset+f.Length {
		c.tell(&port.FileSent{Err: fmt.Errorf("%s: not there, or too short", f.Path)})
		return
	}
	data = data[f.Offset : f.Offset+f.Length]
	out := append([]byte(nil), f.Head...)
	for len(data) > 0 {
		n := min(f.Chunk, len(data))
		out = append(f.Header(out, n), data[:n]...)
		data = data[n:]
	}
	c.Send(out)
	c.net.sim.Do(c.last.Sub(c.net.sim.now), func() { c.tell(&port.FileSent{Bytes: f.Length}) })
}

// ReceiveFile implements port.Conn.
func (c *conn) ReceiveFile(f port.FileReceive) { c.receive = &f }

// file takes a piece of a file.
func (c *conn) file(b []byte) {
	c.other.pending -= len(b)
	for f := c.receive; len(b) > 0; {
		payload, used, done, err := f.Frames.Next(b)
		c.received = append(c.received, payload...)
		b = b[used:]
		switch {
		case err == nil && f.Limit > 0 && int64(len(c.received)) > f.Limit:
			err = fmt.Errorf("longer than %d bytes", f.Limit)
			fallthrough
		case err != nil || done:
			c.finish(err)
			return
		}
	}
	c.tell(&port.FileProgress{Bytes: int64(len(c.received)), Expected: c.receive.Frames.Expected()})
}

func endError(d port.Deframer) error {
	if err := d.End(); err != nil {
		return err
	}
	return io.ErrUnexpectedEOF
}

// finish ends a ReceiveFile.
func (c *conn) finish(err error) {
	if err == nil {
		c.net.Files[c.receive.Path] = c.received
	}
	sum := c.net.Sum
	if sum == nil {
		sum = func(b []byte) p2p.FileID { return p2p.FileID(md5.Sum(b)) }
	}
	c.tell(&port.FileReceived{Bytes: int64(len(c.received)), File: sum(c.received), Err: err})
	c.receive, c.received = nil, nil
}
