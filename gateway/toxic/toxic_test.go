package toxic_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/fault"
	"alakazaam/actors/port"
	"alakazaam/config"
	"alakazaam/gateway/toxic"
)

var (
	here  = netip.MustParseAddr("10.0.0.1")
	there = netip.MustParseAddrPort("10.0.0.2:3000")
)

// rig is a connection between two ends, of which the one that opened it is under faults. A byte takes 1 ms on its way.
type rig struct {
	t      testing.TB
	sim    *actortest.Sim
	net    *actortest.Net
	faults *fault.Faults
	hosts  [2]port.Transport
	near   *end // opened the connection, under faults
	far    *end
	log    bytes.Buffer
	read   int // bytes that faults have taken from the connection below
}

// counting is a transport that counts what is taken from its connections.
type counting struct {
	port.Transport
	rig *rig
}

type countingConn struct {
	port.Conn
	rig *rig
}

func (c *counting) Dial(to []netip.AddrPort, timeout time.Duration, owner *actor.PID) {
	props := actor.PropsFromFunc(func(ctx actor.Context) {
		if d, ok := ctx.Message().(*port.Dialed); ok {
			if d.Conn != nil {
				d = &port.Dialed{Conn: &countingConn{d.Conn, c.rig}}
			}
			ctx.Send(owner, d)
		}
	}, actor.WithDispatcher(c.rig.sim))
	c.Transport.Dial(to, timeout, c.rig.sim.System.Root.Spawn(props))
}

func (c *countingConn) Consumed(b *port.Bytes) {
	c.rig.read += len(b.Data)
	c.Conn.Consumed(b)
}

// end is one end of a connection, and what it has heard.
type end struct {
	rig     *rig
	pid     *actor.PID
	conn    port.Conn
	heard   []string
	bytes   []byte
	keeps   bool // gives no chunk back
	held    []*port.Bytes
	most    int
	receive *port.FileReceive
}

func newRig(t testing.TB, rules string) *rig {
	r := &rig{t: t, sim: actortest.NewSim(1)}
	r.sim.Log.SetOutput(&r.log)
	r.net = actortest.NewNet(r.sim)
	r.faults = fault.New(fault.Options{Clock: r.sim, Rand: r.sim.Rand(1), Metrics: actortest.NoMetrics{}, Log: r.sim.Log})
	r.set(rules)
	r.hosts[0] = toxic.Wrap(&counting{r.net.Host(here), r}, toxic.Options{System: r.sim.System, Clock: r.sim, Faults: r.faults})
	r.hosts[1] = r.net.Host(there.Addr())
	r.near, r.far = &end{rig: r}, &end{rig: r}
	for i, e := range []*end{r.near, r.far} {
		e.pid, _ = r.sim.System.Root.SpawnNamed(actor.PropsFromFunc(e.on, actor.WithDispatcher(r.sim)), fmt.Sprint("end", i))
	}
	return r
}

func (r *rig) set(rules string) {
	all, err := config.ParseFaults(rules)
	require.NoError(r.t, err)
	r.faults.Load(all, 1)
}

// connect opens the connection.
func (r *rig) connect() *rig {
	_, err := r.hosts[1].Listen(there, 0, r.far.pid)
	require.NoError(r.t, err)
	r.hosts[0].Dial([]netip.AddrPort{there}, 5*time.Second, r.near.pid)
	r.sim.Run(10 * time.Millisecond)
	r.near.heard, r.far.heard = nil, nil
	return r
}

func (e *end) on(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *port.Accepted:
		e.note("accepted")
		e.take(m.Conn)
	case *port.Dialed:
		if m.Err != nil {
			e.note("dial: " + m.Err.Error())
			return
		}
		e.note("dialed")
		e.take(m.Conn)
	case *port.Bytes:
		e.bytes = append(e.bytes, m.Data...)
		e.note(string(m.Data))
		e.held = append(e.held, m)
		if e.most = max(e.most, len(e.held)); !e.keeps {
			e.consume()
		}
	case *port.Ended:
		e.note("ended")
	case *port.Closed:
		e.note(fmt.Sprintf("closed %v", m.Err))
	case *port.FileSent:
		e.note(fmt.Sprintf("sent %d %v", m.Bytes, m.Err))
	case *port.FileProgress:
		e.note(fmt.Sprintf("progress %d", m.Bytes))
	case *port.FileReceived:
		e.note(fmt.Sprintf("received %d %v", m.Bytes, m.Err))
	}
}

