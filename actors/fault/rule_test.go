package fault

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"alakazaam/actors/actortest"
	"alakazaam/config"
)

// parse reads faults as a configuration has them.
func parse(t require.TestingT, text string) []config.Fault {
	all, err := config.ParseFaults(text)
	require.NoError(t, err)
	return all
}

func newFaults(sim *actortest.Sim, metrics actortest.Metrics) *Faults {
	return New(Options{Clock: sim, Rand: sim.Rand(9), Metrics: metrics, Log: sim.Log})
}

// strikes asks a rule once a second, from its start on, and says at which seconds it struck.
func strikes(t require.TestingT, keys string, seconds int) (at []int, r *Rule) {
	sim := actortest.NewSim(1)
	f := newFaults(sim, actortest.Metrics{})
	f.Load(parse(t, "{id: a, kind: actor, action: drop, "+keys+"}"), 7)
	r = f.now.Load().rules[0]
	for s := range seconds {
		if r.Strike() {
			at = append(at, s)
		}
		sim.Run(time.Second)
	}
	return at, r
}

func TestWhenARuleStrikes(t *testing.T) {
	for _, test := range []struct {
		keys string
		want []int
		due  int
	}{
		{"times: 0", []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, 10},
		{"at: 3s", []int{3, 4, 5, 6, 7, 8, 9}, 7},
		{"at: 3s, for: 2s", []int{3, 4}, 2},
		{"at: 3s, for: 2500ms", []int{3, 4, 5}, 3},
		{"times: 2", []int{0, 1}, 10},
		{"every: 4s", []int{0, 4, 8}, 10},
		{"at: 1s, every: 4s, for: 6s", []int{1, 5}, 6},
		{"at: 1s, every: 4s, times: 1", []int{1}, 9},
		{"match: {nth: 3}", []int{2}, 10},
		{"at: 2s, match: {nth: 3}", []int{4}, 8},
		{"match: {every_nth: 3}", []int{2, 5, 8}, 10},
		{"match: {every_nth: 3}, times: 2", []int{2, 5}, 10},
		{"match: {probability: 0}", nil, 10},
		{"match: {probability: 100%}, at: 8s", []int{8, 9}, 2},
	} {
		at, r := strikes(t, test.keys, 10)
		require.Equal(t, test.want, at, test.keys)
		s := r.status()
		require.Equal(t, [3]int{test.due, len(test.want), 0}, [3]int{s.Due, s.Applied, s.Hit}, test.keys)
	}
}

// TestProbability: a rule strikes as often as it says, and no two ids or seeds strike alike.
func TestProbability(t *testing.T) {
	at, _ := strikes(t, "match: {probability: 5%}", 20000)
	require.InDelta(t, 1000, len(at), 100)
	again, _ := strikes(t, "match: {probability: 5%}", 20000)
	require.Equal(t, at, again)

	sim := actortest.NewSim(1)
	f := newFaults(sim, actortest.Metrics{})
	pattern := func(seed int64) (out [2][]bool) {
		f.Load(parse(t, "{id: a, kind: actor, action: drop, match: {probability: 0.5}},{id: b, kind: actor, action: drop, match: {probability: 0.5}}"), seed)
		for n, r := range f.now.Load().rules {
			for range 100 {
				out[n] = append(out[n], r.Strike())
			}
		}
		return out
	}
	first, second := pattern(1), pattern(2)
	require.NotEqual(t, first[0], first[1])
	require.NotEqual(t, first, second)
	require.Equal(t, first, pattern(1))
}

