package admin_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/gateway/admin"
)

func TestProcessorTime(t *testing.T) {
	answer := "# HELP process_cpu_seconds_total Total.\n# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total 1.25\n"
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "/metrics", r.URL.Path)
		_, _ = w.Write([]byte(answer))
	}))
	defer s.Close()
	c := admin.NewClient(strings.TrimPrefix(s.URL, "http://"), "", nil)
	defer c.Close()
	got, err := c.ProcessorTime(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1250*time.Millisecond, got)
	answer = "process_open_fds 7\n"
	_, err = c.ProcessorTime(t.Context())
	require.ErrorContains(t, err, "does not say")
	answer = "process_cpu_seconds_total much\n"
	_, err = c.ProcessorTime(t.Context())
	require.Error(t, err)
}
