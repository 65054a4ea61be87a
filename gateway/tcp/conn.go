package tcp

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"golang.org/x/sys/unix"

	"alakazaam/actors/port"
)

// window is how many chunks an owner may hold before no more is read for it.
const window = 4

// lingerTime is how long a connection that was closed while the other side was still sending goes on taking what
// comes. Without that the system would answer it with a reset, which can destroy the last packet on its way.
const lingerTime = 2 * time.Second

// lingerBytes is how much it takes at most.
const lingerBytes = 1 << 20

// phase is how far the life of a connection is. It only moves forward.
type phase uint8

const (
	running phase = iota
	closing       // Close was called: what is queued still leaves, and nothing that comes in reaches the owner
	over          // nothing is read or written any more; the goroutines are on their way out
	gone          // the socket is closed and Closed is sent
)

// conn is port.Conn. Up to two goroutines work on it, a reader and a writer; whoever is the last to leave a connection
// that is over closes the socket and sends Closed. Messages to the owner are sent without the lock, by callers that
// count as a hand, so that Closed stays the last one.
type conn struct {
	t          *Transport
	tcp        *net.TCPConn
	raw        syscall.RawConn
	remote     netip.AddrPort
	from       *listener // whose slot it holds; nil for a dialed one
	prev, next *conn     // Transport.conns

	readFn, writeFn func(fd uintptr) bool // readOnce and writeOnce, made once
	in              *port.Bytes           // readOnce's outcome
	inLen           int
	inErr           error
	outData         []byte // writeOnce's work and outcome, under mu
	outLen          int
	outErr          error

	mu       sync.Mutex
	roused   sync.Cond // the reader waits here while the owner has enough to do
	owner    *actor.PID
	early    []any // messages from before Attach
	receive  *port.FileReceive
	phase    phase
	attached bool
	idle     bool  // was not attached at the last look for orphans
	reading  bool  // the reader runs
	writing  bool  // the writer runs: what is sent has to be queued behind it
	ended    bool  // the other side will send nothing more
	reset    bool  // the socket is to be closed with a reset
	lingered bool  // the wait of lingerTime was begun
	hands    uint8 // goroutines at work here
	held     int16 // chunks at the owner
	dropped  int   // bytes that came after Close
	err      error // for Closed
	broken   error // why nothing can be written any more
	queue    []entry
	queued   int       // bytes in queue and in the writer's hands
	closeBy  time.Time // when a flush that Close began must be through
	files    context.Context
	cancel   context.CancelFunc // of files; both nil until a file's rate has to be limited
}

var (
	errAborted = errors.New("aborted by its owner")
	errDeaf    = errors.New("the other side went on sending after the end")
	longAgo    = time.Unix(1, 0) // a deadline that wakes whoever waits for the socket
)

// newConn takes over a socket; nil where the transport is closed.
func (t *Transport) newConn(tcp *net.TCPConn, from *listener) *conn {
	raw, err := tcp.SyscallConn()
	if err != nil {
		tcp.Close() // not reached: SyscallConn fails for a nil connection only
		from.release()
		return nil
	}
	remote := tcp.RemoteAddr().(*net.TCPAddr).AddrPort()
	c := &conn{
		t: t, tcp: tcp, raw: raw, from: from,
		remote: netip.AddrPortFrom(remote.Addr().Unmap(), remote.Port()),
	}
	c.roused.L = &c.mu
	c.readFn, c.writeFn = c.readOnce, c.writeOnce
	if !t.add(c) {
		tcp.Close()
		from.release()
		return nil
	}
	return c
}

// Remote is the other side's address; IPv4 is never written as IPv6.
func (c *conn) Remote() netip.AddrPort { return c.remote }

// Attach starts reading. Called again it hands the connection over: what comes from now on goes to the new owner.
func (c *conn) Attach(owner *actor.PID) {
	c.mu.Lock()
	c.owner = owner
	early := c.early
	c.early = nil
	start := !c.attached && c.phase == running
	c.attached = true
	if c.phase == gone {
		c.owner = nil // a PID that is held keeps its dead actor in memory
	}
	if start {
		c.reading = true
		c.hands++
	}
	c.hands++
	c.mu.Unlock()
	for _, m := range early {
		c.t.root.Send(owner, m)
	}
	if start && c.receive != nil {
		go c.receiveLoop()
	} else if start {
		go c.readLoop()
	}
	c.leave()
}

