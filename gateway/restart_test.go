package gateway_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/node"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/store"
)

// logins lists the sessions that a store holds.
func (w *world) logins(s port.Store) int {
	p := w.sim.Probe("look-" + w.sim.Now().String())
	s.Load(port.Cursor{Scope: port.Logins}, 1000, p.PID, 1)
	w.sim.Run(time.Millisecond)
	return len(p.Messages[0].(*port.Loaded).Changes)
}

// TestSessionsOutliveTheirSupervisor: neither a restart of the sessions actor nor the node's end logs anybody out.
func TestSessionsOutliveTheirSupervisor(t *testing.T) {
	w := newWorld(t, 1)
	kept := store.NewMemory(w.sim.System)
	w.store = kept
	n := w.add(node.Supernode, testConfig())
	w.sim.Run(time.Second)
	s := w.stranger(100, false)
	id := s.login(n.self)
	c := s.dial(n.self).say("%s", adff(id, md5Of("a"), "a"))
	w.sim.System.Root.Send(n.routes.Sessions, (*message.Login)(nil)) // it panics over this
	w.sim.Run(time.Second)
	require.Equal(t, 1, n.metrics[actortest.Series("actor_restarts_total", "kind", "sessions")])
	require.Equal(t, id, s.login(n.self), "the same session")
	c.say("FIND%s%-20s", id, "*").hear("AFIN001%s%-100s001%s", md5Of("a"), "a", field(s.self))

	require.Equal(t, 1, n.metrics["ready"])
	w.sim.System.Root.Send(n.routes.Node, &message.Shutdown{})
	w.sim.Run(0)
	require.Zero(t, n.metrics["ready"])
	w.sim.Run(10 * time.Second)
	_, alive := w.sim.System.ProcessRegistry.Get(n.routes.Node)
	require.False(t, alive)
	require.Equal(t, 1, w.logins(kept), "whoever was logged in still is when the node comes back")
}

// TestGatewayComesBackAtOnce: dials that wait for their turn are told once that the gateway failed, and do not hold it.
func TestGatewayComesBackAtOnce(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, testConfig())
	w.sim.Run(time.Second)
	w.net.Down = func(_, to netip.Addr) bool { return to == endpoint(200).IPv4() }
	asker := w.sim.Probe("asker")
	const sends = 100
	for i := range sends {
		w.sim.System.Root.Send(n.routes.Gateway, &message.Send{Ref: message.Ref(i), To: endpoint(200), ReplyTo: asker.PID})
	}
	w.sim.System.Root.Send(n.routes.Gateway, (*message.Send)(nil)) // it panics over this
	w.sim.Run(time.Second)
	require.Len(t, asker.Messages, sends)
	require.NoError(t, w.stranger(100, false).dial(n.self).failed, "it listens again")
	w.sim.Run(5 * time.Minute)
	require.Len(t, asker.Messages, sends, "each is told once")
}

// TestLateAnswerFindsNobody: what was asked over a connection that went with the gateway is not told to the one that
// comes after it.
func TestLateAnswerFindsNobody(t *testing.T) {
	w := newWorld(t, 1)
	stuck := &stuckStore{Store: store.NewMemory(w.sim.System)}
	w.store = stuck
	n := w.add(node.Supernode, testConfig())
	w.sim.Run(time.Second)
	stuck.stuck = true
	a, b := w.stranger(100, false), w.stranger(101, false)
	a.dial(n.self).say("LOGI%s", field(a.self))
	w.sim.System.Root.Send(n.routes.Gateway, (*message.Send)(nil)) // it panics over this
	w.sim.Run(time.Second)
	c := b.dial(n.self).say("LOGI%s", field(b.self))
	stuck.stuck = false
	for _, do := range stuck.held {
		do()
	}
	w.sim.Run(time.Second)
	mine := string(c.got)
	require.Len(t, mine, 20)
	require.Equal(t, mine, "ALGI"+b.login(n.self))
	require.NotEqual(t, mine, "ALGI"+a.login(n.self))
}

// slowReader is a store that takes its time to read.
type slowReader struct {
	port.Store
	sim *actortest.Sim
}

// Load implements port.Store.
func (s *slowReader) Load(after port.Cursor, limit int, owner *actor.PID, token uint64) {
	s.sim.Do(100*time.Millisecond, func() { s.Store.Load(after, limit, owner, token) })
}

