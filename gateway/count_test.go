package gateway_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/node"
	"alakazaam/actors/store"
)

// packets is what a node has counted of a command: those that came in as ok, refused and failed, those that went out as
// sent and failed.
func (n *simNode) packets(command string) (counts [5]int) {
	for i, at := range [5][2]string{{"in", "ok"}, {"in", "refused"}, {"in", "failed"}, {"out", "sent"}, {"out", "failed"}} {
		counts[i] = n.metrics[actortest.Series("packets_total", "command", command, "direction", at[0], "result", at[1])]
	}
	return counts
}

func TestPacketsAreCountedByTheirEnd(t *testing.T) {
	w := newWorld(t, 1)
	w.overlay(1, nil, testConfig())
	n := w.all[0]
	file := n.disk.Put("shared.txt", []byte("content"))
	s := w.stranger(100, false)
	id := s.login(n.self)
	s.dial(n.self).say("LOGI%s", field(endpoint(77))) // not its own address
	c := s.dial(n.self)
	c.say("%s%s", adff(id, md5Of("a"), "one"), adff(id, md5Of("b"), "two"))
	c.say("DEFF%s%s", id, md5Of("a"))
	c.say("%sFIND%s%-20s", adff(strings.Repeat("9", 16), md5Of("c"), "x"), strings.Repeat("9", 16), "*")
	f := s.dial(n.self).say("FIND%s%-20s", id, "*")
	w.sim.Run(3 * time.Second)
	require.Contains(t, string(f.got), "AFIN002")
	s.dial(n.self).say("RETR%s", md5Of("f"))
	s.dial(n.self).say("RETR%s", file)
	s.dial(n.self).say("LOGO%s", id)

	for command, want := range map[string][5]int{
		"LOGI": {1, 1, 0, 0, 0}, "ALGI": {0, 0, 0, 2, 0},
		"ADFF": {2, 1, 0, 0, 0}, "DEFF": {1, 0, 0, 0, 0},
		"FIND": {1, 1, 0, 0, 0}, "AFIN": {0, 0, 0, 1, 0},
		"RETR": {1, 1, 0, 0, 0}, "ARET": {0, 0, 0, 1, 0},
		"LOGO": {1, 0, 0, 0, 0}, "ALGO": {0, 0, 0, 1, 0},
	} {
		require.Equal(t, want, n.packets(command), command)
	}
	require.Zero(t, n.metrics["requests_open"])
}

// TestRequestsOfConnectionsThatEndAreCounted: what is open when a connection ends has failed, once.
func TestRequestsOfConnectionsThatEndAreCounted(t *testing.T) {
	w := newWorld(t, 1)
	stuck := &stuckStore{Store: store.NewMemory(w.sim.System)}
	w.store = stuck
	n := w.add(node.Supernode, testConfig())
	w.sim.Run(time.Second)
	s := w.stranger(100, false)
	id := s.login(n.self)
	stuck.stuck = true
	c := s.dial(n.self)
	c.say("%s%sDEFF%s%s", adff(id, md5Of("a"), "one"), adff(id, md5Of("b"), "two"), id, md5Of("a"))
	require.Equal(t, 3, n.metrics["requests_open"])
	c.conn.Abort()
	w.sim.Run(time.Second)
	require.Zero(t, n.metrics["requests_open"])
	require.Equal(t, [5]int{0, 0, 2, 0, 0}, n.packets("ADFF"))
	require.Equal(t, [5]int{0, 0, 1, 0, 0}, n.packets("DEFF"))
	stuck.stuck = false
	for _, do := range stuck.held {
		do()
	}
	w.sim.Run(time.Second)
	require.Equal(t, [5]int{0, 0, 2, 0, 0}, n.packets("ADFF"), "a late answer changes nothing")
}

// TestPacketsThatReachNobodyAreCounted: answers to a QUER of somebody who does not listen.
func TestPacketsThatReachNobodyAreCounted(t *testing.T) {
	w := newWorld(t, 1)
	w.overlay(1, nil, testConfig())
	n := w.all[0]
	n.disk.Put("shared.txt", []byte("content"))
	w.sim.Run(time.Second)
	w.stranger(100, false).dial(n.self).say("QUER%s%s01%-20s", strings.Repeat("Q", 16), field(endpoint(100)), "*")
	w.sim.Run(30 * time.Second)
	require.Equal(t, [5]int{1, 0, 0, 0, 0}, n.packets("QUER"))
	require.Equal(t, [5]int{0, 0, 0, 0, 1}, n.packets("AQUE"))
}

