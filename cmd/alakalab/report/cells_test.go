package report

import (
	"testing"

	"github.com/stretchr/testify/require"

	"alakazaam/cmd/alakalab/record"
)

func TestVaried(t *testing.T) {
	sets := []map[string]string{
		{"workload[0].ttl": "3", "time.run": "1m", "topology.peers.count": "5", "topology.supernodes.count": "2", "engine": "sim"},
		{"workload[0].ttl": "5", "time.run": "1m", "topology.peers.count": "6", "topology.supernodes.count": "3"},
	}
	names := Varied(sets)
	require.Equal(t, Names{
		"workload[0].ttl": "ttl", "topology.peers.count": "peers.count", "topology.supernodes.count": "supernodes.count", "engine": "engine",
	}, names, "as short as can be told apart, without what is the same everywhere")
	require.Equal(t, "engine=sim peers.count=5 supernodes.count=2 ttl=3", names.Label(sets[0]))
	require.Equal(t, "peers.count=6 supernodes.count=3 ttl=5", names.Label(sets[1]))
	require.Empty(t, Varied([]map[string]string{{"a": "1"}}))

	run := func(seed uint64, set map[string]string) Run { return Run{Record: &record.Run{Seed: seed, Set: set}} }
	cells := Cells([]Run{run(1, sets[0]), run(2, sets[0]), run(1, sets[1])})
	require.Len(t, cells, 2)
	require.Len(t, cells[0].Runs, 2)
	require.Equal(t, "3", cells[0].Set["ttl"])
}
