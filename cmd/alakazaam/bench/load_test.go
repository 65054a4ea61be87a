package bench

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// logins is a mix of nothing else.
func logins(t *testing.T) Mix {
	m, err := ParseMix("login")
	require.NoError(t, err)
	return m
}

func newDriver(t *testing.T, do func(context.Context, request) result) *driver {
	return &driver{mix: logins(t), peers: 4, arrivals: Constant, inFlight: 1000, do: do, grace: time.Second}
}

// drive runs one turn and gives what it came to.
func drive(ctx context.Context, d *driver, l Load, length time.Duration) (Step, Measured) {
	r := &recorder{}
	d.begin(length)
	d.run(ctx, l, length, r)
	s := r.step(l, d.mix)
	return s, s.Operations[0]
}

// standstill is a server that answers in a millisecond, but for a time in which it does nothing.
type standstill struct{ from, to time.Time }

func (s standstill) do(context.Context, request) result {
	if now := time.Now(); now.After(s.from) && now.Before(s.to) {
		time.Sleep(time.Until(s.to))
	}
	time.Sleep(time.Millisecond)
	return result{}
}

// TestStallIsSeen: a server stands still for one of ten seconds. A tenth of those who come have to wait, so the
// slowest tenth of an open loop has to show it; a closed loop, whose clients wait with it, shows it in a few requests only.
func TestStallIsSeen(t *testing.T) {
	stalled := func(l Load) (m Measured) {
		synctest.Test(t, func(t *testing.T) {
			s := standstill{from: time.Now().Add(5 * time.Second), to: time.Now().Add(6 * time.Second)}
			_, m = drive(t.Context(), newDriver(t, s.do), l, 10*time.Second)
		})
		return m
	}
	open := stalled(Load{Rate: 100})
	require.EqualValues(t, 1000, open.Count)
	require.InDelta(t, 0.001, open.Latency.P50, 0.0001)
	require.InDelta(t, 0.5, open.Latency.at(95), 0.02, "of the hundred who wait half do so for half of the time")
	require.InDelta(t, 0.9, open.Latency.P99, 0.02)
	require.InDelta(t, 1.0, open.Latency.Max, 0.02)
	require.InDelta(t, 100, open.Rate, 0.1)

	closed := stalled(Load{Clients: 4})
	require.InDelta(t, 0.001, closed.Latency.P999, 0.0001)
	require.InDelta(t, 1.0, closed.Latency.Max, 0.02)
	require.InDelta(t, 3600, closed.Rate, 10)
}

// at is the time that so many percent took at most.
func (l *Latency) at(percent float64) float64 {
	for _, p := range l.Percentiles {
		if p.Percent >= percent {
			return p.Seconds
		}
	}
	return l.Max
}

// TestLateStart: what keeps a request from beginning is part of its latency, and counted.
func TestLateStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDriver(t, func(context.Context, request) result { return result{} })
		d.begin(time.Second)
		time.Sleep(500 * time.Millisecond) // whoever should send them sleeps
		r := &recorder{}
		d.run(t.Context(), Load{Rate: 100}, time.Second, r)
		s := r.step(Load{Rate: 100}, d.mix)
		require.EqualValues(t, 100, s.Operations[0].Count, "none is left out")
		require.EqualValues(t, 50, s.Late)
		require.InDelta(t, 0.5, s.Latest, 0.001)
		require.InDelta(t, 0.5, s.Operations[0].Latency.Max, 0.001)
	})
}

// TestInFlight: a target that answers nothing gets no more than may be under way; the rest is counted, and the end comes.
func TestInFlight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var now, most atomic.Int64
		d := newDriver(t, func(ctx context.Context, _ request) result {
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			<-ctx.Done()
			return result{err: ctx.Err()}
		})
		d.inFlight = 7
		began := time.Now()
		s, m := drive(t.Context(), d, Load{Rate: 100}, 10*time.Second)
		require.EqualValues(t, 7, most.Load())
		require.EqualValues(t, 993, s.Dropped)
		require.EqualValues(t, 7, m.Count)
		require.Equal(t, map[string]int64{failTimeout: 7}, m.Failures)
		require.Nil(t, m.Latency)
		require.Equal(t, 11*time.Second, time.Since(began), "the grace and no more")
		require.InDelta(t, 10, s.Seconds, 0.001)
	})
}

