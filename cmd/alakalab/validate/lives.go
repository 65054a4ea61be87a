package validate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sort"
	"time"

	"alakazaam/actors/actortest"
	"alakazaam/cmd/alakalab/experiment"
)

// isolated is the probability that the birth-death chain gives: a node begins with k neighbors of mean life 1, each is
// replaced after 1/rho on average, and the node itself lives 1 on average. All times are exponential. With i neighbors the
// chain goes down with rate i, up with (k−i)rho, and ends with 1. Isolation is when none is left.
func isolated(k int, rho float64) float64 {
	// From 1 upwards, with h(i) as a multiple of h(i+1): h(i) = a + c·h(i+1), where h(0) = 1.
	a, c := 1.0, 0.0
	for i := 1; i <= k; i++ {
		up, down := float64(k-i)*rho, float64(i)
		rest := 1 + up + down - down*c
		a, c = down*a/rest, up/rest
	}
	return a
}

// population is a constant number of nodes, each with neighbors that it draws from all the others, as they come and go. It
// is the model of the paper, run on the event heap of the simulation with lives and times of replacement from the
// samplers of experiments. When a life ends a new node begins at once. A neighbor that ends is replaced, after a time, by
// one that lives then: it is somewhere in the middle of its life.
type population struct {
	sim     *actortest.Sim
	life    func() float64
	replace func() float64
	random  *rand.Rand
	k       int
	now     []*node

	from, to       time.Time // who begins between them counts
	counted, ended int       // of these: all, and those of which it is known whether they were isolated
	alone          int
}

// node is one life of a member of the population.
type node struct {
	at        int
	over      bool
	counts    bool
	neighbors []*node // that live
	of        []*node // who has it as a neighbor; some may be over
	alone     bool
}

// begin begins a life.
func (p *population) begin(at int) {
	n := &node{at: at}
	if now := p.sim.Now(); !now.Before(p.from) && now.Before(p.to) {
		n.counts = true
		p.counted++
	}
	p.now[at] = n
	for range p.k {
		p.join(n)
	}
	p.sim.Do(time.Duration(p.life()), func() { p.end(n) })
}

// join gives a node another neighbor.
func (p *population) join(n *node) {
	for {
		m := p.now[p.random.IntN(len(p.now))]
		if m != nil && m != n && !slices.Contains(n.neighbors, m) {
			n.neighbors = append(n.neighbors, m)
			m.of = append(m.of, n)
			return
		}
	}
}

// end ends a life: those who had it as a neighbor lose it and look for another one, and a new node comes.
func (p *population) end(n *node) {
	n.over = true
	if n.counts && !n.alone {
		p.ended++
	}
	for _, m := range n.of {
		i := slices.Index(m.neighbors, n)
		if m.over || m.alone || i < 0 {
			continue
		}
		m.neighbors = slices.Delete(m.neighbors, i, i+1)
		if len(m.neighbors) == 0 {
			p.isolate(m)
			continue
		}
		p.sim.Do(time.Duration(p.replace()), func() {
			if !m.over && !m.alone {
				p.join(m)
			}
		})
	}
	p.begin(n.at)
}

// isolate notes that a node has no neighbor left, which is for good.
func (p *population) isolate(n *node) {
	n.alone = true
	if n.counts {
		p.alone++
		p.ended++
	}
}

// Times of the model, in mean lives: until those who live are in the middle of their lives, and then for each who counts.
const (
	members  = 500
	settling = 8
)

// isolation runs the model and gives the share of nodes that were isolated.
func (b *bench) isolation(k int, life, replace experiment.Dist, seed uint64) float64 {
	sim := actortest.NewSim(seed)
	unit := time.Duration(life.Average())
	p := &population{
		sim: sim, k: k, now: make([]*node, members), random: rand.New(experiment.Source(seed, "neighbors")),
		life: b.Sampler(life, experiment.Source(seed, "lives")), replace: b.Sampler(replace, experiment.Source(seed, "replacements")),
		from: sim.Now().Add(settling * unit),
	}
	p.to = p.from.Add(time.Duration(b.pick(20, 2)) * unit)
	for at := range p.now {
		p.now[at] = &node{at: at} // somebody to begin with, of whom all others draw
	}
	for _, n := range slices.Clone(p.now) {
		for range k {
			p.join(n)
		}
		sim.Do(time.Duration(p.life()), func() { p.end(n) })
	}
	sim.Run(p.to.Sub(sim.Now()))
	sim.RunUntil(1000*unit, func() bool { return p.ended == p.counted })
	return float64(p.alone) / float64(p.counted)
}

