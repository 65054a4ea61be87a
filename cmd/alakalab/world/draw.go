package world

import (
	"math"
	"math/rand/v2"
	"time"

	"gonum.org/v1/gonum/stat/distuv"

	"alakazaam/cmd/alakalab/experiment"
)

// p95 is how many standard deviations above the mean all but one in twenty of a normal distribution are.
const p95 = 1.6448536269514722

// quantile gives the value of a distribution below which a share u of the draws is, for 0 < u < 1.
func quantile(d experiment.Dist) func(u float64) float64 {
	var q func(float64) float64
	switch d.Kind {
	case experiment.KindUniform:
		return func(u float64) float64 { return d.Min + u*(d.Max-d.Min) }
	case experiment.KindExponential:
		q = func(u float64) float64 { return -d.Mean * math.Log1p(-u) }
	case experiment.KindLognormal:
		q = distuv.LogNormal{Mu: math.Log(d.Median), Sigma: math.Log(d.P95/d.Median) / p95}.Quantile
	case experiment.KindWeibull:
		q = distuv.Weibull{K: d.Shape, Lambda: d.Mean / math.Gamma(1+1/d.Shape)}.Quantile
	case experiment.KindPareto:
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

// durations is quantile for times; nil for a time that is always 0.
func durations(d experiment.Dist) func(u float64) time.Duration {
	if d.Kind == experiment.KindConstant || d.Kind == "" {
		if d.Value == 0 {
			return nil
		}
		return func(float64) time.Duration { return time.Duration(d.Value) }
	}
	q := quantile(d)
	return func(u float64) time.Duration { return time.Duration(q(u)) }
}

// uniform draws from (0, 1), without its ends.
func uniform(r *rand.Rand) float64 { return (float64(r.Uint64()>>12) + 0.5) / (1 << 52) }

// popularity is how often the file of a rank is looked for, in proportion to others.
func popularity(d experiment.Dist) func(rank int) float64 {
	if d.Kind != experiment.KindZipf {
		return func(int) float64 { return 1 }
	}
	return func(rank int) float64 { return math.Pow(float64(rank+1), -d.S) }
}
