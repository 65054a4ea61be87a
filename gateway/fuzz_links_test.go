package gateway_test

import (
	"bytes"
	"slices"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/gateway/wire"
)

// heard is what has come over a link.
type heard struct {
	opener  bool // the node has opened it
	decoder *wire.Decoder
	read    int // how much of what was heard has been looked through
	packets []wire.Packet
}

// The lengths of LINK and ALNK, and of NACK and PONG.
const (
	linkSize = 66
	alnkSize = 76
	nackSize = 107
	pongSize = 47
)

// linkFrom takes a link that the node opens, and goes on as a talk. It may be a connection for a single packet, too, while
// the node has this host for one that knows no links.
func (p *play) linkFrom(host *stranger, conn port.Conn) {
	if p.closed || len(p.talks) == maxTalks {
		p.take(conn)
		return
	}
	c := &talk{play: p, host: host, to: p.super, latency: near, conn: conn, opened: p.sim.Now(), foreign: true}
	p.talks = append(p.talks, c)
	conn.Attach(p.actor(func(ctx actor.Context) {
		if _, ended := ctx.Message().(*port.Ended); ended && c.link == nil {
			p.packets = append(p.packets, string(c.got))
		}
		c.receive(ctx)
	}))
}

// listen looks through what has come: a link begins with an ALNK, or with the LINK of a node that opens one. Every PING of
// the node is answered, and the Pktids of its QUERs are there to be used.
func (c *talk) listen() {
	if c.link == nil {
		switch {
		case c.foreign && bytes.HasPrefix(c.got, []byte("LINK")) && len(c.got) >= linkSize:
			c.link = &heard{opener: true, decoder: wire.NewDecoder(wire.Links), read: linkSize}
			c.send([]byte("ALNK02" + field(c.host.self) + "0000000000"))
		case !c.foreign && bytes.HasPrefix(c.got, []byte("ALNK")) && len(c.got) >= alnkSize:
			c.link = &heard{decoder: wire.NewDecoder(wire.Links), read: alnkSize}
		default:
			return
		}
	}
	l := c.link
	l.decoder.Write(c.got[l.read:])
	l.read = len(c.got)
	for {
		packet, err := l.decoder.Next()
		require.NoError(c.t, err, "what comes over a link are a link's packets")
		if packet == nil {
			return
		}
		l.packets = append(l.packets, packet)
		switch packet := packet.(type) {
		case *wire.Ping:
			if !c.cutting && !c.closed {
				c.send((&wire.Pong{ID: packet.ID}).Append(nil))
			}
		case *wire.Quer:
			c.flooded = packet.ID.String()
		}
	}
}

// answerToPing: a supernode says how it is, others that they are none.
func (c *talk) answerToPing(p *wire.Ping, rest string) (string, verdict) {
	begin, size := "PONG"+p.ID.String(), pongSize
	if c.to == c.peer {
		begin, size = "NACK503", nackSize
	}
	if len(rest) < size {
		return rest, missing
	}
	require.Equal(c.t, begin, rest[:len(begin)])
	return rest[size:], answered
}

// answerToLink: a wish for a link that is not granted ends the connection, with a reason where the wish makes sense.
func (c *talk) answerToLink(r *request, rest string) (string, verdict) {
	sense := c.is(withLinks) && r == c.requests[0]
	if len(rest) < nackSize {
		if rest == "" && c.ended && !sense {
			return rest, last
		}
		return rest, missing
	}
	require.True(c.t, sense)
	foreign := !r.packet.(*wire.Link).Endpoint.At(c.host.self.IPv4())
	code := rest[4:7]
	require.Equal(c.t, "NACK", rest[:4])
	switch {
	case c.to == c.peer:
		require.Equal(c.t, "503", code)
	case foreign:
		require.Equal(c.t, "403", code)
	default:
		require.Contains(c.t, []string{"409", "503"}, code)
	}
	return rest[nackSize:], last
}

// judgeLinks holds what came over links against what was said. Then everybody leaves, and nobody is there any more for
// links.
func (p *play) judgeLinks() {
	if !p.is(withLinks) {
		return
	}
	p.closed = true
	for _, c := range p.talks {
		if c.link != nil {
			c.judgeLink()
		}
	}
	for _, c := range p.talks {
		c.leave()
	}
	p.sim.Run(time.Minute)
}

// judgeLink: everything that is owed has come, if the link lasts, and nothing else has.
func (c *talk) judgeLink() {
	said, what := c.saidOverLink()
	var pings, pongs []p2p.PacketID
	asked, done := make(map[p2p.PacketID]int), make(map[p2p.PacketID]int)
	for _, packet := range said {
		switch packet := packet.(type) {
		case *wire.Quer:
			asked[packet.ID]++
		case *wire.Ping:
			pings = append(pings, packet.ID)
		}
	}
	for _, packet := range c.link.packets {
		switch packet := packet.(type) {
		case *wire.Aque:
			require.Less(c.t, done[packet.ID], asked[packet.ID], "an AQUE that nobody asked for, or behind the DONE")
		case *wire.Done:
			done[packet.ID]++
			require.LessOrEqual(c.t, done[packet.ID], asked[packet.ID], "a DONE too many")
		case *wire.Pong:
			pongs = append(pongs, packet.ID)
		case *wire.Quer:
			require.NotEqual(c.t, c.host.self, packet.Origin, "a QUER goes back to who began it")
		}
	}
	require.LessOrEqual(c.t, len(pongs), len(pings))
	require.True(c.t, slices.Equal(pings[:len(pongs)], pongs), "PONGs in the order of the PINGs")
	if c.ended || c.left || c.half || c.held {
		require.True(c.t, c.left || c.half || c.held || what != nothing || c.replaced(), "it ended for no reason: opened %v, ended %v", c.opened, c.endAt)
		return
	}
	require.NotEqual(c.t, garbage, what, "what was said makes no sense, and the link lasts")
	require.Equal(c.t, asked, done, "each QUER has its DONE")
	require.Len(c.t, pongs, len(pings))
}

