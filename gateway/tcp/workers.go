package tcp

import (
	"runtime"
	"sync"
	"time"
)

// Workers is an actor.Dispatcher for a node that is busy. Actors that have work wait in a queue, and a few goroutines
// that stay take them from there. A goroutine for each actor that wakes up, which is what the framework would start,
// has to grow its stack every time and is one more for the scheduler to switch to.
//
// An actor that holds up its worker holds up nobody else for long: where nothing was taken from the queue for a while,
// one more goroutine helps out.
type Workers struct {
	mu       sync.Mutex
	work     sync.Cond // an idle worker waits here
	ready    ring
	most     int    // workers that stay
	running  int    // workers there are
	idle     int    // those of them that wait and have not been called
	taken    uint64 // actors taken from the queue
	watching bool   // the watch is set
	closed   bool
}

// patience is how long nothing may be taken from the queue before one more worker helps out.
const patience = 10 * time.Millisecond

// throughput is how many messages an actor deals with before it lets other goroutines run.
const throughput = 300

// NewWorkers is a dispatcher with two workers a processor: an actor that has much to do takes its time from those on
// other workers, as the system shares it out, but does not keep them from running. Close ends the workers.
func NewWorkers() *Workers {
	w := &Workers{most: 2 * runtime.GOMAXPROCS(0)}
	w.work.L = &w.mu
	return w
}

// Throughput implements actor.Dispatcher.
func (w *Workers) Throughput() int { return throughput }

// Schedule implements actor.Dispatcher. It never blocks.
func (w *Workers) Schedule(run func()) {
	w.mu.Lock()
	switch {
	case w.closed:
		w.mu.Unlock()
		go run()
		return
	case w.idle > 0:
		w.idle--
		w.work.Signal()
	case w.running < w.most:
		w.start()
	case !w.watching:
		w.watching = true
		w.watch(w.taken)
	}
	w.ready.push(run)
	w.mu.Unlock()
}

// start adds a worker. Called with the lock.
func (w *Workers) start() {
	w.running++
	go w.run()
}

// run takes actors from the queue and lets them work until Close, or until the queue is empty where there are more
// workers than should stay.
func (w *Workers) run() {
	w.mu.Lock()
	for {
		for w.ready.n == 0 {
			if w.closed || w.running > w.most {
				w.running--
				w.mu.Unlock()
				return
			}
			w.idle++
			w.work.Wait()
		}
		next := w.ready.pop()
		w.taken++
		w.mu.Unlock()
		next()
		w.mu.Lock()
	}
}

// watch looks after patience whether anything was taken from the queue since then, when so many had been.
func (w *Workers) watch(taken uint64) {
	time.AfterFunc(patience, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.ready.n == 0 {
			w.watching = false
			return
		}
		if w.taken == taken {
			w.start()
		}
		w.watch(w.taken)
	})
}

// Close has the workers end once the queue is empty. It waits for none of them, for an actor that hangs would hold it up.
// Actors that wake up later get a goroutine each.
func (w *Workers) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.work.Broadcast()
}

// ring is a queue that keeps its room.
type ring struct {
	items []func() // a power of two of them
	first int
	n     int
}

func (r *ring) push(f func()) {
	if r.n == len(r.items) {
		bigger := make([]func(), max(64, 2*len(r.items)))
		k := copy(bigger, r.items[r.first:])
		copy(bigger[k:], r.items[:r.first])
		r.items, r.first = bigger, 0
	}
	r.items[(r.first+r.n)&(len(r.items)-1)] = f
	r.n++
}

func (r *ring) pop() func() {
	f := r.items[r.first]
	r.items[r.first] = nil
	r.first = (r.first + 1) & (len(r.items) - 1)
	r.n--
	return f
}