// TestCatalogFailsWhileItLoads: the answer to a load that a failed catalog asked for does not become part of the next.
func TestCatalogFailsWhileItLoads(t *testing.T) {
	w := newWorld(t, 1)
	kept := store.NewMemory(w.sim.System)
	at := endpoint(100)
	id := p2p.NewSessionID(w.sim.Rand(9))
	changes := []port.Change{{Op: port.OpLogin, Session: id, Endpoint: at}}
	for i := range 5000 {
		changes = append(changes, port.Change{Op: port.OpPut, Session: id, File: p2p.FileID{1, byte(i >> 8), byte(i)}, Name: "file"})
	}
	kept.Apply(changes, w.sim.Probe("writer").PID, 1)
	w.store = &slowReader{kept, w.sim}
	n := w.add(node.Supernode, testConfig())
	w.sim.Run(550 * time.Millisecond)
	w.sim.System.Root.Send(n.routes.Catalog, (*message.Update)(nil)) // it panics over this
	w.sim.Run(5 * time.Second)
	require.Equal(t, 5000, n.catalog().Files)
	for _, r := range n.find("*").Results {
		require.Equal(t, []p2p.Endpoint{at}, r.Owners)
	}
}

// TestLoginThatFailsTakesItsFollowersAlong: who logs in a second time while the first login is being kept gets no
// session that never comes to be.
func TestLoginThatFailsTakesItsFollowersAlong(t *testing.T) {
	w := newWorld(t, 1)
	weak := &weakStore{Store: store.NewMemory(w.sim.System), sim: w.sim}
	w.store = weak
	n := w.add(node.Supernode, testConfig())
	w.sim.Run(time.Second)
	weak.refuses++
	p := w.sim.Probe("connection")
	for i := range 2 {
		w.sim.System.Root.Send(n.routes.Sessions, &message.Login{
			Ref: message.Ref(i), Endpoint: endpoint(100), From: endpoint(100).IPv4(), ReplyTo: p.PID,
		})
	}
	w.sim.Run(time.Second)
	require.Len(t, p.Messages, 2)
	for _, m := range p.Messages {
		require.True(t, m.(*message.LoggedIn).Session.Refused())
	}
}

// halfStore keeps a write and then fails before it says so.
type halfStore struct {
	port.Store
	breaks int
}

// Apply implements port.Store.
func (s *halfStore) Apply(changes []port.Change, owner *actor.PID, token uint64) {
	s.Store.Apply(changes, owner, token)
	if s.breaks > 0 {
		s.breaks--
		panic("the store broke")
	}
}

// TestKeptButNotSaid: what the store has kept can be found, also where the news of it was lost.
func TestKeptButNotSaid(t *testing.T) {
	w := newWorld(t, 1)
	half := &halfStore{Store: store.NewMemory(w.sim.System)}
	w.store = half
	n := w.add(node.Supernode, testConfig())
	w.sim.Run(time.Second)
	s := w.stranger(100, false)
	id := s.login(n.self)
	half.breaks++
	require.True(t, s.dial(n.self).say("%s", adff(id, md5Of("a"), "a")).ended)
	s.dial(n.self).say("%s", adff(id, md5Of("b"), "b"))
	require.Equal(t, 2, n.catalog().Copies)
}

// TestLogoutThatWasKeptButNotSaid: whoever goes on with that session publishes nothing that the store does not keep.
func TestLogoutThatWasKeptButNotSaid(t *testing.T) {
	w := newWorld(t, 1)
	memory := store.NewMemory(w.sim.System)
	half := &halfStore{Store: memory}
	w.store = half
	n := w.add(node.Supernode, testConfig())
	w.sim.Run(time.Second)
	s := w.stranger(100, false)
	id := s.login(n.self)
	s.dial(n.self).say("%s", adff(id, md5Of("a"), "a"))
	half.breaks++
	require.True(t, s.dial(n.self).say("LOGO%s", id).ended)
	require.Zero(t, w.logins(memory))
	require.True(t, s.dial(n.self).say("%sFIND%s%-20s", adff(id, md5Of("b"), "b"), id, "*").ended, "it is not acknowledged")
	require.Zero(t, n.catalog().Copies)
	require.NotEqual(t, id, s.login(n.self))
	require.Equal(t, 1, w.logins(memory))
}

