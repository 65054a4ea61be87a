package gateway_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/fault"
	"alakazaam/actors/message"
	"alakazaam/actors/node"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/config"
	"alakazaam/gateway/toxic"
)

// harmed gives the node the faults of the world's harm, and its connections theirs.
func (n *simNode) harmed(t port.Transport) port.Transport {
	if n.harm == "" {
		return t
	}
	rules, err := config.ParseFaults(n.harm)
	require.NoError(n.t, err)
	n.faults = fault.New(fault.Options{Clock: n.env.Clock, Rand: n.env.Rand, Metrics: n.metrics, Log: n.env.Log})
	n.faults.Load(rules, 1)
	n.env.Faults = n.faults
	return toxic.Wrap(t, toxic.Options{System: n.env.System, Clock: n.env.Clock, Faults: n.faults})
}

// hits is how often the node's faults have made a difference, one after the other.
func (n *simNode) hits() (all []int) {
	for _, f := range n.faults.Ledger() {
		all = append(all, f.Hit)
	}
	return all
}

// harmWorld is a supernode under faults, one beside it, and a peer of each.
type harmWorld struct {
	*world
	harmed, other *simNode
	alice, bob    *simNode // alice is logged in at the harmed one
}

func newHarmWorld(t *testing.T, rules string) *harmWorld {
	w := &harmWorld{world: newWorld(t, 1)}
	w.harm = rules
	w.harmed = w.add(node.Supernode, testConfig(), endpoint(2))
	w.other = w.add(node.Supernode, testConfig(), endpoint(1))
	w.alice = w.add(node.Peer, testConfig(), endpoint(1))
	w.bob = w.add(node.Peer, testConfig(), endpoint(2))
	w.alice.disk.Put("a song.mp3", []byte("a"))
	w.bob.disk.Put("b song.mp3", []byte("b"))
	return w
}

// online waits until both peers have published, and says how long it took the one at the harmed supernode.
func (w *harmWorld) online() time.Duration {
	w.t.Helper()
	begin := w.sim.Now()
	w.sim.Run(time.Millisecond) // so that the actors are there
	published := func(n *simNode) bool { return inspect[*message.PeerStatus](n, n.routes.Peer).Published == 1 }
	for !published(w.alice) {
		require.Less(w.t, w.sim.Now().Sub(begin), 2*time.Minute)
		w.sim.Run(10 * time.Millisecond)
	}
	took := w.sim.Now().Sub(begin)
	for !published(w.bob) {
		require.Less(w.t, w.sim.Now().Sub(begin), 2*time.Minute)
		w.sim.Run(10 * time.Millisecond)
	}
	return took
}

// search is a search of alice's: what it found, and how long it took.
func (w *harmWorld) search() (*message.Found, time.Duration) {
	begin := w.sim.Now()
	found := w.alice.find("song")
	return found, w.sim.Now().Sub(begin)
}

