package gateway_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/node"
	"alakazaam/actors/p2p"
)

func (n *simNode) neighbors() []message.NeighborStatus {
	return inspect[*message.OverlayStatus](n, n.routes.Overlay).Neighbors
}

// TestQueryAnswers plays a supernode that asks: each matching copy in an AQUE of its own, alone on its connection.
func TestQueryAnswers(t *testing.T) {
	w := newWorld(t, 1)
	w.overlay(1, nil, testConfig())
	a := w.stranger(100, true)
	id := a.login(endpoint(1))
	a.dial(endpoint(1)).say("%s", adff(id, md5Of("a"), "Perché.mp3"))
	w.all[0].disk.Put("perch.txt", []byte("x"))
	w.sim.Run(time.Second)
	quer := fmt.Sprintf("QUERPKT0000000000002%s05%-20s", field(a.self), "%PERCH%")
	a.dial(endpoint(1)).say("%s%s", quer, quer)
	w.sim.Run(time.Second)
	require.Len(t, a.heard, 2, "the duplicate is dropped")
	for _, c := range a.heard {
		require.Len(t, c.got, 212)
		require.True(t, c.ended)
	}
	got := string(a.heard[0].got) + string(a.heard[1].got)
	require.Contains(t, got, fmt.Sprintf("AQUEPKT0000000000002%s%s%-100s", field(a.self), md5Of("a"), "Perche.mp3"))
	require.Contains(t, got, fmt.Sprintf("%-100s", "perch.txt"))
	require.Equal(t, 1, w.all[0].metrics[actortest.Series("search_seconds_count", "began", "elsewhere")])
	require.Positive(t, w.all[0].metrics[actortest.Series("search_seconds_sum", "began", "elsewhere")])
}

// TestForgedReplyAddress: a query in somebody else's name brings them a few dials and no more.
func TestForgedReplyAddress(t *testing.T) {
	w := newWorld(t, 1)
	w.overlay(1, nil, testConfig())
	for i := range 300 {
		w.all[0].disk.Put(fmt.Sprintf("file %03d", i), fmt.Appendf(nil, "%d", i))
	}
	attacker := w.stranger(100, false)
	deaf := w.stranger(101, false)
	victim := w.stranger(102, true)
	w.sim.Run(time.Second)
	dials := 0
	w.net.Dialing = func(_ netip.Addr, to netip.AddrPort) {
		if deaf.self.At(to.Addr()) {
			dials++
		}
	}
	attacker.dial(endpoint(1)).say("QUERPKT000000000000A%s05%-20s", field(deaf.self), "*")
	attacker.dial(endpoint(1)).say("QUERPKT000000000000B%s05%-20s", field(victim.self), "*")
	most := 0
	w.sim.RunUntil(time.Minute, func() bool {
		open := 0
		for _, c := range victim.heard {
			if !c.closed {
				open++
			}
		}
		most = max(most, open)
		return false
	})
	require.Len(t, victim.heard, 200, "search.max_results bounds the AQUEs")
	require.LessOrEqual(t, most, 8)
	require.Equal(t, 200, w.sent["AQUE"], "nothing was delivered to who does not listen")
	require.Positive(t, dials)
	require.LessOrEqual(t, dials, 6, "four at once, and no more after two have failed")
	require.Zero(t, inspect[*message.QueriesStatus](w.all[0], w.all[0].routes.Queries).Answers)
}

