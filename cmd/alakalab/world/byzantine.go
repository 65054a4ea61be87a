package world

import (
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/gateway/wire"
)

// foul is a machine whose program plays foul: it speaks bytes, and keeps to no rule. Each thing that it does counts as
// applied, and as a hit when it has reached an honest node, whatever that makes of it.
type foul struct {
	w         *World
	fault     *fault
	name      string
	self      p2p.Endpoint
	transport port.Transport
	random    *rand.Rand
	victim    *host // of the scripts that have one
	session   p2p.SessionID
	main      *talk   // the connection that it keeps, if it keeps one
	talks     []*talk // that are open
	over      bool
}

// talk is one connection of a foul node.
type talk struct {
	*foul
	pid     *actor.PID
	conn    port.Conn
	with    *host
	decoder *wire.Decoder // of what comes; nil: nothing is read
	open    func(*talk)
	heard   func(*talk, wire.Packet)
	unread  bool // what comes is never taken
}

// script is what a foul node does: begin once, and then act at its rate.
type script struct {
	begin func(*foul)
	act   func(*foul)
	// overhears is called with each QUER that is sent between others, as somebody sees it who listens on the line.
	overhears func(f *foul, from, to int, packet []byte)
}

// byzantine brings foul nodes, which are gone when the fault ends.
func (fs *faults) byzantine(f *fault, b *experiment.Byzantine) func() {
	s := scripts[b.Script]
	f.Applied = 0
	var here []*foul
	for range b.Count {
		n := fs.w.newFoul(f, b.Args)
		here = append(here, n)
		fs.w.foul = append(fs.w.foul, n)
		if s.begin != nil {
			s.begin(n)
		}
		if s.act != nil {
			n.again(float64(b.Rate), s.act)
		}
	}
	fs.scripts = append(fs.scripts, running{s, here})
	return func() {
		for _, n := range here {
			n.over = true
			n.w.net.Crash(n.self.IPv4())
		}
		fs.scripts = slices.DeleteFunc(fs.scripts, func(r running) bool { return r.nodes[0] == here[0] })
	}
}

// running is a script with those that play it.
type running struct {
	*script
	nodes []*foul
}

// overhear shows a packet to those who listen on the line.
func (fs *faults) overhear(from, to int, packet []byte) {
	for _, r := range fs.scripts {
		if r.overhears == nil {
			continue
		}
		for _, n := range r.nodes {
			r.overhears(n, from, to, packet)
		}
	}
}

func (w *World) newFoul(f *fault, args experiment.Args) *foul {
	self := endpointOf(len(w.hosts) + len(w.foul))
	n := &foul{
		w: w, fault: f, name: f.ID + "-" + strconv.Itoa(len(w.foul)), self: self, transport: w.net.Host(self.IPv4()),
		random: rand.New(rand.NewPCG(f.random.Uint64(), f.random.Uint64())),
	}
	for _, h := range w.hosts {
		if h.name == args["victim"] {
			n.victim = h
		}
	}
	return n
}

// again does something at a rate, at random times.
func (f *foul) again(rate float64, do func(*foul)) {
	f.w.sim.Do(time.Duration(-math.Log(uniform(f.random))/rate*float64(time.Second)), func() {
		if !f.over {
			do(f)
			f.again(rate, do)
		}
	})
}

// somebody is a supernode that is up; nil where there is none.
func (f *foul) somebody() *host {
	if len(f.w.upSupers) == 0 {
		return nil
	}
	return f.w.upSupers[f.random.IntN(len(f.w.upSupers))]
}

// dial opens a connection to a host and calls open when it is there.
func (f *foul) dial(with *host, open func(*talk)) *talk {
	if with == nil {
		return nil
	}
	return f.reach(with.self, &talk{foul: f, with: with, open: open, decoder: wire.NewDecoder(wire.Answers | wire.LinkAnswers)})
}

func (f *foul) reach(to p2p.Endpoint, t *talk) *talk {
	t.pid = f.w.spawn(t.receive)
	f.transport.Dial(to.Dialable(), 5*time.Second, t.pid)
	return t
}

func (t *talk) receive(ctx actor.Context) {
	switch m := ctx.Message().(type) {
	case *port.Dialed:
		if m.Err != nil || t.over {
			ctx.Stop(ctx.Self())
			return
		}
		t.conn = m.Conn
		t.talks = append(t.talks, t)
		m.Conn.Attach(ctx.Self())
		t.open(t)
	case *port.Bytes:
		if t.unread {
			return
		}
		t.take(m.Data)
		t.conn.Consumed(m)
	case *port.Ended:
		t.conn.Close()
	case *port.Closed:
		t.talks = slices.DeleteFunc(t.talks, func(o *talk) bool { return o == t })
		if t.main == t {
			t.main = nil
		}
		ctx.Stop(ctx.Self())
	}
}

// take cuts what has come into packets, until something comes that is none.
func (t *talk) take(data []byte) {
	if t.decoder == nil || t.heard == nil {
		return
	}
	t.decoder.Write(data)
	for {
		p, err := t.decoder.Next()
		if err != nil {
			t.decoder = nil
			return
		}
		if p == nil {
			return
		}
		t.heard(t, p)
		if t.decoder == nil {
			return
		}
	}
}

// say sends a packet, which is something that the script does.
func (t *talk) say(packet []byte) {
	t.fault.Applied++
	if t.conn == nil {
		return
	}
	t.fault.Hit++
	t.conn.Send(packet)
}

// once opens a connection for one packet.
func (f *foul) once(with *host, packet []byte) {
	f.dial(with, func(t *talk) {
		t.say(packet)
		t.conn.Close()
	})
}

// login logs in at a supernode and keeps the connection.
func (f *foul) login(then func(*talk)) {
	f.main = f.dial(f.somebody(), func(t *talk) { t.say((&wire.Logi{Endpoint: f.self}).Append(nil)) })
	if f.main == nil {
		return
	}
	f.main.heard = func(t *talk, p wire.Packet) {
		if in, ok := p.(*wire.Algi); ok && !in.Session.Refused() {
			f.session = in.Session
			if then != nil {
				then(t)
			}
		}
	}
}

// logged gives the connection with a session; nil while there is none, and it is looked for.
func (f *foul) logged() *talk {
	if f.main == nil {
		f.session = p2p.SessionID{}
		f.login(nil)
		return nil
	}
	if f.session.Refused() {
		return nil
	}
	return f.main
}

// pktid draws a Pktid.
func (f *foul) pktid() p2p.PacketID { return p2p.NewPacketID(f.random) }

// invented is a file that nobody has, under the name of one that is looked for.
func (f *foul) invented() (p2p.FileID, p2p.FileName) {
	var id p2p.FileID
	for i := range id {
		id[i] = byte(f.random.Uint32())
	}
	return id, f.popular().name
}

// popular is a file that is often looked for.
func (f *foul) popular() file { return f.w.files[f.random.IntN(min(len(f.w.files), 10))] }
