package query_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/config"
)

const pktid = "PKT0000000000001"

func idOf(t *testing.T, s string) p2p.PacketID {
	id, err := p2p.ParsePacketID([]byte(s))
	require.NoError(t, err)
	return id
}

// TestReplyOverALink: its own answers and those from further on go back over the link, and the DONE behind all of them.
func TestReplyOverALink(t *testing.T) {
	b := newBench(t)
	b.tell(b.queries, b.quer(pktid, 3))
	f := b.flood()
	require.Equal(t, p2p.TTL(2), f.Packet.TTL)
	require.Equal(t, b.link.PID, f.Packet.Link, "so that it does not go back there")
	require.Nil(t, f.Packet.ReplyTo)
	require.Nil(t, f.Only)
	b.flooded(host(2), host(3))
	b.answers(hit(5))
	b.branch(host(2), message.Complete)
	b.matched(&message.Matched{Hits: hits(1, 2)})
	b.answers(hit(6))
	id := idOf(t, pktid)
	want := []any{&message.Aque{ID: id, Hit: hit(5)}, &message.Aque{ID: id, Hit: hit(1)}, &message.Aque{ID: id, Hit: hit(2)}, &message.Aque{ID: id, Hit: hit(6)}}
	require.Equal(t, want, b.carried(), "a branch is open")
	b.branch(host(3), message.Complete)
	require.Equal(t, append(want, &message.Done{ID: id, Complete: true}), b.carried())
	require.Len(t, actortest.Got[*message.Handled](b.conn), 3, "the QUER and two AQUEs")
	b.sim.Run(time.Minute)
	require.Len(t, b.carried(), 5, "one DONE")
	require.Empty(t, b.gateway.Messages)
	require.Equal(t, 1, b.series("search_seconds_count", "began", "elsewhere"))
}

// TestReplyIsComplete: everything counts that may be missing from what was told.
func TestReplyIsComplete(t *testing.T) {
	const cut = 3
	edit := func(c *config.Config) { c.Search.MaxResults, c.Limits.AnswersPerQuery = cut, 2 }
	for _, c := range []struct {
		name    string
		matched message.Matched
		aques   int
		outcome message.Outcome
		want    bool
	}{
		{"everything", message.Matched{Hits: hits(1, cut)}, 2, message.Complete, true},
		{"a neighbor not reached", message.Matched{}, 0, message.Unreached, true},
		{"a branch unknown", message.Matched{}, 0, message.Unknown, false},
		{"more copies than are told", message.Matched{Hits: hits(1, cut+1)}, 0, message.Complete, false},
		{"more files than are told", message.Matched{Hits: hits(1, 1), More: true}, 0, message.Complete, false},
		{"no catalog", message.Matched{Err: message.ErrFailed}, 0, message.Complete, false},
		{"more answers than are passed on", message.Matched{}, 3, message.Complete, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, edit)
			b.tell(b.queries, b.quer(pktid, 2))
			b.flooded(host(2))
			b.answers(hits(10, c.aques)...)
			b.branch(host(2), c.outcome)
			b.matched(&c.matched)
			got := b.carried()
			require.Len(t, got, min(len(c.matched.Hits), cut)+min(c.aques, 2)+1)
			require.Equal(t, &message.Done{ID: idOf(t, pktid), Complete: c.want}, got[len(got)-1])
			require.Len(t, actortest.Got[*message.Handled](b.conn), 1+c.aques)
			require.Equal(t, max(0, c.aques-2), b.series("refusals_total", "reason", "answers_per_query"))
		})
	}
}

// TestReplyGoesNoFurtherThanItsTTL: at the last hop the catalog alone is waited for.
func TestReplyGoesNoFurtherThanItsTTL(t *testing.T) {
	b := newBench(t)
	b.tell(b.queries, b.quer(pktid, 1))
	require.Empty(t, b.overlay.Messages)
	b.matched(&message.Matched{Hits: hits(1, 1)})
	require.Equal(t, &message.Done{ID: idOf(t, pktid), Complete: true}, b.carried()[1])

	b.tell(b.queries, b.quer("PKT0000000000002", 99))
	require.Equal(t, config.DefaultSearchTTL-1, b.flood().Packet.TTL, "no more than this node's own searches have left")
}