// Close sends what is queued, bounded by WriteTimeout, and closes.
func (c *conn) Close() {
	c.mu.Lock()
	if c.phase == running {
		c.phase = closing
		c.closeBy = time.Now().Add(c.t.WriteTimeout)
		c.roused.Broadcast() // the reader drops what comes from now on
		if !c.writing {
			c.end(c.broken)
		}
	}
	c.mu.Unlock()
	c.settle()
}

// Abort closes with a reset.
func (c *conn) Abort() { c.kill(errAborted) }

// kill ends the connection at once. err is for Closed.
func (c *conn) kill(err error) {
	c.mu.Lock()
	switch c.phase {
	case running, closing:
		c.reset = true
		c.end(err)
		_ = c.tcp.SetWriteDeadline(longAgo)
	case over: // waits for its goroutines, or lingers
		c.reset = true
		_ = c.tcp.SetDeadline(longAgo)
	}
	c.mu.Unlock()
	c.settle()
}

// end is called with the lock when no more work is to be begun. Reader and writer are woken and leave.
func (c *conn) end(err error) {
	c.phase = over
	if c.err = err; err == port.ErrSlowReader {
		c.t.meters.slow.Add(1)
	}
	if c.reading {
		_ = c.tcp.SetReadDeadline(longAgo)
		c.roused.Broadcast()
	}
	if c.cancel != nil {
		c.cancel()
	}
}

// leave is the last thing that a goroutine does here.
func (c *conn) leave() {
	c.mu.Lock()
	c.hands--
	c.mu.Unlock()
	c.settle()
}

// settle closes the socket once the connection is over and nobody works on it any more.
func (c *conn) settle() {
	c.mu.Lock()
	if c.phase != over || c.hands > 0 {
		c.mu.Unlock()
		return
	}
	if !c.reset && !c.ended && !c.lingered && c.unread() {
		c.lingered = true
		c.hands++
		_ = c.tcp.SetReadDeadline(time.Now().Add(lingerTime))
		c.mu.Unlock()
		go c.linger()
		return
	}
	c.phase = gone
	owner, closed := c.owner, &port.Closed{Err: c.err}
	if c.owner = nil; owner == nil {
		c.early = append(c.early, closed)
	}
	c.mu.Unlock()
	if c.reset {
		_ = c.tcp.SetLinger(0)
	}
	c.tcp.Close()
	c.from.release()
	c.t.remove(c)
	if owner != nil {
		c.t.root.Send(owner, closed)
	}
	c.t.work.Done()
}

// unread says whether there is something to read that nobody wants any more.
func (c *conn) unread() (some bool) {
	_ = c.raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		some = err == nil && n > 0
	})
	return some
}

// linger says that nothing more will come and takes what the other side still sends, until it ends, for lingerTime, or
// up to lingerBytes.
func (c *conn) linger() {
	defer c.leave()
	_ = c.tcp.CloseWrite()
	b := getChunk()
	defer putChunk(b)
	for left := lingerBytes; left > 0; {
		n, err := c.tcp.Read(b.Data)
		if err != nil {
			return
		}
		left -= n
	}
}

// post sends the owner a message, or keeps it for Attach. The caller counts as a hand.
func (c *conn) post(m any) {
	c.mu.Lock()
	owner := c.owner
	if owner == nil {
		c.early = append(c.early, m)
	}
	c.mu.Unlock()
	if owner != nil {
		c.t.root.Send(owner, m)
	}
}

// fileContext ends with the connection; only files need one.
func (c *conn) fileContext() context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.files == nil {
		c.files, c.cancel = context.WithCancel(context.Background())
		if c.phase >= over {
			c.cancel()
		}
	}
	return c.files
}

// orphaned says whether nobody will ever close this connection: its owner is dead, or there has been none since the
// last time this was asked.
func (c *conn) orphaned() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.phase != running:
		return false // ends by itself
	case c.attached:
		return !c.t.alive(c.owner)
	case c.idle:
		return true
	default:
		c.idle = true
		return false
	}
}
