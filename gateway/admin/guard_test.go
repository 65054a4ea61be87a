package admin_test

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"alakazaam/actors/message"
	"alakazaam/gateway/admin"
)

func TestRequestsOfBrowsersAreRefused(t *testing.T) {
	run(t, "peer", func(b *bench) {
		b.status(b.routes.Node, &message.NodeStatus{Ready: true})
		b.answers(b.routes.Peer, nil, nil)
		b.refuses(403, `"evil.example"`, "GET", "/healthz", "", "Host", "evil.example")
		b.refuses(403, `"evil.example:80"`, "GET", "/metrics", "", "Host", "evil.example:80")
		for _, origin := range []string{"http://evil.example", "null", "https://" + admin.PipeAddress, "http://" + admin.PipeAddress + ".evil.example"} {
			b.refuses(403, "other web pages", "POST", "/find", `{"text":"x"}`, "Origin", origin)
			b.refuses(403, "other web pages", "GET", "/status", "", "Origin", origin)
		}
		b.refuses(403, "other web pages", "POST", "/find", `{"text":"x"}`, "Sec-Fetch-Site", "cross-site")
		b.refuses(403, "other web pages", "GET", "/status", "", "Sec-Fetch-Site", "same-site")
		b.refuses(415, "application/json", "POST", "/find", `{"text":"x"}`, "Content-Type", "text/plain")
		b.refuses(415, "application/json", "POST", "/find", "")
		b.refuses(415, "application/json", "DELETE", "/shares", `{}`, "Content-Type", "application/x-www-form-urlencoded")

		code, _ := b.do("POST", "/find", `{"text":"x"}`, "Origin", "http://"+admin.PipeAddress, "Sec-Fetch-Site", "same-origin",
			"Content-Type", "application/json; charset=utf-8")
		require.Equal(b, 200, code, "a page of its own may come")
	})
}

func TestBodiesThatAreRefused(t *testing.T) {
	run(t, "peer", func(b *bench) {
		b.refuses(413, "more than 65536 bytes", "POST", "/find", `{"text":"`+strings.Repeat("x", 70<<10)+`"}`)
		b.refuses(400, "unknown field", "POST", "/find", `{"txt":"x"}`)
		b.refuses(400, "something comes after", "POST", "/find", `{"text":"x"} {}`)
		b.refuses(400, "cannot be read", "POST", "/find", `{"text":`)
		b.refuses(400, "cannot be read", "POST", "/find", `[]`)
		b.refuses(400, "empty", "POST", "/find", " ")
	})
}

func TestUnknownPathsAndMethods(t *testing.T) {
	run(t, "peer", func(b *bench) {
		b.refuses(404, "there is no /", "GET", "/", "")
		b.refuses(404, "there is no /nowhere", "GET", "/nowhere", "")
		b.refuses(405, "/find does not take GET", "GET", "/find", "")
		r, err := http.NewRequestWithContext(b.Context(), http.MethodPut, "http://"+admin.PipeAddress+"/shares", nil)
		require.NoError(b, err)
		w, err := b.raw.Do(r)
		require.NoError(b, err)
		w.Body.Close()
		require.Equal(b, "DELETE, GET, HEAD, POST", w.Header.Get("Allow"))
	})
}

// A client that sends its body slowly, or not at all, does not hold a connection for ever.
func TestBodyThatDoesNotCome(t *testing.T) {
	run(t, "peer", func(b *bench) {
		r, err := http.NewRequestWithContext(b.Context(), http.MethodPost, "http://"+admin.PipeAddress+"/find", &never{b.Context().Done()})
		require.NoError(b, err)
		r.Header.Set("Content-Type", "application/json")
		began := time.Now()
		w, err := b.raw.Do(r)
		if err == nil {
			w.Body.Close()
			require.Equal(b, 400, w.StatusCode)
		}
		require.Equal(b, 10*time.Second, time.Since(began))
	})
}

// never is a body that does not come.
type never struct{ done <-chan struct{} }

func (n *never) Read([]byte) (int, error) {
	select {
	case <-n.done:
	case <-time.After(time.Hour):
	}
	return 0, net.ErrClosed
}

func TestServeOnTCP(t *testing.T) {
	b := newBench(t, "peer", admin.Options{})
	defer b.close()
	b.status(b.routes.Node, &message.NodeStatus{Ready: true})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := admin.New(admin.Options{System: b.system, Routes: b.routes})
	served := make(chan error, 1)
	go func() { served <- server.Serve(l) }()
	_, p, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	for _, host := range []string{"127.0.0.1:" + p, "localhost:" + p} {
		c := admin.NewClient(host, "", nil)
		_, err := c.Status(t.Context())
		require.NoError(t, err, host)
		c.Close()
	}
	for _, host := range []string{"127.0.0.1", "127.0.0.1:1", "localhost:1"} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+l.Addr().String()+"/readyz", nil)
		require.NoError(t, err)
		r.Host = host
		w, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		w.Body.Close()
		require.Equal(t, 403, w.StatusCode, host)
	}
	http.DefaultClient.CloseIdleConnections()
	c := admin.NewClient("127.0.0.2:"+p, "", func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, l.Addr().String())
	})
	_, err = c.Status(t.Context())
	require.ErrorContains(t, err, "this server is not")
	c.Close()
	require.NoError(t, server.Close(t.Context()))
	require.NoError(t, <-served)
}

func TestServeRefusesWhatOthersCanReach(t *testing.T) {
	l, err := net.Listen("tcp", "0.0.0.0:0")
	require.NoError(t, err)
	require.ErrorIs(t, admin.New(admin.Options{}).Serve(l), admin.ErrNotLocal)
	_, err = l.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
}
