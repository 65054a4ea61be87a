package admin

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"

	"github.com/asynkron/protoactor-go/actor"

	"alakazaam/actors/message"
)

// Status is what the actors of a node say about themselves. What a node does not have in its role is nil.
type Status struct {
	Version   string                   `json:"version,omitempty"`
	Node      *message.NodeStatus      `json:"node"`
	Gateway   *message.GatewayStatus   `json:"gateway,omitempty"`
	Store     *message.StoreStatus     `json:"store,omitempty"`
	Sessions  *message.SessionsStatus  `json:"sessions,omitempty"`
	Catalog   *message.CatalogStatus   `json:"catalog,omitempty"`
	Overlay   *message.OverlayStatus   `json:"overlay,omitempty"`
	Queries   *message.QueriesStatus   `json:"queries,omitempty"`
	Peer      *message.PeerStatus      `json:"peer,omitempty"`
	Share     *message.ShareStatus     `json:"share,omitempty"`
	Transfers *message.TransfersStatus `json:"transfers,omitempty"`
	Promotion *message.RoleStatus      `json:"promotion,omitempty"`
	Faults    []message.FaultStatus    `json:"faults,omitempty"` // that the node does to itself
	// Unanswered names the actors that did not answer in time: what they would have said is missing.
	Unanswered []string `json:"unanswered,omitempty"`
}

func (s *Server) getStatus(w *response, r *http.Request) error {
	status, err := s.Status(r.Context())
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, status)
}

// Status asks all actors at once. Without the root actor's answer there is nothing to tell; any other may be busy, and
// its silence is news as well.
func (s *Server) Status(ctx context.Context) (*Status, error) {
	status := &Status{Version: s.Version}
	if s.Faults != nil {
		status.Faults = s.Faults.Ledger()
	}
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, who := range running(s.Routes) {
		all.Go(func() {
			answer, err := ask[any](ctx, s, who, s.Timeout, inspect)
			mu.Lock()
			defer mu.Unlock()
			if slices.Contains(running(s.Routes), who) && (err != nil || !status.take(answer)) {
				status.Unanswered = append(status.Unanswered, nameOf(who))
			}
		})
	}
	node, err := s.node(ctx)
	all.Wait()
	if err != nil {
		return nil, err
	}
	status.Node = node
	slices.Sort(status.Unanswered)
	return status, nil
}

// running are the actors beside the root that the node has in its role.
func running(r *message.Routes) []*actor.PID {
	all := []*actor.PID{r.Gateway, r.Share, r.Transfers}
	if r.Serving() {
		all = append(all, r.Store, r.Sessions, r.Catalog, r.Overlay, r.Queries)
	}
	if r.Standing() {
		all = append(all, r.Peer)
	}
	if r.Role != nil {
		all = append(all, r.Role)
	}
	return all
}

// inspect is the request for a snapshot.
func inspect(replyTo *actor.PID) any { return &message.Inspect{ReplyTo: replyTo} }

// take puts an actor's answer in its place.
func (s *Status) take(answer any) bool {
	switch a := answer.(type) {
	case *message.GatewayStatus:
		s.Gateway = a
	case *message.StoreStatus:
		s.Store = a
	case *message.SessionsStatus:
		s.Sessions = a
	case *message.CatalogStatus:
		s.Catalog = a
	case *message.OverlayStatus:
		s.Overlay = a
	case *message.QueriesStatus:
		s.Queries = a
	case *message.PeerStatus:
		s.Peer = a
	case *message.ShareStatus:
		s.Share = a
	case *message.TransfersStatus:
		s.Transfers = a
	case *message.RoleStatus:
		s.Promotion = a
	default:
		return false
	}
	return true
}

func (s *Server) node(ctx context.Context) (*message.NodeStatus, error) {
	return ask[*message.NodeStatus](ctx, s, s.Routes.Node, s.Timeout, inspect)
}

// getHealth is for a service manager that restarts what does not answer. A node that runs and cannot write its directory
// is degraded: a restart would not help it.
func (s *Server) getHealth(w *response, r *http.Request) error {
	if _, err := s.node(r.Context()); err != nil {
		return w.unavailable(err.Error())
	}
	if s.Routes.Serving() {
		store, err := ask[*message.StoreStatus](r.Context(), s, s.Routes.Store, s.Timeout, inspect)
		switch {
		case err != nil:
			return writeDegraded(w, "the store does not answer")
		case store.Trouble != "":
			return writeDegraded(w, store.Trouble)
		}
	}
	return writePlain(w, "ok")
}

// getReady is for whoever sends work here only while it is served. A peer that has no supernode at the moment is ready:
// it serves its files.
func (s *Server) getReady(w *response, r *http.Request) error {
	node, err := s.node(r.Context())
	switch {
	case err != nil:
		return w.unavailable(err.Error())
	case !node.Ready:
		return w.unavailable("the node is starting or ending")
	}
	if w.trusted && s.Routes.Serving() {
		catalog, err := ask[*message.CatalogStatus](r.Context(), s, s.Routes.Catalog, s.Timeout, inspect)
		if err == nil && catalog.Loading {
			return writePlain(w, fmt.Sprintf("ready; of the directory %d files are loaded so far", catalog.Files))
		}
	}
	return writePlain(w, "ready")
}

// unavailable says why the node cannot be counted on, to those who may know.
func (w *response) unavailable(why string) error {
	if !w.trusted {
		why = "not now"
	}
	return &Error{http.StatusServiceUnavailable, why}
}

func writeDegraded(w *response, why string) error {
	if !w.trusted {
		return writePlain(w, "degraded")
	}
	return writePlain(w, "degraded: "+why)
}

func writePlain(w *response, text string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, err := fmt.Fprintln(w, text)
	return err
}
