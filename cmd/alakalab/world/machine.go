package world

import (
	"net/netip"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/actortest"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
)

// machine is what a world runs on.
type machine struct {
	engine
	System *actor.ActorSystem
	Log    *logrus.Logger
}

// engine is a machine's time, its actors' turns and its network.
type engine interface {
	// Everything of the laboratory happens with this lock: whatever an actor of a node calls takes it, and what the engine
	// calls is called with it. Nothing that waits may be done with it.
	sync.Locker
	port.Clock
	actor.Dispatcher
	// Do has f called when d has passed, with the lock.
	Do(d time.Duration, f func()) port.Timer
	// Env is what the actors of one node are made with.
	Env(stream uint64) *props.Env
	// Pass lets time pass until then, and has look look around now and then; false is the end.
	Pass(until time.Time, look func() bool)
	// RunUntil lets time pass until done, for d at most, and says whether it was done.
	RunUntil(d time.Duration, done func() bool) bool
	// Weave makes the network.
	Weave(wires) fabric
	// Wall is the wall clock.
	Wall() time.Time
	// Steps is how many events have happened, and Trace a hash of them; empty where no two runs have the same.
	Steps() uint64
	Trace() string
}

// fabric is the network of an engine.
type fabric interface {
	// Host is the transport of the node at an address.
	Host(at netip.Addr) port.Transport
	// Crash ends the process at an address, and its connections.
	Crash(at netip.Addr)
	// Take gives a file that was received, and forgets it.
	Take(path string) []byte
}

// wires are what a network asks of the world. Its functions but sum are called with the laboratory's lock.
type wires struct {
	transit    func(from, to netip.Addr, bytes int) time.Duration
	sent       func(from, to netip.AddrPort, data []byte)
	arrived    func(from, to netip.AddrPort, data []byte)
	closed     func(local, remote netip.AddrPort)
	down       func(from, to netip.Addr) bool
	change     func(from, to netip.AddrPort, data []byte) []byte
	read       func(path string) ([]byte, bool)
	sum        func(content []byte) p2p.FileID
	patience   time.Duration
	writeQueue int
}

// simulated is the engine sim: one thread, which needs no lock.
type simulated struct{ *actortest.Sim }

func newSimulated(seed uint64) *machine {
	sim := actortest.NewSim(seed)
	return &machine{engine: simulated{sim}, System: sim.System, Log: sim.Log}
}

// Lock does nothing.
func (simulated) Lock() {}

// Unlock does nothing.
func (simulated) Unlock() {}

// Wall is the wall clock.
func (simulated) Wall() time.Time { return time.Now() }

// lookEvery is after how many events somebody looks around.
const lookEvery = 2048

// Pass implements engine.
func (s simulated) Pass(until time.Time, look func() bool) {
	for n := 0; ; n++ {
		if n%lookEvery == 0 && !look() {
			return
		}
		if !s.Step(until) {
			s.Run(until.Sub(s.Now()))
			return
		}
	}
}

// simulatedNet is the network of the engine sim.
type simulatedNet struct{ *actortest.Net }

// Weave implements engine.
func (s simulated) Weave(w wires) fabric {
	n := actortest.NewNet(s.Sim)
	n.Transit, n.Sent, n.Arrived, n.Closed, n.Down = w.transit, w.sent, w.arrived, w.closed, w.down
	n.Change, n.Read, n.Sum = w.change, w.read, w.sum
	n.Patience, n.WriteQueue, n.Retransmit = w.patience, w.writeQueue, true
	return simulatedNet{n}
}

// Take implements fabric.
func (n simulatedNet) Take(path string) []byte {
	content := n.Files[path]
	delete(n.Files, path)
	return content
}

// spawn makes an actor of the laboratory's own.
func (w *World) spawn(receive actor.ReceiveFunc) *actor.PID {
	return w.sim.System.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
		w.sim.Lock()
		defer w.sim.Unlock()
		receive(ctx)
	}, actor.WithDispatcher(w.sim)))
}
