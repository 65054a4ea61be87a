package world

import (
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/pipes"
	"alakazaam/cmd/alakalab/record"
)

// bubble is the engine mem: every actor that has work is a goroutine, as in the product, and so is each side of a
// connection. Package testing/synctest makes the time, which passes when none of them has anything to do. No two runs are
// the same, and what goes wrong only between goroutines goes wrong here: races, deadlocks, goroutines that never end.
type bubble struct {
	sync.Mutex
	actor.Dispatcher
	port.Clock
	system *actor.ActorSystem
	log    *logrus.Logger
	seed   uint64
	net    *pipes.Net
	timers atomic.Uint64 // that have come
	pulse  func()        // says that time has passed
	closed bool          // nothing of the laboratory's happens any more
}

// throughput is how many messages an actor takes before others get a turn: the framework's own number.
const throughput = 300

func newBubble(seed uint64, pulse func()) *machine {
	log := logrus.New()
	log.SetOutput(io.Discard)
	b := &bubble{Dispatcher: actor.NewDefaultDispatcher(throughput), system: props.NewSystem(log), log: log, seed: seed, pulse: pulse}
	b.Clock = timers{b}
	return &machine{engine: b, System: b.system, Log: log}
}

// timers are the clock of a bubble.
type timers struct{ *bubble }

// Now implements port.Clock.
func (timers) Now() time.Time { return time.Now() }

// After implements port.Clock.
func (t timers) After(d time.Duration, to *actor.PID, m any) port.Timer {
	return timer{time.AfterFunc(d, func() {
		t.timers.Add(1)
		t.system.Root.Send(to, m)
	})}
}

type timer struct{ t *time.Timer }

// Stop implements port.Timer.
func (t timer) Stop() { t.t.Stop() }

// Do implements engine.
func (b *bubble) Do(d time.Duration, f func()) port.Timer {
	return timer{time.AfterFunc(d, func() {
		b.Lock()
		defer b.Unlock()
		if !b.closed {
			b.timers.Add(1)
			f()
		}
	})}
}

// Env implements engine.
func (b *bubble) Env(stream uint64) *props.Env {
	return &props.Env{System: b.system, Rand: &shared{from: rand.NewPCG(b.seed, stream)}, Log: b.log}
}

// shared is a source of randomness for several goroutines.
type shared struct {
	mu   sync.Mutex
	from *rand.PCG
}

// Uint64 implements port.Rand.
func (s *shared) Uint64() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.from.Uint64()
}

// Weave implements engine.
func (b *bubble) Weave(w wires) fabric {
	b.net = pipes.New(pipes.Options{
		Root: b.system.Root, Lock: b, Transit: w.transit, Sent: w.sent, Arrived: w.arrived, Closed: w.closed, Down: w.down, Change: w.change, Read: w.read, Sum: w.sum,
		Patience: w.patience, WriteQueue: w.writeQueue,
	})
	return b.net
}

// stride is how much time passes before somebody looks around.
const stride = 100 * time.Millisecond

// Pass implements engine. The actors have nothing to do when it ends.
func (b *bubble) Pass(until time.Time, look func() bool) {
	for b.looks(look) && time.Until(until) > 0 {
		time.Sleep(min(stride, time.Until(until)))
		b.pulse()
	}
	synctest.Wait() // so that nobody is in the middle of something
}

func (b *bubble) looks(look func() bool) bool {
	b.Lock()
	defer b.Unlock()
	return look()
}

// RunUntil implements engine.
func (b *bubble) RunUntil(d time.Duration, done func() bool) bool {
	b.Pass(time.Now().Add(d), func() bool { return !done() })
	return b.looks(done)
}

// Wall implements engine.
func (b *bubble) Wall() time.Time { return time.Unix(0, wall.Load()) }

// Steps is how many timers have come, and pieces were sent.
func (b *bubble) Steps() uint64 { return b.timers.Load() + b.net.Pieces() }

// Trace is none.
func (*bubble) Trace() string { return "" }

// wall is the wall clock for those who live in bubbles.
var wall atomic.Int64

// patience is after how long of the wall clock a bubble in which no time passes is given up.
const patience = time.Minute

