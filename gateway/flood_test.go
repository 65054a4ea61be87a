package gateway_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/config"
)

// grid gives the edges of w × h nodes, each joined to those beside, above and below it.
func grid(w, h int) [][2]int {
	var edges [][2]int
	for y := range h {
		for x := range w {
			if x+1 < w {
				edges = append(edges, [2]int{y*w + x, y*w + x + 1})
			}
			if y+1 < h {
				edges = append(edges, [2]int{y*w + x, y*w + x + w})
			}
		}
	}
	return edges
}

func line(n int) [][2]int { return grid(n, 1) }

func mesh(n int) [][2]int {
	var edges [][2]int
	for i := range n {
		for j := range i {
			edges = append(edges, [2]int{j, i})
		}
	}
	return edges
}

// regular gives a random connected graph in which each of n nodes has degree neighbors: stubs are paired at random, and
// pairings with loops, double edges or several parts are drawn again.
func regular(r *rand.Rand, n, degree int) [][2]int {
	for {
		stubs := make([]int, 0, n*degree)
		for i := range n * degree {
			stubs = append(stubs, i/degree)
		}
		if edges, ok := pair(r, stubs); ok && connected(n, edges) {
			return edges
		}
	}
}

// pair joins stubs two by two at random, and gives up where none of what is left fits.
func pair(r *rand.Rand, stubs []int) ([][2]int, bool) {
	taken := make(map[[2]int]bool)
	var edges [][2]int
	remove := func(i int) {
		stubs[i] = stubs[len(stubs)-1]
		stubs = stubs[:len(stubs)-1]
	}
	for misses := 0; len(stubs) > 0 && misses < 1000; misses++ {
		i, j := r.IntN(len(stubs)), r.IntN(len(stubs))
		e := [2]int{min(stubs[i], stubs[j]), max(stubs[i], stubs[j])}
		if e[0] == e[1] || taken[e] {
			continue
		}
		misses = 0
		taken[e] = true
		edges = append(edges, e)
		remove(max(i, j))
		remove(min(i, j))
	}
	return edges, len(stubs) == 0
}

func connected(n int, edges [][2]int) bool {
	parts := make([]int, n)
	for i := range parts {
		parts[i] = i
	}
	root := func(i int) int {
		for parts[i] != i {
			i = parts[i]
		}
		return i
	}
	left := n
	for _, e := range edges {
		if a, b := root(e[0]), root(e[1]); a != b {
			parts[a] = b
			left--
		}
	}
	return left == 1
}

// flood searches from the first node of an overlay for a file that the last one has, and gives the world after it.
func flood(t testing.TB, seed uint64, nodes int, edges [][2]int) *world {
	w := newWorld(t, seed)
	c := testConfig()
	c.Search.TTL = 99
	w.overlay(nodes, edges, c)
	w.all[nodes-1].disk.Put("far away.bin", []byte("far"))
	w.sim.Run(time.Second)
	clear(w.sent)
	found := w.all[0].find("far away")
	require.NoError(t, found.Err)
	require.Len(t, found.Results, 1)
	require.Equal(t, w.all[nodes-1].self, found.Results[0].Owners[0])
	return w
}

// TestFloodLaw: with duplicates dropped and nothing sent back, a flood that reaches everybody costs 2E - N + 1 QUERs.
func TestFloodLaw(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	for _, c := range []struct {
		name  string
		nodes int
		edges [][2]int
		want  int // known from elsewhere; 0: the law alone
	}{
		{"five in a grid", 5, append(grid(2, 2), [2]int{3, 4}), 6},
		{"25 in a grid", 25, grid(5, 5), 56},
		{"25 in a line", 25, line(25), 24},
		{"25 in a full mesh", 25, mesh(25), 576},
		{"200 at random with four neighbors each", 200, regular(random, 200, 4), 601},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := flood(t, 1, c.nodes, c.edges)
			law := 2*len(c.edges) - c.nodes + 1
			require.Equal(t, law, w.sent["QUER"])
			require.Equal(t, c.want, w.sent["QUER"])
			require.Equal(t, 1, w.sent["AQUE"])
			for _, n := range w.all {
				require.Equal(t, 1, inspect[*message.QueriesStatus](n, n.routes.Queries).Seen, "each node handles the Pktid once")
			}
		})
	}
}

// TestTTL: a flood goes as many hops as its TTL says.
func TestTTL(t *testing.T) {
	for ttl := 1; ttl <= 5; ttl++ {
		w := newWorld(t, 1)
		c := testConfig()
		c.Search.TTL = p2p.TTL(ttl)
		w.overlay(7, line(7), c)
		for i, n := range w.all {
			n.disk.Put(fmt.Sprintf("at %d.txt", i), fmt.Appendf(nil, "%d", i))
		}
		w.sim.Run(time.Second)
		clear(w.sent)
		require.Len(t, w.all[0].find("at ").Results, 1+ttl, "the node itself and a hop for each of the TTL")
		require.Equal(t, ttl, w.sent["QUER"])
	}
}

// TestStrategiesFindTheSame: whatever is not enough, all of it is found by every strategy.
func TestStrategiesFindTheSame(t *testing.T) {
	w := newWorld(t, 1)
	w.overlay(30, regular(rand.New(rand.NewPCG(5, 5)), 30, 4), testConfig())
	for i, n := range w.all {
		n.disk.Put(fmt.Sprintf("at %d.txt", i), fmt.Appendf(nil, "%d", i))
	}
	w.sim.Run(time.Second)
	text, err := p2p.NewSearchText("at ")
	require.NoError(t, err)
	for _, strategy := range config.Strategies() {
		for limit, want := range map[int]int{0: 30, 4: 4} {
			clear(w.sent)
			n := w.all[0]
			n.user.Messages = nil
			n.env.System.Root.Send(n.routes.Queries, &message.Find{Text: text, Strategy: strategy, Limit: limit, ReplyTo: n.user.PID})
			w.sim.RunUntil(time.Minute, func() bool { return len(n.user.Messages) > 0 })
			require.Len(t, n.user.Messages[0].(*message.Found).Results, want, strategy)
			if limit > 0 && strategy != config.StrategyFlood {
				require.Equal(t, 4, w.sent["QUER"], "the neighbors have enough")
			}
		}
	}
}

// TestSameSeedSameTrace: a run is the same, byte for byte and instant for instant, however many processors there are.
func TestSameSeedSameTrace(t *testing.T) {
	run := func(seed uint64, procs int) string {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
		return flood(t, seed, 60, regular(rand.New(rand.NewPCG(3, 3)), 60, 4)).sim.Trace()
	}
	first := run(1, 1)
	require.Equal(t, first, run(1, 2))
	require.Equal(t, first, run(1, runtime.NumCPU()+2))
	require.NotEqual(t, first, run(2, 1))
}
