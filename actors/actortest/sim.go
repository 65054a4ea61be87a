// Package actortest runs actors without a network, a disk or a wall clock. It is imported by tests and the laboratory
// only.
//
// A Sim is one thread and a heap of events. It is the clock of the actors, the dispatcher that runs them, and what the
// simulated network is built on. All actors that have work run to the end after each event, in the order in which work
// came to them. So the same seed gives the same run, event by event.
package actortest

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"io"
	"math"
	"math/rand/v2"
	"net/netip"
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
	turn   int      // of the one that runs
	trace  hash.Hash
	noted  []byte // of the trace, and not hashed yet
	steps  uint64 // events that have happened
}

// NewSim makes a world in which it is the first of January 2000. Whatever is random in it comes from seed.
func NewSim(seed uint64) *Sim {
	log := logrus.New()
	log.SetOutput(io.Discard)
	return &Sim{
		System: props.NewSystem(log), Log: log, seed: seed, turn: -1,
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

// event is something that happens at its time: f is called, or else m is sent to an actor. Events of the same time happen
// in the order in which they were made.
type event struct {
	at  time.Time
	seq uint64
	f   func()
	to  *actor.PID
	m   any
}

// Stop implements port.Timer. The event stays where it is, empty, until its time.
func (e *event) Stop() { e.f, e.to, e.m = nil, nil, nil }

func (e *event) stopped() bool { return e.f == nil && e.to == nil }

// Now implements port.Clock.
func (s *Sim) Now() time.Time { return s.now }

// After implements port.Clock.
func (s *Sim) After(d time.Duration, to *actor.PID, m any) port.Timer {
	return s.schedule(s.now.Add(max(0, d)), &event{to: to, m: m})
}

// Do has f called when d has passed.
func (s *Sim) Do(d time.Duration, f func()) port.Timer {
	return s.schedule(s.now.Add(max(0, d)), &event{f: f})
}

func (s *Sim) schedule(at time.Time, e *event) *event {
	s.seq++
	e.at, e.seq = at, s.seq
	s.events.push(e)
	return e
}

// Schedule implements actor.Dispatcher: the actor runs when those that had work before it have run.
func (s *Sim) Schedule(fn func()) { s.ready = append(s.ready, fn) }

// ScheduleAmong is Schedule for an actor that runs at a random turn among those that wait. It says whether that is
// another one than the last.
func (s *Sim) ScheduleAmong(fn func(), r *rand.Rand) bool {
	s.ready = append(s.ready, fn)
	last := len(s.ready) - 1
	i := s.turn + 1 + r.IntN(last-s.turn)
	s.ready[i], s.ready[last] = s.ready[last], s.ready[i]
	return i != last
}

// Throughput implements actor.Dispatcher: no actor is interrupted.
func (s *Sim) Throughput() int { return math.MaxInt }

// drain runs the actors that have work, and those that get work from them.
func (s *Sim) drain() {
	for s.turn = 0; s.turn < len(s.ready); s.turn++ {
		s.ready[s.turn]()
		s.ready[s.turn] = nil
	}
	s.ready, s.turn = s.ready[:0], -1
}

// Step lets the actors run and then the next event happen, if it is not later than until. It says whether one was.
func (s *Sim) Step(until time.Time) bool {
	s.drain()
	for len(s.events) > 0 && !s.events[0].at.After(until) {
		e := s.events.pop()
		if e.stopped() {
			continue
		}
		s.now = e.at
		s.steps++
		if e.f != nil {
			e.f()
		} else {
			s.System.Root.Send(e.to, e.m)
		}
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
		if !e.stopped() {
			n++
		}
	}
	return n
}

// Steps is how many events have happened.
func (s *Sim) Steps() uint64 { return s.steps }

// record adds something that happened to the trace.
func (s *Sim) record(kind byte, at [2]netip.AddrPort, data []byte) {
	b := append(binary.BigEndian.AppendUint64(s.noted, uint64(s.now.UnixNano())), kind)
	for _, a := range at {
		ip := a.Addr().As16()
		b = append(b, ip[:]...)
		b = binary.BigEndian.AppendUint16(b, a.Port())
	}
	b = append(binary.BigEndian.AppendUint32(b, uint32(len(data))), data...)
	s.noted = b
	if len(s.noted) > 32<<10 {
		s.hash()
	}
}

func (s *Sim) hash() {
	s.trace.Write(s.noted)
	s.noted = s.noted[:0]
}

// Trace is a hash of everything that has happened on the network so far, with its times.
func (s *Sim) Trace() string {
	s.hash()
	return hex.EncodeToString(s.trace.Sum(nil))
}

// events is a heap by time, then by order of making, of four children a node. It is written out because a run spends much
// of its time here.
type events []*event

func (e *event) before(o *event) bool {
	if e.at.Equal(o.at) {
		return e.seq < o.seq
	}
	return e.at.Before(o.at)
}

func (h *events) push(e *event) {
	*h = append(*h, e)
	all := *h
	i := len(all) - 1
	for i > 0 {
		up := (i - 1) / 4
		if !e.before(all[up]) {
			break
		}
		all[i] = all[up]
		i = up
	}
	all[i] = e
}

func (h *events) pop() *event {
	all := *h
	first, last := all[0], all[len(all)-1]
	all[len(all)-1] = nil
	all = all[:len(all)-1]
	*h = all
	if len(all) == 0 {
		return first
	}
	i := 0
	for {
		least := 4*i + 1
		if least >= len(all) {
			break
		}
		for c := least + 1; c < min(4*i+5, len(all)); c++ {
			if all[c].before(all[least]) {
				least = c
			}
		}
		if !all[least].before(last) {
			break
		}
		all[i] = all[least]
		i = least
	}
	all[i] = last
	return first
}
