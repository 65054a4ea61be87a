package gateway_test

import (
	"crypto/md5"
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
	"alakazaam/actors/store"
	"alakazaam/config"
)

// promotion is what decides on the node's role.
func (n *simNode) promotion() *message.RoleStatus {
	return inspect[*message.RoleStatus](n, n.routes.Role)
}

func (n *simNode) node() *message.NodeStatus {
	return inspect[*message.NodeStatus](n, n.routes.Node)
}

// become asks the node to change its role, without waiting for it.
func (n *simNode) become(supernode bool, known ...p2p.Endpoint) *actortest.Probe {
	p := n.sim.Probe(fmt.Sprintf("become %v %s at %v", supernode, n.routes.Node.Id, n.sim.Now()))
	n.env.System.Root.Send(n.routes.Node, &message.Become{Ref: 1, Supernode: supernode, Known: known, ReplyTo: p.PID})
	return p
}

// becomes is become to its end.
func (n *simNode) becomes(supernode bool, known ...p2p.Endpoint) error {
	p := n.become(supernode, known...)
	n.sim.RunUntil(5*time.Minute, func() bool { return len(p.Messages) > 0 })
	require.Len(n.t, p.Messages, 1)
	require.Equal(n.t, message.Ref(1), p.Messages[0].(*message.Became).Ref)
	return p.Messages[0].(*message.Became).Err
}

// shutdown ends a node in order.
func (n *simNode) shutdown() {
	n.env.System.Root.Send(n.routes.Node, &message.Shutdown{})
	n.sim.RunUntil(time.Minute, func() bool { return n.kinds()["node"] == 0 })
	for kind, living := range n.kinds() {
		require.Zero(n.t, living, kind)
	}
}

// switching is a configuration in which a peer may become a supernode, and never wants to by itself.
func switching() config.Config {
	c := testConfig()
	c.Promotion.Enabled, c.Promotion.MinUptime, c.Promotion.Every = true, 8760*time.Hour, time.Hour
	c.Discovery.Target = 4
	return c
}

// promoting is a configuration in which a peer soon becomes a supernode where one is missing.
func promoting() config.Config {
	c := switching()
	p := &c.Promotion
	p.MinUptime, p.MinAverage, p.Every, p.MinSupernodes = time.Minute, time.Minute, 5*time.Second, 1
	p.MinSessions, p.Settle, p.Idle, p.Rest = 1, 30*time.Second, time.Minute, 2*time.Minute
	return c
}

// crowd is a small supernode, which takes three peers, and six of them, each with a file.
func crowd(t testing.TB, seed uint64) *world {
	w := newWorld(t, seed)
	c := testConfig()
	c.Limits.Sessions, c.Discovery.Target = 3, 4
	w.add(node.Supernode, c, endpoint(2), endpoint(3), endpoint(4), endpoint(5), endpoint(6), endpoint(7))
	for i := range 6 {
		p := w.add(node.Peer, promoting(), endpoint(1))
		p.disk.Put(fmt.Sprintf("crowd %d", i), []byte{byte(i)})
	}
	return w
}

// promoted are the peers that are supernodes now.
func (w *world) promoted() []*simNode {
	return slices.DeleteFunc(slices.Clone(w.all[1:]), func(n *simNode) bool { return n.kinds()["node"] == 0 || !n.routes.Serving() })
}

// finds says whether a node finds files with those names, each once.
func (n *simNode) finds(count int) bool {
	if n.routes.Searches() == nil {
		return false
	}
	found := n.find("crowd")
	return found.Err == nil && len(found.Results) == count
}

// eventually lets time pass in small steps until done.
func (w *world) eventually(done func() bool, what string) {
	for range 100 {
		if done() {
			return
		}
		w.sim.Run(5 * time.Second)
	}
	require.Fail(w.t, "never: "+what)
}

