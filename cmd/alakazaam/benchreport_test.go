package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/cmd/alakazaam/bench"
)

func TestLatencyText(t *testing.T) {
	for seconds, want := range map[float64]string{
		0.000_012: "12 µs", 0.000_999: "999 µs", 0.001_5: "1.50 ms", 0.012_34: "12.3 ms", 0.250: "250 ms", 9.876: "9.88 s",
	} {
		require.Equal(t, want, latencyText(seconds))
	}
}

// TestBenchText: everything that makes a figure doubtful is said.
func TestBenchText(t *testing.T) {
	login := bench.Measured{Operation: bench.Login, Count: 110, OK: 100, Rate: 50, Failed: 10,
		Failures: map[string]int64{"timeout": 3, "login_refused": 7}, In: 2000, Out: 7040,
		Latency: &bench.Latency{P50: 0.001, P90: 0.002, P99: 0.003, P999: 0.004, Max: 0.005}}
	search := bench.Measured{Operation: bench.Search, Count: 10, OK: 10, Rate: 5, In: 1000, Found: 25, Empty: 1}
	r := &bench.Report{
		Parameters: bench.Parameters{Target: "192.0.2.1:3000", Mix: "login=1,search=1", Connections: "each", Sources: []string{"127.0.1.0/24"},
			Peers: 5, Files: 10, InFlight: 4096, Seed: 7},
		Logins:    bench.Counts{OK: 4, Failures: map[string]int{"timeout": 1}},
		Published: bench.Counts{OK: 40},
		Steps: []bench.Step{{
			Load: bench.Load{Rate: 100}, Seconds: 2, Elapsed: 4, Operations: []bench.Measured{login, search}, Dropped: 1, Late: 2, Latest: 0.25,
			CPU: 1, GeneratorCPU: 2, Bare: &bench.BareStep{Operations: []bench.Measured{login}, RateRatio: 0.5, CPURatio: 2},
		}},
	}
	var out bytes.Buffer
	(&app{out: &out}).writeBench(r)
	require.Equal(t, strings.TrimPrefix(`
192.0.2.1:3000: 4 peers logged in (1 could not: 1 timeout) from 127.0.1.0/24; 40 files published; login=1,search=1; connections each; seed 7

LOAD   OPERATION   SENT  RATE/S  FAILED      P50      P90      P99    P99.9      MAX  BYTES OUT  BYTES IN    IN/S
100/s  login        110    50.0      10  1.00 ms  2.00 ms  3.00 ms  4.00 ms  5.00 ms    6.9 KiB   2.0 KiB  1000 B
       search        10     5.0       0                                                     0 B    1000 B   500 B
       bare login   110    50.0      10  1.00 ms  2.00 ms  3.00 ms  4.00 ms  5.00 ms    6.9 KiB   2.0 KiB  1000 B

100/s: login failed: 7 login refused, 3 timeout
100/s: a search found 2.5 files; 10.0 % found nothing
100/s: 1 request was dropped, because 4096 were under way
100/s: 2 requests began late, by up to 250 ms, because this machine is busy: the latencies hold that, too
100/s: the supernode used 0.25 processors, 9.09 ms for each answer, and this program 0.50
100/s: 0.50 of the bare server's rate
100/s: 2.00 times the bare server's processor time for each answer
`, "\n"), out.String())

	r.Steps, out = nil, bytes.Buffer{}
	(&app{out: &out}).writeBench(r)
	require.NotContains(t, out.String(), "LOAD")
}

func TestBenchProgress(t *testing.T) {
	require.Equal(t, "8 clients: 1200 done, 3 failed, 8 under way, 4.0s left",
		progressText(bench.Progress{Phase: "8 clients", Done: 1200, Failed: 3, InFlight: 8, Left: 4 * time.Second}))
	require.Equal(t, "logging out", progressText(bench.Progress{Phase: "logging out"}))
}
