package actortest_test

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/port"
)

// ends are two hosts with a connection between them.
type ends struct {
	sim    *actortest.Sim
	net    *actortest.Net
	a, b   netip.Addr
	conns  [2]port.Conn // of a, who dialed, and of b
	probes [2]*actortest.Probe
}

func join(t *testing.T, prepare func(*actortest.Net)) *ends {
	sim := actortest.NewSim(1)
	e := &ends{sim: sim, net: actortest.NewNet(sim), a: netip.MustParseAddr("10.0.0.1"), b: netip.MustParseAddr("10.0.0.2")}
	prepare(e.net)
	e.probes = [2]*actortest.Probe{sim.Probe("a"), sim.Probe("b")}
	at := netip.AddrPortFrom(e.b, 3000)
	_, err := e.net.Host(e.b).Listen(at, 0, e.probes[1].PID)
	require.NoError(t, err)
	e.net.Host(e.a).Dial([]netip.AddrPort{at}, time.Second, e.probes[0].PID)
	sim.Run(time.Second)
	e.conns[0] = actortest.Got[*port.Dialed](e.probes[0])[0].Conn
	e.conns[1] = actortest.Got[*port.Accepted](e.probes[1])[0].Conn
	for i, c := range e.conns {
		require.NotNil(t, c)
		c.Attach(e.probes[i].PID)
	}
	return e
}

// heard is what has come to a side.
func (e *ends) heard(side int) string {
	e.sim.Run(0)
	var out []byte
	for _, b := range actortest.Got[*port.Bytes](e.probes[side]) {
		out = append(out, b.Data...)
	}
	return string(out)
}

func (e *ends) closed(t *testing.T, side int) error {
	all := actortest.Got[*port.Closed](e.probes[side])
	require.Len(t, all, 1)
	return all[0].Err
}

func TestNothingOvertakes(t *testing.T) {
	slow := 500 * time.Millisecond
	e := join(t, func(n *actortest.Net) {
		n.Transit = func(_, _ netip.Addr, bytes int) time.Duration {
			if bytes == len("first") {
				return slow
			}
			return time.Millisecond
		}
	})
	e.conns[0].Send([]byte("first"))
	e.conns[0].Send([]byte("2nd"))
	e.sim.Run(slow - time.Millisecond)
	require.Empty(t, e.heard(1))
	e.sim.Run(time.Millisecond)
	require.Equal(t, "first2nd", e.heard(1))
}

func TestWhatIsKeptBackIsSentAgain(t *testing.T) {
	down := false
	e := join(t, func(n *actortest.Net) {
		n.Retransmit, n.Patience = true, time.Minute
		n.Down = func(netip.Addr, netip.Addr) bool { return down }
	})
	e.sim.Run(time.Hour) // that nothing was said for long does not count
	down = true
	e.conns[0].Send([]byte("one "))
	e.conns[0].Send([]byte("two"))
	e.sim.Run(5 * time.Second)
	require.Empty(t, e.heard(1))
	down = false
	e.sim.Run(2 * time.Second) // it was tried after 1 and 3 seconds, and will be after 7
	require.Empty(t, e.heard(1))
	e.sim.Run(10 * time.Millisecond)
	require.Equal(t, "one two", e.heard(1))

	down = true
	e.conns[0].Send([]byte("never"))
	e.sim.Run(2 * time.Minute)
	require.ErrorIs(t, e.closed(t, 0), actortest.ErrTimeout)
	require.Equal(t, "one two", e.heard(1))
	require.Empty(t, actortest.Got[*port.Closed](e.probes[1]), "nobody can tell it")
}

func TestDialsAreSentAgain(t *testing.T) {
	down := false
	e := join(t, func(n *actortest.Net) {
		n.Retransmit = true
		n.Down = func(netip.Addr, netip.Addr) bool { return down }
	})
	dial := func() {
		e.net.Host(e.a).Dial([]netip.AddrPort{netip.AddrPortFrom(e.b, 3000)}, 5*time.Second, e.probes[0].PID)
	}
	last := func() *port.Dialed {
		all := actortest.Got[*port.Dialed](e.probes[0])
		return all[len(all)-1]
	}
	down = true
	dial()
	e.sim.Run(2 * time.Second)
	down = false
	e.sim.Run(2 * time.Second)
	require.NotNil(t, last().Conn)
	down = true
	dial()
	e.sim.Run(6 * time.Second)
	require.ErrorIs(t, last().Err, actortest.ErrTimeout)
}

func TestWhoDoesNotRead(t *testing.T) {
	e := join(t, func(n *actortest.Net) { n.WriteQueue = 1000 })
	for range 4 { // read ahead
		e.conns[0].Send([]byte("x"))
	}
	e.conns[0].Send(bytes.Repeat([]byte("x"), 900))
	e.sim.Run(time.Second)
	require.Equal(t, 904, e.conns[0].Queued())
	for _, b := range actortest.Got[*port.Bytes](e.probes[1]) {
		e.conns[1].Consumed(b)
	}
	e.sim.Run(time.Second)
	require.Equal(t, 900, e.conns[0].Queued())
	e.conns[0].Send(bytes.Repeat([]byte("x"), 200))
	e.sim.Run(time.Second)
	require.ErrorIs(t, e.closed(t, 0), port.ErrSlowReader)
}

func TestCrash(t *testing.T) {
	e := join(t, func(*actortest.Net) {})
	old := e.net.Host(e.b)
	e.conns[1].Send([]byte("last words"))
	e.net.Crash(e.b)
	e.conns[1].Send([]byte("of the dead"))
	e.sim.Run(time.Second)
	require.Equal(t, "last words", e.heard(0))
	require.ErrorIs(t, e.closed(t, 0), actortest.ErrReset)
	require.Empty(t, actortest.Got[*port.Closed](e.probes[1]))

	at := netip.AddrPortFrom(e.b, 3000)
	dial := func(from port.Transport) *port.Dialed {
		from.Dial([]netip.AddrPort{at}, time.Second, e.probes[0].PID)
		e.sim.Run(2 * time.Second)
		all := actortest.Got[*port.Dialed](e.probes[0])
		return all[len(all)-1]
	}
	require.ErrorIs(t, dial(e.net.Host(e.a)).Err, port.ErrRefused)
	_, err := old.Listen(at, 0, e.probes[1].PID)
	require.ErrorIs(t, err, actortest.ErrReset)
	require.ErrorIs(t, dial(old).Err, actortest.ErrReset)
	_, err = e.net.Host(e.b).Listen(at, 0, e.probes[1].PID)
	require.NoError(t, err)
	require.NotNil(t, dial(e.net.Host(e.a)).Conn)
}
