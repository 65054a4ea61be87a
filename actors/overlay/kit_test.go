package overlay

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/config"
)

// bench is an overlay actor among probes.
type bench struct {
	t       *testing.T
	sim     *actortest.Sim
	overlay *actor.PID
	// asker is whoever floods a QUER, and link and conn are connections.
	gateway, queries, sessions, catalog, asker, link, conn *actortest.Probe
}

func newBench(t *testing.T, c config.Config, neighbors ...p2p.Endpoint) *bench {
	return newBenchOf(t, Options{Neighbors: neighbors, Config: config.NewLive(c)})
}

// newBenchOf is newBench with other options.
func newBenchOf(t *testing.T, o Options) *bench {
	sim := actortest.NewSim(1)
	b := &bench{
		t: t, sim: sim, gateway: sim.Probe("gateway"), queries: sim.Probe("queries"), sessions: sim.Probe("sessions"),
		catalog: sim.Probe("catalog"), asker: sim.Probe("asker"), link: sim.Probe("link"), conn: sim.Probe("conn"),
	}
	routes := &message.Routes{Gateway: b.gateway.PID, Queries: b.queries.PID, Sessions: b.sessions.PID, Catalog: b.catalog.PID}
	routes.Overlay = sim.System.NewLocalPID("overlay")
	o.Self, o.Started = host(1), sim.Now()
	if o.Notes == nil {
		o.Notes = sim.NewNotes()
	}
	var err error
	b.overlay, err = sim.System.Root.SpawnNamed(Props(sim.Env(1), o, routes), "overlay")
	require.NoError(t, err)
	sim.Run(0)
	return b
}

// testConfig is the default configuration of an overlay that finds no neighbors by itself.
func testConfig() config.Config {
	c := config.Default()
	c.Discovery.Target = 0
	return c
}

// host is the supernode at address number i.
func host(i byte) p2p.Endpoint {
	e, err := p2p.NewEndpoint(netip.AddrFrom4([4]byte{10, 0, 0, i}), netip.Addr{}, 3000)
	if err != nil {
		panic(err)
	}
	return e
}

// tell sends messages, one behind the other, and lets the actors run.
func (b *bench) tell(to *actor.PID, all ...any) {
	for _, m := range all {
		b.sim.System.Root.Send(to, m)
	}
	b.sim.Run(0)
}

// neighbor is the actor of the neighbor at e.
func (b *bench) neighbor(e p2p.Endpoint) *actor.PID {
	return b.sim.System.NewLocalPID("overlay/neighbor/" + e.String())
}

// asked is the request for a link that somebody makes over conn.
func (b *bench) asked(e p2p.Endpoint) *message.LinkAsked {
	return &message.LinkAsked{Ref: 1, Link: b.link.PID, Version: filterVersion, Endpoint: e, From: e.IPv4(), ReplyTo: b.conn.PID}
}

// linked has the neighbor at e open a link.
func (b *bench) linked(e p2p.Endpoint) {
	b.tell(b.overlay, b.asked(e))
	require.NotNil(b.t, last[*message.LinkAnswered](b.conn).Neighbor)
}

// based has the neighbor at e be found not to know links.
func (b *bench) based(e p2p.Endpoint) {
	open := last[*message.OpenLink](b.gateway)
	require.Equal(b.t, e, open.To)
	b.tell(b.neighbor(e), &message.Linked{Ref: open.Ref, Err: message.ErrBase})
}

// flood floods a QUER, number ref of those of a test.
func (b *bench) flood(ref message.Ref) {
	id, err := p2p.ParsePacketID(fmt.Appendf(nil, "PKT%013d", ref))
	require.NoError(b.t, err)
	text, err := p2p.NewSearchText("song")
	require.NoError(b.t, err)
	b.tell(b.overlay, &message.Flood{Ref: ref, ReplyTo: b.asker.PID, Packet: &message.Quer{ID: id, Origin: host(1), TTL: 5, Text: text}})
}

// last is the last message of type M that a probe has got.
func last[M any](p *actortest.Probe) M {
	all := actortest.Got[M](p)
	return all[len(all)-1]
}
