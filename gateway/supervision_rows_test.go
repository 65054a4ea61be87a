package gateway_test

import (
	"crypto/md5"
	"net/netip"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
)

// The lines of failures. Each has the actor panic in the hands of a port, and looks at once whether whoever waited was
// told: nothing here takes as long as the time limits of those who wait.

func (s *scene) send(to *actor.PID, m any) { s.sim.System.Root.Send(to, m) }

// soon lets less time pass than any time limit takes.
func (s *scene) soon() { s.sim.Run(20 * time.Millisecond) }

// notes keeps the Pktids of QUERs as they are sent.
func (s *scene) notes(sent func(from, to netip.AddrPort, data []byte)) func(from, to netip.AddrPort, data []byte) {
	return func(from, to netip.AddrPort, data []byte) {
		sent(from, to, data)
		if len(data) > 20 && string(data[:4]) == "QUER" {
			s.quers = append(s.quers, string(data[4:20]))
		}
	}
}

// cut expects that a connection was closed without an answer.
func (c *rawConn) cut() {
	require.True(c.t, c.ended, "at once")
	require.Empty(c.t, c.got)
}

// gatewayRefuses: four dials are under way, two wait for their turn, and for the seventh there is no room.
func gatewayRefuses(s *scene) {
	s.net.Down = func(_, to netip.Addr) bool { return to == endpoint(200).IPv4() }
	asker := s.sim.Probe("asker")
	s.weak.breaks(actortest.Series("refusals_total", "reason", "dials_queued"), 1)
	for i := range 7 {
		s.send(s.super.routes.Gateway, &message.Send{Ref: message.Ref(i), To: endpoint(200), ReplyTo: asker.PID})
	}
	s.soon()
	failed := make(map[message.Ref]bool)
	for _, m := range actortest.Got[*message.Sent](asker) {
		require.Error(s.t, m.Err)
		failed[m.Ref] = true
	}
	require.Len(s.t, failed, 7)
	require.Len(s.t, asker.Messages, 7, "each once")
	require.NoError(s.t, s.b.dial(s.super.self).failed, "it listens again")
}

// connectionWithFind: a search is open when the next bytes come.
func connectionWithFind(s *scene) {
	c := s.a.dial(s.super.self).say("FIND%s%-20s", s.idA, "of ")
	require.Equal(s.t, 2, inspect[*message.QueriesStatus](s.super, s.super.routes.Queries).Searches)
	s.weak.breaks("Consumed", 1)
	c.say("LO").cut()
	require.Equal(s.t, 1, inspect[*message.QueriesStatus](s.super, s.super.routes.Queries).Searches, "nobody waits for it")
	require.Equal(s.t, 1, inspect[*message.GatewayStatus](s.super, s.super.routes.Gateway).Incoming)
}

// connectionWithLogin: the store keeps a login while more comes. The login is kept, for when the peer comes again.
func connectionWithLogin(s *scene) {
	d := s.stranger(102, false)
	s.stuck.stuck = true
	c := d.dial(s.super.self).say("LOGI%s", field(d.self))
	s.weak.breaks("Consumed", 1)
	c.say("LO").hear("ALGI0000000000000000")
	require.True(s.t, c.ended)
	s.release()
	require.Equal(s.t, 4, s.logins(s.stuck.Store))
	d.dial(s.super.self).say("LOGO%s", d.login(s.super.self)).hear("ALGO000")
}

// release has the store carry out what it was given.
func (s *scene) release() {
	s.stuck.stuck = false
	held := s.stuck.held
	s.stuck.held = nil
	for _, do := range held {
		do()
	}
	s.soon()
}

func connectionAnswers(s *scene) {
	c := s.a.dial(s.super.self)
	s.weak.breaks("Send", 1)
	c.say("LOGI%s", field(s.a.self)).cut()
}

func connectionSendsFile(s *scene) {
	c := s.a.dial(s.super.self)
	s.weak.breaks("SendFile", 1)
	c.say("RETR%x", md5.Sum([]byte("of 1.txt"))).cut()
	require.Zero(s.t, inspect[*message.ShareStatus](s.super, s.super.routes.Share).Uploads, "the slot is free again")
	c = s.a.dial(s.super.self).say("RETR%x", md5.Sum([]byte("of 1.txt")))
	c.hear("ARET00000100008of 1.txt")
}

// connectionBrings: six packets go to one address, to which four may at once.
func connectionBrings(s *scene) {
	asker := s.sim.Probe("asker")
	to := s.stranger(111, true)
	s.weak.breaks("Dial", 1)
	for i := range 6 {
		s.send(s.super.routes.Gateway, &message.Send{Ref: message.Ref(i), To: to.self, ReplyTo: asker.PID})
	}
	s.soon()
	require.Len(s.t, asker.Messages, 6)
	for _, m := range actortest.Got[*message.Sent](asker) {
		require.Equal(s.t, m.Ref == 0, m.Err != nil, "those that waited had their turn")
	}
	g := inspect[*message.GatewayStatus](s.super, s.super.routes.Gateway)
	require.Equal(s.t, []int{1, 0}, []int{g.Outgoing, g.Waiting}, "the download's")
}