// TestQuersThatGoNoFurther: duplicates are complete, what a limit refuses is not, and neither is passed on.
func TestQuersThatGoNoFurther(t *testing.T) {
	b := newBench(t, func(c *config.Config) { c.Limits.QueriesPerAddress = 1 })
	done := func(id string, complete bool) *message.Done {
		return &message.Done{ID: idOf(t, id), Complete: complete}
	}
	own := b.quer("PKT0000000000009", 3)
	own.Origin = host(1)
	b.tell(b.queries, b.quer(pktid, 3), b.quer(pktid, 2), own, b.quer("PKT0000000000002", 3))
	require.Equal(t, []any{done(pktid, true), done("PKT0000000000009", true), done("PKT0000000000002", false)}, b.carried())
	require.Len(t, b.floods(), 1)
	require.Len(t, actortest.Got[*message.Handled](b.conn), 4)
	require.Equal(t, 2, b.series("dropped_total", "command", "QUER", "reason", "duplicate"))

	// When there is room again, what was refused is taken from whoever brings it.
	b.flooded()
	b.matched(&message.Matched{})
	require.Equal(t, done(pktid, true), b.carried()[3])
	b.tell(b.queries, b.quer("PKT0000000000002", 3))
	require.Len(t, b.floods(), 2)

	full := newBench(t, func(c *config.Config) { c.Limits.PendingQueries = 1 })
	full.find(message.Find{})
	full.tell(full.queries, full.quer(pktid, 3))
	require.Equal(t, []any{done(pktid, false)}, full.carried())
	require.Len(t, full.floods(), 1, "the search")
	require.Equal(t, 1, full.series("refusals_total", "reason", "pending_queries"))
}

// TestReplyGivesUp: the fewer hops a QUER has left, the sooner, so that who waits hears of it in time.
func TestReplyGivesUp(t *testing.T) {
	for ttl, after := range map[p2p.TTL]time.Duration{1: 3 * time.Second, 2: 6 * time.Second, 5: 15 * time.Second, 99: 15 * time.Second} {
		b := newBench(t)
		b.tell(b.queries, b.quer(pktid, ttl))
		if ttl > 1 {
			b.flooded(host(2))
			b.matched(&message.Matched{Hits: hits(1, 1)})
		}
		before := len(b.carried())
		b.sim.Run(after - 10*time.Millisecond)
		require.Len(t, b.carried(), before)
		b.sim.Run(10 * time.Millisecond)
		require.Equal(t, []any{&message.Done{ID: idOf(t, pktid)}}, b.carried()[before:], "TTL %d", ttl)
		require.Equal(t, 0, b.series("search_seconds_count", "began", "elsewhere"), "it did not end by itself")
	}
}

// TestReplyThatFailsSaysSo, also where all queries end.
func TestReplyThatFailsSaysSo(t *testing.T) {
	done := []any{&message.Done{ID: idOf(t, pktid)}}
	b := newBench(t)
	b.tell(b.queries, b.quer(pktid, 3))
	b.tell(b.flood().ReplyTo, (*message.Branch)(nil))
	require.Equal(t, done, b.carried())

	b = newBench(t)
	b.tell(b.queries, b.quer(pktid, 3))
	b.tell(b.queries, (*message.Find)(nil))
	require.Equal(t, done, b.carried())

	// Over the QUER itself the queries may fail as well.
	b = newBench(t)
	b.rand.broken = true
	b.tell(b.queries, b.quer(pktid, 3))
	require.Equal(t, done, b.carried())
	require.Empty(t, b.floods())
}

