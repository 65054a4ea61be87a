package experiment

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
)

// Chosen are nodes by number, in rising order.
type Chosen struct {
	Supernodes, Peers []int
}

// Part is one part of a fault that names nodes: targets, links.from, links.to, or a group by its name.
type Part struct {
	Name   string
	Nodes  Targets
	Chosen Chosen
	Known  bool // false where the choice needs scores that were not given
}

// Scores gives what a selector's where compares, by supernode: its neighbors or its peers. nil: not known.
type Scores func(w Where) []int

// Choose draws the nodes of a fault for one of its moments. The seed, the id of the fault and the moment decide, whatever else
// happens, so that a plan knows them before the run; nodes that are down at the time are not left out. Who is in two groups
// of a partition is in the first of them.
func (f Fault) Choose(seed uint64, moment int, top Topology, scores Scores) []Part {
	parts := f.parts()
	taken := map[string]bool{}
	_, exclusive := f.Do.(*Partition)
	rest := -1
	for i := range parts {
		p := &parts[i]
		if p.Nodes.Rest {
			rest = i
			continue
		}
		c := chooser{Source(seed, fmt.Sprintf("fault %s %d %s", f.ID, moment, p.Name)), scores, nil}
		if exclusive {
			c.taken = taken
		}
		p.Chosen, p.Known = c.choose(p.Nodes, top)
	}
	if rest >= 0 {
		c := chooser{taken: taken}
		parts[rest].Chosen, parts[rest].Known = c.choose(everybody(), top)
		for _, p := range parts {
			parts[rest].Known = parts[rest].Known && (p.Known || p.Nodes.Rest)
		}
	}
	return parts
}

// parts lists what of a fault names nodes.
func (f Fault) parts() []Part {
	ends := func(l LinkSet) []Part {
		return []Part{{Name: "links.from", Nodes: l.From}, {Name: "links.to", Nodes: l.To}}
	}
	one := func(t Targets) []Part { return []Part{{Name: "targets", Nodes: t}} }
	switch do := f.Do.(type) {
	case *Partition:
		var out []Part
		for _, g := range do.Groups {
			out = append(out, Part{Name: g.Name, Nodes: g.Nodes})
		}
		return out
	case *Isolate:
		return one(do.Targets)
	case *Flap:
		return ends(do.Links)
	case *Hold:
		return ends(do.Links)
	case *Network:
		return ends(do.Links)
	case *Toxic:
		return ends(do.Links)
	case *Kill:
		return one(do.Targets)
	case *Disk:
		return one(do.Targets)
	case *Clock:
		return one(do.Targets)
	case *Actor:
		return one(do.Targets)
	case *Shuffle:
		return one(do.Targets)
	case *Freeze:
		return one(do.Targets)
	case *FullDisk:
		return one(do.Targets)
	case *Descriptors:
		return one(do.Targets)
	}
	return nil
}

// chooser draws nodes that are not taken yet.
type chooser struct {
	src    rand.Source
	scores Scores
	taken  map[string]bool
}

// Choose draws the nodes of a stream of operations, or of whatever else has a name of its own in a run.
func (t Targets) Choose(seed uint64, name string, top Topology, scores Scores) (chosen Chosen, known bool) {
	return chooser{Source(seed, name), scores, nil}.choose(t, top)
}

func (c chooser) choose(t Targets, top Topology) (out Chosen, known bool) {
	out.Supernodes, known = c.some(t.Supernodes, "supernode", top.Supernodes.Count)
	peers, knownPeers := c.some(t.Peers, "peer", top.Peers.Count)
	out.Peers = peers
	return out, known && knownPeers
}

// some draws among the n nodes of a class.
func (c chooser) some(s *Selector, class string, n int) (out []int, known bool) {
	if s == nil {
		return nil, true
	}
	var free []int
	for i := range n {
		if !c.taken[nodeName(class, i)] {
			free = append(free, i)
		}
	}
	switch {
	case len(s.Names) > 0:
		free = slices.DeleteFunc(free, func(i int) bool { return !slices.Contains(s.Names, nodeName(class, i)) })
	case s.Mode != All:
		r := rand.New(c.src)
		r.Shuffle(len(free), func(i, j int) { free[i], free[j] = free[j], free[i] })
		if s.Where != Anybody && !c.sort(free, s.Where) {
			return nil, false
		}
		free = free[:min(len(free), s.Number(n))]
		slices.Sort(free)
	}
	if c.taken != nil {
		for _, i := range free {
			c.taken[nodeName(class, i)] = true
		}
	}
	return free, true
}

// sort puts those first that where asks for; false where the scores are not known.
func (c chooser) sort(nodes []int, w Where) bool {
	if c.scores == nil {
		return false
	}
	score := c.scores(w)
	if score == nil {
		return false
	}
	slices.SortStableFunc(nodes, func(a, b int) int {
		if w == DegreeMax || w == PeersMax {
			a, b = b, a
		}
		return cmp.Compare(score[a], score[b])
	})
	return true
}

// SupernodeName is the name of a supernode by its number.
func SupernodeName(i int) string { return nodeName("supernode", i) }

// PeerName is the name of a peer by its number.
func PeerName(i int) string { return nodeName("peer", i) }

func nodeName(class string, i int) string { return fmt.Sprintf("%s-%d", class, i) }
