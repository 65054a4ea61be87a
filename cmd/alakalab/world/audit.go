package world

import (
	"fmt"
	"slices"
	"time"

	"alakazaam/actors/p2p"
	"alakazaam/cmd/alakalab/record"
	"alakazaam/config"
	"alakazaam/gateway/wire"
)

// audit looks at every QUER on the network for what the protocol's rules of a flood forbid to honest nodes, and at what
// whole floods cost.
type audit struct {
	w      *World
	floods map[p2p.PacketID]*flood
	order  []*flood // as they began
}

// flood is one id on its way.
type flood struct {
	id     p2p.PacketID
	began  time.Time
	last   time.Time // when something of it was last sent or received
	visits map[int]*visit
	sent   int
	lowest p2p.TTL // with which it was sent
	origin int     // the supernode that began it; -1: nobody knows
	state  state   // of the network when it began
}

// state tells whether something has changed: the times that faults and links came or went.
type state struct{ faults, links int }

// visit is what one life of a node has to do with a flood.
type visit struct {
	life  int
	first int       // from whom it came first; -1: it has not come, or nobody knows
	since time.Time // it did
	ttls  []p2p.TTL // with which it came
	to    []int     // whom it was sent to
}

func newAudit(w *World) *audit { return &audit{w: w, floods: make(map[p2p.PacketID]*flood)} }

// remembered is how long an id is looked at: the memory that a node has to have of it.
const remembered = 20 * time.Second

// settled is for how long no link has changed when a flood begins for which all links are there at both of their ends.
const settled = 5 * time.Second

// offsets of the fields in a QUER.
const (
	querTTL = 4 + p2p.IDLen + 60
	querEnd = querTTL + 2
)

// quer gives the id and the TTL of a QUER.
func quer(data []byte) (id p2p.PacketID, ttl p2p.TTL, ok bool) {
	if len(data) < querEnd || wire.Command(data) != wire.QUER {
		return id, 0, false
	}
	id, err := p2p.ParsePacketID(data[len(wire.Command{}) : len(wire.Command{})+p2p.IDLen])
	return id, p2p.TTL((data[querTTL]-'0')*10 + data[querTTL+1] - '0'), err == nil
}

// sent looks at a QUER when it is sent.
func (a *audit) sent(from, to int, data []byte) {
	id, ttl, ok := quer(data)
	if !ok {
		return
	}
	f := a.floods[id]
	if f == nil {
		f = a.begin(id, from, ttl, data)
	}
	f.last, f.lowest = a.w.sim.Now(), min(f.lowest, ttl)
	f.sent++
	if from < 0 || from >= len(a.w.hosts) {
		return // it is foul
	}
	v := f.visit(a.w, from)
	switch {
	case slices.Contains(v.to, to):
		a.w.hit(record.FloodsTwice, "%s sent %s to %s again", a.w.hosts[from].name, f, a.w.nodeName(to))
	case v.first == to && !a.w.faults.inside():
		a.w.hit(record.FloodsBack, "%s sent %s back to %s", a.w.hosts[from].name, f, a.w.nodeName(to))
	}
	if !a.lowered(from, v.ttls, ttl) {
		a.w.hit(record.FloodsTTL, "%s sent %s on with a TTL of %d, and had it with %v", a.w.hosts[from].name, f, ttl, v.ttls)
	}
	v.to = append(v.to, to)
}

// lowered says whether a node may pass a QUER on with a TTL that came with one of those. It may cut what is larger than its
// own longest.
func (a *audit) lowered(node int, came []p2p.TTL, ttl p2p.TTL) bool {
	longest := a.w.hosts[node].live.Get().Search.TTL
	return len(came) == 0 || slices.ContainsFunc(came, func(c p2p.TTL) bool { return ttl == min(c, longest)-1 })
}

// arrived looks at a QUER when its receiver gets it.
func (a *audit) arrived(from, to int, data []byte) {
	id, ttl, ok := quer(data)
	f := a.floods[id]
	if !ok || f == nil || to < 0 || to >= len(a.w.hosts) {
		return
	}
	f.last = a.w.sim.Now()
	v := f.visit(a.w, to)
	switch {
	case len(v.ttls)+len(v.to) == 0:
		v.first, v.since = from, f.last
	case a.w.blurred && v.since.Equal(f.last):
		v.first = -1
	}
	if !slices.Contains(v.ttls, ttl) {
		v.ttls = append(v.ttls, ttl)
	}
}

// begin takes note of a flood that nobody has seen before. Its sender began it if it says that it did.
func (a *audit) begin(id p2p.PacketID, from int, ttl p2p.TTL, data []byte) *flood {
	a.forget()
	now := a.w.sim.Now()
	f := &flood{id: id, began: now, lowest: ttl, visits: make(map[int]*visit), origin: -1, state: a.w.state()}
	if q := parse(data); q != nil && from >= 0 && from < a.w.supers && q.Origin == a.w.hosts[from].self && a.rest() {
		f.origin = from
	}
	a.w.counts.n[record.FloodsSeen]++
	a.floods[id] = f
	a.order = append(a.order, f)
	return f
}

// state is the network's now.
func (w *World) state() state { return state{w.faults.changes, w.links.changes} }

// rest says whether nothing is going on that could make a flood cost another number of messages: neither faults, nor what
// connections do that faults have broken, nor links that are being made.
func (a *audit) rest() bool {
	fs, now := a.w.faults, a.w.sim.Now()
	return fs.active == 0 && (fs.changes == 0 || now.Sub(fs.changed) > config.DefaultWriteTimeout) && now.Sub(a.w.links.changed) >= settled
}

// forget drops the floods that nobody has to remember any more, and judges what they cost.
func (a *audit) forget() {
	now := a.w.sim.Now()
	for len(a.order) > 0 && now.Sub(a.order[0].began) > remembered {
		a.judge(a.order[0])
		delete(a.floods, a.order[0].id)
		a.order = a.order[1:]
	}
}

// judge compares what a flood cost with the law, if the law is about it.
func (a *audit) judge(f *flood) {
	if f.origin < 0 || f.lowest <= 1 || f.state != a.w.state() || a.w.sim.Now().Sub(f.last) < settled ||
		a.w.hosts[f.origin].live.Get().Search.Strategy != config.StrategyFlood {
		return
	}
	nodes, edges := a.w.links.around(f.origin)
	law := 2*edges - nodes + 1
	c := a.w.counts
	c.n[record.FloodsFull]++
	c.n[record.FloodsFullSent] += int64(f.sent)
	c.n[record.FloodsFullLaw] += int64(law)
	if cases := c.cases[record.FloodsFullSent]; f.sent != law && len(cases) < mostCases {
		c.cases[record.FloodsFullSent] = append(cases, fmt.Sprintf("%v: %s of %s took %d QUER instead of %d",
			f.began.Sub(a.w.began), f, a.w.hosts[f.origin].name, f.sent, law))
	}
}

// visit is what a node has to do with a flood in the life that it has now.
func (f *flood) visit(w *World, node int) *visit {
	v := f.visits[node]
	if life := w.hosts[node].lives; v == nil || v.life != life {
		v = &visit{life: life, first: -1}
		f.visits[node] = v
	}
	return v
}

func (f *flood) String() string { return fmt.Sprintf("QUER %s", f.id) }

// nodeName is the name of the node at a number, foul ones among them.
func (w *World) nodeName(i int) string {
	switch {
	case i >= 0 && i < len(w.hosts):
		return w.hosts[i].name
	case i >= len(w.hosts) && i < len(w.hosts)+len(w.foul):
		return w.foul[i-len(w.hosts)].name
	}
	return "somebody"
}
