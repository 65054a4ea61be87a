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

const (
	quiet  = config.DefaultSearchQuiet
	window = config.DefaultSearchWindow
)

// answered says that the search has been answered exactly now, and gives the answer.
func (b *bench) answered(after time.Duration) *message.Found {
	b.t.Helper()
	b.sim.Run(after - 10*time.Millisecond)
	require.Empty(b.t, b.found(), "too early")
	b.sim.Run(20 * time.Millisecond)
	require.Len(b.t, b.found(), 1, "too late")
	return b.found()[0]
}

func (b *bench) ended(strategy, end string) int {
	return b.series("searches_ended_total", "strategy", strategy, "end", end)
}

// TestSearchEndsWithItsLastBranch, at that moment.
func TestSearchEndsWithItsLastBranch(t *testing.T) {
	b := newBench(t, strategy(config.StrategyFlood))
	b.find(message.Find{Ref: 7}, hit(1))
	b.flooded(host(2), host(3), host(4))
	b.answers(hit(5))
	b.branch(host(2), message.Complete)
	b.branch(host(4), message.Unreached)
	b.sim.Run(window / 2)
	require.Empty(t, b.found(), "a branch is open, and the quiet rule is for those that are unknown")
	b.branch(host(3), message.Complete)
	got := b.found()
	require.Len(t, got, 1)
	require.Equal(t, message.Ref(7), got[0].Ref)
	require.Len(t, got[0].Results, 2)
	require.True(t, got[0].Complete)
	require.Equal(t, 1, b.ended("flood", "complete"))
	require.Equal(t, 1000, b.series("search_steps_sum", "strategy", "flood"))
	require.Len(t, actortest.Got[*message.Handled](b.conn), 1)
}

func TestSearchThatReachesNobody(t *testing.T) {
	for _, name := range config.Strategies() {
		b := newBench(t, strategy(name))
		b.find(message.Find{}, hit(1))
		b.flooded(host(2))
		b.branch(host(2), message.Unreached)
		require.Len(t, b.found(), 1, name)
		require.True(t, b.found()[0].Complete)
		require.Len(t, b.floods(), 1, "nobody is there for another step")
	}
}

// TestSearchWaitsForItsCatalog: an answer without this node's own files is none.
func TestSearchWaitsForItsCatalog(t *testing.T) {
	b := newBench(t, strategy(config.StrategyFlood))
	text, _ := p2p.NewSearchText("song")
	b.tell(b.queries, &message.Find{Text: text, ReplyTo: b.asker.PID})
	b.flooded()
	b.sim.Run(quiet)
	require.Empty(t, b.found())
	b.matched(&message.Matched{Hits: hits(1, 2), More: true})
	require.Len(t, b.found()[0].Results, 2)
	require.False(t, b.found()[0].Complete, "there is more here")
}

// TestQuietRule decides where a branch is unknown: it counts from the last answer, or the branch's end.
func TestQuietRule(t *testing.T) {
	unknown := func(b *bench) { b.branch(host(2), message.Unknown) }
	for name, c := range map[string]struct {
		lose func(*bench)
		want time.Duration
	}{
		"unknown":                        {unknown, quiet},
		"abandoned":                      {func(b *bench) { b.tell(b.queries, &message.Abandoned{By: host(2)}) }, quiet},
		"all abandoned":                  {func(b *bench) { b.tell(b.queries, &message.Abandoned{}) }, quiet},
		"answers come":                   {func(b *bench) { unknown(b); b.sim.Run(quiet / 2); b.answers(hit(1)) }, quiet},
		"what does not match":            {func(b *bench) { unknown(b); b.sim.Run(quiet / 2); b.answers(message.Hit{Name: "noise"}) }, quiet / 2},
		"enough":                         {func(b *bench) { unknown(b); b.answers(hits(1, 5)...) }, quiet / 2},
		"the other one's end is no news": {func(b *bench) { unknown(b); b.sim.Run(quiet / 2); b.branch(host(3), message.Complete) }, quiet / 2},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, strategy(config.StrategyFlood))
			b.find(message.Find{Limit: 5})
			b.flooded(host(2), host(3))
			b.sim.Run(quiet)
			c.lose(b)
			require.False(t, b.answered(c.want).Complete)
		})
	}
}

// TestSearchWithoutAnOverlay: nobody says to whom it went.
func TestSearchWithoutAnOverlay(t *testing.T) {
	b := newBench(t, strategy(config.StrategyFlood))
	b.find(message.Find{}, hit(1))
	require.Len(t, b.answered(quiet).Results, 1)
	require.Equal(t, 1, b.ended("flood", "quiet"))
}

