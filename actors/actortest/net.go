package actortest

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// Net is a simulated network. Every piece that is sent arrives whole and in order after the latency of its way, as long
// as the connection lives.
type Net struct {
	sim *Sim
	// Latency is how long a piece takes from one address to another. nil: a millisecond.
	Latency func(from, to netip.Addr) time.Duration
	// Transit, where it is set, is asked instead of Latency for each piece, with its size, and for each packet with which a
	// connection begins. No piece overtakes an earlier one of its connection, however long that one takes.
	Transit func(from, to netip.Addr, bytes int) time.Duration
	// Retransmit has what Down keeps back tried again, as TCP does: after RTO, and then after twice as long each time.
	// Without, what is kept back is lost.
	Retransmit bool
	// Patience is after how long a connection ends of which nothing arrives that this side has sent. 0: never.
	Patience time.Duration
	// WriteQueue is how many bytes may wait for the other side to read them; past it the connection ends with
	// port.ErrSlowReader. 0: no limit.
	WriteQueue int
	// Down says that nothing gets from one address to another: dials time out, and what is on its way is lost without
	// notice. nil: everything gets through.
	Down func(from, to netip.Addr) bool
	// Sent is called for each piece that is sent. nil: nobody looks.
	Sent func(from, to netip.AddrPort, data []byte)
	// Arrived is called for each piece that its receiver is given. nil: nobody looks.
	Arrived func(from, to netip.AddrPort, data []byte)
	// Closed is called when a side of a connection is done. nil: nobody looks.
	Closed func(local, remote netip.AddrPort)
	// Change gives what becomes of a piece on its way; it must not change the piece itself. nil: nothing becomes of it.
	Change func(from, to netip.AddrPort, data []byte) []byte
	// Dialing is called for each dial. nil: nobody looks.
	Dialing func(from netip.Addr, to netip.AddrPort)
	// Queued says how much waits to be sent from one address to another. nil: nothing ever does.
	Queued func(from, to netip.Addr) int
	// Sum names the content of a received file. nil: its MD5.
	Sum func(content []byte) p2p.FileID
	// Read gives the content of a file that is not in Files, and whether there is one. nil: there are no others.
	Read func(path string) ([]byte, bool)
	// Piece cuts what is sent into pieces of that many bytes. 0: each Send arrives as it was.
	Piece int
	// Files are what SendFile reads and ReceiveFile writes.
	Files map[string][]byte

	listeners map[netip.AddrPort]*simListener
	sites     map[netip.Addr]*site
	ephemeral uint16
}

// site is what is at one address.
type site struct {
	life  int // how often it has crashed
	conns []*conn
}

// Pauses of retransmissions: the first one and the longest one.
const (
	RTO    = time.Second
	maxRTO = time.Minute
)

// NewNet makes an empty network.
func NewNet(s *Sim) *Net {
	return &Net{
		sim: s, Files: make(map[string][]byte), listeners: make(map[netip.AddrPort]*simListener),
		sites: make(map[netip.Addr]*site), ephemeral: 32767,
	}
}

// Errors of the simulated network.
var (
	ErrRefused = port.ErrRefused
	ErrTimeout = errors.New("timed out")
	ErrReset   = errors.New("connection reset by peer")
	ErrInUse   = errors.New("address in use")
)

// Host is the transport of the node at an address.
func (n *Net) Host(a netip.Addr) port.Transport {
	s := n.site(a)
	return &host{net: n, addr: a, site: s, life: s.life}
}

func (n *Net) site(a netip.Addr) *site {
	s := n.sites[a]
	if s == nil {
		s = &site{}
		n.sites[a] = s
	}
	return s
}

// Crash ends the process at an address: nobody listens there any more, the other sides of its connections hear that they
// were reset, its own actors hear nothing, and the transports that it had do nothing any more.
func (n *Net) Crash(a netip.Addr) {
	s := n.site(a)
	s.life++
	for at, l := range n.listeners {
		if at.Addr() == a {
			l.Close()
		}
	}
	for len(s.conns) > 0 {
		c := s.conns[len(s.conns)-1]
		c.owner, c.receive = nil, nil
		c.Abort()
	}
}

