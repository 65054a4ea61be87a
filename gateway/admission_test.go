package gateway_test

import (
	"fmt"
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

func (n *simNode) refusals(reason string) int {
	return n.metrics[actortest.Series("refusals_total", "reason", reason)]
}

// served counts the packets of a command that a node has taken in.

// others do not notice.

func TestTrustedAddressesAreFree(t *testing.T) {
	w := newWorld(t, 1)
	cfg := testConfig()
	cfg.Limits.PacketsPerSecond, cfg.Limits.ConnectionsPerAddress = 10, 1
	cfg.Access.Trusted = []string{endpoint(100).IPv4().String()}
	n := w.add(node.Supernode, cfg)
	w.sim.Run(time.Second)
	s := w.stranger(100, false)
	first := s.dial(n.self)
	id := s.login(n.self)
	for i := range 200 {
		first.conn.Send([]byte(adff(id, fmt.Sprintf("%032x", i+1), "file")))
	}
	w.sim.Run(100 * time.Millisecond)
	require.Equal(t, 200, n.catalog().Files)
	s.dial(n.self).say("LOGI%s", field(endpoint(7))).conn.Close()
	require.Equal(t, 2, inspect[*message.SessionsStatus](n, n.routes.Sessions).Sessions, "it may log in for others")
	for range 50 {
		s.dial(n.self).say("garbage")
	}
	require.NoError(t, s.dial(n.self).failed)
	require.Zero(t, n.metrics[actortest.Series("bans_total")])
	require.Zero(t, n.refusals("connections_per_address")+n.refusals("verify_address")+n.throttled("packets_per_second"))
}

// banned says whether a node closes a connection of s at once.

func (s *stranger) banned(by p2p.Endpoint) bool {
	c := s.dial(by)
	s.sim.Run(20 * time.Millisecond)
	defer func() {
		if c.conn != nil {
			c.conn.Abort()
		}
	}()
	return c.closed
}

// TestBans: whoever offends too often is kept out, twice as long each time, and again for a short time once it has

// behaved for long.

func TestBans(t *testing.T) {
	for kind, offend := range map[string]func(s *stranger, at p2p.Endpoint){
		"garbage":       func(s *stranger, at p2p.Endpoint) { s.dial(at).say("garbage") },
		"foreign_login": func(s *stranger, at p2p.Endpoint) { s.dial(at).say("LOGI%s", field(endpoint(7))) },
		"slow": func(s *stranger, at p2p.Endpoint) {
			s.dial(at).say("LO")
			s.sim.Run(time.Second)
		},
	} {
		t.Run(kind, func(t *testing.T) {
			w := newWorld(t, 1)
			cfg := testConfig()
			cfg.Limits.Offenses, cfg.Limits.Ban, cfg.Limits.BanMax, cfg.Limits.FirstPacket = 3, 10*time.Second, time.Minute, time.Second
			n := w.add(node.Supernode, cfg)
			w.sim.Run(time.Second)
			bad, other := w.stranger(100, false), w.stranger(101, false)
			for _, want := range []time.Duration{10 * time.Second, 20 * time.Second, 40 * time.Second, time.Minute, time.Minute} {
				open := bad.dial(n.self).say("LOGI%s", field(bad.self))
				for i := range 3 {
					require.False(t, bad.banned(n.self), "after %d offenses", i)
					offend(bad, n.self)
				}
				w.sim.Run(10 * time.Millisecond)
				require.True(t, open.closed, "what is open is closed")
				require.True(t, bad.banned(n.self))
				require.False(t, other.banned(n.self))
				require.Equal(t, 1, n.metrics[actortest.Series("bans")])
				w.sim.Run(want - time.Second)
				require.True(t, bad.banned(n.self), "still, before %v", want)
				w.sim.Run(time.Second)
				require.False(t, bad.banned(n.self), "after %v", want)
				require.Zero(t, n.metrics[actortest.Series("bans")])
			}
			require.Equal(t, 5, n.metrics[actortest.Series("bans_total")])
			require.GreaterOrEqual(t, n.metrics[actortest.Series("offenses_total", "kind", kind)], 15)
			w.sim.Run(time.Minute)
			for range 3 {
				offend(bad, n.self)
			}
			require.True(t, bad.banned(n.self))
			w.sim.Run(10 * time.Second)
			require.False(t, bad.banned(n.self), "the first ban again")
		})
	}
}

// TestBanOutlivesTheGateway: who makes the gateway fail does not get in by that.

func TestBanOutlivesTheGateway(t *testing.T) {
	w := newWorld(t, 1)
	cfg := testConfig()
	cfg.Limits.Offenses = 1
	n := w.add(node.Supernode, cfg)
	w.sim.Run(time.Second)
	bad := w.stranger(100, false)
	bad.dial(n.self).say("garbage")
	require.True(t, bad.banned(n.self))
	w.sim.System.Root.Send(n.routes.Gateway, (*message.Send)(nil)) // it panics over this
	w.sim.Run(time.Second)
	require.True(t, bad.banned(n.self))
	w.sim.Run(cfg.Limits.Ban)
	require.False(t, bad.banned(n.self))
}

// TestFewOffensesAreForgiven: an address that errs now and then is not banned.

func TestFewOffensesAreForgiven(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, testConfig())
	w.sim.Run(time.Second)
	s := w.stranger(100, false)
	for range 200 {
		s.dial(n.self).say("garbage")
		w.sim.Run(4 * time.Second)
	}
	require.Zero(t, n.metrics[actortest.Series("bans_total")])
	require.Equal(t, 200, n.metrics[actortest.Series("offenses_total", "kind", "garbage")])
}

