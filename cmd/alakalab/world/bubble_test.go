package world

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
)

// TestBubble: whatever happens in a bubble, whoever asked for it hears of it.
func TestBubble(t *testing.T) {
	hours := func(pulse func()) (time.Duration, error) {
		began := time.Now()
		time.Sleep(3 * time.Hour)
		pulse()
		return time.Since(began), nil
	}
	took, err := inBubble(hours, time.Minute)
	require.NoError(t, err)
	require.Equal(t, 3*time.Hour, took)

	mine := errors.New("mine")
	_, err = inBubble(func(func()) (int, error) { return 0, mine }, time.Minute)
	require.ErrorIs(t, err, mine)

	_, err = inBubble(func(func()) (int, error) { panic("loud") }, time.Minute)
	require.ErrorContains(t, err, "loud")

	_, err = inBubble(func(func()) (int, error) {
		<-make(chan int)
		return 0, nil
	}, time.Minute)
	require.ErrorContains(t, err, "deadlock")

	var free sync.Mutex
	free.Lock()
	defer free.Unlock()
	_, err = inBubble(func(func()) (int, error) {
		free.Lock()
		defer free.Unlock()
		return 0, nil
	}, 100*time.Millisecond)
	require.ErrorContains(t, err, "no time has passed for 100ms")
	require.ErrorContains(t, err, "sync.Mutex.Lock")
}

// TestGoroutinesLeft: those that do not end with the nodes are counted, and an error where nobody judges it.
func TestGoroutinesLeft(t *testing.T) {
	for _, judged := range []bool{false, true} {
		e := experiment.Default()
		e.Engine, e.Topology.Supernodes.Count, e.Topology.Peers.Count = experiment.Mem, 0, 0
		if e.Checks = nil; judged {
			e.Checks = []experiment.Check{{Name: "bounded"}}
		}
		out, err := inBubble(func(pulse func()) (*record.Run, error) {
			b := newBubble(1, pulse)
			w := &World{exp: &e, sim: b}
			out := &record.Run{Counters: map[string]int64{}, Cases: map[string][]string{}}
			go hang(make(chan int))
			return out, w.clearOut(b.engine.(*bubble), out)
		}, time.Minute)
		require.EqualValues(t, 1, out.Counters[record.GoroutinesLeft])
		require.Len(t, out.Cases[record.GoroutinesLeft], 1)
		require.Contains(t, out.Cases[record.GoroutinesLeft][0], "world.hang")
		if judged {
			require.NoError(t, err)
		} else {
			require.ErrorContains(t, err, "world.hang")
		}
	}
}

func hang(c chan int) { <-c }
