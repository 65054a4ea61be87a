package world

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/cmd/alakalab/record"
	"alakazaam/gateway/wire"
)

// tallies are the measurements of a run, by window and by phase.
type tallies struct {
	w       *World
	random  *rand.Rand
	windows []*window
	phases  map[string]*tally
	last    snapshot
	shaped  shape
	shapeOf [2]int // the state of the overlay that was measured
}

// window is what was measured from At on.
type window struct {
	at     time.Duration
	tally  tally
	counts map[string]float64 // what was counted in it
	levels map[string]float64 // how things stood at its end
}

// snapshot is what had been counted at some time.
type snapshot struct {
	counts map[string]float64
	load   []int
}

func newTallies(w *World) *tallies {
	return &tallies{w: w, random: w.rand("measure"), phases: make(map[string]*tally)}
}

// begin has each window measured at its end.
func (t *tallies) begin() {
	t.last = t.snapshot()
	length, total := t.w.exp.Measure.Window, t.w.exp.Time.Total()
	for at := time.Duration(0); at < total; at += length {
		t.windows = append(t.windows, &window{at: at})
	}
	var next func(i int)
	next = func(i int) {
		t.w.census.look(t.w)
		if i == len(t.windows)-1 {
			return // it is closed when the operations that it began have ended
		}
		t.w.sim.Do(length, func() {
			t.close(t.windows[i])
			next(i + 1)
		})
	}
	next(0)
}

// end measures the last window.
func (t *tallies) end() { t.close(t.windows[len(t.windows)-1]) }

// op takes in an operation that has ended.
func (t *tallies) op(o *record.Op) {
	if i := int(o.Intended / t.w.exp.Measure.Window); i < len(t.windows) {
		t.windows[i].tally.op(o)
	}
	for _, phase := range [2]string{t.phase(o.Intended), record.Whole} {
		if t.phases[phase] == nil {
			t.phases[phase] = &tally{}
		}
		t.phases[phase].op(o)
	}
}

// phase is the phase of a time.
func (t *tallies) phase(at time.Duration) string {
	from, to, ok := t.w.faults.span()
	switch {
	case !ok || at < from:
		return record.Before
	case at < to:
		return record.During
	}
	return record.After
}

// counted are series of the nodes' own counters, by the name of what is measured.
var counted = []struct {
	name   string
	series string
	labels []string
}{
	{"quer_duplicates", "dropped_total", []string{"command", "QUER", "reason", "duplicate"}},
	{"links_lost", "links_lost_total", nil},
	{"failovers", "peer_failovers_total", nil},
}

func (t *tallies) snapshot() snapshot {
	w := t.w
	s := snapshot{counts: make(map[string]float64), load: make([]int, w.supers)}
	for c, traffic := range w.traffic {
		s.counts["packets_"+c.String()] = float64(traffic.packets)
		s.counts["packets"] += float64(traffic.packets)
		s.counts["bytes"] += float64(traffic.bytes)
		if c == wire.QUER || c == wire.AQUE || c == wire.DONE || c == wire.FIND || c == wire.AFIN {
			s.counts["search_bytes"] += float64(traffic.bytes)
		}
	}
	for _, c := range counted {
		s.counts[c.name] = float64(w.meters.count(c.series, c.labels...))
	}
	for name, series := range map[string]string{
		"panics": "actor_panics_total", "restarts": "actor_restarts_total", "actor_stops": "actor_failure_stops_total",
		"refusals": "refusals_total",
	} {
		s.counts[name] = float64(w.meters.sum(series))
	}
	s.counts["deaths"], s.counts["wrong_files"], s.counts["escapes"] = float64(w.counts.n[record.NodesDied]), float64(w.counts.n[record.FilesWrong]), float64(w.counts.n[record.FilesOutside])
	s.counts["flood_twice"], s.counts["flood_ttl"] = float64(w.counts.n[record.FloodsTwice]), float64(w.counts.n[record.FloodsTTL])
	s.counts["finds_begun"] = float64(w.finds)
	s.counts["retransmissions"] = float64(w.network.lost)
	for i, h := range w.hosts[:w.supers] {
		s.load[i] = h.load
	}
	return s
}

