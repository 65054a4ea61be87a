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

// TestActorsComeBack has each long-living actor fail in turn, and everything still works.
func TestActorsComeBack(t *testing.T) {
	w := newWorld(t, 1)
	w.overlay(2, line(2), testConfig())
	p := w.add(node.Peer, testConfig(), endpoint(1))
	p.disk.Put("a file.txt", []byte("a file"))
	q := w.add(node.Peer, testConfig(), endpoint(2))
	w.sim.Run(10 * time.Second)
	require.Len(t, q.find("a file").Results, 1)
	s := w.all[0].routes
	for _, c := range []struct {
		kind string
		pid  *actor.PID
		n    *simNode
		m    any
	}{
		{"sessions", s.Sessions, w.all[0], (*message.Login)(nil)},
		{"catalog", s.Catalog, w.all[0], (*message.Update)(nil)},
		{"overlay", s.Overlay, w.all[0], (*message.Supe)(nil)},
		{"queries", s.Queries, w.all[0], (*message.Quer)(nil)},
		{"transfers", p.routes.Transfers, p, (*message.Download)(nil)},
		{"share", p.routes.Share, p, (*message.Retrieve)(nil)},
		{"peer", p.routes.Peer, p, (*message.Find)(nil)},
		{"gateway", s.Gateway, w.all[0], (*message.Send)(nil)},
	} {
		w.sim.System.Root.Send(c.pid, c.m)
		w.sim.Run(time.Minute)
		require.Equal(t, 1, c.n.metrics[actortest.Series("actor_restarts_total", "kind", c.kind)], c.kind)
		p.disk.Put("new after "+c.kind, []byte(c.kind))
		w.sim.Run(time.Second)
		require.Len(t, q.find("a file").Results, 1, c.kind)
		found := q.find("after " + c.kind)
		require.NoError(t, found.Err, c.kind)
		require.Len(t, found.Results, 1, c.kind)
		require.Empty(t, q.download(found.Results[0].File, c.kind, found.Results[0].Owners...).Error, c.kind)
	}
}

func TestNodeEndsWhenAnActorKeepsFailing(t *testing.T) {
	w := newWorld(t, 1)
	n := w.add(node.Supernode, testConfig())
	var fatal error
	n.env.Fatal = func(err error) { fatal = err }
	w.sim.Run(time.Second)
	for range 11 {
		require.NoError(t, fatal)
		w.sim.System.Root.Send(n.routes.Catalog, (*message.Update)(nil))
		w.sim.Run(time.Millisecond)
	}
	require.ErrorContains(t, fatal, "n1/catalog failed 11 times within 10s")
}

// TestSearchThatFailsIsAnswered has the actor of a pending query fail: its connection closes at once, others go on.
func TestSearchThatFailsIsAnswered(t *testing.T) {
	w := newWorld(t, 1)
	other := w.stranger(100, true)
	n := w.add(node.Supernode, testConfig(), other.self)
	w.sim.Run(time.Second)
	id := other.login(n.self)
	doomed := other.dial(n.self).say("FIND%s%-20s", id, "doomed")
	quer := string(other.heard[len(other.heard)-1].got)
	lucky := other.dial(n.self).say("FIND%s%-20s", id, "lucky")
	query := w.sim.System.NewLocalPID("n1/queries/query/" + quer[4:20])
	w.sim.System.Root.Send(query, (*message.Aque)(nil))
	w.sim.Run(10 * time.Millisecond)
	require.True(t, doomed.ended)
	require.Empty(t, doomed.got)
	require.False(t, lucky.ended)
	w.sim.Run(2 * time.Second)
	lucky.hear("AFIN000")
	require.Equal(t, 1, n.metrics[actortest.Series("actor_panics_total", "kind", "query")])
	require.Zero(t, inspect[*message.QueriesStatus](n, n.routes.Queries).Searches)
}
