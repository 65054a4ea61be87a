package gateway_test

import (
	"fmt"
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
	aque := fmt.Sprintf("AQUE%s%s%s%-100s", pktid, field(s.self), md5Of("a"), "song")
	c.conn.Send([]byte(strings.Repeat(aque, 10)))
	find.conn.Abort()
	for range 100 {
		c.say("%s", aque)
	}
	c.got = nil
	c.say("DONE%sCPINGPKT0000000000001", pktid)
	require.Contains(t, string(c.got), "PONGPKT0000000000001")
	w.sim.Run(15 * time.Second)
	require.False(t, c.ended)
}

// TestAnswersThatNobodyAskedFor: a neighbor answers without being asked, twice, after its DONE, for others' files, with
// names that do not match, and without end. A search has no more results than it may, and ends.
func TestAnswersThatNobodyAskedFor(t *testing.T) {
	w := newWorld(t, 1)
	cfg := linkConfig()
	cfg.Access.Deny = []string{md5Of("d")}
	n := w.add(node.Supernode, cfg)
	w.sim.Run(time.Second)
	s := w.stranger(100, true)
	c := s.linkTo(n.self)
	song, err := p2p.NewSearchText("song")
	require.NoError(t, err)
	w.sim.System.Root.Send(n.routes.Queries, &message.Find{Text: song, ReplyTo: n.user.PID})
	w.sim.Run(20 * time.Millisecond)
	require.Equal(t, "QUER", string(c.got[:4]))
	pktid := string(c.got[4:20])
	start := w.sim.Now()
	aque := func(id, md5, name string) string {
		return fmt.Sprintf("AQUE%s%s%s%-100s", id, field(s.self), md5, name)
	}
	c.say("%s", strings.Repeat("DONEPKT0000000000007C", 1000)+aque(pktid, md5Of("d"), "song that is denied")+
		aque(pktid, md5Of("e"), "something else")+aque("PKT0000000000007", md5Of("f"), "song not asked for"))
	for i := range 5000 {
		c.conn.Send([]byte(aque(pktid, fmt.Sprintf("%032x", i), "song")))
	}
	c.say("DONE%sC%s", pktid, strings.Repeat("DONE"+pktid+"U"+aque(pktid, md5Of("b"), "song behind its end"), 100))
	w.sim.RunUntil(time.Minute, func() bool { return len(n.user.Messages) > 0 })
	require.Less(t, w.sim.Now().Sub(start), 5*time.Second)
	found := n.user.Messages[0].(*message.Found)
	require.False(t, found.Complete, "there are more than are told")
	require.Len(t, found.Results, cfg.Search.MaxResults)
	for _, r := range found.Results {
		require.Equal(t, p2p.FileName("song"), r.Name)
	}
	w.sim.Run(time.Minute)
	for reason, atLeast := range map[string]int{"denied": 1, "does_not_match": 1, "not_asked": 101, "past_limit": 4800} {
		require.GreaterOrEqual(t, n.metrics[actortest.Series("dropped_total", "command", "AQUE", "reason", reason)], atLeast, reason)
	}
	require.Empty(t, n.failed())
}

// TestEveryQuerGetsItsDone: a neighbor floods QUERs, more than may be under way. Each gets one DONE, and the searches of
// this node go on as if nothing happened.
func TestEveryQuerGetsItsDone(t *testing.T) {
	w := newWorld(t, 1)
	cfg := linkConfig()
	cfg.Limits.QueriesPerAddress = 20
	n := w.add(node.Supernode, cfg, endpoint(2))
	friend := w.add(node.Supernode, linkConfig(), endpoint(1))
	friend.disk.Put("prize", []byte("prize"))
	w.sim.Run(3 * time.Second)
	s := w.stranger(100, true)
	c := s.linkTo(n.self)
	const quers = 3000
	for i := range quers {
		c.conn.Send(fmt.Appendf(nil, "QUERFLOOD%011d%s05%-20s", i, field(s.self), "prize"))
	}
	s.script = func(c *rawConn) { c.finish() }
	start := w.sim.Now()
	found := n.find("prize")
	require.True(t, found.Complete)
	require.Len(t, found.Results, 1)
	require.Less(t, w.sim.Now().Sub(start), 100*time.Millisecond)
	w.sim.Run(20 * time.Second)
	got := string(c.got)
	for i := range quers {
		require.Equal(t, 1, strings.Count(got, fmt.Sprintf("DONEFLOOD%011d", i)))
	}
	require.NotZero(t, n.metrics[actortest.Series("refusals_total", "reason", "queries_per_address")])
	require.Positive(t, strings.Count(got, "AQUE"))
	require.Zero(t, inspect[*message.QueriesStatus](n, n.routes.Queries).Answers)
}

// finish answers every QUER that has come over a link and is not answered yet with DONE.
func (c *rawConn) finish() {
	for ; c.finished+102 <= len(c.got); c.finished++ {
		if string(c.got[c.finished:c.finished+4]) == "QUER" {
			c.conn.Send([]byte("DONE" + string(c.got[c.finished+4:c.finished+20]) + "C"))
		}
	}
}

