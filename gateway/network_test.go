package gateway_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/fault"
	"alakazaam/actors/message"
	"alakazaam/actors/node"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/props"
	"alakazaam/actors/store"
	"alakazaam/config"
	"alakazaam/gateway"
)

// world is a simulated network of this product's own nodes: every actor, every connection and the codec are those that
// serve real sockets.
type world struct {
	t    testing.TB
	sim  *actortest.Sim
	net  *actortest.Net
	all  []*simNode
	sent map[string]int // packets by command

	store port.Store // of the next supernode; nil: an empty one in memory
	notes port.Notes // of the next node; nil: empty ones
	weak  *weak      // breaks the ports of the next node; nil: nothing does
	harm  string     // faults of the next node, as its configuration has them
}

// simNode is one node of a world.
type simNode struct {
	*world
	self    p2p.Endpoint
	env     *props.Env
	metrics actortest.Metrics
	disk    *actortest.Disk
	routes  *message.Routes
	config  *config.Live
	faults  *fault.Faults    // nil: it has none
	user    *actortest.Probe // asks on behalf of the node's user
}

func newWorld(t testing.TB, seed uint64) *world {
	sim := actortest.NewSim(seed)
	w := &world{t: t, sim: sim, net: actortest.NewNet(sim), sent: make(map[string]int)}
	w.net.Sent = func(_, _ netip.AddrPort, data []byte) {
		if len(data) >= 4 {
			w.sent[string(data[:4])]++
		}
	}
	return w
}

// endpoint is where node i of a world is.
func endpoint(i int) p2p.Endpoint {
	a := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
	e, err := p2p.NewEndpoint(a, netip.Addr{}, 3000)
	if err != nil {
		panic(err)
	}
	return e
}

// testConfig is the default configuration without what would disturb a count of messages: nodes that find no neighbors
// by themselves and keep no links, like those in the field.
func testConfig() config.Config {
	c := config.Default()
	c.Discovery.Target = 0
	c.Discovery.Links = false
	c.Search.Strategy = config.StrategyFlood
	c.Session.Compare, c.Session.CheckEvery, c.Session.Standbys = 0, 0, 0
	return c
}

// linkConfig is testConfig with links.
func linkConfig() config.Config {
	c := testConfig()
	c.Discovery.Links = true
	return c
}

// add makes node number len(all)+1.
func (w *world) add(role node.Role, c config.Config, others ...p2p.Endpoint) *simNode {
	i := len(w.all) + 1
	n := &simNode{world: w, self: endpoint(i), metrics: actortest.Metrics{}, disk: w.net.NewDisk(fmt.Sprintf("disk%d", i))}
	n.env = w.sim.Env(uint64(i))
	n.env.Metrics = n.metrics
	live := config.NewLive(c)
	n.config = live
	if w.store == nil {
		w.store = store.NewMemory(w.sim.System)
	}
	if w.notes == nil {
		w.notes = w.sim.NewNotes()
	}
	var disk port.Disk = n.disk
	transport := w.net.Host(n.self.IPv4())
	if w.weak != nil {
		transport, disk, w.store = w.weak.weaken(n, transport, w.store)
	}
	transport = n.harmed(transport)
	spec := node.Spec{
		Name: fmt.Sprintf("n%d", i), Role: role, Promotion: c.Promotion.Enabled, Self: n.self, Config: live, Disk: disk, Notes: w.notes,
		Store: w.store, Grace: 5 * time.Second,
		Gateway: func(r *message.Routes) *actor.Props {
			return gateway.Props(n.env, transport, gateway.Options{
				Listen: n.self.Dialable()[0], Self: n.self, Config: live, FindWindow: node.FindWindow(c),
			}, r)
		},
	}
	w.store, w.notes, w.weak, w.harm = nil, nil, nil, ""
	if role == node.Supernode {
		spec.Neighbors = others
	} else {
		spec.Bootstrap = others
	}
	var err error
	n.routes, err = node.Spawn(n.env, spec)
	require.NoError(w.t, err)
	n.user = w.sim.Probe(spec.Name + "-user")
	w.all = append(w.all, n)
	return n
}

// overlay makes supernodes that know each other along the edges, and lets them settle.
func (w *world) overlay(nodes int, edges [][2]int, c config.Config) {
	neighbors := make([][]p2p.Endpoint, nodes)
	for _, e := range edges {
		neighbors[e[0]] = append(neighbors[e[0]], endpoint(e[1]+1))
		neighbors[e[1]] = append(neighbors[e[1]], endpoint(e[0]+1))
	}
	for i := range nodes {
		w.add(node.Supernode, c, neighbors[i]...)
	}
	w.sim.Run(3 * time.Second)
}

// find searches as the node's user and waits for the answer.
func (n *simNode) find(text string) *message.Found {
	t, err := p2p.NewSearchText(text)
	require.NoError(n.t, err)
	before := len(n.user.Messages)
	n.env.System.Root.Send(n.routes.Searches(), &message.Find{Text: t, ReplyTo: n.user.PID})
	n.sim.RunUntil(time.Minute, func() bool { return len(n.user.Messages) > before })
	require.Greater(n.t, len(n.user.Messages), before, "the search was not answered")
	return n.user.Messages[len(n.user.Messages)-1].(*message.Found)
}

// inspect asks one of the node's actors for its status.
func inspect[S any](n *simNode, who *actor.PID) S {
	n.env.System.Root.Send(who, &message.Inspect{ReplyTo: n.user.PID})
	n.sim.Run(0)
	return n.user.Messages[len(n.user.Messages)-1].(S)
}

func TestSearchAcrossSupernodes(t *testing.T) {
	w := newWorld(t, 1)
	w.overlay(3, [][2]int{{0, 1}, {1, 2}}, testConfig())
	alice := w.add(node.Peer, testConfig(), endpoint(1))
	bob := w.add(node.Peer, testConfig(), endpoint(3))
	id := bob.disk.Put("Perché no.txt", []byte("ciao"))
	w.sim.Run(10 * time.Second)

	require.Equal(t, "online", inspect[*message.PeerStatus](alice, alice.routes.Peer).State)
	require.Equal(t, 1, inspect[*message.PeerStatus](bob, bob.routes.Peer).Published)
	found := alice.find("PERCH")
	require.NoError(t, found.Err)
	require.Len(t, found.Results, 1)
	require.Equal(t, id, found.Results[0].File)
	require.Equal(t, []p2p.Endpoint{bob.self}, found.Results[0].Owners)
	require.Equal(t, p2p.FileName("Perche no.txt"), found.Results[0].Name, "an AQUE is plain ASCII")

	alice.env.System.Root.Send(alice.routes.Transfers, &message.Download{
		File: id, Name: found.Results[0].Name, Owners: found.Results[0].Owners, ReplyTo: alice.user.PID,
	})
	w.sim.Run(5 * time.Second)
	last := alice.user.Messages[len(alice.user.Messages)-1].(*message.DownloadState)
	require.True(t, last.Ended)
	require.Empty(t, last.Error)
	require.Equal(t, "ciao", string(w.net.Files[last.Path]))
	require.True(t, strings.HasSuffix(last.Path, "/Perche no.txt"))
}
