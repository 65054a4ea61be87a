package gateway_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"alakazaam/actors/message"
	"alakazaam/actors/node"
	"alakazaam/actors/p2p"
	"alakazaam/config"
)

// TestExactFloodLaw: through links, too, a flood costs 2E - N + 1 QUERs, each of them answered with one DONE, and the
// search ends when the last one has come.
func TestExactFloodLaw(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for _, c := range []struct {
		name  string
		nodes int
		edges [][2]int
		depth int // of the farthest node
	}{
		{"five in a line", 5, line(5), 4},
		{"25 in a grid", 25, grid(5, 5), 8},
		{"25 in a full mesh", 25, mesh(25), 1},
		{"100 at random with three neighbors each", 100, regular(random, 100, 3), 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, 1)
			cfg := linkConfig()
			cfg.Search.TTL, cfg.Discovery.PingEvery = 99, time.Hour
			w.overlay(c.nodes, c.edges, cfg)
			w.all[c.nodes-1].disk.Put("far away.bin", []byte("far"))
			w.sim.Run(time.Second)
			clear(w.sent)
			start := w.sim.Now()
			found := w.all[0].find("far away")
			took := w.sim.Now().Sub(start)
			require.NoError(t, found.Err)
			require.True(t, found.Complete)
			require.Len(t, found.Results, 1)
			w.sim.Run(time.Second)
			law := 2*len(c.edges) - c.nodes + 1
			require.Equal(t, law, w.sent["QUER"])
			require.Equal(t, law, w.sent["DONE"])
			if c.depth > 0 {
				require.Equal(t, c.depth, w.sent["AQUE"], "one a hop of the way back")
				require.LessOrEqual(t, took, time.Duration(2*c.depth+2)*time.Millisecond, "each hop takes a millisecond")
			}
			for _, n := range w.all {
				require.Equal(t, 1, inspect[*message.QueriesStatus](n, n.routes.Queries).Seen, "each node handles the Pktid once")
				require.Zero(t, inspect[*message.QueriesStatus](n, n.routes.Queries).Answers)
			}
		})
	}
}

// mixture is a random overlay with random content in which some nodes know no links.
type mixture struct {
	nodes    int
	edges    [][2]int
	base     []bool
	files    [][]string // by node
	strategy string
	ttl      p2p.TTL
	kill     int // node that is cut off in the middle of the search; -1: none
}

func anyMixture(t *rapid.T) mixture {
	m := mixture{nodes: rapid.IntRange(1, 14).Draw(t, "nodes"), kill: -1, ttl: 99}
	for i := 1; i < m.nodes; i++ {
		m.edges = append(m.edges, [2]int{rapid.IntRange(0, i-1).Draw(t, "parent"), i})
	}
	for range rapid.IntRange(0, m.nodes).Draw(t, "more edges") {
		e := [2]int{rapid.IntRange(0, m.nodes-1).Draw(t, "a"), rapid.IntRange(0, m.nodes-1).Draw(t, "b")}
		if e = [2]int{min(e[0], e[1]), max(e[0], e[1])}; e[0] != e[1] && !slices.Contains(m.edges, e) {
			m.edges = append(m.edges, e)
		}
	}
	bases := rapid.SampledFrom([]int{0, 0, 20, 50, 100}).Draw(t, "% base nodes")
	for i := range m.nodes {
		m.base = append(m.base, rapid.IntRange(0, 99).Draw(t, "base") < bases)
		var files []string
		for f := range rapid.IntRange(0, 4).Draw(t, "files") {
			files = append(files, fmt.Sprintf("%s %d of %d.mp3", rapid.SampledFrom([]string{"song", "talk", "noise"}).Draw(t, "word"), f, i))
		}
		m.files = append(m.files, files)
	}
	m.strategy = rapid.SampledFrom([]string{config.StrategyFlood, config.StrategyRing, config.StrategyDynamic}).Draw(t, "strategy")
	if rapid.Bool().Draw(t, "short") {
		m.ttl = p2p.TTL(rapid.IntRange(1, 4).Draw(t, "ttl"))
	}
	if m.nodes > 1 && rapid.IntRange(0, 3).Draw(t, "kill") == 0 {
		m.kill = rapid.IntRange(1, m.nodes-1).Draw(t, "killed")
	}
	return m
}

// build makes the mixture's nodes and lets them settle.
func (m mixture) build(t testing.TB) *world {
	w := newWorld(t, 1)
	for i := range m.nodes {
		c := linkConfig()
		c.Discovery.Links = !m.base[i]
		c.Search.Strategy, c.Search.TTL = m.strategy, m.ttl
		var neighbors []p2p.Endpoint
		for _, e := range m.edges {
			switch i {
			case e[0]:
				neighbors = append(neighbors, endpoint(e[1]+1))
			case e[1]:
				neighbors = append(neighbors, endpoint(e[0]+1))
			}
		}
		n := w.add(node.Supernode, c, neighbors...)
		for _, f := range m.files[i] {
			n.disk.Put(f, []byte(f))
		}
	}
	w.sim.Run(10 * time.Second)
	return w
}

// within is how many files with a word are at nodes that a flood from the first one reaches, those not farther than its
// TTL, and whether one of them knows no links.
func (m mixture) within(word string) (files int, mixed bool) {
	far := make([]int, m.nodes)
	for i := 1; i < m.nodes; i++ {
		far[i] = 1000
	}
	for range m.nodes {
		for _, e := range m.edges {
			far[e[0]], far[e[1]] = min(far[e[0]], far[e[1]]+1), min(far[e[1]], far[e[0]]+1)
		}
	}
	for i, names := range m.files {
		if far[i] > int(m.ttl) {
			continue
		}
		mixed = mixed || m.base[i]
		for _, f := range names {
			if f[:4] == word {
				files++
			}
		}
	}
	return files, mixed
}

// TestMixedOverlaysFindTheSame: whatever the overlay, which of its nodes know links, and the strategy, a search finds what
// an oracle finds, ends, and says that it is complete only where it can know.
func TestMixedOverlaysFindTheSame(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		m := anyMixture(r)
		w := m.build(t)
		if m.kill >= 0 {
			killed := w.all[m.kill].routes.Node
			w.sim.Do(time.Duration(rapid.IntRange(0, 8).Draw(r, "after ms"))*time.Millisecond, func() { w.sim.System.Root.Stop(killed) })
		}
		start := w.sim.Now()
		found := w.all[0].find("song")
		took := w.sim.Now().Sub(start)
		require.NoError(r, found.Err)
		want, mixed := m.within("song")
		switch {
		case m.kill >= 0:
			require.LessOrEqual(r, len(found.Results), want)
		case mixed && m.ttl < 99: // a packet takes longer to a base node, so that a detour may be first and use up the TTL
			require.LessOrEqual(r, len(found.Results), want)
			require.False(r, found.Complete && m.nodes > 1)
		default:
			require.Len(r, found.Results, want)
			require.Equal(r, !mixed || m.nodes == 1, found.Complete)
		}
		if found.Complete && m.kill < 0 {
			require.Less(r, took, 500*time.Millisecond)
		}
		require.LessOrEqual(r, took, config.DefaultSearchWindow)
		w.sim.Run(time.Minute)
		for i, n := range w.all {
			if i == m.kill {
				continue
			}
			status := inspect[*message.QueriesStatus](n, n.routes.Queries)
			require.Zero(r, status.Searches+status.Answers, "nothing is left over")
		}
	})
}
