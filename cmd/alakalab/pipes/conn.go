package pipes

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/port"
)

// window is how many pieces an owner may hold before it is given no more, as on real sockets.
const window = 4

// conn is one side of a connection. Its owner hears of everything from the goroutine in run, which is the only one that
// sends it messages, and sends none with a lock.
type conn struct {
	net           *Net
	local, remote netip.AddrPort
	other         *conn
	from          *listener     // whose slot it holds; nil for a dialed one
	wake          chan struct{} // something has changed that run waits for
	pending       atomic.Int64  // bytes that were sent and have not been consumed
	last          time.Time     // run's: when what was sent last arrives

	mu       sync.Mutex // nothing else is locked with it
	owner    *actor.PID
	out      []any   // what is sent and not on its way yet: []byte, *port.FileSend, port.Ended, port.Closed
	in       []piece // what is on its way here, oldest first
	held     int     // pieces at the owner
	uploads  []*port.FileSent
	files    int // that are being sent and have not arrived
	intake   *intake
	ended    bool  // this side sends nothing more
	closed   bool  // nothing more is received: Closed is due
	err      error // for Closed
	vanished bool  // its process is gone: nobody hears anything
	gone     bool  // run has ended
}

// piece is something on its way.
type piece struct {
	at   time.Time
	what any            // []byte, port.Ended or port.Closed
	sent *port.FileSent // for the sender when it has arrived; nil: it does not wait for that
}

func newConn(n *Net, local, remote netip.AddrPort) *conn {
	return &conn{net: n, local: local, remote: remote, wake: make(chan struct{}, 1)}
}

// rouse has run look again.
func (c *conn) rouse() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Remote implements port.Conn.
func (c *conn) Remote() netip.AddrPort { return c.remote }

// Attach implements port.Conn.
func (c *conn) Attach(owner *actor.PID) {
	c.mu.Lock()
	if !c.vanished {
		c.owner = owner
	}
	c.mu.Unlock()
	c.rouse()
}

// Consumed implements port.Conn.
func (c *conn) Consumed(b *port.Bytes) {
	c.mu.Lock()
	c.held--
	c.mu.Unlock()
	c.other.pending.Add(-int64(len(b.Data)))
	c.rouse()
}

// Send implements port.Conn.
func (c *conn) Send(packet []byte) {
	c.mu.Lock()
	switch {
	case c.ended || len(packet) == 0:
	case !c.fits(len(packet)):
		c.breakOff(port.ErrSlowReader)
	default:
		c.out = append(c.out, packet)
	}
	c.mu.Unlock()
	c.rouse()
}

// fits counts bytes that are sent, and says whether they may wait. What is longer than may wait may when it is alone.
// Called with the lock.
func (c *conn) fits(bytes int) bool {
	n := c.pending.Add(int64(bytes))
	return n <= int64(max(c.net.WriteQueue, bytes))
}

// Queued implements port.Conn.
func (c *conn) Queued() int { return int(c.pending.Load()) }

// SendFile implements port.Conn.
func (c *conn) SendFile(f port.FileSend) {
	c.mu.Lock()
	if c.ended {
		c.uploads = append(c.uploads, &port.FileSent{Err: net.ErrClosed})
	} else {
		c.files++
		c.out = append(c.out, &f)
	}
	c.mu.Unlock()
	c.rouse()
}

// ReceiveFile implements port.Conn.
func (c *conn) ReceiveFile(f port.FileReceive) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.owner == nil {
		c.intake = &intake{f: f}
	}
}

// Close implements port.Conn: what was sent before still arrives.
func (c *conn) Close() {
	c.mu.Lock()
	if !c.ended {
		c.ended = true
		c.out = append(c.out, port.Ended{})
	}
	c.close(nil)
	c.mu.Unlock()
	c.rouse()
}

// Abort implements port.Conn.
func (c *conn) Abort() {
	c.mu.Lock()
	if !c.closed {
		c.breakOff(nil)
	}
	c.mu.Unlock()
	c.rouse()
}

// breakOff ends this side at once and resets the other one. Called with the lock.
func (c *conn) breakOff(err error) {
	c.ended = true
	c.out = []any{port.Closed{Err: ErrReset}}
	c.close(err)
}

// close has the owner hear that the connection is closed. Called with the lock.
func (c *conn) close(err error) {
	if !c.closed {
		c.closed, c.err = true, err
	}
}

// giveUp ends a side of which nothing arrives.
func (c *conn) giveUp(err error) {
	c.mu.Lock()
	c.ended, c.out = true, nil
	c.close(err)
	c.mu.Unlock()
	c.rouse()
}

// vanish ends a side whose process is gone.
func (c *conn) vanish() {
	c.mu.Lock()
	c.vanished, c.owner = true, nil
	if !c.closed {
		c.breakOff(nil)
	}
	c.mu.Unlock()
	c.rouse()
}

// run brings what is sent on its way and what arrives to the owner, until the connection is closed.
func (c *conn) run() {
	defer c.net.left(c)
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	back := stuck{}
	for {
		c.depart()
		wait := c.arrive(&back)
		if c.over() {
			return
		}
		timer.Reset(wait)
		select {
		case <-c.wake:
		case <-timer.C:
		}
	}
}

