package world

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"syscall"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/cmd/alakalab/experiment"
)

// kill ends nodes without a word and starts them again.
func (fs *faults) kill(f *fault, k *experiment.Kill) {
	for _, h := range f.targets() {
		if !h.up {
			continue
		}
		h.crash(k.Data == "lose")
		f.Hit++
		if k.RestartAfter > 0 {
			downs := h.downs
			fs.w.sim.Do(k.RestartAfter, func() {
				if h.downs == downs && !h.up {
					fs.w.boot(h)
				}
				f.Ended = fs.w.since()
			})
		}
	}
}

// diskTrouble is a disk that fails for a while.
type diskTrouble struct {
	fault *fault
	do    *experiment.Disk
	done  []int // how often each term was done
}

// disk makes directories' disks fail.
func (fs *faults) disk(f *fault, d *experiment.Disk) func() {
	t := &diskTrouble{fault: f, do: d, done: make([]int, len(d.Terms))}
	targets := slices.DeleteFunc(f.targets(), func(h *host) bool { return !h.super })
	for _, h := range targets {
		fs.disks[h] = append(fs.disks[h], t)
	}
	return func() {
		for _, h := range targets {
			fs.disks[h] = slices.DeleteFunc(fs.disks[h], func(o *diskTrouble) bool { return o == t })
		}
	}
}

// diskDoes says what becomes of one access to a host's directory: how long it takes longer, and how it fails. A torn write
// is one that fails: the store takes it back when it is opened next.
func (fs *faults) diskDoes(h *host, point string) (wait time.Duration, err error) {
	for _, t := range fs.disks[h] {
		if t.do.Point != point {
			continue
		}
		for i, term := range t.do.Terms {
			if term.Count > 0 && t.done[i] >= term.Count || 100*t.fault.random.Float64() >= term.Percent {
				continue
			}
			t.done[i]++
			switch term.Action {
			case "sleep":
				wait += term.Sleep
				t.fault.Hit++
			case "return", "torn":
				err = errnos[term.Errno]
				t.fault.Hit++
			}
			break
		}
	}
	return wait, err
}

// errnos are the errors that a term may return.
var errnos = map[string]error{
	"": fmt.Errorf("the write was torn: %w", syscall.EIO), "EIO": syscall.EIO, "ENOSPC": syscall.ENOSPC, "EROFS": syscall.EROFS,
}

// clock makes hosts' clocks wrong. It hits each time that a node asks for the time.
func (fs *faults) clock(f *fault, c *experiment.Clock) func() {
	began := fs.w.sim.Now()
	hosts := f.targets()
	wrong := &wrongClock{say: func(now time.Time) time.Time {
		return now.Add(c.Jump + time.Duration(float64(now.Sub(began))*(c.Speed-1)))
	}}
	for _, h := range hosts {
		h.clock.wrong.Store(wrong)
	}
	return func() {
		for _, h := range hosts {
			h.clock.wrong.Store(nil)
		}
		f.Hit += int(wrong.asked.Load())
	}
}

// turns is a host's part of the world's run queue: in order, or at random while a fault shuffles it.
type turns struct {
	w      *World
	random *rand.Rand // nil: in order
	fault  *fault
}

// Schedule implements actor.Dispatcher.
func (t *turns) Schedule(fn func()) {
	if t.random == nil {
		t.w.sim.Schedule(fn)
		return
	}
	if t.w.sim.engine.(simulated).ScheduleAmong(fn, t.random) { // no other engine has the fault
		t.fault.Hit++
	}
}

// Throughput implements actor.Dispatcher.
func (t *turns) Throughput() int { return t.w.sim.Throughput() }

var _ actor.Dispatcher = (*turns)(nil)

// shuffle lets actors take turns at random.
func (fs *faults) shuffle(f *fault) func() {
	hosts := f.targets()
	for _, h := range hosts {
		h.turns.random, h.turns.fault = f.random, f
	}
	return func() {
		for _, h := range hosts {
			h.turns.random = nil
		}
	}
}
