package validate

import (
	"fmt"
	"math"
	"time"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/world"
	"alakazaam/gateway/wire"
)

// overlay is an experiment of supernodes alone, which flood whatever they are asked. The filters of the last hop are off,
// because the laws are those of floods that everybody within reach gets.
func overlay(n int, g experiment.Graph, ttl int, links bool) *experiment.Experiment {
	e := experiment.Default()
	e.Time = experiment.Time{Warmup: 10 * time.Second, Run: time.Second}
	e.Topology.Supernodes = experiment.Supernodes{Count: n, Graph: g}
	e.Topology.Peers.Count, e.Content.Files = 0, 0
	e.Config.Supernodes = experiment.NodeConfig{
		"search.strategy": "flood", "search.filters": "false", "search.ttl": fmt.Sprint(ttl),
		"discovery.links": fmt.Sprint(links), "discovery.ping_every": "1h",
	}
	return &e
}

// far is a TTL that ends no flood.
const far = 99

// law is what a flood to everybody costs where nobody sends it back, and where everybody does.
func law(nodes, edges int) (excluded, included float64) {
	return float64(2*edges - nodes + 1), float64(2 * edges)
}

// flood carries out a search for nothing.
func flood(t Trial, from int) (*world.Traced, error) {
	return t.Search(world.Search{From: from, File: world.Nothing})
}

// sentBack adds what the product leaves out: the packet that each node but the first would have sent back to whom it came
// from. It is counted in the trace, node by node, because the product has no such mode.
func sentBack(f *world.Traced) float64 { return float64(f.Packets[wire.QUER] + len(f.Reached)) }

func floodCost() *Row {
	return &Row{
		Number: 1, Name: "Cost of a full flood: 2E − N + 1; 2E where it is sent back, too", Source: "a law of graphs",
		How: "the product's flood in sim; QUERs sent, with 2E computed from the trace (the product never sends back)",
		measure: func(b *bench) error {
			n := b.pick(10_000, 150)
			excluded, included := law(n, 2*n)
			name := fmt.Sprintf("random 4-regular, N = %d", n)
			var back []float64
			for _, links := range []bool{true, false} {
				way := map[bool]string{true: "over links", false: "a connection a packet"}[links]
				b.progress(name + ", " + way)
				t, err := b.Trial(overlay(n, &experiment.RandomRegular{Degree: 4}, far, links), 1)
				if err != nil {
					return err
				}
				var quer []float64
				for from := range 3 {
					f, err := flood(t, from*(n/3))
					if err != nil {
						return err
					}
					quer = append(quer, float64(f.Packets[wire.QUER]))
					back = append(back, sentBack(f))
				}
				b.exactly(name+", "+way, excluded, quer)
			}
			b.exactly(name+", sent back (computed)", included, back)
			return nil
		},
	}
}

func broadcasts() *Row {
	cases := []struct {
		name       string
		n          int
		graph      experiment.Graph
		want, back float64 // back: 0 where it is not published
	}{
		{"grid of 5", 5, &experiment.Grid{}, 6, 10},
		{"grid of 25", 25, &experiment.Grid{}, 56, 0},
		{"line of 25", 25, &experiment.Line{}, 24, 0},
		{"total of 25", 25, &experiment.Total{}, 576, 0},
		{"tree of four, 25", 25, &experiment.Tree{Children: 4}, 24, 0},
	}
	return &Row{
		Number: 2, Name: "Messages of a broadcast", Source: "Jepsen, Maelstrom's guide to broadcasts",
		How: "the product's flood in sim from every node, over links and with a connection a packet; QUERs between nodes, without acknowledgements",
		measure: func(b *bench) error {
			for _, c := range cases {
				b.progress(c.name)
				var quer, back []float64
				for _, links := range []bool{true, false} {
					t, err := b.Trial(overlay(c.n, c.graph, far, links), 1)
					if err != nil {
						return err
					}
					for from := 0; from < c.n; from += b.pick(1, 6) {
						f, err := flood(t, from)
						if err != nil {
							return err
						}
						quer = append(quer, float64(f.Packets[wire.QUER]))
						back = append(back, sentBack(f))
					}
				}
				b.exactly(c.name, c.want, quer)
				if c.back > 0 {
					b.exactly(c.name+", sent back (computed)", c.back, back)
				}
			}
			return nil
		},
	}
}

// Latencies of row 3: all the same, and very different ones.
var (
	equal   = experiment.Constant(float64(105 * time.Millisecond))
	unequal = experiment.Dist{Kind: experiment.KindUniform, Min: float64(10 * time.Millisecond), Max: float64(200 * time.Millisecond)}
)

