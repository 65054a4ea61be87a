package world

import (
	"net/netip"
	"time"
)

// overlinks are the links between supernodes that are there.
type overlinks struct {
	w       *World
	open    map[[2]netip.AddrPort][2]int // by the ends of their connections
	changes int
	changed time.Time
	parts   map[int][2]int // by a supernode of it, nodes and links of its component; emptied when something changes
}

func newOverlinks(w *World) *overlinks {
	return &overlinks{w: w, open: make(map[[2]netip.AddrPort][2]int), parts: make(map[int][2]int)}
}

func (l *overlinks) change() {
	l.changes++
	l.changed = l.w.sim.Now()
	clear(l.parts)
}

// agreed notes a link that its second end accepts.
func (l *overlinks) agreed(from, to netip.AddrPort) {
	a, b := indexOf(from.Addr()), indexOf(to.Addr())
	if a >= 0 && a < l.w.supers && b >= 0 && b < l.w.supers {
		l.open[ends(from, to)] = ordered(a, b)
		l.change()
	}
}

// closed notes the end of a connection.
func (l *overlinks) closed(a, b netip.AddrPort) {
	if key := ends(a, b); l.open[key] != [2]int{} {
		delete(l.open, key)
		l.change()
	}
}

func ends(a, b netip.AddrPort) [2]netip.AddrPort {
	if a.Compare(b) > 0 {
		a, b = b, a
	}
	return [2]netip.AddrPort{a, b}
}

// around counts the supernodes and the links of the component in which one is.
func (l *overlinks) around(supernode int) (nodes, edges int) {
	if known, ok := l.parts[supernode]; ok {
		return known[0], known[1]
	}
	p := newParts(l.w.supers)
	pairs := make(map[[2]int]bool, len(l.open))
	for _, pair := range l.open {
		p.join(pair[0], pair[1])
		pairs[pair] = true
	}
	count := make(map[int][2]int)
	for i := range l.w.supers {
		r := p.root(i)
		count[r] = [2]int{count[r][0] + 1, 0}
	}
	for pair := range pairs {
		r := p.root(pair[0])
		count[r] = [2]int{count[r][0], count[r][1] + 1}
	}
	for i := range l.w.supers {
		l.parts[i] = count[p.root(i)]
	}
	return l.parts[supernode][0], l.parts[supernode][1]
}
