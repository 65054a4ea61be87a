package admin_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
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
	got := scrape(t, m)
	require.Equal(t, "5", got[`alakazaam_packets_total{command="LOGI",direction="in"}`])
	require.Equal(t, "0", got[`alakazaam_packets_total{command="FIND",direction="in"}`], "a counter does not go down")
	require.Equal(t, "5", got["alakazaam_sessions"])
	require.Contains(t, got, "go_goroutines")
	require.Contains(t, got, "process_open_fds")
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
	}
	m.Counter("b_total", "B.", "x").Add(1)
	m.Counter("c_total", "C.", "x", "1", "x", "2").Add(1)
	m.Counter("d_total", "D.", "not a name", "1").Add(1)
	m.Counter("e_total", "E.", "x", "\xff").Add(1)
	got := scrape(t, m)
	require.Equal(t, "1", got[`alakazaam_a_total{x="1"}`])
	for _, name := range []string{"a_total", "b_total", "c_total", "e_total"} {
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
