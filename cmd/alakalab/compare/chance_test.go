package compare

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/perf/benchmath"
)

func TestChance(t *testing.T) {
	for _, c := range []struct {
		a, b []float64
		want float64
	}{
		{[]float64{1, 2, 3}, []float64{4, 5, 6, 7}, 2.0 / 35}, // of 35 ways to choose three of seven, the two that are most uneven
		{[]float64{25, 25, 25}, []float64{18, 19, 18, 19}, 2.0 / 35},
		{[]float64{25, 25, 25}, []float64{18, 18, 18, 18}, 2.0 / 35},
		{[]float64{1, 1}, []float64{1, 1}, 1},
		{[]float64{1}, []float64{2}, 1},
	} {
		p, ok := chance(c.a, c.b)
		require.True(t, ok)
		require.InDelta(t, c.want, p, 1e-9, "%v %v", c.a, c.b)
		other, _ := chance(c.b, c.a)
		require.InDelta(t, p, other, 1e-9)
	}
	// Without equal values it is what benchstat has.
	a, b := []float64{1, 4, 5, 8, 11, 12}, []float64{2, 7, 9, 10, 13, 14, 15}
	test := benchmath.AssumeNothing.Compare(benchmath.NewSample(a, &benchmath.DefaultThresholds), benchmath.NewSample(b, &benchmath.DefaultThresholds))
	p, _ := chance(a, b)
	require.InDelta(t, test.P, p, 1e-9)
	_, ok := chance(make([]float64, mostExact+1), b)
	require.False(t, ok)
}