// TestWindow: what there is is told when the time is over, though a branch is open.
func TestWindow(t *testing.T) {
	b := newBench(t, strategy(config.StrategyFlood))
	b.find(message.Find{}, hit(1))
	b.flooded(host(2))
	got := b.answered(window)
	require.NoError(t, got.Err)
	require.Len(t, got.Results, 1)
	require.False(t, got.Complete)
	require.Equal(t, 1, b.ended("flood", "window"))
}

// TestRing asks further and further, each time under a Pktid of its own, until everybody has been asked.
func TestRing(t *testing.T) {
	b := newBench(t, strategy(config.StrategyRing))
	b.find(message.Find{}, hit(1))
	ids := map[p2p.PacketID]bool{}
	for i, ttl := range []p2p.TTL{1, 2, 4, 5} {
		require.Empty(t, b.found())
		require.Len(t, b.floods(), i+1)
		f := b.flood()
		require.Equal(t, ttl, f.Packet.TTL)
		require.Equal(t, host(1), f.Packet.Origin)
		require.Nil(t, f.Only)
		ids[f.Packet.ID] = true
		b.flooded(host(2))
		// An answer on a connection of its own finds its way by the step's Pktid.
		b.tell(b.queries, &message.Aque{ID: f.Packet.ID, Hit: hit(10 + i), ReplyTo: b.conn.PID})
		b.branch(host(2), message.Complete)
	}
	require.Len(t, ids, 4)
	require.Len(t, b.found()[0].Results, 5)
	require.True(t, b.found()[0].Complete)
	require.Equal(t, 1, b.ended("ring", "complete"))
	require.Equal(t, 4000, b.series("search_steps_sum", "strategy", "ring"))

	// Each of them is this node's own, also when it is over.
	for id := range ids {
		q := b.quer(id.String(), 3)
		b.tell(b.queries, q)
	}
	require.Len(t, b.carried(), 4)
	require.Len(t, b.floods(), 4)
	b.tell(b.queries, &message.Aque{ID: b.flood().Packet.ID, Hit: hit(30), ReplyTo: b.conn.PID})
	require.Equal(t, 1, b.series("dropped_total", "command", "AQUE", "reason", "nobody_waits"))
}

// TestRingStopsAtEnough: nobody is asked for what is there already.
func TestRingStopsAtEnough(t *testing.T) {
	b := newBench(t, strategy(config.StrategyRing))
	b.find(message.Find{Limit: 3}, hit(1))
	b.flooded(host(2))
	b.answers(hits(10, 2)...)
	require.Empty(t, b.found(), "other copies are on their way")
	b.branch(host(2), message.Complete)
	require.Len(t, b.floods(), 1)
	require.Len(t, b.found()[0].Results, 3)
	require.False(t, b.found()[0].Complete)
	require.Equal(t, 1, b.ended("ring", "enough"))

	b = newBench(t, strategy(config.StrategyRing))
	b.find(message.Find{Limit: 3}, hits(1, 3)...)
	require.Empty(t, b.floods(), "it is all here")
	require.Len(t, b.found()[0].Results, 3)
}

// TestStepsDoNotWaitLong: only the last one has all the time.
func TestStepsDoNotWaitLong(t *testing.T) {
	b := newBench(t, strategy(config.StrategyRing), func(c *config.Config) { c.Search.TTL = 2 })
	b.find(message.Find{})
	b.flooded(host(2), host(3))
	b.branch(host(2), message.Unknown)
	first := b.flood()
	b.sim.Run(quiet/2 - 10*time.Millisecond)
	require.Len(t, b.floods(), 1)
	b.sim.Run(20 * time.Millisecond)
	require.Len(t, b.floods(), 2)
	b.flooded(host(2), host(3))
	b.branch(host(2), message.Complete)
	b.tell(first.ReplyTo, &message.Branch{Ref: first.Ref, By: host(3), Outcome: message.Complete})
	b.tell(first.ReplyTo, &message.Aque{ID: first.Packet.ID, Hit: hit(1), ReplyTo: b.conn.PID})
	require.Empty(t, b.found(), "it was the first step's branch that ended")
	b.branch(host(3), message.Unknown)
	require.Len(t, b.answered(quiet).Results, 1, "what is late for its step is not late for the search")
}

