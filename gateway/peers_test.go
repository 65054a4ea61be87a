package gateway_test

import (
	"crypto/md5"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/node"
	"alakazaam/actors/p2p"
)

func (n *simNode) standing() *message.PeerStatus {
	return inspect[*message.PeerStatus](n, n.routes.Peer)
}

func (n *simNode) catalog() *message.CatalogStatus {
	return inspect[*message.CatalogStatus](n, n.routes.Catalog)
}

// download fetches a file and gives how it ended.
func (n *simNode) download(id p2p.FileID, name string, owners ...p2p.Endpoint) *message.DownloadState {
	m := &message.Download{File: id, Name: p2p.FileName(name), Owners: owners, ReplyTo: n.user.PID}
	n.env.System.Root.Send(n.routes.Transfers, m)
	var last *message.DownloadState
	n.sim.RunUntil(10*time.Minute, func() bool {
		states := actortest.Got[*message.DownloadState](n.user)
		if len(states) > 0 {
			last = states[len(states)-1]
		}
		return last != nil && last.File == id && last.Ended
	})
	require.True(n.t, last != nil && last.Ended)
	return last
}

func TestPeerFollowsItsShare(t *testing.T) {
	w := newWorld(t, 1)
	w.overlay(1, nil, testConfig())
	p := w.add(node.Peer, testConfig(), endpoint(1))
	p.disk.Put("one.txt", []byte("one"))
	p.disk.Put("copy of one.txt", []byte("one"))
	w.sim.Run(10 * time.Second)
	require.Equal(t, 1, w.all[0].catalog().Copies, "the same content is published once")
	p.disk.Put("two.txt", []byte("two"))
	p.disk.Remove("one.txt")
	w.sim.Run(time.Second)
	require.Equal(t, 2, w.all[0].catalog().Copies)
	p.disk.Remove("copy of one.txt")
	w.sim.Run(time.Second)
	require.Equal(t, 1, w.all[0].catalog().Copies)
	require.Len(t, p.find("two").Results, 1)
}

func TestPeerFindsAnotherSupernode(t *testing.T) {
	w := newWorld(t, 1)
	w.overlay(2, line(2), testConfig())
	p := w.add(node.Peer, testConfig(), endpoint(1))
	p.disk.Put("mine.txt", []byte("mine"))
	w.sim.Run(10 * time.Second)
	first := p.standing()
	require.Equal(t, "online", first.State)
	require.Len(t, first.Known, 2, "both have answered the SUPE")

	gone := w.all[0]
	other := w.all[1]
	if first.Supernode == other.self {
		gone, other = other, gone
	}
	w.net.Down = func(from, to netip.Addr) bool { return from == gone.self.IPv4() || to == gone.self.IPv4() }
	w.sim.Run(time.Minute)
	require.Equal(t, "online", p.standing().State)
	require.Equal(t, other.self, p.standing().Supernode)
	require.Equal(t, 1, other.catalog().Copies, "everything is published again")
}

func TestPeerKeepsTrying(t *testing.T) {
	w := newWorld(t, 1)
	p := w.add(node.Peer, testConfig(), endpoint(2))
	p.disk.Put("mine.txt", []byte("mine"))
	w.sim.Run(10 * time.Minute)
	require.Equal(t, "searching", p.standing().State)
	require.ErrorIs(t, p.find("x").Err, message.ErrNoSupernode)
	s := w.add(node.Supernode, testConfig())
	w.sim.Run(2 * time.Minute)
	require.Equal(t, "online", p.standing().State)
	require.Equal(t, 1, s.catalog().Copies)
}

// TestPeerOfABaseSupernode plays the supernode: it never answers a SUPE, knows the peer no more after a while, and
// closes after every packet.
func TestPeerOfABaseSupernode(t *testing.T) {
	w := newWorld(t, 1)
	s := w.stranger(50, true)
	p := w.add(node.Peer, testConfig(), s.self)
	p.disk.Put("mine.txt", []byte("mine"))
	w.sim.Run(6 * time.Second)
	require.Equal(t, "SUPE", string(s.heard[0].got[:4]))
	require.Len(t, s.heard, 2)
	s.heard[1].hear("LOGI%s", field(p.self))
	s.heard[1].say("ALGISESSION0000000A1").conn.Close()
	w.sim.Run(time.Second)
	require.Len(t, s.heard, 3)
	s.heard[2].hear("%s", adff("SESSION0000000A1", fmt.Sprintf("%x", md5.Sum([]byte("mine"))), "mine.txt"))
	require.True(t, s.heard[2].ended, "alone on its connection")

	text, _ := p2p.NewSearchText("found")
	w.sim.System.Root.Send(p.routes.Peer, &message.Find{Text: text, ReplyTo: p.user.PID})
	w.sim.Run(10 * time.Millisecond)
	s.heard[3].hear("FINDSESSION0000000A1%-20s", "found")
	s.heard[3].conn.Close() // unknown session
	w.sim.Run(10 * time.Millisecond)
	s.heard[4].hear("LOGI%s", field(p.self))
	s.heard[4].say("ALGISESSION0000000A2")
	w.sim.Run(10 * time.Millisecond)
	require.True(t, strings.HasPrefix(string(s.heard[5].got), "ADFFSESSION0000000A2"), "a new session knows nothing")
	s.heard[6].hear("FINDSESSION0000000A2%-20s", "found")
	for _, piece := range []string{"AFI", "N001" + md5Of("8"), fmt.Sprintf("%-100s0", "found me.txt"), "01" + field(endpoint(9))} {
		s.heard[6].say("%s", piece)
	}
	found := p.user.Messages[len(p.user.Messages)-1].(*message.Found)
	require.NoError(t, found.Err)
	require.Equal(t, []p2p.Endpoint{endpoint(9)}, found.Results[0].Owners)
}

