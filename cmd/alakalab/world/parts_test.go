package world

import (
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/cmd/alakalab/experiment"
	"alakazaam/cmd/alakalab/record"
	"alakazaam/gateway/wire"
)

func TestGraphs(t *testing.T) {
	for _, c := range []struct {
		graph    experiment.Graph
		nodes    int
		edges    int // -1: by chance
		degree   int // of every node; 0: not the same
		farthest int // of any two; 0: not looked at
	}{
		{&experiment.RandomRegular{Degree: 4}, 100, 200, 4, 0},
		{&experiment.Gnp{Degree: 3}, 100, -1, 0, 0},
		{&experiment.PowerLaw{Links: 2}, 100, 3 + 97*2, 0, 0},
		{&experiment.Grid{}, 25, 40, 0, 8},
		{&experiment.Grid{Width: 10}, 25, 22 + 15, 0, 0},
		{&experiment.Line{}, 25, 24, 0, 24},
		{&experiment.Ring{}, 25, 25, 2, 12},
		{&experiment.Star{}, 25, 24, 0, 2},
		{&experiment.Tree{Children: 4}, 25, 24, 0, 5},
		{&experiment.Total{}, 25, 300, 24, 1},
		{&experiment.EdgeList{Edges: experiment.Edges{{0, 1}, {2, 1}}}, 3, 2, 0, 2},
		{&experiment.Line{}, 1, 0, 0, 0},
	} {
		edges, err := graph(experiment.Supernodes{Count: c.nodes, Graph: c.graph}, rand.New(rand.NewPCG(1, 1)))
		require.NoError(t, err, "%T", c.graph)
		if c.edges >= 0 {
			require.Len(t, edges, c.edges, "%T", c.graph)
		}
		require.True(t, connected(c.nodes, edges), "%T", c.graph)
		seen, degree := map[[2]int]bool{}, make([]int, c.nodes)
		w := &World{supers: c.nodes, around: make([][]int, c.nodes), faults: &faults{}}
		for _, e := range edges {
			require.NotEqual(t, e[0], e[1])
			require.False(t, seen[ordered(e[0], e[1])], "%T", c.graph)
			seen[ordered(e[0], e[1])] = true
			for i := range 2 {
				degree[e[i]]++
				w.around[e[i]] = append(w.around[e[i]], e[1-i])
			}
		}
		far := 0
		for i := range c.nodes {
			w.hosts = append(w.hosts, &host{up: true})
			if c.degree > 0 {
				require.Equal(t, c.degree, degree[i], "%T", c.graph)
			}
		}
		for i := range c.nodes {
			for _, to := range w.reach(i, c.nodes) {
				far = max(far, w.ball.far[to])
			}
		}
		if c.farthest > 0 {
			require.Equal(t, c.farthest, far, "%T", c.graph)
		}
	}
	for _, bad := range []experiment.Graph{
		&experiment.RandomRegular{Degree: 3}, &experiment.Gnp{Degree: 9}, &experiment.PowerLaw{Links: 5},
		&experiment.EdgeList{Edges: experiment.Edges{{0, 5}}}, &experiment.EdgeList{Edges: experiment.Edges{{0, 1}, {1, 0}}},
	} {
		_, err := graph(experiment.Supernodes{Count: 5, Graph: bad}, rand.New(rand.NewPCG(1, 1)))
		require.ErrorIs(t, err, errGraph, "%+v", bad)
	}
}

func TestAddresses(t *testing.T) {
	for _, i := range []int{0, 1, 255, 256, 65535, 65536, 1_000_000, most - 1} {
		require.Equal(t, i, indexOf(address(i)))
	}
	require.NotEqual(t, p2p.SubnetOf(address(7)), p2p.SubnetOf(address(8)), "nodes take few neighbors from one network")
	require.Equal(t, -1, indexOf(netip.MustParseAddr("192.0.2.1")))
}

func TestContent(t *testing.T) {
	id := fileID(1, 2)
	for _, size := range []int64{0, 24, 25, 1000} {
		b := content(id, size)
		require.Len(t, b, max(int(size), contentHead))
		require.Equal(t, id, sum(b))
		require.NotEqual(t, id, sum(b[:len(b)-1]), "cut short")
		b[len(b)-1] ^= 1
		require.NotEqual(t, id, sum(b), "damaged")
	}
}

