package shrink

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"alakazaam/cmd/alakalab/experiment"
)

// number is one value of an experiment that can be lowered.
type number struct {
	name  string
	get   func(*experiment.Experiment) float64
	set   func(*experiment.Experiment, float64)
	least float64
	round func(float64) float64
	write func(float64) string
}

// numbers lowers each of a kind of numbers: to the least first, then by bisection, until a quarter more or less is left.
// Which numbers there are is asked anew each time, because faults and streams may have gone.
func (s *shrinker) numbers(kind func(*experiment.Experiment) []number) {
	for i := 0; i < len(kind(s.now)); i++ {
		n := kind(s.now)[i]
		low, high := n.least, n.get(s.now)
		if high <= low {
			continue
		}
		lower := func(to float64) bool {
			return s.try(fmt.Sprintf("%s: %s → %s", n.name, n.write(high), n.write(to)), func(e *experiment.Experiment) { n.set(e, to) })
		}
		if lower(low) {
			continue
		}
		for high-low > high/4 && !s.over() {
			middle := n.round((low + high) / 2)
			if middle <= low || middle >= high {
				break
			}
			if lower(middle) {
				high = middle
			} else {
				low = middle
			}
		}
	}
}

func count(name string, least int, of func(*experiment.Experiment) *int) number {
	return number{
		name: name, least: float64(least), round: math.Round, write: func(v float64) string { return strconv.Itoa(int(v)) },
		get: func(e *experiment.Experiment) float64 { return float64(*of(e)) },
		set: func(e *experiment.Experiment, v float64) { *of(e) = int(v) },
	}
}

func duration(name string, least time.Duration, of func(*experiment.Experiment) *time.Duration) number {
	return number{
		name: name, least: float64(least), write: func(v float64) string { return time.Duration(v).String() },
		round: func(v float64) float64 {
			grain := time.Second
			if time.Duration(v) < 10*time.Second {
				grain = 100 * time.Millisecond
			}
			return float64(time.Duration(v).Round(grain))
		},
		get: func(e *experiment.Experiment) float64 { return float64(*of(e)) },
		set: func(e *experiment.Experiment, v float64) { *of(e) = time.Duration(v) },
	}
}

// nodes are what makes a run large.
func nodes(*experiment.Experiment) []number {
	supernodes := count("supernodes", 1, func(e *experiment.Experiment) *int { return &e.Topology.Supernodes.Count })
	supernodes.set = func(e *experiment.Experiment, v float64) {
		e.Topology.Supernodes.Count = int(v)
		if g, ok := e.Topology.Supernodes.Graph.(*experiment.RandomRegular); ok { // of which not every size has one
			g.Degree = max(1, min(g.Degree, int(v)-1))
			if g.Degree*int(v)%2 == 1 && g.Degree > 1 {
				g.Degree--
			}
		}
	}
	return []number{
		count("peers", 0, func(e *experiment.Experiment) *int { return &e.Topology.Peers.Count }),
		supernodes,
		count("files", 0, func(e *experiment.Experiment) *int { return &e.Content.Files }),
		count("parents of a peer", 1, func(e *experiment.Experiment) *int { return &e.Topology.Peers.Parents }),
	}
}

// times are the phases, and those of the faults: these first, because the run cannot end before they do.
func times(now *experiment.Experiment) (out []number) {
	for i, f := range now.Faults {
		of := func(e *experiment.Experiment) *experiment.Fault { return &e.Faults[i] }
		out = append(out, duration("start of "+f.ID, 0, func(e *experiment.Experiment) *time.Duration { return &of(e).At }))
		if f.For > 0 {
			least := min(f.For, max(time.Second, f.Every+time.Millisecond))
			out = append(out, duration("length of "+f.ID, least, func(e *experiment.Experiment) *time.Duration { return &of(e).For }))
		}
		if k, ok := f.Do.(*experiment.Kill); ok && k.RestartAfter > 0 {
			out = append(out, duration("restart of "+f.ID, time.Second, func(e *experiment.Experiment) *time.Duration {
				return &of(e).Do.(*experiment.Kill).RestartAfter
			}))
		}
	}
	end := max(time.Second, now.Measure.Window)
	for _, f := range now.Faults {
		end = max(end, f.End())
		if k, ok := f.Do.(*experiment.Kill); ok {
			end = max(end, f.End()+k.RestartAfter)
		}
	}
	return append(out,
		duration("run", end, func(e *experiment.Experiment) *time.Duration { return &e.Time.Run }),
		duration("healing", 0, func(e *experiment.Experiment) *time.Duration { return &e.Time.Heal }),
		duration("warm-up", time.Second, func(e *experiment.Experiment) *time.Duration { return &e.Time.Warmup }),
	)
}

// work is how much is done, by users and by faults.
func work(now *experiment.Experiment) (out []number) {
	for i, o := range now.Workload {
		out = append(out, number{
			name: "rate of " + o.Kind(), least: 0.1,
			write: func(v float64) string { return fmt.Sprintf("%g/s", v) },
			round: func(v float64) float64 {
				short, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 2, 64), 64) // it has just been written
				return short
			},
			get: func(e *experiment.Experiment) float64 { return float64(e.Workload[i].Rate) },
			set: func(e *experiment.Experiment, v float64) { e.Workload[i].Rate = experiment.Frequency(v) },
		})
	}
	for i, f := range now.Faults {
		switch f.Do.(type) {
		case *experiment.Byzantine:
			out = append(out, count("nodes of "+f.ID, 1, func(e *experiment.Experiment) *int {
				return &e.Faults[i].Do.(*experiment.Byzantine).Count
			}))
		case *experiment.Actor:
			out = append(out, count("copies of "+f.ID, 1, func(e *experiment.Experiment) *int {
				return &e.Faults[i].Do.(*experiment.Actor).Copies
			}))
		}
	}
	return out
}

// Size is what tells how large an experiment is: a name with a value.
type Size struct{ Name, Value string }

// Sizes tell how large an experiment is.
func Sizes(e *experiment.Experiment) []Size {
	number := func(name string, n int) Size { return Size{name, strconv.Itoa(n)} }
	return []Size{
		number("supernodes", e.Topology.Supernodes.Count), number("peers", e.Topology.Peers.Count), number("files", e.Content.Files),
		number("streams of work", len(e.Workload)), number("faults", len(e.Faults)),
		{"warm-up", e.Time.Warmup.String()}, {"run", e.Time.Run.String()}, {"healing", e.Time.Heal.String()},
	}
}