func TestPeerPassesSupeOn(t *testing.T) {
	w := newWorld(t, 1)
	w.overlay(1, nil, testConfig())
	p := w.add(node.Peer, testConfig(), endpoint(1))
	w.sim.Run(10 * time.Second)
	asking := w.stranger(60, true)
	clear(w.sent)
	supe := "SUPEPKT0000000000009" + field(asking.self) + "04"
	asking.dial(p.self).say("%s", supe)
	asking.dial(p.self).say("%s", supe)
	w.sim.Run(time.Second)
	require.Equal(t, 3, w.sent["SUPE"], "passed on once, with the TTL lowered")
	require.Len(t, asking.heard, 1)
	asking.heard[0].hear("ASUPPKT0000000000009%s", field(endpoint(1)))
}

func TestDownloadTriesOneOwnerAfterTheOther(t *testing.T) {
	w := newWorld(t, 1)
	owner := w.add(node.Peer, testConfig())
	p := w.add(node.Peer, testConfig())
	content := []byte(strings.Repeat("0123456789", 2000))
	id := owner.disk.Put("big.bin", content)
	liar := w.stranger(70, true)
	w.sim.Run(time.Second)

	done := false
	w.sim.Do(0, func() {
		w.sim.System.Root.Send(p.routes.Transfers, &message.Download{
			File: id, Name: "../../etc/\x00passwd", ReplyTo: p.user.PID,
			Owners: []p2p.Endpoint{endpoint(200), liar.self, owner.self},
		})
	})
	w.sim.RunUntil(time.Minute, func() bool { done = len(liar.heard) > 0 && len(liar.heard[0].got) > 0; return done })
	require.True(t, done)
	liar.heard[0].hear("RETR%s", id)
	liar.heard[0].say("ARET00000200004abcd00002ef")
	w.sim.Run(10 * time.Second)
	states := actortest.Got[*message.DownloadState](p.user)
	last := states[len(states)-1]
	require.True(t, last.Ended)
	require.Empty(t, last.Error)
	require.Equal(t, 3, last.Tried)
	require.Equal(t, content, w.net.Files[last.Path])
	require.NotContains(t, strings.TrimPrefix(last.Path, "disk2/"), "/")
	require.Equal(t, 1, owner.metrics[actortest.Series("transfers_total", "direction", "out", "result", "ok")])
	require.Equal(t, [5]int{1, 0, 1, 0, 0}, p.packets("ARET"), "one is the file, and one is not")
	require.Equal(t, [5]int{0, 0, 0, 2, 1}, p.packets("RETR"), "one owner could not be asked")

	again := p.download(id, "another name.bin", endpoint(200))
	require.Equal(t, last.Path, again.Path, "it is here already")
}

func TestDownloadThatNobodyGives(t *testing.T) {
	w := newWorld(t, 1)
	p := w.add(node.Peer, testConfig())
	silent := w.stranger(70, true)
	refusing := w.add(node.Peer, testConfig())
	w.sim.Run(time.Second)
	last := p.download(p2p.FileID{1}, "x", refusing.self, silent.self)
	require.Contains(t, last.Error, "Sorry, the requested file is not available anymore")
	require.Contains(t, last.Error, "nothing came for too long")
	require.Empty(t, w.net.Files)
}

func TestUploadSlots(t *testing.T) {
	w := newWorld(t, 1)
	c := testConfig()
	c.Transfer.UploadSlots, c.Transfer.UploadQueue = 1, 1
	owner := w.add(node.Peer, c)
	id := owner.disk.Put("f", []byte("f"))
	w.sim.Run(time.Second)
	s := w.stranger(100, false)
	var conns []*rawConn
	for range 3 {
		conn := s.dial(owner.self)
		conns = append(conns, conn)
	}
	for _, conn := range conns {
		conn.conn.Send([]byte("RETR" + id.String()))
	}
	w.sim.Run(time.Second)
	answers := map[string]int{}
	for _, conn := range conns {
		answers[string(conn.got[:4])]++
	}
	require.Equal(t, map[string]int{"ARET": 2, "Sorr": 1}, answers, "one is served, one waits, one is refused")
	require.Zero(t, inspect[*message.ShareStatus](owner, owner.routes.Share).Uploads)
}
