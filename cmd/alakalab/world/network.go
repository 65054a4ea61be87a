package world

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"alakazaam/actors/p2p"
	"alakazaam/gateway/wire"
)

// way is what the network between two hosts is like.
type way struct {
	latency func(u float64) time.Duration // by a uniform draw that is the same for each ordered pair; nil: a millisecond
	rate    float64                       // bytes a second for each ordered pair; 0: without end
	loss    float64                       // share of pieces that TCP has to send again
}

// TCP sends a lost piece again after this long at first, and then after twice as long each time.
const firstRTO = 200 * time.Millisecond

// network is what happens to what is sent.
type network struct {
	w       *World
	seed    uint64
	random  *rand.Rand // of jitter and loss
	between [3]way     // by how many of the ends are peers
	busy    map[[2]int]time.Time
	lost    int // pieces that were sent again
}

// mix is a good hash of a pair.
func mix(seed uint64, a, b int) float64 {
	x := seed ^ uint64(a+1)*0x9e3779b97f4a7c15 ^ uint64(b+1)*0xc2b2ae3d27d4eb4f
	for range 2 {
		x ^= x >> 32
		x *= 0xd6e8feb86659fd93
	}
	x ^= x >> 32
	return (float64(x>>11) + 0.5) / (1 << 53)
}

func (n *network) way(from, to int) *way {
	peers := 0
	for _, i := range [2]int{from, to} {
		if i >= n.w.supers {
			peers++
		}
	}
	return &n.between[peers]
}

// transit says how long a piece takes.
func (n *network) transit(from, to netip.Addr, bytes int) time.Duration {
	a, b := indexOf(from), indexOf(to)
	way := n.way(a, b)
	d := time.Millisecond
	if way.latency != nil {
		d = way.latency(mix(n.seed, a, b))
	}
	if way.loss > 0 {
		d += n.again(way.loss)
	}
	extra, rate := n.w.faults.slow(a, b, bytes)
	d += extra
	if way.rate > 0 && (rate == 0 || way.rate < rate) {
		rate = way.rate
	}
	if rate > 0 {
		d += n.queue([2]int{a, b}, bytes, rate)
	}
	return d
}

// again is how much later a piece is there because it is lost with a probability, and sent again.
func (n *network) again(loss float64) (d time.Duration) {
	for rto := firstRTO; n.random.Float64() < loss && rto < time.Minute; rto *= 2 {
		n.lost++
		d += rto
	}
	return d
}

// queue is how long a piece waits until those before it have left, and it has left itself.
func (n *network) queue(pair [2]int, bytes int, rate float64) time.Duration {
	now := n.w.sim.Now()
	free := n.busy[pair]
	if free.Before(now) {
		free = now
	}
	free = free.Add(time.Duration(float64(bytes) / rate * float64(time.Second)))
	n.busy[pair] = free
	return free.Sub(now)
}

// traffic counts what is sent of one command.
type traffic struct{ packets, bytes int }

// sent looks at each piece that is sent.
func (n *network) sent(from, to netip.AddrPort, data []byte) {
	w := n.w
	a, b := indexOf(from.Addr()), indexOf(to.Addr())
	if b >= 0 && b < len(w.hosts) {
		w.hosts[b].load++
	}
	w.strangers.sent(a, b, len(data))
	w.sequence.sent(a, b, data)
	if len(data) < len(wire.Command{}) {
		return
	}
	c := wire.Command(data)
	t := w.traffic[c]
	if t == nil {
		if c.Size() == 0 && c != wire.ARET {
			return
		}
		t = &traffic{}
		w.traffic[c] = t
	}
	t.packets++
	t.bytes += len(data)
	w.sessions.sent(c, from, to, data)
	switch c {
	case wire.QUER:
		w.audit.sent(a, b, data)
		w.faults.overhear(a, b, data)
	case wire.AQUE:
		w.answered(b, data)
	case wire.ALNK:
		w.links.agreed(from, to)
	case wire.ALGI:
		w.welcomed(a, b, data)
	}
}

// arrived looks at each piece that is received.
func (n *network) arrived(from, to netip.AddrPort, data []byte) {
	a, b := indexOf(from.Addr()), indexOf(to.Addr())
	n.w.audit.arrived(a, b, data)
	n.w.sequence.arrived(a, b, data)
}

// closed takes note of the end of a connection.
func (n *network) closed(local, remote netip.AddrPort) {
	n.w.links.closed(local, remote)
	n.w.sessions.closed(local, remote)
}

// strangers counts the bytes that are sent to addresses from which nothing has been heard yet.
type strangers struct {
	known map[int]bool
	bytes map[int]int
}

func newStrangers() *strangers {
	return &strangers{known: make(map[int]bool), bytes: make(map[int]int)}
}

func (s *strangers) sent(from, to, bytes int) {
	s.known[from] = true
	if !s.known[to] {
		s.bytes[to] += bytes
	}
}

// nameOf is the name of a host, or its endpoint where it is none.
func (w *World) nameOf(e p2p.Endpoint) string {
	if i := indexOf(e.IPv4()); i >= 0 && i < len(w.hosts) {
		return w.hosts[i].name
	}
	return e.String()
}

// welcomed takes note of a login that a supernode has accepted.
func (w *World) welcomed(at, who int, data []byte) {
	if at < 0 || at >= w.supers || who < w.supers || who >= len(w.hosts) {
		return
	}
	if id, err := p2p.ParseSessionID(data[len(wire.Command{}):]); err == nil && !id.Refused() {
		w.truth.login(w.hosts[who], w.hosts[at])
	}
}

// answered takes note of an answer that somebody gets who did not ask.
func (w *World) answered(to int, data []byte) {
	if len(w.spoofed) == 0 || len(data) < len(wire.Command{})+p2p.IDLen {
		return
	}
	id, err := p2p.ParsePacketID(data[len(wire.Command{}) : len(wire.Command{})+p2p.IDLen])
	if victim, is := w.spoofed[id]; err == nil && is && victim == to {
		w.reflected[to] += len(data)
	}
}
