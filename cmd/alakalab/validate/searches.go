package validate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/world"
	"alakazaam/config"
	"alakazaam/gateway/wire"
)

// shared is an overlay of n supernodes with one peer each, of which each file is at as many that are drawn.
func shared(n, ttl, files, copies int) *experiment.Experiment {
	e := overlay(n, &experiment.RandomRegular{Degree: 4}, ttl, true)
	e.Time.Warmup = 20 * time.Second
	e.Topology.Peers = experiment.Peers{Count: n, Attach: "even", Parents: 1}
	e.Content.Files, e.Content.Copies = files, experiment.Constant(float64(copies))
	return e
}

// hit is the probability that one of k random copies is among R of N nodes: 1 − C(N−R,k)/C(N,k).
func hit(n, r, k int) float64 {
	miss := 1.0
	for i := range k {
		miss *= float64(max(0, n-r-i)) / float64(n-i)
	}
	return 1 - miss
}

func success() *Row {
	return &Row{
		Number: 8, Name: "Success of a search: 1 − C(N−R,k)/C(N,k)", Source: "a law of sampling without replacement",
		How: "real searches in sim for files of which k random peers have a copy, one peer a supernode; R is who was asked, as the trace has it",
		measure: func(b *bench) error {
			n, files := b.pick(400, 40), b.pick(100, 15)
			cases := []struct{ k, ttl int }{{4, b.pick(3, 2)}, {1, 4}, {10, 2}}
			for _, c := range cases[:b.pick(3, 1)] {
				wins, want, variance, all := 0.0, 0.0, 0.0, 0
				name := fmt.Sprintf("N = %d, k = %d, TTL %d", n, c.k, c.ttl)
				if err := b.overSeeds(name, func(seed uint64) error {
					t, err := b.Trial(shared(n, c.ttl, files, c.k), seed)
					if err != nil {
						return err
					}
					for file := range files {
						f, err := t.Search(world.Search{From: file % n, File: file})
						if err != nil {
							return err
						}
						p := hit(n, 1+len(f.Reached), c.k)
						want, variance = want+p, variance+p*(1-p)
						if all++; f.Owners > 0 {
							wins++
						}
					}
					return nil
				}); err != nil {
					return err
				}
				b.chances(name, want, variance, wins, all)
			}
			return nil
		},
	}
}

// chances is a line of how many of independent chances came true. Their standard error is known beforehand.
func (b *bench) chances(name string, want, variance, wins float64, all int) {
	n := float64(all)
	b.lines = append(b.lines, Line{
		Case: name, Expected: Number(want / n), Measured: wins / n, Error: math.Sqrt(variance) / n, Samples: all,
		Agrees: all >= seeds && math.Abs(wins-want) <= sigmas*math.Sqrt(variance),
	})
}

func cheaperThanFloods() *Row {
	return &Row{
		Number: 9, Name: "Expanding ring and random walks find what is popular with far fewer messages than a flood",
		Source: "Lv, Cao, Cohen, Li, Shenker, ICS 2002",
		How:    "the product's strategies in sim for a file that one supernode in ten knows; walkers are a model on the laboratory's graph, because the product has none",
		measure: func(b *bench) error {
			if err := b.strategies(b.pick(400, 40), b.pick(20, 4)); err != nil {
				return err
			}
			return b.walks(b.pick(10_000, 1000), 8)
		},
	}
}

// strategies compares the QUERs of the product's expanding ring with those of its flood.
func (b *bench) strategies(n, files int) error {
	var ratios []float64
	if err := b.overSeeds("strategies", func(seed uint64) error {
		t, err := b.Trial(shared(n, far, files, n/10), seed)
		if err != nil {
			return err
		}
		sent := make(map[string]int)
		for _, strategy := range []string{config.StrategyFlood, config.StrategyRing} {
			for file := range files {
				f, err := t.Search(world.Search{From: file % n, File: file, Strategy: strategy, Limit: 1})
				if err != nil {
					return err
				}
				if f.Owners == 0 {
					return fmt.Errorf("%s has not found file %d", strategy, file)
				}
				sent[strategy] += f.Packets[wire.QUER]
			}
		}
		ratios = append(ratios, float64(sent[config.StrategyRing])/float64(sent[config.StrategyFlood]))
		return nil
	}); err != nil {
		return err
	}
	b.below(fmt.Sprintf("expanding ring by flood, N = %d", n), 0.5, ratios)
	return nil
}

// walkers of a random walk, and after how many steps each asks whether it is to go on.
const (
	walkers = 32
	asking  = 4
)

// walks compares a model of walks with a flood.
func (b *bench) walks(n, ttl int) error {
	g := experiment.Supernodes{Count: n, Graph: &experiment.RandomRegular{Degree: 4}}
	copies := n / 200
	var ratios []float64
	if err := b.overSeeds("walks", func(seed uint64) error {
		edges, err := b.Graph(g, seed)
		if err != nil {
			return err
		}
		around := neighbors(n, edges)
		r := rand.New(experiment.Source(seed, "walks"))
		walked, flooded := 0, 0
		for range b.pick(100, 20) {
			has := make([]bool, n)
			for _, at := range r.Perm(n)[:copies] {
				has[at] = true
			}
			from := r.IntN(n)
			walked += walk(r, around, has, from)
			flooded += floodOf(around, from, ttl)
		}
		ratios = append(ratios, float64(flooded)/float64(walked))
		return nil
	}); err != nil {
		return err
	}
	name := fmt.Sprintf("model: flood of TTL %d by %d walkers, N = %d, 0.5 %% have it", ttl, walkers, n)
	if b.quick {
		b.between(name, 2, 100, ratios) // what was published is about a larger network
	} else {
		b.about(name, 18, ratios)
	}
	return b.sameFlood(n, ttl)
}

