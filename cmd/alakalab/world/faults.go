package world

import (
	"fmt"
	"math/rand/v2"
	"time"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
)

// faults are what goes wrong now, and the ledger of all of it.
type faults struct {
	w       *World
	ledger  []*fault
	cutoff  []*cut     // active
	worse   []*worsens // active
	disks   map[*host][]*diskTrouble
	scripts []running
	active  int // faults that have begun and not ended
	within  int // of them, those inside of nodes, which may change the order of what nodes do
	changes int // times that one began or ended, and when that was last
	changed time.Time
}

// fault is one fault of the experiment.
type fault struct {
	plan experiment.Fault
	record.Fault
	random *rand.Rand
	parts  [][]*host // that it is about this time: its targets, the ends of its links, or its groups
}

// apply begins a fault of a kind once and gives what ends it; nil for a fault of a moment.
func (fs *faults) apply(f *fault) (end func()) {
	switch do := f.plan.Do.(type) {
	case *experiment.Partition:
		return fs.partition(f, do)
	case *experiment.Isolate:
		return fs.isolate(f, do)
	case *experiment.Flap:
		return fs.flap(f, do)
	case *experiment.Hold:
		return fs.hold(f, do)
	case *experiment.Network:
		return fs.network(f, do)
	case *experiment.Kill:
		fs.kill(f, do)
	case *experiment.Disk:
		return fs.disk(f, do)
	case *experiment.Clock:
		return fs.clock(f, do)
	case *experiment.Shuffle:
		return fs.shuffle(f)
	case *experiment.Actor, *experiment.Toxic:
		return fs.rules(f)
	case *experiment.Byzantine:
		return fs.byzantine(f, do)
	}
	return nil
}

// can says whether an engine has a fault.
func can(e experiment.Engine, f experiment.Fault) error {
	switch do := f.Do.(type) {
	case *experiment.Partition, *experiment.Isolate, *experiment.Flap, *experiment.Hold, *experiment.Network, *experiment.Kill,
		*experiment.Disk, *experiment.Clock, *experiment.Actor, *experiment.Toxic:
		return nil
	case *experiment.Shuffle:
		if e == experiment.Sim {
			return nil
		}
	case *experiment.Byzantine:
		if scripts[do.Script] == nil {
			return fmt.Errorf("fault %s: engine %s has no script %q", f.ID, e, do.Script)
		}
		return nil
	}
	return fmt.Errorf("fault %s: engine %s has no faults of kind %s", f.ID, e, f.Kind())
}

// plan puts all faults into the world's time.
func (fs *faults) plan(all []experiment.Fault) error {
	for _, e := range all {
		if err := can(fs.w.exp.Engine, e); err != nil {
			return err
		}
		f := &fault{plan: e, random: fs.w.rand("fault " + e.ID)}
		f.ID, f.Kind, f.Planned = e.ID, e.Kind(), fs.w.exp.Time.Warmup+e.At
		fs.ledger = append(fs.ledger, f)
		moments := e.Moments()
		if f.plan.Kind() == "actor" {
			moments = moments[:1] // its rule has the others
		}
		for i, at := range moments {
			fs.w.sim.Do(fs.w.exp.Time.Warmup+at, func() { fs.begin(f, i) })
		}
	}
	return nil
}

// begin is a time at which a fault is due. One that has no end by itself ends with its time, and with the run at the
// latest.
func (fs *faults) begin(f *fault, moment int) {
	now := fs.w.since()
	if f.Due++; f.Due == 1 {
		f.Started = now
	}
	f.Ended = now
	f.choose(fs.w, moment)
	end := fs.apply(f)
	fs.count(f, 0)
	if end == nil {
		return
	}
	fs.count(f, 1)
	left := fs.w.exp.Time.Warmup + fs.w.exp.Time.Run - now
	switch {
	case f.plan.Every > 0 && f.plan.Kind() != "actor":
		left = min(left, f.plan.Every)
	case f.plan.For > 0:
		left = min(left, f.plan.For)
	}
	fs.w.sim.Do(left, func() {
		end()
		f.Ended = fs.w.since()
		fs.count(f, -1)
	})
}

// count notes that something changes, and that a fault has begun (1) or ended (-1).
func (fs *faults) count(f *fault, n int) {
	fs.active += n
	switch f.plan.Do.(type) {
	case *experiment.Actor, *experiment.Toxic, *experiment.Shuffle:
		fs.within += n
	}
	fs.changes++
	fs.changed = fs.w.sim.Now()
}

// inside says whether faults inside of nodes are active.
func (fs *faults) inside() bool { return fs.within > 0 }

// mostNamed is how many targets of a fault are named in the ledger.
const mostNamed = 20

// choose draws whom the fault is about this time, as a plan of the experiment says it.
func (f *fault) choose(w *World, moment int) {
	f.parts = nil
	f.Applied++
	for _, p := range f.plan.Choose(w.seed, moment, w.exp.Topology, w.scores) {
		hosts := w.named(p.Chosen)
		f.parts = append(f.parts, hosts)
		for _, h := range hosts[:min(len(hosts), max(0, mostNamed-len(f.Targets)))] {
			f.Targets = append(f.Targets, h.name)
		}
	}
}

// targets are whom the fault is about.
func (f *fault) targets() []*host { return f.parts[0] }

// named are the hosts of a choice.
func (w *World) named(c experiment.Chosen) (out []*host) {
	for _, i := range c.Supernodes {
		out = append(out, w.hosts[i])
	}
	for _, i := range c.Peers {
		out = append(out, w.hosts[w.supers+i])
	}
	return out
}

// scores are the neighbors or the peers that supernodes have now.
func (w *World) scores(by experiment.Where) []int {
	out := make([]int, w.supers)
	switch by {
	case experiment.DegreeMax, experiment.DegreeMin:
		for i := range out {
			out[i] = len(w.around[i])
		}
	default:
		for _, h := range w.upPeers {
			if h.home >= 0 {
				out[h.home]++
			}
		}
	}
	return out
}

// span is from the beginning of the first fault to the end of the last; ok is false where there is none.
func (fs *faults) span() (from, to time.Duration, ok bool) {
	t := fs.w.exp.Time
	for _, f := range fs.ledger {
		end := f.plan.End()
		if k, is := f.plan.Do.(*experiment.Kill); is {
			end += k.RestartAfter
		}
		if !ok {
			from, ok = f.Planned, true
		}
		from, to = min(from, f.Planned), max(to, t.Warmup+min(end, t.Run))
	}
	return from, to, ok
}