func (e *end) take(c port.Conn) {
	e.conn = c
	if e.receive != nil {
		c.ReceiveFile(*e.receive)
	}
	c.Attach(e.pid)
}

func (e *end) consume() {
	for _, b := range e.held {
		e.conn.Consumed(b)
	}
	e.held = nil
}

func (e *end) note(s string) {
	at := e.rig.sim.Now().Sub(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)) - 10*time.Millisecond
	e.heard = append(e.heard, fmt.Sprintf("%s @%v", s, at))
}

// hears expects what an end has heard, and forgets it.
func (e *end) hears(want ...string) {
	e.rig.t.Helper()
	require.Equal(e.rig.t, strings.Join(want, "\n"), strings.Join(e.heard, "\n"))
	e.heard = nil
}

// counts expects due, applied and hit of the first rule.
func (r *rig) counts(due, applied, hit int) {
	r.t.Helper()
	l := r.faults.Ledger()[0]
	require.Equal(r.t, [3]int{due, applied, hit}, [3]int{l.Due, l.Applied, l.Hit})
}

func rule(kind, keys string) string { return "{id: x, kind: toxic, type: " + kind + keys + "}" }

func TestNoFaults(t *testing.T) {
	r := newRig(t, "[]").connect()
	r.near.conn.Send([]byte("a"))
	r.far.conn.Send([]byte("b"))
	r.near.conn.Close()
	r.near.conn.Close()
	r.sim.Run(time.Second)
	r.far.hears("a @1ms", "ended @1ms")
	r.near.hears("closed <nil> @0s")
	require.Zero(t, r.near.conn.Queued())
}

func TestLatency(t *testing.T) {
	r := newRig(t, rule("latency", ", stream: upstream, attributes: {latency: 100ms}")).connect()
	r.near.conn.Send([]byte("a"))
	require.Equal(t, 1, r.near.conn.Queued())
	r.sim.Run(10 * time.Millisecond)
	r.near.conn.Send([]byte("b"))
	r.far.conn.Send([]byte("c"))
	r.near.conn.Close()
	r.sim.Run(time.Second)
	r.far.hears("a @101ms", "b @111ms", "ended @111ms")
	r.near.hears("closed <nil> @110ms")
	r.counts(1, 1, 1)
	require.Contains(t, r.log.String(), "action=latency")

	// In the other direction, with the end behind what came.
	r = newRig(t, rule("latency", ", stream: downstream, attributes: {latency: 100ms, jitter: 50ms}")).connect()
	for n := range 20 {
		r.far.conn.Send([]byte{byte('a' + n)})
		r.sim.Run(time.Millisecond)
	}
	r.near.conn.Send([]byte("a"))
	r.far.conn.Abort()
	r.sim.Run(time.Second)
	require.Equal(t, "abcdefghijklmnopqrst", string(r.near.bytes))
	require.Contains(t, r.near.heard[20], "closed connection reset by peer")
	require.Len(t, r.near.heard, 21)
	distinct := make(map[string]bool)
	for _, h := range r.near.heard {
		_, at, _ := strings.Cut(h, "@")
		distinct[at] = true
	}
	require.Greater(t, len(distinct), 2, "the jitter shows")
}

