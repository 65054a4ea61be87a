package query

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"alakazaam/actors/p2p"
	"alakazaam/config"
)

// model is an overlay without actors: who knows whom, and which files each has that match one search. Every neighbor is a
// link, so that a flood ends with all its answers.
type model struct {
	neighbors [][]int
	has       [][]int
	filters   bool // no QUER goes out with a TTL of 1 to a neighbor that has nothing
}

// outcome is what a search came to.
type outcome struct {
	files, messages, steps int
}

// search lets a plan search from the first supernode.
func (m *model) search(r *rand.Rand, strategy string, ttl p2p.TTL, limit int) (out outcome) {
	p := plan{strategy: strategy, ttl: ttl, shuffle: func(to []p2p.Endpoint) {
		r.Shuffle(len(to), func(i, j int) { to[i], to[j] = to[j], to[i] })
	}}
	files := make(map[int]bool)
	for _, f := range m.has[0] {
		files[f] = true
	}
	var reached []p2p.Endpoint
	for _, n := range m.neighbors[0] {
		reached = append(reached, at(n))
	}
	for {
		out.files = min(len(files), limit)
		now := progress{files: len(files), limit: limit, reached: reached}
		if out.steps == 0 && strategy == config.StrategyFlood {
			now.files = 0 // it does not wait for what is here
		}
		next, ok := p.next(now)
		if !ok {
			return out
		}
		out.steps++
		out.messages += m.flood(next, files)
	}
}

// flood adds what one flood finds to the files, and gives its messages.
func (m *model) flood(s step, files map[int]bool) (messages int) {
	type quer struct {
		from, to int
		ttl      p2p.TTL
	}
	var on []quer
	seen := map[int]bool{0: true}
	pass := func(by, from int, ttl p2p.TTL) {
		for _, n := range m.neighbors[by] {
			if n == from || by == 0 && s.only != nil && at(n) != s.only[0] || m.filters && ttl == 1 && len(m.has[n]) == 0 {
				continue
			}
			messages++
			on = append(on, quer{by, n, ttl})
		}
	}
	pass(0, -1, s.ttl)
	for ; len(on) > 0; on = on[1:] {
		q := on[0]
		if seen[q.to] {
			continue
		}
		seen[q.to] = true
		for _, f := range m.has[q.to] {
			files[f] = true
		}
		if ttl, ok := q.ttl.Lowered(); ok {
			pass(q.to, q.from, ttl)
		}
	}
	return messages
}

// overlayOf joins each of n supernodes to others at random until it has about that many neighbors.
func overlayOf(r *rand.Rand, n, degree int) [][]int {
	out := make([][]int, n)
	join := func(a, b int) {
		out[a], out[b] = append(out[a], b), append(out[b], a)
	}
	joined := make(map[[2]int]bool)
	for i := 1; i < n; i++ { // so that nobody is left alone
		j := r.IntN(i)
		joined[[2]int{j, i}] = true
		join(j, i)
	}
	for edges := n - 1; edges < min(n*degree, n*(n-1))/2; {
		a, b := r.IntN(n), r.IntN(n)
		if e := [2]int{min(a, b), max(a, b)}; a != b && !joined[e] {
			joined[e] = true
			join(a, b)
			edges++
		}
	}
	return out
}

// spread gives files to n supernodes at random, each to one to three of them.
func spread(r *rand.Rand, n, files int) [][]int {
	out := make([][]int, n)
	for f := range files {
		for range 1 + r.IntN(3) {
			i := r.IntN(n)
			out[i] = append(out[i], f)
		}
	}
	return out
}

// TestStrategiesFindWhatAFloodFinds: as many as are asked for, or everything.
func TestStrategiesFindWhatAFloodFinds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		n := rapid.IntRange(2, 40).Draw(t, "supernodes")
		m := &model{
			neighbors: overlayOf(r, n, rapid.IntRange(1, 8).Draw(t, "neighbors")),
			has:       spread(r, n, rapid.IntRange(0, 200).Draw(t, "files")), filters: rapid.Bool().Draw(t, "filters"),
		}
		ttl := p2p.TTL(rapid.IntRange(1, 7).Draw(t, "ttl"))
		limit := rapid.IntRange(1, 60).Draw(t, "limit")
		want := m.search(r, config.StrategyFlood, ttl, limit)
		require.LessOrEqual(t, want.steps, 1)
		for _, strategy := range []string{config.StrategyRing, config.StrategyDynamic} {
			got := m.search(r, strategy, ttl, limit)
			require.Equal(t, want.files, got.files, strategy)
		}
	})
}

// BenchmarkStrategies says how many QUERs a search takes by strategy: of mixed popularity (Zipf: what is looked for most
// is there most), and of what is popular and rare alone.
func BenchmarkStrategies(b *testing.B) {
	for _, filters := range []bool{false, true} {
		for _, c := range []struct{ nodes, degree, limit int }{
			{50, 4, 200}, {200, 4, 200}, {50, 16, 200}, {200, 16, 200}, {200, 16, 50},
		} {
			for _, strategy := range config.Strategies() {
				name := fmt.Sprintf("filters=%t/supernodes=%d/neighbors=%d/limit=%d/%s", filters, c.nodes, c.degree, c.limit, strategy)
				b.Run(name, func(b *testing.B) {
					compare(b, &model{filters: filters}, c.nodes, c.degree, c.limit, strategy)
				})
			}
		}
	}
}

// commonest is how many files the most popular text finds; the one of rank r finds as many as that divided by r.
const commonest = 20000

func compare(b *testing.B, m *model, nodes, degree, limit int, strategy string) {
	r := rand.New(rand.NewPCG(1, 1))
	ranks := rand.NewZipf(r, 1.1, 1, 2*commonest-1)
	all, popular, rare := tally{}, tally{}, tally{}
	m.neighbors = overlayOf(r, nodes, degree)
	for i := 0; b.Loop(); i++ {
		if i%50 == 49 {
			m.neighbors = overlayOf(r, nodes, degree)
		}
		files := commonest / (1 + int(ranks.Uint64()))
		m.has = spread(r, nodes, files)
		o := m.search(r, strategy, config.DefaultSearchTTL, limit)
		all.add(o)
		if files > 10*limit {
			popular.add(o)
		} else if files < limit/4 {
			rare.add(o)
		}
	}
	all.report(b, "mixed")
	popular.report(b, "popular")
	rare.report(b, "rare")
}

type tally struct{ n, messages, steps int }

func (t *tally) add(o outcome) {
	t.n++
	t.messages += o.messages
	t.steps += o.steps
}

func (t *tally) report(b *testing.B, what string) {
	b.ReportMetric(float64(t.messages)/float64(max(1, t.n)), what+"-quer/search")
	b.ReportMetric(float64(t.steps)/float64(max(1, t.n)), what+"-steps/search")
}
