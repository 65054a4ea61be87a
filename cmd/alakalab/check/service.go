package check

import (
	"fmt"
	"math"
	"slices"
	"time"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
)

// recovery — the baseline is the median of the metric over the windows from the end of the warm-up to the first fault.
// A window is outside when the metric is further from it than band, on the worse side if it has one. False when a
// window is outside that begins later than within after the end of the last fault. Unknown when there was no fault, no
// window before it or later than that, or when at least as large a share of the windows before the faults is
// outside: then the band is narrower than the noise. The default is recall within 30 s, band 0.02.
func recovery(c *Case, with experiment.Parameters) record.Check {
	p, ok := with.(*experiment.Recovery)
	if !ok || p == nil {
		p = &experiment.Recovery{Metric: "recall", Within: 30 * time.Second, Band: 0.02}
	}
	m := Recover(c.Run, p.Metric, p.Band)
	if !m.Faulty {
		return unknown("no fault began")
	}
	late := slices.DeleteFunc(slices.Clone(m.after), func(w sample) bool { return w.at <= m.End+p.Within })
	if len(m.before) == 0 || len(late) == 0 {
		return unknown("%s was measured in %s before the faults, and in %s later than %s after them",
			p.Metric, count(len(m.before), "window"), count(len(late), "window"), p.Within)
	}
	noise, outside := m.outside(m.before), m.outside(late)
	figures := fmt.Sprintf("%s was %.4g before the faults; later than %s after them, %d of %s are more than %g worse",
		p.Metric, m.Baseline, p.Within, len(outside), count(len(late), "window"), p.Band)
	figures += "; " + m.sentence()
	switch {
	case len(outside) == 0:
		return yes("%s", figures)
	case float64(len(noise))/float64(len(m.before)) >= float64(len(outside))/float64(len(late)):
		return unknown("%s; so were %d of %d before the faults, for which the band is too narrow", figures, len(noise), len(m.before))
	}
	var lines []string
	for _, w := range outside {
		lines = append(lines, fmt.Sprintf("%s: %.4g", at(w.at), w.value))
	}
	return evidence(no("%s", figures), lines)
}

// sample is what one window says of a metric.
type sample struct {
	at    time.Duration
	value float64
}

// Recovered is how a metric came back after the faults.
type Recovered struct {
	Faulty   bool
	End      time.Duration // of the last fault
	Baseline float64
	// After is how long after End the first of three windows in a row began that are inside. Ever is false where there
	// are no such three.
	After time.Duration
	Ever  bool

	before, after []sample
	band          float64
	better        string
}

// Recover looks at a metric before the first fault and after the last one.
func Recover(r *record.Run, metric string, band float64) Recovered {
	from, end, faulty := r.Faulty()
	m := Recovered{Faulty: faulty, End: end, band: band, better: record.MetricOf(metric).Better}
	if !faulty {
		return m
	}
	var values []float64
	for i, w := range r.Windows {
		v, ok := w.Values[metric]
		switch ends := r.Total(); {
		case !ok || w.At < r.Warmup:
		case w.At >= end:
			m.after = append(m.after, sample{w.At, v})
		default:
			if i+1 < len(r.Windows) {
				ends = r.Windows[i+1].At
			}
			if ends <= from {
				m.before = append(m.before, sample{w.At, v})
				values = append(values, v)
			}
		}
	}
	m.Baseline = median(values)
	const row = 3
	for i := 0; i+row <= len(m.after) && !m.Ever; i++ {
		if len(m.outside(m.after[i:i+row])) == 0 {
			m.After, m.Ever = m.after[i].at-end, true
		}
	}
	return m
}

func (m *Recovered) outside(all []sample) (out []sample) {
	for _, s := range all {
		below, above := s.value < m.Baseline-m.band, s.value > m.Baseline+m.band
		if below && m.better != "lower" || above && m.better != "higher" {
			out = append(out, s)
		}
	}
	return out
}

func (m *Recovered) sentence() string {
	if !m.Ever {
		return "it never came back for three windows"
	}
	return fmt.Sprintf("it was back %s after the last fault", at(m.After))
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	values = slices.Sorted(slices.Values(values))
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// slo — false when the figure of the whole run of one of the objectives (measure.slo) is not what it has to be. Unknown
// when there are none, or the run lacks a figure of theirs.
func slo(c *Case, _ experiment.Parameters) record.Check {
	var missed, met, lacking []string
	for _, o := range c.SLO {
		v, ok := c.Run.Figure(o.Metric, record.Whole)
		line := fmt.Sprintf("%s was %.4g, which has to be %s", o.Metric, v, o.Text)
		switch {
		case !ok:
			lacking = append(lacking, o.Metric)
		case o.Met(v):
			met = append(met, line)
		default:
			missed = append(missed, line)
		}
	}
	out := yes("%d of %s met", len(met), count(len(c.SLO), "objective"))
	switch {
	case len(c.SLO) == 0:
		out = unknown("there are no objectives (measure.slo)")
	case len(missed) > 0:
		out = no("%d of %s missed", len(missed), count(len(c.SLO), "objective"))
	case len(lacking) > 0:
		out = unknown("the run has no figure of %v", lacking)
	}
	out.Name = "slo"
	return evidence(out, append(missed, met...))
}

// quota — false when the slowest hundredth of the searches that were to begin while faults were active took longer than
// that of those before the first fault (but after the warm-up), by more than the share max_slowdown (default a half). Unknown
// when there were fewer than a hundred of either.
func quota(c *Case, with experiment.Parameters) record.Check {
	allowed := 0.5
	if p, ok := with.(*experiment.Quota); ok && p != nil {
		allowed = float64(p.MaxSlowdown)
	}
	from, to, faulty := c.Run.Faulty()
	if !faulty {
		return unknown("no fault began")
	}
	var before, during []float64
	for i := range c.Ops {
		op := &c.Ops[i]
		if op.Kind != "find" || op.Outcome != record.OK {
			continue
		}
		took := (op.Ended - op.Intended).Seconds()
		switch {
		case op.Intended >= c.Run.Warmup && op.Intended < from:
			before = append(before, took)
		case op.Intended >= from && op.Intended < to:
			during = append(during, took)
		}
	}
	const enough = 100
	if len(before) < enough || len(during) < enough {
		return unknown("%d searches before and %d during the faults are too few for a hundredth of them", len(before), len(during))
	}
	was, is := p99(before), p99(during)
	slower := is/was - 1
	figures := fmt.Sprintf("find_p99 was %.4g s before and %.4g s during the faults, %+.1f %%; %g %% are allowed", was, is, 100*slower, 100*allowed)
	if slower > allowed {
		return no("%s", figures)
	}
	return yes("%s", figures)
}

func p99(values []float64) float64 {
	slices.Sort(values)
	return values[(len(values)*99+99)/100-1]
}
