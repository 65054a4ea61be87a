package gateway_test

import (
	"fmt"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/node"
	"alakazaam/actors/p2p"
	"alakazaam/config"
)

// choosing is the default configuration.
func choosing() config.Config {
	c := testConfig()
	d := config.Default().Session
	c.Session.Compare, c.Session.CheckEvery, c.Session.Standbys = d.Compare, d.CheckEvery, d.Standbys
	return c
}

// pool is a peer with three files and supernodes that know each other, from the best to the worst.
type pool struct {
	*world
	supernodes []*scripted
	peer       *simNode
}

func newPool(t testing.TB, supernodes int, adjust ...func(*config.Config)) *pool {
	c := &pool{world: newWorld(t, 1)}
	var all []p2p.Endpoint
	for i := range supernodes {
		s := c.supernode(50+i, time.Duration(supernodes-i)*time.Hour)
		c.supernodes, all = append(c.supernodes, s), append(all, s.self)
	}
	for _, s := range c.supernodes {
		s.tells = all
	}
	cfg := choosing()
	for _, f := range adjust {
		f(&cfg)
	}
	c.peer = c.add(node.Peer, cfg, all[len(all)-1])
	for i := range 3 {
		c.peer.disk.Put(fmt.Sprint(i), fmt.Append(nil, i))
	}
	return c
}

// settle lets the peer log in and look at everybody, and expects it at this supernode.
func (c *pool) settle(at int) {
	c.t.(interface{ Helper() }).Helper()
	c.sim.Run(10 * time.Second)
	require.Equal(c.t, "online", c.peer.standing().State)
	require.Equal(c.t, c.supernodes[at].self, c.peer.standing().Supernode)
	require.Len(c.t, c.supernodes[at].files, 3)
}

// until is how long it takes until a supernode has everything.
func (c *pool) until(at int) time.Duration {
	began := c.sim.Now()
	c.sim.RunUntil(10*time.Minute, func() bool { return len(c.supernodes[at].files) == 3 })
	require.Len(c.t, c.supernodes[at].files, 3)
	c.sim.Run(time.Second)
	return c.sim.Now().Sub(began) - time.Second
}

func (c *pool) standbys() (out []p2p.Endpoint) {
	for _, s := range c.peer.standing().Standbys {
		out = append(out, s.Endpoint)
	}
	return out
}

// TestStandbysAreUpMeanwhile: a standby that has told how long it is up is shown so at any time, not as it was at the last
// look.
func TestStandbysAreUpMeanwhile(t *testing.T) {
	c := newPool(t, 2)
	c.settle(0)
	c.sim.Run(45 * time.Second)
	standbys := c.peer.standing().Standbys
	require.Len(t, standbys, 1)
	require.InDelta(t, c.sim.Now().Sub(c.supernodes[1].began).Seconds(), standbys[0].Uptime.Seconds(), 1)
}

// TestFailover: within seconds everything is published at the best standby, however the active supernode went.
func TestFailover(t *testing.T) {
	for name, x := range map[string]struct {
		goes         func(*pool, *scripted)
		least, limit time.Duration
		noticed      time.Duration // before the next session, at most
	}{
		"its process ended": {func(_ *pool, s *scripted) { s.stop() }, 0, 5100 * time.Millisecond, 10 * time.Millisecond},
		// session.check_every, and then two dials of limits.dial_timeout
		"nothing gets there": {func(c *pool, s *scripted) {
			c.net.Down = func(from, to netip.Addr) bool { return from == s.self.IPv4() || to == s.self.IPv4() }
		}, 10 * time.Second, 15100 * time.Millisecond, 5100 * time.Millisecond},
		// session.check_every, and then twice three seconds for an answer
		"it hangs": {func(_ *pool, s *scripted) { s.silent = true }, 6 * time.Second, 11100 * time.Millisecond, 3100 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			c := newPool(t, 4)
			c.settle(0)
			require.Equal(t, []p2p.Endpoint{endpoint(51), endpoint(52), endpoint(53)}, c.standbys())
			c.sim.Run(2 * time.Minute)
			x.goes(c, c.supernodes[0])
			looks := 0
			c.net.Dialing = func(_ netip.Addr, to netip.AddrPort) {
				if to.Addr() == c.supernodes[0].self.IPv4() && c.peer.metrics["peer_failovers_total"] == 0 {
					looks++
				}
			}
			took := c.until(1)
			require.Equal(t, map[bool]int{true: 1, false: 2}[name == "its process ended"], looks, "who refuses is not there")
			require.Greater(t, took, x.least)
			require.Less(t, took, x.limit)
			t.Logf("published again after %v", took)
			require.Equal(t, endpoint(51), c.peer.standing().Supernode)
			require.Equal(t, 1, c.peer.metrics["peer_failovers_total"])
			require.Equal(t, 1, c.peer.metrics["peer_failover_seconds_count"])
			require.LessOrEqual(t, c.peer.metrics["peer_failover_seconds_sum"], int(x.noticed/time.Millisecond))
			require.Equal(t, 2, c.peer.metrics["peer_standbys"])
			require.Zero(t, c.supernodes[2].heard["LOGI"]+c.supernodes[3].heard["LOGI"], "the others were not bothered")
		})
	}
}

