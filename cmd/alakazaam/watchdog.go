package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/sirupsen/logrus"

	"alakazaam/gateway/admin"
)

// statusEvery is how often the service manager is told how the node is where it asks for no sign of life.
const statusEvery = 30 * time.Second

// watchdog has all main actors of a node say how they are, again and again, and tells the service manager. As long as
// each of them answers, it also tells it that the node lives. Of a node that hangs, be it in one actor, it says
// nothing more, so that the service manager ends it and starts it afresh.
type watchdog struct {
	notifier *notifier
	asked    bool          // the service manager wants signs of life
	every    time.Duration // how often it looks, and how long an actor may take to answer
	inspect  func(context.Context) (*admin.Status, error)
	log      logrus.FieldLogger
}

// newWatchdog makes a watchdog of a node.
func newWatchdog(n *notifier, r *running) *watchdog {
	w := &watchdog{notifier: n, every: statusEvery, log: r.log}
	limit, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		r.log.WithError(err).Warn("the service manager gets no sign of life")
	}
	if limit > 0 {
		w.asked, w.every = true, limit/2
	}
	w.inspect = admin.New(admin.Options{System: r.system, Routes: r.routes, Timeout: w.every}).Status
	return w
}

// run goes on until ctx ends, or ends at once where nobody listens.
func (w *watchdog) run(ctx context.Context) {
	if !w.notifier.listens() {
		return
	}
	again := time.NewTicker(w.every)
	defer again.Stop()
	for ctx.Err() == nil {
		w.look(ctx)
		select {
		case <-again.C:
		case <-ctx.Done():
		}
	}
}

// look asks everybody once.
func (w *watchdog) look(ctx context.Context) {
	s, err := w.inspect(ctx)
	switch {
	case ctx.Err() != nil: // the node ends, and its actors go
	case err != nil:
		w.silent(err.Error())
	case len(s.Unanswered) > 0:
		w.silent("no answer from " + strings.Join(s.Unanswered, ", "))
	default:
		if w.asked {
			w.notifier.alive()
		}
		w.notifier.status(headline(s))
	}
}

// silent says why there is no sign of life. It is the last thing in the log of a node that is ended for it.
func (w *watchdog) silent(why string) {
	w.log.WithField("limit", w.every.String()).Error("the node hangs: " + why)
	w.notifier.status("the node hangs: " + why)
}

// headline is a status in one line.
func headline(s *admin.Status) string {
	parts := []string{fmt.Sprintf("%s at %s", s.Node.Role, s.Node.Endpoint)}
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if s.Store != nil && s.Store.Trouble != "" {
		add("degraded: logins and publications are refused: %s", s.Store.Trouble)
	}
	if s.Peer != nil {
		add("supernode %s", standing(s.Peer))
	}
	if s.Sessions != nil {
		add("%s", plural(s.Sessions.Sessions, "peer", "peers"))
	}
	if s.Catalog != nil {
		add("%s", plural(s.Catalog.Files, "file", "files"))
	}
	if s.Overlay != nil {
		up := 0
		for _, n := range s.Overlay.Neighbors {
			if n.Up {
				up++
			}
		}
		add("%d of %d neighbors", up, len(s.Overlay.Neighbors))
	}
	if s.Share != nil {
		add("%d shared", s.Share.Files)
	}
	return strings.Join(parts, ", ")
}
