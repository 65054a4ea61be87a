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

func TestLine(t *testing.T) {
	var out bytes.Buffer
	now := began
	l := NewLine(&out, "split\x1b seed 7", 72, func() time.Time { return now })
	now = now.Add(10 * time.Second)
	l.Show(record.Progress{At: 3 * time.Minute, Total: 12 * time.Minute, Events: 1e6, PerSecond: 123456.7})
	require.Equal(t, "\r\x1b[Ksplit\uFFFD seed 7  25% 3m0s of 12m0s, 123,457 events/s, 30s left", out.String())
	out.Reset()
	l.width = 20
	l.Show(record.Progress{})
	require.Equal(t, "\r\x1b[Ksplit\uFFFD seed 7   0% ", out.String())
	out.Reset()
	l.Clear()
	l.Clear()
	require.Equal(t, "\r\x1b[K", out.String())

	out.Reset()
	quiet := NewLine(&out, "split", 0, time.Now)
	quiet.Show(record.Progress{At: 1, Total: 2})
	quiet.Clear()
	require.Empty(t, out.String(), "no terminal")
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