// TestOverlayLooksNoMoreOftenAfterFailures: each life of the overlay has one series of looks for neighbors.
func TestOverlayLooksNoMoreOftenAfterFailures(t *testing.T) {
	w := newWorld(t, 1)
	other := w.stranger(100, true)
	c := testConfig()
	c.Discovery.Target = 4
	n := w.add(node.Supernode, c, other.self)
	for range 5 {
		w.sim.Run(15 * time.Second)
		w.sim.System.Root.Send(n.routes.Overlay, (*message.Supe)(nil)) // it panics over this
	}
	w.sim.Run(time.Minute)
	clear(w.sent)
	w.sim.Run(10 * time.Minute)
	require.Equal(t, 10, w.sent["SUPE"])
}

// TestFloodEndsWithItsNeighbors: a neighbor that ends with a packet in its mailbox does not hold a search up.
func TestFloodEndsWithItsNeighbors(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, testConfig(), w.stranger(100, true).self)
	w.sim.Run(time.Second)
	p := w.sim.Probe("search")
	n.routes.Queries = p.PID
	w.sim.System.Root.Send(n.routes.Overlay, &message.Flood{Packet: &message.Quer{TTL: 3}, ReplyTo: p.PID})
	w.sim.System.Root.Stop(w.sim.System.NewLocalPID("n1/overlay/neighbor/" + endpoint(100).String()))
	w.sim.Run(time.Second)
	require.Equal(t, []any{
		&message.Flooded{Branches: []p2p.Endpoint{endpoint(100)}}, &message.Abandoned{By: endpoint(100)}, &message.Abandoned{By: endpoint(100)},
	}, p.Messages)
}

// TestAnswerBehindTheEndOfItsSearch: the connection that brought it is told that it was handled.
func TestAnswerBehindTheEndOfItsSearch(t *testing.T) {
	w := newWorld(t, 1)
	other := w.stranger(100, true)
	n := w.add(node.Supernode, testConfig(), other.self)
	w.sim.Run(time.Second)
	text, _ := p2p.NewSearchText("x")
	w.sim.System.Root.Send(n.routes.Queries, &message.Find{Ref: 7, Text: text, ReplyTo: n.user.PID})
	w.sim.Run(10 * time.Millisecond)
	quer := other.heard[len(other.heard)-1].got
	id, err := p2p.ParsePacketID(quer[4:20])
	require.NoError(t, err)
	p := w.sim.Probe("connection")
	hit := message.Hit{File: p2p.FileID{1}, Name: "x", Owner: other.self}
	w.sim.System.Root.Send(n.routes.Queries, &message.Aque{Ref: 3, ID: id, Hit: hit, ReplyTo: p.PID})
	w.sim.System.Root.Send(n.routes.Queries, &message.CancelFind{Ref: 7, ReplyTo: n.user.PID})
	w.sim.Run(time.Second)
	require.Equal(t, []any{&message.Handled{Ref: 3}}, p.Messages)
	require.Zero(t, inspect[*message.QueriesStatus](n, n.routes.Queries).Searches)
}

// TestUploadSlotOfAConnectionThatIsGone: it is free again, also where the connection ended before it heard of it.
func TestUploadSlotOfAConnectionThatIsGone(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Peer, testConfig())
	id := n.disk.Put("f", []byte("f"))
	w.sim.Run(time.Second)
	gone := w.sim.Probe("connection")
	w.sim.System.Root.Send(n.routes.Share, &message.Retrieve{Ref: 1, File: id, From: endpoint(100).IPv4(), ReplyTo: gone.PID})
	w.sim.System.Root.Send(n.routes.Share, &message.RetrieveGone{Ref: 1, ReplyTo: gone.PID})
	w.sim.Run(time.Second)
	require.Zero(t, inspect[*message.ShareStatus](n, n.routes.Share).Uploads)
}

// TestDialsToOneAddressBehindMany: an endpoint's second address counts like its first.
func TestDialsToOneAddressBehindMany(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, testConfig())
	w.sim.Run(time.Second)
	w.net.Down = func(from, _ netip.Addr) bool { return from == n.self.IPv4() }
	asker := w.sim.Probe("asker")
	victim := netip.MustParseAddr("2001:db8::1")
	for i := range 20 {
		to, err := p2p.NewEndpoint(endpoint(200+i).IPv4(), victim, 3000)
		require.NoError(t, err)
		w.sim.System.Root.Send(n.routes.Gateway, &message.Send{To: to, ReplyTo: asker.PID})
	}
	for range 5 {
		w.sim.Run(time.Second)
		require.Equal(t, 4, inspect[*message.GatewayStatus](n, n.routes.Gateway).Outgoing)
	}
	w.sim.Run(time.Minute)
	require.Len(t, asker.Messages, 20)
	s := inspect[*message.GatewayStatus](n, n.routes.Gateway)
	require.Zero(t, s.Outgoing+s.Waiting)
}

