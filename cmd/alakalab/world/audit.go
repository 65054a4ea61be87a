package world

import (
	"time"

	"alakazaam/actors/p2p"
	"alakazaam/gateway/wire"
)

// audit looks at every QUER on the network for what the protocol's rules of a flood forbid: a node that passes one id to
// the same neighbor twice, or on with a TTL that is not one less than the largest with which it came to it.
type audit struct {
	now    func() time.Time
	floods map[p2p.PacketID]*flood
	order  []*flood // as they began
	honest func(host int) bool

	twice, badTTL int
}

// flood is one id on its way.
type flood struct {
	id    p2p.PacketID
	began time.Time
	came  map[int]p2p.TTL // the largest TTL with which it was sent to each node
	sent  map[[2]int]bool // from one to the other
}

func newAudit(w *World) audit {
	return audit{
		now: w.sim.Now, floods: make(map[p2p.PacketID]*flood),
		honest: func(host int) bool { return host >= 0 && host < len(w.hosts) },
	}
}

// remembered is how long an id is looked at: the memory that a node has to have of it.
const remembered = 20 * time.Second

// offsets of the fields in a QUER.
const (
	querTTL = 4 + p2p.IDLen + 60
	querEnd = querTTL + 2
)

func (a *audit) quer(from, to int, data []byte) {
	if len(data) < querEnd {
		return
	}
	id, err := p2p.ParsePacketID(data[len(wire.Command{}) : len(wire.Command{})+p2p.IDLen])
	if err != nil {
		return
	}
	ttl := p2p.TTL((data[querTTL]-'0')*10 + data[querTTL+1] - '0')
	f := a.flood(id)
	if a.honest(from) {
		if f.sent[[2]int{from, to}] {
			a.twice++
		}
		if came, ok := f.came[from]; ok && ttl >= came {
			a.badTTL++
		}
	}
	f.sent[[2]int{from, to}] = true
	f.came[to] = max(f.came[to], ttl)
}

func (a *audit) flood(id p2p.PacketID) *flood {
	now := a.now()
	for len(a.order) > 0 && now.Sub(a.order[0].began) > remembered {
		delete(a.floods, a.order[0].id)
		a.order = a.order[1:]
	}
	f := a.floods[id]
	if f == nil {
		f = &flood{id: id, began: now, came: make(map[int]p2p.TTL), sent: make(map[[2]int]bool)}
		a.floods[id] = f
		a.order = append(a.order, f)
	}
	return f
}
