// Package port is what actors need from outside: time, randomness, a network, disks, a durable directory, metrics.
// The interfaces are small, so that the same actors run on real sockets and on simulated ones.
//
// None of the calls blocks. Whatever takes time ends in a message to the actor that the call names; those messages are
// the types of this package. Implementations are safe for concurrent use.
package port

import (
	"time"

	"github.com/asynkron/protoactor-go/actor"
)

// Clock tells the time and sends messages later.
type Clock interface {
	Now() time.Time
	// After sends m to the actor to when d has passed, unless the Timer is stopped first.
	After(d time.Duration, to *actor.PID, m any) Timer
}

// Timer is a message that Clock.After has promised.
type Timer interface {
	// Stop keeps the message from being sent, if it has not been sent yet. What is already in the mailbox stays there.
	Stop()
}

// Rand is a source of uniformly distributed 64-bit values: rand.Source of math/rand/v2. In the product it is
// cryptographic, because SessionIDs are drawn from it.
type Rand interface {
	Uint64() uint64
}

// Metrics hands out counters, gauges and histograms. Names follow Prometheus' rules without the program's prefix; labels
// are alternating names and values, and no value comes from the network. Asking again with the same arguments gives the
// same series, so actors ask once, when they are made, and keep what they got: a series that exists from the start reads
// 0 until something happens, instead of being absent.
type Metrics interface {
	Counter(name, help string, labels ...string) Counter
	Gauge(name, help string, labels ...string) Gauge
	// Histogram counts values by size. buckets are the upper bounds of the classes, rising; the first who asks for a name
	// decides them.
	Histogram(name, help string, buckets []float64, labels ...string) Histogram
}

// Counter only goes up.
type Counter interface {
	Add(n int)
}

// Gauge is a level.
type Gauge interface {
	Add(n int)
	Set(n int)
}

// Histogram tells how large values were: of durations in seconds, or of numbers of things.
type Histogram interface {
	Observe(v float64)
}