func TestCopies(t *testing.T) {
	popular := func(rank int) float64 { return 1 / float64(rank+1) }
	of := func(placement string, c experiment.Dist) []int {
		return copies(experiment.Content{Files: 4, Copies: c, Placement: placement}, popular, 10, rand.NewPCG(1, 1))
	}
	six := experiment.Constant(6.25) // 25 in all, of which the shares of 1, 1/2, 1/3 and 1/4 are 12, 6, 4 and 3
	require.Equal(t, []int{6, 6, 6, 6}, of("drawn", six))
	require.Equal(t, []int{6, 6, 6, 6}, of("uniform", six))
	require.Equal(t, []int{10, 6, 4, 3}, of("proportional", six), "no more than there are peers")
	require.Equal(t, []int{9, 6, 5, 4}, of("square-root", six))
	require.Equal(t, []int{10, 6, 4, 3}, of("drawn", experiment.Dist{Kind: experiment.KindZipf, S: 1, Mean: 6.25}))
	require.Equal(t, []int{1, 1, 1, 1}, of("drawn", experiment.Constant(0)))
}

func simulatedMachine() (simulated, *machine) {
	m := newSimulated(1)
	return m.engine.(simulated), m
}

func TestNetwork(t *testing.T) {
	sim, m := simulatedMachine()
	w := &World{sim: m, supers: 2, began: sim.Now(), faults: &faults{}}
	n := &network{w: w, random: rand.New(rand.NewPCG(1, 1)), busy: map[[2]int]time.Time{}}
	n.between[0] = way{latency: latency(experiment.Constant(10e6)), rate: 1000}
	n.between[1] = way{latency: latency(experiment.Constant(20e6)), loss: 0.5}
	n.between[2] = way{latency: latency(experiment.Dist{Kind: experiment.KindLognormal, Median: 40e6, P95: 150e6})}
	to := func(a, b, bytes int) time.Duration { return n.transit(address(a), address(b), bytes) }

	require.Equal(t, 510*time.Millisecond, to(0, 1, 500))
	require.Equal(t, 1010*time.Millisecond, to(0, 1, 500), "it waits for the one before it")
	require.Equal(t, 510*time.Millisecond, to(1, 0, 500), "the other direction is another one")
	sim.Run(time.Minute)
	require.Equal(t, 510*time.Millisecond, to(0, 1, 500))

	late := 0
	for range 1000 {
		if d := to(0, 2, 1); d > 20*time.Millisecond {
			late++
			require.GreaterOrEqual(t, d, 220*time.Millisecond)
		}
	}
	require.InDelta(t, 500, late, 60)

	first, below := to(5, 6, 1), 0
	require.Equal(t, first, to(5, 6, 1000), "a pair's latency stays")
	require.NotEqual(t, first, to(6, 5, 1))
	for i := range 1000 {
		if to(i+2, i+3, 1) < 40*time.Millisecond {
			below++
		}
	}
	require.InDelta(t, 500, below, 60, "the median")
}

