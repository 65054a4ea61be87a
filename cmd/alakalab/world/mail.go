package world

import (
	"sync"

	"github.com/asynkron/protoactor-go/actor"

	injected "alakazaam/actors/fault"
	"alakazaam/actors/props"
	"alakazaam/cmd/alakalab/record"
)

// mail accounts for every message that is put into a mailbox of a node's actor: what it is put in for is one thing, which
// mailboxes tell, and what the actor saw of it another, which the place tells where faults are injected. Actors run to the
// end one after the other, so that what is taken out of a mailbox next is what its actor has just been shown.
//
// Nobody's mail waits while the world stands still between two events, but for that of an actor that hangs.
//
// Where actors run at the same time only mailboxes tell: what was taken out of one and not dropped by a fault was processed.
type mail struct {
	blurred                                         bool
	mu                                              sync.Mutex // of the rest, and of all boxes; nothing else is locked with it
	posted, processed, panicked, dropped, discarded int64
	hanging                                         int64 // mailboxes whose actor failed and was neither restarted nor stopped

	fate           fate
	drops, stopped *series // what rules of faults have done to messages
}

// fate is what became of the message in hand.
type fate uint8

const (
	unseen fate = iota // its actor has not been shown it
	seen
	lost    // a fault dropped it
	refused // a fault stopped its actor instead
)

func newMail(m *meters, blurred bool) *mail {
	did := func(action string) *series {
		return m.get("faults_injected_total", []string{"fault", "(runtime)", "action", action})
	}
	return &mail{blurred: blurred, drops: did("drop"), stopped: did("stop")}
}

// total puts the account into the counters.
func (m *mail) total(n map[string]int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.blurred {
		m.dropped, m.discarded = m.drops.n.Load(), m.discarded+m.stopped.n.Load()
		m.processed -= m.dropped + m.stopped.n.Load()
	}
	n[record.MessagesPosted], n[record.MessagesProcessed], n[record.MessagesPanicked] = m.posted, m.processed, m.panicked
	n[record.MessagesDropped], n[record.MessagesDiscarded], n[record.MessagesWaiting] = m.dropped, m.discarded, 0
	n[record.PanicsUnsupervised] = m.hanging
}

// box is the account of one mailbox. It implements actor.MailboxMiddleware.
type box struct {
	of                 *mail
	waiting            int64
	suspended, stopped bool
}

func (m *mail) box(string) actor.MailboxMiddleware { return &box{of: m} }

// MailboxStarted implements actor.MailboxMiddleware.
func (b *box) MailboxStarted() {}

// MailboxEmpty implements actor.MailboxMiddleware.
func (b *box) MailboxEmpty() {}

// MessagePosted implements actor.MailboxMiddleware. The framework suspends the mailbox of an actor that has failed: the
// message over which it did is lost.
func (b *box) MessagePosted(m any) {
	b.of.mu.Lock()
	defer b.of.mu.Unlock()
	b.of.posted++
	b.waiting++
	if _, failed := m.(*actor.SuspendMailbox); failed {
		b.of.panicked++
		b.waiting--
		b.of.fate = unseen
	}
	if b.suspended && b.stopped {
		b.abandon()
	}
}

// MessageReceived implements actor.MailboxMiddleware.
func (b *box) MessageReceived(m any) {
	b.of.mu.Lock()
	defer b.of.mu.Unlock()
	b.waiting--
	var system bool
	switch m.(type) {
	case *actor.SuspendMailbox:
		if system, b.suspended = true, true; !b.stopped {
			b.of.hanging++
		}
	case *actor.ResumeMailbox:
		system, b.suspended = true, false
		b.of.hanging--
	case *actor.Stop:
		if system = true; b.suspended && !b.stopped {
			b.of.hanging--
		}
		b.stopped = true
	case actor.SystemMessage, actor.AutoReceiveMessage:
		system = true
	}
	b.of.taken(system)
	if b.suspended && b.stopped {
		b.abandon()
	}
}

// abandon gives up what waits: a suspended actor that was stopped takes nothing more.
func (b *box) abandon() {
	b.of.discarded += b.waiting
	b.waiting = 0
}

// taken says what became of a message that was taken out of a mailbox. What no actor saw came after its end.
func (m *mail) taken(system bool) {
	switch f := m.fate; {
	case f == lost:
		m.dropped++
	case f == refused, f == unseen && !system && !m.blurred:
		m.discarded++
	default:
		m.processed++
	}
	m.fate = unseen
}

// watched are a host's faults, with the account before them.
type watched struct {
	*mail
	faults props.Faults // nil: there are none
}

// watch puts the account before a host's faults, where it is to look at what actors are shown.
func (m *mail) watch(f *injected.Faults) props.Faults {
	w := &watched{mail: m}
	if f != nil {
		w.faults = f
	}
	if m.blurred {
		return w.faults
	}
	return w
}

// Of implements props.Faults.
func (w *watched) Of(kind string) props.Injector {
	h := &hand{mail: w.mail}
	if w.faults != nil {
		h.faults = w.faults.Of(kind)
	}
	return h
}

// hand is what one actor takes messages with.
type hand struct {
	*mail
	faults props.Injector // nil: there are none
}

// Next implements props.Injector.
func (h *hand) Next(ctx actor.Context) (actor.Context, bool) {
	h.fate = seen
	if h.faults == nil {
		return ctx, true
	}
	drops, stopped := h.drops.n.Load(), h.stopped.n.Load()
	ctx, now := h.faults.Next(ctx)
	switch {
	case h.drops.n.Load() > drops:
		h.fate = lost
	case h.stopped.n.Load() > stopped:
		h.fate = refused
	}
	return ctx, now
}

// Leave implements props.Injector.
func (h *hand) Leave(ctx actor.Context) {
	if h.faults != nil {
		h.faults.Leave(ctx)
	}
}