// TestPeerBecomesSupernodeAndGoesBack: three of six peers find no room, so that one of them makes some. When they are gone
// it is a peer again.
func TestPeerBecomesSupernodeAndGoesBack(t *testing.T) {
	w := crowd(t, 1)
	began := w.sim.Now()
	w.eventually(func() bool { return len(w.promoted()) > 0 }, "a peer becomes a supernode")
	require.GreaterOrEqual(t, w.sim.Now().Sub(began), 90*time.Second, "not before min_uptime and settle")
	p := w.promoted()[0]
	w.sim.Run(time.Minute)
	require.Equal(t, "resting", p.promotion().State)
	all := func() bool { return !slices.ContainsFunc(w.all, func(n *simNode) bool { return !n.finds(6) }) }
	w.eventually(all, "everybody finds everything")
	w.sim.Run(time.Minute)
	require.Equal(t, "supernode", p.node().Role)
	sessions := 0
	for _, n := range w.promoted() {
		sessions += inspect[*message.SessionsStatus](n, n.routes.Sessions).Sessions
	}
	require.Positive(t, sessions)
	require.Equal(t, 3, sessions+len(w.promoted()), "those for whom there was no room")
	require.Zero(t, p.kinds()["peer"])
	require.Equal(t, 1, p.metrics[actortest.Series("promotions_total", "reason", "overloaded")])
	require.Equal(t, []int{1, 0}, []int{
		p.metrics[actortest.Series("role", "role", "supernode")], p.metrics[actortest.Series("role", "role", "peer")],
	})
	asking := w.stranger(60, true)
	asking.dial(p.self).say("SUPEPKT0000000000009%s01", field(asking.self))
	require.Len(t, asking.heard, 1)
	asking.heard[0].hear("ASUPPKT0000000000009%s", field(p.self))

	kept := false // one that is logged in at the supernode that was there from the start
	for _, n := range w.all[1:] {
		switch {
		case n == p:
		case !kept && !n.routes.Serving() && n.standing().Supernode == w.all[0].self:
			kept = true
		default:
			n.shutdown()
		}
	}
	require.True(t, kept)
	w.eventually(func() bool { return len(w.promoted()) == 0 }, "it goes back")
	left := slices.DeleteFunc(slices.Clone(w.all), func(n *simNode) bool { return n.kinds()["node"] == 0 })
	w.eventually(func() bool {
		return !slices.ContainsFunc(left, func(n *simNode) bool { return !n.finds(len(left) - 1) })
	}, "everybody finds everything again")
	require.Equal(t, w.all[0].self, p.standing().Supernode)
	require.Equal(t, 1, p.metrics[actortest.Series("demotions_total", "reason", "idle")])
	for _, kind := range []string{"store", "catalog", "overlay", "queries", "sessions", "session", "neighbor"} {
		require.Zero(t, p.kinds()[kind], kind)
	}
}

// TestPromotionsAreReproducible: the same seed gives the same run.
func TestPromotionsAreReproducible(t *testing.T) {
	run := func(seed uint64) string {
		w := crowd(t, seed)
		w.eventually(func() bool { return len(w.promoted()) > 0 }, "a peer becomes a supernode")
		w.sim.Run(time.Minute)
		return w.sim.Trace()
	}
	require.Equal(t, run(2), run(2))
	require.NotEqual(t, run(2), run(3))
}

