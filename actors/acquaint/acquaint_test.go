package acquaint

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"alakazaam/actors/p2p"
)

var now = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// Bounds of the books here.
const most, mostNear = 256, 16

func at(a, b, c, d int) p2p.Endpoint {
	e, err := p2p.NewEndpoint(netip.AddrFrom4([4]byte{byte(a), byte(b), byte(c), byte(d)}), netip.Addr{}, 3000)
	if err != nil {
		panic(err)
	}
	return e
}

func TestScore(t *testing.T) {
	up := func(observed, told time.Duration) Supernode {
		s := Supernode{Reached: now, Observed: observed, Sessions: 150, RTT: 100 * time.Millisecond}
		if told > 0 {
			s.Started = now.Add(-told)
		}
		return s
	}
	for name, c := range map[string]struct {
		s    Supernode
		want float64
	}{
		"only heard of":                 {Supernode{Heard: now, Sessions: -1}, (0 + .5 + 1./3) / 8},
		"an hour observed":              {up(time.Hour, 0), (1 + .5 + .5) / 4},
		"an hour told":                  {up(0, time.Hour), (1 + .5 + .5) / 4},
		"a year told is an hour":        {up(0, 365*24*time.Hour), (1 + .5 + .5) / 4},
		"three hours told and believed": {up(time.Hour, 3*time.Hour), (1.5 + .5 + .5) / 4},
		"less told than observed":       {up(3*time.Hour, time.Minute), (1.5 + .5 + .5) / 4},
		"empty and near":                {Supernode{Reached: now, RTT: 1}, (0 + 1 + 1) / 4.},
		"300 sessions":                  {Supernode{Reached: now, Sessions: 300, RTT: 100 * time.Millisecond}, (0 + 1./3 + .5) / 4},
		"failed twice":                  {Supernode{Reached: now, Sessions: 150, RTT: 100 * time.Millisecond, Failures: 2}, 1. / 16},
		"three days ago":                {Supernode{Reached: now.Add(-80 * time.Hour), Sessions: 150, RTT: 100 * time.Millisecond}, 1. / 16},
		"heard of yesterday":            {Supernode{Heard: now.Add(-25 * time.Hour), Sessions: -1}, (0 + .5 + 1./3) / 16},
		"told of the time before it":    {Supernode{Reached: now.Add(-time.Hour), Started: now, Sessions: 150, RTT: 100 * time.Millisecond}, 1. / 4},
		"failed very often":             {Supernode{Reached: now, Sessions: -1, Failures: maxFailures}, 0},
		"up for a century":              {up(100*365*24*time.Hour, 290*365*24*time.Hour), (2 + .5 + .5) / 4},
	} {
		require.InDelta(t, c.want, c.s.Score(now), 1e-5, name)
	}
}

func TestObservedUptime(t *testing.T) {
	b, a := New(10, 10), at(10, 0, 0, 1)
	b.Reach(a, 0, now)
	b.Reach(a, 80*time.Millisecond, now.Add(time.Minute))
	b.Reach(a, 160*time.Millisecond, now.Add(11*time.Minute))
	s, ok := b.Get(a)
	require.True(t, ok)
	require.Equal(t, 11*time.Minute, s.Observed)
	require.Equal(t, 90*time.Millisecond, s.RTT)
	b.Reach(a, 0, now.Add(3*time.Hour))
	s, _ = b.Get(a)
	require.Equal(t, 11*time.Minute, s.Observed, "nobody has looked for too long")
	b.Fail(a)
	b.Fail(a)
	b.Reach(a, 0, now.Add(3*time.Hour+time.Minute))
	s, _ = b.Get(a)
	require.Equal(t, 330*time.Second, s.Observed, "halved once, and what it was away for does not count")
	require.Zero(t, s.Failures)
	require.Equal(t, now, s.Heard)

	b.Tell(a, 5*time.Hour, 7, 9, time.Millisecond, now.Add(4*time.Hour))
	s, _ = b.Get(a)
	require.Equal(t, 5*time.Hour, s.Uptime())
	require.Equal(t, []int{7, 9}, []int{s.Sessions, s.Files})
	b.IsBase(a, now)
	b.Refuse(a, now)
	s, _ = b.Get(a)
	require.Equal(t, []time.Time{now, now, {}}, []time.Time{s.Base, s.Refused, s.Started})
	require.Equal(t, -1, s.Sessions)
	b.Accept(a, now)
	b.Tell(a, 0, 0, 0, 0, now)
	s, _ = b.Get(a)
	require.True(t, s.Base.IsZero() && s.Refused.IsZero())
	b.Fail(at(9, 9, 9, 9))
	require.Equal(t, 1, b.Len())
	b.Forget(a)
	require.Zero(t, b.Len())
}