// TestInterrupted: what was answered until then counts, what was cut off does not, and the rate is that of the shorter time.
func TestInterrupted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var n atomic.Int64
		d := newDriver(t, func(ctx context.Context, _ request) result {
			if n.Add(1) > 200 {
				<-ctx.Done()
				return result{err: ctx.Err()}
			}
			return result{in: 20, out: 64}
		})
		time.AfterFunc(4*time.Second, cancel)
		s, m := drive(ctx, d, Load{Rate: 100}, 10*time.Second)
		require.InDelta(t, 4, s.Seconds, 0.001)
		require.EqualValues(t, 200, m.Count)
		require.Zero(t, m.Failed)
		require.EqualValues(t, 4000, m.In)
		require.EqualValues(t, 12_800, m.Out)
		require.InDelta(t, 50, m.Rate, 0.1)
	})
}

// TestClosedLoop: each client has one request under way, peers are shared out, and a failure has a pause after it.
func TestClosedLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		busy, used := make(map[int]bool), make(map[int]bool)
		d := newDriver(t, func(_ context.Context, q request) result {
			mu.Lock()
			require.False(t, busy[q.peer], "two clients are the same peer")
			busy[q.peer], used[q.peer] = true, true
			mu.Unlock()
			time.Sleep(10 * time.Millisecond)
			mu.Lock()
			defer mu.Unlock()
			busy[q.peer] = false
			return result{}
		})
		d.peers = 10
		_, m := drive(t.Context(), d, Load{Clients: 3}, time.Second)
		require.EqualValues(t, 300, m.Count)
		require.Len(t, used, 10)

		d = newDriver(t, func(context.Context, request) result { return result{err: errClosed} })
		_, m = drive(t.Context(), d, Load{Clients: 1}, time.Second)
		require.Equal(t, map[string]int64{failClosed: 100}, m.Failures)
	})
}

// TestSameRequests: the requests depend on the seed alone, not on how they are answered.
func TestSameRequests(t *testing.T) {
	mix, err := ParseMix("login,search=3")
	require.NoError(t, err)
	asked := func(seed uint64, answer result) (out []request) {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			d := newDriver(t, func(_ context.Context, q request) result {
				mu.Lock()
				defer mu.Unlock()
				out = append(out, q)
				return answer
			})
			d.mix, d.seed, d.arrivals = mix, seed, Poisson
			drive(t.Context(), d, Load{Rate: 100}, time.Second)
		})
		return out
	}
	first := asked(1, result{})
	require.Equal(t, first, asked(1, result{err: errors.New("not today")}))
	require.NotEqual(t, first, asked(2, result{}))
}

// TestRecorder: turns add up, and failures have no latency.
func TestRecorder(t *testing.T) {
	r, at := &recorder{}, time.Unix(1000, 0)
	for turn := range 2 {
		start := at.Add(time.Duration(turn) * time.Minute)
		r.begin(start, 10*time.Second)
		for i := range 500 {
			r.add(Search, start, start.Add(time.Duration(i+1)*time.Millisecond), result{found: i % 2})
		}
		r.add(Search, start, start.Add(11*time.Second), result{found: 3}) // after the end
		r.add(Search, start, start.Add(9*time.Second), result{err: errWrongAnswer})
		r.end(start.Add(15 * time.Second))
	}
	mix, err := ParseMix("search,login")
	require.NoError(t, err)
	s := r.step(Load{Clients: 1}, mix)
	require.InDelta(t, 20, s.Seconds, 0.001)
	require.Len(t, s.Operations, 2)
	require.Equal(t, Measured{Operation: Login}, s.Operations[0])
	m := s.Operations[1]
	require.EqualValues(t, 1004, m.Count)
	require.EqualValues(t, 1002, m.OK)
	require.InDelta(t, 50, m.Rate, 0.001, "what came after the end is no part of the rate")
	require.Equal(t, map[string]int64{failGarbage: 2}, m.Failures)
	require.EqualValues(t, 500, m.Empty)
	require.EqualValues(t, 506, m.Found)
	require.InEpsilon(t, 0.25, m.Latency.P50, 0.01)
	require.InEpsilon(t, 0.45, m.Latency.P90, 0.01)
	require.InEpsilon(t, 11, m.Latency.Max, 0.01)
	require.InEpsilon(t, 0.001, m.Latency.Min, 0.01)
	require.EqualValues(t, 1002, m.Latency.Percentiles[len(m.Latency.Percentiles)-1].Count)
}