// TestQuietRule: a search ends when no AQUE has come for the quiet time, and when its window is over.
func TestQuietRule(t *testing.T) {
	for _, c := range []struct {
		name        string
		aques       int
		every, want time.Duration
	}{
		{"no answers", 0, 0, 1500 * time.Millisecond},
		{"answers for a while", 4, time.Second, 5500 * time.Millisecond},
		{"answers without end", 100, time.Second, 18 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, 1)
			other := w.stranger(100, true)
			n := w.add(node.Supernode, testConfig(), other.self)
			w.sim.Run(time.Second)
			text, _ := p2p.NewSearchText("song")
			start := w.sim.Now()
			w.sim.System.Root.Send(n.routes.Queries, &message.Find{Text: text, ReplyTo: n.user.PID})
			w.sim.Run(100 * time.Millisecond)
			quer := string(other.heard[len(other.heard)-1].got)
			for i := range c.aques {
				w.sim.Do(start.Add(time.Duration(i+1)*c.every).Sub(w.sim.Now()), func() {
					aque := fmt.Sprintf("AQUE%s%s%032x%-100s", quer[4:20], field(endpoint(9)), i+1, "my song.mp3")
					if i%2 == 1 {
						aque = fmt.Sprintf("AQUE%s%s%032x%s", quer[4:20], field(endpoint(9)), i+1, "my song.mp3") // not padded
					}
					other.deliver(n.self, aque)
				})
			}
			w.sim.RunUntil(time.Minute, func() bool { return len(n.user.Messages) > 0 })
			require.InDelta(t, c.want.Seconds(), w.sim.Now().Sub(start).Seconds(), 0.1)
			require.Len(t, n.user.Messages[0].(*message.Found).Results, min(c.aques, 17))
			require.Equal(t, 1, n.metrics[actortest.Series("search_seconds_count", "began", "here")])
			require.InDelta(t, c.want.Milliseconds(), n.metrics[actortest.Series("search_seconds_sum", "began", "here")], 100)
			require.Equal(t, 1, n.metrics["search_results_count"])
			require.Equal(t, 1000*min(c.aques, 17), n.metrics["search_results_sum"])
			require.Zero(t, n.metrics["searches"])
		})
	}
}

// deliver brings bytes on a connection of their own, without waiting.
func (s *stranger) deliver(to p2p.Endpoint, data string) {
	c := s.raw()
	c.onOpen = func() {
		c.conn.Send([]byte(data))
		c.conn.Close()
	}
	s.transport.Dial(to.Dialable(), time.Second, c.pid)
}

func TestAnswersThatWereNotAskedForAreDropped(t *testing.T) {
	w := newWorld(t, 1)
	other := w.stranger(100, true)
	n := w.add(node.Supernode, testConfig(), other.self)
	w.sim.Run(time.Second)
	text, _ := p2p.NewSearchText("perché")
	w.sim.System.Root.Send(n.routes.Queries, &message.Find{Text: text, ReplyTo: n.user.PID})
	w.sim.Run(100 * time.Millisecond)
	pktid := string(other.heard[len(other.heard)-1].got)[4:20]
	for i, name := range []string{"Perche no.txt", "PERCHÉ.txt", "something else.txt"} {
		other.deliver(n.self, fmt.Sprintf("AQUE%s%s%032x%-100s", pktid, field(endpoint(9)), i+1, name))
	}
	other.deliver(n.self, fmt.Sprintf("AQUE%s%s%032x%-100s", "PKT0000000000009", field(endpoint(9)), 9, "perché"))
	w.sim.RunUntil(time.Minute, func() bool { return len(n.user.Messages) > 0 })
	require.Len(t, n.user.Messages[0].(*message.Found).Results, 2)
}

func TestNeighborsAreFoundUpToTheTarget(t *testing.T) {
	w := newWorld(t, 1)
	c := testConfig()
	c.Discovery.TTL = 4
	w.overlay(6, line(6), c)
	c.Discovery.Target, c.Discovery.Max = 3, 4
	n := w.add(node.Supernode, c, endpoint(1))
	w.sim.Run(2 * time.Minute)
	got := n.neighbors()
	require.Len(t, got, 3)
	for _, nb := range got {
		require.True(t, nb.Up)
	}
	require.Len(t, n.find("*").Results, 0)
}

