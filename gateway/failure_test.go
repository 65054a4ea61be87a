package gateway_test

import (
	"errors"
	"fmt"
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

// weakStore is a store that fails when it is told to: the store's actor panics in its hands, or the write is refused.
type weakStore struct {
	port.Store
	sim             *actortest.Sim
	panics, refuses int // how many more times
	failed          int
}

// Apply implements port.Store.
func (s *weakStore) Apply(changes []port.Change, owner *actor.PID, token uint64) {
	switch {
	case s.panics > 0:
		s.panics--
		s.failed++
		panic("the store broke")
	case s.refuses > 0:
		s.refuses--
		s.failed++
		s.sim.System.Root.Send(owner, &port.Applied{Token: token, Err: errors.New("no space left on device")})
	default:
		s.Store.Apply(changes, owner, token)
	}
}

func TestStoreFails(t *testing.T) {
	for _, mode := range []string{"panic", "refuse"} {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t, 1)
			weak := &weakStore{Store: store.NewMemory(w.sim.System), sim: w.sim}
			w.store = weak
			n := w.add(node.Supernode, testConfig())
			w.sim.Run(time.Second)
			fail := func() {
				if mode == "panic" {
					weak.panics++
				} else {
					weak.refuses++
				}
			}
			s, other := w.stranger(100, false), w.stranger(101, false)
			bystander := other.login(endpoint(1))

			fail()
			require.Equal(t, "0000000000000000", s.login(endpoint(1)), "whoever waits is told")
			require.Equal(t, 1, weak.failed)
			id := s.login(endpoint(1))
			require.NotEqual(t, "0000000000000000", id)

			c := s.dial(endpoint(1)).say("%s", adff(id, md5Of("a"), "a"))
			fail()
			c.say("%s", adff(id, md5Of("b"), "b"))
			require.Equal(t, 2, weak.failed)
			require.True(t, c.ended, "an answer on this connection would look like an acknowledgement")
			c = s.dial(endpoint(1)).say("%s", adff(id, md5Of("c"), "c"))
			fail()
			c.say("LOGO%s", id)
			require.Equal(t, 3, weak.failed)
			require.True(t, c.ended)
			require.Empty(t, c.got)
			c = s.dial(endpoint(1)).say("FIND%s%-20s", id, "*")
			c.hear("AFIN002%s%-100s001%s%s%-100s001%s", md5Of("a"), "a", field(s.self), md5Of("c"), "c", field(s.self))
			c.say("LOGO%s", id).hear("ALGO002")
			require.Equal(t, bystander, other.login(endpoint(1)), "the others do not notice")
			if mode == "panic" {
				require.Equal(t, 3, n.metrics[actortest.Series("actor_restarts_total", "kind", "store")])
			}
		})
	}
}

// deadStore is a store that can neither be written nor read while it is dead.
type deadStore struct {
	port.Store
	sim  *actortest.Sim
	dead bool
}

var errDead = errors.New("input/output error")

// Apply implements port.Store.
func (s *deadStore) Apply(changes []port.Change, owner *actor.PID, token uint64) {
	if s.dead {
		s.sim.System.Root.Send(owner, &port.Applied{Token: token, Err: errDead})
		return
	}
	s.Store.Apply(changes, owner, token)
}

// Load implements port.Store.
func (s *deadStore) Load(after port.Cursor, limit int, owner *actor.PID, token uint64) {
	if s.dead {
		s.sim.System.Root.Send(owner, &port.Loaded{Token: token, Next: after, Err: errDead})
		return
	}
	s.Store.Load(after, limit, owner, token)
}

