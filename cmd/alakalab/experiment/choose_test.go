package experiment

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func one(t *testing.T, fault string) (Fault, Topology) {
	t.Helper()
	e := mustLoad(t, head+"faults: ["+fault+"]\n")
	return e.Faults[0], e.Topology
}

// Seed, id and moment decide whom a fault hits, and each of them does.
func TestChooseRepeats(t *testing.T) {
	f, top := one(t, "{id: k, kind: kill, at: 1m, targets: {supernodes: {mode: fixed, value: 5}, peers: {mode: fixed-percent, value: 10}}}")
	parts := f.Choose(1, 0, top, nil)
	require.Len(t, parts, 1)
	require.True(t, parts[0].Known)
	assert.Len(t, parts[0].Chosen.Supernodes, 5)
	assert.Len(t, parts[0].Chosen.Peers, 10)
	assert.True(t, slices.IsSorted(parts[0].Chosen.Peers))
	assert.Equal(t, parts, f.Choose(1, 0, top, nil))
	other := f
	other.ID = "l"
	for _, p := range [][]Part{f.Choose(2, 0, top, nil), f.Choose(1, 1, top, nil), other.Choose(1, 0, top, nil)} {
		assert.NotEqual(t, parts[0].Chosen, p[0].Chosen)
	}
}

// Over many moments everybody is hit about as often.
func TestChooseIsFair(t *testing.T) {
	f, top := one(t, "{kind: kill, at: 1m, targets: {supernodes: {mode: fixed, value: 5}}}")
	hits := make([]int, top.Supernodes.Count)
	const rounds = 4000
	for i := range rounds {
		for _, n := range f.Choose(1, i, top, nil)[0].Chosen.Supernodes {
			hits[n]++
		}
	}
	for n, h := range hits {
		assert.InEpsilon(t, rounds*5/20, h, 0.12, "supernode %d", n)
	}
}

func TestChooseByScore(t *testing.T) {
	scores := func(Where) []int {
		out := make([]int, 20)
		out[3], out[7], out[9] = 5, 9, -4
		return out
	}
	for where, want := range map[string][]int{"degree=max": {3, 7}, "peers=max": {3, 7}} {
		f, top := one(t, "{kind: kill, at: 1m, targets: {supernodes: {mode: fixed, value: 2, where: "+where+"}}}")
		assert.False(t, f.Choose(1, 0, top, nil)[0].Known)
		p := f.Choose(1, 0, top, scores)[0]
		require.True(t, p.Known)
		assert.Equal(t, want, p.Chosen.Supernodes)
	}
	// Of equals it is drawn.
	f, top := one(t, "{kind: kill, at: 1m, targets: {supernodes: {mode: fixed, value: 2, where: degree=min}}}")
	seen := map[string]bool{}
	for i := range 50 {
		chosen := f.Choose(1, i, top, scores)[0].Chosen.Supernodes
		assert.Contains(t, chosen, 9)
		seen[fmt.Sprint(chosen)] = true
	}
	assert.Greater(t, len(seen), 5)
}

// Nobody is in two groups, and the rest is everybody else.
func TestGroups(t *testing.T) {
	f, top := one(t, `{kind: partition, at: 1m, for: 1m, groups: {a: {supernodes: {mode: fixed-percent, value: 60}}, r: rest,
  b: {supernodes: {mode: fixed-percent, value: 60}}, p: {peers: {mode: one}}}}`)
	for seed := range uint64(20) {
		parts := f.Choose(seed, 0, top, nil)
		require.Equal(t, []string{"a", "r", "b", "p"}, []string{parts[0].Name, parts[1].Name, parts[2].Name, parts[3].Name})
		assert.Len(t, parts[0].Chosen.Supernodes, 12)
		assert.Len(t, parts[2].Chosen.Supernodes, 8, "all that are left")
		assert.Empty(t, parts[1].Chosen.Supernodes)
		assert.Len(t, parts[1].Chosen.Peers, 99)
		for _, n := range parts[2].Chosen.Supernodes {
			assert.NotContains(t, parts[0].Chosen.Supernodes, n)
		}
		assert.NotContains(t, parts[1].Chosen.Peers, parts[3].Chosen.Peers[0])
	}
}

