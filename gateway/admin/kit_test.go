package admin_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"alakazaam/actors/message"
	"alakazaam/actors/p2p"
	"alakazaam/actors/props"
	"alakazaam/gateway/admin"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a server over actors that a test gives it, on virtual time.
type bench struct {
	*testing.T
	system *actor.ActorSystem
	routes *message.Routes
	server *admin.Server
	client *admin.Client
	raw    *http.Client
	served chan error
	logger *logrus.Logger
	log    *bytes.Buffer // read it when the server is quiet
	counts *admin.Metrics
}

const findWindow = 20 * time.Second

// run gives a test its bench inside a bubble of virtual time, where everything has to have ended at last.
func run(t *testing.T, role string, test func(b *bench)) {
	t.Helper()
	runWith(t, role, admin.Options{}, test)
}

// runWith is run with a server that is told more than the least.
func runWith(t *testing.T, role string, o admin.Options, test func(b *bench)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, role, o)
		test(b)
		b.close()
		time.Sleep(2 * time.Second) // virtual: the throttle of dead letters ends
		synctest.Wait()
	})
}

func newBench(t *testing.T, role string, o admin.Options) *bench {
	b := &bench{T: t, served: make(chan error, 1), log: &bytes.Buffer{}, logger: logrus.New()}
	log := b.logger
	log.SetOutput(b.log)
	b.counts = admin.NewMetrics(log)
	b.system = props.NewSystem(log)
	at := func(name string) *actor.PID { return b.system.NewLocalPID("node/" + name) }
	b.routes = &message.Routes{
		Node: b.system.NewLocalPID("node"), Gateway: at("gateway"), Share: at("share"), Transfers: at("transfers"),
	}
	b.routes.Peer, b.routes.Store, b.routes.Sessions, b.routes.Catalog = at("peer"), at("store"), at("sessions"), at("catalog")
	b.routes.Overlay, b.routes.Queries = at("overlay"), at("queries")
	b.routes.Act(role != "peer", role == "peer")
	o.System, o.Routes, o.Metrics, o.FindWindow, o.Version = b.system, b.routes, b.counts, findWindow, "v1"
	o.Log, o.Level = log, log
	b.server = admin.New(o)
	pipe := admin.NewPipe()
	go func() { b.served <- b.server.Serve(pipe) }()
	b.client = admin.NewClient(admin.PipeAddress, o.Token, pipe.Dial)
	b.raw = &http.Client{Transport: &http.Transport{DialContext: pipe.Dial}}
	return b
}

func (b *bench) close() {
	require.NoError(b, b.server.Close(b.Context()))
	require.NoError(b, <-b.served)
	b.client.Close()
	b.raw.CloseIdleConnections()
	b.system.Shutdown()
}

// play puts an actor at pid that answers by f.
func (b *bench) play(pid *actor.PID, f func(ctx actor.Context)) {
	_, err := b.system.Root.SpawnNamed(actor.PropsFromFunc(f), pid.Id)
	require.NoError(b, err)
}

// status has an actor answer Inspect.
func (b *bench) status(pid *actor.PID, answer any) {
	b.play(pid, func(ctx actor.Context) {
		if m, ok := ctx.Message().(*message.Inspect); ok {
			ctx.Send(m.ReplyTo, answer)
		}
	})
}

// silent puts an actor at pid that never answers, and passes on what it gets.
func (b *bench) silent(pid *actor.PID) <-chan any {
	got := make(chan any, 16)
	b.play(pid, func(ctx actor.Context) {
		switch m := ctx.Message().(type) {
		case actor.SystemMessage, actor.AutoReceiveMessage:
		default:
			got <- m
		}
	})
	return got
}

// do sends a request as a program other than the client could, and gives the code and the body.
func (b *bench) do(method, path, body string, header ...string) (int, string) {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), method, "http://"+admin.PipeAddress+path, strings.NewReader(body))
	require.NoError(b, err)
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
		if header[i] == "Host" {
			r.Host = header[i+1]
		}
	}
	w, err := b.raw.Do(r)
	require.NoError(b, err)
	defer w.Body.Close()
	text, err := io.ReadAll(w.Body)
	require.NoError(b, err)
	return w.StatusCode, string(text)
}

// refuses asserts that a request is answered with a code and an error in JSON that contains a text.
func (b *bench) refuses(code int, contains, method, path, body string, header ...string) {
	b.Helper()
	got, text := b.do(method, path, body, header...)
	require.Equal(b, code, got, text)
	var e map[string]string
	require.NoError(b, json.Unmarshal([]byte(text), &e), text)
	require.Len(b, e, 1)
	require.Contains(b, e["error"], contains)
}

func fileID(b *bench, s string) p2p.FileID {
	id, err := p2p.ParseFileID([]byte(strings.Repeat(s, 32/len(s))))
	require.NoError(b, err)
	return id
}

func endpoint(b *bench, s string) p2p.Endpoint {
	e, err := p2p.ParseEndpoint(s)
	require.NoError(b, err)
	return e
}
