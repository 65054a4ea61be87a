package report

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/cmd/alakalab/record"
	"alakazaam/cmd/alakalab/record/recordtest"
)

func TestProgressOnATerminal(t *testing.T) {
	var out bytes.Buffer
	now, width := began, 90
	p := NewProgress(&out, "split\x1b", 1, func() int { return width }, func() time.Time { return now })
	now = now.Add(10 * time.Second)
	at := record.Progress{At: 3 * time.Minute, Total: 12 * time.Minute, Events: 1e6, PerSecond: 123456.7}
	p.Of(0)(at)
	require.Equal(t, "\r\x1b[Ksplit\uFFFD  25%, 30s left, 123,457 events/s, 3m0s of 12m0s", out.String())
	out.Reset()
	p.Of(0)(at)
	require.Empty(t, out.String(), "too soon")
	width, now = 20, now.Add(refresh)
	p.Of(0)(record.Progress{Total: 1})
	require.Equal(t, "\r\x1b[Ksplit\uFFFD   0%, ? left", out.String())
	out.Reset()
	p.Clear()
	p.Clear()
	require.Equal(t, "\r\x1b[K", out.String())
}

func TestProgressOfSeveralRuns(t *testing.T) {
	var out bytes.Buffer
	now := began
	p := NewProgress(&out, "split", 4, func() int { return 0 }, func() time.Time { return now })
	now = now.Add(reminder - 1)
	half := record.Progress{At: time.Minute, Total: 2 * time.Minute, PerSecond: 500}
	p.Of(1)(half)
	p.Done(0, "run 1 \x1bis over")
	require.Equal(t, "run 1 \uFFFDis over\n", out.String(), "what is over is told at once, all else every half minute")
	out.Reset()
	now = began.Add(reminder)
	p.Of(2)(half)
	p.Clear()
	require.Equal(t, "split  50%, 30s left, 1,000 events/s, 1 of 4 runs done, run 2 at 1m0s of 2m0s, run 3 at 1m0s of 2m0s\n", out.String())
}

func TestSummary(t *testing.T) {
	f, results := written(t, func(r *record.Run) {
		if r.Seed == 2 {
			r.Verdict, r.Checks[0].Verdict, r.Checks[0].Why = record.False, record.False, "it never \x1bdid"
		}
	}, recordtest.Options{Seed: 1, Rate: 1}, recordtest.Options{Seed: 2, Rate: 1})
	var out bytes.Buffer
	f.Summary(&out, results)
	require.Regexp(t, `^supernode-crash-and-split: false \(2 runs\)\n`+
		`  false  recovery  of 2 runs, true 1, unknown 0, false 1; it never \x{FFFD}did\n\n`+
		` +seeds +recall +success +find_p50 .*\n +2 +\d\S* +– .*\n\n.*report\.html\n$`, out.String())
	require.NotContains(t, out.String(), "\x1b")
	require.NoError(t, os.Remove(filepath.Join(f.Dir, "report.html")))
	out.Reset()
	f.Summary(&out, results)
	require.Contains(t, out.String(), f.Dir+"\n")
}
