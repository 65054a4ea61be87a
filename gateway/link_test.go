package gateway_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/node"
	"alakazaam/actors/p2p"
)

// linkTo opens a link to a node as other programs would, and takes the answer.
func (s *stranger) linkTo(to p2p.Endpoint) *rawConn {
	c := s.dial(to).say("LINK01%s", field(s.self))
	require.Regexp(s.t, "^ALNK02.{60}[0-9]{10}PING[A-Z0-9]{16}$", string(c.got))
	require.Equal(s.t, field(to), string(c.got[6:66]))
	c.say("PONG%s%010d%07d%010d", c.got[80:96], 777, 5, 50)
	c.got = nil
	return c
}

func TestLinkFromOutside(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, linkConfig())
	s := w.stranger(100, true)
	w.sim.Run(42 * time.Second)
	c := s.dial(n.self).say("LINK01%s", field(s.self))
	require.Equal(t, "ALNK02"+field(n.self)+"0000000042PING", string(c.got[:80]))
	ping := c.got[80:96]
	c.got = nil
	w.sim.Run(30 * time.Millisecond)
	c.say("PONG%s%010d%07d%010d", ping, 777, 5, 50)

	nb := n.neighbor()
	require.Equal(t, message.NeighborStatus{
		Endpoint: s.self, Up: true, Kind: "link", Uptime: 777 * time.Second, RTT: nb.RTT, Sessions: 5, Files: 50, Seen: nb.Seen,
	}, nb)
	require.Greater(t, nb.RTT, 30*time.Millisecond)
	require.Equal(t, 1, n.metrics["links"])

	c.say("PINGPKT0000000000001").hear("PONGPKT0000000000001%010d%07d%010d", 42, 0, 0)
	n.disk.Put("one.txt", []byte("1"))
	s.login(n.self)
	w.sim.Run(2 * time.Second)
	c.say("PINGPKT0000000000002").hear("PONGPKT0000000000002%010d%07d%010d", 44, 1, 1)

	c.conn.Close()
	w.sim.Run(50 * time.Millisecond)
	require.False(t, n.neighbor().Up)
	require.Zero(t, n.metrics["links"])
	require.Equal(t, 1, n.metrics["links_lost_total"])
}

// TestPing: whoever wants to know how a supernode is may ask, link or not. A peer has nothing to say.
func TestPing(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, linkConfig())
	p := w.add(node.Peer, linkConfig())
	s := w.stranger(100, false)
	n.disk.Put("one.txt", []byte("1"))
	w.sim.Run(7 * time.Second)
	c := s.dial(n.self).say("PINGPKT0000000000001")
	c.hear("PONGPKT0000000000001%010d%07d%010d", 7, 0, 1)
	c.say("LOGI%s", field(s.self))
	require.Contains(t, string(c.got), "ALGI", "it is an ordinary connection")
	q := s.dial(p.self).say("PINGPKT0000000000001")
	q.hear("NACK503%-100s", "this node is no supernode")
}

// TestLinksThatAreRefused: each with its reason.
func TestLinksThatAreRefused(t *testing.T) {
	for name, x := range map[string]struct {
		say, hear string
		prepare   func(n *simNode)
	}{
		"another's address":       {say: "LINK01" + field(endpoint(77)), hear: "NACK403"},
		"this node's own address": {say: "LINK01" + field(endpoint(1)), hear: "NACK409", prepare: func(n *simNode) { c := *n.config.Get(); c.Session.VerifyAddress = false; n.config.Reload(c) }},
		"no room": {say: "LINK01" + field(endpoint(100)), hear: "NACK503", prepare: func(n *simNode) {
			c := *n.config.Get()
			c.Discovery.Max = 1
			n.config.Reload(c)
			n.stranger(99, true).linkTo(n.self)
		}},
		"not first": {say: "LOGOSESSION0000000A1LINK01" + field(endpoint(100)), hear: "ALGO000"},
		"malformed": {say: "LINKxx" + field(endpoint(100)), hear: ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			n := w.add(node.Supernode, linkConfig())
			w.sim.Run(time.Second)
			if x.prepare != nil {
				x.prepare(n)
			}
			before := n.metrics["links"]
			c := w.stranger(100, true).dial(n.self).say("%s", x.say)
			require.True(t, strings.HasPrefix(string(c.got), x.hear), "%q", c.got)
			require.NotContains(t, string(c.got), "ALNK")
			require.True(t, c.ended)
			require.Equal(t, before, n.metrics["links"])
		})
	}
}

