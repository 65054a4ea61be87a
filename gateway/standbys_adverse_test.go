package gateway_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/node"
	"alakazaam/actors/p2p"
	"alakazaam/config"
)

// TestNextStart: with dead bootstrap nodes a peer goes back to the supernodes of its last run.
func TestNextStart(t *testing.T) {
	c := newPool(t, 3)
	c.sim.System.Root.Send(c.peer.routes.Node, &message.Shutdown{})
	c.sim.Run(time.Minute)
	notes := c.sim.NewNotes()
	standbys := -1
	run := func(bootstrap p2p.Endpoint) (atOnce bool) {
		c.notes = notes
		n := c.add(node.Peer, choosing(), bootstrap)
		c.sim.Run(700 * time.Millisecond)
		atOnce, standbys = n.standing().State == "online", len(n.standing().Standbys)
		c.sim.Run(20 * time.Second)
		c.sim.System.Root.Send(n.routes.Node, &message.Shutdown{})
		c.sim.Run(20 * time.Second)
		return atOnce
	}
	require.True(t, run(c.supernodes[0].self))
	require.Contains(t, string(notes.Values["supernodes"]), c.supernodes[1].self.String())
	notes.Values["supernodes"] = append(notes.Values["supernodes"], "{damaged\n\xff"...)
	before := c.supernodes[0].heard["LOGI"]
	c.sim.Run(10 * time.Minute)
	silent := c.supernodes[1].self.IPv4()
	c.net.Down = func(_, to netip.Addr) bool { return to == silent }
	require.True(t, run(endpoint(99)))
	require.Equal(t, 1, standbys, "one is known from before, and nobody has seen it since")
	require.Equal(t, before+1, c.supernodes[0].heard["LOGI"])
	require.NotContains(t, string(notes.Values["supernodes"]), "damaged")
	notes.Values["supernodes"] = []byte("nothing that makes sense")
	require.False(t, run(endpoint(99)))
	require.Equal(t, before+1, c.supernodes[0].heard["LOGI"])
	require.NotContains(t, string(notes.Values["supernodes"]), "nothing")
}

// TestForgedSupernodes: somebody answers SUPE with thousands that are not there. The true one is found, what is remembered
// stays bounded, and no network fills it.
func TestForgedSupernodes(t *testing.T) {
	c := newPool(t, 2)
	forger := c.supernodes[1]
	forger.tells = nil
	for i := range 4000 {
		a := netip.AddrFrom4([4]byte{66, 66, 66, byte(i%250 + 1)})
		if i >= 1000 {
			a = netip.AddrFrom4([4]byte{77, byte(i / 200), byte(i % 200), 1})
		}
		e, err := p2p.NewEndpoint(a, netip.Addr{}, uint16(3000+i))
		require.NoError(t, err)
		forger.tells = append(forger.tells, e)
	}
	forger.tells = append(forger.tells[:100:100], append([]p2p.Endpoint{c.supernodes[0].self}, forger.tells[100:]...)...)
	forger.full = true
	c.sim.Run(2 * time.Second)
	require.Equal(t, "online", c.peer.standing().State, "one network does not take up the whole round")
	c.sim.Run(time.Minute)
	c.settle(0)
	known := c.peer.standing().Known
	require.LessOrEqual(t, len(known), config.DefaultKnownSupernodes)
	subnet := 0
	for _, e := range known {
		if p2p.SubnetOf(e.Host()) == netip.MustParsePrefix("66.66.66.0/24") {
			subnet++
		}
	}
	require.Equal(t, config.DefaultKnownPerSubnet, subnet)
	require.Positive(t, c.peer.metrics[actortest.Series("refusals_total", "reason", "known_supernodes")])
	dials := 0
	c.net.Dialing = func(netip.Addr, netip.AddrPort) { dials++ }
	c.sim.Run(10 * time.Minute)
	require.Less(t, dials, 10*(12+2+5+5), "it looks at a few of them a minute")
	c.settle(0)
}

// TestSupernodeThatRestarts: where it still knows the session nothing is published anew, also if it was away so long that
// the peer noticed; else everything.
func TestSupernodeThatRestarts(t *testing.T) {
	for _, away := range []time.Duration{time.Millisecond, 20 * time.Second} {
		c := newPool(t, 1)
		c.settle(0)
		s := c.supernodes[0]
		s.stop()
		c.sim.Run(away)
		s.start()
		c.peer.disk.Put("new", []byte("new"))
		c.peer.disk.Remove("0")
		c.sim.Run(2 * time.Minute)
		require.Equal(t, "online", c.peer.standing().State)
		require.Equal(t, map[bool]int{true: 1}[away > time.Second], c.peer.metrics["peer_failovers_total"])
		require.Equal(t, 4, s.heard["ADFF"], "three, and the new one")
		require.Equal(t, 1, s.heard["DEFF"])

		s.stop()
		c.sim.Run(away)
		s.session = "ANOTHERSESSION00"
		clear(s.files)
		s.start()
		c.sim.Run(2 * time.Minute)
		require.Len(t, s.files, 3)
		require.Equal(t, 7, s.heard["ADFF"])
	}
}

