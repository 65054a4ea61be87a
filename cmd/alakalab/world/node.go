package world

import (
	"fmt"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/actortest"
	injected "alakazaam/actors/fault"
	"alakazaam/actors/message"
	"alakazaam/actors/node"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
	"alakazaam/config"
	"alakazaam/gateway"
)

// listenPort is where every node listens.
const listenPort = 3000

// grace is how long a node that ends in order waits for its open answers.
const grace = 5 * time.Second

// host is one machine of a world with the node on it, over all of the node's lives.
type host struct {
	w     *World
	i     int // its number; supernodes come first
	name  string
	super bool
	self  p2p.Endpoint
	live  *config.Live
	log   *logrus.Logger

	neighbors []p2p.Endpoint // a supernode's
	parents   []p2p.Endpoint // a peer's: the supernodes that it knows
	files     []int          // it shares, as they came

	up       bool
	ends     bool // it logs out
	downs    int  // how often it went down
	lives    int
	clock    *clock
	faults   *injected.Faults // of its actors; nil: the experiment has none
	turns    *turns
	notes    *actortest.Notes
	store    port.Store            // a supernode's directory, which may outlive it
	stored   int                   // how often the directory was lost
	sessions map[p2p.SessionID]int // in the directory: the host of each
	held     map[p2p.SessionID]map[p2p.FileID]struct{}
	left     map[p2p.SessionID]left // of sessions that ended
	owed     []owed                 // what the directory had at the last crash, until it is looked for
	disk     *disk
	routes   *message.Routes
	life     *life

	home   int                // a peer's: the supernode of its last login; -1: none yet
	load   int                // packets that were sent to it
	inList int                // its place among those that are up; -1: it is down
	found  []message.Result   // of its latest search that found something
	gone   func(orderly bool) // called once when it has logged out, or was to; nil: it was not to
	// goodbye says that a supernode has acknowledged its logout in this life.
	goodbye bool
}

// life is from a node's start to its end. What its actors still do after that does not count.
type life struct{ over bool }

// clock is a host's clock: that of the world, unless it is wrong.
type clock struct {
	port.Clock
	wrong atomic.Pointer[wrongClock] // what it says; nil: the time
}

// wrongClock makes what a clock says of the time, and counts how often it was asked.
type wrongClock struct {
	say   func(now time.Time) time.Time
	asked atomic.Int64
}

// Now implements port.Clock.
func (c *clock) Now() time.Time {
	now := c.Clock.Now()
	if wrong := c.wrong.Load(); wrong != nil {
		wrong.asked.Add(1)
		return wrong.say(now)
	}
	return now
}

// address is where host i is: hosts that follow each other are in different networks of 24 bits, because nodes take only
// a few neighbors from one.
func address(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 8), byte(i), byte(1 + i>>16)})
}

// indexOf is the inverse of address; -1 for what is none of them.
func indexOf(a netip.Addr) int {
	if a = a.Unmap(); !a.Is4() {
		return -1
	}
	b := a.As4()
	if b[0] != 10 || b[3] == 0 {
		return -1
	}
	return int(b[1])<<8 | int(b[2]) | int(b[3]-1)<<16
}

// most is how many hosts have addresses.
const most = 254 << 16

func endpointOf(i int) p2p.Endpoint {
	e, err := p2p.NewEndpoint(address(i), netip.Addr{}, listenPort)
	if err != nil {
		panic(err) // all of them can be dialed
	}
	return e
}

func (w *World) newHost(i int, super bool, live *config.Live) *host {
	name := experiment.PeerName(i - w.supers)
	if super {
		name = experiment.SupernodeName(i)
	}
	h := &host{
		w: w, i: i, name: name, super: super, self: endpointOf(i), live: live,
		log: w.logger(name, live), clock: &clock{Clock: w.sim}, turns: &turns{w: w}, home: -1, inList: -1,
	}
	if slices.ContainsFunc(w.exp.Faults, func(f experiment.Fault) bool { _, ok := f.Rule(); return ok }) {
		h.faults = w.newFaults(h.name, h.log)
	}
	return h
}

