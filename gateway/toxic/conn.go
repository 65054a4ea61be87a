package toxic

import (
	"io"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/fault"
	"alakazaam/actors/port"
)

const (
	// window is how many chunks an owner may hold, as on real sockets.
	window = 4
	// ahead is how many bytes are held back of what came in, before no more is read.
	ahead = 256 << 10
)

// conn is port.Conn around another one. Everything that happens to it happens one after the other: whoever brings
// something while somebody else is at it leaves it to them, so that no lock is held while another connection is called.
type conn struct {
	t     *Transport
	inner port.Conn
	at    netip.AddrPort
	held  atomic.Int64 // bytes on the way out

	mu   sync.Mutex
	todo []func()
	busy bool

	// What follows belongs to whoever is busy.
	pid        *actor.PID // what the inner connection takes for its owner
	owner      *actor.PID
	rules      []*fault.Rule // of which the toxins are
	toxins     []*toxin
	in, out    flow
	kept       []*port.Bytes // of the inner connection, not yet given back
	atOwner    int           // chunks
	sending    bool          // a *port.FileSent is due
	shortened  bool          // the file that is being sent is cut off, and the connection ends behind it
	receiving  bool          // a *port.FileReceived is due
	progress   int64         // of it
	done       bool          // its owner has closed or aborted it, and hears of the end only
	innerEnded bool          // the inner connection has sent its Closed
	attached   bool
	closed     bool  // its owner has got Closed
	fate       error // why a fault has ended it
}

var _ port.Conn = (*conn)(nil)

// do has f called, now or by whoever is at it.
func (c *conn) do(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.todo = append(c.todo, f)
	if c.busy {
		return
	}
	c.busy = true
	for len(c.todo) > 0 {
		next := c.todo[0]
		c.todo[0], c.todo = nil, c.todo[1:]
		c.mu.Unlock()
		next()
		c.mu.Lock()
	}
	c.todo, c.busy = nil, false
}

// Remote implements port.Conn.
func (c *conn) Remote() netip.AddrPort { return c.inner.Remote() }

// Queued implements port.Conn.
func (c *conn) Queued() int { return c.inner.Queued() + int(c.held.Load()) }

// Attach implements port.Conn.
func (c *conn) Attach(owner *actor.PID) {
	c.do(func() {
		c.owner = owner
		if c.attached {
			return
		}
		c.attached = true
		c.decide()
		c.inner.Attach(c.pid)
	})
}

// Consumed implements port.Conn.
func (c *conn) Consumed(*port.Bytes) {
	c.do(func() {
		c.atOwner = max(c.atOwner-1, 0)
		c.pump(&c.in)
	})
}

// Send implements port.Conn.
func (c *conn) Send(packet []byte) {
	if len(packet) == 0 {
		return
	}
	c.do(func() {
		if c.done {
			return
		}
		if c.out.size > 0 && c.out.size+len(packet) > c.t.WriteQueue {
			c.end(port.ErrSlowReader)
			return
		}
		c.push(&c.out, piece{data: packet, size: int64(len(packet))})
	})
}

// SendFile implements port.Conn.
func (c *conn) SendFile(f port.FileSend) {
	c.do(func() {
		c.sending = true
		c.push(&c.out, piece{message: &f, size: f.Length})
	})
}

// ReceiveFile implements port.Conn.
func (c *conn) ReceiveFile(f port.FileReceive) {
	c.do(func() {
		c.receiving = true
		c.inner.ReceiveFile(f)
	})
}

// Close implements port.Conn.
func (c *conn) Close() {
	c.do(func() {
		if c.done {
			return
		}
		c.finish()
		c.push(&c.out, piece{message: &closing{}})
	})
}

// Abort implements port.Conn.
func (c *conn) Abort() {
	c.do(func() {
		c.finish()
		c.drop(&c.out)
		c.inner.Abort()
		c.unheard()
	})
}

// finish is when the owner wants nothing more of the connection but to hear of its end.
func (c *conn) finish() {
	c.done = true
	c.drop(&c.in)
	c.giveBack()
	if c.innerEnded {
		c.tellClosed(nil)
	}
}

// end has a fault end the connection at once.
func (c *conn) end(err error) {
	c.fate = err
	c.drop(&c.in)
	c.drop(&c.out)
	c.giveBack()
	c.inner.Abort()
	c.unheard()
}

// unheard is when a connection has ended that nobody has attached: a packet was all that was wanted of it, and no Closed will
// come. Who attaches it all the same gets a process anew.
func (c *conn) unheard() {
	if !c.attached && c.pid != nil {
		c.t.forget(c.pid)
		c.pid = nil
	}
}

