// Package pipes is a network in memory whose connections are goroutines: what a node has instead of package tcp in the
// laboratory's engine mem. A connection's side has one goroutine, which puts what its owner sends on the way and gives its
// owner what arrives, each piece at its time. Time is that of package time, so that in a bubble of testing/synctest hours
// pass in seconds.
//
// The network is TCP's, as that of package actortest is: what is kept back is sent again until somebody gives up, and a
// process that dies leaves connections that are reset.
package pipes

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// Options are what a Net is told. Its functions but Sum are called with Lock, and only from the network's own goroutines:
// a Conn never takes it, so that whoever holds it may use one.
type Options struct {
	Root *actor.RootContext
	Lock sync.Locker
	// Transit is how long a piece of some bytes takes from one address to another.
	Transit func(from, to netip.Addr, bytes int) time.Duration
	// Sent is called for each piece before it goes on its way, and Arrived before its receiver is given it.
	Sent, Arrived func(from, to netip.AddrPort, data []byte)
	// Closed is called when a side of a connection is done.
	Closed func(local, remote netip.AddrPort)
	// Down says that nothing gets from one address to another at the moment.
	Down func(from, to netip.Addr) bool
	// Change gives what becomes of a piece on its way; it must not change the piece itself.
	Change func(from, to netip.AddrPort, data []byte) []byte
	// Read gives the content of a file to be sent.
	Read func(path string) ([]byte, bool)
	// Sum names the content of a received file.
	Sum func(content []byte) p2p.FileID
	// Patience is after how long a connection ends of which nothing arrives that this side has sent.
	Patience time.Duration
	// WriteQueue is how many bytes may wait for the other side to read them; past it the connection ends with
	// port.ErrSlowReader.
	WriteQueue int
}

// Net is a network in memory.
type Net struct {
	Options
	pieces atomic.Uint64

	mu        sync.Mutex // nothing else is locked with it
	listeners map[netip.AddrPort]*listener
	sites     map[netip.Addr]*site
	files     map[string][]byte // that were received
	ephemeral uint16
}

// site is what is at one address.
type site struct {
	life  int // how often it has crashed
	conns map[*conn]bool
}

// Pauses of retransmissions: the first one and the longest one.
const (
	firstRTO = time.Second
	maxRTO   = time.Minute
)

// Errors of the network.
var (
	ErrTimeout = errors.New("timed out")
	ErrReset   = errors.New("connection reset by peer")
	ErrInUse   = errors.New("address in use")
)

// New makes an empty network.
func New(o Options) *Net {
	return &Net{
		Options: o, listeners: make(map[netip.AddrPort]*listener), sites: make(map[netip.Addr]*site),
		files: make(map[string][]byte), ephemeral: 32767,
	}
}

// Pieces is how many pieces have been sent.
func (n *Net) Pieces() uint64 { return n.pieces.Load() }

// Host is the transport of the node at an address.
func (n *Net) Host(at netip.Addr) port.Transport {
	n.mu.Lock()
	defer n.mu.Unlock()
	return &host{net: n, addr: at, life: n.site(at).life}
}

func (n *Net) site(a netip.Addr) *site {
	s := n.sites[a]
	if s == nil {
		s = &site{conns: make(map[*conn]bool)}
		n.sites[a] = s
	}
	return s
}

// Crash ends the process at an address: nobody listens there any more, the other sides of its connections hear that they
// were reset, its own actors hear nothing, and the transports that it had do nothing any more.
func (n *Net) Crash(at netip.Addr) {
	n.mu.Lock()
	s := n.site(at)
	s.life++
	for a, l := range n.listeners {
		if l.at.Addr() == at {
			delete(n.listeners, a)
		}
	}
	var conns []*conn
	for c := range s.conns {
		conns = append(conns, c)
	}
	n.mu.Unlock()
	for _, c := range conns {
		c.vanish()
	}
}

// Take gives a file that was received, and forgets it.
func (n *Net) Take(path string) []byte {
	n.mu.Lock()
	defer n.mu.Unlock()
	content := n.files[path]
	delete(n.files, path)
	return content
}

func (n *Net) keep(path string, content []byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.files[path] = content
}

// transit is how long a piece takes.
func (n *Net) transit(from, to netip.Addr, bytes int) time.Duration {
	n.Lock.Lock()
	defer n.Lock.Unlock()
	return max(0, n.Transit(from, to, bytes))
}