func TestNeighborThatCannotBeReachedDoesNotCount(t *testing.T) {
	w := newWorld(t, 1)
	lying := w.stranger(100, true)
	c := testConfig()
	c.Discovery.Target = 4
	n := w.add(node.Supernode, c, lying.self)
	w.sim.Run(time.Second)
	supe := ""
	for _, h := range lying.heard {
		if len(h.got) == 82 {
			supe = string(h.got)
		}
	}
	require.NotEmpty(t, supe)
	lying.deliver(n.self, "ASUP"+supe[4:20]+field(endpoint(200)))
	w.sim.Run(800 * time.Millisecond)
	require.Len(t, n.neighbors(), 2)
	require.False(t, n.neighbors()[1].Up)
	w.sim.Run(10 * time.Second)
	require.Len(t, n.neighbors(), 1, "it was never reached and is forgotten")
}

// TestKnownSupernodesOfASupernode: it remembers as many as the limits say, and counts those for which there is no room.
func TestKnownSupernodesOfASupernode(t *testing.T) {
	w := newWorld(t, 1)
	notes := w.sim.NewNotes()
	w.notes = notes
	telling := w.stranger(100, true)
	c := testConfig()
	c.Discovery.Target, c.Limits.KnownSupernodes, c.Limits.KnownPerSubnet = 2, 4, 2
	n := w.add(node.Supernode, c, telling.self)
	w.sim.Run(time.Second)
	supe := ""
	for _, h := range telling.heard {
		if len(h.got) == 82 {
			supe = string(h.got)
		}
	}
	require.NotEmpty(t, supe)
	for i := range 20 {
		telling.deliver(n.self, "ASUP"+supe[4:20]+field(endpoint(1000+64*i)))
	}
	w.sim.Run(2 * time.Minute)
	require.Equal(t, 4, bytes.Count(notes.Values["supernodes"], []byte("endpoint")))
	require.Equal(t, 17, n.metrics[actortest.Series("refusals_total", "reason", "known_supernodes")])
}

func TestDeadNeighborDoesNotHoldASearchUp(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, testConfig(), endpoint(200))
	w.sim.Run(time.Second)
	n.disk.Put("here.txt", []byte("here"))
	start := w.sim.Now()
	require.Len(t, n.find("here").Results, 1)
	require.Less(t, w.sim.Now().Sub(start), time.Second)
}

// TestFullDialQueueSaysNothingOfOthers: when so much is sent to an address that the dials towards it are more than may
// wait, neither the neighbor nor the session there counts as unreachable.
func TestFullDialQueueSaysNothingOfOthers(t *testing.T) {
	w := newWorld(t, 1)
	c := testConfig()
	c.Limits.DialsPerAddress, c.Limits.DialsQueued = 1, 1
	c.Session.ProbeEvery, c.Session.ProbeFailures = 2*time.Second, 1
	s := w.stranger(100, true)
	n := w.add(node.Supernode, c, s.self)
	w.sim.Run(time.Second)
	s.login(n.self)
	w.net.Latency = func(netip.Addr, netip.Addr) time.Duration { return 200 * time.Millisecond }
	dropped := actortest.Series("refusals_total", "reason", "dials_queued")
	for i := range 300 {
		w.sim.System.Root.Send(n.routes.Gateway, &message.Send{To: s.self})
		w.sim.Run(100 * time.Millisecond)
		if i == 100 {
			w.sim.System.Root.Send(n.routes.Overlay, &message.Flood{Packet: &message.Quer{
				ID: p2p.NewPacketID(w.sim.Rand(9)), Origin: n.self, TTL: 5,
			}})
		}
	}
	require.Greater(t, n.metrics[dropped], 100)
	require.Zero(t, n.metrics["sessions_vanished_total"])
	require.True(t, n.neighbors()[0].Up)
	require.Equal(t, 1, n.neighbors()[0].Failed, "it was not sent, which is not the neighbor's fault")
}