// TestChangeOfRoleKeepsWhatRuns: an upload, a download and a search of the node's user go on, there and back.
func TestChangeOfRoleKeepsWhatRuns(t *testing.T) {
	w := newWorld(t, 1)
	far := w.add(node.Supernode, testConfig(), endpoint(2))
	kept := store.NewMemory(w.sim.System)
	w.store = kept
	n := w.add(node.Peer, switching(), endpoint(1))
	n.disk.Put("mine.txt", []byte("mine"))
	far.disk.Put("far.txt", []byte("far"))
	giver, taker, member := w.stranger(100, true), w.stranger(101, false), w.stranger(102, false)
	w.sim.Run(10 * time.Second)
	for _, supernode := range []bool{true, false} {
		content := fmt.Sprintf("onetwo%v", supernode)
		user := w.sim.Probe("user of " + content)
		id := idOf(fmt.Sprintf("%x", md5.Sum([]byte(content))))
		w.sim.System.Root.Send(n.routes.Transfers, &message.Download{
			File: id, Name: "onetwo", Owners: []p2p.Endpoint{giver.self}, ReplyTo: user.PID,
		})
		upload := taker.dial(n.self)
		w.sim.Run(20 * time.Millisecond)
		conn := giver.heard[len(giver.heard)-1]
		conn.say("ARET00000200003one")
		w.net.Latency = func(_, to netip.Addr) time.Duration {
			if to == taker.self.IPv4() {
				return 50 * time.Second
			}
			return time.Millisecond
		}
		upload.say("RETR%x", md5.Sum([]byte("mine")))
		text, err := p2p.NewSearchText(".txt")
		require.NoError(t, err)
		w.sim.System.Root.Send(n.routes.Searches(), &message.Find{Text: text, ReplyTo: n.user.PID})
		w.sim.Run(20 * time.Millisecond)
		asked := len(n.user.Messages)

		change := n.become(supernode, far.self)
		if !supernode {
			w.sim.Run(100 * time.Millisecond)
			require.Equal(t, asked, len(n.user.Messages), "the search goes on")
			member.dial(n.self).say("LOGI%s", field(member.self)).hear("ALGI0000000000000000")
		}
		w.eventually(func() bool { return len(change.Messages) > 0 }, "the role changes")
		require.NoError(t, change.Messages[0].(*message.Became).Err)
		require.Greater(t, len(n.user.Messages), asked)
		found := n.user.Messages[asked].(*message.Found)
		require.NoError(t, found.Err)
		require.Len(t, found.Results, 2, "the search that was open")
		conn.say("%05d%s", len(content)-3, content[3:])
		states := actortest.Got[*message.DownloadState](user)
		last := states[len(states)-1]
		require.Empty(t, last.Error)
		require.True(t, last.Ended)
		require.Equal(t, content, string(w.net.Files[last.Path]))
		w.sim.Run(time.Minute)
		upload.hear("ARET00000100004mine")
		w.net.Latency = func(netip.Addr, netip.Addr) time.Duration { return time.Millisecond }

		w.sim.Run(10 * time.Second)
		require.Equal(t, supernode, n.routes.Serving())
		require.Equal(t, !supernode, n.routes.Standing())
		require.Len(t, n.find(".txt").Results, 2)
		require.Len(t, far.find("far").Results, 1)
		login := member.dial(n.self).say("LOGI%s", field(member.self))
		require.Equal(t, supernode, string(login.got) != "ALGI0000000000000000", string(login.got))
		logins := 0
		if supernode {
			logins++
		}
		require.Equal(t, logins, w.logins(kept), "nobody is logged in at a peer")
	}
}

// TestChangeOfRoleThatFails: a directory that cannot be read makes no supernode, and the peer goes on as one.
func TestChangeOfRoleThatFails(t *testing.T) {
	w := newWorld(t, 1)
	far := w.add(node.Supernode, testConfig())
	dead := &deadStore{Store: store.NewMemory(w.sim.System), sim: w.sim, dead: true}
	w.store = dead
	n := w.add(node.Peer, switching(), endpoint(1))
	n.disk.Put("before.txt", []byte("before"))
	w.sim.Run(10 * time.Second)
	change := n.become(true)
	w.sim.Run(10 * time.Second)
	require.Equal(t, "supernode", n.node().Change)
	require.Equal(t, "peer", n.node().Role)
	require.Equal(t, message.ErrBusy, n.becomes(true), "one at a time")
	login := w.stranger(100, false)
	login.dial(n.self).say("LOGI%s", field(login.self)).hear("ALGI0000000000000000")
	n.disk.Put("meanwhile.txt", []byte("meanwhile"))
	w.sim.Run(2 * time.Minute)
	require.ErrorContains(t, change.Messages[0].(*message.Became).Err, "the directory was not loaded within 1m0s")
	for _, kind := range []string{"store", "catalog", "overlay", "queries", "sessions"} {
		require.Zero(t, n.kinds()[kind], kind)
	}
	require.Empty(t, n.node().Change)
	require.Len(t, n.find(".txt").Results, 2)
	n.disk.Put("after.txt", []byte("after"))
	w.sim.Run(5 * time.Second)
	require.Len(t, far.find(".txt").Results, 3, "the peer hears of its share again")

	dead.dead = false
	require.NoError(t, n.becomes(true, far.self))
	require.Len(t, n.find(".txt").Results, 3)
	require.NoError(t, n.becomes(true), "it is one")
	require.NoError(t, n.becomes(false))
}

