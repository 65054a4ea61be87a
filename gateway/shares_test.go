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
)

// TestSearchesOfASession: only so many are under way at once; others wait for their turn, or are refused, and the

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
	for port := range 5 {
		local, err := p2p.NewEndpoint(netip.MustParseAddr("127.0.0.1"), netip.Addr{}, uint16(4000+port))
		require.NoError(t, err)
		require.NotEqual(t, "0000000000000000", w.hostAt("127.0.0.1", local).login(n.self), "this machine")
	}
	s.dial(n.self).say("LOGO%s", first)
	require.NotEqual(t, "0000000000000000", login(3))
}

func (c *rawConn) last(n int) string { return string(c.got[len(c.got)-n:]) }

// TestDialsInAll: packets with many forged reply addresses have this node open no more than so many connections at once,

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

// TestClaimedAddressesCountForNobody: whoever is at an IPv6 address and claims somebody's IPv4 address beside it uses up

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
