package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/store"
)

func session(i int) p2p.SessionID {
	id, err := p2p.ParseSessionID(fmt.Appendf(nil, "SESSION%09d", i))
	if err != nil {
		panic(err)
	}
	return id
}

func endpoint(i int) p2p.Endpoint {
	e, err := p2p.ParseEndpoint(fmt.Sprintf("10.0.0.%d:3000", i))
	if err != nil {
		panic(err)
	}
	return e
}

// fill puts sessions 1 to n into the directory, session i with i files, in an order that is not theirs.
func fill(n int) (changes []port.Change) {
	for i := n; i > 0; i-- {
		changes = append(changes, port.Change{Op: port.OpLogin, Session: session(i), Endpoint: endpoint(i)})
		for f := i; f > 0; f-- {
			changes = append(changes, port.Change{Op: port.OpPut, Session: session(i), File: p2p.FileID{byte(f)}, Name: "n"})
		}
	}
	return changes
}

// load reads everything from a cursor on, piece by piece.
func load(t *testing.T, s *actortest.Sim, b port.Store, after port.Cursor, limit int) (all []port.Change) {
	for piece := 0; ; piece++ {
		p := s.Probe(fmt.Sprint("loader", s.Now().UnixNano(), piece))
		b.Load(after, limit, p.PID, 7)
		s.Run(time.Millisecond)
		m := p.Messages[0].(*port.Loaded)
		require.Equal(t, uint64(7), m.Token)
		require.LessOrEqual(t, len(m.Changes), limit)
		all = append(all, m.Changes...)
		if m.Last {
			return all
		}
		after = m.Next
	}
}

func TestMemoryIsReadInPieces(t *testing.T) {
	s := actortest.NewSim(1)
	m := store.NewMemory(s.System)
	m.Apply(fill(6), s.Probe("writer").PID, 1)
	for limit := 1; limit < 40; limit++ {
		all := load(t, s, m, port.Cursor{}, limit)
		require.Len(t, all, 6+21, "limit %d", limit)
		for i, c := range all[1:] {
			before := all[i]
			require.True(t, before.Session.Compare(c.Session) < 0 || before.Session == c.Session && before.File.Compare(c.File) < 0)
		}
		require.Len(t, load(t, s, m, port.Cursor{Scope: port.Logins}, limit), 6)
		require.Len(t, load(t, s, m, port.Cursor{Scope: port.OneSession, Session: session(4)}, limit), 5)
		require.Empty(t, load(t, s, m, port.Cursor{Scope: port.OneSession, Session: session(9)}, limit))
	}
	m.Apply([]port.Change{
		{Op: port.OpLogout, Session: session(6)}, {Op: port.OpDelete, Session: session(2), File: p2p.FileID{1}},
		{Op: port.OpPut, Session: session(9), File: p2p.FileID{1}, Name: "of nobody"},
	}, s.Probe("other writer").PID, 2)
	require.Len(t, load(t, s, m, port.Cursor{}, 4), 5+14)
}

// troubled is a backend whose disk is full, or fails.
type troubled struct {
	port.Store
	sim                *actortest.Sim
	err, trouble, read error
}

// Apply implements port.Store.
func (b *troubled) Apply(_ []port.Change, owner *actor.PID, token uint64) {
	b.sim.System.Root.Send(owner, &port.Applied{Token: token, Err: b.err, Trouble: b.trouble})
}

// Load implements port.Store.
func (b *troubled) Load(_ port.Cursor, _ int, owner *actor.PID, token uint64) {
	b.sim.System.Root.Send(owner, &port.Loaded{Token: token, Last: true, Err: b.read})
}

// TestTroubleIsToldOnce: however many are refused, the log has a line when it begins and one when it is over, which needs
// nobody who wants something written.
func TestTroubleIsToldOnce(t *testing.T) {
	s := actortest.NewSim(1)
	log := &bytes.Buffer{}
	s.Log.SetOutput(log)
	b := &troubled{sim: s}
	pid, err := s.System.Root.SpawnNamed(store.Props(s.Env(1), b), "store")
	require.NoError(t, err)
	full := errors.New("disk full")
	work := func(expected string) {
		t.Helper()
		for range 100 {
			s.System.Root.Send(pid, &message.Commit{})
			s.System.Root.Send(pid, &message.Load{ReplyTo: pid})
			s.Run(50 * time.Millisecond)
		}
		p := s.Probe("look" + s.Now().String())
		s.System.Root.Send(pid, &message.Inspect{ReplyTo: p.PID})
		s.Run(0)
		require.Equal(t, expected, p.Messages[0].(*message.StoreStatus).Trouble)
	}
	for _, now := range []troubled{{err: full, trouble: full}, {trouble: full}, {err: full, trouble: full, read: full}} {
		work("")
		b.err, b.trouble, b.read = now.err, now.trouble, now.read
		work("disk full")
		require.Equal(t, 1, strings.Count(log.String(), "level=error"), log.String())
		require.NotContains(t, log.String(), "again")
		b.err, b.trouble, b.read = nil, nil, nil
		s.Run(2 * time.Second)
		require.Equal(t, 1, strings.Count(log.String(), "the directory can be written again"), log.String())
		log.Reset()
	}
}

// slow is a backend that answers a write when it is told to.
type slow struct {
	port.Store
	sim     *actortest.Sim
	applied [][]port.Change
	answer  func(err error)
}

// Apply implements port.Store.
func (b *slow) Apply(changes []port.Change, owner *actor.PID, token uint64) {
	b.applied = append(b.applied, changes)
	b.answer = func(err error) { b.sim.System.Root.Send(owner, &port.Applied{Token: token, Err: err}) }
}

// TestCommitsShareAWrite: what arrives while a write is under way makes up the next one.
func TestCommitsShareAWrite(t *testing.T) {
	s := actortest.NewSim(1)
	b := &slow{Store: store.NewMemory(s.System), sim: s}
	env, metrics := s.Env(1), actortest.Metrics{}
	env.Metrics = metrics
	pid, err := s.System.Root.SpawnNamed(store.Props(env, b), "store")
	require.NoError(t, err)
	p := s.Probe("session")
	for i := 1; i <= 5; i++ {
		s.System.Root.Send(pid, &message.Commit{
			Ref: message.Ref(i), ReplyTo: p.PID, Changes: []port.Change{{Op: port.OpLogin, Session: session(i)}},
		})
		if i == 3 {
			s.System.Root.Send(pid, &message.Load{ReplyTo: p.PID})
		}
	}
	s.Run(0)
	require.Empty(t, p.Messages, "nothing is acknowledged before it is written")
	b.answer(nil)
	s.Run(0)
	require.Zero(t, metrics["store_degraded"])
	b.answer(fmt.Errorf("disk full"))
	s.Run(0)
	require.Equal(t, 1, metrics["store_degraded"])
	b.answer(nil)
	s.Run(0)
	require.Zero(t, metrics["store_degraded"])
	var got []string
	for _, m := range p.Messages {
		switch m := m.(type) {
		case *message.Committed:
			got = append(got, fmt.Sprint(m.Ref, m.Err))
		case *port.Loaded:
			got = append(got, "loaded")
		}
	}
	require.Equal(t, []string{"1 <nil>", "2 disk full", "3 disk full", "loaded", "4 <nil>", "5 <nil>"}, got)
	require.Len(t, b.applied, 3)
	require.Len(t, b.applied[1], 2)
}
