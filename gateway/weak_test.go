package gateway_test

import (
	"net/netip"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/actortest"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// weak makes the ports of a node break in the hands of the actors that use them: those panic in the middle of what they
// do, with their state half changed. What breaks is named by its operation: a series of the metrics, "timer of" and a kind
// of actor, or a method of the disk, the store, the transport or a connection.
type weak struct {
	what string
	left int // how many more times
}

// breaks has the next uses of an operation panic.
func (w *weak) breaks(what string, times int) { w.what, w.left = what, times }

// use is what every operation does first.
func (w *weak) use(what string) {
	if w.left > 0 && what == w.what {
		w.left--
		panic(what + " broke")
	}
}

// weaken puts the node's ports into its hands.
func (w *weak) weaken(n *simNode, t port.Transport, s port.Store) (port.Transport, port.Disk, port.Store) {
	n.env.Metrics = weakMetrics{n.env.Metrics, w}
	n.env.Clock = weakClock{n.env.Clock, w}
	return weakTransport{t, n.world, w}, weakDisk{n.disk, w}, weakBackend{s, w}
}

type weakMetrics struct {
	port.Metrics
	weak *weak
}

type weakCounter struct {
	port.Counter
	weak *weak
	key  string
}

type weakGauge struct {
	port.Gauge
	weak *weak
	key  string
}

// Counter implements port.Metrics.
func (m weakMetrics) Counter(name, help string, labels ...string) port.Counter {
	return weakCounter{m.Metrics.Counter(name, help, labels...), m.weak, actortest.Series(name, labels...)}
}

// Gauge implements port.Metrics.
func (m weakMetrics) Gauge(name, help string, labels ...string) port.Gauge {
	return weakGauge{m.Metrics.Gauge(name, help, labels...), m.weak, actortest.Series(name, labels...)}
}

// Add implements port.Counter.
func (c weakCounter) Add(n int) {
	c.weak.use(c.key)
	c.Counter.Add(n)
}

// Set implements port.Gauge.
func (g weakGauge) Set(n int) {
	g.weak.use(g.key)
	g.Gauge.Set(n)
}

type weakClock struct {
	port.Clock
	weak *weak
}

// After implements port.Clock.
func (c weakClock) After(d time.Duration, to *actor.PID, m any) port.Timer {
	parts := strings.Split(to.Id, "/")
	c.weak.use("timer of " + parts[min(len(parts)-1, 2)])
	return c.Clock.After(d, to, m)
}

type weakBackend struct {
	port.Store
	weak *weak
}

// Apply implements port.Store.
func (s weakBackend) Apply(changes []port.Change, owner *actor.PID, token uint64) {
	s.weak.use("Apply")
	s.Store.Apply(changes, owner, token)
}

type weakDisk struct {
	port.Disk
	weak *weak
}

// Share implements port.Disk.
func (d weakDisk) Share(paths []string, owner *actor.PID) {
	d.weak.use("Share")
	d.Disk.Share(paths, owner)
}

// Have implements port.Disk.
func (d weakDisk) Have(f p2p.FileID, name string, owner *actor.PID) {
	d.weak.use("Have")
	d.Disk.Have(f, name, owner)
}

// Keep implements port.Disk.
func (d weakDisk) Keep(f p2p.FileID, name string, owner *actor.PID) {
	d.weak.use("Keep")
	d.Disk.Keep(f, name, owner)
}

// weakTransport gives out weak connections: an actor in between puts their weakness around those that come.
type weakTransport struct {
	port.Transport
	world *world
	weak  *weak
}

func (t weakTransport) between(owner *actor.PID) *actor.PID {
	return t.world.actor(func(ctx actor.Context) {
		switch m := ctx.Message().(type) {
		case *port.Accepted:
			ctx.Send(owner, &port.Accepted{Conn: weakConn{m.Conn, t.weak}})
		case *port.Dialed:
			if m.Err == nil {
				m = &port.Dialed{Conn: weakConn{m.Conn, t.weak}}
			}
			ctx.Send(owner, m)
		}
	})
}

// Listen implements port.Transport.
func (t weakTransport) Listen(at netip.AddrPort, limit int, owner *actor.PID) (port.Listener, error) {
	return t.Transport.Listen(at, limit, t.between(owner))
}

// Dial implements port.Transport.
func (t weakTransport) Dial(to []netip.AddrPort, timeout time.Duration, owner *actor.PID) {
	t.weak.use("Dial")
	t.Transport.Dial(to, timeout, t.between(owner))
}

type weakConn struct {
	port.Conn
	weak *weak
}

// Consumed implements port.Conn.
func (c weakConn) Consumed(b *port.Bytes) {
	c.weak.use("Consumed")
	c.Conn.Consumed(b)
}

// Send implements port.Conn.
func (c weakConn) Send(packet []byte) {
	c.weak.use("Send")
	c.Conn.Send(packet)
}

// SendFile implements port.Conn.
func (c weakConn) SendFile(f port.FileSend) {
	c.weak.use("SendFile")
	c.Conn.SendFile(f)
}

// ReceiveFile implements port.Conn.
func (c weakConn) ReceiveFile(f port.FileReceive) {
	c.weak.use("ReceiveFile")
	c.Conn.ReceiveFile(f)
}