// connectionAsks: the one that fails gives its place to the next.
func connectionAsks(s *scene) {
	asker := s.sim.Probe("asker")
	to := s.stranger(111, true)
	s.weak.breaks("Send", 1)
	for i := range 5 {
		s.send(s.super.routes.Gateway, &message.Ask{
			Ref: message.Ref(i), To: to.self, Packet: &message.Login{Endpoint: s.super.self}, Timeout: time.Second, ReplyTo: asker.PID,
		})
	}
	s.soon()
	require.Len(s.t, asker.Messages, 1)
	require.Error(s.t, asker.Messages[0].(*message.Answered).Err)
	asked := 0
	for _, c := range to.heard {
		if len(c.got) > 0 {
			asked++
			c.say("ALGISESSION0000000A1")
		}
	}
	require.Equal(s.t, 4, asked)
	for _, m := range actortest.Got[*message.Answered](asker)[1:] {
		require.NoError(s.t, m.Err)
	}
	require.Len(s.t, asker.Messages, 5)
}

// connectionFetches: the download goes to the next owner.
func connectionFetches(s *scene) {
	id := s.far.disk.Put("another", []byte("another"))
	s.weak.breaks("ReceiveFile", 1)
	last := s.super.download(id, "another", s.far.self, endpoint(2))
	require.Empty(s.t, last.Error)
	require.Equal(s.t, 2, last.Tried)
}

func storeKeepsLogin(s *scene) {
	d := s.stranger(102, false)
	s.weak.breaks("Apply", 1)
	d.dial(s.super.self).say("LOGI%s", field(d.self)).hear("ALGI0000000000000000")
	d.dial(s.super.self).say("LOGO%s", d.login(s.super.self)).hear("ALGO000")
}

// storeKeepsBatch: while the first publication is being kept, a login and another publication gather behind it.
func storeKeepsBatch(s *scene) {
	d := s.stranger(102, false)
	s.stuck.stuck = true
	first := s.b.dial(s.super.self).say("%s", adff(s.idB, md5Of("b"), "b"))
	login := d.dial(s.super.self).say("LOGI%s", field(d.self))
	second := s.a.dial(s.super.self).say("%sFIND%s%-20s", adff(s.idA, md5Of("c"), "c"), s.idA, "of ")
	s.weak.breaks("Apply", 1)
	s.release()
	require.False(s.t, first.ended)
	login.hear("ALGI0000000000000000")
	second.cut()
	first.say("DEFF%s%sLOGI%s", s.idB, md5Of("b"), field(s.b.self)).hear("ALGI%s", s.idB)
}

// sessionsLogin: the session's actor has been made and has not been told what it is for.
func sessionsLogin(s *scene) {
	d := s.stranger(102, false)
	s.weak.breaks("sessions", 1)
	d.dial(s.super.self).say("LOGI%s", field(d.self)).hear("ALGI0000000000000000")
	require.Equal(s.t, 3, s.logins(s.stuck.Store))
	d.dial(s.super.self).say("LOGO%s", d.login(s.super.self)).hear("ALGO000")
}

// sessionPublishes: a publication is on its way to the store, a FIND waits behind it, and another publication passes the
// limit with its second file.
func sessionPublishes(s *scene) {
	s.stuck.stuck = true
	var open []*rawConn
	for _, m := range []string{
		adff(s.idA, md5Of("b"), "b"), "FIND" + s.idA + "of                  ",
		adff(s.idA, md5Of("c"), "c") + adff(s.idA, md5Of("d"), "d"),
	} {
		s.weak.breaks(actortest.Series("refusals_total", "reason", "files_per_session"), 1)
		open = append(open, s.a.dial(s.super.self).say("%s", m))
	}
	for _, c := range open {
		c.cut()
	}
	s.release()
	c := s.a.dial(s.super.self).say("FIND%s%-20s", s.idA, "b")
	s.sim.Run(1600 * time.Millisecond)
	c.hear("AFIN001%s%-100s001%s", md5Of("b"), "b", field(s.a.self)) // the store has kept it all the same
	c.say("DEFF%s%s", s.idA, md5Of("b"))
}

// catalogPublication: the file is in the index and its connection has not been told.
func catalogPublication(s *scene) {
	c := s.a.dial(s.super.self)
	s.weak.breaks("files", 1)
	c.say("%sFIND%s%-20s", adff(s.idA, md5Of("b"), "b"), s.idA, "of ").cut()
	s.a.dial(s.super.self).say("FIND%s%-20s", s.idA, "b")
	require.Equal(s.t, 4, s.super.catalog().Copies, "built again from the store and the share")
	s.a.dial(s.super.self).say("DEFF%s%s", s.idA, md5Of("b"))
}

