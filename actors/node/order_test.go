package node

import (
	"slices"
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/actors/store"
	"alakazaam/config"
)

// lives notes the kinds of actors in the order in which they come to life.
type lives struct {
	actortest.NoMetrics
	order *[]string
}

type life struct {
	port.Gauge
	kind  string
	order *[]string
}

// Gauge implements port.Metrics.
func (l lives) Gauge(name, help string, labels ...string) port.Gauge {
	g := l.NoMetrics.Gauge(name, help, labels...)
	if name != "actors" {
		return g
	}
	return life{g, labels[1], l.order}
}

func (l life) Add(n int) {
	if n > 0 {
		*l.order = append(*l.order, l.kind)
	}
}

// TestNobodyIsSpokenToBeforeHeIsThere: what speaks to others as soon as it runs is made after them. A message to an actor
// that is not there yet is lost; the overlay's links bring searches and PINGs at once.
func TestNobodyIsSpokenToBeforeHeIsThere(t *testing.T) {
	sim := actortest.NewSim(1)
	net := actortest.NewNet(sim)
	var order []string
	env := sim.Env(1)
	env.Metrics = lives{order: &order}
	self, err := p2p.ParseEndpoint("10.0.0.1:3000")
	require.NoError(t, err)
	_, err = Spawn(env, Spec{
		Name: "n", Role: Supernode, Self: self, Config: config.NewLive(config.Default()), Disk: net.NewDisk("disk"),
		Notes: sim.NewNotes(), Store: store.NewMemory(sim.System),
		Gateway: func(*message.Routes) *actor.Props {
			return env.Make("gateway", func() actor.Actor { return actor.ReceiveFunc(func(actor.Context) {}) })
		},
	})
	require.NoError(t, err)
	sim.Run(0)
	for later, earlier := range map[string][]string{
		"catalog": {"store", "share"}, "sessions": {"store", "catalog"}, "overlay": {"gateway", "queries", "sessions", "catalog"},
	} {
		require.Contains(t, order, later)
		for _, kind := range earlier {
			require.Contains(t, order[:slices.Index(order, later)], kind, "before %s", later)
		}
	}
}