// start begins a life of the node.
func (h *host) start() error {
	w := h.w
	h.lives++
	life := &life{}
	h.life, h.ends, h.goodbye = life, false, false
	env := w.sim.Env(uint64(h.i)<<24 | uint64(h.lives))
	env.Metrics, env.Clock, env.Dispatcher, env.Log = w.meters, h.clock, h.turns, h.log
	env.Mailbox = w.mail.box
	env.Faults = w.mail.watch(h.faults)
	env.Fatal = func(err error) { w.sim.Do(0, func() { h.died(life, err) }) }
	if h.notes == nil {
		h.notes = actortest.NewNotes(w.sim.System)
	}
	h.disk = &disk{h: h, life: life}
	transport := h.transport()
	spec := node.Spec{
		Name: fmt.Sprintf("%s.%d", h.name, h.lives), Role: node.Peer, Self: h.self, Config: h.live, Disk: h.disk,
		Notes: notes{h.notes, w, life}, Grace: grace,
		Gateway: func(r *message.Routes) *actor.Props {
			return gateway.Props(env, transport, gateway.Options{
				Listen: h.self.Dialable()[0], Self: h.self, Config: h.live, FindWindow: node.FindWindow(*h.live.Get()),
			}, r)
		},
	}
	if h.super {
		spec.Role, spec.Neighbors = node.Supernode, h.neighbors
		spec.Store = w.directory(h, life)
	} else {
		spec.Bootstrap = h.parents
	}
	routes, err := node.Spawn(env, spec)
	if err != nil {
		return err
	}
	h.routes = routes
	h.rise()
	h.recall()
	return nil
}

func (h *host) rise() {
	h.up = true
	h.w.changes++
	list := &h.w.upPeers
	if h.super {
		list = &h.w.upSupers
	}
	h.inList = len(*list)
	*list = append(*list, h)
}

// fall takes the host off the list of those that are up.
func (h *host) fall() {
	h.up, h.found = false, nil
	if !h.super {
		h.home = -1
	}
	h.downs++
	h.w.changes++
	list := &h.w.upPeers
	if h.super {
		list = &h.w.upSupers
	}
	last := (*list)[len(*list)-1]
	(*list)[h.inList], last.inList = last, h.inList
	*list = (*list)[:len(*list)-1]
	h.inList = -1
}

// crash ends the process without a word: what it had to say is not said, the system resets its connections, and what was
// not written is lost. lose says whether its disk is lost as well.
func (h *host) crash(lose bool) {
	if !h.up {
		return
	}
	if h.super && !lose {
		h.remember()
	}
	h.end(lose, false)
	h.w.sim.System.Root.Stop(h.routes.Node)
}

// end is the end of a life; lose says whether what it kept is lost, and orderly whether it has said its goodbyes.
func (h *host) end(lose, orderly bool) {
	h.life.over = true
	h.w.net.Crash(h.self.IPv4())
	h.fall()
	h.w.clerk.drop(h)
	if lose {
		h.notes, h.store = nil, nil
		h.stored++
	}
	if gone := h.gone; gone != nil {
		h.gone = nil
		gone(orderly)
	}
}

// leave ends the node in order: it logs out.
func (h *host) leave(gone func(orderly bool)) {
	h.ends, h.gone = true, gone
	h.w.sim.System.Root.Send(h.w.clerk.pid, &watch{host: h, life: h.life})
	h.w.sim.System.Root.Send(h.routes.Node, &message.Shutdown{})
}

// died is the end of a node that gave up by itself.
func (h *host) died(l *life, err error) {
	if l.over {
		return
	}
	h.w.hit(record.NodesDied, "%s ended by itself: %v", h.name, err)
	h.log.Errorf("%s ended by itself: %v", h.name, err)
	h.crash(false)
}

// notes are what a life keeps of its node's notes.
type notes struct {
	*actortest.Notes
	w    *World
	life *life
}

// Keep implements port.Notes.
func (n notes) Keep(name string, value []byte) {
	n.w.sim.Lock()
	defer n.w.sim.Unlock()
	if !n.life.over {
		n.Notes.Keep(name, value)
	}
}

// Recall implements port.Notes.
func (n notes) Recall(name string, owner *actor.PID) {
	n.w.sim.Lock()
	defer n.w.sim.Unlock()
	n.Notes.Recall(name, owner)
}