// depart puts what is sent on its way.
func (c *conn) depart() {
	c.mu.Lock()
	out := c.out
	c.out = nil
	c.mu.Unlock()
	var pieces []piece
	for _, o := range out {
		p := piece{what: o}
		if f, ok := o.(*port.FileSend); ok {
			if p, ok = c.file(f); !ok {
				continue
			}
		}
		pieces = append(pieces, c.stamp(p))
	}
	if len(pieces) == 0 {
		return
	}
	c.net.pieces.Add(uint64(len(pieces)))
	o := c.other
	o.mu.Lock()
	if !o.closed && !o.gone {
		o.in = append(o.in, pieces...)
	}
	o.mu.Unlock()
	o.rouse()
}

// stamp says when a piece arrives, and what becomes of it on its way.
func (c *conn) stamp(p piece) piece {
	n, size := c.net, 0
	n.Lock.Lock()
	defer n.Lock.Unlock()
	if data, ok := p.what.([]byte); ok {
		n.Sent(c.local, c.remote, data)
		size = len(data)
		p.what = n.Change(c.local, c.remote, data)
	}
	p.at = time.Now().Add(max(0, n.Transit(c.local.Addr(), c.remote.Addr(), size)))
	if p.at.Before(c.last) {
		p.at = c.last
	}
	c.last = p.at
	return p
}

// stuck is what is known of a piece that something keeps back.
type stuck struct {
	since time.Time // zero: nothing does
	next  time.Time // when it is sent again
	rto   time.Duration
}

// forever is how long run waits where it waits for no time.
const forever = time.Hour

// arrive gives the owner what is due, as far as it keeps up, and says how long to wait for the next piece.
func (c *conn) arrive(back *stuck) time.Duration {
	for {
		c.tellUploads()
		p, wait := c.due()
		if wait > 0 {
			return wait
		}
		if wait := c.keptBack(back, p); wait > 0 {
			return wait
		}
		c.take(p)
	}
}

// due is the first piece, and how long to wait until it is there and the owner can take it.
func (c *conn) due() (p piece, wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || c.owner == nil || len(c.in) == 0 || c.held >= window {
		return p, forever
	}
	return c.in[0], time.Until(c.in[0].at)
}

// keptBack says for how long a piece does not come through, and 0 where it does. Past its patience the other side gives up.
func (c *conn) keptBack(h *stuck, p piece) time.Duration {
	now := time.Now()
	if wait := h.next.Sub(now); wait > 0 {
		return wait
	}
	if c.through(p) {
		*h = stuck{}
		return 0
	}
	if h.since.IsZero() {
		*h = stuck{since: now, rto: firstRTO}
	}
	if p := c.net.Patience; p > 0 && now.Sub(h.since) >= p {
		c.mu.Lock()
		c.in = nil
		c.mu.Unlock()
		c.other.giveUp(ErrTimeout)
		return forever
	}
	h.next = now.Add(h.rto)
	wait := h.rto
	h.rto = min(2*h.rto, maxRTO)
	return wait
}

// through says whether a piece comes through now.
func (c *conn) through(p piece) bool {
	n := c.net
	n.Lock.Lock()
	defer n.Lock.Unlock()
	if n.Down(c.remote.Addr(), c.local.Addr()) {
		return false
	}
	if data, ok := p.what.([]byte); ok {
		n.Arrived(c.remote, c.local, data)
	}
	return true
}

// take gives the owner the first piece.
func (c *conn) take(p piece) {
	var tell any
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	what, owner, in := p.what, c.owner, c.intake
	c.in[0] = piece{}
	c.in = c.in[1:]
	switch what := what.(type) {
	case []byte:
		if in == nil {
			c.held++
			tell = &port.Bytes{Data: what}
		}
	case port.Ended:
		if in == nil {
			tell = &port.Ended{}
		}
		if c.ended {
			c.close(nil)
		}
	case port.Closed:
		c.ended, c.out = true, nil
		c.close(what.Err)
	}
	c.mu.Unlock()
	if p.sent != nil {
		c.other.uploaded(p.sent)
	}
	if in != nil {
		tell = c.fill(in, what)
	}
	if tell != nil && owner != nil {
		c.net.Root.Send(owner, tell)
	}
}

// over says whether nothing is left to do. The owner hears of it.
func (c *conn) over() bool {
	c.mu.Lock()
	if !c.closed || len(c.out) > 0 {
		c.mu.Unlock()
		return false
	}
	c.gone = true
	owner, in, files := c.owner, c.intake, c.files
	c.owner, c.in, c.intake, c.files = nil, nil, nil, 0
	c.mu.Unlock()
	if owner == nil {
		return true
	}
	if files > 0 {
		c.net.Root.Send(owner, &port.FileSent{Err: net.ErrClosed})
	}
	if in != nil {
		c.net.Root.Send(owner, in.end(c.net, io.ErrUnexpectedEOF))
	}
	c.net.Root.Send(owner, &port.Closed{Err: c.err})
	return true
}
