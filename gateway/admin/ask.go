package admin

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// Errors of asking an actor.
var (
	errSilent = errors.New("no answer in time")
	errGone   = errors.New("the node is ending")
)

// inbox is where the answers to one request arrive. It is a process of the framework with no actor behind it, and not
// one of its futures, because those cannot be given up before their time is over, and take one answer only.
//
// Of answers that come faster than they are read the last one is kept: whoever follows a download wants to know how it
// stands, and a client that does not read must not make the node remember.
type inbox struct {
	system *actor.ActorSystem
	pid    *actor.PID

	mu   sync.Mutex
	last any
	came chan struct{} // holds one while last has not been read
}

func (s *Server) newInbox() *inbox {
	b := &inbox{system: s.System, came: make(chan struct{}, 1)}
	registry := s.System.ProcessRegistry
	b.pid, _ = registry.Add(b, "admin"+registry.NextId()) // such ids do not come twice
	return b
}

// close makes whatever still comes a dead letter.
func (b *inbox) close() { b.system.ProcessRegistry.Remove(b.pid) }

// SendUserMessage implements actor.Process. It runs in the sender, and does not block.
func (b *inbox) SendUserMessage(_ *actor.PID, m any) {
	_, m, _ = actor.UnwrapEnvelope(m)
	b.mu.Lock()
	b.last = m
	b.mu.Unlock()
	select {
	case b.came <- struct{}{}:
	default:
	}
}

// SendSystemMessage implements actor.Process.
func (b *inbox) SendSystemMessage(*actor.PID, any) {}

// Stop implements actor.Process.
func (b *inbox) Stop(*actor.PID) {}

// send brings a message to an actor. Where there is none any more the inbox hears of it at once.
func (b *inbox) send(to *actor.PID, m any) {
	b.system.Root.RequestWithCustomSender(to, m, b.pid)
}

// next waits for an answer that has not been read.
func (b *inbox) next(ctx context.Context) (any, error) {
	select {
	case <-b.came:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, dead := b.last.(*actor.DeadLetterResponse); dead {
		return nil, errGone
	}
	return b.last, nil
}

// ask has an actor answer a request, which is made with the PID that the answer goes to. errSilent means that it did not
// answer in time, and errGone that there is no such actor any more.
func ask[A any](ctx context.Context, s *Server, to *actor.PID, timeout time.Duration, request func(*actor.PID) any) (answer A, err error) {
	if to == nil {
		return answer, errGone
	}
	b := s.newInbox()
	defer b.close()
	m := request(b.pid)
	b.send(to, m)
	return await[A](ctx, b, to, timeout)
}

// await waits for an answer of one type.
func await[A any](ctx context.Context, b *inbox, from *actor.PID, timeout time.Duration) (answer A, err error) {
	limited, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	m, err := b.next(limited)
	if err != nil {
		if ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("%s: %w", nameOf(from), errSilent)
		}
		return answer, err
	}
	answer, ok := m.(A)
	if !ok {
		return answer, fmt.Errorf("%s answered with a %T", nameOf(from), m)
	}
	return answer, nil
}

// nameOf is an actor's name within its node: "catalog" of "node/catalog".
func nameOf(pid *actor.PID) string { return pid.Id[strings.LastIndexByte(pid.Id, '/')+1:] }