// TestWhatIsSentArrives: in a network where all go well, what all have sent is what all have got.
func TestWhatIsSentArrives(t *testing.T) {
	w := newWorld(t, 1)
	w.overlay(4, [][2]int{{0, 1}, {1, 2}, {2, 3}, {3, 0}}, testConfig())
	for i := range 3 {
		p := w.add(node.Peer, testConfig(), endpoint(i+1))
		p.disk.Put(fmt.Sprintf("file %d", i), []byte{byte(i)})
	}
	w.sim.Run(10 * time.Second)
	for _, n := range w.all {
		require.Len(t, n.find("file").Results, 3)
	}
	w.sim.Run(time.Minute)
	for _, command := range []string{"SUPE", "ASUP", "LOGI", "ALGI", "ADFF", "QUER", "AQUE", "FIND", "AFIN"} {
		var all [5]int
		for _, n := range w.all {
			for i, count := range n.packets(command) {
				all[i] += count
			}
		}
		require.Positive(t, all[3], command)
		require.Equal(t, all[3], all[0]+all[1]+all[2], command)
		require.Zero(t, all[4], command)
	}
	for _, n := range w.all {
		require.Zero(t, n.metrics["requests_open"])
	}
}

// TestUploadsThatBreakAreCounted: one whose file is gone, and one whose connection ends while the file is on its way.
func TestUploadsThatBreakAreCounted(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Peer, testConfig())
	gone, whole := n.disk.Put("gone", []byte("gone")), n.disk.Put("whole", []byte("whole"))
	w.sim.Run(time.Second)
	delete(w.net.Files, "disk1/gone")
	s := w.stranger(100, false)
	s.dial(n.self).say("RETR%s", gone)
	require.Equal(t, [5]int{0, 0, 1, 0, 0}, n.packets("RETR"))
	require.Equal(t, [5]int{0, 0, 0, 0, 1}, n.packets("ARET"))

	c := s.dial(n.self)
	c.conn.Send([]byte("RETR" + whole.String()))              // arrives after a millisecond, and the file leaves until the second
	w.sim.Do(500*time.Microsecond, func() { c.conn.Abort() }) // arrives in between
	w.sim.Run(time.Second)
	require.Equal(t, [5]int{0, 0, 2, 0, 0}, n.packets("RETR"))
	require.Equal(t, [5]int{0, 0, 0, 0, 2}, n.packets("ARET"))
	require.Zero(t, n.metrics["requests_open"])
}

// TestPacketsForTheOtherRoleAreRefused: a peer has no use for what is a supernode's.
func TestPacketsForTheOtherRoleAreRefused(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Peer, testConfig())
	w.sim.Run(time.Second)
	s := w.stranger(100, false)
	id := strings.Repeat("9", 16)
	s.dial(n.self).say("%sDEFF%s%s", adff(id, md5Of("a"), "x"), id, md5Of("a"))
	s.dial(n.self).say("QUER%s%s01%-20s", strings.Repeat("Q", 16), field(s.self), "*")
	s.dial(n.self).say("LOGI%s", field(s.self))
	for _, command := range []string{"ADFF", "DEFF", "QUER", "LOGI"} {
		require.Equal(t, [5]int{0, 1, 0, 0, 0}, n.packets(command), command)
	}
	require.Zero(t, n.metrics["requests_open"])
}

// TestPacketsPastLimitsAreCounted: answers for which no dial is free have failed, a search past its limit is refused.
func TestPacketsPastLimitsAreCounted(t *testing.T) {
	w := newWorld(t, 1)
	c := testConfig()
	c.Limits.DialsPerAddress, c.Limits.DialsQueued, c.Limits.PendingQueries = 1, 1, 1
	w.overlay(2, line(2), c)
	n := w.all[0]
	for i := range 10 {
		n.disk.Put(fmt.Sprintf("file %d", i), []byte{byte(i)})
	}
	s := w.stranger(100, false)
	id := s.login(n.self)
	one, other := s.dial(n.self), s.dial(n.self)
	one.conn.Send(fmt.Appendf(nil, "FIND%s%-20s", id, "*"))
	other.conn.Send(fmt.Appendf(nil, "FIND%s%-20s", id, "*"))
	w.sim.Run(10 * time.Second)
	require.Equal(t, [5]int{1, 1, 0, 0, 0}, n.packets("FIND"))

	asking := s.dial(n.self)
	w.net.Down = func(_, to netip.Addr) bool { return to == s.self.IPv4() }
	asking.conn.Send(fmt.Appendf(nil, "QUER%s%s01%-20s", strings.Repeat("Q", 16), field(s.self), "*"))
	w.sim.Run(time.Minute)
	// One dials and one waits; the other two of four are dropped, and so is the one that follows the first of them.
	require.Equal(t, 3, n.metrics[actortest.Series("refusals_total", "reason", "dials_queued")])
	require.Equal(t, [5]int{0, 0, 0, 0, 5}, n.packets("AQUE"))
}
