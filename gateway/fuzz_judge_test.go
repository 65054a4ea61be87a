package gateway_test

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
	"alakazaam/gateway/wire"
)

// request is what was asked on a connection, and what was answered.
type request struct {
	packet  wire.Packet
	end     int    // its last byte in what was said
	given   string // a LOGI's answer
	deleted int    // a LOGO's
	found   []hit  // a FIND's
}

// hit is a file with one of its owners, as an AFIN has it.
type hit struct{ file, name, owner string }

// sessionOf is the session under which something was asked; empty where that is none of our business.
func (r *request) sessionOf() string {
	switch p := r.packet.(type) {
	case *wire.Adff:
		return p.Session.String()
	case *wire.Deff:
		return p.Session.String()
	case *wire.Logo:
		return p.Session.String()
	}
	return ""
}

// verdict is what became of a request.
type verdict int

const (
	answered verdict = iota
	last             // answered, and the connection ended with it
	missing          // nothing came
)

// remainder is what is behind the last request that was said.
type remainder int

const (
	nothing remainder = iota
	begun             // the beginning of a packet, and more may come
	garbage           // what is no packet, or will never be a whole one
)

// parse finds the requests in what was said, and the command of what is behind them.
func (c *talk) parse() (remainder, wire.Command) {
	d := wire.NewDecoder(wire.Requests)
	for i := range c.said {
		d.Write(c.said[i : i+1])
		p, err := d.Next()
		if err != nil {
			return garbage, d.Partial()
		}
		if p != nil {
			c.requests = append(c.requests, &request{packet: p, end: i})
		}
	}
	command := d.Partial()
	p, err := d.End()
	switch {
	case p == nil && err == nil:
		return nothing, command
	case !c.half:
		return begun, command
	case p != nil: // an AQUE without padding
		c.requests = append(c.requests, &request{packet: p, end: len(c.said) - 1})
		return nothing, command
	}
	return garbage, command
}

// judge holds what was heard against what was said: the answers in the order of the requests and nothing else, each
// request answered as long as the connection lived, and no connection ended without a reason.
func (c *talk) judge() {
	if c.link != nil || c.foreign {
		return // judgeLinks has, or judgePackets does
	}
	if c.reset {
		require.True(c.t, c.is(withTightLimits), "refused at the door")
		require.Empty(c.t, c.got)
		return
	}
	require.True(c.t, c.ended || c.left, "nothing lasts")
	what, command := c.parse()
	rest := string(c.got)
	for _, r := range c.requests {
		if c.tooLate(r.end) {
			c.judgeRemainder(begun, r.packet.Command(), rest)
			return
		}
		var v verdict
		before := rest
		switch rest, v = c.answerTo(r, rest); v {
		case last:
			c.served++
			c.complete = c.served == len(c.requests) // what was read before that answer is done all the same
			require.Empty(c.t, rest, "nothing follows the last answer, which is that to %s", r.packet.Command())
			return
		case missing:
			require.True(c.t, c.left || rest == "", "%s was answered with %.200q", r.packet.Command(), before)
			c.excuse(r.packet.Command(), r.end)
			return
		}
		c.served++
	}
	if what != nothing {
		c.judgeRemainder(what, command, rest)
		return
	}
	require.Empty(c.t, rest, "nobody asked for this")
	c.complete = true
	c.judgeEnd()
}

// judgeRemainder looks at the answer to what is no packet, or no whole one.
func (c *talk) judgeRemainder(what remainder, command wire.Command, rest string) {
	due := map[wire.Command]string{wire.LOGI: "ALGI0000000000000000", wire.RETR: "Invalid packet. Unable to reply.\n"}[command]
	switch {
	case rest == due && (what == garbage || due != "" && c.served == 0): // what began too slowly counts as broken
		c.complete = true
	case rest == "" && what == begun:
		c.complete = true
		c.judgeEnd()
	case rest == "":
		c.excuse(command, len(c.said)-1)
	default:
		require.True(c.t, c.left && strings.HasPrefix(due, rest), "a broken %s was answered with %q", command, rest)
	}
}

// tooLate says whether something was said that arrived when the node had ended the connection.
func (c *talk) tooLate(end int) bool { return c.ended && !c.held && c.late(end) > 0 }

// late is how long after the connection's end something arrived.
func (c *talk) late(end int) time.Duration {
	return c.saidAt(end).Add(c.latency).Sub(c.endAt.Add(-c.latency))
}

// excuse says whether something may have gone without an answer: it came when the connection had ended already, or we
// had left, or did not read.
func (c *talk) excuse(what wire.Command, end int) {
	require.True(c.t, c.left || c.held || c.late(end) >= 0, "a %s was not answered", what)
	if !c.left && !c.held && !c.half {
		c.judgeEnd()
	}
}

// judgeEnd says whether the node had a reason to end the connection: silence, or that we had ended our side.
func (c *talk) judgeEnd() {
	if c.left || c.held || c.half {
		return
	}
	lived := c.endAt.Sub(c.opened)
	if c.served == 0 {
		require.GreaterOrEqual(c.t, lived, c.config.Limits.FirstPacket-2*far, "it ended for no reason")
		return
	}
	silent := c.endAt.Sub(c.saidAt(c.requests[c.served-1].end))
	require.GreaterOrEqual(c.t, silent, c.config.Limits.IdleTimeout, "it ended for no reason")
}