func (n *Net) down(from, to netip.Addr) bool {
	n.Lock.Lock()
	defer n.Lock.Unlock()
	return n.Down(from, to)
}

type host struct {
	net  *Net
	addr netip.Addr
	life int
}

type listener struct {
	net   *Net
	at    netip.AddrPort
	owner *actor.PID
	limit int
	open  int
}

// Listen implements port.Transport.
func (h *host) Listen(at netip.AddrPort, limit int, owner *actor.PID) (port.Listener, error) {
	n := h.net
	at = netip.AddrPortFrom(h.addr, at.Port())
	n.mu.Lock()
	defer n.mu.Unlock()
	if h.life != n.site(h.addr).life {
		return nil, fmt.Errorf("%s: %w", at, ErrReset)
	}
	if n.listeners[at] != nil {
		return nil, fmt.Errorf("%s: %w", at, ErrInUse)
	}
	l := &listener{net: n, at: at, owner: owner, limit: limit}
	n.listeners[at] = l
	return l, nil
}

// Addr implements port.Listener.
func (l *listener) Addr() netip.AddrPort { return l.at }

// Close implements port.Listener.
func (l *listener) Close() {
	l.net.mu.Lock()
	defer l.net.mu.Unlock()
	if l.net.listeners[l.at] == l {
		delete(l.net.listeners, l.at)
	}
}

// Dial implements port.Transport. It tries the first address that somebody listens at.
func (h *host) Dial(to []netip.AddrPort, timeout time.Duration, owner *actor.PID) {
	d := &dial{host: h, to: h.net.target(to), owner: owner, ends: time.Now().Add(timeout)}
	go func() {
		c, err := d.run()
		if err != nil {
			h.net.Root.Send(owner, &port.Dialed{Err: fmt.Errorf("dial %s: %w", d.to, err)})
			return
		}
		h.net.Root.Send(owner, &port.Dialed{Conn: c})
	}()
}

func (n *Net) target(to []netip.AddrPort) netip.AddrPort {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, t := range to {
		if n.listeners[t] != nil {
			return t
		}
	}
	return to[0]
}

// handshake is how many bytes the packets take with which a connection begins.
const handshake = 60

// dial is a connection that is being opened.
type dial struct {
	*host
	to    netip.AddrPort
	owner *actor.PID
	ends  time.Time
}

// run sends the first packet, again where nothing comes back.
func (d *dial) run() (*conn, error) {
	n := d.net
	for rto := firstRTO; ; rto *= 2 {
		time.Sleep(n.transit(d.addr, d.to.Addr(), handshake))
		if time.Now().After(d.ends) {
			return nil, ErrTimeout
		}
		if !n.down(d.addr, d.to.Addr()) && !n.down(d.to.Addr(), d.addr) {
			c, l, err := d.meet()
			if c != nil {
				n.Root.Send(l.owner, &port.Accepted{Conn: c.other})
			}
			if err != errFull {
				time.Sleep(n.transit(d.to.Addr(), d.addr, handshake))
				return c, err
			}
		}
		if left := time.Until(d.ends); rto >= left {
			time.Sleep(left)
			return nil, ErrTimeout
		}
		time.Sleep(rto)
	}
}

// errFull is of a listener that takes no more, of which nobody hears.
var errFull = errors.New("full")

// meet makes the connection.
func (d *dial) meet() (*conn, *listener, error) {
	n := d.net
	n.mu.Lock()
	defer n.mu.Unlock()
	l := n.listeners[d.to]
	switch {
	case d.life != n.site(d.addr).life:
		return nil, nil, ErrReset
	case l == nil:
		return nil, nil, port.ErrRefused
	case l.limit > 0 && l.open >= l.limit:
		return nil, nil, errFull
	}
	n.ephemeral = max(n.ephemeral+1, 32768)
	l.open++
	dialer, accepted := newConn(n, netip.AddrPortFrom(d.addr, n.ephemeral), d.to), newConn(n, d.to, netip.AddrPortFrom(d.addr, n.ephemeral))
	dialer.other, accepted.other, accepted.from = accepted, dialer, l
	for _, c := range [2]*conn{dialer, accepted} {
		n.site(c.local.Addr()).conns[c] = true
		go c.run()
	}
	return dialer, l, nil
}

// left takes the side of a connection off the network.
func (n *Net) left(c *conn) {
	n.Lock.Lock()
	n.Closed(c.local, c.remote)
	n.Lock.Unlock()
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.site(c.local.Addr()).conns, c)
	if c.from != nil {
		c.from.open--
	}
}
