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
// An actor that holds up its worker, because it has much to do or waits for a disk, holds up nobody else for long: where
// nothing was taken from the queue for a moment, one more goroutine begins, and stays for as long as it is needed.
type Workers struct {
	mu       sync.Mutex
	work     sync.Cond // an idle worker waits here
	ready    ring
	most     int       // workers that are idle at most
	running  int       // workers there are
	idle     int       // those of them that wait and have not been called
	taken    uint64    // actors taken from the queue
	last     time.Time // when one was taken, where all workers were busy
	watching bool      // the watch is set
	closed   bool
}

const (
	// stuck is how long nothing may have been taken from the queue for an actor that wakes up to be put into it.
	stuck = 100 * time.Microsecond

	// patience is how long those in the queue wait until it is seen whether anything was taken from it.
	patience = 2 * time.Millisecond
)

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
	case w.running < w.most || time.Since(w.last) > stuck:
		w.last = time.Now()
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

// run takes actors from the queue and lets them work until Close, or until enough others are idle.
func (w *Workers) run() {
	w.mu.Lock()
	for {
		for w.ready.n == 0 {
			if w.closed || w.idle >= w.most {
				w.running--
				w.mu.Unlock()
				return
			}
			w.idle++
			w.work.Wait()
		}
		next := w.ready.pop()
		w.taken++
		if w.running >= w.most {
			w.last = time.Now()
		}
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