// TestReplyToldWhatIsDenied: it is not told, and nothing is missing for that.
func TestReplyToldWhatIsDenied(t *testing.T) {
	b := newBench(t, func(c *config.Config) { c.Access.Deny = []string{host(5).Host().String()} })
	b.tell(b.queries, b.quer(pktid, 3))
	b.flooded(host(2))
	b.answers(hit(5), hit(6))
	b.branch(host(2), message.Complete)
	b.matched(&message.Matched{Hits: hits(4, 2)})
	id := idOf(t, pktid)
	require.Equal(t, []any{
		&message.Aque{ID: id, Hit: hit(6)}, &message.Aque{ID: id, Hit: hit(4)}, &message.Done{ID: id, Complete: true},
	}, b.carried())
	require.Equal(t, 1, b.series("dropped_total", "command", "AQUE", "reason", "denied"))
}

// TestReplyWithoutALink: everything goes to the address that the QUER names, a few at a time, and no DONE.
func TestReplyWithoutALink(t *testing.T) {
	b := newBench(t)
	q := b.quer(pktid, 3)
	q.Link = nil
	b.tell(b.queries, q)
	b.flooded(host(2))
	b.matched(&message.Matched{Hits: hits(1, 3)})
	b.answers(hits(10, 3)...)
	sends := func() []*message.Send { return actortest.Got[*message.Send](b.gateway) }
	require.Len(t, sends(), 4)
	require.Equal(t, host(9), sends()[3].To)
	require.Equal(t, &message.Aque{ID: q.ID, Hit: hit(10)}, sends()[3].Packet)
	b.branch(host(2), message.Complete)
	for i := range 6 {
		require.Len(t, sends(), min(4+i, 6))
		b.tell(sends()[i].ReplyTo, &message.Sent{})
	}
	require.Len(t, actortest.Got[*message.Handled](b.conn), 4)
	require.Equal(t, 1, b.series("search_seconds_count", "began", "elsewhere"))

	// Where nobody listens there, no more is tried.
	q = b.quer("PKT0000000000002", 3)
	q.Link = nil
	b.tell(b.queries, q)
	b.flooded(host(2))
	b.matched(&message.Matched{Hits: hits(1, 9)})
	require.Len(t, sends(), 10)
	for range 4 {
		b.tell(sends()[9].ReplyTo, &message.Sent{Err: message.ErrFailed})
	}
	b.answers(hit(20))
	require.Len(t, sends(), 11, "one behind the first that failed")
	require.Empty(t, b.link.Messages)
}

// TestReplyIsNotSentForEver: after a search window nobody waits for what is still under way.
func TestReplyIsNotSentForEver(t *testing.T) {
	b := newBench(t)
	q := b.quer(pktid, 1)
	q.Link = nil
	b.tell(b.queries, q)
	b.matched(&message.Matched{Hits: hits(1, 1)})
	pending := func() int {
		b.tell(b.queries, &message.Inspect{ReplyTo: b.asker.PID})
		all := actortest.Got[*message.QueriesStatus](b.asker)
		return all[len(all)-1].Answers
	}
	b.sim.Run(window - 10*time.Millisecond)
	require.Equal(t, 1, pending())
	b.sim.Run(20 * time.Millisecond)
	require.Zero(t, pending())
}

// TestAnswersThatNobodyWaitsFor are dropped, and those who bring them go on.
func TestAnswersThatNobodyWaitsFor(t *testing.T) {
	b := newBench(t)
	b.tell(b.queries, b.quer(pktid, 3))
	b.tell(b.queries, &message.Aque{ID: idOf(t, pktid), Hit: hit(1), ReplyTo: b.conn.PID})
	require.Len(t, actortest.Got[*message.Handled](b.conn), 2)
	require.Empty(t, b.carried(), "a reply takes answers from its own branches alone")
	require.Equal(t, 1, b.series("dropped_total", "command", "AQUE", "reason", "nobody_waits"))
}