// saidOverLink is what was said behind LINK or ALNK, and what is left behind that.
func (c *talk) saidOverLink() (said []wire.Packet, what remainder) {
	d := wire.NewDecoder(wire.Requests)
	if c.link.opener {
		d.Accept(wire.LinkAnswers)
	}
	first := true
	for i := range c.said {
		d.Write(c.said[i : i+1])
		p, err := d.Next()
		switch {
		case err != nil:
			return said, garbage
		case p != nil && first:
			first = false
			d.Accept(wire.Links)
		case p != nil:
			said = append(said, p)
		}
	}
	if p, err := d.End(); p != nil || err != nil {
		return said, begun // it swallows what is said later, PONGs among it
	}
	return said, nothing
}

// replaced says whether the same host has another link, which takes the place of this one.
func (c *talk) replaced() bool {
	for _, o := range c.talks {
		if o != c && o.link != nil && o.host == c.host && !o.opened.Before(c.opened) {
			return true
		}
	}
	return false
}

// Beginnings of scripts with links.
var (
	linked   = s(atSuper, b(doLink, 0)) // the first host asks for a link
	queries  = b(doQuer, 0, 0, 0, 0, doQuer, 0, 0, 0, 0, doQuer, 1, 40, 1, 0, doQuer, 2, 0, 3, 1, doQuer, 2, 12, 2, 1)
	everyone = s(linked, b(doOpen, 1, 0, doLink, 0, doOpen, 2, 0, doLink, 0, doWait, 4))
)

// linkScripts are scripts by hand with links.
var linkScripts = []script{
	{"what goes over a link, asked for and not", s(b(withLinks), linked, b(doPing, 0, doPing, 0, doSupe, 0, 0, 0, doAsup, 3, 8, doAque, 0, 0, 0, 0, 0, doDone, 0, 0, doDone, 3, 1, doPong, 0), queries)},
	{"a link that answers searches, twice, and behind its end", s(b(withLinks), second, linked, b(doTurn, 0), findAll, b(doTurn, 1, doAque, 3, 0, 3, 0, 0, doAque, 3, 0, 3, 0, 0, doDone, 3, 0, doDone, 3, 1, doAque, 3, 0, 3, 0, 0, doWait, 4))},
	{"a link that leaves a search open", s(b(withLinks), second, linked, b(doTurn, 0), findAll, b(doTurn, 1, doAque, 3, 0, 3, 0, 0, doWait, 5), b(doTurn, 0), findAll, b(doTurn, 1, doAbort))},
	{"a link that the node opens", s(b(withLinks|withNeighbor), b(doTurn, 0), queries, b(doPing, 0), loggedIn, findAll, b(doTurn, 0, doAque, 3, 0, 3, 0, 0, doDone, 3, 0, doWait, 4))},
	{"answers from link to link", s(b(withLinks|withNeighbor), linked, b(doQuer, 0, 0, 0, 0, doTurn, 0, doAque, 0, 0, 3, 0, 0, doAque, 0, 32, 4, 0, 0, doDone, 0, 0))},
	{"more links than there is room for", s(b(withLinks|withTightLimits), everyone, b(doTurn, 0), queries, b(doAgain, 200, doPing, 1))},
	{"one link after the other, from the same address", s(b(withLinks), linked, queries, linked, queries, b(doLeave), linked, b(doWait, 6), queries)},
	{"links that are refused", s(b(withLinks|withPeer), b(doOpen, 0, 2, doLink, 0), atSuper, b(doLink, 15), atSuper, b(doLink, 44), loggedIn, b(doLink, 0), linked, b(doLink, 0))},
	{"packets that have no place on a link", s(b(withLinks), linked, b(doLogi, 0), linked, b(doRetr, 1, 0), linked, b(doServer, 1), linked, b(doDone, 0, 2), linked, b(doPing, 0, doRaw, 3, 'W', 'H', 'A', 'T'))},
	{"a link in one write, and cut anywhere", s(b(withLinks), atSuper, oneWrite, b(doLink, 0), queries, b(doPing, 0), oneWrite, b(doCut, 2, doQuer, 1, 0, 0, 0, doCut, 19, doPing, 2, doCut, 20, doDone, 1, 0, doCut, 100, doAque, 0, 0, 3, 0, 0))},
	{"a link one byte at a time", s(b(withLinks|inBytes|withNeighbor), linked, queries, b(doPing, 0, doSpaces, 9, doPing, 1))},
	{"a link that does not read", s(b(withLinks), linked, b(doHold), queries, b(doAgain, 200, doQuer, 2, 0, 2, 0, doWait, 6, doHold))},
	{"a link that ends in the middle", s(b(withLinks|withNeighbor), linked, queries, b(doHalfClose, doWait, 4), linked, queries, b(doLeave), loggedIn, findAll)},
}