func TestBandwidth(t *testing.T) {
	r := newRig(t, rule("bandwidth", ", attributes: {rate: 1000B}")).connect()
	r.near.conn.Send(bytes.Repeat([]byte("a"), 250))
	r.sim.Run(150 * time.Millisecond)
	require.Len(t, r.far.bytes, 100)
	require.Equal(t, 150, r.near.conn.Queued())
	r.sim.Run(200 * time.Millisecond)
	require.Len(t, r.far.bytes, 250)
	r.far.conn.Send(bytes.Repeat([]byte("b"), 500))
	r.sim.Run(251 * time.Millisecond)
	require.Len(t, r.near.bytes, 200)
	r.counts(1, 1, 1)
}

func TestSlowClose(t *testing.T) {
	r := newRig(t, rule("slow_close", ", attributes: {delay: 2s}")).connect()
	r.near.conn.Send([]byte("a"))
	r.near.conn.Close()
	r.sim.Run(3 * time.Second)
	r.far.hears("a @1ms", "ended @2.001s")
	r.near.hears("closed <nil> @2s")
	r = newRig(t, rule("slow_close", ", attributes: {delay: 2s}")).connect()
	r.far.conn.Abort()
	r.sim.Run(3 * time.Second)
	r.near.hears("closed connection reset by peer @2.001s")
}

func TestTimeout(t *testing.T) {
	r := newRig(t, rule("timeout", ", stream: upstream")).connect()
	r.near.conn.Send([]byte("a"))
	r.far.conn.Send([]byte("b"))
	r.sim.Run(time.Hour)
	r.far.hears()
	r.near.hears("b @1ms")
	r.near.conn.Close()
	r.sim.Run(time.Second)
	r.near.hears("closed <nil> @1h0m0s")
	r.far.hears("ended @1h0m0.001s")

	r = newRig(t, rule("timeout", ", attributes: {timeout: 3s}")).connect()
	r.near.conn.Send([]byte("a"))
	r.far.conn.Send([]byte("b"))
	r.sim.Run(time.Minute)
	r.near.hears("closed timed out by a fault @2.992s") // counted from when it was opened
	r.far.hears("closed connection reset by peer @2.993s")
}

func TestSlicer(t *testing.T) {
	r := newRig(t, rule("slicer", ", attributes: {average_size: 3, delay: 20us}")).connect()
	r.near.conn.Send([]byte("abcdefgh"))
	r.far.conn.Send([]byte("ijkl"))
	r.sim.Run(time.Second)
	r.far.hears("abc @1ms", "def @1.02ms", "gh @1.04ms")
	r.near.hears("ijk @1ms", "l @1.02ms")
	r = newRig(t, rule("slicer", ", attributes: {average_size: 5, size_variation: 4}")).connect()
	text := strings.Repeat("0123456789", 100)
	r.near.conn.Send([]byte(text))
	r.sim.Run(time.Second)
	require.Equal(t, text, string(r.far.bytes))
	require.InDelta(t, 200, len(r.far.heard), 40)
}

func TestLimitData(t *testing.T) {
	r := newRig(t, rule("limit_data", ", stream: upstream, attributes: {bytes: 5}")).connect()
	r.near.conn.Send([]byte("abc"))
	r.sim.Run(time.Second)
	r.counts(1, 1, 0)
	r.near.conn.Send([]byte("defg"))
	r.near.conn.Send([]byte("h"))
	r.sim.Run(time.Second)
	r.far.hears("abc @1ms", "de @1.001s", "ended @1.001s")
	r.near.hears("closed cut off by a fault @1s")
	r.counts(1, 1, 1)

	r = newRig(t, rule("limit_data", ", stream: downstream, attributes: {bytes: 5}")).connect()
	r.far.conn.Send([]byte("abcdefg"))
	r.far.conn.Send([]byte("h"))
	r.sim.Run(time.Second)
	r.near.hears("abcde @1ms", "closed cut off by a fault @1ms")
}

