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
	w      *World
	ledger []*fault
	cutoff []*cut     // active
	worse  []*worsens // active
	disks  map[*host][]*diskTrouble
}

// fault is one fault of the experiment.
type fault struct {
	plan experiment.Fault
	record.Fault
	random *rand.Rand
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
		return fs.shuffle(f, do)
	case *experiment.Byzantine:
		return fs.byzantine(f, do)
	}
	return nil
}

// can says whether the simulation has a fault.
func can(f experiment.Fault) error {
	switch do := f.Do.(type) {
	case *experiment.Partition, *experiment.Isolate, *experiment.Flap, *experiment.Hold, *experiment.Network, *experiment.Kill,
		*experiment.Disk, *experiment.Clock, *experiment.Shuffle:
		return nil
	case *experiment.Byzantine:
		if scripts[do.Script] == nil {
			return fmt.Errorf("fault %s: engine sim has no script %q", f.ID, do.Script)
		}
		return nil
	}
	return fmt.Errorf("fault %s: engine sim has no faults of kind %s", f.ID, f.Kind())
}

// plan puts all faults into the world's time.
func (fs *faults) plan(all []experiment.Fault) error {
	for i, e := range all {
		if err := can(e); err != nil {
			return err
		}
		f := &fault{plan: e, random: fs.w.sim.Rand(streamFaults + uint64(i))}
		f.ID, f.Kind, f.Planned = e.ID, e.Kind(), fs.w.exp.Time.Warmup+e.At
		fs.ledger = append(fs.ledger, f)
		for _, at := range e.Moments() {
			fs.w.sim.Do(fs.w.exp.Time.Warmup+at, func() { fs.begin(f) })
		}
	}
	return nil
}

// begin is a time at which a fault is due. One that has no end by itself ends with its time, and with the run at the
// latest.
func (fs *faults) begin(f *fault) {
	now := fs.w.since()
	if f.Due++; f.Due == 1 {
		f.Started = now
	}
	f.Ended = now
	end := fs.apply(f)
	if end == nil {
		return
	}
	left := fs.w.exp.Time.Warmup + fs.w.exp.Time.Run - now
	switch {
	case f.plan.Every > 0:
		left = min(left, f.plan.Every)
	case f.plan.For > 0:
		left = min(left, f.plan.For)
	}
	fs.w.sim.Do(left, func() {
		end()
		f.Ended = fs.w.since()
	})
}

// aim chooses targets and notes them.
func (f *fault) aim(w *World, t experiment.Targets) []*host {
	hosts := w.choose(t, f.random)
	f.noteTargets(hosts)
	return hosts
}

// mostNamed is how many targets of a fault are named in the ledger.
const mostNamed = 20

func (f *fault) noteTargets(hosts []*host) {
	f.Applied += len(hosts)
	for _, h := range hosts {
		if len(f.Targets) < mostNamed {
			f.Targets = append(f.Targets, h.name)
		}
	}
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