func TestAudit(t *testing.T) {
	sim, m := simulatedMachine()
	w := &World{sim: m, began: sim.Now(), supers: 5, faults: &faults{}}
	w.audit, w.links, w.counts = newAudit(w), newOverlinks(w), newCounts()
	live, err := configured(supernodeDefaults, experiment.NodeConfig{"search.ttl": "7", "search.strategy": "flood"}, "")
	require.NoError(t, err)
	for i := range 5 {
		w.hosts = append(w.hosts, &host{name: experiment.SupernodeName(i), self: endpointOf(i), live: live})
	}
	id := p2p.NewPacketID(rand.NewPCG(1, 1))
	send := func(from, to int, ttl p2p.TTL) {
		b := (&wire.Quer{ID: id, Origin: endpointOf(0), TTL: ttl}).Append(nil)
		w.audit.sent(from, to, b)
		w.audit.arrived(from, to, b)
	}
	counted := func(name string) int { return int(w.counts.n[name]) }
	wrong := func() []int {
		return []int{counted(record.FloodsTwice), counted(record.FloodsBack), counted(record.FloodsTTL)}
	}
	send(0, 1, 5)
	send(1, 2, 4)
	send(2, 3, 3)
	send(3, 1, 2) // it goes where it was already, by another way
	require.Equal(t, []int{0, 0, 0}, wrong())
	send(1, 2, 4)
	require.Equal(t, []int{1, 0, 0}, wrong())
	send(3, 4, 3)
	require.Equal(t, []int{1, 0, 1}, wrong())
	send(2, 1, 3)
	require.Equal(t, []int{1, 1, 1}, wrong())
	send(7, 1, 9) // a foul node
	send(7, 1, 9)
	send(1, 3, 6) // by a node of which 7 is the most
	require.Equal(t, []int{1, 1, 1}, wrong())
	w.hosts[1].lives++
	send(1, 2, 4)
	require.Equal(t, []int{1, 1, 1}, wrong(), "a node does not remember what it knew before it was started")
	for _, name := range []string{record.FloodsTwice, record.FloodsBack, record.FloodsTTL} {
		require.Len(t, w.counts.cases[name], 1)
	}

	for i := range 4 {
		w.links.agreed(netip.AddrPortFrom(address(i), 40000), netip.AddrPortFrom(address(i+1), listenPort))
	}
	flood := func(end func()) (full, sent, law int) {
		sim.Run(time.Minute)
		id = p2p.NewPacketID(rand.NewPCG(2, uint64(sim.Now().UnixNano())))
		for i := range 4 {
			send(i, i+1, p2p.TTL(5-i))
		}
		end()
		sim.Run(time.Minute)
		w.audit.forget()
		require.Empty(t, w.audit.floods, "what is over is forgotten")
		full, sent, law = counted(record.FloodsFull), counted(record.FloodsFullSent), counted(record.FloodsFullLaw)
		clear(w.counts.n)
		return full, sent, law
	}
	for _, c := range []struct {
		about           string
		end             func()
		full, sent, law int
	}{
		{"2E - N + 1 on a line", func() {}, 1, 4, 4},
		{"one too many", func() { send(4, 0, 2) }, 1, 5, 4},
		{"on its last hop", func() { send(4, 0, 1) }, 0, 0, 0},
		{"a fault begins", func() { w.faults.changes++ }, 0, 0, 0},
		{"a link ends", func() {
			w.links.closed(netip.AddrPortFrom(address(2), listenPort), netip.AddrPortFrom(address(1), 40000))
		}, 0, 0, 0},
		{"too few in the rest", func() {}, 1, 4, 1},
	} {
		full, sent, law := flood(c.end)
		require.Equal(t, []int{c.full, c.sent, c.law}, []int{full, sent, law}, c.about)
	}
	require.Len(t, w.counts.cases[record.FloodsFullSent], 2)
}

// TestDirectory: a disk that is slow for one change does not let the next one overtake it, and what a life that is over
// still writes is not written.
func TestDirectory(t *testing.T) {
	sim, m := simulatedMachine()
	w := &World{sim: m, began: sim.Now()}
	w.truth = newTruth(w)
	slow := &experiment.Disk{Point: "store.fsync", Terms: experiment.Terms{{Percent: 100, Count: 1, Action: "sleep", Sleep: time.Second}}}
	h := &host{w: w}
	w.hosts = []*host{h}
	w.faults = &faults{w: w, disks: map[*host][]*diskTrouble{
		h: {{fault: &fault{random: rand.New(rand.NewPCG(1, 1))}, do: slow, done: make([]int, 1)}},
	}}
	life := &life{}
	d := w.directory(h, life)
	probe := sim.Probe("owner")
	for i := range 2 {
		d.Apply(nil, probe.PID, uint64(i))
	}
	sim.Run(500 * time.Millisecond)
	require.Empty(t, probe.Messages)
	sim.Run(time.Second)
	require.Equal(t, []*port.Applied{{Token: 0}, {Token: 1}}, actortest.Got[*port.Applied](probe))

	n := notes{sim.NewNotes(), w, life}
	n.Keep("a", []byte("1"))
	life.over = true
	n.Keep("a", []byte("2"))
	d.Apply(nil, probe.PID, 2)
	sim.Run(time.Second)
	require.Equal(t, []byte("1"), n.Values["a"])
	require.Len(t, actortest.Got[*port.Applied](probe), 2)
}