// TestFaultsAndTheOtherSide: what whoever waits for a message experiences when a fault strikes it.
func TestFaultsAndTheOtherSide(t *testing.T) {
	for _, test := range []struct {
		name, rules string
		check       func(w *harmWorld)
	}{
		{"panic in a search", "{id: x, kind: actor, action: panic, match: {actor: query, message: Matched, nth: 1}}", func(w *harmWorld) {
			w.online()
			begin := w.sim.Now()
			require.Error(w.t, w.harmed.find("song").Err)
			require.Equal(w.t, begin, w.sim.Now(), "its user is told at once")
			require.Equal(w.t, map[string][3]int{"query": {1, 0, 1}}, w.harmed.failed())
			found, _ := w.search()
			require.NoError(w.t, found.Err)
			require.Len(w.t, found.Results, 2)
		}},
		{"panic in the search of a peer", "{id: x, kind: actor, action: panic, match: {actor: query, message: Matched, nth: 1}}", func(w *harmWorld) {
			w.online()
			found, took := w.search()
			require.NoError(w.t, found.Err, "its connection ends, and it asks once more")
			require.Len(w.t, found.Results, 2)
			require.Less(w.t, took, 5*time.Second)
			require.Equal(w.t, map[string][3]int{"query": {1, 0, 1}}, w.harmed.failed())
		}},
		{"panic over a login", "{id: x, kind: actor, action: panic, match: {actor: sessions, message: Login, nth: 1}}", func(w *harmWorld) {
			require.Less(w.t, w.online(), 30*time.Second, "it is refused at once, and tries again")
			require.Equal(w.t, map[string][3]int{"sessions": {1, 1, 0}}, w.harmed.failed())
		}},
		{"stop of a search", "{id: x, kind: actor, action: stop, match: {actor: query, message: Matched, nth: 1}}", func(w *harmWorld) {
			w.online()
			begin := w.sim.Now()
			require.Error(w.t, w.harmed.find("song").Err, "a search has a last word")
			require.Equal(w.t, begin, w.sim.Now())
			require.Empty(w.t, w.harmed.failed(), "it is no failure")
		}},
		{"lost answers of the catalog", "{id: x, kind: actor, action: drop, match: {actor: query, message: Matched}}", func(w *harmWorld) {
			w.online()
			begin := w.sim.Now()
			require.ErrorIs(w.t, w.harmed.find("song").Err, message.ErrBusy, "an answer without the node's own files would be taken for a whole one")
			require.Equal(w.t, 18*time.Second, w.sim.Now().Sub(begin), "the search waits until its window is over")
		}},
		{"a lost login", "{id: x, kind: actor, action: drop, match: {actor: sessions, message: Login, nth: 1}}", func(w *harmWorld) {
			took := w.online()
			require.Greater(w.t, took, 5*time.Second, "nobody is told")
			require.Less(w.t, took, time.Minute)
			require.Equal(w.t, 2, inspect[*message.SessionsStatus](w.other, w.other.routes.Sessions).Sessions, "it goes to the other supernode")
		}},
		{"doubled logins", "{id: x, kind: actor, action: duplicate, copies: 3, match: {actor: sessions, message: Login}}", func(w *harmWorld) {
			w.online()
			require.Equal(w.t, 1, inspect[*message.SessionsStatus](w.harmed, w.harmed.routes.Sessions).Sessions)
			found, _ := w.search()
			require.Len(w.t, found.Results, 2)
		}},
		{"doubled answers of others", "{id: x, kind: actor, action: duplicate, match: {actor: queries, message: Aque}}", func(w *harmWorld) {
			w.online()
			found, _ := w.search()
			require.Len(w.t, found.Results, 2, "no file twice")
		}},
		{"a flood of one search", "{id: x, kind: actor, action: flood, match: {actor: queries, message: Quer}}", func(w *harmWorld) {
			w.online()
			before := w.sent["AQUE"]
			require.Len(w.t, w.bob.find("song").Results, 2)
			require.Equal(w.t, 1, w.sent["AQUE"]-before, "one Pktid is handled once")
		}},
		{"late answers of the catalog", "{id: x, kind: actor, action: delay, delay: 3s, match: {actor: query, message: Matched}}", func(w *harmWorld) {
			w.online()
			found, took := w.search()
			require.Len(w.t, found.Results, 2)
			require.InDelta(w.t, 3, took.Seconds(), 1)
		}},
		{"a login that is overtaken", "{id: x, kind: actor, action: reorder, delay: 2s, match: {actor: sessions, message: Login, nth: 1}}", func(w *harmWorld) {
			require.InDelta(w.t, 2, w.online().Seconds(), 2)
		}},
		{"a slow catalog", "{id: x, kind: actor, action: slow, delay: 700ms, match: {actor: catalog, message: Match}}", func(w *harmWorld) {
			w.online()
			found, took := w.search()
			require.Len(w.t, found.Results, 2)
			require.Greater(w.t, took, 700*time.Millisecond)
		}},
		{"answers that a connection loses", "{id: x, kind: actor, action: drop, match: {actor: connection, message: LoggedIn, nth: 1}}", func(w *harmWorld) {
			require.Greater(w.t, w.online(), 5*time.Second)
			require.Equal(w.t, 1, inspect[*message.SessionsStatus](w.harmed, w.harmed.routes.Sessions).Sessions, "it gets the session that it has")
		}},
		{"a slow network", "{id: x, kind: toxic, type: latency, attributes: {latency: 300ms}}", func(w *harmWorld) {
			w.online()
			found, took := w.search()
			require.Len(w.t, found.Results, 2)
			require.Greater(w.t, took, 600*time.Millisecond)
		}},
		{"packets in pieces", "{id: x, kind: toxic, type: slicer, attributes: {average_size: 2, size_variation: 1, delay: 100us}}", func(w *harmWorld) {
			w.online()
			found, _ := w.search()
			require.NoError(w.t, found.Err)
			require.Len(w.t, found.Results, 2)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newHarmWorld(t, test.rules)
			test.check(w)
			require.NotZero(t, w.harmed.hits()[0], "the fault has to strike")
		})
	}
}

// TestHarmIsReproducible: the same seed makes the same run of a world with faults of both kinds, whatever the number of
// processors, and other chances another.
func TestHarmIsReproducible(t *testing.T) {
	run := func(processors int, probability string) (trace string, hits []int) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		w := newHarmWorld(t, "{id: a, kind: actor, action: drop, match: {probability: "+probability+"}},"+
			"{id: b, kind: actor, action: delay, delay: 40ms, match: {probability: 0.05}},"+
			"{id: c, kind: actor, action: panic, match: {actor: query, probability: 0.05}},"+
			"{id: d, kind: toxic, type: slicer, toxicity: 0.5, attributes: {average_size: 20, size_variation: 15, delay: 1ms}},"+
			"{id: e, kind: toxic, type: latency, toxicity: 0.5, attributes: {latency: 30ms, jitter: 20ms}}")
		w.sim.Run(time.Minute)
		text, err := p2p.NewSearchText("song")
		require.NoError(t, err)
		for range 5 {
			w.bob.env.System.Root.Send(w.bob.routes.Searches(), &message.Find{Text: text, ReplyTo: w.bob.user.PID})
			w.sim.Run(30 * time.Second)
		}
		return w.sim.Trace(), w.harmed.hits()
	}
	trace, hits := run(1, "0.02")
	for _, n := range hits {
		require.NotZero(t, n)
	}
	again, same := run(2, "0.02")
	require.Equal(t, trace, again)
	require.Equal(t, hits, same)
	other, _ := run(2, "0.03")
	require.NotEqual(t, trace, other)
}

// TestKindsOfActorsCanBeNamed: a fault can name every kind of actor that a node has.
func TestKindsOfActorsCanBeNamed(t *testing.T) {
	w := newHarmWorld(t, "{id: x, kind: actor, action: drop, match: {probability: 0}}")
	w.online()
	w.search()
	for _, n := range w.all {
		for kind := range n.kinds() {
			require.Contains(t, config.ActorKinds(), kind)
		}
	}
	require.NotEmpty(t, actortest.Got[*message.Found](w.alice.user))
}
