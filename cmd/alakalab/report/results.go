// Package report is what becomes of the records of runs: a folder with results for programs, plots, and a page for people;
// a line on the terminal while runs go on, and a summary afterwards.
package report

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"golang.org/x/perf/benchmath"

	"alakazaam/cmd/alakalab/record"
)

// Results is results.json: all runs of one experiment that were made together.
type Results struct {
	Experiment string         `json:"experiment"`
	About      string         `json:"about"`
	Began      time.Time      `json:"began"`
	Verdict    record.Verdict `json:"verdict"`           // false if that of one run is, else unknown if one is
	Partial    bool           `json:"partial,omitempty"` // not all runs were made, or one was cut short
	Planned    int            `json:"planned"`           // runs that were to be made
	Runs       []Run          `json:"runs"`
}

// Run is one of the runs.
type Run struct {
	Record *record.Run `json:"record"`
	// Finds is how the times until searches were complete are distributed: the i-th of the Quantiles in seconds. Empty
	// where none was.
	Finds []float64 `json:"finds_s,omitempty"`
}

// Quantiles are the shares at which Run.Finds tells the distribution.
var Quantiles = func() (out []float64) {
	for i := range 100 {
		out = append(out, float64(i)/100)
	}
	return append(out, 0.99, 0.995, 0.999, 1)
}()

// Times is a distribution of times that is filled while a run goes on.
type Times struct{ h *hdrhistogram.Histogram }

// add takes a time in, in microseconds and with three digits, up to a day.
func (t *Times) add(d time.Duration) {
	const day = 24 * time.Hour
	if t.h == nil {
		t.h = hdrhistogram.New(1, day.Microseconds(), 3)
	}
	_ = t.h.RecordValue(min(max(d, time.Microsecond), day).Microseconds()) // within its range
}

// seconds gives the Quantiles.
func (t *Times) seconds() (out []float64) {
	if t.h == nil {
		return nil
	}
	for _, q := range Quantiles {
		out = append(out, float64(t.h.ValueAtQuantile(100*q))/1e6)
	}
	return out
}

// newResults joins runs. What is not a number, and could not be written, is left out as undefined.
func newResults(began time.Time, runs []Run, planned int) *Results {
	out := &Results{Began: began.UTC(), Verdict: worst(runs), Planned: max(planned, len(runs)), Runs: runs}
	for _, r := range runs {
		clean(r.Record)
		out.Experiment, out.About = r.Record.Experiment, r.Record.About
		out.Partial = out.Partial || r.Record.Partial
	}
	if len(runs) < out.Planned || len(runs) == 0 {
		out.Partial = true
		if out.Verdict == record.True || len(runs) == 0 {
			out.Verdict = record.Unknown
		}
	}
	return out
}

func clean(r *record.Run) {
	odd := func(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }
	r.Figures = slices.DeleteFunc(r.Figures, func(f record.Figure) bool { return odd(f.Value) })
	for _, w := range r.Windows {
		for name, v := range w.Values {
			if odd(v) {
				delete(w.Values, name)
			}
		}
	}
}

// Load reads the results of a folder, or of the file results.json itself.
func Load(path string) (*Results, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, "results.json")
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there are no results of an experiment: %w", err)
	}
	if err != nil {
		return nil, fmt.Errorf("results: %w", err)
	}
	out := &Results{}
	if err := json.Unmarshal(b, out); err != nil {
		return nil, fmt.Errorf("results in %s: %w", path, err)
	}
	if slices.ContainsFunc(out.Runs, func(r Run) bool { return r.Record == nil }) {
		return nil, fmt.Errorf("results in %s: a run has no record", path)
	}
	return out, nil
}

// Summary is a median over seeds with its confidence interval of 95 %: the exact one from the binomial distribution of order
// statistics, which supposes nothing about the distribution. With fewer than six seeds it is without bounds.
type Summary struct {
	Median, Low, High float64
	N                 int
}

// Summarize sums up values of several seeds.
func Summarize(values []float64) Summary {
	if len(values) == 0 {
		return Summary{Median: math.NaN(), Low: math.Inf(-1), High: math.Inf(1)}
	}
	s := benchmath.AssumeNothing.Summary(benchmath.NewSample(slices.Clone(values), &benchmath.DefaultThresholds), 0.95)
	return Summary{s.Center, s.Lo, s.Hi, len(values)}
}

// Bounded says that there is a confidence interval.
func (s Summary) Bounded() bool { return !math.IsInf(s.Low, 0) && !math.IsInf(s.High, 0) }

// MetricsOf lists the metrics for which the runs have figures, in the order of record.Metrics, then by name.
func MetricsOf(runs []Run) []record.Metric {
	have := make(map[string]bool)
	for _, r := range runs {
		for _, f := range r.Record.Figures {
			have[f.Metric] = true
		}
	}
	return ordered(have)
}

func ordered(have map[string]bool) (out []record.Metric) {
	for _, m := range record.Metrics() {
		if have[m.Name] {
			out = append(out, m)
			delete(have, m.Name)
		}
	}
	known := len(out)
	for name := range have {
		out = append(out, record.Metric{Name: name})
	}
	slices.SortFunc(out[known:], func(a, b record.Metric) int { return strings.Compare(a.Name, b.Name) })
	return out
}
