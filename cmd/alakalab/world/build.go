package world

import (
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"time"

	"github.com/sirupsen/logrus"

	"alakazaam/actors/p2p"
	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/config"
	"alakazaam/gateway/wire"
)

// The laboratory's own defaults of the nodes' configuration, which the experiment's config changes. The overlay stays as it
// is made, peers log in at the first supernode that answers, look for others only near it, and learn by their requests
// whether it still lives.
var (
	supernodeDefaults = experiment.NodeConfig{"discovery.target": "0", "discovery.max": "0"}
	peerDefaults      = experiment.NodeConfig{
		"session.compare": "0s", "discovery.ttl": "1", "session.check_every": "0s", "session.standbys": "0",
	}
)

// build makes the world as it is before its first event.
func build(e *experiment.Experiment, o Options, sim *machine) (*World, error) {
	sim.Lock()
	defer sim.Unlock()
	sim.Log.SetLevel(logrus.PanicLevel) // what nobody reads need not be written
	w := &World{
		exp: e, options: o, seed: o.Seed, sim: sim, began: sim.Now(),
		supers: e.Topology.Supernodes.Count, meters: newMeters(), traffic: make(map[wire.Command]*traffic),
		spoofed: make(map[p2p.PacketID]int), burnt: make(map[p2p.PacketID]bool), reflected: make(map[int]int),
	}
	_, w.blurred = sim.engine.(*bubble)
	if n := w.supers + e.Topology.Peers.Count; n > most {
		return nil, fmt.Errorf("topology: %d nodes are more than the %d that have an address", n, most)
	}
	w.mail = newMail(w.meters, w.blurred)
	w.truth = newTruth(w)
	w.clerk = newClerk(w)
	w.faults = &faults{w: w, disks: make(map[*host][]*diskTrouble)}
	w.audit, w.links, w.counts = newAudit(w), newOverlinks(w), newCounts()
	w.sessions, w.sequence, w.strangers, w.probes = newSessions(w), &sequence{w: w}, newStrangers(), newProbes(w)
	w.tallies = newTallies(w)
	w.wire()
	for _, step := range []func() error{w.nodes, w.content, w.streams, w.churn, func() error { return w.faults.plan(e.Faults) }} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	w.start()
	w.tallies.begin()
	return w, nil
}

// wire makes the network.
func (w *World) wire() {
	l := w.exp.Topology.Links
	n := &network{w: w, seed: w.seed, random: w.rand("network"), busy: make(map[[2]int]time.Time)}
	for i, link := range [3]experiment.Link{l.Supernodes, l.Peers, l.Downloads} {
		n.between[i] = way{latency: latency(link.Latency), rate: link.Rate.Bytes(), loss: float64(link.Loss)}
	}
	w.network = n
	w.net = w.sim.Weave(wires{
		transit: n.transit, sent: n.sent, arrived: n.arrived, closed: n.closed, down: w.faults.down, change: w.faults.change,
		read: w.read, sum: sum, patience: config.DefaultWriteTimeout, writeQueue: int(config.DefaultWriteQueue),
	})
}

// configured is the configuration of all supernodes, or of all peers.
func configured(defaults, set experiment.NodeConfig, ttl string) (*config.Live, error) {
	keys := maps.Clone(defaults)
	if ttl != "" {
		keys["search.ttl"] = ttl
	}
	maps.Copy(keys, set)
	c, err := keys.Config()
	if err != nil {
		return nil, fmt.Errorf("config: %w", err)
	}
	return config.NewLive(c), nil
}

// ttl is how far the searches of the workload go; empty where it does not say.
func (w *World) ttl() (string, error) {
	out := ""
	for i, o := range w.exp.Workload {
		if f, ok := o.Do.(*experiment.Find); ok && f.TTL > 0 {
			t := fmt.Sprint(f.TTL)
			if out != "" && out != t {
				return "", fmt.Errorf("workload[%d].ttl: %s, and %s before: the supernodes have one search.ttl", i, t, out)
			}
			out = t
		}
	}
	return out, nil
}

// nodes makes the hosts and who knows whom.
func (w *World) nodes() error {
	ttl, err := w.ttl()
	if err != nil {
		return err
	}
	supers, err := configured(supernodeDefaults, w.exp.Config.Supernodes, ttl)
	if err != nil {
		return err
	}
	peers, err := configured(peerDefaults, w.exp.Config.Peers, "")
	if err != nil {
		return err
	}
	edges, err := graph(w.exp.Topology.Supernodes, w.rand("graph"))
	if err != nil {
		return fmt.Errorf("topology.supernodes.graph: %w", err)
	}
	t := w.exp.Topology
	w.around = make([][]int, w.supers)
	for i := range w.supers + t.Peers.Count {
		live := peers
		if i < w.supers {
			live = supers
		}
		w.hosts = append(w.hosts, w.newHost(i, i < w.supers, live))
	}
	for _, e := range edges {
		for i := range 2 {
			a, b := e[i], e[1-i]
			w.around[a] = append(w.around[a], b)
			w.hosts[a].neighbors = append(w.hosts[a].neighbors, w.hosts[b].self)
		}
	}
	w.attach(t.Peers, w.rand("attach"))
	return nil
}

