package admin_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/message"
	"alakazaam/gateway/admin"
)

const secret = "correct horse battery staple"

func TestTokenIsNeeded(t *testing.T) {
	runWith(t, "supernode", admin.Options{Token: secret, Pprof: true}, func(b *bench) {
		b.status(b.routes.Node, &message.NodeStatus{Ready: true})
		for _, request := range [][2]string{
			{"GET", "/status"}, {"GET", "/metrics"}, {"POST", "/find"}, {"GET", "/downloads"}, {"DELETE", "/shares"}, {"GET", "/log"},
			{"PUT", "/log"}, {"GET", "/debug/pprof/"}, {"GET", "/debug/pprof/heap"}, {"GET", "/nowhere"}, {"GET", "/healthz/"},
		} {
			b.refuses(401, "the token is missing", request[0], request[1], "")
		}
		for _, wrong := range []string{"", secret, "Basic " + secret, "Bearer", "Bearer x", "Bearer " + secret[1:], "Bearer " + secret + "x"} {
			b.refuses(401, "the token is", "GET", "/log", "", "Authorization", wrong)
		}
		for _, right := range []string{"Bearer " + secret, "bearer  " + secret} {
			code, text := b.do("GET", "/log", "", "Authorization", right)
			require.Equal(b, 200, code, text)
		}
		_, err := b.client.LogLevel(b.Context())
		require.NoError(b, err, "the client brings it")
		got := scrape(b.T, b.counts)
		require.Equal(b, "12", got[`alakazaam_admin_refusals_total{reason="token_missing"}`])
		require.Equal(b, "6", got[`alakazaam_admin_refusals_total{reason="token_wrong"}`])
		require.Equal(b, "0", got[`alakazaam_admin_refusals_total{reason="host"}`])
	})
}

func TestRefusalsAreLoggedOnceASecond(t *testing.T) {
	runWith(t, "peer", admin.Options{Token: secret}, func(b *bench) {
		for range 5 {
			b.refuses(401, "wrong", "GET", "/status", "", "Authorization", "Bearer guess")
		}
		require.Equal(b, 1, strings.Count(b.log.String(), "admin request refused"))
		time.Sleep(time.Second) // virtual
		b.refuses(401, "wrong", "GET", "/status", "", "Authorization", "Bearer guess")
		require.Equal(b, 2, strings.Count(b.log.String(), "admin request refused"))
		require.Contains(b, b.log.String(), "reason=token_wrong suppressed=4")
		require.NotContains(b, b.log.String(), "guess")
		require.NotContains(b, b.log.String(), secret)
	})
}

// TestHealthTellsStrangersNoDetails: without the token it says whether, and not why.
func TestHealthTellsStrangersNoDetails(t *testing.T) {
	runWith(t, "supernode", admin.Options{Token: secret}, func(b *bench) {
		b.refuses(503, "not now", "GET", "/healthz", "")
		b.refuses(503, "the node is ending", "GET", "/healthz", "", "Authorization", "Bearer "+secret)
		b.status(b.routes.Node, &message.NodeStatus{})
		b.status(b.routes.Store, &message.StoreStatus{Trouble: "the disk sda1 is full"})
		for _, c := range []struct{ path, token, want string }{
			{"/healthz", "", "degraded\n"}, {"/healthz", "Bearer wrong", "degraded\n"},
			{"/healthz", "Bearer " + secret, "degraded: the disk sda1 is full\n"},
		} {
			code, text := b.do("GET", c.path, "", "Authorization", c.token)
			require.Equal(b, 200, code)
			require.Equal(b, c.want, text)
		}
		b.refuses(503, "not now", "GET", "/readyz", "")
		b.refuses(503, "starting or ending", "GET", "/readyz", "", "Authorization", "Bearer "+secret)
	})
	runWith(t, "supernode", admin.Options{Token: secret}, func(b *bench) {
		b.status(b.routes.Node, &message.NodeStatus{Ready: true})
		b.silent(b.routes.Store)
		_, text := b.do("GET", "/healthz", "")
		require.Equal(b, "degraded\n", text)
		_, text = b.do("GET", "/readyz", "")
		require.Equal(b, "ready\n", text)
	})
}

