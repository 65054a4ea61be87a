package gateway_test

import (
	"fmt"
	"net/netip"
	"strings"
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

func (n *simNode) throttled(reason string) int {
	return n.metrics[actortest.Series("throttled_total", "reason", reason)]
}

// served counts the packets of a command that a node has taken in.
func (n *simNode) served(command string) int {
	return n.metrics[actortest.Series("packets_total", "command", command, "direction", "in", "result", "ok")]
}

// TestRates: whoever sends more than its share is read more slowly, on all its connections together, loses nothing, and
// others do not notice.
func TestRates(t *testing.T) {
	for _, c := range []struct {
		key     string
		set     func(*config.Limits)
		session bool
	}{
		{"packets_per_second", func(l *config.Limits) { l.PacketsPerSecond, l.Burst = 50, time.Second }, false},
		{"bytes_per_second", func(l *config.Limits) { l.BytesPerSecond = 50 * 152 }, false},
		{"session_packets_per_second", func(l *config.Limits) { l.SessionPacketsPerSecond, l.Burst = 50, time.Second }, true},
		{"session_bytes_per_second", func(l *config.Limits) { l.SessionBytesPerSecond = 50 * 152 }, true},
	} {
		t.Run(c.key, func(t *testing.T) {
			w := newWorld(t, 1)
			cfg := testConfig()
			cfg.Session.VerifyAddress = false
			l := &cfg.Limits
			l.PacketsPerSecond, l.BytesPerSecond, l.SessionPacketsPerSecond, l.SessionBytesPerSecond, l.Burst = 0, 0, 0, 0, 0
			c.set(&cfg.Limits)
			n := w.add(node.Supernode, cfg)
			w.sim.Run(time.Second)
			s, other := w.stranger(100, false), w.stranger(101, false)
			id, honest := s.login(n.self), other.login(n.self)
			w.sim.Run(10 * time.Second)

			const files = 500
			from := []*stranger{s, s}
			if c.session { // from several addresses
				from[1] = w.stranger(102, false)
			}
			for i := range files {
				if i < 2 {
					from[i] = &stranger{world: w, self: from[i].self, transport: from[i].transport}
					from[i].heard = []*rawConn{from[i].dial(n.self)}
				}
				from[i%2].heard[0].conn.Send([]byte(adff(id, fmt.Sprintf("%032x", i+1), "file")))
			}
			w.sim.Run(time.Second)
			early := n.catalog().Files
			require.Less(t, early, 300, "more than two seconds' worth at once")
			began := w.sim.Now()
			require.Equal(t, honest, other.login(n.self))
			require.Less(t, w.sim.Now().Sub(began), 100*time.Millisecond, "others are served meanwhile")
			w.sim.Run(3 * time.Second)
			require.Less(t, n.catalog().Files, files, "it takes 50 a second")
			require.Greater(t, n.catalog().Files, early+100)
			w.sim.Run(10 * time.Second)
			require.Equal(t, files, n.catalog().Files, "nothing is lost")
			require.NotZero(t, n.throttled(c.key))
			for series, hits := range n.metrics {
				if strings.HasPrefix(series, "throttled_total") && !strings.Contains(series, c.key) && !strings.Contains(series, "per_connection") {
					require.Zero(t, hits, series)
				}
			}
		})
	}
}

// TestConnectingAnewBringsNoNewBudget: what an address may send does not depend on its connections.
func TestConnectingAnewBringsNoNewBudget(t *testing.T) {
	w := newWorld(t, 1)
	cfg := testConfig()
	cfg.Limits.PacketsPerSecond, cfg.Limits.FirstPacket = 10, time.Hour
	n := w.add(node.Supernode, cfg)
	w.sim.Run(time.Second)
	s := w.stranger(100, false)
	for range 60 {
		s.dial(n.self).conn.Send([]byte("LOGI" + field(s.self)))
		w.sim.Run(time.Millisecond)
	}
	require.Less(t, n.served("LOGI"), 20)
	w.sim.Run(20 * time.Second)
	require.Equal(t, 60, n.served("LOGI"), "they have only waited")
}

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

// TestSearchesOfASession: only so many are under way at once; others wait for their turn, or are refused, and the
// searches of other sessions do not notice.
func TestSearchesOfASession(t *testing.T) {
	w := newWorld(t, 1)
	cfg := testConfig()
	cfg.Limits.SearchesPerSession, cfg.Limits.RequestsPerConnection = 2, 100
	w.overlay(2, line(2), cfg) // a FIND takes the quiet time, 1.5 s
	n := w.all[0]
	s, other := w.stranger(100, false), w.stranger(101, false)
	id, honest := s.login(n.self), other.login(n.self)
	c := s.dial(n.self)
	for range 6 {
		c.conn.Send(fmt.Appendf(nil, "FIND%s%-20s", id, "x"))
	}
	w.sim.Run(time.Millisecond * 100)
	require.Equal(t, message.QueriesStatus{Searches: 2, Waiting: 4, Seen: 2}, *inspect[*message.QueriesStatus](n, n.routes.Queries))
	second := other.dial(n.self).say("FIND%s%-20s", honest, "x")
	for i, want := range []int{2, 4, 6} {
		w.sim.Run(1500 * time.Millisecond)
		require.Equal(t, strings.Repeat("AFIN000", want), string(c.got))
		if i == 0 {
			second.hear("AFIN000")
		}
	}
	require.Equal(t, 4, n.throttled("searches_per_session"))

	// Past the queue they are refused, and what waits is dropped with its connection.
	for range 100 {
		c.conn.Send(fmt.Appendf(nil, "FIND%s%-20s", id, "x"))
	}
	w.sim.Run(100 * time.Millisecond)
	require.Equal(t, 100-2-16, n.refusals("searches_per_session"))
	c.conn.Abort()
	w.sim.Run(100 * time.Millisecond)
	require.Equal(t, 0, inspect[*message.QueriesStatus](n, n.routes.Queries).Waiting)
	s.dial(n.self).say("FIND%s%-20s", id, "x")
	require.Equal(t, 1, inspect[*message.QueriesStatus](n, n.routes.Queries).Searches)
}

// TestSearchesThatWaitAreTold: when the queries' actor fails, whoever waits for its turn hears of it.
func TestSearchesThatWaitAreTold(t *testing.T) {
	w := newWorld(t, 1)
	cfg := testConfig()
	cfg.Limits.SearchesPerSession = 1
	w.overlay(2, line(2), cfg)
	n, s := w.all[0], w.stranger(100, false)
	id := s.login(n.self)
	first, waits := s.dial(n.self).say("FIND%s%-20s", id, "x"), s.dial(n.self).say("FIND%s%-20s", id, "x")
	w.sim.System.Root.Send(n.routes.Queries, (*message.Quer)(nil)) // it panics over this
	w.sim.Run(20 * time.Millisecond)
	require.True(t, first.ended && waits.ended)
}

// TestQueriesOfAnAddress: a neighbor that floods does not take the room of the others, nor that of this node's peers.
func TestQueriesOfAnAddress(t *testing.T) {
	w := newWorld(t, 1)
	cfg := testConfig()
	cfg.Limits.QueriesPerAddress, cfg.Limits.PendingQueries = 5, 20
	n := w.add(node.Supernode, cfg)
	n.disk.Put("song.txt", []byte("song"))
	w.sim.Run(time.Second)
	w.net.Down = func(_, to netip.Addr) bool { return to == endpoint(200).IPv4() } // answers to it take their time
	flood := func(from int, count int) {
		s := w.stranger(from, false)
		c := s.dial(n.self)
		for i := range count {
			c.say("QUER%015d%d%s%02d%-20s", from*1000+i, i%10, field(endpoint(200)), 1, "song")
		}
	}
	flood(100, 8)
	require.Equal(t, 5, inspect[*message.QueriesStatus](n, n.routes.Queries).Answers)
	require.Equal(t, 3, n.refusals("queries_per_address"))
	flood(101, 8)
	require.Equal(t, 10, inspect[*message.QueriesStatus](n, n.routes.Queries).Answers, "half of pending_queries")
	flood(102, 2)
	require.Equal(t, 2, n.refusals("pending_queries"))
	s := w.stranger(103, false)
	id := s.login(n.self)
	s.dial(n.self).say("FIND%s%-20s", id, "none").hear("AFIN000")
	w.sim.Run(time.Minute)
	require.Zero(t, inspect[*message.QueriesStatus](n, n.routes.Queries).Answers)
	w.net.Down = nil
	flood(100, 1)
	require.Equal(t, 6, n.refusals("queries_per_address"))
}

func TestLoginsOfAnAddress(t *testing.T) {
	w := newWorld(t, 1)
	cfg := testConfig()
	cfg.Limits.SessionsPerAddress = 2
	n := w.add(node.Supernode, cfg)
	w.sim.Run(time.Second)
	s := w.stranger(100, false)
	login := func(port int) string {
		return s.dial(n.self).say("LOGI%s%05d", field(s.self)[:55], port).last(16)
	}
	first := login(1)
	login(2)
	require.Equal(t, "0000000000000000", login(3))
	require.Equal(t, first, login(1), "who has a session keeps it")
	require.NotEqual(t, "0000000000000000", w.stranger(101, false).login(n.self))
	require.Equal(t, 1, n.refusals("sessions_per_address"))
	s.dial(n.self).say("LOGO%s", first)
	require.NotEqual(t, "0000000000000000", login(3))
}

// last is the end of what has come.
func (c *rawConn) last(n int) string { return string(c.got[len(c.got)-n:]) }

// TestDialsInAll: packets with many forged reply addresses have this node open no more than so many connections at once,
// and each address has its turn.
func TestDialsInAll(t *testing.T) {
	w := newWorld(t, 1)
	cfg := testConfig()
	cfg.Limits.Dials, cfg.Limits.DialsPerAddress = 10, 2
	n := w.add(node.Supernode, cfg)
	w.sim.Run(time.Second)
	w.net.Down = func(_, to netip.Addr) bool { return to != n.self.IPv4() && to != endpoint(100).IPv4() }
	dialed := make(map[netip.Addr]int)
	w.net.Dialing = func(_ netip.Addr, to netip.AddrPort) { dialed[to.Addr()]++ }
	c := w.stranger(100, false).dial(n.self)
	const hosts, each = 30, 4
	for i := range hosts * each {
		c.conn.Send(fmt.Appendf(nil, "SUPE%016d%s%02d", i, field(endpoint(200+i%hosts)), 1))
	}
	for range 200 {
		w.sim.Run(500 * time.Millisecond)
		require.LessOrEqual(t, n.metrics[actortest.Series("actors", "kind", "connection")], 10+1)
	}
	for i := range hosts {
		require.Equal(t, each, dialed[endpoint(200+i).IPv4()], "host %d", i)
	}
	status := inspect[*message.GatewayStatus](n, n.routes.Gateway)
	require.Zero(t, status.Outgoing+status.Waiting)
	require.NotZero(t, n.throttled("dials"))
	require.Zero(t, n.refusals("dials_queued"))
}

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

// TestClaimedAddressesCountForNobody: whoever is at an IPv6 address and claims somebody's IPv4 address beside it uses up
// nothing of his, also after a restart.
func TestClaimedAddressesCountForNobody(t *testing.T) {
	w := newWorld(t, 1)
	cfg := testConfig()
	cfg.Limits.SessionsPerAddress, cfg.Session.ProbeEvery = 2, 0
	n := w.add(node.Supernode, cfg)
	w.sim.Run(time.Second)
	victim := w.stranger(100, false)
	at := netip.MustParseAddr("2001:db8::66")
	bad := w.hostAt(at.String(), n.self)
	for i := range 3 {
		e, err := p2p.NewEndpoint(victim.self.IPv4(), at, uint16(4000+i))
		require.NoError(t, err)
		c := bad.dial(n.self).say("LOGI%s", field(e))
		require.Equal(t, i < 2, c.last(16) != "0000000000000000")
	}
	w.sim.System.Root.Send(n.routes.Sessions, (*message.Login)(nil)) // it panics over this, and begins with what is kept
	w.sim.Run(time.Second)
	require.NotEqual(t, "0000000000000000", victim.login(n.self))
}

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

// TestTrustEndsWithAReload, for open connections, too.
func TestTrustEndsWithAReload(t *testing.T) {
	w := newWorld(t, 1)
	cfg := testConfig()
	cfg.Limits.PacketsPerSecond = 10
	cfg.Access.Trusted = []string{endpoint(100).IPv4().String()}
	n := w.add(node.Supernode, cfg)
	w.sim.Run(time.Second)
	s := w.stranger(100, false)
	c := s.dial(n.self)
	next := *n.config.Get()
	next.Access = config.Access{}
	n.config.Reload(next)
	for range 100 {
		c.conn.Send([]byte("LOGI" + field(s.self)))
	}
	w.sim.Run(time.Second)
	require.Less(t, n.served("LOGI"), 30)
}

// TestDebtHasAnEnd: whoever shares an address with a flood waits some seconds at most.
func TestDebtHasAnEnd(t *testing.T) {
	w := newWorld(t, 1)
	cfg := testConfig()
	cfg.Limits.PacketsPerSecond = 100
	n := w.add(node.Supernode, cfg)
	w.sim.Run(time.Second)
	s := w.stranger(100, false)
	for range 5000 {
		s.dial(n.self).conn.Abort()
	}
	c := s.dial(n.self).say("LOGI%s", field(s.self))
	w.sim.Run(11 * time.Second)
	require.Len(t, c.got, 20)
}

// TestRefusedQueryMayComeAgain: what one neighbor brings past its share is handled when another one brings it.
func TestRefusedQueryMayComeAgain(t *testing.T) {
	w := newWorld(t, 1)
	cfg := testConfig()
	cfg.Limits.QueriesPerAddress = 1
	n := w.add(node.Supernode, cfg)
	n.disk.Put("song.txt", []byte("song"))
	w.sim.Run(time.Second)
	w.net.Down = func(_, to netip.Addr) bool { return to == endpoint(200).IPv4() } // the answer to it takes its time
	asker := w.stranger(103, true)
	busy := w.stranger(100, false).dial(n.self)
	busy.say("QUER%016d%s01%-20s", 1, field(endpoint(200)), "song")
	busy.say("QUER%016d%s01%-20s", 2, field(asker.self), "song")
	require.Equal(t, 1, n.refusals("queries_per_address"))
	require.Empty(t, asker.heard)
	quiet := w.stranger(101, false).dial(n.self)
	quiet.say("QUER%016d%s01%-20s", 2, field(asker.self), "song")
	require.Len(t, asker.heard, 1)
	quiet.say("QUER%016d%s01%-20s", 2, field(asker.self), "song")
	require.Len(t, asker.heard, 1, "once")
}

// TestUploadsOfAHost: the addresses of one /64 have the slots of one host.
func TestUploadsOfAHost(t *testing.T) {
	w := newWorld(t, 1)
	cfg := testConfig()
	cfg.Transfer.UploadSlotsPerAddress, cfg.Transfer.UploadWait = 2, 0
	n := w.add(node.Supernode, cfg)
	n.disk.Put("song.txt", make([]byte, 1<<20))
	w.sim.Run(time.Second)
	file := n.find("song").Results[0].File
	w.net.Latency = func(netip.Addr, netip.Addr) time.Duration { return time.Second } // all at once
	var all []*rawConn
	for i := range 4 {
		c := w.hostAt(fmt.Sprintf("2001:db8::%x", i+1), n.self).raw()
		c.onOpen = func() { c.conn.Send(fmt.Appendf(nil, "RETR%s", file)) }
		c.transport.Dial(n.self.Dialable(), 5*time.Second, c.pid)
		all = append(all, c)
	}
	w.sim.Run(time.Minute)
	served := 0
	for _, c := range all {
		if strings.HasPrefix(string(c.got), "ARET") {
			served++
		}
	}
	require.Equal(t, 2, served)
	require.Equal(t, 2, n.refusals("upload_slots"))
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
