package gateway_test

import (
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/gateway/wire"
)

// scripted is somebody else's supernode on the simulated network: it answers what a peer asks, as far as it is told to.
type scripted struct {
	*world
	self     p2p.Endpoint
	session  string          // that it gives
	began    time.Time       // it is up since then, as it says
	sessions int             // that it has, as it says
	base     bool            // knows no PING, and closes
	full     bool            // refuses logins
	peer     bool            // says that it is no supernode, and refuses logins
	mute     bool            // does not answer searches
	silent   bool            // accepts connections and says nothing
	tells    []p2p.Endpoint  // in ASUPs, of which it sends one for each
	heard    map[string]int  // packets, by command
	files    map[string]bool // published in its session: MD5 and name
	listener port.Listener
	open     map[port.Conn]bool
}

// supernode puts a supernode at address number i that has been up for some time.
func (w *world) supernode(i int, up time.Duration) *scripted {
	s := &scripted{
		world: w, self: endpoint(i), session: fmt.Sprintf("SESSION%09d", i), began: w.sim.Now().Add(-up), heard: map[string]int{},
		files: map[string]bool{}, open: map[port.Conn]bool{},
	}
	s.start()
	return s
}

func (s *scripted) start() {
	var err error
	s.listener, err = s.net.Host(s.self.IPv4()).Listen(s.self.Dialable()[0], 0, s.actor(func(ctx actor.Context) {
		if m, ok := ctx.Message().(*port.Accepted); ok {
			s.open[m.Conn] = true
			s.heard["connections"]++
			m.Conn.Attach(s.serve(m.Conn))
		}
	}))
	require.NoError(s.t, err)
}

// stop is a process that ends: its connections are reset and nobody listens any more.
func (s *scripted) stop() {
	s.listener.Close()
	for c := range s.open {
		c.Abort()
	}
	clear(s.open)
}

func (s *scripted) serve(conn port.Conn) *actor.PID {
	return s.actor(func(ctx actor.Context) {
		switch m := ctx.Message().(type) {
		case *port.Bytes:
			packet := string(m.Data)
			conn.Consumed(m)
			s.heard[packet[:4]]++
			if !s.silent {
				s.answer(conn, packet)
			}
		case *port.Ended:
			conn.Close()
		case *port.Closed:
			delete(s.open, conn)
		}
	})
}

func (s *scripted) answer(conn port.Conn, packet string) {
	say := func(format string, args ...any) { conn.Send(fmt.Appendf(nil, format, args...)) }
	switch packet[:4] {
	case "LOGI":
		if s.full || s.peer {
			say("ALGI0000000000000000")
			return
		}
		say("ALGI%s", s.session)
	case "LOGO":
		if packet[4:] == s.session {
			clear(s.files)
		}
		say("ALGO000")
	case "ADFF":
		if packet[4:20] == s.session {
			s.files[strings.TrimRight(packet[20:], " ")] = true
		}
	case "DEFF":
		if packet[4:20] == s.session {
			maps.DeleteFunc(s.files, func(f string, _ bool) bool { return strings.HasPrefix(f, packet[20:]) })
		}
	case "FIND":
		if !s.mute {
			say("AFIN000")
		}
	case "PING":
		if s.base {
			conn.Close()
			return
		}
		if s.peer {
			say("NACK503%-100s", "this node is no supernode")
			return
		}
		say("PONG%s%010d%07d%010d", packet[4:], int(s.sim.Now().Sub(s.began)/time.Second), s.sessions, len(s.files))
	case "SUPE":
		d := wire.NewDecoder(wire.Requests)
		d.Write([]byte(packet))
		supe, err := d.Next()
		require.NoError(s.t, err)
		s.tell(supe.(*wire.Supe))
	}
}

// tell answers a SUPE with what it was told to say, all on one connection.
func (s *scripted) tell(supe *wire.Supe) {
	var conn port.Conn
	pid := s.actor(func(ctx actor.Context) {
		switch m := ctx.Message().(type) {
		case *port.Dialed:
			if m.Err != nil {
				return
			}
			conn = m.Conn
			conn.Attach(ctx.Self())
			for _, e := range s.tells {
				conn.Send((&wire.Asup{ID: supe.ID, Supernode: e}).Append(nil))
			}
			conn.Close()
		case *port.Bytes:
			conn.Consumed(m)
		}
	})
	s.net.Host(s.self.IPv4()).Dial(supe.Origin.Dialable(), time.Second, pid)
}
