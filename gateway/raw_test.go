package gateway_test

import (
	"fmt"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
)

// stranger is somebody else's program on the simulated network: it speaks bytes.
type stranger struct {
	*world
	self      p2p.Endpoint
	transport port.Transport
	heard     []*rawConn     // connections that others have opened to it
	script    func(*rawConn) // what it does when something has come; nil: it waits
}

// rawConn is a connection of a stranger, with everything that has come over it.
type rawConn struct {
	*stranger
	pid    *actor.PID
	conn   port.Conn
	got    []byte
	failed error
	ended  bool
	closed bool
	keep   bool // does not close when the other side has
	onOpen func()

	finished int // how much of got finish has looked through
}

// stranger puts a program at address number i, which listens if it is asked to. It closes what others close.
func (w *world) stranger(i int, listen bool) *stranger {
	s := &stranger{world: w, self: endpoint(i)}
	s.transport = w.net.Host(s.self.IPv4())
	if listen {
		_, err := s.transport.Listen(s.self.Dialable()[0], 0, w.actor(func(ctx actor.Context) {
			if m, ok := ctx.Message().(*port.Accepted); ok {
				c := s.raw()
				c.begin(m.Conn)
				s.heard = append(s.heard, c)
			}
		}))
		require.NoError(w.t, err)
	}
	return s
}

func (w *world) actor(f actor.ReceiveFunc) *actor.PID {
	return w.sim.System.Root.Spawn(actor.PropsFromFunc(f, actor.WithDispatcher(w.sim)))
}

func (s *stranger) raw() *rawConn {
	c := &rawConn{stranger: s}
	c.pid = s.actor(func(ctx actor.Context) {
		switch m := ctx.Message().(type) {
		case *port.Dialed:
			if c.failed = m.Err; m.Err == nil {
				c.begin(m.Conn)
			}
		case *port.Bytes:
			c.got = append(c.got, m.Data...)
			c.conn.Consumed(m)
			if s.script != nil {
				s.script(c)
			}
		case *port.Ended:
			c.ended = true
			if !c.keep {
				c.conn.Close()
			}
		case *port.Closed:
			c.closed = true
		}
	})
	return c
}

func (c *rawConn) begin(conn port.Conn) {
	c.conn = conn
	conn.Attach(c.pid)
	if c.onOpen != nil {
		c.onOpen()
	}
}

// dial opens a connection to a node.
func (s *stranger) dial(to p2p.Endpoint) *rawConn {
	c := s.raw()
	s.transport.Dial(to.Dialable(), time.Second, c.pid)
	s.sim.RunUntil(time.Second, func() bool { return c.conn != nil || c.failed != nil })
	return c
}

// say sends bytes and lets a little time pass.
func (c *rawConn) say(format string, args ...any) *rawConn {
	c.conn.Send(fmt.Appendf(nil, format, args...))
	c.sim.Run(20 * time.Millisecond)
	return c
}

// hear takes what has come and expects it to be so.
func (c *rawConn) hear(format string, args ...any) {
	c.t.(interface{ Helper() }).Helper()
	require.Equal(c.t, fmt.Sprintf(format, args...), string(c.got))
	c.got = nil
}

// login logs the stranger in at a supernode.
func (s *stranger) login(at p2p.Endpoint) string {
	c := s.dial(at).say("LOGI%s", field(s.self))
	require.Len(s.t, c.got, 20)
	c.conn.Close()
	return string(c.got[4:])
}

// field is how an endpoint is written: IPP2P and PP2P.
func field(e p2p.Endpoint) string {
	a4, a6 := e.IPv4().As4(), e.IPv6().As16()
	s := fmt.Sprintf("%03d.%03d.%03d.%03d|", a4[0], a4[1], a4[2], a4[3])
	for i := 0; i < 16; i += 2 {
		if i > 0 {
			s += ":"
		}
		s += fmt.Sprintf("%02x%02x", a6[i], a6[i+1])
	}
	return s + fmt.Sprintf("%05d", e.Port())
}

// adff is one file's publication.
func adff(session string, md5, name string) string {
	return fmt.Sprintf("ADFF%s%s%-100s", session, md5, name)
}

// md5Of is 32 times one hex digit.
func md5Of(c string) string {
	out := ""
	for range 32 {
		out += c
	}
	return out
}

// halfClose ends this side's stream and goes on reading.
func (c *rawConn) halfClose() { c.conn.(interface{ CloseWrite() }).CloseWrite() }
