package props_test

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"alakazaam/actors/actortest"
	"alakazaam/actors/props"
)

// spy is all around one mailbox: it posts, dispatches, is the actor, looks on, and notes whatever it sees.
type spy struct {
	actor.Mailbox
	ready []func()
	saw   []string
}

func (s *spy) note(what string, message any) {
	s.saw = append(s.saw, fmt.Sprintf("%s %T %v", what, message, message))
}

func (s *spy) Schedule(run func())             { s.ready = append(s.ready, run) }
func (s *spy) Throughput() int                 { return 2 }
func (s *spy) MailboxStarted()                 { s.note("started", nil) }
func (s *spy) MailboxEmpty()                   { s.note("empty", s.UserMessageCount()) }
func (s *spy) MessagePosted(message any)       { s.note("posted", message) }
func (s *spy) MessageReceived(message any)     { s.note("received", message) }
func (s *spy) InvokeSystemMessage(message any) { s.invoke("system", message) }
func (s *spy) InvokeUserMessage(message any)   { s.invoke("user", message) }

// EscalateFailure suspends the actor as the framework does.
func (s *spy) EscalateFailure(reason, message any) {
	s.note(fmt.Sprint("failed: ", reason), message)
	s.PostSystemMessage(&actor.SuspendMailbox{})
}

// invoke does what a message says.
func (s *spy) invoke(how string, message any) {
	s.note(how, message)
	switch message {
	case "panic":
		panic("boom")
	case "post":
		s.PostUserMessage("posted by itself")
		s.PostSystemMessage("posted by itself")
	case "suspend":
		s.PostSystemMessage(&actor.SuspendMailbox{})
	case "resume":
		s.PostSystemMessage(&actor.ResumeMailbox{})
	}
}

func (s *spy) run() {
	for len(s.ready) > 0 {
		run := s.ready[0]
		s.ready = s.ready[1:]
		run()
	}
}

// TestMailboxIsTheFrameworks has the same things happen to one of the framework's mailboxes and to one of ours.
func TestMailboxIsTheFrameworks(t *testing.T) {
	message := rapid.SampledFrom([]string{"a", "b", "c", "panic", "post", "suspend", "resume"})
	rapid.Check(t, func(rt *rapid.T) {
		ours, theirs := &spy{}, &spy{}
		ours.Mailbox = props.NewMailbox(actortest.NoMetrics{}.Gauge("", ""), ours)
		theirs.Mailbox = actor.UnboundedLockfree(theirs)()
		both := func(do func(*spy)) { do(ours); do(theirs) }
		both(func(s *spy) { s.RegisterHandlers(s, s); s.Start() })
		for range rapid.IntRange(0, 30).Draw(rt, "steps") {
			m := message.Draw(rt, "message")
			switch rapid.SampledFrom([]string{"user", "user", "user", "system", "suspend", "resume", "run"}).Draw(rt, "step") {
			case "user":
				both(func(s *spy) { s.PostUserMessage(m) })
			case "system":
				both(func(s *spy) { s.PostSystemMessage(m) })
			case "suspend":
				both(func(s *spy) { s.PostSystemMessage(&actor.SuspendMailbox{}) })
			case "resume":
				both(func(s *spy) { s.PostSystemMessage(&actor.ResumeMailbox{}) })
			case "run":
				both((*spy).run)
			}
			if !slices.Equal(ours.saw, theirs.saw) || ours.UserMessageCount() != theirs.UserMessageCount() {
				rt.Fatalf("ours %d %q\ntheirs %d %q", ours.UserMessageCount(), ours.saw, theirs.UserMessageCount(), theirs.saw)
			}
			if len(ours.ready) != len(theirs.ready) {
				rt.Fatalf("%d and %d wait for the dispatcher", len(ours.ready), len(theirs.ready))
			}
		}
	})
}

// crowd is an actor to which many send at once.
type crowd struct {
	t         *testing.T
	mailbox   actor.Mailbox
	inside    atomic.Int32
	suspended bool        // as its mailbox should be
	next      map[int]int // by sender
	left      int
	done      chan struct{}
}

// numbered is one message of a sender.
type numbered struct{ sender, n int }

func (c *crowd) MailboxStarted()   {}
func (c *crowd) MailboxEmpty()     {}
func (c *crowd) MessagePosted(any) {}