func TestResetPeer(t *testing.T) {
	r := newRig(t, rule("reset_peer", ", at: 1s, attributes: {timeout: 2s}")).connect()
	r.near.conn.Send([]byte("a"))
	r.sim.Run(1500 * time.Millisecond)
	r.near.conn.Send([]byte("b")) // the first that passes in the window
	r.sim.Run(time.Minute)
	r.far.hears("a @1ms", "b @1.501s", "closed connection reset by peer @3.501s")
	r.near.hears("closed reset by a fault @3.5s")
	r.counts(1, 1, 1)

	r = newRig(t, rule("reset_peer", ", attributes: {timeout: 2s}")).connect()
	r.sim.Run(time.Second)
	r.set("[]")
	r.sim.Run(time.Minute)
	r.near.hears() // it was taken away before
}

func TestTruncate(t *testing.T) {
	r := newRig(t, rule("truncate", ", stream: upstream, attributes: {bytes: 5}")).connect()
	r.near.conn.Send([]byte("abcdefg"))
	r.near.conn.Send([]byte("h"))
	r.sim.Run(time.Minute)
	r.far.hears("abcde @1ms")
	r.far.conn.Send([]byte("i"))
	r.near.conn.Close()
	r.sim.Run(time.Second)
	r.far.hears("ended @1m0.001s")
}

func TestBitFlip(t *testing.T) {
	r := newRig(t, rule("bit_flip", ", attributes: {bytes: 100}")).connect()
	sent := bytes.Repeat([]byte{0}, 10000)
	for part := range 10 {
		r.near.conn.Send(sent[part*1000 : part*1000+1000])
		r.far.conn.Send(sent[part*1000 : part*1000+1000])
	}
	r.sim.Run(time.Second)
	for _, e := range []*end{r.near, r.far} {
		require.Len(t, e.bytes, 10000)
		wrong := 0
		for _, b := range e.bytes {
			if b != 0 {
				wrong++
				require.Zero(t, b&(b-1), "one bit at a time")
			}
		}
		require.InDelta(t, 100, wrong, 30)
	}
	require.Equal(t, bytes.Repeat([]byte{0}, 10000), sent, "what was sent is not touched")
	r.counts(1, 1, 1)
}

func TestHalfOpen(t *testing.T) {
	r := newRig(t, rule("half_open", ", attributes: {timeout: 1s}")).connect()
	r.near.conn.Send([]byte("a"))
	r.far.conn.Send([]byte("b"))
	r.sim.Run(2 * time.Second)
	r.near.hears("b @1ms")
	r.far.hears("a @1ms")
	r.near.conn.Send([]byte("c"))
	r.far.conn.Send([]byte("d"))
	r.far.conn.Abort()
	r.sim.Run(time.Hour)
	r.near.hears()
	r.near.conn.Abort()
	r.sim.Run(time.Second)
	r.near.hears("closed <nil> @1h0m2s")
	r.far.hears("closed <nil> @2s")
}

func TestRefuse(t *testing.T) {
	r := newRig(t, rule("refuse", ", times: 2")).connect()
	r.near.hears()
	require.Nil(t, r.near.conn)
	r.hosts[0].Dial([]netip.AddrPort{there}, time.Second, r.near.pid)
	r.sim.Run(time.Millisecond)
	r.near.hears("dial: dial 10.0.0.2:3000: connection refused @0s")
	require.Nil(t, r.far.conn)
	r.counts(2, 2, 2)
	r.hosts[0].Dial([]netip.AddrPort{there}, time.Second, r.near.pid)
	r.sim.Run(10 * time.Millisecond)
	require.NotNil(t, r.far.conn)
}

func TestSlowConnect(t *testing.T) {
	r := newRig(t, rule("slow_connect", ", attributes: {delay: 3s}"))
	_, err := r.hosts[1].Listen(there, 0, r.far.pid)
	require.NoError(t, err)
	r.sim.Run(10 * time.Millisecond)
	r.hosts[0].Dial([]netip.AddrPort{there}, 5*time.Second, r.near.pid)
	r.hosts[0].Dial([]netip.AddrPort{there}, 2*time.Second, r.near.pid)
	r.sim.Run(time.Minute)
	r.near.hears("dial: dial 10.0.0.2:3000: timed out by a fault @2s", "dialed @3.002s")
	r.far.hears("accepted @3.001s")
}
