package actortest

import (
	"crypto/md5"
	"fmt"
	"io"
	"net/netip"

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

	inbox      []any // what has arrived and not been delivered: []byte, then port.Ended or port.Closed
	unconsumed int
	receive    *port.FileReceive
	received   []byte
	ended      bool // this side sends nothing more
	heardEnd   bool // the other side sends nothing more
	closed     bool // Closed has been delivered, or nobody will hear it
}

func newPair(n *Net, a, b netip.AddrPort) (dialer, accepted *conn) {
	dialer = &conn{net: n, local: a, remote: b}
	accepted = &conn{net: n, local: b, remote: a, other: dialer}
	dialer.other = accepted
	return dialer, accepted
}

// Remote implements port.Conn.
func (c *conn) Remote() netip.AddrPort { return c.remote }

// Attach implements port.Conn.
func (c *conn) Attach(owner *actor.PID) {
	c.owner = owner
	c.deliver()
}

// Consumed implements port.Conn.
func (c *conn) Consumed(*port.Bytes) {
	c.unconsumed--
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
	c.net.sim.record('s', []byte(c.local.String()), []byte(c.remote.String()), packet)
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
	if c.net.Queued == nil {
		return 0
	}
	return c.net.Queued(c.local.Addr(), c.remote.Addr())
}

// post puts something on its way to the other side.
func (c *conn) post(m any) {
	from, to := c.local.Addr(), c.remote.Addr()
	other := c.other
	c.net.sim.Do(c.net.latency(from, to), func() {
		if c.net.down(from, to) || other.closed {
			return
		}
		other.inbox = append(other.inbox, m)
		other.deliver()
	})
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
	c.net.sim.record('c', []byte(c.local.String()), []byte(c.remote.String()))
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
	c.net.sim.Do(c.net.latency(c.local.Addr(), c.remote.Addr()), func() { c.tell(&port.FileSent{Bytes: f.Length}) })
}

// ReceiveFile implements port.Conn.
func (c *conn) ReceiveFile(f port.FileReceive) { c.receive = &f }

// file takes a piece of a file.
func (c *conn) file(b []byte) {
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
	c.tell(&port.FileReceived{Bytes: int64(len(c.received)), File: p2p.FileID(md5.Sum(c.received)), Err: err})
	c.receive, c.received = nil, nil
}
