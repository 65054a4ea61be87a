package tcp

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/port"
)

// listener accepts connections for one owner.
type listener struct {
	t     *Transport
	tcp   *net.TCPListener
	owner *actor.PID
	slots chan struct{} // one for each connection that may be open; nil where there is no limit
	stop  chan struct{}
	once  sync.Once
	said  time.Time // when the log was told last that all slots are taken
}

// Listen binds the address and accepts in the background. The unspecified IPv6 address takes IPv4 connections too.
func (t *Transport) Listen(at netip.AddrPort, limit int, owner *actor.PID) (port.Listener, error) {
	if !at.IsValid() {
		return nil, errors.New("listen: no address")
	}
	at = netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
	network := "tcp" // both families at the unspecified IPv6 address
	if at.Addr().Is4() {
		network = "tcp4"
	}
	// Multipath TCP, Go's default for listeners, only costs here. Keep-alive is set once, on the listening socket.
	config := net.ListenConfig{KeepAlive: -1, Control: listenerSockopts}
	config.SetMultipathTCP(false)
	tcp, err := config.Listen(t.ctx, network, at.String())
	if err != nil {
		return nil, fmt.Errorf("listen: %w", err)
	}
	l := &listener{t: t, tcp: tcp.(*net.TCPListener), owner: owner, stop: make(chan struct{})}
	if limit > 0 {
		l.slots = make(chan struct{}, limit)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		tcp.Close()
		return nil, fmt.Errorf("listen: %w", net.ErrClosed)
	}
	t.listeners[l] = struct{}{}
	t.work.Add(1)
	go l.accept()
	return l, nil
}

// Addr is the bound address.
func (l *listener) Addr() netip.AddrPort {
	at := l.tcp.Addr().(*net.TCPAddr).AddrPort()
	return netip.AddrPortFrom(at.Addr().Unmap(), at.Port())
}

// Close stops accepting.
func (l *listener) Close() {
	l.once.Do(func() {
		close(l.stop)
		l.tcp.Close()
		l.t.mu.Lock()
		delete(l.t.listeners, l)
		l.t.mu.Unlock()
	})
}

// accept runs until Close. No error but that of a closed listener ends it: running out of descriptors or memory passes.
func (l *listener) accept() {
	defer l.t.work.Done()
	var pause time.Duration
	for l.slot() {
		tcp, err := l.tcp.AcceptTCP()
		if err != nil {
			l.release()
			if pause = l.failed(err, pause); pause == 0 {
				return
			}
			continue
		}
		pause = 0
		l.t.meters.accepted.Add(1)
		if c := l.t.newConn(tcp, l); c != nil {
			l.t.root.Send(l.owner, &port.Accepted{Conn: c})
		}
	}
}

// slot waits until one more connection may be open.
func (l *listener) slot() bool {
	if l.slots == nil {
		return true
	}
	select {
	case l.slots <- struct{}{}:
		return true
	default:
		l.full()
	}
	select {
	case l.slots <- struct{}{}:
		return true
	case <-l.stop:
		return false
	}
}

// full counts, and logs once a second at most, that there are as many connections as there may be.
func (l *listener) full() {
	l.t.meters.full.Add(1)
	if now := time.Now(); now.Sub(l.said) >= time.Second {
		l.said = now
		l.t.Log.WithField("limit", cap(l.slots)).Warn("no connection is accepted until one ends: limits.connections")
	}
}

// release gives back the slot of a connection that has ended.
func (l *listener) release() {
	if l != nil && l.slots != nil {
		<-l.slots
	}
}

// failed counts an error and waits before the next attempt, twice as long each time and a second at most. 0 means that
// the listener is closed.
func (l *listener) failed(err error, pause time.Duration) time.Duration {
	if errors.Is(err, net.ErrClosed) {
		return 0
	}
	l.t.meters.acceptErrors.Add(1)
	if pause == 0 {
		l.t.Log.WithError(err).Error("cannot accept connections")
	}
	pause = min(max(2*pause, 5*time.Millisecond), time.Second)
	wait := time.NewTimer(pause)
	defer wait.Stop()
	select {
	case <-wait.C:
		return pause
	case <-l.stop:
		return 0
	}
}