// TestNamesOfAServerThatOthersReach: it may be asked for by the address at which a request arrives, and by what it was told.
func TestNamesOfAServerThatOthersReach(t *testing.T) {
	b := newBench(t, "peer", admin.Options{})
	defer b.close()
	b.status(b.routes.Node, &message.NodeStatus{Ready: true})
	l, err := net.Listen("tcp", "0.0.0.0:0")
	require.NoError(t, err)
	server := admin.New(admin.Options{
		System: b.system, Routes: b.routes, Token: secret, Hosts: []string{"Node.example", "192.0.2.7", "2001:db8::1"},
	})
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	_, p, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for host, want := range map[string]int{
		"127.0.0.1:" + p: 200, "127.0.0.1:9": 200, "localhost:" + p: 200, "node.example:" + p: 200, "node.EXAMPLE": 200,
		"192.0.2.7:80": 200, "[2001:db8::1]:" + p: 200, "[2001:DB8:0::1]": 200,
		"127.0.0.2:" + p: 403, "evil.example:" + p: 403, "node.example.evil.example": 403, "192.0.2.8:" + p: 403, "x": 403,
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:"+p+"/readyz", nil)
		require.NoError(t, err)
		r.Host = host
		w, err := client.Do(r)
		require.NoError(t, err)
		text, err := io.ReadAll(w.Body)
		require.NoError(t, err)
		w.Body.Close()
		require.Equal(t, want, w.StatusCode, "%s: %s", host, text)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1:"+p+"/status", nil)
	require.NoError(t, err)
	w, err := client.Do(r)
	require.NoError(t, err)
	w.Body.Close()
	require.Equal(t, `Bearer realm="alakazaam"`, w.Header.Get("WWW-Authenticate"))
	require.NoError(t, server.Close(t.Context()))
	require.NoError(t, <-served)
}

func TestLogLevel(t *testing.T) {
	run(t, "peer", func(b *bench) {
		got, err := b.client.LogLevel(b.Context())
		require.NoError(b, err)
		require.Equal(b, "info", got.Level)
		for _, level := range []string{"trace", "debug", "info", "warn", "error"} {
			got, err = b.client.SetLogLevel(b.Context(), level)
			require.NoError(b, err)
			require.Equal(b, level, got.Level)
			got, err = b.client.LogLevel(b.Context())
			require.NoError(b, err)
			require.Equal(b, level, got.Level)
			require.Equal(b, level, strings.TrimSuffix(b.logger.GetLevel().String(), "ing"))
		}
		for _, wrong := range []string{"", "loud", "DEBUG", "panic", "warning"} {
			b.refuses(400, "trace, debug, info, warn, error", "PUT", "/log", fmt.Sprintf(`{"level":%q}`, wrong))
		}
		b.refuses(415, "JSON", "PUT", "/log", `{"level":"debug"}`, "Content-Type", "text/plain")
		require.Contains(b, b.log.String(), "level was changed")
	})
}

func TestProfiles(t *testing.T) {
	runWith(t, "peer", admin.Options{Pprof: true}, func(b *bench) {
		for path, contains := range map[string]string{
			"/debug/pprof/": "goroutine", "/debug/pprof/cmdline": "admin.test", "/debug/pprof/heap?debug=1": "heap profile",
			"/debug/pprof/symbol": "num_symbols",
		} {
			code, text := b.do("GET", path, "")
			require.Equal(b, 200, code, path)
			require.Contains(b, text, contains, path)
		}
		began := time.Now()
		code, text := b.do("GET", "/debug/pprof/goroutine?seconds=30", "")
		require.Equal(b, 200, code, text)
		require.Equal(b, 30*time.Second, time.Since(began), "longer than a client may take for a body")
	})
	run(t, "peer", func(b *bench) { b.refuses(404, "there is no", "GET", "/debug/pprof/", "") })
}

// TestConnectionsAreLimited: whoever opens many does not take the node's file descriptors away.
func TestConnectionsAreLimited(t *testing.T) {
	const limit = 128
	b := newBench(t, "peer", admin.Options{})
	defer b.close()
	b.status(b.routes.Node, &message.NodeStatus{Ready: true})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	counts := admin.NewMetrics(nil)
	server := admin.New(admin.Options{System: b.system, Routes: b.routes, Metrics: counts})
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	var open []net.Conn
	ask := func() (answer string) {
		c, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		open = append(open, c)
		require.NoError(t, c.SetDeadline(time.Now().Add(30*time.Second)))
		_, _ = fmt.Fprintf(c, "GET /readyz HTTP/1.1\r\nHost: %s\r\n\r\n", l.Addr())
		b := make([]byte, 15)
		_, _ = io.ReadFull(c, b)
		return string(b)
	}
	for range limit {
		require.Equal(t, "HTTP/1.1 200 OK", ask())
	}
	require.Equal(t, make([]byte, 15), []byte(ask()))
	require.Equal(t, "1", scrape(t, counts)[`alakazaam_admin_refusals_total{reason="connections"}`])
	require.NoError(t, open[0].Close())
	require.Eventually(t, func() bool { return ask() == "HTTP/1.1 200 OK" }, 30*time.Second, 10*time.Millisecond, "one has ended")
	for _, c := range open {
		c.Close()
	}
	require.NoError(t, server.Close(t.Context()))
	require.NoError(t, <-served)
}
