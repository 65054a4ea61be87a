package query

import (
	"maps"
	"net/netip"
	"slices"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

// waitingPerOpen is how many searches of a session may wait for each that may be under way.
const waitingPerOpen = 8

// asker is a session with searches under way.
type asker struct {
	open    int
	waiting []*message.Find // for their turn, in order
}

// shares sees to it that nobody takes up all there is: so many searches of a session are under way at once, and so many
// of others that came from one address.
type shares struct {
	sessions  map[p2p.SessionID]*asker
	waiting   map[findKey]p2p.SessionID
	addresses map[netip.Addr]int // queries that came from it
}

func newShares() shares {
	return shares{
		sessions: make(map[p2p.SessionID]*asker), waiting: make(map[findKey]p2p.SessionID), addresses: make(map[netip.Addr]int),
	}
}

func keyOf(m *message.Find) findKey { return findKey{m.ReplyTo.Id, m.Ref} }

// take says whether a session's search may begin now. Otherwise it waits, unless ok is false: then too many do. The
// node's own user has no session and no limit.
func (s *shares) take(m *message.Find, limit int) (now, ok bool) {
	if m.Session == (p2p.SessionID{}) {
		return true, true
	}
	a := s.sessions[m.Session]
	if a == nil {
		a = &asker{}
		s.sessions[m.Session] = a
	}
	switch {
	case limit == 0 || a.open < limit:
		a.open++
		return true, true
	case len(a.waiting) >= limit*waitingPerOpen:
		return false, false
	}
	a.waiting = append(a.waiting, m)
	s.waiting[keyOf(m)] = m.Session
	return false, true
}

// give gives a session's place back, and the search that may begin instead, for which it is taken again; nil for none.
func (s *shares) give(session p2p.SessionID, limit int) *message.Find {
	a := s.sessions[session]
	switch {
	case a == nil:
		return nil
	case len(a.waiting) > 0 && (limit == 0 || a.open <= limit):
		m := a.waiting[0]
		a.waiting[0] = nil
		a.waiting = a.waiting[1:]
		delete(s.waiting, keyOf(m))
		return m
	}
	if a.open--; a.open == 0 {
		delete(s.sessions, session)
	}
	return nil
}

// drop takes out a search that waits and is not wanted any more.
func (s *shares) drop(key findKey) {
	session, ok := s.waiting[key]
	if !ok {
		return
	}
	delete(s.waiting, key)
	a := s.sessions[session]
	a.waiting = slices.DeleteFunc(a.waiting, func(m *message.Find) bool { return keyOf(m) == key })
}

// fail tells everybody who waits that they wait in vain.
func (s *shares) fail(ctx actor.Context) {
	for _, id := range slices.SortedFunc(maps.Keys(s.sessions), p2p.SessionID.Compare) {
		for _, m := range s.sessions[id].waiting {
			ctx.Send(m.ReplyTo, &message.Found{Ref: m.Ref, Err: errFailed})
		}
	}
}

// visit says whether another query from an address may be pending, and counts it.
func (s *shares) visit(from netip.Addr, limit int) bool {
	if limit > 0 && s.addresses[from] >= limit {
		return false
	}
	s.addresses[from]++
	return true
}

// leave takes back what visit counted.
func (s *shares) leave(from netip.Addr) {
	if s.addresses[from]--; s.addresses[from] == 0 {
		delete(s.addresses, from)
	}
}