// overlaySupe: the SUPE comes for the second time. What is behind it on its connection goes on.
func overlaySupe(s *scene) {
	supe := "SUPEPKT0000000000009" + field(s.a.self) + "04"
	c := s.a.dial(s.super.self).say("%s", supe)
	find := s.a.dial(s.super.self)
	s.weak.breaks(actortest.Series("dropped_total", "command", "SUPE", "reason", "duplicate"), 1)
	find.conn.Send([]byte("FIND" + s.idA + "of                  "))
	c.say("%sLOGI%s", supe, field(s.a.self)).hear("ALGI%s", s.idA)
	s.sim.Run(1600 * time.Millisecond)
	find.hear("%s", s.afin())
}

// neighborBacksOff: two floods are on their way to a neighbor when it turns out that it cannot be reached any more.
func neighborBacksOff(s *scene) {
	s.searchEnds(unharmed) // it is over before a dial is given up
	s.net.Down = func(_, to netip.Addr) bool { return to == s.far.self.IPv4() }
	before := s.super.neighbor()
	p := s.sim.Probe("floods")
	for i := range 2 {
		id := p2p.NewPacketID(s.sim.Rand(uint64(i)))
		s.send(s.super.routes.Overlay, &message.Flood{
			Ref: message.Ref(i), Packet: &message.Quer{ID: id, Origin: s.super.self, TTL: 3}, ReplyTo: p.PID,
		})
	}
	s.weak.breaks("timer of neighbor", 1)
	s.sim.Run(5*time.Second + 20*time.Millisecond)
	to := []p2p.Endpoint{s.far.self}
	require.ElementsMatch(s.t, []any{
		&message.Flooded{Branches: to}, &message.Flooded{Ref: 1, Branches: to},
		&message.Branch{By: s.far.self}, // of the other one the queries hear
	}, p.Messages)
	now := s.super.neighbor()
	require.Equal(s.t, before.Failed+1, now.Failed)
	s.net.Down = nil
}

// neighborDrops: the neighbor cannot be reached, and whoever floods does not wait for it.
func neighborDrops(s *scene) {
	s.searchEnds(unharmed) // it is over before a dial is given up
	s.net.Down = func(_, to netip.Addr) bool { return to == s.far.self.IPv4() }
	p := s.sim.Probe("floods")
	flood := func() {
		s.send(s.super.routes.Overlay, &message.Flood{Packet: &message.Quer{Origin: s.super.self, TTL: 3}, ReplyTo: p.PID})
	}
	flood()
	s.sim.RunUntil(time.Minute, func() bool { return len(p.Messages) == 2 })
	s.weak.breaks("neighbor_drops_total", 1)
	flood()
	s.soon()
	require.Len(s.t, actortest.Got[*message.Flooded](p), 2)
	require.Equal(s.t, 2, s.super.neighbor().Failed)
	s.net.Down = nil
}

// neighbor is how the node's only neighbor stands.
func (n *simNode) neighbor() message.NeighborStatus {
	o := inspect[*message.OverlayStatus](n, n.routes.Overlay)
	require.Len(n.t, o.Neighbors, 1)
	return o.Neighbors[0]
}

// queriesFind: the search's actor has been made, and another search waits for answers.
func queriesFind(s *scene) {
	c := s.a.dial(s.super.self)
	s.weak.breaks("searches", 1)
	c.say("FIND%s%-20s", s.idA, "of ").cut()
}

// queryGathers: an AQUE comes that does not match. What is behind it on its connection goes on.
func queryGathers(s *scene) {
	c := s.a.dial(s.super.self).say("FIND%s%-20s", s.idA, "doomed")
	other := s.b.dial(s.super.self)
	s.weak.breaks(actortest.Series("dropped_total", "command", "AQUE", "reason", "does_not_match"), 1)
	other.say("AQUE%s%s%s%-100sLOGI%s", s.quers[len(s.quers)-1], field(s.b.self), md5Of("b"), "something else", field(s.b.self)).
		hear("ALGI%s", s.idB)
	c.cut()
}

// queryAnswers: a search of another supernode has come, and its actor has just been made. Others are answered.
func queryAnswers(s *scene) {
	q := s.stranger(111, true)
	quer := func(id string) {
		q.dial(s.super.self).say("QUER%s%s01%-20sLOGOSESSION0000000A1", id, field(q.self), "of 1").hear("ALGO000")
	}
	s.weak.breaks("timer of query", 1)
	quer("PKT0000000000001")
	require.Empty(s.t, q.heard)
	quer("PKT0000000000002")
	require.Len(s.t, q.heard, 1)
	q.heard[0].hear("AQUEPKT0000000000002%s%x%-100s", field(s.super.self), md5.Sum([]byte("of 1.txt")), "of 1.txt")
	require.Zero(s.t, inspect[*message.QueriesStatus](s.super, s.super.routes.Queries).Answers)
}
