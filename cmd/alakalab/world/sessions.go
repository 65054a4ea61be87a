package world

import (
	"net/netip"
	"slices"
	"time"

	"alakazaam/actors/p2p"
	"alakazaam/cmd/alakalab/record"
	"alakazaam/gateway/wire"
)

// sessions looks at the requests that are made under sessions, and at what logouts leave. To whom a session was given is
// what the network has seen.
type sessions struct {
	w     *World
	given map[grant]bool
	asked map[[2]netip.AddrPort]request // the last request by connection
	// published are publications and withdrawals under foreign sessions, which nothing answers.
	published map[publication]string
}

// grant is a session at a supernode, and who was told of it.
type grant struct {
	at, who int
	id      p2p.SessionID
}

type request struct {
	grant
	command wire.Command
	as      int // of a login, whom it is for
	foreign bool
	half    bool // one side of the connection is done
	sent    time.Time
}

type publication struct {
	at   int
	id   p2p.SessionID
	file p2p.FileID
}

// left is what a session had when it ended.
type left struct {
	n     int
	some  []p2p.FileID
	owner int
	at    time.Time
}

// mostProbed is how many of the entries of a logout are looked for afterwards.
const mostProbed = 3

// offsets of the fields in ADFF and DEFF.
const (
	sessionEnd = 4 + p2p.IDLen
	fileEnd    = sessionEnd + p2p.FileIDLen
)

func newSessions(w *World) *sessions {
	return &sessions{
		w: w, given: make(map[grant]bool), asked: make(map[[2]netip.AddrPort]request), published: make(map[publication]string),
	}
}

// sent looks at a packet between peers and supernodes.
func (s *sessions) sent(c wire.Command, from, to netip.AddrPort, data []byte) {
	a, b := indexOf(from.Addr()), indexOf(to.Addr())
	switch c {
	case wire.LOGI, wire.LOGO, wire.FIND, wire.ADFF, wire.DEFF:
		if b >= 0 && b < s.w.supers {
			s.request(c, a, b, ends(from, to), data)
		}
	case wire.ALGI, wire.ALGO, wire.AFIN:
		if r, ok := s.asked[ends(from, to)]; ok && r.at == a && r.who == b {
			s.answer(r, data)
		}
	}
}

// closed forgets a connection when both of its sides are done: until then an answer may be on its way.
func (s *sessions) closed(a, b netip.AddrPort) {
	on := ends(a, b)
	switch r, ok := s.asked[on]; {
	case !ok:
	case r.half:
		delete(s.asked, on)
	default:
		r.half = true
		s.asked[on] = r
	}
}

func (s *sessions) request(c wire.Command, who, at int, on [2]netip.AddrPort, data []byte) {
	r := request{grant: grant{at: at, who: who}, command: c, sent: s.w.sim.Now()}
	if c == wire.LOGI {
		if in, ok := decode(data).(*wire.Logi); ok {
			r.as = indexOf(in.Endpoint.IPv4())
			s.asked[on] = r
		}
		return
	}
	if len(data) < sessionEnd {
		return
	}
	id, err := p2p.ParseSessionID(data[len(c):sessionEnd])
	if err != nil {
		return
	}
	r.id = id
	r.foreign = !s.given[r.grant]
	if c == wire.LOGO || c == wire.FIND {
		s.asked[on] = r
		return
	}
	for ; r.foreign && len(data) >= fileEnd; data = data[min(len(data), c.Size()):] {
		if f, err := p2p.ParseFileID(data[sessionEnd:fileEnd]); err == nil {
			s.published[publication{at, id, f}] = s.w.nodeName(who)
		}
	}
}

// answer looks at what a supernode says to a request.
func (s *sessions) answer(r request, data []byte) {
	at, who := s.w.nodeName(r.at), s.w.nodeName(r.who)
	switch p := decode(data).(type) {
	case *wire.Algi:
		if r.command != wire.LOGI || p.Session.Refused() {
			return
		}
		s.given[grant{r.at, r.who, p.Session}] = true
		if r.as != r.who {
			s.w.hit(record.SessionsForeign, "%s logged in at %s as %s", who, at, s.w.nodeName(r.as))
		}
	case *wire.Algo:
		if r.command == wire.LOGO {
			if r.who < len(s.w.hosts) {
				s.w.hosts[r.who].goodbye = true
			}
			s.loggedOut(r, p.Deleted)
		}
	case *wire.Afin:
		if r.command == wire.FIND && r.foreign && len(p.Entries) > 0 {
			s.w.hit(record.SessionsForeign, "%s searched at %s under another's session", who, at)
		}
	}
}

// kept looks at a change of a directory.
func (s *sessions) kept(at int, id p2p.SessionID, f p2p.FileID) {
	key := publication{at, id, f}
	if who, foreign := s.published[key]; foreign {
		delete(s.published, key)
		s.w.hit(record.SessionsForeign, "%s changed what is published at %s under another's session", who, s.w.nodeName(at))
	}
}

// loggedOut compares what a supernode says of a logout with what went from its directory, and looks for some of it. A
// logout that came too late, or twice, takes nothing.
func (s *sessions) loggedOut(r request, said int) {
	w, h := s.w, s.w.hosts[r.at]
	w.counts.n[record.Logouts]++
	gone := h.left[r.id]
	if gone.at.Before(r.sent) {
		gone = left{}
	}
	const most = 999 // that an ALGO can say
	if said != min(gone.n, most) {
		w.hit(record.LogoutsMiscounted, "%s told %s that %d entries went, and it were %d", h.name, w.nodeName(r.who), said, gone.n)
	}
	if r.foreign && said > 0 {
		w.hit(record.SessionsForeign, "%s logged somebody else out at %s", w.nodeName(r.who), h.name)
	}
	for _, f := range gone.some {
		w.probes.ask(h, f, gone.owner, func(found, _ bool) {
			if found && !h.here(gone.owner) {
				w.hit(record.LogoutsLeft, "%s still has %s of %s", h.name, f, w.nodeName(gone.owner))
			}
		})
	}
}

// here says whether a host has a session in the directory.
func (h *host) here(owner int) bool {
	for _, o := range h.sessions {
		if o == owner {
			return true
		}
	}
	return false
}

// leaves notes what goes with a session.
func (h *host) leaves(id p2p.SessionID, owner int) {
	files := h.held[id]
	some := make([]p2p.FileID, 0, len(files))
	for f := range files {
		some = append(some, f)
	}
	slices.SortFunc(some, p2p.FileID.Compare)
	h.left[id] = left{n: len(some), some: slices.Clone(some[:min(len(some), mostProbed)]), owner: owner, at: h.w.sim.Now()}
	delete(h.held, id)
}