// TestNoLinksWhereTheyAreSwitchedOff: the node is to others what a base node is.
func TestNoLinksWhereTheyAreSwitchedOff(t *testing.T) {
	w := newWorld(t, 1)
	s := w.stranger(100, true)
	n := w.add(node.Supernode, testConfig(), s.self)
	w.sim.Run(time.Second)
	c := s.dial(n.self).say("LINK01%s", field(s.self))
	require.Empty(t, c.got)
	require.True(t, c.ended)
	require.Equal(t, "base", n.neighbor().Kind)
	require.Zero(t, w.sent["LINK"]-1, "only the stranger's")
}

// TestOneLinkBetweenTwo: whoever dials, and also where both do at the same moment.
func TestOneLinkBetweenTwo(t *testing.T) {
	w := newWorld(t, 1)
	w.overlay(6, mesh(6), linkConfig())
	w.sim.Run(10 * time.Second)
	for _, n := range w.all {
		require.Equal(t, 5, n.metrics["links"])
		require.Zero(t, n.metrics["links_lost_total"])
		for _, nb := range n.neighbors() {
			require.Equal(t, "link", nb.Kind)
			require.Positive(t, nb.RTT)
		}
		g := inspect[*message.GatewayStatus](n, n.routes.Gateway)
		require.Equal(t, 5, g.Incoming+g.Outgoing, "no connection is left over")
	}
	pings := w.sent["PING"]
	w.sim.Run(time.Minute)
	require.Equal(t, 6*5*2, w.sent["PING"]-pings, "two a minute and direction")
	require.Equal(t, w.sent["PING"], w.sent["PONG"])
}

// TestBaseNodesAreAskedRarely: one that does not know LINK gets each packet on a connection of its own, and LINK only now
// and then.
func TestBaseNodesAreAskedRarely(t *testing.T) {
	for name, silent := range map[string]bool{"that closes": false, "that says nothing": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, 1)
			s := w.stranger(100, true)
			s.script = func(c *rawConn) {
				if strings.HasPrefix(string(c.got), "LINK") && !silent {
					c.conn.Close()
				}
			}
			n := w.add(node.Supernode, linkConfig(), s.self)
			w.sim.Run(100 * time.Millisecond)
			n.find("x") // while it is not known yet what the neighbor is
			require.Equal(t, 1, w.sent["QUER"], "it has waited")
			require.Equal(t, "base", n.neighbor().Kind)
			n.find("y")
			require.Equal(t, 2, w.sent["QUER"])
			require.Equal(t, 1, w.sent["LINK"])
			w.sim.Run(35 * time.Minute)
			require.Equal(t, 4, w.sent["LINK"])
			require.True(t, n.neighbor().Up)
		})
	}
}

// TestAnotherProgramAtTheAddress: one that had a link ends, and another program that knows none runs there from now on. For a
// while it may be that the old one is starting; then the new one is a base node, and gets searches.
func TestAnotherProgramAtTheAddress(t *testing.T) {
	w := newWorld(t, 1)
	s := w.stranger(100, true)
	s.script = func(c *rawConn) {
		if strings.HasPrefix(string(c.got), "LINK") && len(c.got) == 66 {
			c.conn.Send([]byte("ALNK02" + field(s.self) + "0000000001"))
		}
	}
	n := w.add(node.Supernode, linkConfig(), s.self)
	w.sim.Run(time.Second)
	require.Equal(t, "link", n.neighbor().Kind)
	s.script = func(c *rawConn) { c.conn.Close() }
	s.heard[0].conn.Abort()
	w.sim.Run(10 * time.Second)
	require.Empty(t, n.neighbor().Kind)
	n.find("x")
	require.Zero(t, w.sent["QUER"])
	w.sim.Run(80 * time.Second)
	require.Equal(t, "base", n.neighbor().Kind)
	n.find("x")
	require.Equal(t, 1, w.sent["QUER"])
	s.script = nil
	s.linkTo(n.self)
	require.Equal(t, "link", n.neighbor().Kind, "and it may learn it again")
}