// TestRuleLaws: whatever the keys, a rule strikes only within its window, at most as often as it may, and not twice in
// one slot of its rhythm; and what it strikes was due.
func TestRuleLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := config.NewFault()
		f.ID, f.Kind, f.Action = "a", config.FaultActor, "drop"
		seconds := func(name string) time.Duration {
			return time.Duration(rapid.IntRange(0, 20).Draw(t, name)) * time.Second
		}
		f.At, f.For, f.Every, f.Times = seconds("at"), seconds("for"), seconds("every"), rapid.IntRange(0, 5).Draw(t, "times")
		f.Match.Nth, f.Match.EveryNth = rapid.IntRange(0, 3).Draw(t, "nth"), rapid.IntRange(0, 3).Draw(t, "every nth")
		f.Match.Probability = config.Probability(rapid.SampledFrom([]float64{0, 0.3, 1}).Draw(t, "probability"))
		sim := actortest.NewSim(1)
		faults := newFaults(sim, actortest.Metrics{})
		faults.Load([]config.Fault{f}, 3)
		r, begin := faults.now.Load().rules[0], sim.Now()
		struck, due, slots := 0, 0, make(map[time.Duration]bool)
		for range 60 {
			sim.Run(time.Duration(rapid.IntRange(0, 1000).Draw(t, "ms")) * time.Millisecond)
			in := sim.Now().Sub(begin) - f.At
			open := in >= 0 && (f.For == 0 || in < f.For)
			if open {
				due++
			}
			require.Equal(t, open, r.Open())
			if !r.Strike() {
				continue
			}
			struck++
			require.True(t, open)
			require.NotZero(t, f.Match.Probability)
			require.True(t, f.Match.Nth == 0 || due == f.Match.Nth)
			require.True(t, f.Match.EveryNth == 0 || due%f.Match.EveryNth == 0)
			if f.Every > 0 {
				require.False(t, slots[in/f.Every])
				slots[in/f.Every] = true
			}
		}
		require.True(t, f.Times == 0 || struck <= f.Times)
		s := r.status()
		require.Equal(t, [2]int{due, struck}, [2]int{s.Due, s.Applied})
	})
}

// TestChangingRules: what is the same in another configuration goes on, and what was added at run time stays.
func TestChangingRules(t *testing.T) {
	sim, metrics := actortest.NewSim(1), actortest.Metrics{}
	f := newFaults(sim, metrics)
	a, b := "{id: a, kind: actor, action: drop}", "{id: b, kind: actor, action: drop, at: 1s}"
	f.Load(parse(t, a+","+b), 5)
	f.now.Load().rules[0].Strike()
	require.NoError(t, f.Add(parse(t, "{id: c, kind: actor, action: stop}")[0]))
	require.ErrorIs(t, f.Add(parse(t, a)[0]), ErrExists)
	f.now.Load().rules[2].Strike()
	require.Equal(t, 1, metrics[actortest.Series("faults_injected_total", "fault", "a", "action", "drop")])
	require.Equal(t, 1, metrics[actortest.Series("faults_injected_total", "fault", "(runtime)", "action", "stop")])

	sim.Run(time.Minute)
	ids := func() (all []string) {
		for _, s := range f.Ledger() {
			all = append(all, s.ID)
		}
		return all
	}
	f.Load(parse(t, "{id: b, kind: actor, action: drop, at: 2s},"+a), 5)
	require.Equal(t, []string{"b", "a", "c"}, ids())
	l := f.Ledger()
	require.Equal(t, []int{0, 1, 1}, []int{l[0].Applied, l[1].Applied, l[2].Applied})
	require.Equal(t, sim.Now(), l[0].Since)
	require.Equal(t, sim.Now().Add(-time.Minute), l[1].Since)
	require.False(t, l[0].Active)
	require.Equal(t, []bool{true, true, false}, []bool{l[0].Config, l[1].Config, l[2].Config})
	require.JSONEq(t, `{"id": "b", "kind": "actor", "action": "drop", "at": "2s"}`, string(l[0].Rule))

	f.Load(parse(t, a), 6)
	require.Zero(t, f.Ledger()[0].Applied, "another seed begins anew")
	f.Load(parse(t, "{id: c, kind: actor, action: drop}"), 6)
	require.Equal(t, []string{"c"}, ids())
	require.True(t, f.Remove("c"))
	require.False(t, f.Remove("c"))
	f.Replace(parse(t, a+","+b))
	require.Equal(t, []string{"a", "b"}, ids())
	f.Replace(nil)
	require.Empty(t, f.Ledger())
	for n := range config.MaxFaults {
		c := parse(t, a)[0]
		c.ID += string(rune('A'+n%26)) + string(rune('A'+n/26))
		require.NoError(t, f.Add(c))
	}
	require.ErrorIs(t, f.Add(parse(t, b)[0]), ErrTooMany)
}

// TestLabelsAreBounded: many reloads, each with other ids, do not fill the metrics.
func TestLabelsAreBounded(t *testing.T) {
	sim, metrics := actortest.NewSim(1), actortest.Metrics{}
	f := newFaults(sim, metrics)
	for n := range 1000 {
		c := config.NewFault()
		c.ID, c.Kind, c.Action = "id-"+time.Duration(n).String(), config.FaultActor, "drop"
		f.Load([]config.Fault{c}, 1)
		f.now.Load().rules[0].Strike()
	}
	require.Len(t, metrics, mostLabels+1)
}
