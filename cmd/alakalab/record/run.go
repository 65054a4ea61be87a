package record

import "time"

// Progress is how far a run has come. An engine calls a func(Progress) with it a few times in a second of the wall clock.
type Progress struct {
	At, Total time.Duration // virtual, since the beginning of the warm-up
	Events    uint64        // so far
	PerSecond float64       // events a second of the wall clock, lately
}

// Total is how long the whole run was to last.
func (r *Run) Total() time.Duration { return r.Warmup + r.Run + r.Heal }

// Faulty is the time from the first fault to the end of the last; ok is false for a run in which none began.
func (r *Run) Faulty() (from, to time.Duration, ok bool) {
	for _, f := range r.Faults {
		if f.Applied == 0 && f.Hit == 0 {
			continue
		}
		if !ok || f.Started < from {
			from = f.Started
		}
		to, ok = max(to, f.Started, f.Ended), true
	}
	return from, to, ok
}

// Figure looks a figure up.
func (r *Run) Figure(metric, phase string) (float64, bool) {
	for _, f := range r.Figures {
		if f.Metric == metric && f.Phase == phase {
			return f.Value, true
		}
	}
	return 0, false
}
