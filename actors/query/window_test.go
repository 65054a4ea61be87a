package query_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/config"
)

// matches gives the Matches that the catalog was asked, and how many were taken back.
func (b *bench) matches() (asked []*message.Match, back int) {
	for _, m := range b.catalog.Messages {
		switch m := m.(type) {
		case *message.Match:
			asked = append(asked, m)
		case *message.Unmatch:
			back++
		}
	}
	return asked, back
}

// TestCatalogThatDoesNotComeToIt: a search without this node's own files is no answer, and nobody looks them up for it
// any more.
func TestCatalogThatDoesNotComeToIt(t *testing.T) {
	b := newBench(t)
	text, _ := p2p.NewSearchText("song")
	b.sim.System.Root.Send(b.queries, &message.Find{Ref: 7, Text: text, ReplyTo: b.asker.PID})
	b.sim.Run(config.DefaultSearchWindow - time.Millisecond)
	require.Empty(t, b.asker.Messages)
	asked, back := b.matches()
	require.Len(t, asked, 1)
	require.Zero(t, back)
	b.sim.Run(time.Second)
	require.Equal(t, []any{&message.Found{Ref: 7, Err: message.ErrBusy}}, b.asker.Messages)
	_, back = b.matches()
	require.Equal(t, 1, back)
}

// TestQueriesThatEndAreTakenBack: what nobody waits for any more leaves the catalog's turns, and what was answered does
// not have to.
func TestQueriesThatEndAreTakenBack(t *testing.T) {
	b := newBench(t)
	text, _ := p2p.NewSearchText("song")
	for ref := range message.Ref(2) {
		b.sim.System.Root.Send(b.queries, &message.Find{Ref: ref, Text: text, ReplyTo: b.asker.PID})
	}
	b.sim.Run(time.Second)
	asked, _ := b.matches()
	require.Len(t, asked, 2)
	b.sim.System.Root.Send(asked[1].ReplyTo, &message.Matched{Ref: asked[1].Ref})
	b.sim.System.Root.Send(b.queries, &message.CancelFind{Ref: 0, ReplyTo: b.asker.PID})
	b.sim.System.Root.Send(b.queries, &message.CancelFind{Ref: 1, ReplyTo: b.asker.PID})
	b.sim.Run(time.Second)
	_, back := b.matches()
	require.Equal(t, 1, back)

	// The same for another's query, to which the catalog does not come in time.
	origin, err := p2p.ParseEndpoint("10.0.0.9:3000")
	require.NoError(t, err)
	b.sim.System.Root.Send(b.queries, &message.Quer{
		ID: p2p.NewPacketID(b.sim.Rand(3)), Origin: origin, TTL: 1, Text: text, From: netip.MustParseAddr("10.0.0.8"), ReplyTo: b.asker.PID,
	})
	b.sim.Run(config.DefaultSearchWindow + time.Second)
	asked, back = b.matches()
	require.Len(t, asked, 3)
	require.Equal(t, netip.MustParseAddr("10.0.0.8"), asked[2].For)
	require.Equal(t, 2, back)
}