// TestNeighborThatNeverFinishes: a neighbor answers QUERs and does not say when it has finished. After the first search
// nobody waits for that, and what it answers counts all the same, further on, too. It gets another chance, and when it has
// finished a few searches in a row it is trusted at once.
func TestNeighborThatNeverFinishes(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, linkConfig())
	n.disk.Put("song", []byte("song"))
	w.sim.Run(time.Second)
	s := w.stranger(100, true)
	honest := false
	s.script = func(c *rawConn) {
		for len(c.got) >= 20 {
			switch string(c.got[:4]) {
			case "QUER":
				aque := fmt.Sprintf("AQUE%s%s%s%-100s", c.got[4:20], field(s.self), md5Of("a"), "song")
				c.conn.Send([]byte(aque))
				if honest {
					c.conn.Send([]byte("DONE" + string(c.got[4:20]) + "C"))
				}
				c.got = c.got[102:]
			case "PING":
				c.conn.Send([]byte("PONG" + string(c.got[4:20]) + strings.Repeat("0", 27)))
				c.got = c.got[20:]
			default:
				c.got = nil
			}
		}
	}
	s.dial(n.self).say("LINK01%s", field(s.self))
	far := w.add(node.Supernode, linkConfig(), n.self)
	w.sim.Run(time.Second)
	searchAt := func(n *simNode) (took time.Duration, found *message.Found) {
		start := w.sim.Now()
		found = n.find("song")
		require.Len(t, found.Results, 2)
		return w.sim.Now().Sub(start), found
	}
	search := func() (time.Duration, *message.Found) { return searchAt(n) }
	took, found := search()
	require.Equal(t, config.DefaultSearchWindow, took)
	require.False(t, found.Complete)
	w.sim.Run(time.Second)
	for range 5 {
		took, found = search()
		require.InDelta(t, 1.5, took.Seconds(), 0.1, "the quiet rule")
		require.False(t, found.Complete)
		took, found = searchAt(far)
		require.InDelta(t, 3, took.Seconds(), 0.1, "the quiet rule here and there")
		require.False(t, found.Complete)
		w.sim.Run(time.Minute)
	}
	require.Equal(t, 1, n.metrics[actortest.Series("refusals_total", "reason", "tardy_neighbor")])
	require.Equal(t, 2, n.metrics["links"])
	honest = true
	w.sim.Run(config.DefaultLinkAgain)
	took, found = search()
	require.True(t, found.Complete)
	require.Less(t, took, 100*time.Millisecond)

	honest = false
	search()
	w.sim.Run(time.Minute)
	honest = true
	for range 16 {
		search()
	}
	took, found = searchAt(far)
	require.True(t, found.Complete)
	require.Less(t, took, 100*time.Millisecond)
}

// TestAnswersToAnEarlierLink: the link over which a QUER came has ended, and there is another one. What was asked over the
// first is not answered over the second, unless it is asked there, too.
func TestAnswersToAnEarlierLink(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, linkConfig())
	w.sim.Run(time.Second)
	s, slow := w.stranger(100, true), w.stranger(101, true)
	behind := slow.linkTo(n.self)
	quer := func(id string) string { return fmt.Sprintf("QUER%s%s05%-20s", id, field(s.self), "song") }
	const first, second = "PKT0000000000001", "PKT0000000000002"
	s.linkTo(n.self).say("%s%s", quer(first), quer(second)).conn.Close()
	c := s.linkTo(n.self).say("%s", quer(second))
	c.hear("DONE%sC", second)
	require.Equal(t, 2, strings.Count(string(behind.got), "QUER"))
	for _, id := range []string{first, second} {
		behind.say("AQUE%s%s%s%-100sDONE%sC", id, field(slow.self), md5Of("a"), "song", id)
	}
	require.Empty(t, c.got)
	require.False(t, behind.ended)
}

// TestQuersThatAreNeverFinished: of those no more are remembered than somebody can wait for.
func TestQuersThatAreNeverFinished(t *testing.T) {
	w := newWorld(t, 1)
	cfg := linkConfig()
	cfg.Limits.PendingQueries = 5
	n := w.add(node.Supernode, cfg)
	w.sim.Run(time.Second)
	s := w.stranger(100, true)
	c := s.linkTo(n.self)
	p := w.sim.Probe("floods")
	const floods = 50
	for i := range floods {
		id := p2p.NewPacketID(w.sim.Rand(uint64(i)))
		w.sim.System.Root.Send(n.routes.Overlay, &message.Flood{
			Ref: message.Ref(i), Packet: &message.Quer{ID: id, Origin: n.self, TTL: 3}, ReplyTo: p.PID,
		})
	}
	w.sim.Run(20 * time.Millisecond)
	require.Equal(t, floods, strings.Count(string(c.got), "QUER"))
	branches := actortest.Got[*message.Branch](p)
	require.Len(t, branches, floods-2*cfg.Limits.PendingQueries)
	for i, b := range branches {
		require.Equal(t, &message.Branch{Ref: message.Ref(i), By: s.self, Outcome: message.Unknown}, b)
	}
}

// TestTrustGetsDearer: a neighbor that does not finish each seventeenth QUER has searches wait for it less and less often.
func TestTrustGetsDearer(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, linkConfig())
	n.disk.Put("song", []byte("song"))
	w.sim.Run(time.Second)
	s := w.stranger(100, true)
	k := 0
	s.script = func(c *rawConn) {
		for len(c.got) >= 20 {
			switch string(c.got[:4]) {
			case "QUER":
				if k%17 != 0 {
					c.conn.Send([]byte("DONE" + string(c.got[4:20]) + "C"))
				}
				k++
				c.got = c.got[102:]
			case "PING":
				c.conn.Send([]byte("PONG" + string(c.got[4:20]) + strings.Repeat("0", 27)))
				c.got = c.got[20:]
			default:
				c.got = nil
			}
		}
	}
	s.dial(n.self).say("LINK01%s", field(s.self))
	w.sim.Run(time.Second)
	stalled := 0
	for range 170 {
		start := w.sim.Now()
		n.find("song")
		if d := w.sim.Now().Sub(start); d > 10*time.Second {
			stalled++
		}
	}
	require.Positive(t, stalled)
	require.LessOrEqual(t, stalled, 3)
}
