package gateway_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/node"
)

// TestAnswersToASearchThatEnded: whoever searched has gone, and what still comes over the link is no trouble to it.
func TestAnswersToASearchThatEnded(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, linkConfig())
	w.sim.Run(time.Second)
	s, peer := w.stranger(100, true), w.stranger(101, false)
	c := s.linkTo(n.self)
	id := peer.login(n.self)
	find := peer.dial(n.self).say("FIND%s%-20s", id, "song")
	require.Contains(t, string(c.got), "QUER")
	pktid := c.got[4:20]
	find.conn.Abort()
	w.sim.Run(20 * time.Millisecond)
	for range 100 {
		c.say("AQUE%s%s%s%-100s", pktid, field(s.self), md5Of("a"), "song")
	}
	c.got = nil
	c.say("PINGPKT0000000000001")
	require.Contains(t, string(c.got), "PONGPKT0000000000001")
	w.sim.Run(15 * time.Second)
	require.False(t, c.ended)
}
