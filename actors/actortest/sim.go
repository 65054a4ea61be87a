// Package actortest runs actors without a network, a disk or a wall clock. It is imported by tests and the laboratory
// only.
//
// A Sim is one thread and a heap of events. It is the clock of the actors, the dispatcher that runs them, and what the
// simulated network is built on. All actors that have work run to the end after each event, in the order in which work
// came to them. So the same seed gives the same run, event by event.
package actortest

import (
	"container/heap"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io"
	"math"
	"math/rand/v2"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/port"
	"alakazaam/actors/props"
)

// Sim is the simulated world. It is not safe for concurrent use: everything happens in the goroutine that calls Run.
type Sim struct {
	System *actor.ActorSystem
	// Log gets what the actors log. It drops everything unless a test sets its output.
	Log *logrus.Logger

	seed   uint64
	now    time.Time
	seq    uint64
	events events
	ready  []func() // actors that have work
	trace  hash.Hash
}

// NewSim makes a world in which it is the first of January 2000. Whatever is random in it comes from seed.
func NewSim(seed uint64) *Sim {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return &Sim{
		System: props.NewSystem(log), Log: log, seed: seed,
		now: time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), trace: sha256.New(),
	}
}

// Env is what the actors of one node are made with. stream tells the nodes' randomness apart. A node that gives up
// panics: as an event, in the goroutine that calls Run, because an actor's panic would only have it restarted.
func (s *Sim) Env(stream uint64) *props.Env {
	return &props.Env{
		System: s.System, Dispatcher: s, Clock: s, Rand: rand.NewPCG(s.seed, stream), Metrics: NoMetrics{}, Log: s.Log,
		Fatal: func(err error) { s.Do(0, func() { panic(err) }) },
	}
}

// Rand is a stream of randomness for the world's own use.
func (s *Sim) Rand(stream uint64) *rand.Rand { return rand.New(rand.NewPCG(s.seed, stream)) }

// event is something that happens at its time. Events of the same time happen in the order in which they were made.
type event struct {
	at      time.Time
	seq     uint64
	f       func()
	stopped bool
}

// Stop implements port.Timer.
func (e *event) Stop() { e.stopped = true }

// Now implements port.Clock.
func (s *Sim) Now() time.Time { return s.now }

// After implements port.Clock.
func (s *Sim) After(d time.Duration, to *actor.PID, m any) port.Timer {
	return s.Do(d, func() { s.System.Root.Send(to, m) })
}

// Do has f called when d has passed.
func (s *Sim) Do(d time.Duration, f func()) port.Timer {
	s.seq++
	e := &event{at: s.now.Add(max(0, d)), seq: s.seq, f: f}
	heap.Push(&s.events, e)
	return e
}

// Schedule implements actor.Dispatcher: the actor runs when those that had work before it have run.
func (s *Sim) Schedule(fn func()) { s.ready = append(s.ready, fn) }

// Throughput implements actor.Dispatcher: no actor is interrupted.
func (s *Sim) Throughput() int { return math.MaxInt }

// drain runs the actors that have work, and those that get work from them.
func (s *Sim) drain() {
	for i := 0; i < len(s.ready); i++ {
		s.ready[i]()
		s.ready[i] = nil
	}
	s.ready = s.ready[:0]
}

// Step lets the actors run and then the next event happen, if it is not later than until. It says whether one was.
func (s *Sim) Step(until time.Time) bool {
	s.drain()
	for len(s.events) > 0 && !s.events[0].at.After(until) {
		e := heap.Pop(&s.events).(*event)
		if e.stopped {
			continue
		}
		s.now = e.at
		e.f()
		s.drain()
		return true
	}
	return false
}

// Run lets d pass.
func (s *Sim) Run(d time.Duration) {
	until := s.now.Add(d)
	for s.Step(until) {
	}
	s.now = until
}

// RunUntil lets time pass until done, for d at most, and says whether it was done.
func (s *Sim) RunUntil(d time.Duration, done func() bool) bool {
	until := s.now.Add(d)
	for s.drain(); !done(); {
		if !s.Step(until) {
			s.now = until
			return done()
		}
	}
	return true
}

// Pending is how many events are still to happen.
func (s *Sim) Pending() int {
	n := 0
	for _, e := range s.events {
		if !e.stopped {
			n++
		}
	}
	return n
}

// record adds something that happened to the trace.
func (s *Sim) record(kind byte, b ...[]byte) {
	var head [9]byte
	binary.BigEndian.PutUint64(head[:], uint64(s.now.UnixNano()))
	head[8] = kind
	s.trace.Write(head[:])
	for _, p := range b {
		s.trace.Write(binary.BigEndian.AppendUint32(nil, uint32(len(p))))
		s.trace.Write(p)
	}
}

// Trace is a hash of everything that has happened on the network so far, with its times.
func (s *Sim) Trace() string { return hex.EncodeToString(s.trace.Sum(nil)) }

// events is a heap by time, then by order of making.
type events []*event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	if e[i].at.Equal(e[j].at) {
		return e[i].seq < e[j].seq
	}
	return e[i].at.Before(e[j].at)
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }

// Push implements heap.Interface.
func (e *events) Push(x any) { *e = append(*e, x.(*event)) }

// Pop implements heap.Interface.
func (e *events) Pop() any {
	old := *e
	last := old[len(old)-1]
	old[len(old)-1] = nil
	*e = old[:len(old)-1]
	return last
}
