package toxic_test

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/port"
	"alakazaam/config"
)

// TestAccepted: faults of connections that come in; what others send is upstream then, and the port is this node's.
func TestAccepted(t *testing.T) {
	accept := func(rules string) *rig {
		r := newRig(t, rules)
		at := netip.AddrPortFrom(here, 3000)
		l, err := r.hosts[0].Listen(at, 0, r.near.pid)
		require.NoError(t, err)
		require.Equal(t, at, l.Addr())
		r.hosts[1].Dial([]netip.AddrPort{at}, time.Second, r.far.pid)
		r.sim.Run(10 * time.Millisecond)
		return r
	}
	r := accept(rule("latency", ", ports: [3000], addresses: [10.0.0.0/24], stream: upstream, attributes: {latency: 1s}"))
	r.near.heard, r.far.heard = nil, nil
	r.near.conn.Send([]byte("a"))
	r.far.conn.Send([]byte("b"))
	r.sim.Run(time.Minute)
	r.far.hears("a @1ms")
	r.near.hears("b @1.001s")
	r = accept(rule("refuse", ", addresses: [10.0.0.2]"))
	require.Nil(t, r.near.conn)
	require.Contains(t, r.far.heard[1], "closed connection reset by peer")
	r = accept(rule("slow_connect", ", attributes: {delay: 1s}"))
	require.Nil(t, r.near.conn)
	r.sim.Run(time.Second)
	require.NotNil(t, r.near.conn)
	for _, others := range []string{", ports: [3001]", ", addresses: [10.0.1.0/24]", ", addresses: [10.0.0.1]"} {
		r = accept(rule("refuse", others))
		require.NotNil(t, r.near.conn, others)
		r.counts(0, 0, 0)
	}
}

// TestToxicity: some connections have a fault, and others have not, from their first byte to their last.
func TestToxicity(t *testing.T) {
	r := newRig(t, rule("timeout", ", toxicity: 0.5"))
	r.connect()
	silent := 0
	for range 40 {
		r.hosts[0].Dial([]netip.AddrPort{there}, time.Second, r.near.pid)
		r.sim.Run(10 * time.Millisecond)
		before := len(r.far.bytes)
		for range 3 {
			r.near.conn.Send([]byte("x"))
		}
		r.sim.Run(10 * time.Millisecond)
		switch len(r.far.bytes) - before {
		case 0:
			silent++
		case 3:
		default:
			t.Fatal("neither one nor the other")
		}
	}
	require.InDelta(t, 20, silent, 12)
	r.counts(41, r.faults.Ledger()[0].Applied, silent)
}

// TestChangedWhileOpen: a rule counts for connections that are there already, within its window and until it is taken
// away; what is on its way keeps its delay.
func TestChangedWhileOpen(t *testing.T) {
	r := newRig(t, "[]").connect()
	r.set(rule("latency", ", at: 1s, for: 2s, attributes: {latency: 100ms}"))
	for _, text := range []string{"a", "b", "c", "d"} {
		r.near.conn.Send([]byte(text))
		r.sim.Run(time.Second)
	}
	r.far.hears("a @1ms", "b @1.101s", "c @2.101s", "d @3.001s")
	r.set(rule("latency", ", attributes: {latency: 500ms}"))
	r.near.conn.Send([]byte("e"))
	r.set("[]")
	r.near.conn.Send([]byte("f"))
	r.sim.Run(time.Second)
	r.far.hears("e @4.501s", "f @4.501s")
}