// isolations is isolation with each seed.
func (b *bench) isolations(name string, k int, rho float64, life experiment.Dist) (shares []float64, err error) {
	replace := experiment.Exponential(life.Mean / rho)
	err = b.overSeeds(name, func(seed uint64) error {
		shares = append(shares, b.isolation(k, life, replace, seed))
		return nil
	})
	return shares, err
}

const howIsolated = "model on the simulation's event heap with the samplers of churn: 500 nodes, each draws its k neighbors from those who live, " +
	"and replaces them when they end; share of the nodes whose neighbors all end within their life"

func isolation() *Row {
	return &Row{
		Number: 6, Name: "Isolation of a node with k neighbors of mean life ρ times the time of a replacement",
		Source: "Leonard, Rai, Loguinov, SIGMETRICS 2005", How: howIsolated,
		measure: func(b *bench) error {
			cases := []struct {
				k   int
				rho float64
			}{{2, 10}, {3, 10}, {3, 5}, {4, 5}}
			for _, c := range cases[:b.pick(4, 2)] {
				name := fmt.Sprintf("k = %d, ρ = %g", c.k, c.rho)
				shares, err := b.isolations(name, c.k, c.rho, experiment.Exponential(float64(time.Hour)))
				if err != nil {
					return err
				}
				b.near(name, isolated(c.k, c.rho), shares)
			}
			return nil
		},
	}
}

func heavyTails() *Row {
	const k, rho = 3, 5
	return &Row{
		Number: 7, Name: "At equal mean life heavy-tailed lives isolate less than exponential ones",
		Source: "Leonard, Rai, Loguinov, SIGMETRICS 2005", How: howIsolated,
		measure: func(b *bench) error {
			for _, shape := range []float64{0.6, 0.4} {
				name := fmt.Sprintf("Weibull of shape %g, k = %d, ρ = %d", shape, k, rho)
				shares, err := b.isolations(name, k, rho, weibull(shape))
				if err != nil {
					return err
				}
				b.below(name, isolated(k, rho), shares)
			}
			return nil
		},
	}
}

// weibull has the mean of an hour.
func weibull(shape float64) experiment.Dist {
	return experiment.Dist{Kind: experiment.KindWeibull, Shape: shape, Mean: float64(time.Hour)}
}

func medians() *Row {
	return &Row{
		Number: 11, Name: "Weibull session lengths of mean 60 min: medians in minutes", Source: "a law of the distribution",
		How: "the quantile of experiments, to a tenth of a minute, and medians of 10,001 lives that its sampler draws",
		measure: func(b *bench) error {
			for _, c := range []struct{ shape, want float64 }{{1, 41.5}, {0.6, 21.7}, {0.4, 7.2}} {
				name := fmt.Sprintf("shape %.1f", c.shape)
				d := weibull(c.shape)
				exact := 60 * math.Pow(math.Ln2, 1/c.shape) / math.Gamma(1+1/c.shape)
				// Published with a shape of two digits and a mean of two, so to a tenth of a minute at best.
				b.add(name+", quantile", Number(c.want)+" ± 0.1", []float64{b.Median(d) / float64(time.Minute)},
					func(m, _ float64) bool { return math.Abs(m-c.want) <= 0.1 })
				var samples []float64
				if err := b.overSeeds(name, func(seed uint64) error {
					samples = append(samples, median(b.Sampler(d, experiment.Source(seed, "lives")), 10_001))
					return nil
				}); err != nil {
					return err
				}
				b.near(name+", sampled", exact, samples)
			}
			return nil
		},
	}
}

// median is the median of an odd number of draws, in minutes.
func median(draw func() float64, n int) float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = draw() / float64(time.Minute)
	}
	sort.Float64s(all)
	return all[n/2]
}
