package query

import (
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/actortest"
	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/config"
)

// TestNothingIsLeftOfASearch, however many steps it had.
func TestNothingIsLeftOfASearch(t *testing.T) {
	sim := actortest.NewSim(1)
	q := newQueries(sim.Env(1), Options{Config: config.NewLive(config.Default())}, nil)
	first, second := p2p.NewPacketID(sim.Rand(2)), p2p.NewPacketID(sim.Rand(3))
	q.pending[first] = &pending{find: &message.Find{ReplyTo: &actor.PID{}}}
	q.onAnother(&another{first: first, id: second})
	require.Same(t, q.pending[first], q.of(second))
	q.forget(nil, first)
	require.Empty(t, q.pending)
	require.Empty(t, q.steps)
	q.onAnother(&another{first: first, id: second})
	require.Empty(t, q.steps, "it is over already")
}
