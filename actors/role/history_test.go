package role

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestHistory(t *testing.T) {
	first := history{began: noon}
	require.NoError(t, first.take(nil), "there was none before")
	require.Equal(t, time.Hour, first.average(noon.Add(time.Hour)))
	kept := first.note(noon.Add(10 * time.Hour))

	again := history{began: noon} // the actor was restarted
	require.NoError(t, again.take(kept))
	require.Empty(t, again.runs)
	require.Equal(t, 11*time.Hour, again.average(noon.Add(11*time.Hour)))

	second := history{began: noon.Add(20 * time.Hour)}
	require.NoError(t, second.take(kept))
	require.Equal(t, []time.Duration{10 * time.Hour}, second.runs)
	require.Equal(t, 10*time.Hour, second.average(second.began.Add(time.Minute)), "a run that has just begun says nothing")
	require.Equal(t, 15*time.Hour, second.average(second.began.Add(20*time.Hour)))
	require.NoError(t, second.take(second.note(second.began.Add(time.Hour))), "the actor was restarted")
	require.Len(t, second.runs, 1)

	for i := range 40 {
		next := history{began: noon.Add(time.Duration(100+i) * time.Hour)}
		require.NoError(t, next.take(kept))
		kept = next.note(next.began.Add(time.Hour))
	}
	last := history{began: noon.Add(1000 * time.Hour)}
	require.NoError(t, last.take(kept))
	require.Len(t, last.runs, maxRuns)
	require.Equal(t, time.Hour, last.average(last.began))

	for _, bad := range []string{"x", `{"runs_s": [1e30]}`, `{"runs_s": "1"}`} {
		h := history{began: noon}
		require.Error(t, h.take([]byte(bad)), bad)
		require.Empty(t, h.runs)
	}
	h := history{began: noon}
	require.NoError(t, h.take([]byte(`{"runs_s": [-1, 9000000000000000000, 60], "last_s": -5}`)))
	require.Equal(t, []time.Duration{time.Minute}, h.runs, "what no run can be is left out")
}
