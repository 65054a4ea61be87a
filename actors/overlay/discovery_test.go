package overlay

import (
	"testing"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/stretchr/testify/require"

	"alakazaam/actors/p2p"
	"alakazaam/actors/port"
	"alakazaam/config"
)

// slowNotes are notes that answer when a test does.
type slowNotes struct{ kept []string }

func (n *slowNotes) Keep(_ string, value []byte) { n.kept = append(n.kept, string(value)) }
func (*slowNotes) Recall(string, *actor.PID)     {}

// TestNothingIsKeptBeforeItIsRecalled: notes write before they read, and what was told to the overlay at its start must not
// take the place of what an earlier run knew.
func TestNothingIsKeptBeforeItIsRecalled(t *testing.T) {
	c := testConfig()
	notes := &slowNotes{}
	b := newBenchOf(t, Options{Known: []p2p.Endpoint{host(2)}, Config: config.NewLive(c), Notes: notes})
	b.sim.Run(2 * c.Discovery.Every)
	require.Empty(t, notes.kept)
	b.tell(b.overlay, &port.Recalled{Name: noteName})
	b.sim.Run(c.Discovery.Every)
	require.Len(t, notes.kept, 1)
}
