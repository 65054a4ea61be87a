// Package admin is the node's local interface: an HTTP server through which the user's commands, scripts and monitoring
// look into the node and tell it what to do, the client of that server, and the node's metrics.
//
// It is for programs of this machine's user, and of whoever has the token. Without a token it listens on loopback only;
// with one every request has to bring it, but those that ask no more than whether the node runs. It refuses what a web
// page may have sent: a request for another host, one from another origin, and a body that is not JSON.
//
// Every request becomes one message to an actor. The answer comes to a process that lives as long as the request, so
// that nothing is left behind when a client goes away or an actor stays silent.
//
//	GET    /status               everything that the node's actors say about themselves
//	POST   /find                 {"text": "…"}: search the network
//	GET    /downloads            the downloads, running ones first
//	POST   /downloads            {"md5": "…", "name": "…", "owners": ["…"]}: download, and follow as JSON lines
//	DELETE /downloads/{md5}      cancel
//	GET    /shares               the shared files
//	POST   /shares               {"paths": ["…"]}: share
//	DELETE /shares               {"paths": ["…"], "files": ["…"]}: share no longer
//	GET    /faults               the faults that the node does to itself, with what came of them
//	POST   /faults               {"id": "…", "kind": "…", …}: add one, as the configuration has it
//	PUT    /faults               {"faults": […]}: have these and no others
//	DELETE /faults[/{id}]        take all away, or one
//	GET    /metrics              for Prometheus
//	GET    /log                  the level of the log
//	PUT    /log                  {"level": "debug"}: log from now on what is that important
//	GET    /debug/pprof/…        where time and memory go, for 'go tool pprof'
//	GET    /healthz, /readyz     200 while the node runs, and while it serves; without the token no more than that
//
// What goes wrong is answered as {"error": "…"}.
package admin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/sirupsen/logrus"

	"alakazaam/actors/message"
)

const (
	// DefaultTimeout is how long an actor may take to answer what it can answer at once.
	DefaultTimeout = 5 * time.Second
	// editTimeout is how long the disk may take to look at paths that are to be shared.
	editTimeout = 30 * time.Second
	// ioTimeout is how long a client may take to send a body, or to take a piece of an answer.
	ioTimeout = 10 * time.Second
	// maxBody is the most bytes of a request's body.
	maxBody = 64 << 10
	// maxConns is the most connections at once. Each takes one of the file descriptors that the node lives on.
	maxConns = 128
)

// ErrNotLocal is what Serve returns for a listener that other machines can reach where there is no token.
var ErrNotLocal = errors.New("without a token the admin interface is for this machine only: its address has to be a loopback one, " +
	"such as 127.0.0.1:8080")

// Options are what a Server is told.
type Options struct {
	System  *actor.ActorSystem
	Routes  *message.Routes
	Metrics *Metrics
	// FindWindow is how long a search may take.
	FindWindow time.Duration
	// Timeout is how long an actor may take to answer what it can answer at once. 0 means DefaultTimeout.
	Timeout time.Duration
	// Version is the program's, for Status.
	Version string
	// Token is what every request has to bring; empty: there is none.
	Token string
	// Hosts are further names and addresses under which a request may ask for this server, whatever the port.
	Hosts []string
	// Pprof says whether /debug/pprof is there.
	Pprof bool
	// Level is that of the node's log; nil: it cannot be asked for nor set.
	Level LogLevel
	// Faults are those that the node does to itself; nil: it does none.
	Faults Faults
	// ChangeFaults says whether they can be changed here.
	ChangeFaults bool
	Log          logrus.FieldLogger
}

// Server serves the interface of one node.
type Server struct {
	Options
	http     *http.Server
	hosts    map[string]bool // under which a request may ask for this server, with port
	token    atomic.Pointer[string]
	anywhere atomic.Bool // it listens where other machines reach it
	conns    atomic.Int64
	refusals *refusals
	end      context.CancelFunc
}

