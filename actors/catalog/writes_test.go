package catalog

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// many are publications of so many files.
func many(n int) (all []message.Publication) {
	for i := range n {
		all = append(all, message.Publication{File: idOf(i), Name: p2p.FileName(fmt.Sprintf("song number %d.mp3", i))})
	}
	return all
}

func (s *stage) search(t string, session int) *message.Match {
	text, err := p2p.NewSearchText(t)
	require.NoError(s, err)
	m := &message.Match{Text: text, Limit: 10, ReplyTo: s.asks.PID, For: netip.AddrFrom4([4]byte{byte(session)})}
	if session > 0 {
		m.Session = sessionNo(session)
	}
	return m
}

// TestSearchesGoFirst: a search waits for those publications only that the session has made for which it is.
func TestSearchesGoFirst(t *testing.T) {
	s := newStage(t)
	s.load("loaded name.mp3")
	root := s.sim.System.Root
	root.Send(s.catalog, &message.Update{Session: sessionNo(2), Owner: where(sessionNo(2)), Changes: many(5000), ReplyTo: s.asks.PID})
	root.Send(s.catalog, &message.Update{Session: sessionNo(3), Owner: where(sessionNo(3)), Changes: many(5000), ReplyTo: s.asks.PID})
	for _, session := range []int{2, 4, 0} {
		root.Send(s.catalog, s.search("number 4999", session))
	}
	root.Send(s.catalog, &message.Update{Session: sessionNo(2), Owner: where(sessionNo(2)), Changes: many(1)})
	gone := s.search("number 4999", 3)
	gone.ReplyTo = s.store.PID
	root.Send(s.catalog, gone)
	root.Send(s.catalog, &message.Unmatch{ReplyTo: s.store.PID})
	s.sim.Run(0)
	var order []string
	for _, m := range s.asks.Messages {
		switch m := m.(type) {
		case *message.Matched:
			order = append(order, fmt.Sprintf("%d found", len(m.Hits)))
		case *message.Published:
			order = append(order, "published")
		}
	}
	require.Equal(t, []string{"0 found", "0 found", "published", "1 found", "published"}, order)
	require.Empty(t, actortest.Got[*message.Matched](s.store), "it was taken back")
	s.send(&message.Update{Session: sessionNo(2), Gone: true})
	s.send(s.search("number 4999", 0))
	found := actortest.Got[*message.Matched](s.asks)
	require.Len(t, found[len(found)-1].Hits, 1, "the other one's")
}

// TestToldAnewIsNeverMissing: what a session has before and after is found while it tells everything anew, and what it has
// not told again is gone then.
func TestToldAnewIsNeverMissing(t *testing.T) {
	s := newStage(t)
	s.load()
	root := s.sim.System.Root
	s.send(&message.Update{Session: sessionNo(2), Owner: where(sessionNo(2)), Changes: many(5000)})
	root.Send(s.catalog, &message.Update{Session: sessionNo(2), Owner: where(sessionNo(2)), Gone: true, Changes: many(4000)})
	for i := range 60 {
		root.Send(s.catalog, s.search("number 3999", 5+i))
	}
	s.sim.Run(0)
	found := actortest.Got[*message.Matched](s.asks)
	require.Len(t, found, 60)
	for _, m := range found {
		require.Len(t, m.Hits, 1)
	}
	s.send(&message.Inspect{ReplyTo: s.asks.PID})
	require.Equal(t, 4000, actortest.Got[*message.CatalogStatus](s.asks)[0].Copies)
	s.send(&message.Update{Session: sessionNo(2), Gone: true})
	s.send(&message.Inspect{ReplyTo: s.asks.PID})
	require.Zero(t, actortest.Got[*message.CatalogStatus](s.asks)[1].Copies)
}

