package props

import (
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"
)

// mailbox is an actor.Mailbox for many actors that are mostly idle. It behaves as the framework's own one does: system
// messages come before user messages, a suspended actor gets the former alone, and one goroutine at a time deals with
// them. Unlike that one it makes nothing for a message or a wake-up, holds no room when it is empty, and knows no batches,
// which only the framework's cluster sends.
type mailbox struct {
	system, user queue
	depth        depth
	more         actor.MailboxMiddleware // nil in an ordinary node
	invoker      actor.MessageInvoker
	dispatcher   actor.Dispatcher
	run          func() // what the dispatcher gets, made once
	waiting      atomic.Int32
	busy         atomic.Bool // somebody deals with the messages, or will
	suspended    bool        // known to whoever is busy
}

// PostUserMessage implements actor.Mailbox.
func (m *mailbox) PostUserMessage(message any) {
	m.posted(message)
	m.waiting.Add(1)
	m.user.push(message)
	m.schedule()
}

// PostSystemMessage implements actor.Mailbox.
func (m *mailbox) PostSystemMessage(message any) {
	m.posted(message)
	m.system.push(message)
	m.schedule()
}

// RegisterHandlers implements actor.Mailbox.
func (m *mailbox) RegisterHandlers(invoker actor.MessageInvoker, dispatcher actor.Dispatcher) {
	m.invoker, m.dispatcher, m.run = invoker, dispatcher, m.work
}

// Start implements actor.Mailbox.
func (m *mailbox) Start() {
	if m.more != nil {
		m.more.MailboxStarted()
	}
}

// UserMessageCount implements actor.Mailbox.
func (m *mailbox) UserMessageCount() int { return int(m.waiting.Load()) }

func (m *mailbox) posted(message any) {
	m.depth.posted()
	if m.more != nil {
		m.more.MessagePosted(message)
	}
}

func (m *mailbox) received(message any) {
	m.depth.received(message)
	if m.more != nil {
		m.more.MessageReceived(message)
	}
}

// schedule wakes the actor up unless it is awake. Most who post to a busy actor only read that it is.
func (m *mailbox) schedule() {
	if !m.busy.Load() && m.busy.CompareAndSwap(false, true) {
		m.dispatcher.Schedule(m.run)
	}
}

// work deals with what there is. Who posts when it has ended may have found the actor awake, so it looks once more after
// it has said that it is not.
func (m *mailbox) work() {
	for {
		m.deal()
		suspended, left := m.suspended, m.system.left() || !m.suspended && m.user.left()
		m.busy.Store(false)
		if !left && m.system.quiet() && (suspended || m.user.quiet()) {
			if m.more != nil && !suspended {
				m.more.MailboxEmpty()
			}
			return
		}
		if !m.busy.CompareAndSwap(false, true) {
			return // whoever posted has woken the actor up
		}
	}
}

// deal deals with messages until there are none, or none for a suspended actor. A panic goes to the supervisor, which
// suspends the actor by a message that is there before deal is called again.
func (m *mailbox) deal() {
	var message any
	defer func() {
		if r := recover(); r != nil {
			m.invoker.EscalateFailure(r, message)
		}
	}()
	throughput := m.dispatcher.Throughput()
	for i := 0; ; i++ {
		if i > throughput {
			i = 0
			runtime.Gosched()
		}
		var ok bool
		if message, ok = m.system.pop(); ok {
			switch message.(type) {
			case *actor.SuspendMailbox:
				m.suspended = true
			case *actor.ResumeMailbox:
				m.suspended = false
			default:
				m.invoker.InvokeSystemMessage(message)
			}
		} else if m.suspended {
			return
		} else if message, ok = m.user.pop(); ok {
			m.waiting.Add(-1)
			m.invoker.InvokeUserMessage(message)
		} else {
			return
		}
		m.received(message)
	}
}

// queue has many who put messages in and one who takes them out. What was put in is a stack that he takes as a whole and
// turns round, so that messages come out in the order in which they went in.
type queue struct {
	in  atomic.Pointer[letter] // newest first
	out *letter                // oldest first; his alone
}

// letter is a message in a queue.
type letter struct {
	next    *letter
	message any
}

// letters are those that are in no queue. All mailboxes share them, so that none keeps what it needed at its peak.
var letters = sync.Pool{New: func() any { return new(letter) }}

func (q *queue) push(message any) {
	l := letters.Get().(*letter)
	l.message = message
	for {
		l.next = q.in.Load()
		if q.in.CompareAndSwap(l.next, l) {
			return
		}
	}
}

// pop takes the oldest message, and says whether there was one.
func (q *queue) pop() (any, bool) {
	if q.out == nil {
		if q.quiet() {
			return nil, false
		}
		for l := q.in.Swap(nil); l != nil; {
			l.next, q.out, l = q.out, l, l.next
		}
	}
	l := q.out
	message := l.message
	q.out = l.next
	l.next, l.message = nil, nil
	letters.Put(l)
	return message, true
}

// left says whether pop has kept messages back that it took from the stack. It is for who calls pop.
func (q *queue) left() bool { return q.out != nil }

// quiet says whether nothing was put in since pop took all there was.
func (q *queue) quiet() bool { return q.in.Load() == nil }
