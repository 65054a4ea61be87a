package props

import (
	"time"

	"github.com/hashicorp/golang-lru/v2/simplelru"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// SeenFor is how long a Pktid is remembered. The protocol asks for 20 s at least.
const SeenFor = 10 * time.Minute

// Seen remembers the Pktids of floods, so that each is handled once.
type Seen struct {
	clock port.Clock
	ids   *simplelru.LRU[p2p.PacketID, time.Time]
	full  *Limit
}

// NewSeen makes an empty memory of limit Pktids at most; past it the oldest is forgotten before its time, and may be
// handled again.
func NewSeen(e *Env, limit int) *Seen {
	ids, err := simplelru.NewLRU[p2p.PacketID, time.Time](max(limit, 1), nil)
	if err != nil {
		panic(err) // only for a size below 1
	}
	return &Seen{clock: e.Clock, ids: ids, full: e.Forgetting("pktids", "a Pktid is forgotten before its time: limits.pktids")}
}

// Add notes a Pktid and says whether it is new. One that comes again stays where it is in the order of forgetting:
// otherwise whoever repeats it could keep it for ever.
func (s *Seen) Add(id p2p.PacketID) bool {
	now := s.clock.Now()
	s.forget(now)
	if s.ids.Contains(id) {
		return false
	}
	if s.ids.Add(id, now) {
		s.full.Hit()
	}
	return true
}

// Has says whether a Pktid is remembered.
func (s *Seen) Has(id p2p.PacketID) bool {
	s.forget(s.clock.Now())
	return s.ids.Contains(id)
}

// forget drops what is past its time: the oldest entries, since they are in the order in which they came.
func (s *Seen) forget(now time.Time) {
	for {
		id, at, ok := s.ids.GetOldest()
		if !ok || now.Sub(at) < SeenFor {
			return
		}
		s.ids.Remove(id)
	}
}

// Len is how many Pktids are remembered.
func (s *Seen) Len() int { return s.ids.Len() }