func TestBest(t *testing.T) {
	b := New(10, 10)
	for i := range 4 {
		b.Hear(at(10, 0, 0, 4-i), now)
	}
	names := func(n int) (out []string) {
		for _, s := range b.Best(n, now) {
			out = append(out, s.Endpoint.Host().String())
		}
		return out
	}
	require.Equal(t, []string{"10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"}, names(-1), "equal ones by address")
	b.Tell(at(10, 0, 0, 3), time.Hour, 10, 0, time.Millisecond, now)
	b.Tell(at(10, 0, 0, 4), time.Hour, 200, 0, time.Millisecond, now)
	b.Fail(at(10, 0, 0, 1))
	require.Equal(t, []string{"10.0.0.3", "10.0.0.4", "10.0.0.2"}, names(3))
}

// TestBookHoldsOutAgainstTellers: thousands of supernodes that somebody has made up do not drive out a single one that
// has been reached, nor those of others that were there before.
func TestBookHoldsOutAgainstTellers(t *testing.T) {
	b := New(most, mostNear)
	good, first := at(10, 0, 0, 1), at(10, 1, 0, 1)
	b.Reach(good, time.Second, now)
	b.Hear(first, now)
	for i := range 2_000 {
		b.Hear(at(66, 66, 66, i%250+1), now.Add(time.Duration(i)*time.Second))
	}
	require.Equal(t, 2+mostNear, b.Len(), "one subnet does not fill it")
	for i := range 2_000 {
		b.Hear(at(77, i/250, i%250, 1), now.Add(time.Duration(i)*time.Second))
	}
	require.Equal(t, most, b.Len())
	for _, e := range []p2p.Endpoint{good, first} {
		_, ok := b.Get(e)
		require.True(t, ok)
	}
	require.Equal(t, good, b.Best(1, now)[0].Endpoint)
	met := at(66, 66, 66, 251)
	b.Reach(met, time.Millisecond, now)
	_, ok := b.Get(met)
	require.True(t, ok, "one that was reached takes the place of one of its subnet that was not")
	b.Fail(at(77, 0, 0, 1))
	require.True(t, b.Hear(at(88, 0, 0, 1), now), "and a new one that of one that is gone")
	require.Equal(t, most, b.Len())
}

// TestBookIsBounded: whatever happens the bounds hold, equal books read the same, and what is written is read.
func TestBookIsBounded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit, perSubnet := rapid.IntRange(1, 12).Draw(t, "limit"), rapid.IntRange(1, 15).Draw(t, "per subnet")
		b, clock := New(limit, perSubnet), now
		for range rapid.IntRange(1, 200).Draw(t, "steps") {
			e := at(10, 0, rapid.IntRange(0, 7).Draw(t, "net"), rapid.IntRange(1, 6).Draw(t, "host"))
			clock = clock.Add(time.Duration(rapid.IntRange(0, 7200).Draw(t, "seconds")) * time.Second)
			switch rapid.IntRange(0, 6).Draw(t, "what") {
			case 0, 1:
				b.Hear(e, clock)
			case 2:
				b.Reach(e, time.Duration(rapid.IntRange(0, 1000).Draw(t, "rtt"))*time.Millisecond, clock)
			case 3:
				b.Tell(e, time.Duration(rapid.IntRange(0, 1<<32).Draw(t, "up"))*time.Second, rapid.IntRange(0, 500).Draw(t, "sessions"), 1, 0, clock)
			case 4:
				b.Fail(e)
			case 5:
				b.IsBase(e, clock)
			default:
				b.Forget(e)
			}
			count := map[netip.Prefix]int{}
			for _, s := range b.Best(-1, clock) {
				count[p2p.SubnetOf(s.Endpoint.Host())]++
				require.LessOrEqual(t, count[p2p.SubnetOf(s.Endpoint.Host())], perSubnet)
			}
			require.LessOrEqual(t, b.Len(), limit)
		}
		again := New(limit, perSubnet)
		require.Zero(t, again.Read(b.Text(), clock))
		require.Equal(t, string(b.Text()), string(again.Text()))
	})
}