// TestDeniedAddresses: they are not let in, not connected to, and not told of; a reload closes what is open.

func TestDeniedAddresses(t *testing.T) {
	w := newWorld(t, 1)
	cfg := testConfig()
	cfg.Access.Deny = []string{endpoint(100).IPv4().String()}
	bad, other := w.stranger(100, true), w.stranger(101, true)
	n := w.add(node.Supernode, cfg, bad.self, other.self)
	w.sim.Run(time.Second)
	before := n.refusals("denied")
	require.NotZero(t, before, "the neighbor")
	require.True(t, bad.banned(n.self))
	require.Equal(t, 1, n.refusals("denied")-before, "the connection")
	require.Empty(t, bad.heard, "nothing is sent to it")

	id := other.login(n.self)
	find := other.dial(n.self).say("FIND%s%-20s", id, "song")
	quer := string(other.heard[len(other.heard)-1].got)
	other.dial(n.self).say("AQUE%s%s%s%-100s", quer[4:20], field(bad.self), md5Of("a"), "song of the bad")
	other.dial(n.self).say("AQUE%s%s%s%-100s", quer[4:20], field(other.self), md5Of("b"), "song of the other")
	w.sim.Run(3 * time.Second)
	find.hear("AFIN001%s%-100s001%s", md5Of("b"), "song of the other", field(other.self))
	require.Equal(t, 1, n.metrics[actortest.Series("dropped_total", "command", "AQUE", "reason", "denied")])

	open := other.dial(n.self)
	next := *n.config.Get()
	next.Access = config.Access{Allow: []string{endpoint(100).IPv4().String()}}
	changed, refused := n.config.Reload(next)
	require.Len(t, changed, 2)
	require.Empty(t, refused)
	w.sim.System.Root.Send(n.routes.Gateway, &message.Reloaded{})
	w.sim.Run(100 * time.Millisecond)
	require.True(t, open.closed)
	require.True(t, other.banned(n.self))
	require.False(t, bad.banned(n.self))
}

// TestDeniedFiles: they are not taken in, not found although they were taken in before, not told of, and not served.

func TestDeniedFiles(t *testing.T) {
	w := newWorld(t, 1)
	other := w.stranger(101, true)
	n := w.add(node.Supernode, testConfig(), other.self)
	n.disk.Put("own song.txt", []byte("own"))
	w.sim.Run(time.Second)
	own := n.find("own song").Results[0].File
	s := w.stranger(100, false)
	id := s.login(n.self)
	c := s.dial(n.self).say("%s%s", adff(id, md5Of("a"), "song a"), adff(id, md5Of("b"), "song b"))

	next := *n.config.Get()
	next.Access = config.Access{Deny: []string{md5Of("a"), md5Of("d"), md5Of("e"), own.String()}}
	n.config.Reload(next)
	c.say("%s%s", adff(id, md5Of("c"), "song c"), adff(id, md5Of("d"), "song d"))
	require.Equal(t, 1, n.refusals("denied_file"))
	c.conn.Send(fmt.Appendf(nil, "FIND%s%-20s", id, "song"))
	w.sim.Run(20 * time.Millisecond)
	quer := string(other.heard[len(other.heard)-1].got)
	other.dial(n.self).say("AQUE%s%s%s%-100s", quer[4:20], field(other.self), md5Of("e"), "song e")
	w.sim.Run(3 * time.Second)
	c.hear("AFIN002%s%-100s001%s%s%-100s001%s", md5Of("b"), "song b", field(s.self), md5Of("c"), "song c", field(s.self))

	get := s.dial(n.self).say("RETR%s", own)
	require.NotContains(t, string(get.got), "ARET")
	require.True(t, get.ended)
	require.Equal(t, 2, n.refusals("denied_file"))
	c.say("DEFF%s%s", id, md5Of("a")).say("LOGO%s", id).hear("ALGO002")
}

