package actortest

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/port"
)

// Net is a simulated network. Every piece that is sent arrives whole and in order after the latency of its way, as long
// as the connection lives.
type Net struct {
	sim *Sim
	// Latency is how long a piece takes from one address to another. nil: a millisecond.
	Latency func(from, to netip.Addr) time.Duration
	// Down says that nothing gets from one address to another: dials time out, and what is on its way is lost without
	// notice. nil: everything gets through.
	Down func(from, to netip.Addr) bool
	// Sent is called for each piece that is sent. nil: nobody looks.
	Sent func(from, to netip.AddrPort, data []byte)
	// Dialing is called for each dial. nil: nobody looks.
	Dialing func(from netip.Addr, to netip.AddrPort)
	// Queued says how much waits to be sent from one address to another. nil: nothing ever does.
	Queued func(from, to netip.Addr) int
	// Piece cuts what is sent into pieces of that many bytes. 0: each Send arrives as it was.
	Piece int
	// Files are what SendFile reads and ReceiveFile writes.
	Files map[string][]byte

	listeners map[netip.AddrPort]*simListener
	ephemeral uint16
}

// NewNet makes an empty network.
func NewNet(s *Sim) *Net {
	return &Net{sim: s, Files: make(map[string][]byte), listeners: make(map[netip.AddrPort]*simListener), ephemeral: 32767}
}

// Errors of the simulated network.
var (
	ErrRefused = port.ErrRefused
	ErrTimeout = errors.New("timed out")
	ErrReset   = errors.New("connection reset by peer")
	ErrInUse   = errors.New("address in use")
)

// Host is the transport of the node at an address.
func (n *Net) Host(a netip.Addr) port.Transport { return &host{net: n, addr: a} }

func (n *Net) latency(from, to netip.Addr) time.Duration {
	if n.Latency == nil {
		return time.Millisecond
	}
	return n.Latency(from, to)
}

func (n *Net) down(from, to netip.Addr) bool { return n.Down != nil && n.Down(from, to) }

type host struct {
	net  *Net
	addr netip.Addr
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
	way := n.latency(h.addr, target.Addr())
	n.sim.Do(way, func() {
		l := n.listeners[target]
		switch {
		case n.down(h.addr, target.Addr()) || n.down(target.Addr(), h.addr) || (l != nil && l.limit > 0 && l.open >= l.limit):
			n.sim.Do(timeout-way, func() { tell(&port.Dialed{Err: fmt.Errorf("dial %s: %w", target, ErrTimeout)}) })
		case l == nil:
			n.sim.Do(n.latency(target.Addr(), h.addr), func() { tell(&port.Dialed{Err: fmt.Errorf("dial %s: %w", target, ErrRefused)}) })
		default:
			n.ephemeral = max(n.ephemeral+1, 32768)
			dialer, accepted := newPair(n, netip.AddrPortFrom(h.addr, n.ephemeral), target)
			l.open++
			accepted.gone = func() { l.open-- }
			n.sim.record('o', []byte(dialer.local.String()), []byte(target.String()))
			n.sim.System.Root.Send(l.owner, &port.Accepted{Conn: accepted})
			n.sim.Do(n.latency(target.Addr(), h.addr), func() { tell(&port.Dialed{Conn: dialer}) })
		}
	})
}
