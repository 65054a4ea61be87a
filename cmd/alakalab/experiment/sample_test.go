package experiment

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"
)

const minutes = float64(time.Minute)

// draws takes n values.
func draws(d Dist, n int) []float64 {
	draw, out := d.Sampler(Source(1, "test")), make([]float64, n)
	for i := range out {
		out[i] = draw()
	}
	slices.Sort(out)
	return out
}

// What users say of a distribution is what the draws have: mean, median, the 95th percentile.
func TestMoments(t *testing.T) {
	const n = 200_000
	for name, test := range map[string]struct {
		d                 Dist
		mean, median, p95 float64
	}{
		"constant":    {Constant(3), 3, 3, 3},
		"uniform":     {Dist{Kind: KindUniform, Min: 10, Max: 30}, 20, 20, 29},
		"exponential": {Exponential(60), 60, 60 * math.Ln2, 60 * math.Log(20)},
		"lognormal":   {Dist{Kind: KindLognormal, Median: 40, P95: 150}, 55.24, 40, 150},
		"pareto":      {Dist{Kind: KindPareto, Shape: 4, Mean: 40}, 40, 30 * math.Pow(2, 0.25), 30 * math.Pow(20, 0.25)},
		// lab.md, validation, row 11.
		"weibull 1.0": {Dist{Kind: KindWeibull, Shape: 1, Mean: 60}, 60, 41.5, 179.7},
		"weibull 0.6": {Dist{Kind: KindWeibull, Shape: 0.6, Mean: 60}, 60, 21.7, 248.2},
		"weibull 0.4": {Dist{Kind: KindWeibull, Shape: 0.4, Mean: 60}, 60, 7.2, 280.4},
	} {
		t.Run(name, func(t *testing.T) {
			got := draws(test.d, n)
			assert.InEpsilon(t, test.mean, stat.Mean(got, nil), 0.02, "mean")
			assert.InEpsilon(t, test.mean, test.d.Average(), 0.001, "Average")
			assert.InEpsilon(t, test.median, stat.Quantile(0.5, stat.Empirical, got, nil), 0.02, "median")
			assert.InEpsilon(t, test.p95, stat.Quantile(0.95, stat.Empirical, got, nil), 0.02, "p95")
		})
	}
}

func TestValuesAreCut(t *testing.T) {
	got := draws(Dist{Kind: KindLognormal, Median: 4, P95: 40, Min: 2, Max: 8}, 1000)
	assert.Equal(t, 2.0, got[0])
	assert.Equal(t, 8.0, got[len(got)-1])
	assert.Less(t, stat.Mean(got, nil), 7.0)
}

func TestRanks(t *testing.T) {
	const n, rounds = 50, 200_000
	for _, s := range []float64{0, 0.8, 1} {
		d := Dist{Kind: KindZipf, S: s}
		draw, seen := d.Ranks(n, Source(2, "ranks")), make([]float64, n)
		for range rounds {
			seen[draw()]++
		}
		for _, r := range []int{1, 4, 9} {
			assert.InEpsilon(t, math.Pow(float64(r+1), s), seen[0]/seen[r], 0.08, "rank 0 against rank %d with s %v", r, s)
		}
	}
	draw := Dist{Kind: KindUniform}.Ranks(3, Source(1, ""))
	seen := map[int]bool{}
	for range 100 {
		seen[draw()] = true
	}
	assert.Len(t, seen, 3)
}

func TestAmounts(t *testing.T) {
	got := Dist{Kind: KindZipf, S: 1, Mean: 4}.Amounts(1000, nil)
	assert.InEpsilon(t, 4, stat.Mean(got, nil), 1e-9)
	assert.InEpsilon(t, 10, got[0]/got[9], 1e-9)
	drawn := Exponential(5).Amounts(10_000, Source(1, "amounts"))
	assert.InEpsilon(t, 5, stat.Mean(drawn, nil), 0.05)
}

// Parts of a run do not disturb one another, and repeat.
func TestSource(t *testing.T) {
	a, b := Source(1, "churn"), Source(1, "churn")
	other, seed := Source(1, "faults"), Source(2, "churn")
	first := a.Uint64()
	require.Equal(t, first, b.Uint64())
	require.NotEqual(t, first, other.Uint64())
	require.NotEqual(t, first, seed.Uint64())
}

func TestDurations(t *testing.T) {
	draw := Exponential(10 * minutes).Durations(Source(1, "d"))
	sum := time.Duration(0)
	for range 10_000 {
		sum += draw()
	}
	assert.InEpsilon(t, 10*minutes, float64(sum/10_000), 0.05)
}
