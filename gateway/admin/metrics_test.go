package admin_test

import (
	"bytes"
	"maps"
	"math"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"

	"alakazaam/gateway/admin"
)

// scrape gives the samples of the program's own metrics.
func scrape(t *testing.T, m *admin.Metrics) map[string]string {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	require.Equal(t, http.StatusOK, w.Code)
	out := make(map[string]string)
	for line := range strings.Lines(w.Body.String()) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), " "); ok && name != "#" {
			out[name] = value
		}
	}
	return out
}

func TestMetrics(t *testing.T) {
	m := admin.NewMetrics(nil)
	m.Counter("packets_total", "Packets.", "command", "LOGI", "direction", "in").Add(2)
	m.Counter("packets_total", "Packets.", "direction", "in", "command", "LOGI").Add(3)
	m.Counter("packets_total", "Packets.", "command", "FIND", "direction", "in").Add(-1)
	m.Gauge("sessions", "Sessions.").Set(7)
	m.Gauge("sessions", "Sessions.").Add(-2)
	m.Gauge("mailbox_depth", "Messages.", "kind", "b", "of", "c").Set(1)
	m.Gauge("mailbox_depth", "Messages.", "of", "c", "kind", "b").Add(1)
	m.Gauge("mailbox_depth", "Messages.", "of", "b", "kind", "c").Add(5)
	got := scrape(t, m)
	require.Equal(t, "2", got[`alakazaam_mailbox_depth{kind="b",of="c"}`])
	require.Equal(t, "5", got[`alakazaam_mailbox_depth{kind="c",of="b"}`])
	require.Equal(t, "5", got[`alakazaam_packets_total{command="LOGI",direction="in"}`])
	require.Equal(t, "0", got[`alakazaam_packets_total{command="FIND",direction="in"}`], "a counter does not go down")
	require.Equal(t, "5", got["alakazaam_sessions"])
	for _, name := range []string{"go_goroutines", "go_build_info", "go_info", "process_open_fds", "process_start_time_seconds"} {
		require.True(t, slices.ContainsFunc(slices.Collect(maps.Keys(got)), func(series string) bool {
			return series == name || strings.HasPrefix(series, name+"{")
		}), name)
	}
}

func TestHistograms(t *testing.T) {
	m := admin.NewMetrics(nil)
	buckets := []float64{0.1, 1, 10}
	h := m.Histogram("search_seconds", "Searches.", buckets, "began", "here")
	got := scrape(t, m)
	require.Equal(t, "0", got[`alakazaam_search_seconds_count{began="here"}`], "it is there from the start")
	for _, v := range []float64{0.05, 0.5, 0.5, 20, math.NaN()} {
		h.Observe(v)
	}
	m.Histogram("search_seconds", "Searches.", nil, "began", "here").Observe(5) // the same: the first decides
	got = scrape(t, m)
	for le, n := range map[string]string{"0.1": "1", "1": "3", "10": "4", "+Inf": "5"} {
		require.Equal(t, n, got[`alakazaam_search_seconds_bucket{began="here",le="`+le+`"}`], le)
	}
	require.Equal(t, "26.05", got[`alakazaam_search_seconds_sum{began="here"}`], "what is no number is left out")
}

func TestMetricsThatCannotBe(t *testing.T) {
	var log bytes.Buffer
	l := logrus.New()
	l.SetOutput(&log)
	m := admin.NewMetrics(l)
	m.Counter("a_total", "A.", "x", "1").Add(1)
	for range 3 {
		m.Counter("a_total", "A.", "y", "1").Add(1)
		m.Gauge("a_total", "A.", "x", "1").Set(9)
		m.Histogram("a_total", "A.", nil, "x", "1").Observe(9)
	}
	m.Histogram("f_seconds", "F.", []float64{1, 1}).Observe(1)
	m.Histogram("g_seconds", "G.", []float64{1, math.NaN()}).Observe(1)
	m.Histogram("h_seconds", "H.", []float64{1}, "le", "1").Observe(1)
	m.Counter("b_total", "B.", "x").Add(1)
	m.Counter("c_total", "C.", "x", "1", "x", "2").Add(1)
	m.Counter("d_total", "D.", "not a name", "1").Add(1)
	m.Counter("e_total", "E.", "x", "\xff").Add(1)
	m.Gauge("i", "I.", "x", "\xff").Add(1)
	m.Gauge("j", "J.", "not a name\xff", "1").Add(1)
	got := scrape(t, m)
	require.Equal(t, "1", got[`alakazaam_a_total{x="1"}`])
	for _, name := range []string{"a_total", "b_total", "c_total", "e_total", "f_seconds", "g_seconds", "h_seconds", "i", "j"} {
		require.Equal(t, 1, strings.Count(log.String(), "metric=alakazaam_"+name), name)
	}
}

func TestMetricsOfManyGoroutines(t *testing.T) {
	m := admin.NewMetrics(nil)
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 100 {
				m.Counter("n_total", "N.", "k", "v").Add(1)
			}
		})
	}
	all.Wait()
	require.Equal(t, "800", scrape(t, m)[`alakazaam_n_total{k="v"}`])
}