func (c *crowd) MessageReceived(message any) {
	switch message.(type) {
	case *actor.SuspendMailbox:
		c.suspended = true
	case *actor.ResumeMailbox:
		c.suspended = false
	}
}

func (c *crowd) InvokeSystemMessage(any) {}

func (c *crowd) InvokeUserMessage(message any) {
	if c.inside.Add(1) != 1 || c.suspended {
		c.t.Errorf("%v: somebody else inside, or suspended: %v", message, c.suspended)
	}
	m := message.(numbered)
	if c.next[m.sender] != m.n {
		c.t.Errorf("sender %d: %d came and not %d", m.sender, m.n, c.next[m.sender])
	}
	c.next[m.sender] = m.n + 1
	if c.left--; c.left == 0 {
		close(c.done)
	}
	c.inside.Add(-1)
	if m.n%100 == 99 {
		panic("boom")
	}
}

// EscalateFailure suspends the actor, as the framework does, and has somebody resume it.
func (c *crowd) EscalateFailure(any, any) {
	c.mailbox.PostSystemMessage(&actor.SuspendMailbox{})
	go c.mailbox.PostSystemMessage(&actor.ResumeMailbox{})
}

// TestMailboxUnderMany: nothing is lost, the messages of each sender stay in order, one is dealt with at a time, and none
// by an actor that is suspended.
func TestMailboxUnderMany(t *testing.T) {
	const senders, each = 8, 5000
	c := &crowd{t: t, next: map[int]int{}, left: senders * each, done: make(chan struct{})}
	c.mailbox = props.NewMailbox(actortest.NoMetrics{}.Gauge("", ""), c)
	c.mailbox.RegisterHandlers(c, actor.NewDefaultDispatcher(10))
	var sent sync.WaitGroup
	for s := range senders {
		sent.Go(func() {
			for n := range each {
				c.mailbox.PostUserMessage(numbered{s, n})
				if n%10 == s {
					runtime.Gosched() // so that it is idle at times
				}
			}
		})
	}
	sent.Wait()
	<-c.done
	require.Zero(t, c.mailbox.UserMessageCount())
}

// nobody deals with messages.
type nobody struct{}

func (nobody) InvokeSystemMessage(any)  {}
func (nobody) InvokeUserMessage(any)    {}
func (nobody) EscalateFailure(any, any) {}

// BenchmarkMailbox compares our mailboxes with the framework's: a message to an actor that sleeps, one to an actor that is
// awake, and what an idle mailbox keeps after a burst.
func BenchmarkMailbox(b *testing.B) {
	level := gauge{new(atomic.Int64)}
	for name, produce := range map[string]actor.MailboxProducer{
		"ours":        func() actor.Mailbox { return props.NewMailbox(level, nil) },
		"framework's": actor.UnboundedLockfree(),
	} {
		b.Run("wake/"+name, func(b *testing.B) {
			m := produce()
			m.RegisterHandlers(nobody{}, dispatcherFunc(func(run func()) { run() }))
			b.ReportAllocs()
			for b.Loop() {
				m.PostUserMessage(b)
			}
		})
		b.Run("awake/"+name, func(b *testing.B) {
			m := produce()
			var run func()
			m.RegisterHandlers(nobody{}, dispatcherFunc(func(f func()) { run = f }))
			b.ReportAllocs()
			for b.Loop() {
				for range 100 {
					m.PostUserMessage(b)
				}
				run()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/100, "ns/message")
		})
		b.Run("idle/"+name, func(b *testing.B) { benchmarkIdle(b, produce) })
	}
}

func benchmarkIdle(b *testing.B, produce actor.MailboxProducer) {
	for b.Loop() {
		kept := [10000]actor.Mailbox{}
		before := heap()
		for i := range kept {
			kept[i] = produce()
			kept[i].RegisterHandlers(nobody{}, dispatcherFunc(func(run func()) { run() }))
			for range 100 {
				kept[i].PostUserMessage(b)
			}
		}
		b.ReportMetric(float64(heap()-before)/float64(len(kept)), "B/mailbox")
		runtime.KeepAlive(&kept)
	}
}

// heap gives the bytes that are in use when two collections have dropped what pools hold.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// dispatcherFunc gets what should run.
type dispatcherFunc func(func())

func (d dispatcherFunc) Schedule(run func()) { d(run) }
func (d dispatcherFunc) Throughput() int     { return math.MaxInt }
