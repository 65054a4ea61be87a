package gateway_test

import (
	"crypto/md5"
	"net/netip"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

// The lines of failures that are about files and the peer that shares them.

// transfersCount: the next bytes of the download come.
func transfersCount(s *scene) {
	s.weak.breaks(actortest.Series("transfer_bytes_total", "direction", "in"), 1)
	s.giver.heard[0].say("00001t")
	require.True(s.t, s.giver.heard[0].closed, "what still comes is not wanted")
}

// downloadKeeps: everything has come. The download begins anew, and brings its file.
func downloadKeeps(s *scene) {
	id := s.far.disk.Put("another", []byte("another"))
	s.weak.breaks("Keep", 1)
	retr := s.sent["RETR"]
	last := s.super.download(id, "another", s.far.self)
	require.Empty(s.t, last.Error)
	require.Equal(s.t, "another", string(s.net.Files[last.Path]))
	require.Equal(s.t, retr+2, s.sent["RETR"])
}

// upload is one that takes half a second, and has the only slot.
func (s *scene) upload() *rawConn {
	slow := s.stranger(111, false)
	c := slow.dial(s.super.self)
	s.net.Latency = func(_, to netip.Addr) time.Duration {
		if to == slow.self.IPv4() {
			return 500 * time.Millisecond
		}
		return time.Millisecond
	}
	return c.say("RETR%x", md5.Sum([]byte("of 1.txt")))
}

// uploaded expects the upload to end.
func (c *rawConn) uploaded() {
	require.Empty(c.t, c.got)
	c.sim.Run(500 * time.Millisecond)
	c.hear("ARET00000100008of 1.txt")
}

// shareUploadWaits: it is in the queue, and no limit has been set to its wait.
func shareUploadWaits(s *scene) {
	c := s.upload()
	s.weak.breaks("timer of share", 1)
	next := s.a.dial(s.super.self).say("RETR%x", md5.Sum([]byte("of 1.txt")))
	require.True(s.t, next.ended)
	next.hear("Invalid packet. Unable to reply.\n")
	c.uploaded()
}

// shareNewFile: the file is taken in and nobody has been told of it. One upload is under way and another waits for it.
func shareNewFile(s *scene) {
	c := s.upload()
	next := s.stranger(112, false).dial(s.super.self)
	next.say("RETR%x", md5.Sum([]byte("of 1.txt")))
	require.Equal(s.t, 1, inspect[*message.ShareStatus](s.super, s.super.routes.Share).Waiting)
	s.weak.breaks("shared_files", 1)
	s.super.disk.Put("new.bin", []byte("new"))
	s.soon()
	s.a.dial(s.super.self).say("RETR%x", md5.Sum([]byte("new"))).hear("ARET00000100003new")
	require.Equal(s.t, 4, s.super.catalog().Copies)
	s.super.disk.Remove("new.bin")
	require.True(s.t, next.ended)
	require.Contains(s.t, string(next.got), "Sorry, all upload slots of the selected peer are taken")
	c.uploaded()
}

func shareEdits(s *scene) {
	p := s.sim.Probe("editor")
	s.weak.breaks("Share", 1)
	for i := range 2 {
		s.send(s.super.routes.Share, &message.ShareEdit{Ref: message.Ref(i), Add: []string{"/somewhere"}, ReplyTo: p.PID})
	}
	s.soon()
	failed := make(map[message.Ref]bool)
	for _, m := range actortest.Got[*message.ShareEditDone](p) {
		failed[m.Ref] = m.Err != nil
	}
	require.Equal(s.t, map[message.Ref]bool{0: true, 1: false}, failed)
}

// peerLosesSupernode: the user's search waits for an answer when it turns out that the supernode cannot be reached.
func peerLosesSupernode(s *scene) {
	text, err := p2p.NewSearchText("of ")
	require.NoError(s.t, err)
	user := s.sim.Probe("searcher")
	s.send(s.peer.routes.Peer, &message.Find{Ref: 7, Text: text, ReplyTo: user.PID})
	s.soon()
	a, b := s.super.self.IPv4(), s.peer.self.IPv4()
	s.net.Down = func(from, to netip.Addr) bool { return from == a && to == b || from == b && to == a }
	names := []string{"one", "two", "three"}
	for _, name := range names {
		s.peer.disk.Put(name, []byte(name))
	}
	s.weak.breaks("peer_online", 1)
	s.sim.RunUntil(time.Minute, func() bool { return s.weak.left == 0 })
	s.sim.Run(0)
	require.Equal(s.t, []any{&message.Found{Ref: 7, Err: message.ErrNoSupernode}}, user.Messages)
	for _, name := range names {
		s.peer.disk.Remove(name)
	}
	s.net.Down = nil
}

// roleLooks: it has not asked anybody yet. It looks again after a rest, as after a change.
func roleLooks(s *scene) {
	require.Equal(s.t, "waiting", s.peer.promotion().State)
	s.weak.breaks("timer of role", 1)
	s.sim.RunUntil(time.Minute, func() bool { return s.weak.left == 0 })
	s.sim.Run(150 * time.Millisecond)
	p := s.peer.promotion()
	require.Equal(s.t, "resting", p.State)
	require.Equal(s.t, 1, p.Runs, "it is the same run")
}