func unequalLatency() *Row {
	return &Row{
		Number: 3, Name: "Unequal latencies with a TTL lose reach: significant, but not devastating",
		Source: "Annexstein, Berman, Jovanović, SPAA 2001",
		How:    "the product's flood in sim with a TTL of 7 over links; share of the supernodes that 10 to 200 ms reach less than 105 ms everywhere, same graph, same origins",
		measure: func(b *bench) error {
			n, ttl := b.pick(10_000, 150), b.pick(7, 4)
			cases := []struct {
				name  string
				graph experiment.Graph
				want  float64
			}{
				{"random 4-regular", &experiment.RandomRegular{Degree: 4}, 0.05},
				{"sparse random graph of mean degree 4", &experiment.Gnp{Degree: 4}, 0.15},
			}
			for _, c := range cases[:b.pick(2, 1)] {
				var loss []float64
				if err := b.overSeeds(c.name, func(seed uint64) error {
					share, err := b.lostReach(n, ttl, c.graph, seed)
					loss = append(loss, share)
					return err
				}); err != nil {
					return err
				}
				name := fmt.Sprintf("%s, N = %d, TTL %d", c.name, n, ttl)
				if b.quick {
					b.between(name, 0, 0.25, loss) // what was published is about larger networks
				} else {
					b.about(name, c.want, loss)
				}
			}
			return nil
		},
	}
}

// lostReach is which share of its reach a flood loses because latencies are unequal.
func (b *bench) lostReach(n, ttl int, g experiment.Graph, seed uint64) (float64, error) {
	t, err := b.Trial(overlay(n, g, ttl, true), seed)
	if err != nil {
		return 0, err
	}
	reached := [2]int{}
	for i, latency := range [2]experiment.Dist{equal, unequal} {
		t.Latency(latency)
		origins := b.pick(5, 2)
		for from := range origins {
			f, err := flood(t, from*(n/origins))
			if err != nil {
				return 0, err
			}
			reached[i] += len(f.Reached)
		}
	}
	return 1 - float64(reached[1])/float64(reached[0]), nil
}

// reachOf is how many nodes a TTL reaches at most where everybody has n neighbors: Σ n(n−1)^(i−1).
func reachOf(n, ttl int) int {
	sum, layer := 0, n
	for range ttl {
		sum += layer
		layer *= n - 1
	}
	return sum
}

// bethe is the tree in which everybody but the leaves has n neighbors, ttl hops deep.
func bethe(n, ttl int) *experiment.EdgeList {
	g := &experiment.EdgeList{}
	next := 1
	layer := []int{0}
	for depth := range ttl {
		var below []int
		for _, at := range layer {
			children := n - 1
			if depth == 0 {
				children = n
			}
			for range children {
				g.Edges = append(g.Edges, [2]int{at, next})
				below = append(below, next)
				next++
			}
		}
		layer = below
	}
	return g
}

func reachBound() *Row {
	return &Row{
		Number: 4, Name: "Reach of a flood ≤ Σ n(n−1)^(i−1)", Source: "Ritter 2001",
		How: "the product's flood in sim, over links: supernodes that it reaches; on a tree it is the bound itself",
		measure: func(b *bench) error {
			ttl := b.pick(7, 4)
			bound := reachOf(4, ttl)
			n := b.pick(10_000, 200)
			b.progress("tree")
			t, err := b.Trial(overlay(bound+1, bethe(4, ttl), ttl, true), 1)
			if err != nil {
				return err
			}
			f, err := flood(t, 0)
			if err != nil {
				return err
			}
			b.exactly(fmt.Sprintf("n = 4, TTL %d, tree", ttl), float64(bound), []float64{float64(len(f.Reached))})
			b.progress("random")
			if t, err = b.Trial(overlay(n, &experiment.RandomRegular{Degree: 4}, ttl, true), 1); err != nil {
				return err
			}
			var reach []float64
			most := math.Inf(-1)
			for from := range 10 {
				f, err := flood(t, from*(n/10))
				if err != nil {
					return err
				}
				reach = append(reach, float64(len(f.Reached)))
				most = max(most, reach[from])
			}
			b.add(fmt.Sprintf("n = 4, TTL %d, random 4-regular, N = %d (mean of ten)", ttl, n), fmt.Sprintf("each ≤ %d", bound), reach,
				func(float64, float64) bool { return most <= float64(bound) })
			return nil
		},
	}
}