// TestLastStepBeginsInTime: after half of the window everybody is asked, however the steps before go.
func TestLastStepBeginsInTime(t *testing.T) {
	for _, name := range []string{config.StrategyRing, config.StrategyDynamic} {
		b := newBench(t, strategy(name), func(c *config.Config) { c.Search.Quiet = window })
		b.find(message.Find{})
		b.flooded(host(2))
		b.sim.Run(window/2 - 20*time.Millisecond)
		require.Len(t, b.floods(), 1)
		b.sim.Run(40 * time.Millisecond)
		require.Len(t, b.floods(), 2)
		require.Equal(t, config.DefaultSearchTTL, b.flood().Packet.TTL)
		b.flooded(host(2))
		b.branch(host(2), message.Complete)
		require.True(t, b.found()[0].Complete)
	}

	// The catalog is not waited for longer, either.
	b := newBench(t, strategy(config.StrategyRing))
	text, _ := p2p.NewSearchText("song")
	b.tell(b.queries, &message.Find{Text: text, ReplyTo: b.asker.PID})
	b.sim.Run(window/2 - 20*time.Millisecond)
	require.Empty(t, b.floods())
	b.sim.Run(40 * time.Millisecond)
	require.Equal(t, config.DefaultSearchTTL, b.flood().Packet.TTL)
}

// TestDynamic probes, asks one neighbor after another, and everybody in the end.
func TestDynamic(t *testing.T) {
	b := newBench(t)
	b.find(message.Find{Limit: 100}, hit(1))
	neighbors := []p2p.Endpoint{host(2), host(3), host(4), host(5)}
	require.Equal(t, p2p.TTL(1), b.flood().Packet.TTL)
	require.Nil(t, b.flood().Only)
	b.flooded(neighbors...)
	b.answers(hits(10, 20)...)
	for _, n := range neighbors {
		b.branch(n, message.Complete)
	}
	require.Len(t, b.floods(), 2)
	one := b.flood()
	require.Len(t, one.Only, 1)
	require.Contains(t, neighbors, one.Only[0])
	require.Equal(t, p2p.TTL(4), one.Packet.TTL, "five from each, and 79 are missing")
	b.flooded(one.Only...)
	b.answers(hits(40, 60)...)
	b.branch(one.Only[0], message.Complete)
	another := b.flood()
	require.NotEqual(t, one.Only, another.Only)
	require.Equal(t, p2p.TTL(3), another.Packet.TTL, "19 are missing, and twelve stand behind it")
	b.flooded(another.Only...)
	b.branch(another.Only[0], message.Complete)
	require.Nil(t, b.flood().Only, "it brought nothing")
	require.Equal(t, config.DefaultSearchTTL, b.flood().Packet.TTL)
	b.flooded(neighbors...)
	for _, n := range neighbors {
		b.branch(n, message.Complete)
	}
	require.Len(t, b.found()[0].Results, 81)
	require.True(t, b.found()[0].Complete)
	require.Equal(t, 4000, b.series("search_steps_sum", "strategy", "dynamic"))
}

// TestSearchAsItIsWanted: strategy and number of files are the search's own, within what is configured.
func TestSearchAsItIsWanted(t *testing.T) {
	b := newBench(t, func(c *config.Config) { c.Search.MaxResults = 4 })
	b.find(message.Find{Strategy: config.StrategyFlood, Limit: 2})
	require.Equal(t, config.DefaultSearchTTL, b.flood().Packet.TTL)
	require.Equal(t, 2, actortest.Got[*message.Match](b.catalog)[0].Limit)
	b.flooded(host(2))
	b.answers(hits(1, 3)...)
	b.branch(host(2), message.Complete)
	require.Len(t, b.found()[0].Results, 2)
	require.False(t, b.found()[0].Complete, "there was more")
	require.Equal(t, 1, b.ended("flood", "complete"))

	b.find(message.Find{Limit: 99, Strategy: "nonsense"})
	require.Equal(t, p2p.TTL(1), b.flood().Packet.TTL, "as it is configured")
	require.Equal(t, 4, actortest.Got[*message.Match](b.catalog)[1].Limit)
}

// TestOneOwnerDoesNotFillTheResults, as long as others have something, too.
func TestOneOwnerDoesNotFillTheResults(t *testing.T) {
	b := newBench(t, strategy(config.StrategyFlood), func(c *config.Config) { c.Search.MaxResults, c.Search.MaxPerOwner = 4, 2 })
	greedy := hits(1, 4)
	for i := range greedy {
		greedy[i].Owner = host(7)
	}
	b.find(message.Find{}, greedy...)
	b.flooded(host(2))
	b.answers(hits(10, 5)...)
	b.branch(host(2), message.Complete)
	alone := 0
	for _, r := range b.found()[0].Results {
		if r.Owners[0] == host(7) {
			alone++
		}
	}
	require.Equal(t, 2, alone)
	require.Len(t, b.found()[0].Results, 4)
}
