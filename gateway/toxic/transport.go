// Package toxic harms connections on purpose, by rule, for experiments. It stands around any port.Transport, with
// Toxiproxy's names for what it has in common with it, and keeps what port.Conn promises: bytes keep their order, only a
// few chunks are read ahead of their owner, and there is one Closed, which is the last message.
//
// A rule is for connections that were there before it as well. It is decided once for each connection whether it has it,
// when something first passes while the rule's window is open. What is on its way when a rule ends keeps its delay.
//
// Files never pass through here. What is sent from a file is held back, swallowed or cut as a whole; of one that is being
// received the reports are, while the file itself is written as it comes. No file is sliced, and no bit in one is turned.
//
// Time comes from port.Clock, whose messages go to a process that is no actor; there is no goroutine.
package toxic

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/fault"
	"alakazaam/actors/port"
	"alakazaam/config"
)

// Errors by which connections end here.
var (
	errTimeout = errors.New("timed out by a fault")
	errReset   = errors.New("reset by a fault")
	errCut     = errors.New("cut off by a fault")
)

// Options are what a Transport is told.
type Options struct {
	System *actor.ActorSystem
	Clock  port.Clock
	Faults *fault.Faults
	// WriteQueue is how many bytes may be held back on a connection that this node sends. 0 means 1 MiB.
	WriteQueue int
}

// Transport is a port.Transport with faults.
type Transport struct {
	Options
	inner port.Transport
}

var _ port.Transport = (*Transport)(nil)

// Wrap puts faults around a transport.
func Wrap(inner port.Transport, o Options) *Transport {
	if o.WriteQueue <= 0 {
		o.WriteQueue = 1 << 20
	}
	return &Transport{Options: o, inner: inner}
}

// relay is a process of the framework without an actor behind it: what is sent to it is dealt with at once, by the sender.
type relay func(m any)

// SendUserMessage implements actor.Process.
func (r relay) SendUserMessage(_ *actor.PID, m any) {
	_, m, _ = actor.UnwrapEnvelope(m)
	r(m)
}

// SendSystemMessage implements actor.Process.
func (relay) SendSystemMessage(*actor.PID, any) {}

// Stop implements actor.Process.
func (relay) Stop(*actor.PID) {}

func (t *Transport) relay(f func(m any)) *actor.PID {
	registry := t.System.ProcessRegistry
	pid, _ := registry.Add(relay(f), "toxic"+registry.NextId()) // such ids do not come twice
	return pid
}

func (t *Transport) forget(pid *actor.PID) { t.System.ProcessRegistry.Remove(pid) }

func (t *Transport) tell(to *actor.PID, m any) { t.System.Root.Send(to, m) }

// listener is an open listener whose connections come by here.
type listener struct {
	port.Listener
	t   *Transport
	pid *actor.PID
}

// Close stops accepting.
func (l *listener) Close() {
	l.Listener.Close()
	l.t.forget(l.pid)
}

// Listen implements port.Transport.
func (t *Transport) Listen(at netip.AddrPort, limit int, owner *actor.PID) (port.Listener, error) {
	l := &listener{t: t}
	here := at.Port()
	l.pid = t.relay(func(m any) {
		if a, ok := m.(*port.Accepted); ok {
			t.accept(a.Conn, here, owner)
		}
	})
	var err error
	if l.Listener, err = t.inner.Listen(at, limit, l.pid); err != nil {
		t.forget(l.pid)
		return nil, err
	}
	return l, nil
}

// accept passes a connection on that somebody has opened to this node's port.
func (t *Transport) accept(inner port.Conn, here uint16, owner *actor.PID) {
	from := []netip.AddrPort{netip.AddrPortFrom(inner.Remote().Addr(), here)}
	if r := t.strikes("refuse", from); r != nil {
		r.Hit()
		inner.Abort()
		return
	}
	give := func() { t.tell(owner, &port.Accepted{Conn: t.wrap(inner, from[0], false)}) }
	if r := t.strikes("slow_connect", from); r != nil {
		r.Hit()
		t.later(r.Attributes.Delay, give)
		return
	}
	give()
}

// later calls f when d has passed.
func (t *Transport) later(d time.Duration, f func()) {
	var pid *actor.PID
	pid = t.relay(func(any) {
		t.forget(pid)
		f()
	})
	t.Clock.After(d, pid, &tick{})
}

// tick is what the clock sends. A flow waits for it; nil: something else does.
type tick struct{ of *flow }

// strikes gives the rule of a type that strikes at a connection as it begins; nil: there is none.
func (t *Transport) strikes(kind string, at []netip.AddrPort) *fault.Rule {
	for _, r := range t.Faults.Toxics() {
		if r.Type == kind && slices.ContainsFunc(at, func(a netip.AddrPort) bool { return matches(r, a) }) && r.Strike() {
			r.Log(logrus.Fields{"remote": at[0].Addr().String(), "port": at[0].Port()})
			return r
		}
	}
	return nil
}

// matches says whether a rule is for connections with an address, to a port.
func matches(r *fault.Rule, a netip.AddrPort) bool {
	in := len(r.Addresses) == 0 || slices.ContainsFunc(r.Addresses, func(text string) bool {
		if one, err := netip.ParseAddr(text); err == nil {
			return one.Unmap() == a.Addr().Unmap()
		}
		network, err := netip.ParsePrefix(text)
		return err == nil && network.Contains(a.Addr().Unmap())
	})
	return in && (len(r.Ports) == 0 || slices.Contains(r.Ports, strconv.Itoa(int(a.Port()))))
}

// Dial implements port.Transport.
func (t *Transport) Dial(to []netip.AddrPort, timeout time.Duration, owner *actor.PID) {
	if r := t.strikes("refuse", to); r != nil {
		r.Hit()
		t.tell(owner, &port.Dialed{Err: fmt.Errorf("dial %s: %w", to[0], port.ErrRefused)})
		return
	}
	r := t.strikes("slow_connect", to)
	if r == nil {
		t.dial(to, timeout, owner)
		return
	}
	r.Hit()
	if r.Attributes.Delay >= timeout {
		t.later(timeout, func() { t.tell(owner, &port.Dialed{Err: fmt.Errorf("dial %s: %w", to[0], errTimeout)}) })
		return
	}
	t.later(r.Attributes.Delay, func() { t.dial(to, timeout-r.Attributes.Delay, owner) })
}

func (t *Transport) dial(to []netip.AddrPort, timeout time.Duration, owner *actor.PID) {
	var pid *actor.PID
	pid = t.relay(func(m any) {
		d, ok := m.(*port.Dialed)
		if !ok {
			return
		}
		t.forget(pid)
		if d.Conn != nil {
			d = &port.Dialed{Conn: t.wrap(d.Conn, d.Conn.Remote(), true)}
		}
		t.tell(owner, d)
	})
	t.inner.Dial(to, timeout, pid)
}

// wrap makes a connection one that faults can harm. at is its other side's address, with the port that was connected to.
func (t *Transport) wrap(inner port.Conn, at netip.AddrPort, dialed bool) *conn {
	c := &conn{t: t, inner: inner, at: at}
	c.in, c.out = flow{stream: config.StreamUp}, flow{stream: config.StreamDown}
	if dialed {
		c.in.stream, c.out.stream = config.StreamDown, config.StreamUp
	}
	return c
}
