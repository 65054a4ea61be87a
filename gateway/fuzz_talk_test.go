package gateway_test

import (
	"errors"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/port"
)

// talk is one connection of a script, with everything that was said and heard over it.
type talk struct {
	*play
	host    *stranger
	to      *simNode
	latency time.Duration // of one way
	conn    port.Conn     // nil: not connected

	pending []byte // gathered, not said
	said    []byte
	sayings []saying
	got     []byte
	learned int // how much of it has been looked through for SessionIDs
	unread  []*port.Bytes
	holds   bool // does not read
	held    bool // has not read for a while: when things came says nothing

	opened time.Time
	half   bool // our stream has ended
	left   bool // closed or reset by us: what still came was not heard
	ended  bool // by the node
	reset  bool // by the node, without a word
	endAt  time.Time

	// What judge finds.
	requests []*request
	served   int  // how many of them
	complete bool // nothing that was said was left without its due

	foreign bool   // the node has opened it
	link    *heard // what has come over it as a link; nil: it is none
}

// saying is when how much had been said.
type saying struct {
	at   time.Time
	upTo int
}

// begin connects a host to a node.
func (p *play) begin(host *stranger, to *simNode) *talk {
	c := &talk{play: p, host: host, to: to, latency: near}
	if host.self == endpoint(distant) {
		c.latency = far
	}
	var dialed bool
	pid := p.actor(func(ctx actor.Context) {
		if m, ok := ctx.Message().(*port.Dialed); ok {
			require.NoError(p.t, m.Err, "the node takes connections")
			dialed, c.conn, c.opened = true, m.Conn, p.sim.Now()
			c.conn.Attach(ctx.Self())
			return
		}
		c.receive(ctx)
	})
	host.transport.Dial(to.self.Dialable(), time.Minute, pid)
	p.sim.RunUntil(time.Minute, func() bool { return dialed })
	return c
}

// receive takes what comes over the connection.
func (c *talk) receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *port.Bytes:
		c.unread = append(c.unread, m)
		c.read()
	case *port.Ended:
		c.end()
		c.conn.Close()
	case *port.Closed:
		c.reset = c.reset || errors.Is(m.Err, actortest.ErrReset)
		c.end()
	}
}

// end notes that the node has ended the connection.
func (c *talk) end() {
	if !c.ended && !c.left {
		c.ended, c.endAt = true, c.sim.Now()
	}
}

// sessionGiven finds the SessionIDs in what was heard.
var sessionGiven = regexp.MustCompile(`ALGI([A-Z0-9]{16})`)

// read takes what has come, unless this host does not read.
func (c *talk) read() {
	for !c.holds && len(c.unread) > 0 {
		m := c.unread[0]
		c.unread = c.unread[1:]
		c.got = append(c.got, m.Data...)
		c.conn.Consumed(m)
		c.listen()
	}
}

// learn notes the SessionIDs that have been given over the connection since the last time.
func (c *talk) learn() {
	for _, found := range sessionGiven.FindAllSubmatch(c.got[c.learned:], -1) {
		id := string(found[1])
		if strings.Trim(id, "0") != "" && !slices.Contains(c.given, id) {
			c.given = append(c.given, id)
		}
	}
	c.learned = max(c.learned, len(c.got)-19) // one that has not come whole is found later
}

func (c *talk) gone() bool { return c == nil || c.conn == nil || c.half || c.left }

func (c *talk) send(b []byte) {
	if c.gone() {
		return
	}
	c.said = append(c.said, b...)
	c.sayings = append(c.sayings, saying{c.sim.Now(), len(c.said)})
	c.conn.Send(append([]byte(nil), b...))
}

// saidAt is when a byte was said.
func (c *talk) saidAt(offset int) time.Time {
	for _, s := range c.sayings {
		if offset < s.upTo {
			return s.at
		}
	}
	return c.sim.Now()
}

func (c *talk) halfClose() {
	if !c.gone() && !c.ended {
		c.half = true
		c.conn.(interface{ CloseWrite() }).CloseWrite()
	}
}

func (c *talk) leave() {
	if c != nil && c.conn != nil && !c.ended {
		c.left = true
		c.conn.Close()
	}
}

func (c *talk) abort() {
	if c != nil && c.conn != nil && !c.ended {
		c.left = true
		c.conn.Abort()
	}
}

func (c *talk) hold() {
	if c != nil && c.conn != nil {
		c.holds, c.held = !c.holds, true
		c.read()
	}
}

// listener is a host that takes what is brought to it. A packet has to come alone on its connection.
func (p *play) listener(number int) *stranger {
	s := p.stranger(number, false)
	_, err := s.transport.Listen(s.self.Dialable()[0], 0, p.actor(func(ctx actor.Context) {
		m, ok := ctx.Message().(*port.Accepted)
		switch {
		case !ok:
		case number == neighbor && p.is(withLinks):
			p.linkFrom(s, m.Conn)
		default:
			p.take(m.Conn)
		}
	}))
	require.NoError(p.t, err)
	return s
}

// take keeps what comes over a connection that the node opened.
func (p *play) take(conn port.Conn) {
	var got []byte
	conn.Attach(p.actor(func(ctx actor.Context) {
		switch m := ctx.Message().(type) {
		case *port.Bytes:
			got = append(got, m.Data...)
			conn.Consumed(m)
		case *port.Ended:
			conn.Close()
			p.packets = append(p.packets, string(got))
			if len(got) > 20 && (got[0] == 'Q' || got[0] == 'S') {
				p.flooded = string(got[4:20])
			}
		}
	}))
}

// complaints are log lines that no stranger may cause.
type complaints []string

// Levels implements logrus.Hook.
func (*complaints) Levels() []logrus.Level { return logrus.AllLevels }

// Fire implements logrus.Hook.
func (c *complaints) Fire(e *logrus.Entry) error {
	if e.Level <= logrus.ErrorLevel || strings.Contains(e.Message, ": unexpected *") || strings.Contains(e.Message, "must have failed") ||
		strings.Contains(e.Message, "was not answered in time") {
		*c = append(*c, e.Message)
	}
	return nil
}
