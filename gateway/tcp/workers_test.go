package tcp_test

import (
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"alakazaam/gateway/tcp"
)

// soon fails the test where c is not closed in time.
func soon(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatal(what)
	}
}

// TestWorkersHeldUp: actors that hang keep no other one from running, and the goroutines that helped out end.
func TestWorkersHeldUp(t *testing.T) {
	leak := goleak.IgnoreCurrent()
	w := tcp.NewWorkers()
	var hanging sync.WaitGroup
	release := make(chan struct{})
	hung := 4*runtime.GOMAXPROCS(0) + 1
	for range hung {
		hanging.Add(1)
		w.Schedule(func() {
			hanging.Done()
			<-release
		})
	}
	hanging.Wait() // more of them than workers that stay
	ran := make(chan struct{})
	w.Schedule(func() { close(ran) })
	soon(t, ran, "nothing runs while actors hang")
	w.Close()
	later := make(chan struct{})
	w.Schedule(func() { close(later) })
	soon(t, later, "nothing runs after the end")
	close(release)
	goleak.VerifyNone(t, leak)
}

// TestWorkersStay: what runs one after the other needs no more goroutines than the workers that stay.
func TestWorkersStay(t *testing.T) {
	leak := goleak.IgnoreCurrent()
	before := runtime.NumGoroutine()
	w := tcp.NewWorkers()
	for range 10_000 {
		done := make(chan struct{})
		w.Schedule(func() { close(done) })
		<-done
	}
	require.LessOrEqual(t, runtime.NumGoroutine()-before, 2*runtime.GOMAXPROCS(0))
	w.Close()
	goleak.VerifyNone(t, leak)
}

// TestWorkersRunAll: of what many goroutines schedule, also while the workers are closed, nothing is lost and nothing
// runs twice.
func TestWorkersRunAll(t *testing.T) {
	leak := goleak.IgnoreCurrent()
	w := tcp.NewWorkers()
	const senders, each = 8, 5000
	var ran [senders * each]atomic.Int32
	var all, halfway sync.WaitGroup
	all.Add(senders * each)
	halfway.Add(senders)
	for s := range senders {
		go func() {
			for i := range each {
				if i == each/2 {
					halfway.Done()
				}
				w.Schedule(func() {
					ran[s*each+i].Add(1)
					all.Done()
				})
			}
		}()
	}
	halfway.Wait()
	w.Close()
	all.Wait()
	for i := range ran {
		require.EqualValues(t, 1, ran[i].Load())
	}
	goleak.VerifyNone(t, leak)
}

// TestWorkersOrder: an actor gets what one sender sends it in order, whoever else has work.
func TestWorkersOrder(t *testing.T) {
	system := quietSystem()
	w := tcp.NewWorkers()
	const actors, each = 50, 400
	var all sync.WaitGroup
	all.Add(actors)
	var wrong atomic.Int32
	for range actors {
		next := 0
		pid := system.Root.Spawn(actor.PropsFromFunc(func(ctx actor.Context) {
			if n, ok := ctx.Message().(int); ok {
				if n != next {
					wrong.Add(1)
				}
				if next++; next == each {
					all.Done()
				}
			}
		}, actor.WithDispatcher(w)))
		go func() {
			for i := range each {
				system.Root.Send(pid, i)
			}
		}()
	}
	all.Wait()
	require.Zero(t, wrong.Load())
	w.Close()
	system.Shutdown()
}