// TestPeerTakesNoUnaskedSupernode: sixteen '0' are no Pktid of ours.
func TestPeerTakesNoUnaskedSupernode(t *testing.T) {
	w := newWorld(t, 1)
	w.overlay(1, nil, testConfig())
	p := w.add(node.Peer, testConfig(), endpoint(1))
	w.sim.Run(10 * time.Second)
	w.stranger(100, false).dial(p.self).say("ASUP0000000000000000%s", field(endpoint(200)))
	require.Equal(t, []p2p.Endpoint{endpoint(1)}, p.standing().Known)
}

// TestSearchOfALostSupernodeIsAnswered: a search that waits for a new login does not wait for ever.
func TestSearchOfALostSupernodeIsAnswered(t *testing.T) {
	w := newWorld(t, 1)
	s := w.stranger(50, true)
	p := w.add(node.Peer, testConfig(), s.self)
	w.sim.Run(6 * time.Second)
	s.heard[1].say("ALGISESSION0000000A1")
	text, _ := p2p.NewSearchText("found")
	w.sim.System.Root.Send(p.routes.Peer, &message.Find{Text: text, ReplyTo: p.user.PID})
	w.sim.Run(10 * time.Millisecond)
	w.net.Down = func(_, to netip.Addr) bool { return to == s.self.IPv4() }
	s.heard[2].conn.Close()
	w.sim.Run(time.Minute)
	require.Len(t, p.user.Messages, 1)
	require.ErrorIs(t, p.user.Messages[0].(*message.Found).Err, message.ErrNoSupernode)
}

// TestPeerLeavesNoSessionBehind: a login under way when the peer shuts down is followed by a logout.
func TestPeerLeavesNoSessionBehind(t *testing.T) {
	w := newWorld(t, 1)
	s := w.stranger(50, true)
	p := w.add(node.Peer, testConfig(), s.self)
	w.sim.Run(6 * time.Second)
	s.heard[1].hear("LOGI%s", field(p.self))
	w.sim.System.Root.Send(p.routes.Node, &message.Shutdown{})
	w.sim.Run(time.Second)
	s.heard[1].say("ALGISESSION0000000A1")
	require.Len(t, s.heard, 3)
	s.heard[2].hear("LOGOSESSION0000000A1")
}

// TestSessionThatFailsWhileItLogsOut: it does not stay behind, unknown to everybody.
func TestSessionThatFailsWhileItLogsOut(t *testing.T) {
	w := newWorld(t, 1)
	memory := store.NewMemory(w.sim.System)
	stuck := &stuckStore{Store: memory}
	w.store = stuck
	n := w.add(node.Supernode, testConfig())
	w.sim.Run(time.Second)
	s := w.stranger(100, false)
	id := s.login(n.self)
	s.dial(n.self).say("%s", adff(id, md5Of("a"), "a"))
	stuck.stuck = true
	s.dial(n.self).say("LOGO%s", id)
	w.sim.System.Root.Send(w.sim.System.NewLocalPID("n1/sessions/session/"+id), (*message.Committed)(nil)) // it panics over this
	w.sim.Run(time.Second)
	require.Equal(t, 1, n.metrics[actortest.Series("actor_restarts_total", "kind", "session")])
	stuck.stuck = false
	for _, do := range stuck.held {
		do()
	}
	w.sim.Run(time.Second)
	s.login(n.self)
	require.NotEqual(t, "0000000000000000", s.login(n.self))
	require.Zero(t, n.catalog().Copies)
	require.Equal(t, 1, w.logins(memory))
}

// TestNodeEndsThoughAnActorFailsMeanwhile: an actor that fails while the node stops is not brought back to life.
func TestNodeEndsThoughAnActorFailsMeanwhile(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, testConfig())
	w.sim.Run(time.Second)
	w.stranger(100, false).dial(n.self)
	w.sim.System.Root.Send(n.routes.Gateway, (*message.Send)(nil)) // it panics over this
	w.sim.System.Root.Stop(n.routes.Node)
	w.sim.Run(time.Minute)
	_, alive := w.sim.System.ProcessRegistry.Get(n.routes.Node)
	require.False(t, alive)
}
