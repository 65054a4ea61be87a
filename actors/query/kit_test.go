package query_test

import (
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/query"
	"alakazaam/config"
)

// bench is a queries actor among probes.
type bench struct {
	t       *testing.T
	sim     *actortest.Sim
	metrics actortest.Metrics
	rand    *brittle
	queries *actor.PID
	// asker searches, link is the neighbor that brings QUERs, and conn whoever brings AQUEs.
	catalog, overlay, gateway, asker, link, conn *actortest.Probe
}

func newBench(t *testing.T, edits ...func(*config.Config)) *bench {
	sim := actortest.NewSim(1)
	b := &bench{
		t: t, sim: sim, metrics: actortest.Metrics{}, catalog: sim.Probe("catalog"), overlay: sim.Probe("overlay"),
		gateway: sim.Probe("gateway"), asker: sim.Probe("asker"), link: sim.Probe("link"), conn: sim.Probe("conn"),
	}
	c := config.Default()
	c.Discovery.Links = false
	for _, edit := range edits {
		edit(&c)
	}
	env := sim.Env(1)
	env.Metrics = b.metrics
	b.rand = &brittle{Rand: env.Rand}
	env.Rand = b.rand
	routes := &message.Routes{Catalog: b.catalog.PID, Overlay: b.overlay.PID, Gateway: b.gateway.PID}
	var err error
	b.queries, err = sim.System.Root.SpawnNamed(query.Props(env, query.Options{Self: host(1), Config: config.NewLive(c)}, routes), "queries")
	require.NoError(t, err)
	return b
}

// brittle is randomness that fails in the hands of whoever draws next, if it is broken.
type brittle struct {
	port.Rand
	broken bool
}

// Uint64 implements port.Rand.
func (b *brittle) Uint64() uint64 {
	if b.broken {
		b.broken = false
		panic("broken")
	}
	return b.Rand.Uint64()
}

func strategy(name string) func(*config.Config) {
	return func(c *config.Config) { c.Search.Strategy = name }
}

// host is where supernode or owner i is.
func host(i int) p2p.Endpoint {
	e, err := p2p.ParseEndpoint(fmt.Sprintf("10.0.%d.%d:3000", i/250, i%250+1))
	if err != nil {
		panic(err)
	}
	return e
}

// hit is a copy of file i that matches "song".
func hit(i int) message.Hit {
	return message.Hit{File: p2p.FileID{byte(i >> 8), byte(i)}, Name: "a song", Owner: host(i)}
}

func hits(from, n int) (out []message.Hit) {
	for i := range n {
		out = append(out, hit(from+i))
	}
	return out
}

// tell sends messages and lets a millisecond pass.
func (b *bench) tell(to *actor.PID, messages ...any) {
	for _, m := range messages {
		b.sim.System.Root.Send(to, m)
	}
	b.sim.Run(time.Millisecond)
}

// find begins a search whose own catalog has these hits.
func (b *bench) find(m message.Find, local ...message.Hit) {
	m.Text, _ = p2p.NewSearchText("song")
	m.ReplyTo = b.asker.PID
	b.tell(b.queries, &m)
	b.matched(&message.Matched{Hits: local})
}

// matched has the catalog answer what it was asked last.
func (b *bench) matched(m *message.Matched) {
	asked := actortest.Got[*message.Match](b.catalog)
	b.tell(asked[len(asked)-1].ReplyTo, m)
}

func (b *bench) floods() []*message.Flood { return actortest.Got[*message.Flood](b.overlay) }

// flood is the last flood.
func (b *bench) flood() *message.Flood {
	floods := b.floods()
	require.NotEmpty(b.t, floods)
	return floods[len(floods)-1]
}

// flooded has the overlay say that the last flood goes to these.
func (b *bench) flooded(to ...p2p.Endpoint) {
	f := b.flood()
	b.tell(f.ReplyTo, &message.Flooded{Ref: f.Ref, Branches: to})
}

// branch ends a branch of the last flood.
func (b *bench) branch(by p2p.Endpoint, o message.Outcome) {
	f := b.flood()
	b.tell(f.ReplyTo, &message.Branch{Ref: f.Ref, By: by, Outcome: o})
}

// answers brings AQUEs for the last flood over a link.
func (b *bench) answers(hits ...message.Hit) {
	f := b.flood()
	for i, h := range hits {
		b.tell(f.ReplyTo, &message.Aque{Ref: message.Ref(i), ID: f.Packet.ID, Hit: h, ReplyTo: b.conn.PID})
	}
}

// found are the answers to the searches.
func (b *bench) found() []*message.Found { return actortest.Got[*message.Found](b.asker) }

// quer brings another's QUER over the link.
func (b *bench) quer(id string, ttl p2p.TTL) *message.Quer {
	text, err := p2p.NewSearchText("song")
	require.NoError(b.t, err)
	pktid, err := p2p.ParsePacketID([]byte(id))
	require.NoError(b.t, err)
	return &message.Quer{
		ID: pktid, Origin: host(9), TTL: ttl, Text: text, From: netip.MustParseAddr("10.0.0.8"), Link: b.link.PID, ReplyTo: b.conn.PID,
	}
}

// carried are the packets that went over the link.
func (b *bench) carried() (out []any) {
	for _, c := range actortest.Got[*message.Carry](b.link) {
		out = append(out, c.Packet)
	}
	return out
}

func (b *bench) series(name string, labels ...string) int {
	return b.metrics[actortest.Series(name, labels...)]
}