// TestRolesThatAreFixed: a node that was not told that it may change keeps its role.
func TestRolesThatAreFixed(t *testing.T) {
	w := newWorld(t, 1)
	super := w.add(node.Supernode, testConfig())
	peer := w.add(node.Peer, testConfig())
	promoting := w.add(node.Supernode, promoting())
	w.sim.Run(time.Second)
	require.ErrorContains(t, super.becomes(false), "keeps its role")
	require.ErrorContains(t, peer.becomes(true), "keeps its role")
	require.ErrorContains(t, promoting.becomes(false), "keeps its role")
	require.NoError(t, super.becomes(true))
}

// TestShareThatFailsDuringAChange: whoever publishes in the end knows everything.
func TestShareThatFailsDuringAChange(t *testing.T) {
	w := newWorld(t, 1)
	far := w.add(node.Supernode, testConfig())
	dead := &deadStore{Store: store.NewMemory(w.sim.System), sim: w.sim, dead: true}
	w.store = dead
	n := w.add(node.Peer, switching(), endpoint(1))
	w.sim.Run(10 * time.Second)
	change := n.become(true, far.self)
	w.sim.Run(10 * time.Second) // the catalog has told the share of itself, and the node still is a peer
	require.Equal(t, 1, n.kinds()["catalog"])
	w.sim.System.Root.Send(n.routes.Share, (*message.Retrieve)(nil))
	n.disk.Put("new.txt", []byte("new"))
	w.sim.Run(time.Second)
	require.Equal(t, 1, n.standing().Published)
	dead.dead = false
	w.eventually(func() bool { return len(change.Messages) > 0 }, "the role changes")
	require.Equal(t, 1, n.metrics[actortest.Series("actor_restarts_total", "kind", "share")])
	require.Len(t, n.find(".txt").Results, 1)
}

// TestShutdownDuringAChange ends the node in order, whichever step it meets.
func TestShutdownDuringAChange(t *testing.T) {
	for _, supernode := range []bool{true, false} {
		steps := make(map[string]bool)
		for after := time.Duration(0); after < 25*time.Second; after += 500 * time.Millisecond {
			w := newWorld(t, 1)
			far := w.add(node.Supernode, testConfig())
			n := w.add(node.Peer, switching(), endpoint(1))
			w.sim.Run(10 * time.Second)
			if !supernode {
				require.NoError(t, n.becomes(true, far.self))
				w.stranger(100, false).login(n.self)
				w.sim.System.Root.Send(n.routes.Queries, &message.Find{ReplyTo: n.user.PID}) // which it waits for
			}
			change := n.become(supernode, far.self)
			w.sim.Run(after)
			steps[fmt.Sprintf("%v %v %v", n.routes.Serving(), n.routes.Standing(), len(change.Messages))] = true
			n.shutdown()
			w.sim.Run(time.Minute)
			require.Zero(t, inspect[*message.SessionsStatus](far, far.routes.Sessions).Sessions, "the peer has logged out")
		}
		require.Len(t, steps, map[bool]int{true: 2, false: 2}[supernode], "%v", steps)
	}
}