// New makes a server. It does nothing before Serve, except that Status can be called.
func New(o Options) *Server {
	if o.Timeout <= 0 {
		o.Timeout = DefaultTimeout
	}
	if o.Log == nil {
		silent := logrus.New()
		silent.SetOutput(io.Discard)
		o.Log = silent
	}
	s := &Server{Options: o, hosts: make(map[string]bool), refusals: newRefusals(o.Metrics, o.Log)}
	s.token.Store(&o.Token)
	base, end := context.WithCancel(context.Background())
	s.end = end
	s.http = &http.Server{
		Handler:           s.guard(s.routes()),
		ReadHeaderTimeout: 5 * time.Second,
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    16 << 10,
		ConnState:         s.limit,
		BaseContext:       func(net.Listener) context.Context { return base },
		ErrorLog:          log.New(logWriter{o.Log}, "", 0),
	}
	return s
}

// Serve answers requests that come in at l until Close. It returns nil then, and ErrNotLocal at once where other
// machines can reach l.
func (s *Server) Serve(l net.Listener) error {
	host := l.Addr().String()
	s.hosts[host] = true
	if at, err := netip.ParseAddrPort(host); err == nil {
		s.anywhere.Store(!at.Addr().IsLoopback())
		if s.anywhere.Load() && s.Token == "" {
			l.Close()
			return fmt.Errorf("%s: %w", host, ErrNotLocal)
		}
		s.hosts[fmt.Sprintf("localhost:%d", at.Port())] = true
		if at.Port() == 80 { // which HTTP leaves out
			s.hosts["localhost"], s.hosts[strings.TrimSuffix(host, ":80")] = true, true
		}
	}
	if err := s.http.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("admin interface: %w", err)
	}
	return nil
}

// limit closes connections that are too many as soon as they are there.
func (s *Server) limit(c net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if s.conns.Add(1) > maxConns {
			s.refusals.count(refusedConnections, c.RemoteAddr().String())
			c.Close()
		}
	case http.StateClosed, http.StateHijacked:
		s.conns.Add(-1)
	}
}

// Close ends the server: requests under way are given up, and have until ctx ends to say so.
func (s *Server) Close(ctx context.Context) error {
	s.end()
	if err := s.http.Shutdown(ctx); err != nil {
		s.http.Close()
		return fmt.Errorf("admin interface: %w", err)
	}
	return nil
}

// routes says who answers what.
func (s *Server) routes() *http.ServeMux {
	all := map[string]handler{
		"GET /status":             s.getStatus,
		"GET /healthz":            s.getHealth,
		"GET /readyz":             s.getReady,
		"POST /find":              s.postFind,
		"GET /downloads":          s.getDownloads,
		"POST /downloads":         s.postDownload,
		"DELETE /downloads/{md5}": s.deleteDownload,
		"GET /shares":             s.getShares,
		"POST /shares":            s.postShares,
		"DELETE /shares":          s.deleteShares,
		"GET /faults":             s.getFaults,
		"POST /faults":            s.changing(s.postFault),
		"PUT /faults":             s.changing(s.putFaults),
		"DELETE /faults":          s.changing(s.deleteFaults),
		"DELETE /faults/{id}":     s.changing(s.deleteFault),
	}
	if s.Level != nil {
		all["GET /log"], all["PUT /log"] = s.getLog, s.putLog
	}
	mux := http.NewServeMux()
	for pattern, h := range all {
		mux.Handle(pattern, s.answering(h))
	}
	if s.Metrics != nil {
		mux.Handle("GET /metrics", s.Metrics.Handler())
	}
	if s.Pprof {
		profiles(mux)
	}
	return mux
}

// logWriter brings the lines of net/http to the node's log.
type logWriter struct{ log logrus.FieldLogger }

func (w logWriter) Write(b []byte) (int, error) {
	w.log.WithField("lib", "net/http").Warn(strings.TrimSpace(string(b)))
	return len(b), nil
}