// TestFailoverFromOneToTheNext: standbys that are gone meanwhile are passed over, and a search for others comes last.
func TestFailoverFromOneToTheNext(t *testing.T) {
	c := newPool(t, 4)
	c.settle(0)
	c.supernodes[3].stop() // the bootstrap node
	c.supernodes[0].stop()
	require.Less(t, c.until(1), 5100*time.Millisecond)
	c.supernodes[1].stop()
	require.Less(t, c.until(2), 5100*time.Millisecond)
	other := c.supernode(60, time.Hour)
	c.supernodes[2].tells = []p2p.Endpoint{other.self}
	c.sim.Run(6 * time.Minute) // it asks its own supernode for more now and then: the bootstrap node is gone
	require.Equal(t, []p2p.Endpoint{other.self}, c.standbys())
	c.supernodes[2].stop()
	c.supernodes[2] = other
	require.Less(t, c.until(2), 5100*time.Millisecond)
}

// TestSearchFollowsTheStandbys: where no standby takes the peer it searches anew at once.
func TestSearchFollowsTheStandbys(t *testing.T) {
	c := newPool(t, 2)
	c.settle(0)
	for _, s := range c.supernodes {
		s.stop()
	}
	toBootstrap := 0
	c.net.Dialing = func(_ netip.Addr, to netip.AddrPort) {
		if to.Addr() == c.supernodes[1].self.IPv4() {
			toBootstrap++
		}
	}
	require.True(t, c.sim.RunUntil(10*time.Second, func() bool { return c.peer.metrics["peer_failovers_total"] == 1 }))
	c.sim.Run(100 * time.Millisecond)
	require.Equal(t, 2, toBootstrap, "a login and a SUPE")
	c.sim.Run(time.Second)
	require.Equal(t, "no supernode can be reached", c.peer.standing().Trouble)
}

// TestOneMissIsForgiven: a supernode that does not answer now and then is not left.
func TestOneMissIsForgiven(t *testing.T) {
	c := newPool(t, 2)
	c.settle(0)
	s := c.supernodes[0]
	for range 5 {
		pings := s.heard["PING"]
		s.silent = true
		require.True(t, c.sim.RunUntil(10*time.Second, func() bool { return s.heard["PING"] > pings }))
		s.silent = false
		c.sim.Run(20 * time.Second)
	}
	require.Equal(t, s.self, c.peer.standing().Supernode)
	require.Zero(t, c.peer.metrics["peer_failovers_total"])
	s.stop()
	c.until(1)
	require.Less(t, c.peer.metrics["peer_failover_seconds_sum"], 10, "the misses before it do not count")
}

// TestSearchSurvivesAFailover: a search that was under way at a supernode that went is asked again at the next.
func TestSearchSurvivesAFailover(t *testing.T) {
	c := newPool(t, 3)
	c.settle(0)
	c.supernodes[0].mute, c.supernodes[1].silent = true, true
	text, err := p2p.NewSearchText("x")
	require.NoError(t, err)
	c.peer.user.Messages = nil
	c.sim.System.Root.Send(c.peer.routes.Peer, &message.Find{Text: text, ReplyTo: c.peer.user.PID})
	c.sim.Run(10 * time.Millisecond)
	c.supernodes[0].listener.Close()
	require.True(t, c.sim.RunUntil(10*time.Second, func() bool { return c.supernodes[1].heard["LOGI"] == 1 }))
	require.Equal(t, 1, c.supernodes[0].heard["FIND"])
	c.supernodes[0].stop() // while the peer waits for the second one to let it in
	c.sim.Run(15 * time.Second)
	require.Equal(t, 1, c.supernodes[2].heard["FIND"])
	found := actortest.Got[*message.Found](c.peer.user)
	require.Len(t, found, 1)
	require.NoError(t, found[0].Err)
}