func TestText(t *testing.T) {
	b, both := New(10, 10), at(10, 0, 0, 1)
	both, err := p2p.NewEndpoint(both.IPv4(), netip.MustParseAddr("2001:db8::1"), 3000)
	require.NoError(t, err)
	only6, err := p2p.ParseEndpoint("[2001:db8::2]:3001")
	require.NoError(t, err)
	b.Reach(both, 0, now.Add(-time.Minute))
	b.Tell(both, time.Hour, 12, 345, 1500*time.Microsecond, now)
	b.Fail(both)
	b.Hear(only6, now)
	b.IsBase(at(10, 0, 0, 2), now.Add(900*time.Millisecond))
	want := `{"endpoint":"[2001:db8::2]:3001","heard":"2026-03-01T12:00:00Z","observed_seconds":0,"sessions":-1,"files":-1}
{"endpoint":"10.0.0.1:3000","ipv6":"2001:db8::1","heard":"2026-03-01T11:59:00Z","reached":"2026-03-01T12:00:00Z","observed_seconds":30,"started":"2026-03-01T11:00:00Z","failures":1,"rtt_microseconds":1500,"sessions":12,"files":345}
{"endpoint":"10.0.0.2:3000","heard":"2026-03-01T12:00:00Z","observed_seconds":0,"sessions":-1,"files":-1,"base":"2026-03-01T12:00:00Z"}
`
	require.Equal(t, want, string(b.Text()))
	again := New(10, 10)
	require.Zero(t, again.Read(b.Text(), now.Add(time.Second)))
	require.Equal(t, want, string(again.Text()))
	got, _ := again.Get(both)
	was, _ := b.Get(both)
	require.Equal(t, was, got)

	b.Forget(both)
	b.Reach(both, 0, now)
	require.Zero(t, b.Read([]byte(want), now.Add(time.Second)))
	s, _ := b.Get(both)
	require.Zero(t, s.Failures, "what is known already counts")
}

func TestDamagedText(t *testing.T) {
	good := `{"endpoint":"10.0.0.1:3000","heard":"2026-03-01T11:00:00Z","observed_seconds":1,"sessions":1,"files":1}`
	for _, bad := range []string{
		"x", `{}`, `null`, `[1]`, good + good, strings.Replace(good, "heard", "herd", 1), strings.Replace(good, "10.0.0.1", "0.0.0.0", 1),
		strings.Replace(good, ":3000", ":0", 1), strings.Replace(good, "10.0.0.1:3000", "none", 1), strings.Replace(good, "T11", "T13", 1),
		strings.Replace(good, `seconds":1`, `seconds":-1`, 1), strings.Replace(good, `seconds":1`, `seconds":9999999999`, 1),
		strings.Replace(good, `sessions":1`, `sessions":-2`, 1), strings.Replace(good, `files":1`, `files":-2`, 1),
		strings.Replace(good, `files":1`, `files":99999999999999999999`, 1), strings.Replace(good, `"heard"`, `"failures":-1,"heard"`, 1), strings.Replace(good, `"heard"`, `"failures":1001,"heard"`, 1),
		strings.Replace(good, `"heard"`, `"rtt_microseconds":-1,"heard"`, 1), strings.Replace(good, `"heard"`, `"ipv6":"ff02::1","heard"`, 1),
		strings.Replace(good, `"heard"`, `"base":"2027-01-01T00:00:00Z","heard"`, 1), good[:40], "\x00\xff",
	} {
		b := New(10, 10)
		require.Equal(t, 1, b.Read([]byte(bad), now), bad)
		require.Zero(t, b.Len(), bad)
		other := strings.Replace(good, "0.1:", "0.2:", 1)
		require.Equal(t, 1, b.Read([]byte(bad+"\n\n"+good+"\n"+other), now), bad)
		require.Equal(t, 2, b.Len(), "the other lines count")
	}
	b := New(most, mostNear)
	b.Read(bytes.Repeat([]byte(good+"\n"), 1000), now)
	require.Equal(t, 1, b.Len())
}