// answerTo takes the answer to a request off what was heard.
func (c *talk) answerTo(r *request, rest string) (string, verdict) {
	switch p := r.packet.(type) {
	case *wire.Logi:
		return c.answerToLogi(r, p, rest)
	case *wire.Logo:
		return c.answerToLogo(r, p, rest)
	case *wire.Find:
		return c.answerToFind(r, p, rest)
	case *wire.Retr:
		return c.answerToRetr(r, p, rest)
	case *wire.Ping:
		return c.answerToPing(p, rest)
	case *wire.Link:
		return c.answerToLink(r, rest)
	default:
		return rest, answered
	}
}

func (c *talk) answerToLogi(r *request, p *wire.Logi, rest string) (string, verdict) {
	if len(rest) < 20 {
		return rest, missing
	}
	require.Equal(c.t, "ALGI", rest[:4])
	id, err := p2p.ParseSessionID([]byte(rest[4:20]))
	require.NoError(c.t, err)
	if id.Refused() {
		late := c.served == 0 && c.saidAt(r.end).Sub(c.opened) >= c.config.Limits.FirstPacket-2*far
		foreign := !p.Endpoint.At(c.host.self.IPv4())
		require.True(c.t, foreign || late || c.to == c.peer || c.is(withTightLimits), "refused for no reason")
		return rest[20:], last
	}
	require.True(c.t, c.to == c.super && p.Endpoint.At(c.host.self.IPv4()), "a session for somebody else")
	r.given = id.String()
	return rest[20:], answered
}

func (c *talk) answerToLogo(r *request, p *wire.Logo, rest string) (string, verdict) {
	if len(rest) < 7 {
		return rest, missing
	}
	require.Equal(c.t, "ALGO", rest[:4])
	n, err := strconv.Atoi(rest[4:7])
	require.NoError(c.t, err)
	if c.to == c.peer || !c.wasGiven(p.Session) {
		require.Zero(c.t, n, "nobody has that session")
	}
	r.deleted = n
	return rest[7:], answered
}

// answerToFind: whoever has a session gets an AFIN, whoever has none the end of the connection.
func (c *talk) answerToFind(r *request, p *wire.Find, rest string) (string, verdict) {
	known := c.to == c.super && c.wasGiven(p.Session)
	if len(rest) < 7 {
		if rest == "" && c.ended && (c.to == c.peer || !c.surely(p.Session)) {
			return rest, last
		}
		return rest, missing
	}
	require.True(c.t, known, "a search under an unknown session was answered")
	require.Equal(c.t, "AFIN", rest[:4])
	n, err := strconv.Atoi(rest[4:7])
	require.NoError(c.t, err)
	require.LessOrEqual(c.t, n, c.config.Search.MaxResults)
	whole := rest
	rest = rest[7:]
	seen := make(map[hit]bool)
	for range n {
		if len(rest) < 135 {
			return rest, missing
		}
		file, name := rest[:32], strings.TrimRight(rest[32:132], " ")
		copies, err := strconv.Atoi(rest[132:135])
		require.NoError(c.t, err)
		rest = rest[135:]
		require.False(c.t, seen[hit{file: file}], "an MD5 stands once")
		seen[hit{file: file}] = true
		if len(rest) < 60*copies {
			return rest, missing
		}
		for range copies {
			h := hit{file: file, owner: rest[:60]}
			require.False(c.t, seen[h], "an owner stands once")
			seen[h] = true
			h.name = name
			r.found = append(r.found, h)
			rest = rest[60:]
		}
	}
	require.LessOrEqual(c.t, len(whole)-len(rest), wire.MaxAfin)
	return rest, answered
}

// answerToRetr: a file that is shared comes whole, and for every other there is a line and the end.
func (c *talk) answerToRetr(r *request, p *wire.Retr, rest string) (string, verdict) {
	shared := files[1:2]
	if c.to == c.super {
		shared = files[:]
	}
	for _, f := range shared {
		if p.File == f.id() {
			if after, ok := strings.CutPrefix(rest, aretOf(f.content)); ok {
				return after, answered
			}
		}
	}
	late := c.served == 0 && c.saidAt(r.end).Sub(c.opened) >= c.config.Limits.FirstPacket-2*far
	line, after, whole := strings.Cut(rest, "\n")
	switch {
	case rest == "" && c.ended && c.unshared:
		return rest, last
	case whole && (strings.HasPrefix(line, "Sorry, ") || late && strings.HasPrefix(line, "Invalid packet")):
		return after, last
	}
	return rest, missing
}

// aretOf is how a file goes out.
func aretOf(content []byte) string {
	out := fmt.Sprintf("ARET%06d", (len(content)+4095)/4096)
	for len(content) > 0 {
		n := min(4096, len(content))
		out += fmt.Sprintf("%05d%s", n, content[:n])
		content = content[n:]
	}
	return out
}

// wasGiven says whether somebody was told this session's id.
func (p *play) wasGiven(id p2p.SessionID) bool {
	for _, g := range p.given {
		if g == id.String() {
			return true
		}
	}
	return false
}

// surely says whether the session lived all the time.
func (p *play) surely(id p2p.SessionID) bool {
	if !p.wasGiven(id) || p.is(withProbes) || p.is(withTightLimits) {
		return false
	}
	for _, c := range p.talks {
		if strings.Contains(string(c.said), "LOGO"+id.String()) {
			return false
		}
	}
	return true
}

// quiet is longer than anything that a stranger can begin may last.
const quiet = 4 * time.Minute