// TestChoiceOfSupernode compares what each tells, and the way to it.
func TestChoiceOfSupernode(t *testing.T) {
	const hour = time.Hour
	for name, x := range map[string]struct {
		up       [3]time.Duration
		sessions [3]int
		away     [3]time.Duration
		base     [3]bool
		want     int
	}{
		"uptime":                 {up: [3]time.Duration{hour / 60, hour, hour / 2}, want: 1},
		"load":                   {up: [3]time.Duration{hour, hour, hour}, sessions: [3]int{300, 150, 5}, want: 2},
		"way":                    {up: [3]time.Duration{hour, hour, hour}, away: [3]time.Duration{60e6, 1e6, 30e6}, want: 1},
		"boasting is of no help": {up: [3]time.Duration{1000000 * hour, hour, hour}, sessions: [3]int{200, 10, 100}, want: 1},
		"all but one base":       {up: [3]time.Duration{hour, hour, hour}, base: [3]bool{true, false, true}, want: 1},
	} {
		t.Run(name, func(t *testing.T) {
			c := newPool(t, 3)
			for i, s := range c.supernodes {
				s.began, s.sessions, s.base = c.sim.Now().Add(-x.up[i]), x.sessions[i], x.base[i]
			}
			c.net.Latency = func(from, to netip.Addr) time.Duration {
				for i, s := range c.supernodes {
					if a := s.self.IPv4(); a == from || a == to {
						return time.Millisecond + x.away[i]
					}
				}
				return time.Millisecond
			}
			c.settle(x.want)
			about := c.peer.standing().Active
			require.Equal(t, x.sessions[x.want], about.Sessions)
			require.GreaterOrEqual(t, about.Uptime, x.up[x.want].Truncate(time.Second))
			require.Equal(t, 2*(time.Millisecond+x.away[x.want]), about.RTT)
		})
	}
}

// TestPeerDoesNotHop: while its supernode works it stays, even if a far better one comes along.
func TestPeerDoesNotHop(t *testing.T) {
	c := newPool(t, 2)
	c.settle(0)
	c.supernodes[0].sessions, c.supernodes[1].sessions = 3000, 0
	c.supernodes[1].began = c.sim.Now().Add(-1000 * time.Hour)
	c.sim.Run(time.Hour)
	c.settle(0)
	require.Zero(t, c.supernodes[1].heard["LOGI"])
	c.supernodes[0].stop()
	require.Less(t, c.until(1), 5100*time.Millisecond)
}

// TestBaseSupernodes are asked PING rarely, never on a connection that carries anything else, and serve as well.
func TestBaseSupernodes(t *testing.T) {
	c := newPool(t, 2)
	for _, s := range c.supernodes {
		s.base = true
	}
	c.sim.Run(10 * time.Second)
	first := slices.IndexFunc(c.supernodes, func(s *scripted) bool { return s.self == c.peer.standing().Supernode })
	c.settle(first)
	other := c.supernodes[1-first]
	c.sim.Run(10 * time.Minute)
	require.Equal(t, []p2p.Endpoint{other.self}, c.standbys())
	require.True(t, c.peer.standing().Standbys[0].Base)
	require.True(t, c.peer.standing().Active.Base)
	for _, s := range c.supernodes {
		require.Equal(t, 1, s.heard["PING"])
	}
	require.Greater(t, other.heard["connections"], 10, "it is looked at all the same")
	c.sim.Run(time.Hour)
	require.Equal(t, 2, other.heard["PING"])
	c.supernodes[first].stop()
	require.Less(t, c.until(1-first), 5100*time.Millisecond)
}

// TestSupernodesThatRefuse are left alone for a while, and others are tried. Where all refuse the peer says so.
func TestSupernodesThatRefuse(t *testing.T) {
	c := newPool(t, 2)
	best, other := c.supernodes[0], c.supernodes[1]
	best.full = true
	c.settle(1)
	require.Equal(t, 1, best.heard["LOGI"])
	require.Equal(t, []p2p.Endpoint{best.self}, c.peer.standing().Refused)
	require.Empty(t, c.standbys(), "it would refuse again")
	other.full = true
	c.sim.Run(30 * time.Second)
	require.Equal(t, "searching", c.peer.standing().State, "its session was not renewed")
	require.Equal(t, 1, best.heard["LOGI"], "it is left alone")
	c.sim.Run(30 * time.Second)
	s := c.peer.standing()
	require.Equal(t, "every supernode that can be reached refuses the login", s.Trouble)
	require.Equal(t, "searching", s.State)
	require.NotEmpty(t, s.Refused)
	require.ErrorIs(t, c.peer.find("x").Err, message.ErrNoSupernode)
	asked := best.heard["LOGI"]
	c.sim.Run(10 * time.Minute)
	require.InDelta(t, 8, best.heard["LOGI"]-asked, 4, "about once a minute")
	require.Greater(t, c.peer.metrics["peer_refused_total"], 10)
	best.full = false
	c.sim.Run(2*time.Minute + 10*time.Second)
	c.settle(0)
	require.Empty(t, c.peer.standing().Trouble)
}
