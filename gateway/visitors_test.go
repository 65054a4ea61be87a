package gateway

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/config"
)

func visitorAt(i int) netip.Addr {
	return netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
}

// TestVisitorsAreRemembered: an address keeps its budget between its connections, and only so many addresses are kept.
func TestVisitorsAreRemembered(t *testing.T) {
	const limit = 10
	v := newVisitors(limit)
	first := v.find(visitorAt(0))
	v.enter(first)
	v.enter(v.find(visitorAt(0)))
	require.Equal(t, 2, first.open)
	require.False(t, v.leave(first))
	for i := 1; i <= 100; i++ {
		w := v.find(visitorAt(i))
		v.enter(w)
		require.Equal(t, i > limit, v.leave(w), i)
	}
	require.Same(t, first, v.find(visitorAt(0)), "one with a connection is never forgotten")
	require.Same(t, v.find(visitorAt(100)), v.find(visitorAt(100)))
	require.LessOrEqual(t, v.past.Len()+len(v.here), limit+1)
	v.emptied()
	require.Zero(t, first.open)
	require.Same(t, first, v.find(visitorAt(0)))
	require.Empty(t, v.here)
}

// TestDraw: a bucket gives what the rate allows over any time, plus what it holds once, whatever the pieces.
func TestDraw(t *testing.T) {
	for _, piece := range []int{1, 7, 1000} {
		t.Run(fmt.Sprint(piece), func(t *testing.T) {
			b, now, taken := &budget{}, time.Unix(0, 0), 0
			r := rates{packets: 100, burst: 2 * time.Second}
			begin := now
			for taken < 5000 {
				wait, byBytes := b.take(now, piece, piece, r)
				require.Zero(t, byBytes, "no limit")
				taken += piece
				now = now.Add(wait)
			}
			require.InDelta(t, float64(taken-200)/100, now.Sub(begin).Seconds(), 0.1)
			wait, _ := b.take(now.Add(time.Hour), 200, 0, r)
			require.Zero(t, wait, "it fills again")
			wait, _ = b.take(now.Add(time.Hour), 100, 0, rates{packets: 10, burst: time.Second})
			require.InDelta(t, 9, wait.Seconds(), 0.1, "another rate counts at once, with a full bucket")
		})
	}
}

func TestBansDouble(t *testing.T) {
	l := config.Default().Limits
	l.Offenses, l.Ban, l.BanMax = 1, time.Second, time.Hour
	w, now := &visitor{}, time.Unix(1e9, 0)
	for i := range 100 {
		want := l.BanMax
		if i < 12 {
			want = time.Second << i
		}
		require.Equal(t, min(want, l.BanMax), w.offend(now, &l), i)
		require.Zero(t, w.offend(now, &l), "it is out already")
		now = w.until
		require.False(t, w.banned(now))
	}
	l.Offenses = 0
	require.Zero(t, w.offend(now, &l))
}
