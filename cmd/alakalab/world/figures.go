package world

import (
	"maps"
	"math"
	"runtime"
	"slices"
	"time"

	"alakazaam/cmd/alakalab/record"
)

// record is what the run leaves. The verdict is for the checks to say.
func (w *World) record() *record.Run {
	e := w.exp
	out := &record.Run{
		Experiment: e.Name, About: e.About, Engine: string(e.Engine), Seed: w.seed, Set: w.options.Set,
		Warmup: e.Time.Warmup, Run: e.Time.Run, Heal: e.Time.Heal, Verdict: record.Unknown,
		Trace: w.sim.Trace(), Events: w.sim.Steps(), Overlay: w.picture(),
		Versions: record.Versions{Program: "alakalab", Go: runtime.Version(), Machine: runtime.GOOS + "/" + runtime.GOARCH},
	}
	for _, win := range w.tallies.windows {
		if win.counts == nil {
			break // the run did not come to its end
		}
		out.Windows = append(out.Windows, record.Window{At: win.at, Values: values(&win.tally, win.counts, win.levels)})
	}
	for _, phase := range []string{record.Before, record.During, record.After, record.Whole} {
		out.Figures = append(out.Figures, w.tallies.figures(phase)...)
	}
	out.Figures = append(out.Figures, w.recoveries(out.Windows)...)
	out.Figures = append(out.Figures, record.Figure{
		Metric: "mailbox_p99", Phase: record.Whole, Value: float64(w.meters.usual(99)),
	})
	out.Counters, out.Cases = w.total()
	out.Sequence = w.sequence.packets
	for _, f := range w.faults.ledger {
		out.Faults = append(out.Faults, f.Fault)
	}
	return out
}

// perFind are counts that are told by search.
var perFind = map[string]string{
	"quer_per_find": "packets_QUER", "aque_per_find": "packets_AQUE", "done_per_find": "packets_DONE",
	"supe_per_find": "packets_SUPE", "asup_per_find": "packets_ASUP",
	"bytes_per_find": "search_bytes", "duplicates_per_find": "quer_duplicates",
}

// values joins what the operations say with what was counted and how things stood.
func values(t *tally, counts, levels map[string]float64) map[string]float64 {
	out := maps.Clone(levels)
	for _, name := range []string{
		"packets", "bytes", "panics", "restarts", "actor_stops", "deaths", "links_lost", "failovers", "refusals",
		"wrong_files", "escapes", "flood_twice", "flood_ttl", "retransmissions",
	} {
		out[name] = counts[name]
	}
	if t == nil {
		return out
	}
	t.values(out)
	if begun := counts["finds_begun"]; begun > 0 {
		for name, of := range perFind {
			out[name] = counts[of] / begun
		}
		if n := counts["packets_QUER"] + counts["packets_AQUE"]; n > 0 {
			out["efficiency"] = float64(t.useful) / n
		}
	}
	return out
}

// figures gives the measurements of a phase: what the operations say, sums of what was counted in its windows, and the mean
// of how things stood in them.
func (t *tallies) figures(phase string) (out []record.Figure) {
	counts, levels, n := make(map[string]float64), make(map[string]float64), make(map[string]float64)
	for _, win := range t.windows {
		if win.counts == nil || phase != record.Whole && t.phase(win.at) != phase {
			continue
		}
		for name, v := range win.counts {
			counts[name] += v
		}
		for name, v := range win.levels {
			levels[name] += v
			n[name]++
			if name == "mailbox_max" || name == "stranger_bytes" {
				levels[name], n[name] = max(v, levels[name]-v), 1
			}
		}
	}
	if len(n) == 0 {
		return nil
	}
	for name := range levels {
		levels[name] /= n[name]
	}
	all := values(t.phases[phase], counts, levels)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, record.Figure{Metric: name, Phase: phase, Value: all[name]})
	}
	return out
}

// Rules of a recovery: a metric is well again when it has come back to within band of what it was before the faults, for so
// many windows.
const (
	band    = 0.02
	windows = 3
)

// recoveries says how deep recall fell, how much of it was lost in all, and how long after the last fault it was back.
func (w *World) recoveries(all []record.Window) []record.Figure {
	from, to, ok := w.faults.span()
	if !ok {
		return nil
	}
	var before mean
	for _, win := range all {
		if v, is := win.Values["recall"]; is && win.At >= w.exp.Time.Warmup && win.At+w.exp.Measure.Window <= from {
			before.add(v)
		}
	}
	if before.n == 0 {
		return nil
	}
	base := before.sum / float64(before.n)
	lowest, area, well := base, 0.0, 0
	back := time.Duration(-1)
	for _, win := range all {
		v, is := win.Values["recall"]
		if !is || win.At < from {
			continue
		}
		lowest = min(lowest, v)
		area += max(0, base-v) * w.exp.Measure.Window.Seconds()
		if win.At < to {
			continue
		}
		if math.Abs(v-base) > band && v < base {
			well = 0
		} else if well++; well == windows && back < 0 {
			back = win.At - (windows-1)*w.exp.Measure.Window
		}
	}
	out := []record.Figure{
		{Metric: "recall_baseline", Phase: record.Whole, Value: base},
		{Metric: "recall_dip", Phase: record.Whole, Value: base - lowest},
		{Metric: "recall_area_lost", Phase: record.Whole, Value: area},
	}
	if back >= 0 {
		out = append(out, record.Figure{Metric: "recall_mttr", Phase: record.Whole, Value: max(0, back-to).Seconds()})
	}
	return out
}