func TestNumber(t *testing.T) {
	for want, s := range map[int]Selector{
		100: {Mode: All}, 1: {Mode: One}, 7: {Mode: Fixed, Value: 7}, 33: {Mode: FixedPercent, Value: 33}, 2: {Names: []string{"a", "b"}},
	} {
		assert.Equal(t, want, s.Number(100))
	}
	assert.Equal(t, 1, Selector{Mode: FixedPercent, Value: 0.1}.Number(100), "one at least")
	assert.Equal(t, 0, Selector{Mode: FixedPercent, Value: 50}.Number(0))
	assert.Equal(t, 3, Selector{Mode: Fixed, Value: 7}.Number(3))
}

func TestTimesOfFaults(t *testing.T) {
	kill := Fault{At: time.Minute, For: 10 * time.Second, Every: 4 * time.Second, Do: &Kill{}}
	assert.Equal(t, []time.Duration{60 * time.Second, 64 * time.Second, 68 * time.Second}, kill.Moments())
	kill.For, kill.Every = 0, 0
	assert.Equal(t, []time.Duration{time.Minute}, kill.Moments())
	panics := Fault{At: time.Minute, For: 10 * time.Second, Every: 4 * time.Second, Do: &Actor{}}
	assert.Equal(t, []time.Duration{time.Minute}, panics.Moments())
}

func TestPlan(t *testing.T) {
	s, err := load(head + `
time: {warmup: 30s, run: 10m, heal: 1m}
content: {files: 200, copies: {dist: zipf, s: 1, mean: 4}}
churn: {peers: {session: 9m, absence: 1m}}
workload: [{kind: find, rate: 2/s}, {kind: publish, rate: 6/m}]
faults:
- {id: late, kind: hold, at: 5m, for: 1m, links: {from: peer-3, to: supernodes}}
- {id: kills, kind: kill, at: 1m, for: 2m, every: 1s, targets: {peers: {mode: one}}}
- {id: hub, kind: isolate, at: 0s, for: 1m, targets: {supernodes: {mode: one, where: degree=max}}}
- {id: foul, kind: byzantine, at: 1m, for: 1m, script: bad-names, count: 3}
`)
	require.NoError(t, err)
	p := s.Runs[0].Plan()
	assert.Equal(t, []Expected{{"find", 2, 1320}, {"publish", 0.1, 66}}, p.Operations)
	assert.Equal(t, []Expected{{"peers", 1.0 / 6, 110}}, p.Departures)
	assert.Equal(t, 800, p.Copies)
	require.Len(t, p.Timeline, 3+1+shownMoments+1+1)
	assert.True(t, slices.IsSortedFunc(p.Timeline, func(a, b Event) int { return int(a.At - b.At) }))
	assert.Equal(t, Event{At: -30 * time.Second, Phase: "warm-up"}, p.Timeline[0])
	byFault := map[string][]Event{}
	for _, e := range p.Timeline {
		byFault[e.Fault] = append(byFault[e.Fault], e)
	}
	hub := byFault["hub"][0]
	assert.Equal(t, []PartPlan{{Name: "targets", Count: 1, Words: "1 of 20 supernodes with the most neighbors"}}, hub.Parts)
	late := byFault["late"][0]
	assert.Equal(t, PartPlan{Name: "links.from", Nodes: []string{"peer-3"}, Count: 1, Words: "1 of 100 peers", Known: true}, late.Parts[0])
	assert.Equal(t, PartPlan{Name: "links.to", Count: 20, Words: "all 20 supernodes", Known: true}, late.Parts[1])
	kills := byFault["kills"]
	assert.Equal(t, 100, kills[shownMoments-1].Further)
	chosen := s.Runs[0].Experiment.Faults[1].Choose(1, 4, s.Runs[0].Experiment.Topology, nil)[0].Chosen.Peers[0]
	assert.Equal(t, []string{PeerName(chosen)}, kills[4].Parts[0].Nodes, "what the plan says is what Choose gives")
	assert.Equal(t, "3 × bad-names", byFault["foul"][0].Parts[0].Words)
}