// inBubble calls f in a bubble of its own. f calls pulse each time that time has passed. The error is f's, or a panic in it, or
// says that no time passes any more; then the bubble is left as it is.
func inBubble[T any](f func(pulse func()) (T, error), patience time.Duration) (out T, err error) {
	var beats atomic.Uint64
	done := make(chan outcome[T], 1)
	go func() {
		var o outcome[T]
		defer func() { done <- o }() // also where the race detector has something to say, which ends this goroutine
		burst(&o, func() (T, error) { return f(func() { beats.Add(1) }) })
	}()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	seen, last := uint64(0), time.Now()
	for {
		now := time.Now()
		wall.Store(now.UnixNano())
		if n := beats.Load(); n != seen {
			seen, last = n, now
		}
		if now.Sub(last) > patience {
			return out, fmt.Errorf("engine mem: no time has passed for %v: goroutines wait for each other, or one works without end:\n%s",
				patience, strings.Join(waiting(), "\n\n"))
		}
		select {
		case o := <-done:
			return o.value, o.err
		case <-tick.C:
		}
	}
}

type outcome[T any] struct {
	value T
	err   error
}

// burst is a test of its own, which is the only way into a bubble. Nothing is asked of it but that it is one. That goroutines
// are left when f has returned is f's to say.
func burst[T any](out *outcome[T], f func() (T, error)) {
	returned := false
	defer func() {
		if v := recover(); v != nil && !returned {
			out.err = fmt.Errorf("engine mem: %v", v)
		}
	}()
	synctest.Test(new(testing.T), func(*testing.T) {
		defer func() {
			if v := recover(); v != nil {
				out.err = fmt.Errorf("engine mem: %v\n%s", v, debug.Stack())
			}
			returned = true
		}()
		out.value, out.err = f()
	})
}

// endings is how long a node has to end in order.
const endings = 30 * time.Second

// settling is what everything that ends by itself needs to do so: dials, and connections that are given up.
const settling = 2 * time.Minute

// clearOut ends all nodes and everything of the laboratory's, and counts the goroutines that are left then. It is an error
// where no check is there to say so.
func (w *World) clearOut(b *bubble, out *record.Run) error {
	b.Lock()
	b.closed = true
	for _, h := range w.hosts {
		if h.up && !h.ends {
			h.leave(nil)
		}
	}
	b.Unlock()
	b.RunUntil(endings, func() bool { return len(w.upSupers)+len(w.upPeers) == 0 })
	b.Lock()
	for _, h := range w.hosts {
		if h.up {
			h.log.Errorf("%s did not end within %v", h.name, endings)
			h.crash(false)
		}
	}
	for _, f := range w.foul {
		f.over = true
		w.net.Crash(f.self.IPv4())
	}
	b.Unlock()
	time.Sleep(settling)
	synctest.Wait()
	this := inThis()
	left := slices.DeleteFunc(stacks(func(first string) bool { return strings.HasSuffix(first, this) }), func(stack string) bool {
		return strings.Contains(stack, "\ntesting/synctest.") // those that the bubble itself is made of
	})
	out.Counters[record.GoroutinesLeft] = int64(len(left))
	if len(left) > 0 {
		out.Cases[record.GoroutinesLeft] = left[:min(len(left), mostCases)]
	}
	judged := slices.ContainsFunc(w.exp.Checks, func(c experiment.Check) bool { return c.Name == "bounded" })
	if len(left) > 0 && !judged {
		return fmt.Errorf("engine mem: goroutines that never end (%d, without a check bounded):\n%s", len(left), left[0])
	}
	return nil
}

// inThis is what the stack of a goroutine of this bubble has in its first line.
func inThis() string {
	buf := make([]byte, 200)
	first, _, _ := strings.Cut(string(buf[:runtime.Stack(buf, false)]), "\n")
	_, number, _ := strings.Cut(first, "synctest bubble ")
	return "synctest bubble " + number
}

// waiting are the stacks of goroutines in bubbles that wait for a lock, or work.
func waiting() []string {
	return stacks(func(first string) bool {
		return strings.Contains(first, "synctest bubble ") && !strings.Contains(first, "durable")
	})
}

// stacks are those of the other goroutines whose first line is meant.
func stacks(meant func(first string) bool) (out []string) {
	buf := make([]byte, 1<<20)
	n := runtime.Stack(buf, true)
	for n == len(buf) {
		buf = make([]byte, 2*len(buf))
		n = runtime.Stack(buf, true)
	}
	for _, stack := range strings.Split(string(buf[:n]), "\n\n")[1:] {
		if first, _, _ := strings.Cut(stack, "\n"); meant(first) {
			out = append(out, stack)
		}
	}
	return out
}
