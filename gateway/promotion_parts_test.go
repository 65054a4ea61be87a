package gateway_test

import (
	"slices"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/node"
	"alakazaam/actors/port"
	"alakazaam/actors/store"
	"alakazaam/config"
)

// TestSessionsThatDrain: everybody is logged out, and nobody logs in any more.
func TestSessionsThatDrain(t *testing.T) {
	w := newWorld(t, 1)
	kept := store.NewMemory(w.sim.System)
	w.store = kept
	n := w.add(node.Supernode, testConfig())
	w.sim.Run(time.Second)
	for i := range 3 {
		w.stranger(100+i, false).login(n.self)
	}
	again := w.stranger(101, false).self
	p := w.sim.Probe("drains")
	w.sim.System.Root.Send(n.routes.Sessions, &message.Drain{ReplyTo: p.PID})
	w.sim.System.Root.Send(n.routes.Sessions, &message.Login{Ref: 7, Endpoint: again, From: again.IPv4(), ReplyTo: p.PID})
	w.sim.Run(time.Second)
	require.ElementsMatch(t, []any{
		&message.Drained{Who: n.routes.Sessions}, &message.LoggedIn{Ref: 7, Err: message.ErrBusy},
	}, p.Messages)
	require.Zero(t, w.logins(kept))
}

// TestPeerAgainTurnsToItsNeighbors: a supernode knew others, which the peer of its configuration did not.
func TestPeerAgainTurnsToItsNeighbors(t *testing.T) {
	w := newWorld(t, 1)
	far := w.add(node.Supernode, testConfig())
	n := w.add(node.Peer, switching())
	w.sim.Run(time.Second)
	require.NoError(t, n.becomes(true, far.self))
	require.NoError(t, n.becomes(false, far.self))
	w.sim.Run(10 * time.Second)
	require.Equal(t, "online", n.standing().State)
}

// slowNotes answer after an hour.
type slowNotes struct {
	*actortest.Notes
	sim *actortest.Sim
}

// Recall implements port.Notes.
func (n slowNotes) Recall(name string, owner *actor.PID) {
	n.sim.Do(time.Hour, func() { n.Notes.Recall(name, owner) })
}

// TestRunsAreRemembered: also where a node ends before it knows of those before it.
func TestRunsAreRemembered(t *testing.T) {
	w := newWorld(t, 1)
	notes := w.sim.NewNotes()
	live := func(notes port.Notes, d time.Duration) *message.RoleStatus {
		w.notes = notes
		n := w.add(node.Peer, switching())
		w.sim.Run(d)
		s := n.promotion()
		n.shutdown()
		return s
	}
	require.Equal(t, 2*time.Hour, live(notes, 2*time.Hour).Average)
	require.Equal(t, 1, live(slowNotes{notes, w.sim}, 10*time.Minute).Runs)
	last := live(notes, time.Minute)
	require.Equal(t, 2, last.Runs)
	require.Equal(t, 2*time.Hour, last.Average)
}

// TestVisitsShowThatTheNodeCanBeReached: for a while, and the role is told once a minute.
func TestVisitsShowThatTheNodeCanBeReached(t *testing.T) {
	w := newWorld(t, 1)
	c := promoting()
	c.Promotion.MinUptime = time.Hour
	n := w.add(node.Peer, c)
	reachable := func() message.Condition {
		w.sim.Run(10 * time.Second)
		all := n.promotion().Conditions
		return all[slices.IndexFunc(all, func(c message.Condition) bool { return c.Name == "reachable" })]
	}
	require.False(t, reachable().Holds)
	visit := func(i int) { w.stranger(i, false).dial(n.self).conn.Close() }
	visit(100)
	require.True(t, reachable().Holds)
	visit(101)
	require.Contains(t, reachable().Text, endpoint(100).IPv4().String())
	w.sim.Run(time.Minute)
	visit(102)
	require.Contains(t, reachable().Text, endpoint(102).IPv4().String())
	n.config.Reload(func() config.Config {
		c := promoting()
		c.Promotion.ReachableWithin = 15 * time.Second
		return c
	}())
	w.sim.Run(20 * time.Second)
	require.False(t, reachable().Holds, "that was long ago")
}
