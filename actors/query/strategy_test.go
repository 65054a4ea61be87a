package query

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"alakazaam/actors/p2p"
	"alakazaam/config"
)

func places(from, n int) (out []p2p.Endpoint) {
	for i := range n {
		out = append(out, at(from+i))
	}
	return out
}

// TestPlan plays plans through: files so far and neighbors reached go in, floods come out.
func TestPlan(t *testing.T) {
	type move struct {
		files int // distinct ones so far
		want  step
	}
	all := func(ttl p2p.TTL) step { return step{ttl: ttl} }
	one := func(i int, ttl p2p.TTL) step { return step{ttl: ttl, only: places(i, 1)} }
	last, none := step{ttl: 5, last: true}, step{}
	for _, c := range []struct {
		name, strategy   string
		neighbors, limit int
		moves            []move
	}{
		{"flood", config.StrategyFlood, 4, 10, []move{{0, last}, {3, none}}},
		{"ring", config.StrategyRing, 4, 10, []move{{0, all(1)}, {1, all(2)}, {2, all(4)}, {9, last}, {9, none}}},
		{"ring, enough", config.StrategyRing, 4, 10, []move{{0, all(1)}, {1, all(2)}, {10, none}}},
		{"all of it here", config.StrategyDynamic, 4, 10, []move{{10, none}}},
		{"nothing", config.StrategyDynamic, 4, 10, []move{{0, all(1)}, {0, last}, {0, none}}},
		// Of 16 neighbors each passes on to 15, as far as is known.
		{"rare", config.StrategyDynamic, 16, 200, []move{{0, all(1)}, {10, last}}},
		{"widespread", config.StrategyDynamic, 16, 200, []move{{0, all(1)}, {32, one(0, 2)}, {62, one(1, 2)}, {92, one(2, 2)}, {200, none}}},
		{"what is here says nothing of others", config.StrategyDynamic, 16, 200, []move{{150, all(1)}, {150, last}}},
		{"less than it seemed", config.StrategyDynamic, 16, 200, []move{{0, all(1)}, {32, one(0, 2)}, {46, last}}},
		{"half of what it seemed", config.StrategyDynamic, 16, 200, []move{{0, all(1)}, {32, one(0, 2)}, {47, one(1, 2)}}},
		{"half of what was missing", config.StrategyDynamic, 16, 200, []move{{0, all(1)}, {196, one(0, 2)}, {198, one(1, 2)}, {198, last}}},
		// Of four neighbors each passes on to three: 3, 12 and 39 stand behind one.
		{"deeper where few are asked at once", config.StrategyDynamic, 4, 30, []move{{0, all(1)}, {4, one(0, 4)}, {20, one(1, 3)}, {29, one(2, 2)}, {30, none}}},
		{"neighbors used up", config.StrategyDynamic, 2, 10, []move{{0, all(1)}, {6, one(0, 3)}, {8, one(1, 2)}, {9, last}}},
		{"one neighbor", config.StrategyDynamic, 1, 10, []move{{0, all(1)}, {9, last}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := plan{strategy: c.strategy, ttl: 5, shuffle: func([]p2p.Endpoint) {}}
			for i, m := range c.moves {
				got, ok := p.next(progress{files: m.files, limit: c.limit, reached: places(0, c.neighbors)})
				require.Equal(t, m.want, got, "move %d", i)
				require.Equal(t, m.want.ttl > 0, ok)
			}
		})
	}
}

// TestPlanIsPunctual: where time is short the last step comes at once.
func TestPlanIsPunctual(t *testing.T) {
	for _, strategy := range config.Strategies() {
		for steps := range 3 {
			p := plan{strategy: strategy, ttl: 5, shuffle: func([]p2p.Endpoint) {}}
			for i := range steps {
				p.next(progress{files: i * 32, limit: 200, reached: places(0, 16)})
			}
			was := p.now.last
			got, ok := p.next(progress{files: 64, limit: 200, reached: places(0, 16), late: true})
			require.Equal(t, !was, ok, strategy)
			if ok {
				require.Equal(t, step{ttl: 5, last: true}, got)
			}
		}
	}
}

// TestPlansAreSound: whatever a search meets with, its plan ends, the last step is to everybody unless there is enough,
// none is deeper than that, and no neighbor is asked alone twice.
func TestPlansAreSound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ttl := p2p.TTL(rapid.IntRange(1, 99).Draw(t, "ttl"))
		neighbors := places(0, rapid.IntRange(0, 60).Draw(t, "neighbors"))
		limit := rapid.IntRange(1, 999).Draw(t, "limit")
		strategy := rapid.SampledFrom(config.Strategies()).Draw(t, "strategy")
		p := plan{strategy: strategy, ttl: ttl, shuffle: slices.Reverse[[]p2p.Endpoint]}
		asked := map[p2p.Endpoint]bool{}
		files, before := 0, step{}
		for range len(neighbors) + 10 {
			files += rapid.IntRange(0, 100).Draw(t, "new")
			next, ok := p.next(progress{files: files, limit: limit, reached: neighbors, late: rapid.IntRange(0, 20).Draw(t, "late") == 0})
			if !ok {
				require.True(t, files >= limit || before.last)
				return
			}
			require.LessOrEqual(t, files, limit-1)
			require.Positive(t, next.ttl)
			require.True(t, next.ttl < ttl || next.last && next.ttl == ttl && next.only == nil)
			for _, n := range next.only {
				require.False(t, asked[n])
				require.Equal(t, neighbors[len(neighbors)-1-len(asked)], n, "in the order of chance, here the other way round")
				asked[n] = true
			}
			before = next
		}
		require.Fail(t, "it does not end")
	})
}
