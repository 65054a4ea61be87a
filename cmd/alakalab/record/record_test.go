package record

import (
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestFormat(t *testing.T) {
	for _, c := range []struct {
		unit string
		v    float64
		want string
	}{
		{"share", 0.97312, "0.973"}, {"share", 1, "1"}, {"share", 0, "0"}, {"share", math.NaN(), "–"}, {"share", math.Inf(-1), "-∞"},
		{"s", 0.41234, "412 ms"}, {"s", 0, "0 s"}, {"s", 1.5, "1.5 s"}, {"s", 119.9, "120 s"}, {"s", 754.4, "12m34s"}, {"s", 3.2e-5, "32 µs"}, {"s", -0.5, "-500 ms"},
		{"bytes", 512, "512 B"}, {"bytes", 1536, "1.5 KiB"}, {"bytes", 1010, "1010 B"}, {"bytes", 3 << 40, "3 TiB"}, {"bytes", 5 << 50, "5120 TiB"},
		{"packets", 161.4, "161"}, {"packets", 1234567, "1,234,567"}, {"packets", 999, "999"}, {"packets", -1234.5, "-1,235"}, {"", 0.5, "0.5"},
	} {
		require.Equal(t, c.want, Metric{Unit: c.unit}.Format(c.v), "%v %s", c.v, c.unit)
	}
}

func TestMetrics(t *testing.T) {
	seen := make(map[string]bool)
	for _, m := range Metrics() {
		require.False(t, seen[m.Name], "%s is listed twice", m.Name)
		seen[m.Name] = true
		require.Contains(t, []string{"higher", "lower", ""}, m.Better, m.Name)
		require.NotEmpty(t, m.Unit, m.Name)
		require.NotEmpty(t, m.Help, m.Name)
	}
	require.Equal(t, "lower", MetricOf("find_p99").Better)
	require.Equal(t, Metric{Name: "odd"}, MetricOf("odd"))
}

func TestFaulty(t *testing.T) {
	r := &Run{Warmup: 10, Run: 100, Heal: 20, Faults: []Fault{
		{Planned: 1, Due: 1}, // it was due, and never began
		{Started: 50, Ended: 60, Applied: 1},
		{Started: 30, Applied: 1}, // a moment
		{Started: 40, Ended: 80, Hit: 1},
	}}
	from, to, ok := r.Faulty()
	require.True(t, ok)
	require.Equal(t, []time.Duration{30, 80, 130}, []time.Duration{from, to, r.Total()})
	_, _, ok = (&Run{Faults: r.Faults[:1]}).Faulty()
	require.False(t, ok)
}
