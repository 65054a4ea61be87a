package world

import (
	"math/rand/v2"
	"slices"

	"alakazaam/cmd/alakalab/record"
)

// ball is what can be reached from a supernode, with how many hops.
type ball struct {
	seen  []int // by supernode, the round in which it was reached
	far   []int
	round int
	queue []int
}

// reach walks from a supernode over the live overlay as far as hops go. It gives the supernodes that it comes to in the
// order in which it does; far says how far they are.
func (w *World) reach(from, hops int) []int {
	b := &w.ball
	if len(b.seen) < w.supers {
		b.seen, b.far = make([]int, w.supers), make([]int, w.supers)
	}
	b.round++
	b.queue = append(b.queue[:0], from)
	b.seen[from], b.far[from] = b.round, 0
	for i := 0; i < len(b.queue); i++ {
		n := b.queue[i]
		if b.far[n] >= hops {
			continue
		}
		for _, m := range w.around[n] {
			if b.seen[m] != b.round && w.joined(n, m) {
				b.seen[m], b.far[m] = b.round, b.far[n]+1
				b.queue = append(b.queue, m)
			}
		}
	}
	return b.queue
}

// near says whether the last reach came to a supernode.
func (b *ball) near(supernode int) bool { return b.round > 0 && b.seen[supernode] == b.round }

// joined says whether two neighbors can speak to each other now.
func (w *World) joined(a, b int) bool {
	return w.hosts[a].up && w.hosts[b].up && !w.faults.cuts(a, b) && !w.faults.cuts(b, a)
}

// shape is what the overlay looks like.
type shape struct {
	nodes, edges int
	largest      float64 // share of the nodes that are up in the largest component
	path         float64 // mean number of hops between two that can reach each other
	diameter     int     // as far as nine tenths of the pairs are apart
	clustering   float64
}

// sources is from how many supernodes paths are measured.
const sources = 64

// shape measures the live overlay.
func (w *World) shape(r *rand.Rand) shape {
	var s shape
	p := newParts(w.supers)
	for a := range w.supers {
		if w.hosts[a].up {
			s.nodes++
		}
		for _, b := range w.around[a] {
			if a < b && w.joined(a, b) {
				s.edges++
				p.join(a, b)
			}
		}
	}
	if s.nodes == 0 {
		return s
	}
	size := make(map[int]int)
	for a := range w.supers {
		if w.hosts[a].up {
			size[p.root(a)]++
			s.largest = max(s.largest, float64(size[p.root(a)])/float64(s.nodes))
		}
	}
	w.paths(r, &s)
	s.clustering = w.clustering(r)
	return s
}

func (w *World) paths(r *rand.Rand, s *shape) {
	var apart []int // pairs by hops
	pairs, hops := 0, 0
	for range min(sources, len(w.upSupers)) {
		from := w.upSupers[r.IntN(len(w.upSupers))]
		for _, to := range w.reach(from.i, w.supers)[1:] {
			far := w.ball.far[to]
			for len(apart) <= far {
				apart = append(apart, 0)
			}
			apart[far]++
			pairs++
			hops += far
		}
	}
	if pairs == 0 {
		return
	}
	s.path = float64(hops) / float64(pairs)
	for far, n := 0, 0; far < len(apart); far++ {
		if n += apart[far]; 10*n >= 9*pairs {
			s.diameter = far
			return
		}
	}
}

// clustering is how likely two neighbors of one are neighbors of each other, of the supernodes that paths are measured
// from.
func (w *World) clustering(r *rand.Rand) float64 {
	closed, all := 0, 0
	for range min(sources, len(w.upSupers)) {
		around := w.around[w.upSupers[r.IntN(len(w.upSupers))].i]
		for i, a := range around {
			for _, b := range around[:i] {
				all++
				if slices.Contains(w.around[a], b) {
					closed++
				}
			}
		}
	}
	if all == 0 {
		return 0
	}
	return float64(closed) / float64(all)
}

// picture is the overlay for the record.
func (w *World) picture() *record.Overlay {
	out := &record.Overlay{At: w.since()}
	peers := make([]int, w.supers)
	files := make([]int, w.supers)
	for _, h := range w.upPeers {
		if h.home >= 0 {
			peers[h.home]++
		}
	}
	for _, all := range w.truth.byFile {
		for _, e := range all {
			if w.truth.findable(e) {
				files[e.at]++
			}
		}
	}
	for i, h := range w.hosts[:w.supers] {
		out.Nodes = append(out.Nodes, record.Node{Name: h.name, Up: h.up, Peers: peers[i], Files: files[i], Load: h.load})
		for _, j := range w.around[i] {
			if i < j {
				out.Edges = append(out.Edges, [2]int{i, j})
			}
		}
	}
	return out
}
