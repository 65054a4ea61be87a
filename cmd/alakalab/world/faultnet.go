package world

import (
	"math/rand/v2"
	"net/netip"
	"slices"
	"time"

	"alakazaam/cmd/alakalab/experiment"
)

// cut lets nothing through between some hosts.
type cut struct {
	fault   *fault
	between func(from, to int) bool
}

// cuts says whether what one host sends does not get to another.
func (fs *faults) cuts(from, to int) bool {
	return slices.ContainsFunc(fs.cutoff, func(c *cut) bool { return c.between(from, to) })
}

// down is cuts for the network: each time that it says yes, something has been kept back.
func (fs *faults) down(from, to netip.Addr) bool {
	a, b := indexOf(from), indexOf(to)
	for _, c := range fs.cutoff {
		if c.between(a, b) {
			c.fault.Hit++
			return true
		}
	}
	return false
}

func (fs *faults) cut(f *fault, between func(from, to int) bool) (end func()) {
	c := &cut{f, between}
	fs.cutoff = append(fs.cutoff, c)
	return func() { fs.cutoff = slices.DeleteFunc(fs.cutoff, func(o *cut) bool { return o == c }) }
}

// partition cuts groups off from each other.
func (fs *faults) partition(f *fault, p *experiment.Partition) func() {
	group := make(map[int]int)
	for i, part := range f.parts {
		for _, h := range part {
			group[h.i] = i
		}
	}
	return fs.cut(f, func(from, to int) bool {
		a, inA := group[from]
		b, inB := group[to]
		if !inA || !inB || a == b {
			return false
		}
		return p.Direction == experiment.Both || p.Direction == experiment.To && a == 0 || p.Direction == experiment.From && b == 0
	})
}

func (fs *faults) isolate(f *fault, i *experiment.Isolate) func() {
	off := sideOf(f.targets())
	return fs.cut(f, func(from, to int) bool {
		return i.Direction != experiment.From && off[from] || i.Direction != experiment.To && off[to]
	})
}

// flapping is one link that comes and goes.
type flapping struct {
	random *rand.Rand
	there  bool
	until  time.Duration
}

// flap has links come and go, each in a time of its own. Which ones is decided by their ends and the seed.
func (fs *faults) flap(f *fault, l *experiment.Flap) func() {
	set := f.links(experiment.Both)
	up, gone := l.Up.Quantile(), l.Down.Quantile()
	seed, began := f.random.Uint64(), fs.w.since()
	all := make(map[[2]int]*flapping)
	return fs.cut(f, func(from, to int) bool {
		pair := ordered(from, to)
		if !set.has(from, to) || mix(seed, pair[0], pair[1]) >= float64(l.Share) {
			return false
		}
		link := all[pair]
		if link == nil {
			link = &flapping{random: rand.New(rand.NewPCG(seed, uint64(pair[0])<<32|uint64(pair[1]))), there: true, until: began}
			link.until += time.Duration(up(uniform(link.random)))
			all[pair] = link
		}
		for now := fs.w.since(); link.until <= now; {
			link.there = !link.there
			d := gone
			if link.there {
				d = up
			}
			link.until += max(time.Millisecond, time.Duration(d(uniform(link.random))))
		}
		return !link.there
	})
}

// worsens makes what is sent between some hosts slower.
type worsens struct {
	fault  *fault
	links  links
	rate   float64 // bytes a second; 0: as it is
	delay  func(bytes int) time.Duration
	change func(data []byte) []byte // nil: nothing is changed
}

// slow is how much longer a piece takes, and the rate that it has at most; 0 is none.
func (fs *faults) slow(from, to, bytes int) (extra time.Duration, rate float64) {
	for _, n := range fs.worse {
		if !n.links.has(from, to) {
			continue
		}
		d := n.delay(bytes)
		if extra += d; d > 0 {
			n.fault.Hit++
		}
		if n.rate > 0 && (rate == 0 || n.rate < rate) {
			rate = n.rate
			n.fault.Hit++
		}
	}
	return extra, rate
}

// change is what becomes of a piece on its way.
func (fs *faults) change(from, to netip.AddrPort, data []byte) []byte {
	for _, n := range fs.worse {
		if n.change != nil && n.links.has(indexOf(from.Addr()), indexOf(to.Addr())) {
			data = n.change(data)
		}
	}
	return data
}

func (fs *faults) worsen(n *worsens) (end func()) {
	fs.worse = append(fs.worse, n)
	return func() { fs.worse = slices.DeleteFunc(fs.worse, func(o *worsens) bool { return o == n }) }
}

// hold keeps what is sent until the fault ends.
func (fs *faults) hold(f *fault, h *experiment.Hold) func() {
	until := fs.w.since() + f.plan.For
	return fs.worsen(&worsens{
		fault: f, links: f.links(h.Direction),
		delay: func(int) time.Duration { return max(0, until-fs.w.since()) },
	})
}

// network makes links worse. Connections are TCP's, so that a lost piece is one that comes later, with all that follow it;
// one that comes out of order waits for the one before it, and so takes as long again as a packet's way; one that comes
// twice costs rate.
func (fs *faults) network(f *fault, n *experiment.Network) func() {
	delay := n.Delay.Quantile()
	bad := false // in a burst of losses
	lost := func() bool {
		if n.Loss <= 0 {
			return false
		}
		if bad {
			bad = f.random.Float64() >= 1/n.Burst
		} else {
			bad = f.random.Float64() < float64(n.Loss)/(n.Burst*max(1e-9, 1-float64(n.Loss)))
		}
		return bad
	}
	rate := n.Rate.Bytes()
	out := &worsens{fault: f, links: f.links(n.Direction), rate: rate}
	out.delay = func(bytes int) time.Duration {
		d := time.Duration(delay(uniform(f.random)))
		if n.Jitter > 0 {
			d += time.Duration(f.random.Int64N(int64(n.Jitter) + 1))
		}
		for rto := firstRTO; lost() && rto < time.Minute; rto *= 2 {
			d += rto
		}
		if n.Reordering > 0 && f.random.Float64() < float64(n.Reordering) {
			d += reordered
		}
		if n.Duplication > 0 && rate > 0 && f.random.Float64() < float64(n.Duplication) {
			d += time.Duration(float64(bytes) / rate * float64(time.Second))
		}
		return d
	}
	if n.Corruption > 0 {
		out.change = func(data []byte) []byte {
			if len(data) == 0 || f.random.Float64() >= float64(n.Corruption) {
				return data
			}
			f.Hit++
			data = slices.Clone(data)
			data[f.random.IntN(len(data))] ^= 1 << f.random.IntN(8)
			return data
		}
	}
	return fs.worsen(out)
}

// reordered is how long a piece waits for the one that it has overtaken.
const reordered = 20 * time.Millisecond

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

// links are those from the first part of the fault's nodes to the second.
func (f *fault) links(d experiment.Direction) links {
	return links{sideOf(f.parts[0]), sideOf(f.parts[1]), d}
}

// has says whether what a sends to b is meant.
func (l *links) has(a, b int) bool {
	return l.direction != experiment.From && l.from[a] && l.to[b] || l.direction != experiment.To && l.from[b] && l.to[a]
}
