package share

import (
	"net/netip"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/config"
)

// slots decides which uploads run: so many in all and so many to one address, the rest in a queue of bounded length and
// patience, in the order of arrival.
type slots struct {
	rules     func() config.Transfer
	active    map[slotKey]netip.Addr
	byAddress map[netip.Addr]int
	queue     []*message.Retrieve
}

// slotKey names an upload: the connection, and its request there.
type slotKey struct {
	connection string
	ref        message.Ref
}

// overdue ends the wait of an upload for a slot.
type overdue struct {
	replyTo *actor.PID
	ref     message.Ref
}

func newSlots(rules func() config.Transfer) *slots {
	return &slots{
		rules: rules, active: make(map[slotKey]netip.Addr), byAddress: make(map[netip.Addr]int),
	}
}

// take gives m a slot now, or has it wait. ok is false where it can do neither.
func (s *slots) take(m *message.Retrieve) (now, ok bool) {
	if s.free(p2p.HostOf(m.From)) {
		s.begin(m)
		return true, true
	}
	if r := s.rules(); r.UploadWait <= 0 || (r.UploadQueue > 0 && len(s.queue) >= r.UploadQueue) {
		return false, false
	}
	s.queue = append(s.queue, m)
	return false, true
}

func (s *slots) free(from netip.Addr) bool {
	all, each := s.rules().UploadSlots, s.rules().UploadSlotsPerAddress
	return (all == 0 || len(s.active) < all) && (each == 0 || s.byAddress[from] < each)
}

func (s *slots) begin(m *message.Retrieve) {
	s.active[slotKey{m.ReplyTo.Id, m.Ref}] = p2p.HostOf(m.From)
	s.byAddress[p2p.HostOf(m.From)]++
}

// end gives a slot back and returns those who now have one.
func (s *slots) end(replyTo *actor.PID, ref message.Ref) []*message.Retrieve {
	key := slotKey{replyTo.Id, ref}
	from, ok := s.active[key]
	if !ok {
		return nil
	}
	delete(s.active, key)
	if s.byAddress[from]--; s.byAddress[from] == 0 {
		delete(s.byAddress, from)
	}
	var now []*message.Retrieve
	s.queue = slices.DeleteFunc(s.queue, func(m *message.Retrieve) bool {
		if !s.free(p2p.HostOf(m.From)) {
			return false
		}
		s.begin(m)
		now = append(now, m)
		return true
	})
	return now
}

// drop takes a request out of the queue and returns it; nil where it is not there.
func (s *slots) drop(replyTo *actor.PID, ref message.Ref) *message.Retrieve {
	i := slices.IndexFunc(s.queue, func(m *message.Retrieve) bool {
		return m.ReplyTo.Id == replyTo.Id && m.Ref == ref
	})
	if i < 0 {
		return nil
	}
	m := s.queue[i]
	s.queue = slices.Delete(s.queue, i, i+1)
	return m
}
