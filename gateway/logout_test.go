package gateway_test

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/message"
	"alakazaam/actors/node"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/store"
)

// TestLogoutThatFailsBeforeALogin: who logs in again while a logout is under way that fails has the old session, and not a
// second one.
func TestLogoutThatFailsBeforeALogin(t *testing.T) {
	w := newWorld(t, 1)
	memory := store.NewMemory(w.sim.System)
	weak := &weakStore{Store: memory, sim: w.sim}
	w.store = weak
	n := w.add(node.Supernode, testConfig())
	w.sim.Run(time.Second)
	s := w.stranger(100, false)
	id := s.login(n.self)
	s.dial(n.self).say("%s", adff(id, md5Of("a"), "a"))
	require.Equal(t, 1, n.catalog().Copies)
	session, err := p2p.ParseSessionID([]byte(id))
	require.NoError(t, err)
	weak.refuses++
	p := w.sim.Probe("connection")
	w.sim.System.Root.Send(n.routes.Sessions, &message.Logout{Session: session, ReplyTo: p.PID})
	w.sim.System.Root.Send(n.routes.Sessions, &message.Login{Endpoint: s.self, From: s.self.IPv4(), ReplyTo: p.PID})
	w.sim.Run(time.Second)
	require.Equal(t, 1, weak.failed)
	require.Len(t, p.Messages, 2)
	require.Error(t, p.Messages[0].(*message.LoggedOut).Err)
	require.Equal(t, session, p.Messages[1].(*message.LoggedIn).Session)
	require.Equal(t, 1, n.catalog().Copies)
	require.Equal(t, 1, w.logins(memory))
}

// TestLoginBehindALogout: at no moment does the store hold two sessions of one address, for a crash at that moment would
// leave one that nobody ever ends.
func TestLoginBehindALogout(t *testing.T) {
	w := newWorld(t, 1)
	memory := store.NewMemory(w.sim.System)
	id := p2p.NewSessionID(w.sim.Rand(9))
	memory.Apply([]port.Change{{Op: port.OpLogin, Session: id, Endpoint: endpoint(100)}}, w.sim.Probe("writer").PID, 1)
	stuck := &stuckStore{Store: memory}
	w.store = stuck
	n := w.add(node.Supernode, testConfig())
	w.sim.Run(time.Second)
	s := w.stranger(100, false)
	stuck.stuck = true
	// The session has to look up its files before it can end, and the new one has none.
	c := s.dial(n.self).say("LOGO%sLOGI%sLOGI%s", id, field(s.self), field(s.self))
	for len(stuck.held) > 0 {
		do := stuck.held[0]
		stuck.held = stuck.held[1:]
		do()
		require.LessOrEqual(t, w.logins(memory), 1)
		w.sim.Run(time.Second)
	}
	got := string(c.got)
	require.Len(t, got, 47)
	require.Equal(t, "ALGO000", got[:7])
	require.Equal(t, got[7:27], got[27:])
	require.Equal(t, got[11:27], s.login(n.self))
	require.NotEqual(t, id.String(), got[11:27])
	require.Equal(t, 1, w.logins(memory))
}

// TestLoginWaitsForALogoutInVain: a sessions actor that fails meanwhile tells who waits.
func TestLoginWaitsForALogoutInVain(t *testing.T) {
	w := newWorld(t, 1)
	stuck := &stuckStore{Store: store.NewMemory(w.sim.System)}
	w.store = stuck
	n := w.add(node.Supernode, testConfig())
	w.sim.Run(time.Second)
	s := w.stranger(100, false)
	id := s.login(n.self)
	stuck.stuck = true
	s.dial(n.self).say("LOGO%s", id)
	c := s.dial(n.self).say("LOGI%s", field(s.self))
	require.Empty(t, c.got)
	w.sim.System.Root.Send(n.routes.Sessions, (*message.Login)(nil)) // it panics over this
	w.sim.Run(time.Second)
	c.hear("ALGI0000000000000000")
}

// TestLogoutOfAPeerThatIsGivenUp: a logout that comes when the session has just ended for its peer's silence does not leave
// the session behind.
func TestLogoutOfAPeerThatIsGivenUp(t *testing.T) {
	w := newWorld(t, 1)
	memory := store.NewMemory(w.sim.System)
	w.store = memory
	c := testConfig()
	n := w.add(node.Supernode, c)
	w.sim.Run(time.Second)
	s := w.stranger(100, false)
	id := s.login(n.self)
	s.dial(n.self).say("%s", adff(id, md5Of("a"), "a"))
	session, err := p2p.ParseSessionID([]byte(id))
	require.NoError(t, err)
	pid := w.sim.System.NewLocalPID("n1/sessions/session/" + id)
	for range c.Session.ProbeFailures {
		w.sim.System.Root.Send(pid, &message.Sent{Err: errors.New("connection refused")})
	}
	p := w.sim.Probe("connection")
	w.sim.System.Root.Send(n.routes.Sessions, &message.Logout{Session: session, ReplyTo: p.PID})
	w.sim.System.Root.Send(n.routes.Sessions, &message.Login{Endpoint: s.self, From: s.self.IPv4(), ReplyTo: p.PID})
	w.sim.Run(time.Second)
	require.Len(t, p.Messages, 2)
	require.Error(t, p.Messages[0].(*message.LoggedOut).Err)
	require.NotEqual(t, session, p.Messages[1].(*message.LoggedIn).Session)
	require.Zero(t, n.catalog().Copies)
	require.Equal(t, 1, w.logins(memory))
	require.Equal(t, 1, n.metrics["sessions_vanished_total"])
}
