package world

import (
	"cmp"
	"math/rand/v2"
	"slices"

	"alakazaam/cmd/alakalab/experiment"
)

// everybody says whether a selector takes all of its kind.
func everybody(s *experiment.Selector) bool {
	return len(s.Names) == 0 && (s.Mode == experiment.All || s.Mode == "")
}

// choose takes the hosts that targets name, those of which something is to be preferred first, and otherwise at random.
func (w *World) choose(t experiment.Targets, r *rand.Rand) []*host {
	var out []*host
	if t.Supernodes != nil {
		out = append(out, w.selected(*t.Supernodes, w.hosts[:w.supers], r)...)
	}
	if t.Peers != nil {
		out = append(out, w.selected(*t.Peers, w.hosts[w.supers:], r)...)
	}
	return out
}

func (w *World) selected(s experiment.Selector, from []*host, r *rand.Rand) []*host {
	if everybody(&s) {
		return from
	}
	if len(s.Names) > 0 {
		return slices.DeleteFunc(slices.Clone(from), func(h *host) bool { return !slices.Contains(s.Names, h.name) })
	}
	all := slices.Clone(from)
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	var rank func(*host) int
	switch s.Where {
	case experiment.DegreeMax:
		rank = func(h *host) int { return -w.degree(h) }
	case experiment.DegreeMin:
		rank = w.degree
	case experiment.PeersMax, experiment.PeersMin:
		peers := w.attached()
		rank = func(h *host) int { return peers[h.i] }
		if s.Where == experiment.PeersMax {
			rank = func(h *host) int { return -peers[h.i] }
		}
	}
	if rank != nil {
		slices.SortStableFunc(all, func(a, b *host) int { return cmp.Compare(rank(a), rank(b)) })
	}
	return all[:s.Number(len(all))]
}

func (w *World) degree(h *host) int {
	if !h.super {
		return len(h.parents)
	}
	return len(w.around[h.i])
}

// attached counts the peers of each supernode.
func (w *World) attached() []int {
	out := make([]int, len(w.hosts))
	for _, h := range w.upPeers {
		if h.home >= 0 {
			out[h.home]++
		}
	}
	return out
}

// side is a set of hosts by number.
type side map[int]bool

func sideOf(hosts []*host) side {
	s := make(side, len(hosts))
	for _, h := range hosts {
		s[h.i] = true
	}
	return s
}

// links are the ordered pairs that a fault of the network is about.
type links struct {
	from, to  side
	direction experiment.Direction
}

func (w *World) links(l experiment.LinkSet, d experiment.Direction, r *rand.Rand) links {
	return links{sideOf(w.choose(l.From, r)), sideOf(w.choose(l.To, r)), d}
}

// has says whether what a sends to b is meant.
func (l *links) has(a, b int) bool {
	return l.direction != experiment.From && l.from[a] && l.to[b] || l.direction != experiment.To && l.from[b] && l.to[a]
}
