package experiment

// Dist is a distribution. Durations are in nanoseconds and sizes in bytes. In a file a bare value is a constant.
type Dist struct {
	Kind   DistKind
	Value  float64 // constant
	Mean   float64 // exponential, weibull, pareto; zipf of amounts
	Median float64 // lognormal
	P95    float64 // lognormal: all but one in twenty are below it
	Shape  float64 // weibull, pareto
	S      float64 // zipf: the r-th is r^-s times as frequent, or as much, as the first
	Min    float64 // uniform; of the others what is below counts as Min
	Max    float64 // uniform; of the others what is above counts as Max, 0: no limit
}

// DistKind is the name of a distribution.
type DistKind string

// The distributions.
const (
	KindConstant    DistKind = "constant"
	KindUniform     DistKind = "uniform"
	KindExponential DistKind = "exponential"
	KindLognormal   DistKind = "lognormal"
	KindWeibull     DistKind = "weibull"
	KindPareto      DistKind = "pareto"
	KindZipf        DistKind = "zipf"
)

// Constant is always v.
func Constant(v float64) Dist { return Dist{Kind: KindConstant, Value: v} }

// Exponential has the given mean.
func Exponential(mean float64) Dist { return Dist{Kind: KindExponential, Mean: mean} }
