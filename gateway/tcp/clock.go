package tcp

import (
	"crypto/rand"
	"encoding/binary"
	"sync"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/port"
)

// NewClock is the wall clock. Its messages come from a timer's goroutine, never from the caller's.
func NewClock(system *actor.ActorSystem) port.Clock { return clock{system.Root} }

type clock struct{ root *actor.RootContext }

func (clock) Now() time.Time { return time.Now() }

func (c clock) After(d time.Duration, to *actor.PID, m any) port.Timer {
	return timer{time.AfterFunc(d, func() { c.root.Send(to, m) })}
}

// timer takes away time.Timer's answer, which no actor needs: what is in its mailbox already is there either way.
type timer struct{ t *time.Timer }

func (t timer) Stop() { t.t.Stop() }

// NewRand draws from the operating system's cryptographic source.
func NewRand() port.Rand {
	r := &random{}
	r.left = r.pool[:0]
	return r
}

// random hands out the system's randomness 64 values at a time, which makes a draw ten times as fast.
type random struct {
	mu   sync.Mutex
	left []byte // of pool, not drawn yet
	pool [512]byte
}

func (r *random) Uint64() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.left) == 0 {
		r.left = r.pool[:]
		_, _ = rand.Read(r.left) // ends the process rather than return an error
	}
	v := binary.LittleEndian.Uint64(r.left)
	clear(r.left[:8]) // a SessionID that was handed out cannot be found in memory again
	r.left = r.left[8:]
	return v
}
