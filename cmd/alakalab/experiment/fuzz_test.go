package experiment

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"alakazaam/config"
)

// Whatever a file holds, loading it ends in runs that can be written, read again and planned, or in problems with places; and
// takes memory in proportion to its bounds.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/*.yaml", "testdata/bad/*.yaml", "presets/*.yaml"} {
		files, _ := filepath.Glob(pattern)
		for _, path := range files {
			data, err := os.ReadFile(path)
			require.NoError(f, err)
			f.Add(data)
		}
	}
	for _, k := range Kinds() {
		f.Add([]byte(head + "faults:\n" + k.Example))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		s, err := parse("fuzz", "/nowhere", data, Options{})
		runtime.ReadMemStats(&after)
		if used := after.TotalAlloc - before.TotalAlloc; used > 1<<30 {
			t.Errorf("%d MiB for %d bytes", used>>20, len(data))
		}
		var wrong config.Errors
		if err != nil {
			require.ErrorAs(t, err, &wrong)
			require.LessOrEqual(t, len(wrong), maxProblems+1)
			return
		}
		require.NotEmpty(t, s.Runs)
		require.Equal(t, s.Experiment, again(t, s.Experiment))
		r := s.Runs[len(s.Runs)-1]
		if n := r.Experiment.Topology.Supernodes.Count + r.Experiment.Topology.Peers.Count; n < 10_000 {
			r.Plan()
		}
	})
}

// A file that is not there is a problem with its cause.
func TestNoFile(t *testing.T) {
	_, err := Load(Options{Path: filepath.Join(t.TempDir(), "none.yaml")})
	require.True(t, errors.Is(err, os.ErrNotExist))
	require.ErrorContains(t, err, "none.yaml: cannot be read: no such file or directory")
}
