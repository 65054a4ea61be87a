package experiment

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestDifferences(t *testing.T) {
	load := func() *Experiment {
		s, err := Load(Options{Path: "testdata/full.yaml"})
		require.NoError(t, err)
		return s.Experiment
	}
	a, b := load(), load()
	require.Empty(t, Differences(a, b))
	b.Seeds, b.Report, b.About = Seeds{77}, Report{}, "Another question?"
	require.Empty(t, Differences(a, b), "these make no difference")
	b.Time.Run++
	b.Topology.Peers.Count = 7
	b.Faults = b.Faults[:len(b.Faults)-1]
	b.Matrix = nil
	changed := Differences(a, b)
	paths := make(map[string]Difference)
	for _, d := range changed {
		paths[d.Path] = d
	}
	require.Equal(t, Difference{Path: "time.run", A: "10m", B: "10m0.000000001s"}, paths["time.run"])
	require.Equal(t, "7", paths["topology.peers.count"].B)
	require.Equal(t, 10*time.Minute, a.Time.Run)
	require.Less(t, len(changed), 60)
	for path := range paths {
		require.Regexp(t, `^(time\.run|topology\.peers\.count|faults\[\d+\]\..+|matrix.*)$`, path)
	}
}