// TestSearchesWithoutAStore: while the store is dead, who is logged in is so still and finds what there is; only what has
// to be written is refused.
func TestSearchesWithoutAStore(t *testing.T) {
	w := newWorld(t, 1)
	dead := &deadStore{Store: store.NewMemory(w.sim.System), sim: w.sim}
	w.store = dead
	n := w.add(node.Supernode, testConfig())
	w.sim.Run(time.Second)
	s, other := w.stranger(100, false), w.stranger(101, false)
	id := s.login(n.self)
	s.dial(n.self).say("%s", adff(id, md5Of("a"), "a"))
	dead.dead = true
	for range 3 {
		require.True(t, s.dial(n.self).say("%sFIND%s%-20s", adff(id, md5Of("b"), "b"), id, "*").ended)
		require.True(t, s.dial(n.self).say("LOGO%s", id).ended)
		require.Equal(t, "0000000000000000", other.login(n.self))
		require.Equal(t, id, s.login(n.self))
		s.dial(n.self).say("FIND%s%-20s", id, "*").hear("AFIN001%s%-100s001%s", md5Of("a"), "a", field(s.self))
	}
	require.Contains(t, inspect[*message.StoreStatus](n, n.routes.Store).Trouble, errDead.Error())
	dead.dead = false
	w.sim.Run(2 * time.Second)
	require.Empty(t, inspect[*message.StoreStatus](n, n.routes.Store).Trouble)
	s.dial(n.self).say("%sLOGO%s", adff(id, md5Of("b"), "b"), id).hear("ALGO002")
}

// TestCatalogIsRebuilt stops nothing but the catalog's memory: it comes back from the store and the share.
func TestCatalogIsRebuilt(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, testConfig())
	n.disk.Put("own.txt", []byte("own"))
	w.sim.Run(time.Second)
	s := w.stranger(100, false)
	id := s.login(endpoint(1))
	c := s.dial(endpoint(1))
	for i := range 2500 { // more than the store gives at once
		c.conn.Send([]byte(adff(id, fmt.Sprintf("%032x", i+1), "file")))
	}
	w.sim.Run(time.Second)
	require.Equal(t, 2501, n.catalog().Files)
	w.sim.System.Root.Send(n.routes.Catalog, (*message.Update)(nil)) // it panics over this
	w.sim.Run(time.Second)
	require.Equal(t, 1, n.metrics[actortest.Series("actor_restarts_total", "kind", "catalog")])
	require.Equal(t, 2501, n.catalog().Files)
	c.say("LOGO%s", id)
	require.Contains(t, string(c.got), "ALGO")
	require.Equal(t, 1, n.catalog().Files)
}

// tardyStore takes its time to load.
type tardyStore struct {
	port.Store
	sim  *actortest.Sim
	late time.Duration
}

// Load implements port.Store.
func (s *tardyStore) Load(after port.Cursor, limit int, owner *actor.PID, token uint64) {
	s.sim.Do(s.late, func() { s.Store.Load(after, limit, owner, token) })
}

// TestHalfLoadedIsNotComplete: a supernode that has just come back has links before its directory is loaded. A search
// through it says that it is not complete, and so does one that begins there.
func TestHalfLoadedIsNotComplete(t *testing.T) {
	w := newWorld(t, 1)
	w.overlay(1, nil, linkConfig())
	kept := store.NewMemory(w.sim.System)
	id, who := p2p.NewSessionID(w.sim.Rand(1)), w.sim.Probe("who")
	kept.Apply([]port.Change{
		{Op: port.OpLogin, Session: id, Endpoint: endpoint(100)},
		{Op: port.OpPut, Session: id, File: w.net.NewDisk("other").Put("song.mp3", []byte("song")), Name: "song.mp3"},
	}, who.PID, 1)
	w.store = &tardyStore{Store: kept, sim: w.sim, late: time.Minute}
	back := w.add(node.Supernode, linkConfig(), endpoint(1))
	w.sim.Run(2 * time.Second)
	for _, n := range w.all {
		found := n.find("song")
		require.NoError(t, found.Err)
		require.Empty(t, found.Results)
		require.False(t, found.Complete)
	}
	w.sim.RunUntil(time.Hour, func() bool { return back.metrics["ready"] == 1 })
	for _, n := range w.all {
		found := n.find("song")
		require.Len(t, found.Results, 1)
		require.True(t, found.Complete)
	}
}

// TestSearchWithoutTheCatalog: a search whose part in this node is lost ends without an answer, which would be taken for a
// whole one. Others go on.
func TestSearchWithoutTheCatalog(t *testing.T) {
	s := newScene(t, "")
	s.begin()
	c := s.a.dial(s.super.self).say("FIND%s%-20s", s.idA, "of ")
	s.send(s.sim.System.NewLocalPID("n1/queries/query/"+s.quers[len(s.quers)-1]), &message.Matched{Err: message.ErrFailed})
	s.soon()
	c.cut()
	s.searchEnds(unharmed)
	s.downloadEnds(unharmed)
	s.works()
	require.Empty(t, s.super.failed())
}
