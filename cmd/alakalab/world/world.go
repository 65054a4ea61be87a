// Package world is the laboratory's engines: an experiment and a seed in, a record of a run out. They run the product's own
// actors, gateway and codec on simulated machines. Nothing of what a node does is written a second time here.
//
// Engine sim is one goroutine and virtual time, so that the same seed gives the same run, event by event. Engine mem (mem.go)
// is goroutines in a bubble of fake time, for what goes wrong only between goroutines. machine.go is what they have in common.
//
// What is simulated: the network (package actortest; latency, rate and loss by pair, cuts, crashes), disks, clocks, and the
// peers' users. An oracle (truth.go) knows what every search should find, because it sees what is shared and what the
// supernodes' directories have taken in. Faults are in faults*.go, scripts of nodes that play foul in byzantine*.go.
//
// The network is TCP's: what is lost or reordered comes later, what is cut off is sent again until somebody gives up, and a
// process that dies leaves connections that are reset.
package world

import (
	"context"
	"io"
	"runtime"
	"time"

	"alakazaam/actors/p2p"
	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
	"alakazaam/gateway/wire"
)

// Options are what a run is told beside its experiment.
type Options struct {
	Seed uint64
	Set  map[string]string // values of the matrix and of --set, for the record
	// Op is called with each operation when it ends, in that order. May be nil.
	Op func(record.Op)
	// Progress is called a few times a second of the wall clock. May be nil.
	Progress func(record.Progress)
	// Log says where a node of that name logs to, with virtual time; nil: nowhere. May be nil.
	Log func(node string) io.Writer
}

// World is one run.
type World struct {
	exp      *experiment.Experiment
	options  Options
	seed     uint64
	sim      *machine
	net      fabric
	began    time.Time
	blurred  bool // what happens at the same time happens in no order
	measured bool // the measurements are over

	supers  int
	hosts   []*host         // supernodes, then peers
	foul    []*foul         // nodes that play foul; their numbers follow
	around  [][]int         // the neighbors of each supernode
	popular experiment.Dist // of what is looked for
	files   []file
	topics  []p2p.SearchText
	sizes   func() float64

	upSupers, upPeers []*host
	ball              ball
	truth             *truth
	clerk             *clerk
	network           *network
	meters            *meters
	mail              *mail
	faults            *faults
	audit             *audit
	links             *overlinks
	counts            *counts
	sessions          *sessions
	sequence          *sequence
	strangers         *strangers
	probes            *probes
	census            census
	tallies           *tallies
	traffic           map[wire.Command]*traffic
	spoofed           map[p2p.PacketID]int  // searches in the name of a host that did not ask
	burnt             map[p2p.PacketID]bool // searches whose Pktids somebody used up
	reflected         map[int]int           // bytes that such a host was sent for it
	ops, finds        int                   // that have begun
	changes           int                   // of the overlay
	peak              uint64
}

// Run runs an experiment with one seed. Where ctx ends first the record is partial.
func Run(ctx context.Context, e *experiment.Experiment, o Options) (*record.Run, error) {
	began := time.Now()
	run := func(on *machine) (*record.Run, error) { return once(ctx, e, o, on) }
	var out *record.Run
	var err error
	if e.Engine == experiment.Mem {
		out, err = inBubble(func(pulse func()) (*record.Run, error) { return run(newBubble(o.Seed, pulse)) }, patience)
	} else {
		out, err = run(newSimulated(o.Seed))
	}
	if err != nil {
		return nil, err
	}
	out.Versions.Took = time.Since(began)
	return out, nil
}

// once runs an experiment on a machine.
func once(ctx context.Context, e *experiment.Experiment, o Options, on *machine) (*record.Run, error) {
	w, err := build(e, o, on)
	if err != nil {
		return nil, err
	}
	w.run(ctx)
	w.sim.Lock()
	out := w.record()
	w.sim.Unlock()
	out.Partial, out.Versions.Peak = ctx.Err() != nil, int64(w.peak)
	if b, ok := w.sim.engine.(*bubble); ok {
		return out, w.clearOut(b, out)
	}
	return out, nil
}

// drain is how long searches and downloads that are under way at the end are waited for.
const drain = 30 * time.Second

// run lets the time pass.
func (w *World) run(ctx context.Context) {
	total := w.exp.Time.Total()
	last, seen := w.sim.Wall(), uint64(0)
	w.sim.Pass(w.began.Add(total), func() bool {
		if now := w.sim.Wall(); now.Sub(last) >= 200*time.Millisecond {
			steps := w.sim.Steps()
			if w.options.Progress != nil {
				w.options.Progress(record.Progress{
					At: w.since(), Total: total, Events: steps, PerSecond: float64(steps-seen) / now.Sub(last).Seconds(),
				})
			}
			last, seen = now, steps
			w.lookAtMemory()
		}
		return ctx.Err() == nil
	})
	if ctx.Err() == nil {
		w.sim.RunUntil(drain, w.clerk.idle)
		w.sim.Lock()
		w.tallies.end()
		w.reread()
		w.sim.Unlock()
		w.sim.RunUntil(drain, w.clerk.idle)
	}
	w.sim.Lock()
	defer w.sim.Unlock()
	w.lookAtMemory()
	w.clerk.dropAll(func(*pending) bool { return true }, "the run ended")
}

func (w *World) lookAtMemory() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	w.peak = max(w.peak, m.HeapAlloc)
}

// boot starts a host's node. One that cannot start is down.
func (w *World) boot(h *host) {
	if err := h.start(); err != nil {
		w.hit(record.NodesDied, "%s does not start: %v", h.name, err)
		h.log.Errorf("%s does not start: %v", h.name, err)
	}
}
