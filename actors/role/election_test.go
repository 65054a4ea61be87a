package role

import (
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"alakazaam/config"
)

var noon = time.Date(2000, 1, 1, 12, 0, 0, 0, time.UTC)

// rules are the defaults.
func rules() *config.Promotion {
	c := config.Default()
	return &c.Promotion
}

// eligible are the facts of a peer that has all it takes, where a supernode is missing.
func eligible(now time.Time) facts {
	return facts{
		now: now, uptime: time.Hour, average: 3 * time.Hour, visited: now.Add(-6 * time.Hour), visitor: netip.MustParseAddr("192.0.2.1"),
		capacity: Capacity{OpenFiles: 1024, Memory: 256 << 20}, others: []supernode{{}},
	}
}

// needless are the facts of a supernode that nobody needs.
func needless(now time.Time) facts {
	return facts{now: now, serving: true, sessions: 4, others: []supernode{{sessions: 149}, {sessions: 0}}}
}

func TestConditions(t *testing.T) {
	none := func(*facts) {}
	for name, c := range map[string]struct {
		facts   func(time.Time) facts
		but     func(*facts)
		missing string
		reason  string
	}{
		"a peer with all it takes":             {eligible, none, "", few},
		"it has just been started":             {eligible, func(f *facts) { f.uptime -= time.Second }, "uptime", few},
		"its runs are short":                   {eligible, func(f *facts) { f.average -= time.Second }, "average", few},
		"nobody has come yet":                  {eligible, func(f *facts) { f.visited = time.Time{} }, "reachable", few},
		"the last one came long ago":           {eligible, func(f *facts) { f.visited = f.visited.Add(-time.Second) }, "reachable", few},
		"it may open too few files":            {eligible, func(f *facts) { f.capacity.OpenFiles-- }, "open_files", few},
		"nobody knows how many":                {eligible, func(f *facts) { f.capacity.OpenFiles = 0 }, "", few},
		"it has too little memory":             {eligible, func(f *facts) { f.capacity.Memory-- }, "memory", few},
		"nobody knows how much":                {eligible, func(f *facts) { f.capacity.Memory = 0 }, "", few},
		"two supernodes, one of them has room": {eligible, func(f *facts) { f.others = []supernode{{sessions: 150}, {sessions: 149}} }, "needed", overloaded},
		"both are busy":                        {eligible, func(f *facts) { f.others = []supernode{{sessions: 150}, {sessions: 151}} }, "", overloaded},
		"one is busy, one refuses":             {eligible, func(f *facts) { f.others = []supernode{{sessions: 150}, {full: true}} }, "", overloaded},
		"none is known":                        {eligible, func(f *facts) { f.others = nil }, "", few},
		"a supernode that nobody needs":        {needless, none, "", idle},
		"it has peers":                         {needless, func(f *facts) { f.sessions++ }, "idle", idle},
		"one of the others is busy":            {needless, func(f *facts) { f.others[0].sessions++ }, "others", idle},
		"one of the others refuses":            {needless, func(f *facts) { f.others[1].full = true }, "others", idle},
	} {
		f := c.facts(noon)
		c.but(&f)
		var e election
		v := e.look(f, rules(), 0)
		missing := ""
		for _, condition := range v.conditions {
			require.NotEmpty(t, condition.Text)
			if !condition.Holds {
				missing += condition.Name
			}
		}
		require.Equal(t, c.missing, missing, name)
		require.Equal(t, c.reason, v.reason, name)
		require.Equal(t, map[bool]string{true: settling, false: waiting}[missing == ""], v.state, name)
	}
}