// transit is how long a piece takes.
func (n *Net) transit(from, to netip.Addr, bytes int) time.Duration {
	switch {
	case n.Transit != nil:
		return n.Transit(from, to, bytes)
	case n.Latency != nil:
		return n.Latency(from, to)
	}
	return time.Millisecond
}

func (n *Net) down(from, to netip.Addr) bool { return n.Down != nil && n.Down(from, to) }

type host struct {
	net  *Net
	addr netip.Addr
	site *site
	life int
}

type simListener struct {
	net   *Net
	at    netip.AddrPort
	owner *actor.PID
	limit int
	open  int
}

// Listen implements port.Transport.
func (h *host) Listen(at netip.AddrPort, limit int, owner *actor.PID) (port.Listener, error) {
	at = netip.AddrPortFrom(h.addr, at.Port())
	if h.life != h.site.life {
		return nil, fmt.Errorf("%s: %w", at, ErrReset)
	}
	if h.net.listeners[at] != nil {
		return nil, fmt.Errorf("%s: %w", at, ErrInUse)
	}
	l := &simListener{net: h.net, at: at, owner: owner, limit: limit}
	h.net.listeners[at] = l
	return l, nil
}

// Addr implements port.Listener.
func (l *simListener) Addr() netip.AddrPort { return l.at }

// Close implements port.Listener.
func (l *simListener) Close() {
	if l.net.listeners[l.at] == l {
		delete(l.net.listeners, l.at)
	}
}

// Dial implements port.Transport. It tries the first address that somebody listens at.
func (h *host) Dial(to []netip.AddrPort, timeout time.Duration, owner *actor.PID) {
	n := h.net
	tell := func(d *port.Dialed) { n.sim.System.Root.Send(owner, d) }
	if h.life != h.site.life {
		tell(&port.Dialed{Err: ErrReset})
		return
	}
	target := to[0]
	for _, t := range to {
		if n.listeners[t] != nil {
			target = t
			break
		}
	}
	if n.Dialing != nil {
		n.Dialing(h.addr, target)
	}
	d := &dial{host: h, to: target, tell: tell, ends: n.sim.now.Add(timeout)}
	d.try(RTO)
}

// handshake is how many bytes the packets take with which a connection begins.
const handshake = 60

// dial is a connection that is being opened.
type dial struct {
	*host
	to   netip.AddrPort
	tell func(*port.Dialed)
	ends time.Time
}

// try sends the first packet.
func (d *dial) try(rto time.Duration) {
	n := d.net
	n.sim.Do(n.transit(d.addr, d.to.Addr(), handshake), func() {
		l := n.listeners[d.to]
		back := n.transit(d.to.Addr(), d.addr, handshake)
		switch {
		case d.life != d.site.life || n.sim.now.After(d.ends):
			d.timeout()
		case n.down(d.addr, d.to.Addr()) || n.down(d.to.Addr(), d.addr) || (l != nil && l.limit > 0 && l.open >= l.limit):
			if n.Retransmit && n.sim.now.Add(rto).Before(d.ends) {
				n.sim.Do(rto, func() { d.try(2 * rto) })
				return
			}
			d.timeout()
		case l == nil:
			n.sim.Do(back, func() { d.tell(&port.Dialed{Err: fmt.Errorf("dial %s: %w", d.to, ErrRefused)}) })
		default:
			d.accept(l, back)
		}
	})
}

func (d *dial) timeout() {
	d.net.sim.Do(d.ends.Sub(d.net.sim.now), func() { d.tell(&port.Dialed{Err: fmt.Errorf("dial %s: %w", d.to, ErrTimeout)}) })
}

func (d *dial) accept(l *simListener, back time.Duration) {
	n := d.net
	n.ephemeral = max(n.ephemeral+1, 32768)
	dialer, accepted := newPair(n, netip.AddrPortFrom(d.addr, n.ephemeral), d.to)
	l.open++
	accepted.gone = func() { l.open-- }
	n.sim.record('o', [2]netip.AddrPort{dialer.local, d.to}, nil)
	n.sim.System.Root.Send(l.owner, &port.Accepted{Conn: accepted})
	n.sim.Do(back, func() { d.tell(&port.Dialed{Conn: dialer}) })
}
