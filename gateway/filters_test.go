package gateway_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

// TestLastHopIsRouted: a search is not sent on its last hop to where nothing can match, and always to where something
// does, whatever is published and withdrawn.
func TestLastHopIsRouted(t *testing.T) {
	w := newWorld(t, 1)
	c := linkConfig()
	c.Search.TTL = 1
	w.overlay(5, [][2]int{{0, 1}, {0, 2}, {0, 3}, {0, 4}}, c)
	search := func(text string, results, sent int) {
		t.Helper()
		before := w.sent["QUER"]
		found := w.all[0].find(text)
		require.Len(t, found.Results, results, text)
		require.True(t, found.Complete)
		require.Equal(t, sent, w.sent["QUER"]-before, text)
	}
	search("some song", 0, 0)
	require.Equal(t, 4, w.all[0].metrics["searches_routed_total"])
	songs := make(map[int]p2p.FileID)
	for _, i := range []int{1, 3} {
		songs[i] = w.all[i].disk.Put(fmt.Sprintf("Some Song %d.mp3", i), fmt.Appendf(nil, "%d", i))
		w.sim.Run(time.Second)
	}
	search("SOME SONG", 2, 2)
	search("ome song 3", 1, 1)
	search("other", 0, 0)
	search("om", 2, 4)
	search("*", 2, 4)
	w.all[1].disk.Remove("Some Song 1.mp3")
	w.sim.Run(time.Second)
	search("some song", 1, 2) // what was withdrawn is told later, with more of that

	// A session's files count as well, and one that comes later gets the whole.
	s := w.stranger(100, true)
	id := s.login(w.all[2].self)
	s.dial(w.all[2].self).say("%s", adff(id, md5Of("a"), "perché no.ogg"))
	search("perch", 1, 1)
	search("PERCHÉ", 1, 1)
	w.sim.System.Root.Stop(w.sim.System.NewLocalPID("n1/overlay/neighbor/" + endpoint(3).String()))
	w.sim.Run(2 * time.Minute)
	search("perché", 1, 1)
	search("perchè", 1, 1)
	search("perchi", 0, 0)

	// The catalog fails and begins anew: until then everything passes.
	w.sim.System.Root.Send(w.all[2].routes.Catalog, (*message.Update)(nil)) // it panics over this
	w.sim.Run(time.Second)
	search("perché", 1, 1)
	search("perchi", 0, 0)
}

// TestSlowLinkHasNoFilter: where the filter does not get through, the other side is told that it knows nothing, and gets
// all of it later.
func TestSlowLinkHasNoFilter(t *testing.T) {
	for _, c := range []struct {
		name   string
		slow   bool // from the beginning
		queued int
	}{
		{"changes behind a whole filter that waits", true, 128 << 10},
		{"a change for which there is no room", false, 256 << 10},
	} {
		t.Run(c.name, func(t *testing.T) { slowLinkHasNoFilter(t, c.slow, c.queued) })
	}
}

func slowLinkHasNoFilter(t *testing.T, slow bool, queued int) {
	w := newWorld(t, 1)
	c := linkConfig()
	c.Search.TTL, c.Search.FilterMax = 1, 512
	w.net.Queued = func(from, _ netip.Addr) int {
		if slow && from == endpoint(2).IPv4() {
			return queued
		}
		return 0
	}
	w.overlay(2, line(2), c)
	if !slow {
		require.Zero(t, len(w.all[0].find("some song").Results)+w.sent["QUER"])
	}
	slow = true
	for i := range 200 {
		w.all[1].disk.Put(fmt.Sprintf("%d %d", i*i*i*7919, i), fmt.Appendf(nil, "%d", i))
		w.sim.Run(10 * time.Millisecond)
	}
	require.Positive(t, w.all[1].metrics[actortest.Series("refusals_total", "reason", "link_filter")])
	w.all[0].find("some song")
	require.Equal(t, 1, w.sent["QUER"], "nothing is known of what is there")
	slow = false
	w.sim.Run(10 * time.Second)
	require.Len(t, w.all[0].find(fmt.Sprintf("%d", 199*199*199*7919)).Results, 1)
	for i := range 20 {
		w.all[0].find(fmt.Sprintf("nothing of %d", i))
	}
	require.Less(t, w.sent["QUER"], 20, "most are turned away again")
}

// TestChangesDoNotWait: where answers wait on a link, a file that is new behind it is found all the same, or the search says
// that something may be missing.
func TestChangesDoNotWait(t *testing.T) {
	w := newWorld(t, 1)
	c := linkConfig()
	c.Search.TTL = 1
	w.overlay(2, line(2), c)
	require.Zero(t, len(w.all[0].find("some song").Results)+w.sent["QUER"], "nothing can match")
	queued := 128 << 10
	w.net.Queued = func(from, _ netip.Addr) int {
		if from == endpoint(2).IPv4() {
			return queued
		}
		return 0
	}
	w.all[1].disk.Put("some song.mp3", []byte("song"))
	w.sim.Run(10 * time.Millisecond)
	found := w.all[0].find("some song")
	require.Len(t, found.Results, 1)
	require.True(t, found.Complete)

	queued = 256 << 10 // there is room for nothing
	w.all[1].disk.Put("another.mp3", []byte("another"))
	w.sim.Run(10 * time.Millisecond)
	require.False(t, w.all[0].find("another").Complete, "its name could not be told")
}
