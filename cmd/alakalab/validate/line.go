package validate

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"
)

// Line is one number of a row, as it is expected and as it was measured.
type Line struct {
	Case     string  `json:"case"`
	Expected string  `json:"expected"`
	Measured float64 `json:"measured"`
	// Error is the standard error of what was measured. An exact law has none.
	Error   float64 `json:"standard_error"`
	Samples int     `json:"samples"`
	Agrees  bool    `json:"agrees"`
}

// sigmas is how many standard errors a measurement may be off.
const sigmas = 3

// rough is how far a number may be off that its source gives as about as much.
const rough = 0.2

func mean(samples []float64) (m, se float64) {
	m, sd := stat.MeanStdDev(samples, nil)
	if len(samples) < 2 {
		return m, 0
	}
	return m, stat.StdErr(sd, float64(len(samples)))
}

// Number writes a number as briefly as it can be told from its neighbors.
func Number(v float64) string {
	if v == math.Trunc(v) && math.Abs(v) < 1e9 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.4g", v)
}

// add adds a line of samples that has to fulfill something.
func (b *bench) add(name, expected string, samples []float64, agrees func(m, se float64) bool) {
	m, se := mean(samples)
	b.lines = append(b.lines, Line{
		Case: name, Expected: expected, Measured: m, Error: se, Samples: len(samples), Agrees: len(samples) > 0 && agrees(m, se),
	})
}

// exactly is an exact law: every sample is as expected.
func (b *bench) exactly(name string, want float64, samples []float64) {
	b.add(name, Number(want), samples, func(float64, float64) bool {
		for _, v := range samples {
			if v != want {
				return false
			}
		}
		return true
	})
}

// near is a law of means: that of the samples is within three of its standard errors.
func (b *bench) near(name string, want float64, samples []float64) {
	b.add(name, Number(want), samples, func(m, se float64) bool {
		return len(samples) >= seeds && math.Abs(m-want) <= sigmas*se
	})
}

// about is a number that its source gives roughly.
func (b *bench) about(name string, want float64, samples []float64) {
	b.add(name, "about "+Number(want), samples, func(m, se float64) bool {
		return len(samples) >= seeds && math.Abs(m-want) <= rough*want
	})
}

// between is an order: the mean is more than one number and less than another by three standard errors.
func (b *bench) between(name string, low, high float64, samples []float64) {
	expected := fmt.Sprintf("%s to %s", Number(low), Number(high))
	if math.IsInf(low, -1) {
		expected = "< " + Number(high)
	}
	b.add(name, expected, samples, func(m, se float64) bool {
		return len(samples) >= seeds && m-sigmas*se > low && m+sigmas*se < high
	})
}

// below is an order that has no lower end.
func (b *bench) below(name string, high float64, samples []float64) {
	b.between(name, math.Inf(-1), high, samples)
}
