package world

import (
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
	"alakazaam/gateway/wire"
)

// Trial is a world whose workload is whoever uses it: one search after another is begun at a supernode, and everything
// that is sent for it is counted.
type Trial struct {
	w     *World
	sim   simulated
	asker *actor.PID
	now   *Traced // the search under way; nil: none
	found *message.Found
	refs  message.Ref
}

// Search is a search of a supernode's own user.
type Search struct {
	From     int    // the supernode
	File     int    // what is looked for; Nothing: what nobody has
	Strategy string // "": as configured
	Limit    int    // as many results are enough; 0: as configured
}

// Nothing is the number of a file that nobody has.
const Nothing = -1

// Traced is what a search has done.
type Traced struct {
	Packets map[wire.Command]int // that anybody has sent since it began
	Reached []int                // the supernodes that were sent a QUER, as they first were; never the one that it began at
	Owners  int                  // copies that it has found
	seen    map[int]bool
}

// The times that a trial waits for.
const (
	trialEnds    = time.Minute     // for a search to end
	trialSettles = 2 * time.Second // for what is still on its way when it has
)

var errUnended = errors.New("the search does not end")

// NewTrial makes the world of an experiment and lets its warm-up pass.
func NewTrial(e *experiment.Experiment, seed uint64) (*Trial, error) {
	m := newSimulated(seed)
	w, err := build(e, Options{Seed: seed}, m)
	if err != nil {
		return nil, err
	}
	t := &Trial{w: w, sim: m.engine.(simulated)}
	net := w.net.(simulatedNet)
	inner := net.Sent
	net.Sent = func(from, to netip.AddrPort, data []byte) {
		inner(from, to, data)
		t.sent(to, data)
	}
	t.asker = w.sim.System.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		if m, ok := ctx.Message().(*message.Found); ok && m.Ref == t.refs {
			t.found = m
		}
	}, actor.WithDispatcher(w.sim)))
	t.sim.Run(e.Time.Warmup)
	if n := w.counts.n[record.NodesDied]; n > 0 {
		return nil, fmt.Errorf("%d of the nodes have ended by themselves", n)
	}
	return t, nil
}

// Latency changes the latency between supernodes, for what is sent from now on.
func (t *Trial) Latency(d experiment.Dist) { t.w.network.between[0].latency = latency(d) }

// Search carries a search out, to its end and until all that is sent for it has arrived.
func (t *Trial) Search(s Search) (*Traced, error) {
	w := t.w
	text, err := p2p.NewSearchText("nobody has this")
	if s.File != Nothing {
		text = w.files[s.File].text
	}
	if err != nil {
		return nil, err
	}
	t.refs++
	t.found = nil
	t.now = &Traced{Packets: make(map[wire.Command]int), seen: map[int]bool{s.From: true}}
	w.sim.System.Root.Send(w.hosts[s.From].routes.Searches(), &message.Find{
		Ref: t.refs, Text: text, Strategy: s.Strategy, Limit: s.Limit, ReplyTo: t.asker,
	})
	if !w.sim.RunUntil(trialEnds, func() bool { return t.found != nil }) {
		return nil, errUnended
	}
	t.sim.Run(trialSettles)
	out := t.now
	t.now = nil
	if t.found.Err != nil {
		return nil, t.found.Err
	}
	for _, r := range t.found.Results {
		out.Owners += len(r.Owners)
	}
	return out, nil
}

// sent takes note of a piece that is sent.
func (t *Trial) sent(to netip.AddrPort, data []byte) {
	if t.now == nil || len(data) < len(wire.Command{}) {
		return
	}
	c := wire.Command(data)
	t.now.Packets[c]++
	if i := indexOf(to.Addr()); c == wire.QUER && i >= 0 && i < t.w.supers && !t.now.seen[i] {
		t.now.seen[i] = true
		t.now.Reached = append(t.now.Reached, i)
	}
}

// Graph gives the overlay that the supernodes of an experiment have with a seed.
func Graph(s experiment.Supernodes, seed uint64) ([][2]int, error) {
	w := &World{seed: seed}
	return graph(s, w.rand("graph"))
}

// Largest is which share of the supernodes that are up is in their largest component, and how many are up.
func Largest(edges [][2]int, up []bool) (share float64, left int) {
	w := &World{supers: len(up), around: make([][]int, len(up))}
	w.faults = &faults{w: w}
	for _, is := range up {
		w.hosts = append(w.hosts, &host{up: is})
	}
	for _, e := range edges {
		w.around[e[0]] = append(w.around[e[0]], e[1])
		w.around[e[1]] = append(w.around[e[1]], e[0])
	}
	s := w.shape(nil)
	return s.largest, s.nodes
}

// Owners gives the peers that have each file of an experiment at its start.
func Owners(e *experiment.Experiment, seed uint64) ([][]int, error) {
	w, err := build(e, Options{Seed: seed}, newSimulated(seed))
	if err != nil {
		return nil, err
	}
	out := make([][]int, len(w.truth.byFile))
	for i, all := range w.truth.byFile {
		for _, e := range all {
			out[i] = append(out[i], e.owner-w.supers)
		}
	}
	return out, nil
}