// sameFlood compares the model's flood with the product's on the same graph.
func (b *bench) sameFlood(n, ttl int) error {
	b.progress("the product's flood")
	e := overlay(n, &experiment.RandomRegular{Degree: 4}, ttl, true)
	edges, err := b.Graph(e.Topology.Supernodes, 1)
	if err != nil {
		return err
	}
	t, err := b.Trial(e, 1)
	if err != nil {
		return err
	}
	f, err := flood(t, 0)
	if err != nil {
		return err
	}
	b.exactly(fmt.Sprintf("the product's flood of TTL %d on such a graph, against the model's", ttl), float64(floodOf(neighbors(n, edges), 0, ttl)),
		[]float64{float64(f.Packets[wire.QUER])})
	return nil
}

func neighbors(n int, edges [][2]int) [][]int {
	around := make([][]int, n)
	for _, e := range edges {
		around[e[0]] = append(around[e[0]], e[1])
		around[e[1]] = append(around[e[1]], e[0])
	}
	return around
}

// walk is how many messages walkers take until one has found it and all have heard of that. Each walks as the paper has
// it, to any neighbor by chance, and asks the origin after every fourth step whether to go on. Each step is a message, and
// so is each time that a walker asks; answers are not counted.
func walk(r *rand.Rand, around [][]int, has []bool, from int) (messages int) {
	at := slices.Repeat([]int{from}, walkers)
	for found := has[from]; !found; messages += walkers {
		for range asking {
			for i := range at {
				at[i] = around[at[i]][r.IntN(len(around[at[i]]))]
				messages++
				found = found || has[at[i]]
			}
		}
	}
	return messages
}

// floodOf is how many messages a flood takes: everybody within the TTL but the last hop passes it on once, to all but whom
// it came from.
func floodOf(around [][]int, from, ttl int) (messages int) {
	far := make([]int, len(around))
	queue := []int{from}
	far[from] = 1 // one more than the hops; 0: not reached
	for i := 0; i < len(queue); i++ {
		n := queue[i]
		if far[n] > ttl {
			continue
		}
		messages += len(around[n])
		if i > 0 {
			messages--
		}
		for _, m := range around[n] {
			if far[m] == 0 {
				far[m] = far[n] + 1
				queue = append(queue, m)
			}
		}
	}
	return messages
}

// whole is how much the law, which knows parts of copies, may differ from whole copies of which each object has one.
const whole = 0.03

func replication() *Row {
	return &Row{
		Number: 10, Name: "Mean search size: the same for uniform and proportional replication, the least for square-root",
		Source: "Cohen, Shenker, SIGCOMM 2002",
		How:    "the laboratory's own placement; nodes that are asked by chance, again and again, until one has it",
		measure: func(b *bench) error {
			const objects, nodes = 1000, 10_000
			terms := experiment.Dist{Kind: experiment.KindZipf, S: 1}
			cases := []struct {
				placement string
				want      float64
			}{{"proportional", 1000}, {"square-root", 510}, {"uniform", 1000}}
			for _, c := range cases[:b.pick(3, 2)] {
				e := overlay(1, &experiment.Line{}, 1, true)
				e.Topology.Peers.Count = nodes
				e.Content = experiment.Content{Files: objects, Copies: experiment.Constant(10), Placement: c.placement, Size: experiment.Constant(1)}
				e.Workload = []experiment.Operation{{Rate: 1, From: experiment.Targets{Peers: &experiment.Selector{Mode: experiment.All}}, Do: &experiment.Find{Terms: terms}}}
				var sizes, exact []float64
				if err := b.overSeeds(c.placement, func(seed uint64) error {
					owners, err := b.Owners(e, seed)
					if err != nil {
						return err
					}
					sizes = append(sizes, searchSize(terms.Ranks(objects, experiment.Source(seed, "ranks")), owners, nodes,
						rand.New(experiment.Source(seed, "asked")), b.pick(4000, 400)))
					exact = append(exact, sizeOf(terms, owners, nodes))
					return nil
				}); err != nil {
					return err
				}
				m, _ := mean(exact)
				b.add(c.placement+", Σ qN/copies", Number(c.want)+" ± 3 %", exact, func(m, _ float64) bool { return math.Abs(m-c.want) <= whole*c.want })
				b.near(c.placement+", searched", m, sizes)
			}
			return nil
		},
	}
}

// searchSize is the mean number of nodes that are asked.
func searchSize(rank func() int, owners [][]int, nodes int, r *rand.Rand, searches int) float64 {
	has := make([]int, nodes) // the last search whose object it has
	asked := 0
	for s := 1; s <= searches; s++ {
		for _, at := range owners[rank()] {
			has[at] = s
		}
		for found := false; !found; asked++ {
			found = has[r.IntN(nodes)] == s
		}
	}
	return float64(asked) / float64(searches)
}

// sizeOf is the mean search size that follows from the copies.
func sizeOf(terms experiment.Dist, owners [][]int, nodes int) float64 {
	sum, all := 0.0, 0.0
	for i, o := range owners {
		sum += terms.Weight(i) * float64(nodes) / float64(len(o))
		all += terms.Weight(i)
	}
	return sum / all
}
