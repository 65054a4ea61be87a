package tcp_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"alakazaam/actors/port"
	"alakazaam/gateway/tcp"
)

// patience is how long a test waits for what has to happen.
const patience = 10 * time.Second

func quietSystem() *actor.ActorSystem {
	return actor.NewActorSystem(
		actor.WithDeadLetterThrottleInterval(time.Millisecond),
		actor.WithLoggerFactory(func(*actor.ActorSystem) *slog.Logger {
			return slog.New(slog.NewTextHandler(io.Discard, nil))
		}))
}

// kit is a transport, and a look for goroutines that it left when the test is over.
type kit struct {
	*testing.T
	system *actor.ActorSystem
	*tcp.Transport
	counts *counts
}

func newKit(t *testing.T, o tcp.Options) *kit {
	leak := goleak.IgnoreCurrent()
	k := &kit{T: t, system: quietSystem(), counts: &counts{m: map[string]int{}}}
	o.Metrics = k.counts
	k.Transport = tcp.NewTransport(k.system, o)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		k.Close(ctx) // whatever the test left open
		k.system.Shutdown()
		goleak.VerifyNone(t, leak)
		require.Zero(t, k.counts.get("tcp_connections"), "connections that were never taken off the count")
	})
	return k
}

// probe is an actor that passes on what it gets.
type probe struct {
	t   *testing.T
	pid *actor.PID
	box chan any
}

func (k *kit) probe() *probe {
	p := &probe{t: k.T, box: make(chan any, 100_000)}
	p.pid = k.system.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		switch m := ctx.Message().(type) {
		case actor.SystemMessage, actor.AutoReceiveMessage:
		default:
			p.box <- m
		}
	}))
	k.Cleanup(func() { k.system.Root.Stop(p.pid) })
	return p
}

// next is the next message, which must be a T.
func next[T any](p *probe) T {
	p.t.Helper()
	select {
	case m := <-p.box:
		got, ok := m.(T)
		require.Truef(p.t, ok, "got %T %+v", m, m)
		return got
	case <-time.After(patience):
		var want T
		require.FailNow(p.t, fmt.Sprintf("no %T came", want))
		panic("not reached")
	}
}

// silent checks that nothing has come.
func (p *probe) silent() {
	p.t.Helper()
	select {
	case m := <-p.box:
		require.FailNow(p.t, fmt.Sprintf("got %T %+v", m, m))
	default:
	}
}

// read takes n bytes of the stream and gives the chunks back.
func (p *probe) read(c port.Conn, n int) []byte {
	p.t.Helper()
	var got []byte
	for len(got) < n {
		b := next[*port.Bytes](p)
		got = append(got, b.Data...)
		c.Consumed(b)
	}
	return got
}

// listen starts a listener on loopback; its probe gets the connections.
func (k *kit) listen(limit int) (netip.AddrPort, *probe) {
	k.Helper()
	owner := k.probe()
	l, err := k.Listen(netip.MustParseAddrPort("127.0.0.1:0"), limit, owner.pid)
	require.NoError(k, err)
	return l.Addr(), owner
}

// pair is a connection and the plain socket at its other end. The probe is not attached yet.
func (k *kit) pair() (port.Conn, *net.TCPConn, *probe) {
	k.Helper()
	at, accepted := k.listen(0)
	peer := k.connect(at)
	return next[*port.Accepted](accepted).Conn, peer, k.probe()
}

// connect opens a plain socket.
func (k *kit) connect(at netip.AddrPort) *net.TCPConn {
	k.Helper()
	peer, err := net.DialTCP("tcp", nil, net.TCPAddrFromAddrPort(at))
	require.NoError(k, err)
	require.NoError(k, peer.SetDeadline(time.Now().Add(patience)))
	k.Cleanup(func() { peer.Close() })
	return peer
}

// until waits for a condition.
func (k *kit) until(what string, cond func() bool) {
	k.Helper()
	require.Eventually(k, cond, patience, time.Millisecond, what)
}

// counts is port.Metrics that can be asked.
type counts struct {
	mu sync.Mutex
	m  map[string]int
}

type count struct {
	of   *counts
	name string
}

func (c *counts) series(name string, labels []string) count {
	for i := 1; i < len(labels); i += 2 {
		name += " " + labels[i]
	}
	return count{c, name}
}
func (c *counts) Counter(name, _ string, labels ...string) port.Counter {
	return c.series(name, labels)
}
func (c *counts) Gauge(name, _ string, labels ...string) port.Gauge { return c.series(name, labels) }
func (c *counts) Histogram(name, _ string, _ []float64, labels ...string) port.Histogram {
	return c.series(name, labels)
}

func (c *counts) get(name string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.m[name]
}

func (c count) Add(n int) {
	c.of.mu.Lock()
	defer c.of.mu.Unlock()
	c.of.m[c.name] += n
}
func (c count) Set(n int)       { c.Add(n - c.of.get(c.name)) }
func (c count) Observe(float64) { c.Add(1) }

// frame is a tiny framing for tests: "F", the number of chunks in 6 digits, and 5 digits before each chunk.
type frame struct {
	chunks, left int64
	begun        bool
	head         []byte // of a head that is not whole yet
	got          int64
	fail         error
}

func frameHead(length int64, chunk int) []byte {
	return fmt.Appendf(nil, "F%06d", (length+int64(chunk)-1)/int64(chunk))
}

func frameHeader(dst []byte, n int) []byte { return fmt.Appendf(dst, "%05d", n) }

func (f *frame) Next(b []byte) ([]byte, int, bool, error) {
	if f.fail != nil {
		return nil, 0, false, f.fail
	}
	if f.left > 0 {
		n := min(f.left, int64(len(b)))
		f.left -= n
		f.got += n
		return b[:n], int(n), f.left == 0 && f.chunks == 0, nil
	}
	want := 5
	if !f.begun {
		want = 7
	}
	used := min(want-len(f.head), len(b))
	if f.head = append(f.head, b[:used]...); len(f.head) < want {
		return nil, used, false, nil
	}
	n, err := strconv.ParseInt(string(f.head[want-5:]), 10, 64)
	if want == 7 {
		n, err = strconv.ParseInt(string(f.head[1:]), 10, 64)
	}
	if err != nil {
		return nil, 0, false, err
	}
	f.head = f.head[:0]
	if !f.begun {
		f.begun, f.chunks = true, n
	} else {
		f.left = n
		f.chunks--
	}
	return nil, used, f.chunks == 0 && f.left == 0, nil
}

func (f *frame) Expected() int64 {
	if f.begun && f.chunks == 0 {
		return f.got + f.left
	}
	return -1
}

func (f *frame) End() error { return fmt.Errorf("cut after %d bytes: %w", f.got, io.ErrUnexpectedEOF) }