// attach gives peers their supernodes.
func (w *World) attach(p experiment.Peers, r *rand.Rand) {
	order := r.Perm(w.supers)
	for i, h := range w.hosts[w.supers:] {
		first := order[i%w.supers]
		if p.Attach == "random" {
			first = r.IntN(w.supers)
		}
		h.parents = []p2p.Endpoint{w.hosts[first].self}
		taken := map[int]bool{first: true}
		for len(h.parents) < min(p.Parents, w.supers) {
			if next := r.IntN(w.supers); !taken[next] {
				taken[next] = true
				h.parents = append(h.parents, w.hosts[next].self)
			}
		}
	}
}

// graph gives the edges of the overlay.
func graph(s experiment.Supernodes, r *rand.Rand) ([][2]int, error) {
	n := s.Count
	switch g := s.Graph.(type) {
	case *experiment.RandomRegular:
		return regular(r, n, g.Degree)
	case *experiment.Gnp:
		return gnp(r, n, g.Degree)
	case *experiment.PowerLaw:
		return powerLaw(r, n, g.Links)
	case *experiment.Grid:
		width := g.Width
		if width == 0 {
			width = int(math.Ceil(math.Sqrt(float64(n))))
		}
		return lattice(n, width), nil
	case *experiment.Line:
		return line(n), nil
	case *experiment.Ring:
		return ring(n), nil
	case *experiment.Star:
		return star(n), nil
	case *experiment.Tree:
		return tree(n, g.Children), nil
	case *experiment.Total:
		return mesh(n), nil
	case *experiment.EdgeList:
		return listed(g, n)
	}
	return nil, fmt.Errorf("%T: %w", s.Graph, errGraph)
}

// listed checks the edges of a file.
func listed(g *experiment.EdgeList, n int) ([][2]int, error) {
	seen := make(map[[2]int]bool)
	for _, e := range g.Edges {
		switch o := ordered(e[0], e[1]); {
		case o[0] < 0 || o[1] >= n || o[0] == o[1]:
			return nil, fmt.Errorf("%d-%d among %d supernodes: %w", e[0], e[1], n, errGraph)
		case seen[o]:
			return nil, fmt.Errorf("%d-%d twice: %w", e[0], e[1], errGraph)
		default:
			seen[o] = true
		}
	}
	return g.Edges, nil
}

// latency is what each ordered pair of hosts draws from by its own share u; nil for no time at all.
func latency(d experiment.Dist) func(u float64) time.Duration {
	q := d.Quantile()
	return func(u float64) time.Duration { return time.Duration(q(u)) }
}

// content makes the files and shares them out.
func (w *World) content() error {
	w.sizes = w.exp.Content.Size.Sampler(experiment.Source(w.seed, "sizes"))
	w.popular = experiment.Dist{Kind: experiment.KindZipf, S: 0.8}
	for _, o := range w.exp.Workload {
		if f, ok := o.Do.(*experiment.Find); ok {
			w.popular = f.Terms
			break
		}
	}
	for range w.exp.Content.Topics {
		w.newTopic()
	}
	r := w.rand("content")
	peers := w.hosts[w.supers:]
	for _, n := range copies(w.exp.Content, w.popular.Weight, len(peers), experiment.Source(w.seed, "copies")) {
		f := w.newFile()
		for placed := 0; placed < n; {
			h := peers[r.IntN(len(peers))]
			if _, fresh := w.truth.share(f, h.i); fresh {
				h.files = append(h.files, f)
				placed++
			}
		}
	}
	return nil
}

// start starts the nodes during the first half of the warm-up, supernodes in the first tenth of it.
func (w *World) start() {
	r := w.rand("start")
	warmup := w.exp.Time.Warmup
	for _, h := range w.hosts {
		at := time.Duration(uniform(r) * float64(min(warmup/10, time.Second)))
		if !h.super {
			at = min(warmup/10, 2*time.Second) + time.Duration(uniform(r)*float64(min(warmup*4/10, 30*time.Second)))
		}
		w.sim.Do(at, func() {
			w.boot(h)
			w.joining(h)
		})
	}
}

// joining notes the operations with which a peer begins its first life: its login and what it publishes.
func (w *World) joining(h *host) {
	if h.super || !h.up {
		return
	}
	w.clerk.logins[h] = w.open("login", h, nil)
	if h.lives > 1 {
		return
	}
	for _, f := range h.files {
		e := w.truth.all[entryKey{f, h.i}]
		p := w.open("publish", h, nil)
		p.Entry = w.entry(e)
		w.clerk.entries[e] = append(w.clerk.entries[e], p)
	}
}