// TestBackPressure: an owner that does not keep up holds a few chunks, and what waits behind them is bounded.
func TestBackPressure(t *testing.T) {
	for _, rules := range []string{"[]", rule("latency", ", attributes: {latency: 10ms}"), rule("slicer", ", attributes: {average_size: 1KiB}")} {
		r := newRig(t, rules).connect()
		r.near.keeps = true
		chunk := bytes.Repeat([]byte("0123456789abcdef"), 1024)
		for range 100 {
			r.far.conn.Send(chunk)
		}
		r.sim.Run(time.Minute)
		require.Len(t, r.near.held, 4, rules)
		require.LessOrEqual(t, r.read, 400<<10, "no more is read ahead")
		r.near.keeps = false
		r.near.consume()
		r.sim.Run(time.Minute)
		require.Equal(t, 4, r.near.most)
		require.Equal(t, bytes.Repeat(chunk, 100), r.near.bytes)
	}
}

// TestSlowReader: what is held back on the way out is bounded as a socket's queue is.
func TestSlowReader(t *testing.T) {
	r := newRig(t, rule("bandwidth", ", attributes: {rate: 1KiB}")).connect()
	for range 17 {
		r.near.conn.Send(make([]byte, 64<<10))
	}
	r.sim.Run(time.Second)
	r.near.hears("closed the other side does not read @0s")
	require.Zero(t, r.near.conn.Queued())
}

// TestOwnerThatIsGone: a connection whose owner has died does not stay for ever.
func TestOwnerThatIsGone(t *testing.T) {
	r := newRig(t, "[]").connect()
	r.sim.System.Root.Stop(r.near.pid)
	r.sim.Run(0)
	r.far.conn.Send([]byte("a"))
	r.sim.Run(time.Second)
	r.far.hears("closed connection reset by peer @2ms")
}

// TestSeeds: the same seed makes the same run, another one another.
func TestSeeds(t *testing.T) {
	trace := func(seed int64) string {
		r := newRig(t, "[]")
		all, err := config.ParseFaults("{id: a, kind: toxic, type: slicer, attributes: {average_size: 9, size_variation: 7, delay: 1ms}}," +
			"{id: b, kind: toxic, type: latency, attributes: {latency: 20ms, jitter: 10ms}},{id: c, kind: toxic, type: bit_flip, attributes: {bytes: 50}}")
		require.NoError(t, err)
		r.faults.Load(all, seed)
		r.connect()
		for range 50 {
			r.near.conn.Send(make([]byte, 100))
			r.sim.Run(time.Millisecond)
		}
		r.sim.Run(time.Second)
		require.Len(t, r.far.bytes, 5000)
		return r.sim.Trace()
	}
	require.Equal(t, trace(1), trace(1))
	require.NotEqual(t, trace(1), trace(2))
}

// TestOnePacket: nothing is left of connections that nobody attaches because one packet is all that is sent.
func TestOnePacket(t *testing.T) {
	for _, c := range []struct {
		rules string
		abort bool
		got   string
	}{
		{"[]", false, "packet"},
		{"[]", true, ""},
		{rule("latency", ", attributes: {latency: 1s}"), false, "packet"},
		{rule("latency", ", attributes: {latency: 1s}"), true, ""},
		{rule("limit_data", ", attributes: {bytes: 3}"), false, "pac"},
		{rule("reset_peer", ", attributes: {timeout: 0s}"), false, "packet"}, // it has left by then
	} {
		r := newRig(t, c.rules).connect()
		r.near.conn.Abort()
		for range 3 {
			owner := r.sim.System.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
				if d, ok := ctx.Message().(*port.Dialed); ok {
					d.Conn.Send([]byte("packet"))
					if c.abort {
						d.Conn.Abort()
					} else {
						d.Conn.Close()
					}
				}
			}, actor.WithDispatcher(r.sim)))
			r.hosts[0].Dial([]netip.AddrPort{there}, time.Second, owner)
		}
		r.sim.Run(time.Minute)
		for _, some := range r.sim.System.ProcessRegistry.LocalPIDs.LocalPIDs {
			for id := range some.Items() {
				require.NotContains(t, id, "toxic", c.rules)
			}
		}
		if !c.abort {
			require.Equal(t, strings.Repeat(c.got, 3), string(r.far.bytes), c.rules)
		}
	}
}