// TestNeighborsInTheLog: a neighbor of the configuration has a line, once, when it cannot be reached, with the reason, also
// where it never could be; and one when it is lost.
func TestNeighborsInTheLog(t *testing.T) {
	w := newWorld(t, 1)
	log := w.logged()
	n := w.add(node.Supernode, linkConfig(), endpoint(100), endpoint(101))
	said := func(text string) (all []string) {
		for _, e := range log.all {
			if e.Level <= logrus.InfoLevel && e.Message == text {
				all = append(all, fmt.Sprint(e.Data["neighbor"], " ", e.Data["error"]))
			}
		}
		return all
	}
	w.sim.Run(5 * time.Minute)
	never := said("neighbor cannot be reached")
	require.Len(t, never, 2)
	require.Contains(t, never[0], endpoint(100).String()+" ")
	require.NotContains(t, never[0], "nil")
	c := w.stranger(100, false).linkTo(n.self)
	require.Len(t, said("neighbor can be reached"), 1)
	c.conn.Abort()
	w.sim.Run(5 * time.Minute)
	require.Equal(t, []string{endpoint(100).String() + " the link ended"}, said("neighbor cannot be reached any more"))
	require.Len(t, said("neighbor cannot be reached"), 2)
}

// TestSilentLinkIsGivenUp: the other side hangs, and its link is given up after discovery.ping_every and ping_timeout.
func TestSilentLinkIsGivenUp(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, linkConfig())
	w.sim.Run(time.Second)
	s := w.stranger(100, true)
	c := s.linkTo(n.self)
	c.keep = true
	w.sim.Run(39 * time.Second)
	require.True(t, n.neighbor().Up)
	require.Contains(t, string(c.got), "PING")
	w.sim.Run(2 * time.Second)
	require.True(t, c.ended)
	require.Equal(t, 1, n.metrics["links_lost_total"])
}

// TestLinkComesBack: the other side restarts, and the link is there again within seconds, whichever side opened it.
func TestLinkComesBack(t *testing.T) {
	for i := range 2 {
		w := newWorld(t, 1)
		w.overlay(2, line(2), linkConfig())
		n := w.all[i]
		gateway := n.routes.Gateway
		w.sim.System.Root.Send(gateway, (*message.Send)(nil)) // it panics over this, and its connections end
		w.sim.Run(20 * time.Millisecond)
		require.Zero(t, n.metrics["links"])
		w.sim.Run(3 * time.Second)
		for _, m := range w.all {
			require.Equal(t, 1, m.metrics["links"])
			require.Equal(t, 1, m.metrics["links_lost_total"])
			require.Equal(t, "link", m.neighbor().Kind)
		}
	}
}

