package props

import (
	"math"
	"sync/atomic"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/port"
)

// depth counts the messages of one mailbox into the level of its actor's kind: those that were posted and have not been
// dealt with, the one that is being dealt with among them.
type depth struct {
	level port.Gauge
	// n is this mailbox's part of the level, and far below zero once nothing will be taken from it any more.
	n                  atomic.Int64
	suspended, stopped bool // known to whoever takes the messages
}

// posted counts a message. It runs in the sender.
func (d *depth) posted() {
	if d.n.Add(1) > 0 {
		d.level.Add(1)
	}
}

// received is called when a message has been dealt with, and not called when that ended in a panic: then the framework
// suspends the mailbox, and only after a failure.
func (d *depth) received(m any) {
	switch m.(type) {
	case *actor.SuspendMailbox:
		d.suspended = true
		d.taken(2) // the message that failed as well
	case *actor.ResumeMailbox:
		d.suspended = false
		d.taken(1)
	case *actor.Stop:
		d.stopped = true
		d.taken(1)
	default:
		d.taken(1)
		return
	}
	if d.suspended && d.stopped {
		d.abandon()
	}
}

func (d *depth) taken(n int) {
	if d.n.Add(-int64(n)) >= 0 {
		d.level.Add(-n)
	}
}

// abandon takes this mailbox's part off the level: a suspended actor that was stopped takes nothing more, and what others
// still post to it is not counted.
func (d *depth) abandon() {
	if n := d.n.Swap(math.MinInt64 / 2); n > 0 {
		d.level.Add(-int(n))
	}
}
