package experiment

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"time"

	"gonum.org/v1/gonum/stat/distuv"
)

// normal95 is how many standard deviations above the mean all but one in twenty of a normal distribution are.
var normal95 = distuv.UnitNormal.Quantile(0.95)

// Source gives the random numbers of one part of a run. The same seed and name give the same numbers whatever other parts
// draw, so that one more fault does not change what the churn does.
func Source(seed uint64, name string) rand.Source {
	h := fnv.New64a()
	_, _ = h.Write([]byte(name))
	return rand.NewPCG(seed, h.Sum64())
}

// Quantile gives the value below which a share u of the draws is, for 0 < u < 1. A zipf has Weight instead.
func (d Dist) Quantile() func(u float64) float64 {
	var q func(float64) float64
	switch d.Kind {
	case KindUniform:
		return func(u float64) float64 { return d.Min + u*(d.Max-d.Min) }
	case KindExponential:
		q = distuv.Exponential{Rate: 1 / d.Mean}.Quantile
	case KindLognormal:
		q = distuv.LogNormal{Mu: math.Log(d.Median), Sigma: math.Log(d.P95/d.Median) / normal95}.Quantile
	case KindWeibull:
		q = distuv.Weibull{K: d.Shape, Lambda: d.Mean / math.Gamma(1+1/d.Shape)}.Quantile
	case KindPareto:
		q = distuv.Pareto{Xm: d.Mean * (d.Shape - 1) / d.Shape, Alpha: d.Shape}.Quantile
	default:
		return func(float64) float64 { return d.Value }
	}
	return func(u float64) float64 {
		v := max(q(u), d.Min)
		if d.Max > 0 {
			v = min(v, d.Max)
		}
		return v
	}
}

// Sampler draws values from src.
func (d Dist) Sampler(src rand.Source) func() float64 {
	q, r := d.Quantile(), rand.New(src)
	return func() float64 {
		return q((float64(r.Uint64()>>12) + 0.5) / (1 << 52)) // between 0 and 1, without either
	}
}

// Durations draws durations from src.
func (d Dist) Durations(src rand.Source) func() time.Duration {
	draw := d.Sampler(src)
	return func() time.Duration { return time.Duration(min(draw(), math.MaxInt64/2)) }
}

// Weight is how frequent the item of a rank is in proportion to others, from 0 on: falling for zipf, the same for all otherwise.
func (d Dist) Weight(rank int) float64 {
	if d.Kind != KindZipf {
		return 1
	}
	return math.Pow(float64(rank+1), -d.S)
}

// Ranks draws ranks below n by Weight.
func (d Dist) Ranks(n int, src rand.Source) func() int {
	if d.Kind != KindZipf {
		r := rand.New(src)
		return func() int { return r.IntN(n) }
	}
	weights := make([]float64, n)
	for i := range weights {
		weights[i] = d.Weight(i)
	}
	c := distuv.NewCategorical(weights, src)
	return func() int { return int(c.Rand()) }
}

// Amounts gives n amounts: those of a zipf by rank, with the mean that it has, and draws of any other.
func (d Dist) Amounts(n int, src rand.Source) []float64 {
	out := make([]float64, n)
	if d.Kind != KindZipf {
		draw := d.Sampler(src)
		for i := range out {
			out[i] = draw()
		}
		return out
	}
	sum := 0.0
	for i := range out {
		out[i] = d.Weight(i)
		sum += out[i]
	}
	for i := range out {
		out[i] *= d.Mean * float64(n) / sum
	}
	return out
}

// Average is the mean, without regard to Min and Max but for uniform. That of a zipf is the mean of its amounts.
func (d Dist) Average() float64 {
	switch d.Kind {
	case KindConstant:
		return d.Value
	case KindUniform:
		return (d.Min + d.Max) / 2
	case KindLognormal:
		sigma := math.Log(d.P95/d.Median) / normal95
		return d.Median * math.Exp(sigma*sigma/2)
	}
	return d.Mean
}