// TestDirectoryIsReadAhead: the next piece is asked for while one is taken in, and what is there is found.
func TestDirectoryIsReadAhead(t *testing.T) {
	s := newStage(t)
	loads := func() int { return len(actortest.Got[*message.Load](s.store)) }
	piece := func(from int, last bool) *port.Loaded {
		all := actortest.Got[*message.Load](s.store)
		m := &port.Loaded{Token: uint64(all[len(all)-1].Ref), Last: last, Next: port.Cursor{Session: sessionNo(1)}}
		m.Changes = append(m.Changes, port.Change{Op: port.OpLogin, Session: sessionNo(1), Endpoint: where(sessionNo(1))})
		for i := range 1000 {
			m.Changes = append(m.Changes, port.Change{
				Op: port.OpPut, Session: sessionNo(1), File: idOf(from + i), Name: p2p.FileName(fmt.Sprintf("song number %d.mp3", from+i)),
			})
		}
		return m
	}
	require.Equal(t, 1, loads())
	before := loads()
	s.sim.System.Root.Send(s.catalog, piece(0, false))
	s.sim.System.Root.Send(s.catalog, s.search("number 12.", 0))
	s.sim.Run(0)
	require.Equal(t, before+1, loads())
	found := actortest.Got[*message.Matched](s.asks)
	require.Len(t, found[0].Hits, 1)
	require.True(t, found[0].More, "the rest may have it, too")
	s.send(&message.Inspect{ReplyTo: s.asks.PID})
	require.Equal(t, &message.CatalogStatus{Files: 1000, Copies: 1000, Owners: 1, Loading: true},
		actortest.Got[*message.CatalogStatus](s.asks)[0])
	s.send(piece(1000, true))
	s.send(&message.Inspect{ReplyTo: s.asks.PID})
	require.Equal(t, &message.CatalogStatus{Files: 2000, Copies: 2000, Owners: 1},
		actortest.Got[*message.CatalogStatus](s.asks)[1])
	require.Equal(t, before+1, loads(), "that was all")
}

// TestLargeFilterIsBuiltInTurns: a search has its turn while a filter is built, and what comes and goes meanwhile is in it.
func TestLargeFilterIsBuiltInTurns(t *testing.T) {
	s := newStage(t)
	s.load("loaded name.mp3")
	s.send(&message.Update{Session: sessionNo(2), Owner: where(sessionNo(2)), Changes: many(builtFirst + 5000)})
	root := s.sim.System.Root
	root.Send(s.catalog, &message.Digesting{ReplyTo: s.asks.PID})
	root.Send(s.catalog, s.search("number 12.", 0))
	root.Send(s.catalog, &message.Update{Session: sessionNo(3), Owner: where(sessionNo(3)), Changes: []message.Publication{
		{File: p2p.FileID{1}, Name: "xylophone quartz.ogg"},
	}})
	root.Send(s.catalog, &message.Update{Session: sessionNo(1), Changes: []message.Publication{{File: p2p.FileID{0}, Withdraw: true}}})
	s.sim.Run(0)
	var found, built int
	for i, m := range s.asks.Messages {
		switch m.(type) {
		case *message.Matched:
			found = i
		case *message.FilterPart:
			built = i
		}
	}
	require.Less(t, found, built)
	s.told()
	s.requirePasses(true, "number 12", "number 9000", "xylophone")
	s.requirePasses(false, "loaded name", "absent one")
}

// TestFailingCatalogTellsWhoWaits: whoever waits for a publication or a search that did not have its turn is told.
func TestFailingCatalogTellsWhoWaits(t *testing.T) {
	s := newStage(t)
	s.load("loaded name.mp3")
	root := s.sim.System.Root
	root.Send(s.catalog, &message.Update{Ref: 7, Session: sessionNo(2), Owner: where(sessionNo(2)), Changes: many(5000), ReplyTo: s.asks.PID})
	root.Send(s.catalog, s.search("number 4999", 2))
	root.Send(s.catalog, s.search("number 4999", 4))
	root.Send(s.catalog, (*message.Update)(nil)) // it panics over this
	s.sim.Run(0)
	var refs []message.Ref
	for _, m := range actortest.Got[*message.Published](s.asks) {
		require.Error(t, m.Err)
		refs = append(refs, m.Ref)
	}
	require.Equal(t, []message.Ref{7}, refs)
	require.Len(t, actortest.Got[*message.Matched](s.asks), 2)
	for _, m := range actortest.Got[*message.Matched](s.asks) {
		require.True(t, m.Err != nil)
	}
}