// TestHostsOfIPv6: one host has a whole network of 64 bits.

func TestHostsOfIPv6(t *testing.T) {
	w := newWorld(t, 1)
	cfg := testConfig()
	cfg.Limits.ConnectionsPerAddress = 2
	n := w.add(node.Supernode, cfg)
	w.sim.Run(time.Second)
	closed := 0
	var all []*rawConn
	for _, a := range []string{"2001:db8::1", "2001:db8::2", "2001:db8::3", "2001:db8:0:1::1"} {
		s := &stranger{world: w, self: n.self, transport: w.net.Host(netip.MustParseAddr(a))}
		all = append(all, s.dial(n.self))
	}
	w.sim.Run(100 * time.Millisecond)
	for _, c := range all {
		if c.closed {
			closed++
		}
	}
	require.Equal(t, 1, closed)
	require.False(t, all[3].closed)
}

// searches of other sessions do not notice.

// last is the end of what has come.

// and each address has its turn.

// TestWhatOthersSaidIsNoOffense: a node of the field passes on what it was sent, and is not banned for it.

func TestWhatOthersSaidIsNoOffense(t *testing.T) {
	w := newWorld(t, 1)
	cfg := testConfig()
	cfg.Limits.Offenses = 1
	n := w.add(node.Supernode, cfg)
	w.sim.Run(time.Second)
	s := w.stranger(100, false)
	broken := field(endpoint(7))[:55] + "00000" // no port
	for _, p := range []string{
		fmt.Sprintf("QUER%016d%s01%-20s", 1, broken, "x"), fmt.Sprintf("SUPE%016d%s01", 2, broken),
		fmt.Sprintf("AQUE%016d%s%s%-100s", 3, broken, md5Of("a"), "x"), fmt.Sprintf("ASUP%016d%s", 4, broken),
	} {
		require.True(t, s.dial(n.self).say("%s", p).ended, p)
		require.False(t, s.banned(n.self), p)
	}
	s.dial(n.self).say("LOGI%s", broken)
	require.True(t, s.banned(n.self), "its own address is")
}

// hostAt is a stranger at an address that is not the one it names.

func (w *world) hostAt(address string, claims p2p.Endpoint) *stranger {
	return &stranger{world: w, self: claims, transport: w.net.Host(netip.MustParseAddr(address))}
}

// nothing of his, also after a restart.

// TestReloadOfIPv6: each connection is held against the lists by its own address.

func TestReloadOfIPv6(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, testConfig())
	w.sim.Run(time.Second)
	five, six := w.hostAt("2001:db8::5", n.self).dial(n.self), w.hostAt("2001:db8::6", n.self).dial(n.self)
	for _, access := range []config.Access{{Allow: []string{"2001:db8::5"}}, {}} {
		next := *n.config.Get()
		next.Access = access
		n.config.Reload(next)
		w.sim.System.Root.Send(n.routes.Gateway, &message.Reloaded{})
		w.sim.Run(100 * time.Millisecond)
		require.False(t, five.closed)
		require.True(t, six.closed)
	}
}

// TestThisMachineIsNotBanned: programs on this machine share its loopback addresses with each other and with its user.

func TestThisMachineIsNotBanned(t *testing.T) {
	w := newWorld(t, 1)
	cfg := testConfig()
	cfg.Limits.Offenses = 1
	n := w.add(node.Supernode, cfg)
	w.sim.Run(time.Second)
	for i, address := range []string{"127.0.0.1", "127.9.9.9", "::1"} {
		s := w.hostAt(address, n.self)
		require.True(t, s.dial(n.self).say("garbage").ended)
		require.False(t, s.banned(n.self), address)
		require.Equal(t, i+1, n.metrics[actortest.Series("offenses_total", "kind", "garbage")])
	}
}