// TestSupernodeThatComesBack: a supernode that was left for a standby is told, as soon as it is there again, that the
// session has ended: it would go on offering what the peer shared then.
func TestSupernodeThatComesBack(t *testing.T) {
	c := newPool(t, 2)
	c.settle(0)
	first, second := c.supernodes[0], c.supernodes[1]
	first.stop()
	c.until(1)
	c.peer.disk.Remove("0")
	c.sim.Run(time.Minute)
	require.Len(t, first.files, 3)
	first.start()
	c.sim.Run(2 * time.Minute)
	require.Equal(t, 1, first.heard["LOGO"])
	require.Empty(t, first.files)
	require.Equal(t, second.self, c.peer.standing().Supernode)
	require.Equal(t, []p2p.Endpoint{first.self}, c.standbys())

	// One that comes back at the very moment when it is needed still has the session, and learns what has changed.
	second.stop()
	c.has(first, 2)
	second.start()
	first.stop()
	c.peer.disk.Remove("1")
	c.has(second, 1)
}

// TestLogoutEverywhere: a peer that ends logs out where it has left a session, too, and does not know yet that somebody is
// there again.
func TestLogoutEverywhere(t *testing.T) {
	c := newPool(t, 2)
	c.settle(0)
	first, second := c.supernodes[0], c.supernodes[1]
	first.stop()
	c.until(1)
	first.start()
	require.Len(t, first.files, 3)
	c.sim.System.Root.Send(c.peer.routes.Node, &message.Shutdown{})
	c.sim.Run(10 * time.Second)
	for _, s := range []*scripted{first, second} {
		require.Equal(t, 1, s.heard["LOGO"])
		require.Empty(t, s.files)
	}
}

// has waits until a supernode has exactly so many files.
func (c *pool) has(s *scripted, files int) {
	c.t.(interface{ Helper() }).Helper()
	require.True(c.t, c.sim.RunUntil(10*time.Minute, func() bool { return len(s.files) == files }), "%v", s.files)
	c.sim.Run(time.Second)
	require.Len(c.t, s.files, files)
}

// TestProbeThatCannotBeMade says nothing about the supernode: this node was too busy.
func TestProbeThatCannotBeMade(t *testing.T) {
	c := newPool(t, 2, func(c *config.Config) { c.Limits.Dials, c.Limits.DialsQueued = 1, 1 })
	c.sim.Run(3 * time.Minute)
	before := c.peer.standing()
	require.Equal(t, "online", before.State)
	hole := endpoint(250)
	c.net.Down = func(_, to netip.Addr) bool { return to == hole.IPv4() }
	busy := 0
	for range 600 {
		for range 3 {
			c.sim.System.Root.Send(c.peer.routes.Gateway, &message.Send{To: hole})
		}
		c.sim.Run(100 * time.Millisecond)
		busy = c.peer.metrics[actortest.Series("refusals_total", "reason", "dials_queued")]
	}
	require.Greater(t, busy, 500)
	require.Equal(t, before.Supernode, c.peer.standing().Supernode)
	require.Zero(t, c.peer.metrics["peer_failovers_total"])
}

// TestChoiceIsReproducible: the same seed gives the same run.
func TestChoiceIsReproducible(t *testing.T) {
	run := func() string {
		c := newPool(t, 5)
		c.sim.Run(2 * time.Minute)
		c.supernodes[0].stop()
		c.supernodes[1].silent = true
		c.sim.Run(5 * time.Minute)
		return c.sim.Trace()
	}
	require.Equal(t, run(), run())
}

// TestNoSupernodes: nodes that know PING and say that they are no supernodes are kept in readiness by nobody, those that
// were supernodes before and those that never were, and a peer leaves its own as soon as it has become a peer.
func TestNoSupernodes(t *testing.T) {
	c := newPool(t, 4)
	c.supernodes[2].peer = true
	c.settle(0)
	require.Len(t, c.peer.standing().Standbys, 2)
	c.supernodes[1].peer = true
	c.sim.Run(time.Hour)
	standbys := c.peer.standing().Standbys
	require.Len(t, standbys, 1)
	require.Equal(t, c.supernodes[3].self, standbys[0].Endpoint)
	c.supernodes[0].peer = true
	c.sim.Run(config.DefaultCheckEvery + time.Second)
	require.Equal(t, c.supernodes[3].self, c.peer.standing().Supernode)
	require.Equal(t, "online", c.peer.standing().State)
}