// TestHysteresis: the conditions hold for five minutes, break for one look, and hold for another five.
func TestHysteresis(t *testing.T) {
	var e election
	at := func(after time.Duration, f func(time.Time) facts, spread float64) verdict {
		return e.look(f(noon.Add(after)), rules(), spread)
	}
	short := func(now time.Time) facts {
		f := eligible(now)
		f.uptime = 0
		return f
	}
	v := at(0, eligible, 0)
	require.Equal(t, []any{settling, 5 * time.Minute, false}, []any{v.state, v.left, v.change})
	v = at(5*time.Minute-1, eligible, 0)
	require.Equal(t, []any{settling, time.Duration(1), false}, []any{v.state, v.left, v.change})
	require.Equal(t, waiting, at(5*time.Minute, short, 0).state)
	require.Equal(t, settling, at(6*time.Minute, eligible, 0).state)
	v = at(11*time.Minute, eligible, 0.125)
	require.Equal(t, []any{ready, false}, []any{v.state, v.change}, "chance was against it")
	require.True(t, at(12*time.Minute, eligible, 0.124).change)

	e.settled(noon.Add(12 * time.Minute))
	v = at(13*time.Minute, needless, 0)
	require.Equal(t, []any{resting, 29 * time.Minute}, []any{v.state, v.left})
	v = at(42*time.Minute, needless, 0)
	require.Equal(t, []any{settling, time.Minute}, []any{v.state, v.left}, "it has been needless since 13")
	require.True(t, at(43*time.Minute, needless, 0).change)
	e.settled(noon.Add(43 * time.Minute))
	require.Equal(t, resting, at(44*time.Minute, eligible, 0).state)
	require.Equal(t, resting, at(73*time.Minute-1, eligible, 0).state)
	require.True(t, at(73*time.Minute, eligible, 0).change)
}

func TestChance(t *testing.T) {
	require.Equal(t, 1.0/8, chance(facts{}))
	require.Equal(t, 1.0/20, chance(facts{others: []supernode{{sessions: 3}, {sessions: 20}}}))
	require.Equal(t, 1.0/64, chance(facts{others: []supernode{{sessions: 150}}}))
	require.Equal(t, 1.0/8, chance(facts{serving: true, others: []supernode{{sessions: 150}}}))
}

// TestElectionKeepsItsPromises: whatever happens in whatever order, all conditions have held for as long as they have to
// where there is a change, and there is none within a rest.
func TestElectionKeepsItsPromises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := rules()
		p.Settle = time.Duration(rapid.IntRange(0, 600).Draw(t, "settle")) * time.Second
		p.Idle = time.Duration(rapid.IntRange(0, 600).Draw(t, "idle")) * time.Second
		p.Rest = time.Duration(rapid.IntRange(0, 600).Draw(t, "rest")) * time.Second
		var e election
		now, serving := noon, false
		held, changed := time.Time{}, time.Time{}
		for range rapid.IntRange(1, 200).Draw(t, "looks") {
			now = now.Add(time.Duration(rapid.IntRange(1, 120).Draw(t, "pause")) * time.Second)
			f := eligible(now)
			if serving {
				f = needless(now)
			}
			spoiled := rapid.IntRange(0, 30).Draw(t, "spoiled")
			broken := spoil(&f, spoiled)
			if broken {
				held = time.Time{}
			} else if held.IsZero() {
				held = now
			}
			v := e.look(f, p, rapid.Float64Range(0, 0.999).Draw(t, "spread"))
			require.Equal(t, broken, v.state == waiting || v.state == resting && !allHold(v), v.state)
			if !v.change {
				continue
			}
			hold := p.Settle
			if serving {
				hold = max(p.Idle, p.Settle)
			}
			require.False(t, broken)
			require.GreaterOrEqual(t, now.Sub(held), hold)
			require.True(t, changed.IsZero() || now.Sub(changed) >= p.Rest)
			e.settled(now)
			changed, held, serving = now, time.Time{}, !serving
		}
	})
}

// spoil takes one condition away, most often none.
func spoil(f *facts, which int) bool {
	if f.serving {
		switch which {
		case 0:
			f.sessions = 5
		case 1:
			f.others = nil
		}
		return which < 2
	}
	switch which {
	case 0:
		f.uptime = 0
	case 1:
		f.average = 0
	case 2:
		f.visited = time.Time{}
	case 3:
		f.capacity.OpenFiles = 1
	case 4:
		f.capacity.Memory = 1
	case 5:
		f.others = make([]supernode, 2)
	}
	return which < 6
}

func allHold(v verdict) bool {
	for _, c := range v.conditions {
		if !c.Holds {
			return false
		}
	}
	return true
}
