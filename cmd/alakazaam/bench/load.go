package bench

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// lateAfter is how long after its moment a request of an open loop may begin before it counts as late. The latency
	// holds all of it in any case.
	lateAfter = time.Millisecond
	// failurePause is how long a client of a closed loop rests after a failure, lest it does nothing but fail.
	failurePause = 10 * time.Millisecond
)

// request is what one arrival asks for. All of it is drawn before it is sent, so that the target has no influence on it.
type request struct {
	op   Operation
	peer int
	a, b uint64 // what else has to be chosen
}

// driver sends requests to one target and records how they end.
type driver struct {
	mix      Mix
	peers    int
	seed     uint64
	arrivals Arrivals
	inFlight int // bound of an open loop
	do       func(context.Context, request) result

	grace time.Duration // after the end of a turn; what is under way then is cut off

	turn   uint64 // how many there have been
	end    time.Time
	flying atomic.Int64
	done   atomic.Int64
	failed atomic.Int64
}

// random is the randomness of one arrival process. Each turn, and each client in it, has its own.
func (d *driver) random(n int) *rand.Rand {
	return rand.New(rand.NewPCG(d.seed+2, d.turn<<32|uint64(n)))
}

// begin prepares a turn that lasts so long.
func (d *driver) begin(length time.Duration) {
	d.turn++
	d.end = time.Now().Add(length)
	d.done.Store(0)
	d.failed.Store(0)
}

// run puts a load on the target for a turn, and waits for what is still under way then.
func (d *driver) run(ctx context.Context, l Load, length time.Duration, r *recorder) {
	ctx, cancel := context.WithDeadline(ctx, d.end.Add(d.grace))
	defer cancel()
	start := d.end.Add(-length)
	r.begin(start, length)
	if l.Clients > 0 {
		d.closed(ctx, l.Clients, r)
	} else {
		d.open(ctx, l.Rate, start, r)
	}
	r.end(time.Now())
}

// carry sends one request and records it.
func (d *driver) carry(ctx context.Context, q request, intended time.Time, r *recorder) (ok bool) {
	defer d.flying.Add(-1)
	res := d.do(ctx, q)
	r.add(q.op, intended, time.Now(), res)
	d.done.Add(1)
	if res.err != nil {
		d.failed.Add(1)
	}
	return res.err == nil
}

// closed has so many clients, each of which sends a request when the one before has ended. Peers are shared out among them.
func (d *driver) closed(ctx context.Context, clients int, r *recorder) {
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			random := d.random(i)
			for ctx.Err() == nil {
				now := time.Now()
				if !now.Before(d.end) {
					return
				}
				q := d.draw(random)
				q.peer = share(i, clients, d.peers, q.a)
				d.flying.Add(1)
				if !d.carry(ctx, q, now, r) {
					pause(ctx, failurePause)
				}
			}
		})
	}
	all.Wait()
}

// share picks a peer for a client. As long as there are enough no two clients have the same one.
func share(client, clients, peers int, draw uint64) int {
	if peers <= clients {
		return client % peers
	}
	mine := (peers - client + clients - 1) / clients // client, client+clients, …
	return client + clients*int(draw%uint64(mine))
}

func (d *driver) draw(r *rand.Rand) request {
	return request{op: d.mix.Draw(r), peer: r.IntN(d.peers), a: r.Uint64(), b: r.Uint64()}
}

// open sends each request at its moment, whatever has become of those before.
func (d *driver) open(ctx context.Context, rate float64, start time.Time, r *recorder) {
	random := d.random(0)
	moments := newSchedule(d.arrivals, rate, rand.New(rand.NewPCG(d.seed+3, d.turn)))
	var all sync.WaitGroup
	defer all.Wait()
	for {
		intended := start.Add(moments.next())
		if !intended.Before(d.end) {
			pause(ctx, time.Until(d.end))
			return
		}
		pause(ctx, time.Until(intended))
		if ctx.Err() != nil {
			return
		}
		q := d.draw(random)
		if d.flying.Load() >= int64(d.inFlight) {
			r.drop()
			continue
		}
		r.began(time.Since(intended))
		d.flying.Add(1) // before the next one looks
		all.Go(func() { d.carry(ctx, q, intended, r) })
	}
}

// pause waits, unless ctx ends before.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