// TestSlowLink: what the other side does not read is dropped and counted, and the search says that it is not complete.
func TestSlowLink(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, linkConfig())
	for i := range 20 {
		n.disk.Put(fmt.Sprintf("file %d.txt", i), fmt.Appendf(nil, "%d", i))
	}
	w.sim.Run(time.Second)
	s := w.stranger(100, true)
	c := s.linkTo(n.self)
	waiting := 0
	w.net.Queued = func(from, to netip.Addr) int {
		if from == n.self.IPv4() && to == s.self.IPv4() {
			return waiting
		}
		return 0
	}
	waiting = 256<<10 - 1
	c.say("QUERPKT0000000000001%s01%-20s", field(s.self), "file")
	require.Equal(t, 20, strings.Count(string(c.got), "AQUE"))
	require.True(t, strings.HasSuffix(string(c.got), "DONEPKT0000000000001C"))
	c.got = nil
	waiting++
	c.say("QUERPKT0000000000002%s01%-20s", field(s.self), "file").hear("DONEPKT0000000000002U")
	start := w.sim.Now()
	found := n.find("file")
	require.Len(t, found.Results, 20)
	require.InDelta(t, 1.5, w.sim.Now().Sub(start).Seconds(), 0.1, "the quiet rule: it is not complete")
	require.Zero(t, w.sent["QUER"]-2, "it was not sent")
	require.Equal(t, 21, n.metrics[actortest.Series("refusals_total", "reason", "link_queue")])
	waiting = 0
	c.say("QUERPKT0000000000003%s01%-20s", field(s.self), "file")
	require.True(t, strings.HasSuffix(string(c.got), "DONEPKT0000000000003C"))
}

// TestSubnetShare: nobody who has many addresses of one network surrounds a node.
func TestSubnetShare(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, linkConfig())
	w.sim.Run(time.Second)
	for i := range 6 {
		c := w.stranger(100+i, true)
		if i < 4 {
			c.linkTo(n.self)
			continue
		}
		c.dial(n.self).say("LINK01%s", field(c.self)).hear("NACK503%-100s", "no room for another neighbor")
	}
	w.stranger(400, true).linkTo(n.self)
	require.Len(t, n.neighbors(), 5)
}

// TestRequestsOnALinkAreTheirOwn: a QUER that somebody in this node has lost holds up nothing else on its link.
func TestRequestsOnALinkAreTheirOwn(t *testing.T) {
	w := newWorld(t, 1)
	w.harm = "[{id: lost, kind: actor, action: drop, match: {actor: queries, message: Quer, nth: 1}}]"
	n := w.add(node.Supernode, linkConfig())
	w.sim.Run(time.Second)
	c := w.stranger(100, true).linkTo(n.self)
	quer := func(i int) { c.say("QUERLINK%012d%s01%-20s", i, field(c.self), "song") }
	quer(0)
	for i := 1; i <= 2*n.config.Get().Limits.RequestsPerConnection; i++ {
		quer(i)
		require.Contains(t, string(c.got), fmt.Sprintf("DONELINK%012dC", i))
	}
	require.Equal(t, []int{1}, n.hits())
	require.NotContains(t, string(c.got), fmt.Sprintf("DONELINK%012d", 0))
	c.say("PINGLINK%012d", 1)
	require.Contains(t, string(c.got), fmt.Sprintf("PONGLINK%012d", 1))
	c.got = nil
	w.sim.Run(20 * time.Second)
	require.False(t, c.closed, "what was lost is given up, and the link goes on")
	require.Equal(t, 1, n.metrics["links"])
}

// TestLinkOutlivesLosses: losses are given up again and again, and a link on which nothing was read goes on.
func TestLinkOutlivesLosses(t *testing.T) {
	w := newWorld(t, 1)
	w.harm = "[{id: lost, kind: actor, action: drop, match: {actor: queries, message: Quer}}]"
	n := w.add(node.Supernode, linkConfig())
	w.sim.Run(time.Second)
	c := w.stranger(100, true).linkTo(n.self)
	full := n.config.Get().Limits.RequestsPerConnection
	quer := func(i int) { c.say("QUERLINK%012d%s01%-20s", i, field(c.self), "song") }
	quer(0)
	w.sim.Run(15 * time.Second)
	for i := range full {
		quer(1 + i)
	}
	w.sim.Run(13 * time.Second)
	require.Equal(t, []int{1 + full}, n.hits())
	c.say("PINGLINK%012d", 1)
	require.Contains(t, string(c.got), fmt.Sprintf("PONGLINK%012d", 1))
	require.False(t, c.closed)
}
