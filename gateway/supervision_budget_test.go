package gateway_test

import (
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

// restarts is how many times within ten seconds an actor is restarted. Where it fails once more the policy's last resort
// follows.
const restarts = 10

// mustLive are the actors whose failures the node does not survive for long, each with a message that it panics over.
var mustLive = []struct {
	kind string
	role node.Role
	pid  func(*message.Routes) *actor.PID
	m    any
}{
	{"gateway", "", func(r *message.Routes) *actor.PID { return r.Gateway }, (*message.Send)(nil)},
	{"store", "", func(r *message.Routes) *actor.PID { return r.Store }, (*port.Applied)(nil)},
	{"sessions", "", func(r *message.Routes) *actor.PID { return r.Sessions }, (*port.Loaded)(nil)},
	{"catalog", "", func(r *message.Routes) *actor.PID { return r.Catalog }, (*message.Update)(nil)},
	{"overlay", "", func(r *message.Routes) *actor.PID { return r.Overlay }, (*message.Supe)(nil)},
	{"queries", "", func(r *message.Routes) *actor.PID { return r.Queries }, (*message.Quer)(nil)},
	{"transfers", "", func(r *message.Routes) *actor.PID { return r.Transfers }, (*message.Download)(nil)},
	{"share", "", func(r *message.Routes) *actor.PID { return r.Share }, (*message.Retrieve)(nil)},
	{"peer", node.Peer, func(r *message.Routes) *actor.PID { return r.Peer }, (*message.Supe)(nil)},
	{"role", node.Peer, func(r *message.Routes) *actor.PID { return r.Role }, (*message.Became)(nil)},
}

// TestActorsThatMustLive: ten failures in ten seconds pass. With one more the node ends, and says which actor it was,
// how often, and why.
func TestActorsThatMustLive(t *testing.T) {
	for _, f := range mustLive {
		t.Run(f.kind, func(t *testing.T) {
			s := newScene(t, f.role)
			var fatal []error
			s.failing.env.Fatal = func(err error) { fatal = append(fatal, err) }
			pid := f.pid(s.failing.routes)
			for range restarts {
				s.send(pid, f.m)
			}
			s.soon()
			require.Empty(t, fatal)
			s.sim.Run(5 * time.Second)
			s.send(pid, f.m)
			s.soon()
			name := s.failing.routes.Node.Id + "/" + f.kind
			require.Len(t, fatal, 1)
			require.ErrorContains(t, fatal[0], name+" failed 11 times within 10s, the last time with: "+f.kind+" panicked: runtime error: ")
			require.Equal(t, map[string][3]int{f.kind: {restarts + 1, restarts, 1}}, s.failing.failed())
			require.Zero(t, s.failing.kinds()[f.kind])
		})
	}
}

// TestActorsThatFailNowAndThen go on for as long as it takes.
func TestActorsThatFailNowAndThen(t *testing.T) {
	s := newScene(t, "")
	const times = 100
	for range times {
		s.send(s.super.routes.Catalog, (*message.Update)(nil))
		s.sim.Run(time.Second)
		s.sim.Run(50 * time.Millisecond) // ten of them take longer than ten seconds
	}
	require.Equal(t, map[string][3]int{"catalog": {times, times, 0}}, s.super.failed())
	s.works()
}

// TestRootActorThatFails ends the node with everything in it, once and for all: nothing of it may live on while nobody
// is in charge.
func TestRootActorThatFails(t *testing.T) {
	s := newScene(t, "")
	var fatal []error
	s.super.env.Fatal = func(err error) { fatal = append(fatal, err) }
	s.begin()
	s.weak.breaks("timer of n1", 1)
	s.send(s.super.routes.Node, &message.Shutdown{}) // it has told its children, and cannot limit its wait for them
	s.soon()
	require.Len(t, fatal, 1)
	require.EqualError(t, fatal[0], "node panicked: timer of n1 broke")
	s.searchEnds(told)
	s.downloadEnds(told)
	s.sim.Run(time.Minute)
	require.Equal(t, map[string][3]int{"node": {1, 0, 1}}, s.super.failed())
	for kind, living := range s.super.kinds() {
		require.Zero(t, living, kind)
	}
	require.ErrorContains(t, s.a.dial(s.super.self).failed, "refused")
	require.Equal(t, 3, s.logins(s.stuck.Store), "whoever was logged in still is when the node comes back")
	require.Len(t, fatal, 1)
}

// TestSessionThatKeepsFailing ends like a logout. Others go on.
func TestSessionThatKeepsFailing(t *testing.T) {
	s := newScene(t, "")
	s.begin()
	const tooMany = 4 // with what is published, past limits.files_per_session
	publish := ""
	for i := range tooMany {
		publish += adff(s.idA, fmt.Sprintf("%032x", i+1), "of many")
	}
	s.weak.breaks(actortest.Series("refusals_total", "reason", "files_per_session"), restarts+1)
	for range restarts + 1 {
		s.a.dial(s.super.self).say("%s", publish).cut()
	}
	require.Zero(t, s.weak.left)
	require.Equal(t, map[string][3]int{"session": {restarts + 1, restarts, 1}}, s.super.failed())
	s.searchEnds(unharmed)
	s.downloadEnds(unharmed)
	require.Equal(t, 2, s.logins(s.stuck.Store))
	require.Equal(t, 2, s.super.catalog().Copies, "what it published is gone")
	s.a.dial(s.super.self).say("FIND%s%-20s", s.idA, "of ").cut()
	old := s.idA
	s.idA = s.a.login(s.super.self)
	require.NotEqual(t, old, s.idA)
	s.a.dial(s.super.self).say("%s", adff(s.idA, md5Of("a"), "of a.txt")).conn.Close()
	s.works()
}

// TestNeighborThatKeepsFailing is dropped, and comes back after a minute because it is configured. The overlay goes on
// with the others.
func TestNeighborThatKeepsFailing(t *testing.T) {
	w, broken := newWorld(t, 1), &weak{}
	good, bad := w.stranger(110, true), endpoint(111)
	w.weak = broken
	n := w.add(node.Supernode, testConfig(), bad, good.self)
	w.sim.Run(time.Second)
	id := good.login(n.self)
	c := good.dial(n.self)
	broken.breaks("timer of neighbor", restarts+1) // when it has been dialed in vain again, and then each time at once
	require.True(t, w.sim.RunUntil(time.Minute, func() bool { return broken.left == 0 }))
	heard := len(good.heard)
	c.say("FIND%s%-20s", id, "x")
	require.Equal(t, map[string][3]int{"neighbor": {restarts + 1, restarts, 1}}, n.failed())
	require.Equal(t, good.self, n.neighbor().Endpoint)
	require.Len(t, good.heard, heard+1)
	w.sim.Run(2 * time.Second)
	c.hear("AFIN000")

	w.stranger(111, true)
	w.sim.Run(time.Minute)
	back := inspect[*message.OverlayStatus](n, n.routes.Overlay).Neighbors
	require.Len(t, back, 2)
	require.Equal(t, bad, back[1].Endpoint)
	require.True(t, back[1].Up)
}

// TestDownloadThatKeepsFailing has failed. Others go on, and it can be asked for again.
func TestDownloadThatKeepsFailing(t *testing.T) {
	s := newScene(t, "")
	s.begin()
	id := s.far.disk.Put("another", []byte("another"))
	s.weak.breaks("Have", restarts+1)
	require.Equal(t, "the download failed; the log says why", s.super.download(id, "another", s.far.self).Error)
	require.Equal(t, map[string][3]int{"download": {restarts + 1, restarts, 1}}, s.super.failed())
	s.searchEnds(unharmed)
	s.downloadEnds(unharmed)
	require.Empty(t, s.super.download(id, "another", s.far.self).Error)
	s.far.disk.Remove("another")
	s.works()
}

// TestRequestsThatWaitForALoad: a session that was found in the store has not read its files yet when the first of
// several requests comes, and fails over that one. All are told, and a logout among them does not leave a session behind
// that nobody knows.
func TestRequestsThatWaitForALoad(t *testing.T) {
	w := newWorld(t, 1)
	kept := store.NewMemory(w.sim.System)
	s := w.stranger(100, false)
	id := p2p.NewSessionID(w.sim.Rand(9))
	kept.Apply([]port.Change{
		{Op: port.OpLogin, Session: id, Endpoint: s.self}, {Op: port.OpPut, Session: id, File: p2p.FileID{1}, Name: "kept"},
	}, w.sim.Probe("writer").PID, 1)
	broken := &weak{}
	w.store, w.weak = &slowReader{kept, w.sim}, broken
	c := testConfig()
	c.Limits.FilesPerSession = 1
	n := w.add(node.Supernode, c)
	w.sim.Run(time.Second)
	broken.breaks(actortest.Series("refusals_total", "reason", "files_per_session"), 1)
	var open []*rawConn
	for _, m := range []string{adff(id.String(), md5Of("b"), "b"), fmt.Sprintf("FIND%s%-20s", id, "*"), fmt.Sprintf("LOGO%s", id)} {
		open = append(open, s.dial(n.self).say("%s", m))
	}
	w.sim.Run(200 * time.Millisecond)
	require.Zero(t, broken.left)
	for _, c := range open {
		c.cut()
	}
	require.Equal(t, map[string][3]int{"session": {1, 1, 0}}, n.failed())
	again := s.dial(n.self).say("LOGI%s", field(s.self))
	w.sim.Run(200 * time.Millisecond)
	again.hear("ALGI%s", id)
	require.Equal(t, 1, n.catalog().Copies)
}