// close measures a window at its end.
func (t *tallies) close(win *window) {
	now := t.snapshot()
	win.counts = make(map[string]float64, len(now.counts))
	for name, n := range now.counts {
		win.counts[name] = n - t.last.counts[name]
	}
	load := make([]int, len(now.load))
	for i := range load {
		load[i] = now.load[i] - t.last.load[i]
	}
	t.last = now
	win.levels = make(map[string]float64)
	t.loads(load, win.levels)
	t.overlay(win.levels)
	w := t.w
	online := 0
	for _, h := range w.upPeers {
		if h.home >= 0 && w.hosts[h.home].up {
			online++
		}
	}
	win.levels["supernodes_up"], win.levels["peers_up"] = float64(len(w.upSupers)), float64(len(w.upPeers))
	win.levels["peers_homed"] = float64(online)
	win.levels["mailbox_max"] = float64(w.meters.peak())
	win.levels["stranger_bytes"] = 0
	for _, bytes := range w.reflected {
		win.levels["stranger_bytes"] = max(win.levels["stranger_bytes"], float64(bytes))
	}
}

// loads says how evenly the supernodes are loaded: the largest by the mean, and the Gini coefficient.
func (t *tallies) loads(load []int, out map[string]float64) {
	slices.Sort(load)
	sum, ranked := 0.0, 0.0
	for i, n := range load {
		sum += float64(n)
		ranked += float64(i+1) * float64(n)
	}
	if sum == 0 {
		return
	}
	n := float64(len(load))
	out["load_mean"] = sum / n
	out["load_max"] = float64(load[len(load)-1])
	out["load_gini"] = 2*ranked/(n*sum) - (n+1)/n
}

// overlay measures the overlay, anew only where it may have changed.
func (t *tallies) overlay(out map[string]float64) {
	w := t.w
	if state := [2]int{w.changes, len(w.faults.cutoff)}; state != t.shapeOf || state[1] > 0 || t.shaped.nodes == 0 {
		t.shapeOf, t.shaped = state, w.shape(t.random)
	}
	s := t.shaped
	out["overlay_nodes"], out["overlay_edges"], out["overlay_largest"] = float64(s.nodes), float64(s.edges), s.largest
	out["overlay_path"], out["overlay_diameter"], out["overlay_clustering"] = s.path, float64(s.diameter), s.clustering
	if s.nodes > 0 {
		out["overlay_degree"] = 2 * float64(s.edges) / float64(s.nodes)
	}
}

// census asks supernodes for their neighbors where these change by themselves.
type census struct{ askers map[*host]*actor.PID }

// look has all supernodes asked, where they look for neighbors.
func (c *census) look(w *World) {
	if w.supers == 0 || w.hosts[0].live.Get().Discovery.Target == 0 {
		return
	}
	if c.askers == nil {
		c.askers = make(map[*host]*actor.PID)
	}
	for _, h := range w.hosts[:w.supers] {
		if !h.up {
			continue
		}
		if c.askers[h] == nil {
			c.askers[h] = w.spawn(func(ctx actor.Context) {
				if m, ok := ctx.Message().(*message.OverlayStatus); ok {
					w.neighbors(h, m)
				}
			})
		}
		w.sim.System.Root.Send(h.routes.Overlay, &message.Inspect{ReplyTo: c.askers[h]})
	}
}

// neighbors takes in whom a supernode can reach.
func (w *World) neighbors(h *host, m *message.OverlayStatus) {
	var around []int
	for _, n := range m.Neighbors {
		if i := indexOf(n.Endpoint.IPv4()); n.Up && i >= 0 && i < w.supers {
			around = append(around, i)
		}
	}
	if !slices.Equal(around, w.around[h.i]) {
		w.around[h.i] = around
		w.changes++
	}
}