// take is what the inner connection says to its owner, and the clock.
func (c *conn) take(m any) {
	if c.closed {
		return
	}
	switch m := m.(type) {
	case *tick:
		m.of.timer = false
		c.pump(m.of)
	case *due:
		if m.toxin.active(c.out.stream) || m.toxin.active(c.in.stream) {
			m.toxin.made()
			c.end(m.why)
		}
	case *port.Bytes:
		c.onBytes(m)
	case *port.FileSent:
		c.sending = false
		if c.shortened && m.Err == nil {
			m = &port.FileSent{Bytes: m.Bytes, Err: errCut}
		}
		c.t.tell(c.owner, m)
		if c.shortened {
			c.inner.Close()
		}
	case *port.FileProgress:
		c.push(&c.in, piece{message: m, size: m.Bytes - c.progress})
		c.progress = m.Bytes
	case *port.FileReceived:
		c.push(&c.in, piece{message: m, size: m.Bytes - c.progress})
	case *port.Closed:
		c.innerEnded = true
		if c.done || c.fate != nil {
			c.tellClosed(m.Err)
			return
		}
		c.drop(&c.out)
		c.push(&c.in, piece{message: m})
	default:
		c.push(&c.in, piece{message: m})
	}
}

// onBytes takes a copy of what came: its chunk goes back to be read into as long as not too much waits here.
func (c *conn) onBytes(b *port.Bytes) {
	if _, alive := c.t.System.ProcessRegistry.Get(c.owner); !alive && c.owner.GetAddress() == c.t.System.Address() {
		c.end(errCut) // the inner connection takes this one for its owner, and would stay for ever
	}
	c.kept = append(c.kept, b)
	if !c.done && c.fate == nil {
		c.push(&c.in, piece{data: slices.Clone(b.Data), size: int64(len(b.Data))})
	}
	c.giveBack()
}

func (c *conn) giveBack() {
	for len(c.kept) > 0 && c.in.size < ahead {
		b := c.kept[0]
		c.kept = c.kept[1:]
		c.inner.Consumed(b)
	}
}

// decide finds the rules that are for this connection, and draws whether it has those whose window is open.
func (c *conn) decide() {
	if c.pid == nil {
		c.pid = c.t.relay(func(m any) { c.do(func() { c.take(m) }) })
	}
	if now := c.t.Faults.Toxics(); !slices.Equal(now, c.rules) {
		var next []*toxin
		for _, r := range now {
			i := slices.IndexFunc(c.toxins, func(x *toxin) bool { return x.rule == r })
			switch {
			case i >= 0:
				next = append(next, c.toxins[i])
			case matches(r, c.at) && r.Type != "refuse" && r.Type != "slow_connect":
				next = append(next, &toxin{rule: r, lanes: make(map[string]*lane)})
			}
		}
		c.rules, c.toxins = now, next
	}
	for _, x := range c.toxins {
		if x.decided || !x.rule.Open() {
			continue
		}
		x.decided, x.on, x.began = true, x.rule.Strike(), c.t.Clock.Now()
		if x.on {
			x.rule.Log(logrus.Fields{"remote": c.at.Addr().String(), "port": c.at.Port()})
			c.begin(x)
		}
	}
}

// due is when a toxin ends its connection.
type due struct {
	toxin *toxin
	why   error
}

// begin sets the clock for a toxin that ends its connection.
func (c *conn) begin(x *toxin) {
	d := x.rule.Attributes.Timeout
	switch {
	case x.rule.Type == "reset_peer":
		c.t.Clock.After(d, c.pid, &due{x, errReset})
	case x.rule.Type == "timeout" && d > 0:
		c.t.Clock.After(d, c.pid, &due{x, errTimeout})
	}
}

// tellClosed tells the owner what it waits for still, and at last that the connection is closed.
func (c *conn) tellClosed(err error) {
	if c.closed || c.owner == nil {
		return
	}
	c.closed, c.done = true, true
	if c.fate != nil {
		err = c.fate
	}
	c.drop(&c.in)
	c.drop(&c.out)
	if c.sending {
		c.t.tell(c.owner, &port.FileSent{Err: errCut})
	}
	if c.receiving {
		c.t.tell(c.owner, &port.FileReceived{Bytes: c.progress, Err: io.ErrUnexpectedEOF})
	}
	c.t.tell(c.owner, &port.Closed{Err: err})
	c.t.forget(c.pid)
}
